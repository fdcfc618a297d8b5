/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_subject_threads.c - threads as actors (T1 to T4 of harness/agent/threads.c), what they may
 * block on, and the class of each hang. Every known bug of tests/subjects/threads.c is found by
 * some seed and called by its name; its twin stays silent.
 */
#include "harness/run/hang.h"
#include "harness/run/judge.h"
#include "tests/unit/subjects.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { SEEDS_FOR_A_BUG = 200, HANG_WALL_NS = 2000000000 };

struct seen {
    struct run_record record;
    struct chr_recording *rec;
    struct judgement judgement;
};

static void run_mode(struct seen *seen, const char *mode, uint64_t seed) {
    struct chs_scenario s = subject_scenario(mode);
    s.step_limit = 3000;
    subject_run("threads", &s, seed, &seen->record);
    assert_int_equal(chr_recording_open(seen->record.control, seen->record.bytes, &seen->rec, NULL),
                     CHIP_OK);
    judge(&s, &seen->record, seen->rec, 0, &seen->judgement);
}

static void forget(struct seen *seen) {
    judgement_free(&seen->judgement);
    chr_recording_close(seen->rec);
    run_record_free(&seen->record);
}

/* A seed finds it, soon, and it is called by its name. */
static void caught(const char *mode, enum hang_class kind, const char *says) {
    for (uint64_t seed = 1; seed <= SEEDS_FOR_A_BUG; seed++) {
        struct seen seen;
        run_mode(&seen, mode, seed);
        if (!seen.judgement.count) {
            forget(&seen);
            continue;
        }
        const char *observed = seen.judgement.findings[0].observed;
        const char *word = hang_class_word(kind);
        if (seen.judgement.verdicts[0] != CHS_VERDICT_HANG ||
            strncmp(observed, word, strlen(word)) != 0 || !strstr(observed, says))
            fail_msg("%s, seed %llu: wanted %s (%s), got %s: %s", mode, (unsigned long long)seed,
                     word, says, chs_verdict_word(seen.judgement.verdicts[0]), observed);
        if (!subject_under_valgrind())
            assert_true(seen.record.wall_ns < HANG_WALL_NS);
        for (uint32_t i = 0; i < seen.record.control->actor_count; i++)
            if (seen.record.control->actors[i].state == CHIP_STATE_WAITING)
                assert_int_not_equal(seen.record.control->actors[i].stack, 0);
        forget(&seen);
        return;
    }
    fail_msg("%s: no seed of %d finds it", mode, SEEDS_FOR_A_BUG);
}

static void silent(const char *mode) {
    const char *wanted = getenv("CHIP_TWIN_SEEDS");
    uint64_t seeds = subject_under_valgrind() ? 2 : wanted ? strtoull(wanted, NULL, 10) : 40;
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        struct seen seen;
        run_mode(&seen, mode, seed);
        if (seen.judgement.count || seen.record.control->outcome != CHIP_OUT_FINISHED)
            fail_msg("%s, seed %llu: %s: %s", mode, (unsigned long long)seed,
                     chs_verdict_word(judgement_verdict(&seen.judgement)),
                     seen.judgement.count ? seen.judgement.findings[0].observed : "no end");
        forget(&seen);
    }
}

static void locks_taken_in_two_orders_are_a_deadlock_cycle(void **state) {
    (void)state;
    caught("lock_order", HANG_CYCLE, "holds");
    silent("lock_order_right");
}

static void a_cycle_over_processes_names_the_ranks(void **state) {
    (void)state;
    caught("lock_order_ranks", HANG_CYCLE, "rank 0 waits for a mutex that parent holds");
    silent("lock_order_ranks_right");
}

static void a_lock_of_ones_own_is_a_cycle_of_one(void **state) {
    (void)state;
    caught("own_lock", HANG_CYCLE, "parent waits for a mutex that parent holds");
    silent("own_lock_right");
}

static void a_join_with_the_lock_held_is_a_cycle(void **state) {
    (void)state;
    caught("join_cycle", HANG_CYCLE, "waits for the end of");
    silent("join_cycle_right");
}

static void a_signal_before_the_wait_is_a_lost_wake_up(void **state) {
    (void)state;
    caught("lost_wakeup", HANG_LOST, "signalled before");
    silent("lost_wakeup_right");
}

static void a_word_that_changed_in_its_sleep_is_a_lost_wake_up(void **state) {
    (void)state;
    caught("told_too_early", HANG_LOST, "while a word is 0, it is 1 by now");
    silent("told_too_early_right");
}

static void a_dead_holder_is_a_wait_for_a_dead_rank(void **state) {
    (void)state;
    caught("dead_holder", HANG_DEAD, "rank 0");
}

static void a_robust_lock_tells_of_its_owners_death(void **state) {
    (void)state;
    silent("dead_holder_right");
    silent("dead_thread_right");
}

static void a_rank_that_dies_before_the_barrier_is_named(void **state) {
    (void)state;
    caught("dead_arrival", HANG_DEAD, "rank 0 died");
    silent("dead_arrival_right");
}

static void going_round_for_ever_is_a_livelock(void **state) {
    (void)state;
    caught("livelock", HANG_LIVELOCK, "3001 steps");
    silent("livelock_right");
}

static void nothing_that_was_lost_is_a_missing_wake_up(void **state) {
    (void)state;
    caught("semaphore", HANG_MISSING, "would wake");
    silent("semaphore_right");
    caught("open_pipe", HANG_MISSING, "would wake");
    silent("open_pipe_right");
}

static void a_named_semaphore_is_one_object_and_may_leak(void **state) {
    (void)state;
    struct seen seen;
    silent("named_right");
    run_mode(&seen, "named_left", 1);
    assert_int_equal(seen.judgement.count, 1);
    assert_int_equal(seen.judgement.verdicts[0], CHS_VERDICT_LEAK);
    assert_non_null(strstr(seen.judgement.findings[0].observed, "/sem.turn"));
    forget(&seen);
}

static void every_kind_of_wait_is_made_in_virtual_time(void **state) {
    (void)state;
    silent("once_right");
    silent("event_right");
    silent("timeout_right");
    silent("timed_join_right");
    silent("c11_right");
}

static void only_the_forking_thread_is_in_the_child(void **state) {
    (void)state;
    silent("fork_right");
}

static void t2_destructors_run_with_the_turn(void **state) {
    (void)state;
    silent("cancel_right");
    silent("destructor_right");
}

static void t3_the_last_thread_ends_the_process(void **state) {
    (void)state;
    silent("exit_right");
    silent("main_leaves_right");
    silent("detached_right");
}

static uint64_t log_of(const char *mode, uint64_t seed) {
    struct seen seen;
    run_mode(&seen, mode, seed);
    uint64_t hash = chr_eventlog_hash(seen.rec);
    forget(&seen);
    return hash;
}

static void same_seed_same_log_with_threads(void **state) {
    (void)state;
    static const char *const modes[] = {"lost_wakeup_right", "once_right", "fork_right",
                                        "dead_thread_right", "open_pipe_right"};
    int times = subject_under_valgrind() ? 2 : 40;
    for (size_t m = 0; m < sizeof modes / sizeof modes[0]; m++) {
        uint64_t first = log_of(modes[m], 7);
        bool others = false;
        for (int i = 1; i < times; i++) {
            if (log_of(modes[m], 7) != first)
                fail_msg("%s: run %d has another log", modes[m], i);
            others |= log_of(modes[m], 100 + (uint64_t)i) != first;
        }
        assert_true(others);
    }
}

static void threads_have_labels_of_their_own(void **state) {
    (void)state;
    struct seen seen;
    char label[CHR_LABEL_LEN];
    run_mode(&seen, "fork_right", 1);
    const struct chip_control *c = seen.record.control;
    assert_int_equal(c->actor_count, 5);
    assert_string_equal(chr_actor_label(seen.rec, 1, label), "parent thread 1");
    assert_int_equal(c->actors[1].process, 0);
    for (uint32_t i = 3; i < 5; i++) {
        bool thread = c->actors[i].process != i;
        assert_string_equal(chr_actor_label(seen.rec, i, label), !thread  ? "rank 0"
                                                                 : i == 3 ? "rank 0 thread 3"
                                                                          : "rank 0 thread 4");
        assert_true(!thread || c->actors[c->actors[i].process].process == c->actors[i].process);
    }
    forget(&seen);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(locks_taken_in_two_orders_are_a_deadlock_cycle),
        cmocka_unit_test(a_cycle_over_processes_names_the_ranks),
        cmocka_unit_test(a_lock_of_ones_own_is_a_cycle_of_one),
        cmocka_unit_test(a_join_with_the_lock_held_is_a_cycle),
        cmocka_unit_test(a_signal_before_the_wait_is_a_lost_wake_up),
        cmocka_unit_test(a_word_that_changed_in_its_sleep_is_a_lost_wake_up),
        cmocka_unit_test(a_dead_holder_is_a_wait_for_a_dead_rank),
        cmocka_unit_test(a_robust_lock_tells_of_its_owners_death),
        cmocka_unit_test(a_rank_that_dies_before_the_barrier_is_named),
        cmocka_unit_test(going_round_for_ever_is_a_livelock),
        cmocka_unit_test(nothing_that_was_lost_is_a_missing_wake_up),
        cmocka_unit_test(a_named_semaphore_is_one_object_and_may_leak),
        cmocka_unit_test(every_kind_of_wait_is_made_in_virtual_time),
        cmocka_unit_test(only_the_forking_thread_is_in_the_child),
        cmocka_unit_test(t2_destructors_run_with_the_turn),
        cmocka_unit_test(t3_the_last_thread_ends_the_process),
        cmocka_unit_test(same_seed_same_log_with_threads),
        cmocka_unit_test(threads_have_labels_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, subject_stop_guardian);
}
