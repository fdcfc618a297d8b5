/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_subject_shrink.c - shrinking (harness/run/shrink.h) on programs with a known bug: what it
 * says is asked again here, of runs made in another way than its own.
 */
#include "harness/run/shrink.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
/* after the four that it needs */
#include <cmocka.h>

enum { SEEDS = 300 };

struct subject {
    struct run_companions where;
    struct scenario_file file;
    char program[4096];
    int output_fd;
    struct chip_choice *choices; /* of the first seed that fails */
    size_t choice_count;
    uint64_t seed;
    int verdict;
};

static void open_subject(struct subject *x, const char *name) {
    struct run_companions *w = &x->where;
    memset(x, 0, sizeof *x);
    ssize_t n = readlink("/proc/self/exe", w->dir, sizeof w->dir - 1);
    assert_true(n > 0);
    w->dir[n] = 0;
    *strrchr(w->dir, '/') = 0;
    *strrchr(w->dir, '/') = 0;
    snprintf(w->agent, sizeof w->agent, "%s/libchipagent.so", w->dir);
    snprintf(w->shim, sizeof w->shim, "%s/libchipshim.so", w->dir);
    snprintf(w->inst, sizeof w->inst, "%s/inst", w->dir);
    snprintf(x->program, sizeof x->program, "%s/subjects/own/%s", w->dir, name);
    const char *argv[] = {x->program, NULL};
    struct chs_errors *errors = chs_errors_new();
    x->file = (struct scenario_file){.path = x->program, .fd = -1, .made = true};
    assert_int_equal(chs_load_command(argv, 1, NULL, &x->file.file, errors), 0);
    chs_errors_free(errors);
    x->output_fd = memfd_create("output", MFD_CLOEXEC);
}

static void close_subject(struct subject *x) {
    close(x->output_fd);
    chs_free(x->file.file);
    free(x->choices);
    guardian_stop();
}

/* One run that starts from nothing, and its verdict. */
static int run(struct subject *x, struct run_request *q, struct run_record *record) {
    struct chip_error err = {0};
    struct chr_recording *rec;
    struct judgement j;
    q->where = &x->where;
    q->scenario = chs_variant(x->file.file, 0);
    q->scenario_fd = -1;
    q->output_fd = x->output_fd;
    if (run_once(q, record, &err) != CHIP_OK)
        fail_msg("%s: %s", x->program, err.text);
    assert_int_equal(chr_recording_open(record->control, record->bytes, &rec, &err), 0);
    judge(q->scenario, record, rec, 0, &j);
    int verdict = judgement_verdict(&j);
    judgement_free(&j);
    chr_recording_close(rec);
    return verdict;
}

static void find_failure(struct subject *x) {
    for (x->seed = 1; x->seed <= SEEDS && !x->choices; x->seed++) {
        struct run_record record;
        struct run_request q = {.seed = x->seed};
        x->verdict = run(x, &q, &record);
        if (x->verdict != CHS_VERDICT_PASS) {
            x->choice_count = record.control->choice_count;
            x->choices = calloc(x->choice_count + 1, sizeof *x->choices);
            memcpy(x->choices, chip_control_choices(record.control),
                   x->choice_count * sizeof *x->choices);
        }
        run_record_free(&record);
    }
    x->seed--;
    if (!x->choices)
        fail_msg("%s: no failure in %d seeds", x->program, SEEDS);
}

/* The switches but for one (skip == count: all of them). */
static int run_without(struct subject *x, const struct shrink_result *s, size_t skip) {
    struct chip_switch *rest = calloc(s->count + 1, sizeof *rest);
    size_t n = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (i == skip)
            continue;
        rest[n] = s->switches[i];
        rest[n++].used = CHIP_SWITCH_UNMET;
    }
    struct run_record record;
    struct run_request q = {.seed = x->seed, .strategy = CHIP_STRATEGY_GUIDED};
    q.switches = rest;
    q.switch_count = n;
    int verdict = run(x, &q, &record);
    run_record_free(&record);
    free(rest);
    return verdict;
}

static void shrinks(const char *name) {
    struct subject x;
    struct shrink_result s;
    struct chip_error err = {0};
    open_subject(&x, name);
    find_failure(&x);
    struct shrink_plan plan = {.what = {.where = &x.where, .file = &x.file},
                               .seed = x.seed,
                               .choices = x.choices,
                               .choice_count = x.choice_count};
    if (shrink(&plan, &s, &err) != CHIP_OK)
        fail_msg("%s: %s", name, err.text);
    assert_true(s.count <= s.before);
    assert_true(s.count > 0);
    assert_true(s.minimal);
    assert_int_equal(run_without(&x, &s, s.count), x.verdict);
    for (size_t i = 0; i < s.count; i++)
        assert_int_not_equal(run_without(&x, &s, i), x.verdict);
    shrink_free(&s);
    close_subject(&x);
}

static void k1_k2_one_switch(void **state) {
    (void)state;
    shrinks("once_broken");
    shrinks("torn_broken");
    shrinks("wakeup_broken");
}

static void k1_k2_several_switches(void **state) {
    (void)state;
    shrinks("aba_broken");
    shrinks("dekker_broken");
    shrinks("producers_broken");
}

/* The schedule of a run that passes. */
static void a_schedule_without_a_finding_is_refused(void **state) {
    (void)state;
    struct subject x;
    struct shrink_result s;
    struct run_record record;
    struct chip_error err = {0};
    open_subject(&x, "torn");
    struct run_request q = {.seed = 1};
    assert_int_equal(run(&x, &q, &record), CHS_VERDICT_PASS);
    struct shrink_plan plan = {.what = {.where = &x.where, .file = &x.file},
                               .seed = 1,
                               .choices = chip_control_choices(record.control),
                               .choice_count = record.control->choice_count};
    assert_int_equal(shrink(&plan, &s, &err), CHIP_E_VALUE);
    assert_non_null(strstr(err.text, "no finding"));
    run_record_free(&record);
    close_subject(&x);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(k1_k2_one_switch),
        cmocka_unit_test(k1_k2_several_switches),
        cmocka_unit_test(a_schedule_without_a_finding_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
