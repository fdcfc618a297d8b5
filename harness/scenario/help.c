/* SPDX-License-Identifier: Apache-2.0 */
/* help.c - `chipharness help scenario`: the tables of schema.c and words.c as text. */
#include "harness/scenario/calls.h"
#include "harness/scenario/scenario.h"
#include "harness/scenario/schema.h"
#include "harness/scenario/words.h"

#include <string.h>

enum { INDENT = 22, WIDTH = 96 };

/* Text from column `col` on, wrapped between words, lines after the first indented. */
static void wrap(FILE *out, int col, const char *text) {
    int at = col;

    while (*text) {
        int length = (int)strcspn(text, " ");

        if (at > INDENT && at + 1 + length > WIDTH) {
            fprintf(out, "\n%*s", INDENT, "");
            at = INDENT;
        } else if (at > INDENT) {
            at += fprintf(out, " ");
        }
        at += fprintf(out, "%.*s", length, text);
        text += length;
        text += strspn(text, " ");
    }
    fputc('\n', out);
}

static void entry(FILE *out, const char *word, const char *text) {
    int col;

    if (!*text) {
        fprintf(out, "  %s\n", word);
        return;
    }
    col = fprintf(out, "  %-*s", INDENT - 2, word);
    if (col > INDENT) {
        fprintf(out, "\n%*s", INDENT, "");
        col = INDENT;
    }
    wrap(out, col, text);
}

/* What a value looks like, "" where the help says it. */
static const char *looks(struct chs_arena *arena, const struct chs_row *row) {
    switch (row->type) {
    case CHS_T_VERSION:
    case CHS_T_STEM:
    case CHS_T_TEXT:
    case CHS_T_CALL:
    case CHS_T_ERRNO:
    case CHS_T_SEEDS:
    case CHS_T_GLOB:
    case CHS_T_POINT:
    case CHS_T_ACTOR:
        return "";
    case CHS_T_WORD:
    case CHS_T_FLAG:
    case CHS_T_TEXT_WORD:
        return chs__words_or(arena, row->arg);
    case CHS_T_OBJECT:
        return "a mapping, see below";
    case CHS_T_LIST:
    case CHS_T_FAMILY:
        return "a list, see below";
    case CHS_T_UINT:
    case CHS_T_STATUS:
        return chs__arena_format(arena, "a number, %llu to %llu", (unsigned long long)row->min,
                                 (unsigned long long)row->max);
    default:
        return chs__type_what(row->type);
    }
}

static void row_entry(FILE *out, struct chs_arena *arena, const struct chs_row *row) {
    const char *text = row->help, *what = looks(arena, row);

    if (row->flags & CHS_REQUIRED)
        text = chs__arena_format(arena, "(required) %s", text);
    if (*what)
        text = chs__arena_format(arena, "%s. %s", text, what);
    if (row->def)
        text = chs__arena_format(arena, "%s; default %s", text, row->def);
    entry(out, row->key, text);
}

static void object_help(FILE *out, struct chs_arena *arena, int object) {
    fprintf(out, "\n%s\n", chs__objects[object].title);
    for (size_t i = 0; i < chs__row_count; i++) {
        if (chs__rows[i].parent == object)
            row_entry(out, arena, &chs__rows[i]);
    }
}

static void families_help(FILE *out) {
    static const char *const titles[CHS_F_COUNT] = {
        [CHS_F_STEP] = "steps: - WORD or - WORD: {...}",
        [CHS_F_SCRIPT] = "script: - hold: {...}",
        [CHS_F_FAULT] = "faults: - WORD: {...}",
        [CHS_F_EXPECT] = "expect: - WORD: {...}",
    };

    for (int family = 0; family < CHS_F_COUNT; family++) {
        fprintf(out, "\n%s\n", titles[family]);
        for (size_t i = 0; i < chs__member_count; i++) {
            if (chs__members[i].family == family)
                entry(out, chs__members[i].key, chs__members[i].help);
        }
    }
}

static void words_help(FILE *out, const char *title, int id) {
    const struct chs_words *words = chs__words(id);

    fprintf(out, "\n%s\n", title);
    for (size_t i = 0; i < words->count; i++)
        entry(out, words->list[i].word, words->list[i].help ? words->list[i].help : "");
}

static void calls_help(FILE *out, struct chs_arena *arena) {
    fprintf(out, "\nlibc calls, and the errnos that a fault may make them return\n");
    for (uint32_t call = 0; call < CHIP_CALL_COUNT; call++) {
        const char *list = "";
        size_t count;
        const int *errnos = chs__call_errnos(call, &count);

        for (size_t i = 0; i < count; i++)
            list =
                chs__arena_format(arena, "%s%s%s", list, i ? " " : "", chs_errno_name(errnos[i]));
        entry(out, chs_point_name(CHIP_KIND_CALL, call), count ? list : "cannot fail");
    }
}

static void points_help(FILE *out, struct chs_arena *arena) {
    fprintf(out, "\npoints, and their fields for where:\n");
    for (uint32_t point = 0; point < CHIP_POINT_COUNT; point++) {
        const char *const *fields = chs__point_fields(point);
        const char *list = "";

        for (int i = 0; i < CHIP_MATCH_FIELDS; i++) {
            if (strcmp(fields[i], "_"))
                list = chs__arena_format(arena, "%s%s%s", list, *list ? " " : "", fields[i]);
        }
        entry(out, chs_point_name(CHIP_KIND_PROBE, point), list);
    }
}

void chs_help(FILE *out) {
    struct chs_arena arena = {NULL};

    fprintf(out,
            "A scenario is a YAML file, version 1 of the language. Sizes may have a unit (B, KiB,\n"
            "MiB, GiB), durations must (ns, us, ms, s, min, h); numbers may be 0x hexadecimal.\n"
            "${name} in a value stands for a parameter of the matrix; inside { } and [ ] it\n"
            "needs quotes, as does point[k]. There are no anchors, aliases or tags.\n");
    object_help(out, &arena, CHS_O_ROOT);
    families_help(out);
    for (int object = CHS_O_ROOT + 1; object < CHS_O_COUNT; object++)
        object_help(out, &arena, object);
    words_help(out, "kernels", CHS_W_KERNEL);
    words_help(out, "patterns of a content", CHS_W_PATTERN);
    words_help(out, "control commands and their keys", CHS_W_COMMAND);
    words_help(out, "error types", CHS_W_STATUS);
    words_help(out, "states of a mailbox", CHS_W_STATE);
    words_help(out, "verdicts", CHS_W_VERDICT);
    calls_help(out, &arena);
    points_help(out, &arena);
    chs__arena_free(&arena);
}
