/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.c - see json.h. Two spaces an indent; one value a line, so that files can be diffed.
 */
#include "reports/json.h"

#include "reports/internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void broken(const char *what) {
    fprintf(stderr, "chipharness: internal error: json: %s\n", what);
    abort();
}

static void write_text(FILE *out, const char *s) {
    static const char plain[] = "\"\\\b\f\n\r\t", letter[] = "\"\\bfnrt";
    size_t left = strlen(s), size;
    putc('"', out);
    for (; left > 0; s += size, left -= size) {
        uint32_t cp = chr__utf8_next(s, left, &size);
        const char *p = cp < 0x80 ? strchr(plain, (int)cp) : NULL;
        if (p)
            fprintf(out, "\\%c", letter[p - plain]);
        else if (cp < 0x20 || cp == 0x7f)
            fprintf(out, "\\u%04" PRIx32, cp);
        else if (cp == 0xfffd)
            fputs("\xef\xbf\xbd", out);
        else
            fwrite(s, 1, size, out);
    }
    putc('"', out);
}

static void item(struct chr_json *j, const char *key) {
    if (j->depth > 0) {
        fputs(j->filled[j->depth] ? ",\n" : "\n", j->out);
        j->filled[j->depth] = true;
        if ((j->close[j->depth] == '}') != (key != NULL))
            broken("a key belongs to members of an object, and only to them");
    }
    for (unsigned i = 0; i < j->depth; i++)
        fputs("  ", j->out);
    if (key) {
        write_text(j->out, key);
        fputs(": ", j->out);
    }
}

static void open_level(struct chr_json *j, const char *key, char open, char close) {
    item(j, key);
    if (j->depth + 1 >= CHR_JSON_DEPTH)
        broken("too deep");
    putc(open, j->out);
    j->depth++;
    j->filled[j->depth] = false;
    j->close[j->depth] = close;
}

void chr_json_begin(struct chr_json *j, FILE *out) {
    memset(j, 0, sizeof *j);
    j->out = out;
}

void chr_json_end(struct chr_json *j) {
    if (j->depth != 0)
        broken("an object or array is still open");
    putc('\n', j->out);
}

void chr_json_object(struct chr_json *j, const char *key) {
    open_level(j, key, '{', '}');
}

void chr_json_array(struct chr_json *j, const char *key) {
    open_level(j, key, '[', ']');
}

void chr_json_close(struct chr_json *j) {
    if (j->depth == 0)
        broken("nothing is open");
    char close = j->close[j->depth];
    bool filled = j->filled[j->depth--];
    if (filled) {
        putc('\n', j->out);
        for (unsigned i = 0; i < j->depth; i++)
            fputs("  ", j->out);
    }
    putc(close, j->out);
}

void chr_json_string(struct chr_json *j, const char *key, const char *value) {
    if (!value) {
        chr_json_null(j, key);
        return;
    }
    item(j, key);
    write_text(j->out, value);
}

void chr_json_number(struct chr_json *j, const char *key, uint64_t value) {
    item(j, key);
    fprintf(j->out, "%" PRIu64, value);
}

void chr_json_bool(struct chr_json *j, const char *key, bool value) {
    item(j, key);
    fputs(value ? "true" : "false", j->out);
}

void chr_json_null(struct chr_json *j, const char *key) {
    item(j, key);
    fputs("null", j->out);
}
