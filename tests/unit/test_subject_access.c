/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_subject_access.c - real processes whose every access to shared memory is a point. A1 to A3
 * of harness/agent/access.c, S1 to S3 of harness/control/spin.c.
 */
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

static void run_mode(struct seen *seen, const char *mode, uint64_t seed) {
    struct chs_scenario s = subject_scenario(mode);
    subject_run("accesses", &s, seed, &seen->record);
    assert_int_equal(chr_recording_open(seen->record.control, seen->record.bytes, &seen->rec, NULL),
                     CHIP_OK);
    judge(&s, &seen->record, seen->rec, 0, &seen->judgement);
}

static void forget(struct seen *seen) {
    judgement_free(&seen->judgement);
    chr_recording_close(seen->rec);
    run_record_free(&seen->record);
}

static bool silent(const struct seen *seen) {
    return seen->judgement.count == 0 && seen->record.control->outcome == CHIP_OUT_FINISHED;
}

static void silent_with_seeds(const char *mode, uint64_t seeds) {
    for (uint64_t seed = 1; seed <= (subject_under_valgrind() ? 2 : seeds); seed++) {
        struct seen seen;
        run_mode(&seen, mode, seed);
        if (!silent(&seen))
            fail_msg("%s, seed %llu: outcome %u, %s", mode, (unsigned long long)seed,
                     seen.record.control->outcome,
                     seen.judgement.count ? seen.judgement.findings[0].observed : "no finding");
        forget(&seen);
    }
}

static void hangs(const char *mode) {
    struct seen seen;
    run_mode(&seen, mode, 1);
    assert_int_equal(seen.record.control->outcome, CHIP_OUT_HANG);
    assert_int_equal(seen.judgement.verdicts[0], CHS_VERDICT_HANG);
    if (!strstr(seen.judgement.findings[0].observed, "process 1 waits for a word to change"))
        fail_msg("%s", seen.judgement.findings[0].observed);
    forget(&seen);
}

/* The nth access event of an actor to memory that is shared; NULL if there are not so many. */
static const struct chip_event *access_event(const struct seen *seen, uint32_t actor, size_t nth) {
    for (size_t i = 0; i < chr_event_count(seen->rec); i++) {
        const struct chip_event *e = chr_event(seen->rec, i);
        if (e->kind == CHIP_EV_ACCESS && e->actor == actor && nth-- == 0)
            return e;
    }
    return NULL;
}

static uint32_t how_of(const struct chip_event *e) {
    return (uint32_t)(e->f[2] >> 16) & 0xff;
}

static void a3_a_polling_loop_ends_when_somebody_writes(void **state) {
    (void)state;
    silent_with_seeds("poll", 20);
}

static void a3_a_loop_over_two_places_wakes_for_either(void **state) {
    (void)state;
    silent_with_seeds("poll_two", 20);
}

static void a3_a_loop_that_sleeps_is_not_parked(void **state) {
    (void)state;
    silent_with_seeds("poll_sleeping", 3);
}

static void a3_a_failed_compare_exchange_is_a_read(void **state) {
    (void)state;
    silent_with_seeds("lock", 20);
}

static void a_loop_that_nobody_ends_is_a_hang(void **state) {
    (void)state;
    hangs("livelock");
}

static void s3_loops_that_yield_do_not_keep_each_other_going(void **state) {
    (void)state;
    hangs("livelock_yield");
}

static void s1_a_loop_with_a_bound_is_no_hang(void **state) {
    (void)state;
    silent_with_seeds("bounded", 5);
}

static void s1_a_loop_that_looks_at_the_clock_is_given_time(void **state) {
    (void)state;
    struct seen seen;
    run_mode(&seen, "deadline", 1);
    assert_true(silent(&seen));
    assert_true(seen.record.control->clock_ns >= 120000000000ull);
    assert_true(seen.record.control->clock_ns < 130000000000ull);
    forget(&seen);
}

static void a1_private_memory_makes_no_point(void **state) {
    (void)state;
    struct seen seen;
    run_mode(&seen, "private", 1);
    assert_true(silent(&seen));
    assert_null(access_event(&seen, 0, 0));
    forget(&seen);
}

static void a2_the_value_recorded_is_the_one_read(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct seen seen;
        const struct chip_event *e, *last = NULL;
        run_mode(&seen, "poll", seed);
        for (size_t i = 0; (e = access_event(&seen, 1, i)); i++)
            if (how_of(e) == (CHIP_ACCESS_READ | CHIP_ACCESS_VOLATILE))
                last = e;
        assert_non_null(last);
        assert_int_equal(last->f[1], 0);
        assert_int_equal(last->f[2] & 0xffff, sizeof(int));
        assert_int_equal(last->f[3], 7);
        assert_true(last->stack != 0);
        forget(&seen);
    }
}

static void bulk_copies_are_accesses_with_their_size(void **state) {
    (void)state;
    struct seen seen;
    run_mode(&seen, "copy", 1);
    assert_true(silent(&seen));
    /* Each in two halves. */
    for (size_t i = 0; i < 4; i++) {
        const struct chip_event *e = access_event(&seen, 0, i);
        uint32_t how = i < 2 ? CHIP_ACCESS_WRITE : CHIP_ACCESS_READ;
        assert_int_equal(how_of(e), how | CHIP_ACCESS_RANGE);
        assert_int_equal(e->f[2] >> 32, 50000);
        assert_int_equal(e->f[2] & 0xffff, 50000);
    }
    forget(&seen);
}

static void a_lost_update_is_found_and_replays(void **state) {
    (void)state;
    unsigned lost = 0, kept = 0;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        struct seen seen;
        run_mode(&seen, "race", seed);
        bool aborted = WIFSIGNALED(seen.record.driver_status);
        uint64_t first = chr_eventlog_hash(seen.rec);
        lost += aborted;
        kept += !aborted;
        forget(&seen);
        run_mode(&seen, "race", seed);
        assert_int_equal(WIFSIGNALED(seen.record.driver_status), aborted);
        assert_true(chr_eventlog_hash(seen.rec) == first);
        forget(&seen);
    }
    assert_true(lost > 0);
    assert_true(kept > 0);
}

/* What the parent's last atomic load read. */
static uint64_t answer(const struct seen *seen) {
    const struct chip_event *e, *last = NULL;
    for (size_t i = 0; (e = access_event(seen, 0, i)); i++)
        if (how_of(e) == (CHIP_ACCESS_READ | CHIP_ACCESS_ATOMIC))
            last = e;
    assert_non_null(last);
    return last->f[3];
}

static void a4_a_loop_may_give_up_while_others_are_on_their_way(void **state) {
    (void)state;
    unsigned gave_up = 0, saw = 0;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct seen seen;
        run_mode(&seen, "impatient", seed);
        assert_true(silent(&seen));
        gave_up += answer(&seen) == 2;
        saw += answer(&seen) == 1;
        forget(&seen);
    }
    if (!gave_up || !saw)
        fail_msg("gave up %u, saw %u", gave_up, saw);
}

static void a_copy_can_be_seen_half_done(void **state) {
    (void)state;
    unsigned torn = 0, whole = 0;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct seen seen;
        run_mode(&seen, "torn", seed);
        assert_true(silent(&seen));
        torn += answer(&seen) == 3;
        whole += answer(&seen) != 3;
        forget(&seen);
    }
    if (!torn || !whole)
        fail_msg("torn %u, whole %u", torn, whole);
}

static void private_memory_of_a_process_with_threads_is_shared(void **state) {
    (void)state;
    unsigned lost = 0, kept = 0;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        struct seen seen;
        run_mode(&seen, "threads", seed);
        assert_true(silent(&seen));
        lost += answer(&seen) == 1;
        kept += answer(&seen) == 2;
        forget(&seen);
    }
    if (!lost || !kept)
        fail_msg("lost %u kept %u", lost, kept);
}

/* The one access of the parent and the last of its child are to the same place. */
static void same_place(const char *mode, uint64_t offset) {
    silent_with_seeds(mode, 10);
    struct seen seen;
    const struct chip_event *e, *last = NULL;
    run_mode(&seen, mode, 1);
    const struct chip_event *written = access_event(&seen, 0, 0);
    for (size_t i = 0; (e = access_event(&seen, 1, i)); i++)
        last = e;
    assert_true(written && last);
    assert_true(written->f[0] == last->f[0]);
    assert_true(written->f[1] == last->f[1] && last->f[1] == offset);
    assert_int_equal(last->f[3], 1);
    forget(&seen);
}

static void a_mapping_that_moved_is_the_same_object(void **state) {
    (void)state;
    same_place("remap", (uint64_t)sysconf(_SC_PAGESIZE) + 64);
}

static void a_system_v_segment_is_one_object_wherever_it_lies(void **state) {
    (void)state;
    same_place("system_v", 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a1_private_memory_makes_no_point),
        cmocka_unit_test(a2_the_value_recorded_is_the_one_read),
        cmocka_unit_test(bulk_copies_are_accesses_with_their_size),
        cmocka_unit_test(a_copy_can_be_seen_half_done),
        cmocka_unit_test(a_mapping_that_moved_is_the_same_object),
        cmocka_unit_test(a_system_v_segment_is_one_object_wherever_it_lies),
        cmocka_unit_test(a_lost_update_is_found_and_replays),
        cmocka_unit_test(private_memory_of_a_process_with_threads_is_shared),
        cmocka_unit_test(a3_a_polling_loop_ends_when_somebody_writes),
        cmocka_unit_test(a3_a_loop_over_two_places_wakes_for_either),
        cmocka_unit_test(a3_a_loop_that_sleeps_is_not_parked),
        cmocka_unit_test(a3_a_failed_compare_exchange_is_a_read),
        cmocka_unit_test(a4_a_loop_may_give_up_while_others_are_on_their_way),
        cmocka_unit_test(a_loop_that_nobody_ends_is_a_hang),
        cmocka_unit_test(s3_loops_that_yield_do_not_keep_each_other_going),
        cmocka_unit_test(s1_a_loop_with_a_bound_is_no_hang),
        cmocka_unit_test(s1_a_loop_that_looks_at_the_clock_is_given_time),
    };
    return cmocka_run_group_tests(tests, NULL, subject_stop_guardian);
}
