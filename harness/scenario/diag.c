/* SPDX-License-Identifier: Apache-2.0 */
/* diag.c - collecting errors; printing is errors_print.c. */
#include "harness/scenario/diag.h"
#include "harness/scenario/errors.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_KEPT = 200, SHOWN_CHARS = 60 };

struct chs_errors *chs_errors_new(void) {
    struct chs_errors *errs = calloc(1, sizeof(*errs));

    if (!errs)
        chs__die("out of memory");
    return errs;
}

void chs_errors_free(struct chs_errors *errs) {
    if (!errs)
        return;
    while (errs->first) {
        struct chs_sink *sink = errs->first;

        errs->first = sink->next;
        chs__arena_free(&sink->arena);
        free(sink);
    }
    free(errs);
}

size_t chs_errors_count(const struct chs_errors *errs) {
    size_t count = 0;

    for (const struct chs_sink *sink = errs->first; sink; sink = sink->next)
        count += sink->count + sink->dropped;
    return count;
}

struct chs_sink *chs__sink_open(struct chs_errors *errs, const char *file) {
    struct chs_sink *sink = calloc(1, sizeof(*sink));

    if (!sink)
        chs__die("out of memory");
    sink->file = chs__arena_copy(&sink->arena, file, strlen(file));
    if (errs->last)
        errs->last->next = sink;
    else
        errs->first = sink;
    errs->last = sink;
    return sink;
}

void chs__sink_source(struct chs_sink *sink, const void *bytes, size_t length) {
    sink->bytes = chs__arena_copy(&sink->arena, bytes, length);
    sink->length = length;
}

static bool known(const struct chs_sink *sink, struct chs_pos at, const char *text) {
    for (const struct chs_diag *diag = sink->first; diag; diag = diag->next) {
        if (diag->at.line == at.line && diag->at.col == at.col &&
            (diag->variant != sink->variant || !strcmp(diag->text, text)))
            return true;
    }
    return false;
}

struct chs_diag *chs__diag(struct chs_sink *sink, struct chs_pos at, uint32_t width,
                           const char *fmt, ...) {
    struct chs_diag *diag;
    const char *text;
    va_list args;

    if (sink->count == MAX_KEPT) {
        sink->dropped++;
        return &sink->dummy;
    }
    va_start(args, fmt);
    text = chs__arena_vformat(&sink->arena, fmt, args);
    va_end(args);
    if (known(sink, at, text))
        return &sink->dummy;
    diag = chs__arena_alloc(&sink->arena, sizeof(*diag));
    diag->at = at;
    diag->width = width ? width : 1;
    diag->text = text;
    diag->variant = sink->variant;
    if (sink->last)
        sink->last->next = diag;
    else
        sink->first = diag;
    sink->last = diag;
    sink->count++;
    return diag;
}

void chs__diag_expected(struct chs_sink *sink, struct chs_diag *diag, const char *fmt, ...) {
    va_list args;

    va_start(args, fmt);
    diag->expected = chs__arena_vformat(&sink->arena, fmt, args);
    va_end(args);
}

void chs__diag_note(struct chs_sink *sink, struct chs_diag *diag, const char *fmt, ...) {
    va_list args;

    va_start(args, fmt);
    diag->note = chs__arena_vformat(&sink->arena, fmt, args);
    va_end(args);
}

size_t chs__utf8_length(const char *p, size_t left) {
    const unsigned char *u = (const unsigned char *)p;
    size_t length;

    if (!left)
        return 0;
    if (u[0] < 0x80)
        return 1;
    if (u[0] >= 0xc2 && u[0] <= 0xdf)
        length = 2;
    else if (u[0] >= 0xe0 && u[0] <= 0xef)
        length = 3;
    else if (u[0] >= 0xf0 && u[0] <= 0xf4)
        length = 4;
    else
        return 0;
    if (length > left)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((u[i] & 0xc0) != 0x80)
            return 0;
    }
    if ((u[0] == 0xe0 && u[1] < 0xa0) || (u[0] == 0xed && u[1] > 0x9f) ||
        (u[0] == 0xf0 && u[1] < 0x90) || (u[0] == 0xf4 && u[1] > 0x8f))
        return 0;
    return length;
}

const char *chs__shown(struct chs_arena *arena, const char *text) {
    size_t left = strlen(text), used = 0, chars = 0;
    char *copy = chs__arena_alloc(arena, left + 4);

    while (left && chars < SHOWN_CHARS) {
        size_t length = chs__utf8_length(text, left);

        if (!length || (unsigned char)*text < 0x20 || *text == 0x7f) {
            copy[used++] = '?';
            length = 1;
        } else {
            memcpy(copy + used, text, length);
            used += length;
        }
        text += length;
        left -= length;
        chars++;
    }
    if (left)
        memcpy(copy + used, "...", 3);
    return copy;
}
