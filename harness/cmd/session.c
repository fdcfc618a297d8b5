/* SPDX-License-Identifier: Apache-2.0 */
/* session.c - what the verbs that run something have in common. */
#include "harness/cmd/cmd.h"

#include <stdio.h>
#include <string.h>

int session_open(struct session *s, char **paths, int count) {
    struct chip_error err = {0};
    memset(s, 0, sizeof *s);
    if (run_companions_find(&s->where, &err) || defects_find(&s->where, &s->defects, &err))
        return complain(EXIT_HARNESS, "%s", err.text);
    struct chs_errors *errors = chs_errors_new();
    int r = scenarios_load(paths, (size_t)count, &s->defects, &s->scenarios, errors);
    if (r) {
        chs_errors_print(errors, stderr);
        size_t n = chs_errors_count(errors);
        complain(EXIT_USAGE, "%zu error%s, nothing was run", n, n == 1 ? "" : "s");
    }
    chs_errors_free(errors);
    if (r) {
        session_close(s);
        return EXIT_USAGE;
    }
    if (s->scenarios.count == 0) {
        session_close(s);
        return complain(EXIT_NOTHING, "no scenario was selected");
    }
    run_interrupt_install();
    return 0;
}

void session_close(struct session *s) {
    guardian_stop();
    scenarios_free(&s->scenarios);
    defects_free(&s->defects);
}

void tally_add(struct tally *t, enum chr_status status) {
    switch (status) {
    case CHR_PASSED:
        t->passed++;
        return;
    case CHR_SKIPPED:
        t->skipped++;
        return;
    case CHR_FAILED:
        t->failed++;
        return;
    case CHR_VACUOUS:
        t->failed++;
        t->vacuous++;
        return;
    case CHR_BROKEN:
        t->failed++;
        t->broken++;
        return;
    }
}

int tally_end(const struct tally *t, FILE *out) {
    fprintf(out, "%u passed, %u failed, %u skipped\n", t->passed, t->failed, t->skipped);
    if (run_interrupted())
        return EXIT_INTERRUPTED;
    if (t->broken)
        return EXIT_HARNESS;
    if (t->failed > t->vacuous)
        return EXIT_FAILED;
    if (t->vacuous)
        return EXIT_VACUOUS;
    return t->passed ? EXIT_PASSED : EXIT_NOTHING;
}

struct chr_out *out_begin(const char *path) {
    struct chip_error err = {0};
    struct chr_out *out = NULL;
    if (chr_out_open(path, &out, &err))
        complain(EXIT_HARNESS, "%s", err.text);
    return out;
}

int out_end(struct chr_out *out, const char *path) {
    struct chip_error err = {0};
    if (chr_out_commit(out, &err))
        return complain(EXIT_HARNESS, "%s: %s", path, err.text);
    return 0;
}
