/* SPDX-License-Identifier: Apache-2.0 */
/* list.c - the verb `list`: the tables of the harness, one line a row. */
#include "harness/cmd/cmd.h"

#include <stdio.h>
#include <string.h>

static int list_scenarios(int argc, char **argv) {
    char folder[] = "scenarios";
    char *paths[] = {argc ? argv[0] : folder};
    struct session session;
    int r = session_open(&session, paths, 1);
    if (r)
        return r;
    for (size_t i = 0; i < session.scenarios.count; i++) {
        const struct scenario_file *f = &session.scenarios.items[i];
        const struct chs_scenario *s = chs_variant(f->file, 0);
        printf("%-28s %s\n", s->name, s->about);
        if (s->canary != CHS_VERDICT_PASS)
            printf("%-28s   canary: must come to the verdict %s\n", "",
                   chs_verdict_word(s->canary));
        for (size_t k = 0; k < s->catch_count; k++)
            printf("%-28s   catches %s (%s)\n", "", s->catches[k].defect,
                   chs_verdict_word(s->catches[k].verdict));
    }
    session_close(&session);
    return EXIT_PASSED;
}

static int list_defects(int argc, char **argv) {
    struct run_companions where;
    struct defect_list list;
    struct chip_error err = {0};
    (void)argc;
    (void)argv;
    if (run_companions_find(&where, &err) || defects_find(&where, &list, &err))
        return complain(EXIT_HARNESS, "%s", err.text);
    for (size_t i = 0; i < list.count; i++)
        printf("%s\n    puts back: %s\n    source:    %s\n    breaks:    %s\n", list.items[i].name,
               list.items[i].puts_back, list.items[i].source, list.items[i].breaks);
    defects_free(&list);
    return EXIT_PASSED;
}

static int list_points(int argc, char **argv) {
    (void)argc;
    (void)argv;
    for (uint32_t p = 0; p < CHIP_POINT_COUNT; p++) {
        printf("%-20s", chr_point_name(p));
        for (unsigned f = 0; f < CHIP_MATCH_FIELDS; f++)
            if (chr_field_name(p, f))
                printf(" %s", chr_field_name(p, f));
        putchar('\n');
    }
    return EXIT_PASSED;
}

static int list_calls(int argc, char **argv) {
    (void)argc;
    (void)argv;
    for (uint32_t c = 0; c < CHIP_CALL_COUNT; c++)
        puts(chr_call_name(c));
    return EXIT_PASSED;
}

static int list_kernels(int argc, char **argv) {
    (void)argc;
    (void)argv;
#define CHS_X(id, word, bmin, bmax, smin, smax, help) printf("%-13s %s\n", word, help);
    CHS_KERNELS(CHS_X)
#undef CHS_X
    return EXIT_PASSED;
}

static int list_oracles(int argc, char **argv) {
    (void)argc;
    (void)argv;
    for (int i = 0; i < ORACLE_COUNT; i++)
        printf("%-16s %s\n", oracle_word(i), oracle_help(i));
    return EXIT_PASSED;
}

static int list_verdicts(int argc, char **argv) {
    (void)argc;
    (void)argv;
    for (int i = 0; i < CHS_VERDICT_COUNT; i++)
        printf("%-16s %s\n", chs_verdict_word(i), chs_verdict_help(i));
    return EXIT_PASSED;
}

static int list_verbs(int argc, char **argv) {
    (void)argc;
    (void)argv;
#define X_LINE(id, word, summary, args) printf("%-8s %s\n", word, summary);
    VERBS(X_LINE)
#undef X_LINE
    return EXIT_PASSED;
}

#define LISTS(X) \
    X(scenarios) X(defects) X(points) X(calls) X(kernels) X(oracles) X(verdicts) X(verbs)

int cmd_list(int argc, char **argv) {
    bool helped;
    int r = options_parse("list", NULL, 0, NULL, &argc, argv, &helped);
    if (r || helped)
        return r;
#define X_WORD(id) #id,
    static const char *const words[] = {LISTS(X_WORD)};
#undef X_WORD
    if (argc == 0)
        return complain(EXIT_USAGE, "list what? scenarios defects points calls kernels oracles "
                                    "verdicts verbs");
#define X_CALL(id)                 \
    if (strcmp(argv[0], #id) == 0) \
        return list_##id(argc - 1, argv + 1);
    LISTS(X_CALL)
#undef X_CALL
    return complain_word("list", argv[0], words, sizeof words / sizeof words[0]);
}
