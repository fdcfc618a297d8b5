/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_subject_detect.c - real processes that misbehave: each always-on detector catches its own
 * kind and keeps silent on a subject that behaves. R1 and R3 of harness/run/run.h.
 */
#include "harness/control/procstat.h"
#include "harness/run/judge.h"
#include "tests/unit/subjects.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

struct seen {
    struct run_record record;
    struct chr_recording *rec;
    struct judgement judgement;
};

static void run_mode(struct seen *seen, const struct chs_scenario *s, uint32_t without) {
    subject_run("modes", s, 1, &seen->record);
    assert_int_equal(chr_recording_open(seen->record.control, seen->record.bytes, &seen->rec, NULL),
                     CHIP_OK);
    judge(s, &seen->record, seen->rec, without, &seen->judgement);
}

static void forget(struct seen *seen) {
    judgement_free(&seen->judgement);
    chr_recording_close(seen->rec);
    run_record_free(&seen->record);
}

/* The one finding that there must be, with a word of what was observed; without its oracle there
 * is none. */
static void caught(const char *mode, int verdict, uint32_t oracle, const char *observed) {
    struct chs_scenario s = subject_scenario(mode);
    struct seen seen;
    s.watchdog_ns = 1000000000;
    run_mode(&seen, &s, 0);
    if (seen.judgement.count < 1 || seen.judgement.verdicts[0] != verdict ||
        !strstr(seen.judgement.findings[0].observed, observed))
        fail_msg("%s: %zu findings, first %s: %s", mode, seen.judgement.count,
                 chs_verdict_word(judgement_verdict(&seen.judgement)),
                 seen.judgement.count ? seen.judgement.findings[0].observed : "none");
    judgement_free(&seen.judgement);
    judge(&s, &seen.record, seen.rec, 1u << oracle, &seen.judgement);
    for (size_t i = 0; i < seen.judgement.count; i++)
        assert_int_not_equal(seen.judgement.verdicts[i], verdict);
    forget(&seen);
}

static void silent(const char *mode) {
    struct chs_scenario s = subject_scenario(mode);
    struct seen seen;
    run_mode(&seen, &s, 0);
    if (seen.judgement.count || seen.record.control->outcome != CHIP_OUT_FINISHED)
        fail_msg("%s: %s: %s", mode, chs_verdict_word(judgement_verdict(&seen.judgement)),
                 seen.judgement.count ? seen.judgement.findings[0].observed : "no end");
    forget(&seen);
}

static void a_subject_that_behaves_gives_no_finding(void **state) {
    (void)state;
    silent("well");
    silent("sleep");
    silent("names");
    silent("kill_child");
}

static void closing_every_descriptor_does_not_cut_the_subject_off(void **state) {
    (void)state;
    silent("close_all");
}

static void a_lost_wake_up_is_a_hang(void **state) {
    (void)state;
    caught("lost_wake", CHS_VERDICT_HANG, ORACLE_hang, "rank 0 waits for a word to change");
}

static void r3_a_loop_without_points_is_outside_control(void **state) {
    (void)state;
    caught("spin", CHS_VERDICT_OUTSIDE, ORACLE_outside, "runs without reaching a point");
}

static void r3_a_call_that_nobody_sees_is_outside_control(void **state) {
    (void)state;
    caught("block", CHS_VERDICT_OUTSIDE, ORACLE_outside, "system call 0,");
}

static void a_crash_names_the_rank_and_has_a_stack(void **state) {
    (void)state;
    caught("crash", CHS_VERDICT_CRASH, ORACLE_crash, "rank 0 ended by SIGSEGV");
    caught("abort", CHS_VERDICT_CRASH, ORACLE_crash, "rank 0 ended by SIGABRT");
    struct chs_scenario s = subject_scenario("crash");
    struct seen seen;
    run_mode(&seen, &s, 0);
    size_t at = chr_event_index(seen.rec, seen.judgement.findings[0].seq[0]);
    assert_true(at < chr_event_count(seen.rec));
    assert_non_null(chr_stack(seen.rec, chr_event(seen.rec, at)->stack));
    forget(&seen);
}

static void a_name_left_in_shm_is_a_leak_and_is_removed(void **state) {
    (void)state;
    caught("leak_segment", CHS_VERDICT_LEAK, ORACLE_leak, "/left");
}

static void a_child_that_outlives_its_parent_is_a_leak(void **state) {
    (void)state;
    struct chs_scenario s = subject_scenario("leak_process");
    struct seen seen;
    run_mode(&seen, &s, 0);
    bool leak = false;
    for (size_t i = 0; i < seen.judgement.count; i++)
        leak |= seen.judgement.verdicts[i] == CHS_VERDICT_LEAK &&
                strstr(seen.judgement.findings[i].observed, "rank 0 lives on") != NULL;
    assert_true(leak);
    /* R1: and yet nothing is left. */
    assert_int_equal(procstat_who(seen.record.control->actors[1].pid).state, 0);
    forget(&seen);
}

static void a_log_that_lost_events_is_no_basis_for_a_verdict(void **state) {
    (void)state;
    caught("many_points", CHS_VERDICT_HARNESS, ORACLE_trouble, "did not fit");
}

static void a_driver_that_never_comes_under_control_is_reported(void **state) {
    (void)state;
    struct chs_scenario s = subject_scenario("no such mode");
    struct seen seen;
    run_mode(&seen, &s, 0);
    /* It armed itself, then left with status 3 without having finished. */
    assert_int_equal(WEXITSTATUS(seen.record.driver_status), 3);
    forget(&seen);
    struct chs_scenario t = subject_scenario("x");
    subject_run("no-such-subject", &t, 1, &seen.record);
    assert_true(strstr(seen.record.trouble, "before it was under control") != NULL);
    run_record_free(&seen.record);
}

static void virtual_time_costs_no_wall_time(void **state) {
    (void)state;
    struct chs_scenario s = subject_scenario("sleep");
    struct run_record r;
    subject_run("modes", &s, 1, &r);
    assert_int_equal(r.control->clock_ns, 120000000000ull);
    assert_true(r.wall_ns < 60000000000ull);
    run_record_free(&r);
}

static void a_child_started_again_is_the_next_incarnation(void **state) {
    (void)state;
    struct chs_scenario s = subject_scenario("names");
    struct run_record r;
    subject_run("modes", &s, 1, &r);
    assert_int_equal(r.control->actor_count, 3);
    for (uint32_t i = 1; i < 3; i++) {
        assert_int_equal(r.control->actors[i].kind, CHIP_ACTOR_RANK);
        assert_int_equal(r.control->actors[i].index, 0);
        assert_int_equal(r.control->actors[i].incarnation, i - 1);
    }
    run_record_free(&r);
}

static void same_seed_same_log_other_seed_other_log(void **state) {
    (void)state;
    struct chs_scenario s = subject_scenario("well");
    uint64_t first = 0, others = 0;
    for (uint64_t i = 0; i < 20; i++) {
        struct run_record r;
        struct chr_recording *rec;
        subject_run("modes", &s, i < 10 ? 1 : i, &r);
        assert_int_equal(chr_recording_open(r.control, r.bytes, &rec, NULL), CHIP_OK);
        uint64_t hash = chr_eventlog_hash(rec);
        if (i == 0)
            first = hash;
        else if (i < 10)
            assert_true(hash == first);
        else
            others += hash != first;
        chr_recording_close(rec);
        run_record_free(&r);
    }
    assert_true(others > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_subject_that_behaves_gives_no_finding),
        cmocka_unit_test(closing_every_descriptor_does_not_cut_the_subject_off),
        cmocka_unit_test(a_lost_wake_up_is_a_hang),
        cmocka_unit_test(r3_a_loop_without_points_is_outside_control),
        cmocka_unit_test(r3_a_call_that_nobody_sees_is_outside_control),
        cmocka_unit_test(a_crash_names_the_rank_and_has_a_stack),
        cmocka_unit_test(a_name_left_in_shm_is_a_leak_and_is_removed),
        cmocka_unit_test(a_child_that_outlives_its_parent_is_a_leak),
        cmocka_unit_test(a_log_that_lost_events_is_no_basis_for_a_verdict),
        cmocka_unit_test(a_driver_that_never_comes_under_control_is_reported),
        cmocka_unit_test(virtual_time_costs_no_wall_time),
        cmocka_unit_test(a_child_started_again_is_the_next_incarnation),
        cmocka_unit_test(same_seed_same_log_other_seed_other_log),
    };
    return cmocka_run_group_tests(tests, NULL, subject_stop_guardian);
}
