/* SPDX-License-Identifier: Apache-2.0 */
/* session.c - what the verbs that run something have in common. */
#include "harness/cmd/cmd.h"

#include <stdio.h>
#include <string.h>

static int find_parts(struct session *s) {
    struct chip_error err = {0};
    memset(s, 0, sizeof *s);
    if (run_companions_find(&s->where, &err) || defects_find(&s->where, &s->defects, &err))
        return complain(EXIT_HARNESS, "%s", err.text);
    return 0;
}

/* What is left to do once the scenarios were loaded, r being what the loader said. */
static int loaded(struct session *s, int r, struct chs_errors *errors) {
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

int session_open(struct session *s, char **paths, int count) {
    int r = find_parts(s);
    if (r)
        return r;
    struct chs_errors *errors = chs_errors_new();
    return loaded(s, scenarios_load(paths, (size_t)count, &s->defects, &s->scenarios, errors),
                  errors);
}

int session_open_command(struct session *s, const char *const *argv, size_t argc,
                         const char *time_limit) {
    char path[4096];
    struct chip_error err = {0};
    if (run_find_program(argv[0], path, sizeof path, &err))
        return complain(EXIT_USAGE, "%s", err.text);
    int r = find_parts(s);
    if (r)
        return r;
    struct chs_errors *errors = chs_errors_new();
    return loaded(s, scenarios_make(argv, argc, time_limit, &s->scenarios, errors), errors);
}

void session_print_output(FILE *out, const struct case_result *result) {
    const char *p = result->output;
    if (!p || !*p)
        return;
    fputs("it printed:\n", out);
    while (*p) {
        size_t n = strcspn(p, "\n");
        fputs("| ", out);
        for (size_t i = 0; i < n; i++) /* nothing that could move the cursor */
            fputc((unsigned char)p[i] < 0x20 && p[i] != '\t' ? '?' : p[i], out);
        fputc('\n', out);
        p += n + (p[n] == '\n');
    }
}

int session_accesses(struct session *s) {
    struct chip_error err = {0};
    if (run_companions_accesses(&s->where, &err) == CHIP_OK)
        return 0;
    session_close(s);
    return complain(EXIT_HARNESS, "%s", err.text);
}

int session_write_results(const struct chr_results *results, const char *out_dir,
                          const char *name) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s/result.json", out_dir, name);
    struct chr_out *out = out_begin(path);
    if (!out)
        return EXIT_HARNESS;
    chr_result_json(chr_out_stream(out), results);
    int r = out_end(out, path);
    snprintf(path, sizeof path, "%s/%s/junit.xml", out_dir, name);
    out = r ? NULL : out_begin(path);
    if (!out)
        return EXIT_HARNESS;
    chr_junit(chr_out_stream(out), &results, 1);
    return out_end(out, path);
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
