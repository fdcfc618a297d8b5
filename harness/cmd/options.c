/* SPDX-License-Identifier: Apache-2.0 */
/* options.c - the option parser that all verbs share, and their help. */
#include "harness/cmd/cmd.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_OPTIONS = 32 };

static const struct {
    const char *name, *summary, *args;
} verb_table[] = {
#define X_ROW(id, word, summary, args) {word, summary, args},
    VERBS(X_ROW)
#undef X_ROW
};

const char *const *verb_words(size_t *count) {
    static const char *const words[] = {
#define X_WORD(id, word, summary, args) word,
        VERBS(X_WORD)
#undef X_WORD
    };
    *count = sizeof words / sizeof words[0];
    return words;
}

int complain(int status, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    fputs("chipharness: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    return status;
}

int complain_word(const char *what, const char *word, const char *const *valid, size_t count) {
    const char *nearest = chs_nearest(word, valid, count);
    fprintf(stderr, "chipharness: unknown %s '%s'", what, word);
    if (nearest)
        fprintf(stderr, "; did you mean '%s'?", nearest);
    fputs("\n  valid:", stderr);
    for (size_t i = 0; i < count; i++)
        fprintf(stderr, " %s", valid[i]);
    fputc('\n', stderr);
    return EXIT_USAGE;
}

static int store(const struct option_row *row, const char *text, void *options) {
    char *at = (char *)options + row->offset;
    switch (row->type) {
    case OPTION_FLAG:
        *(bool *)at = true;
        return 0;
    case OPTION_TEXT:
        *(const char **)at = text;
        return 0;
    case OPTION_NUMBER:
        break;
    }
    char *end;
    errno = 0;
    unsigned long long n = strtoull(text, &end, 0);
    if (errno || end == text || *end || strchr(text, '-'))
        return complain(EXIT_USAGE, "--%s: '%s' is not a whole number", row->name, text);
    *(uint64_t *)(void *)at = n;
    return 0;
}

static int unknown_option(const char *verb, const char *word, const struct option_row *rows,
                          size_t count) {
    const char *names[MAX_OPTIONS];
    for (size_t i = 0; i < count; i++)
        names[i] = rows[i].name;
    fprintf(stderr, "chipharness: %s: ", verb);
    return complain_word("option", word, names, count);
}

static const struct option_row *find(const struct option_row *rows, size_t count, const char *name,
                                     size_t length) {
    for (size_t i = 0; i < count; i++)
        if (strlen(rows[i].name) == length && strncmp(rows[i].name, name, length) == 0)
            return &rows[i];
    return NULL;
}

int options_parse(const char *verb, const struct option_row *rows, size_t count, void *options,
                  int *argc, char **argv, bool *helped) {
    bool seen[MAX_OPTIONS] = {false};
    int words = 0, n = *argc;
    *helped = false;
    for (int i = 0; i < n; i++) {
        const char *word = argv[i];
        if (strcmp(word, "--") == 0) {
            while (++i < n)
                argv[words++] = argv[i];
            break;
        }
        if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
            verb_help(verb, rows, count, stdout);
            *helped = true;
            return 0;
        }
        if (word[0] != '-' || !word[1]) {
            argv[words++] = argv[i];
            continue;
        }
        const char *name = word + strspn(word, "-");
        size_t length = strcspn(name, "=");
        const struct option_row *row =
            strncmp(word, "--", 2) == 0 ? find(rows, count, name, length) : NULL;
        if (!row)
            return unknown_option(verb, name, rows, count);
        if (seen[row - rows])
            return complain(EXIT_USAGE, "%s: --%s is given twice", verb, row->name);
        seen[row - rows] = true;
        const char *value = name[length] ? name + length + 1 : NULL;
        if (row->type == OPTION_FLAG && value)
            return complain(EXIT_USAGE, "%s: --%s takes no value", verb, row->name);
        if (row->type != OPTION_FLAG && !value && ++i >= n)
            return complain(EXIT_USAGE, "%s: --%s needs a value: %s", verb, row->name, row->value);
        int r = store(row, value ? value : argv[i], options);
        if (r)
            return r;
    }
    *argc = words;
    return 0;
}

void verb_help(const char *verb, const struct option_row *rows, size_t count, FILE *out) {
    for (size_t i = 0; i < sizeof verb_table / sizeof verb_table[0]; i++)
        if (strcmp(verb_table[i].name, verb) == 0)
            fprintf(out, "%s\n\nusage: chipharness %s%s %s\n", verb_table[i].summary, verb,
                    count ? " [OPTION]..." : "", verb_table[i].args);
    if (count)
        fputs("\noptions:\n", out);
    for (size_t i = 0; i < count; i++) {
        char left[64];
        snprintf(left, sizeof left, "--%s%s%s", rows[i].name, rows[i].value ? "=" : "",
                 rows[i].value ? rows[i].value : "");
        fprintf(out, "  %-20s %s\n", left, rows[i].help);
    }
}

struct chr_style cmd_style(void) {
    const char *term = getenv("TERM"), *no = getenv("NO_COLOR"), *force = getenv("CLICOLOR_FORCE");
    bool color = isatty(STDOUT_FILENO) && !(term && strcmp(term, "dumb") == 0);
    if (force && *force && strcmp(force, "0") != 0)
        color = true;
    if (no && *no)
        color = false;
    return (struct chr_style){.color = color};
}

uint64_t option_duration_ns(const char *text) {
    static const struct {
        const char *unit;
        uint64_t ns;
    } units[] = {
        {"ms", 1000000ull}, {"s", 1000000000ull}, {"min", 60000000000ull}, {"h", 3600000000000ull}};
    char *end;
    errno = 0;
    unsigned long long n = strtoull(text, &end, 10);
    if (errno || end == text || n > 1000000)
        return 0;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcmp(end, units[i].unit) == 0)
            return n * units[i].ns;
    return 0;
}
