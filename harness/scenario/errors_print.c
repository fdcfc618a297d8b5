/* SPDX-License-Identifier: Apache-2.0 */
/*
 * errors_print.c - errors as a user reads them: place, text, the line with a caret, what was
 * expected, the nearest word. Lines are counted as YAML counts them. Nothing of the file reaches
 * the terminal unfiltered: control characters and broken UTF-8 become '?'.
 */
#include "harness/scenario/errors.h"

#include <stdlib.h>
#include <string.h>

enum { LINE_CHARS = 88, LEAD_CHARS = 60 };

/* Length of the line break at p (YAML 1.1: CR, LF, CRLF, NEL, LS, PS), 0 if there is none. */
static size_t break_length(const char *p, size_t left) {
    const unsigned char *u = (const unsigned char *)p;

    if (left >= 2 && u[0] == '\r' && u[1] == '\n')
        return 2;
    if (left >= 1 && (u[0] == '\r' || u[0] == '\n'))
        return 1;
    if (left >= 2 && u[0] == 0xc2 && u[1] == 0x85)
        return 2;
    if (left >= 3 && u[0] == 0xe2 && u[1] == 0x80 && (u[2] == 0xa8 || u[2] == 0xa9))
        return 3;
    return 0;
}

/* The bytes behind a byte order mark. */
static const char *source_start(const struct chs_sink *sink, size_t *left) {
    *left = sink->length;
    if (*left >= 3 && !memcmp(sink->bytes, "\xef\xbb\xbf", 3)) {
        *left -= 3;
        return sink->bytes + 3;
    }
    return sink->bytes;
}

struct chs_pos chs__source_place(const struct chs_sink *sink, size_t offset) {
    struct chs_pos at = {1, 1};
    size_t left;
    const char *p = source_start(sink, &left);

    while (left && offset) {
        size_t line_break = break_length(p, left), step = line_break;

        if (!step)
            step = chs__utf8_length(p, left);
        if (!step)
            step = 1;
        if (step > offset)
            break;
        at = line_break ? (struct chs_pos){at.line + 1, 1} : (struct chs_pos){at.line, at.col + 1};
        p += step;
        left -= step;
        offset -= step;
    }
    return at;
}

const char *chs__source_line(const struct chs_sink *sink, uint32_t line, size_t *length) {
    size_t left, used = 0;
    const char *p;

    if (!sink->bytes || !line)
        return NULL;
    p = source_start(sink, &left);
    while (line > 1 && left) {
        size_t step = break_length(p, left);

        line -= step != 0;
        p += step ? step : 1;
        left -= step ? step : 1;
    }
    if (line > 1)
        return NULL;
    while (used < left && !break_length(p + used, left - used))
        used++;
    *length = used;
    return p;
}

/* Prints at most `chars` characters of the line; returns how many were printed. */
static uint32_t print_chars(FILE *out, const char *p, size_t left, uint32_t chars) {
    uint32_t done = 0;

    while (left && done < chars) {
        size_t length = chs__utf8_length(p, left);
        unsigned char c = (unsigned char)*p;

        if (c == '\t')
            fputc(' ', out);
        else if (!length || c < 0x20 || c == 0x7f)
            fputc('?', out);
        else
            fwrite(p, 1, length, out);
        p += length ? length : 1;
        left -= length ? length : 1;
        done++;
    }
    return done;
}

static const char *skip_chars(const char *p, size_t *left, uint32_t chars) {
    while (*left && chars--) {
        size_t length = chs__utf8_length(p, *left);

        p += length ? length : 1;
        *left -= length ? length : 1;
    }
    return p;
}

/* The line, cut around the marked place when it is long, and the caret below it. */
static void print_source(FILE *out, const struct chs_sink *sink, const struct chs_diag *diag) {
    size_t left;
    const char *p = chs__source_line(sink, diag->at.line, &left);
    uint32_t before = diag->at.col - 1, cut = 0, printed, width;

    if (!p)
        return;
    if (before > LEAD_CHARS) {
        cut = before - LEAD_CHARS;
        p = skip_chars(p, &left, cut);
        before = LEAD_CHARS;
    }
    fprintf(out, "%6u | %s", diag->at.line, cut ? "..." : "");
    printed = print_chars(out, p, left, LINE_CHARS);
    fprintf(out, "\n%6s | %*s^", "", (int)(before + (cut ? 3u : 0u)), "");
    width = printed > before ? printed - before : 1;
    if (width > diag->width)
        width = diag->width;
    for (uint32_t i = 1; i < width; i++)
        fputc('~', out);
    fputc('\n', out);
}

static void print_one(FILE *out, const struct chs_sink *sink, const struct chs_diag *diag) {
    fputs(sink->file, out);
    if (diag->at.line)
        fprintf(out, ":%u:%u", diag->at.line, diag->at.col);
    fprintf(out, ": error: %s\n", diag->text);
    if (diag->at.line)
        print_source(out, sink, diag);
    if (diag->expected)
        fprintf(out, "%6s = expected %s\n", "", diag->expected);
    if (diag->nearest)
        fprintf(out, "%6s = did you mean '%s'?\n", "", diag->nearest);
    if (diag->note)
        fprintf(out, "%6s = %s\n", "", diag->note);
}

static int by_position(const void *a, const void *b) {
    const struct chs_diag *x = *(const struct chs_diag *const *)a;
    const struct chs_diag *y = *(const struct chs_diag *const *)b;

    if (x->at.line != y->at.line)
        return x->at.line < y->at.line ? -1 : 1;
    if (x->at.col != y->at.col)
        return x->at.col < y->at.col ? -1 : 1;
    return 0;
}

static void print_sink(FILE *out, const struct chs_sink *sink) {
    const struct chs_diag **list = calloc(sink->count, sizeof(const struct chs_diag *));
    size_t count = 0;

    if (!list)
        chs__die("out of memory");
    for (const struct chs_diag *diag = sink->first; diag; diag = diag->next)
        list[count++] = diag;
    qsort(list, count, sizeof(const struct chs_diag *), by_position);
    for (size_t i = 0; i < count; i++)
        print_one(out, sink, list[i]);
    if (sink->dropped)
        fprintf(out, "%s: and %zu more errors\n", sink->file, sink->dropped);
    free(list);
}

void chs_errors_print(const struct chs_errors *errs, FILE *out) {
    for (const struct chs_sink *sink = errs->first; sink; sink = sink->next) {
        if (sink->count)
            print_sink(out, sink);
    }
}
