/* SPDX-License-Identifier: Apache-2.0 */
/* test_control.c - who runs next: the guarantees G1 to G5 of harness/control/control.h. */
#include "harness/control/control.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
/* after the four that it needs */
#include <cmocka.h>

static void *make_block(void) {
    uint64_t choices = sizeof(struct chip_control);
    uint64_t stacks = choices + CHIP_MAX_CHOICES * sizeof(struct chip_choice);
    uint64_t logs = stacks + 64;
    struct chip_control *c = calloc(1, logs + 4ull * CHIP_LOG_EVENTS * sizeof(struct chip_event));
    assert_non_null(c);
    c->off_choices = choices;
    c->off_stacks = stacks;
    c->off_logs = logs;
    c->time_limit_ns = 1000000000000ull;
    c->step_limit = 1000;
    c->rng = 1;
    return c;
}

static int setup(void **state) {
    struct chip_control *c = make_block();
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(ctl_actor_add(c, i ? 0 : CHIP_NO_ACTOR), i);
        ctl_actor_name(c, i, i ? CHIP_ACTOR_RANK : CHIP_ACTOR_PARENT, i ? i - 1 : 0);
    }
    *state = c;
    return 0;
}

static int teardown(void **state) {
    free(*state);
    return 0;
}

static void wait_on(struct chip_control *c, uint32_t actor, uint32_t kind, uint32_t object,
                    uint64_t offset, uint64_t deadline) {
    struct chip_actor *a = &c->actors[actor];
    a->state = CHIP_STATE_WAITING;
    a->wait_kind = kind;
    a->wait_object = object;
    a->wait_offset = offset;
    a->wait_deadline = deadline;
    a->wait_result = 0;
    a->wait_seq = c->seq++;
}

static void stand_at(struct chip_control *c, uint32_t actor, uint32_t point) {
    struct chip_actor *a = &c->actors[actor];
    a->point_kind = CHIP_KIND_PROBE;
    a->point = point;
    a->pending = 1;
}

static struct chip_match match(uint32_t kind, uint32_t index, uint32_t point) {
    struct chip_match m = {.actor_kind = kind, .actor_index = index, .point = point};
    m.occurrence = CHIP_ANY;
    for (int i = 0; i < CHIP_MATCH_FIELDS; i++)
        m.field[i] = CHIP_ANY;
    return m;
}

static struct chip_hold *add_hold(struct chip_control *c, uint32_t rank, uint32_t point,
                                  uint32_t until_point) {
    struct chip_hold *h = &c->holds[c->hold_count++];
    h->before = match(CHIP_ACTOR_RANK, rank, point);
    h->until = match(CHIP_ACTOR_PARENT, 0, until_point);
    h->until_time_ns = CHIP_NO_DEADLINE;
    return h;
}

static uint64_t count_events(struct chip_control *c, uint32_t actor, uint32_t kind) {
    uint64_t n = 0;
    for (uint64_t i = 0; i < c->actors[actor].log_count; i++)
        n += chip_control_log(c, actor)[i].kind == kind;
    return n;
}

static void g2_same_seed_gives_the_same_choices(void **state) {
    struct chip_control *c = *state;
    uint32_t first[64], differ = 0;
    for (int i = 0; i < 64; i++)
        first[i] = ctl_choose(c, 0, 0);
    c->rng = 1;
    for (int i = 0; i < 64; i++)
        assert_int_equal(ctl_choose(c, 0, 0), first[i]);
    c->rng = 2;
    for (int i = 0; i < 64; i++)
        differ += ctl_choose(c, 0, 0) != first[i];
    assert_true(differ > 0);
}

static void g2_every_runnable_actor_is_chosen_sometimes(void **state) {
    struct chip_control *c = *state;
    unsigned seen[3] = {0};
    for (int i = 0; i < 300; i++)
        seen[ctl_choose(c, 0, 0)]++;
    for (int i = 0; i < 3; i++)
        assert_true(seen[i] > 50);
}

static void g2_a_choice_is_recorded_only_where_there_is_one(void **state) {
    struct chip_control *c = *state;
    ctl_choose(c, 0, 0);
    assert_int_equal(c->choice_count, 1);
    wait_on(c, 1, CHIP_WAIT_FUTEX, 0, 0, CHIP_NO_DEADLINE);
    wait_on(c, 2, CHIP_WAIT_FUTEX, 0, 0, CHIP_NO_DEADLINE);
    assert_int_equal(ctl_choose(c, 0, 0), 0);
    assert_int_equal(c->choice_count, 1);
}

static void g3_the_clock_stands_while_somebody_can_run(void **state) {
    struct chip_control *c = *state;
    wait_on(c, 1, CHIP_WAIT_SLEEP, 0, 0, 500);
    for (int i = 0; i < 20; i++)
        assert_int_not_equal(ctl_choose(c, 0, 0), 1);
    assert_int_equal(c->clock_ns, 0);
}

static void g3_the_clock_jumps_to_the_earliest_deadline(void **state) {
    struct chip_control *c = *state;
    wait_on(c, 0, CHIP_WAIT_FUTEX, 0, 0, CHIP_NO_DEADLINE);
    wait_on(c, 1, CHIP_WAIT_SLEEP, 0, 0, 700);
    wait_on(c, 2, CHIP_WAIT_FUTEX, 0, 8, 500);
    assert_int_equal(ctl_choose(c, 0, 0), 2);
    assert_int_equal(c->clock_ns, 500);
    assert_int_equal(c->actors[2].wait_result, 2);
    assert_int_equal(c->actors[1].state, CHIP_STATE_WAITING);
}

static void g3_no_deadline_is_a_hang_and_a_limit_ends_the_run(void **state) {
    struct chip_control *c = *state;
    for (uint32_t i = 0; i < 3; i++)
        wait_on(c, i, CHIP_WAIT_FUTEX, 0, 0, CHIP_NO_DEADLINE);
    assert_int_equal(ctl_choose(c, 0, 0), CHIP_NO_ACTOR);
    assert_int_equal(c->outcome, CHIP_OUT_HANG);
    c->outcome = CHIP_OUT_RUNNING;
    c->actors[1].wait_deadline = c->time_limit_ns + 1;
    assert_int_equal(ctl_choose(c, 0, 0), CHIP_NO_ACTOR);
    assert_int_equal(c->outcome, CHIP_OUT_TIME_LIMIT);
    c->outcome = CHIP_OUT_RUNNING;
    c->steps = c->step_limit + 1;
    assert_int_equal(ctl_choose(c, 0, 0), CHIP_NO_ACTOR);
    assert_int_equal(c->outcome, CHIP_OUT_STEP_LIMIT);
}

static void g3_all_dead_is_the_end(void **state) {
    struct chip_control *c = *state;
    for (uint32_t i = 0; i < 3; i++)
        ctl_actor_dead(c, i, 0, 0);
    assert_int_equal(ctl_choose(c, 0, 0), CHIP_NO_ACTOR);
    assert_int_equal(c->outcome, CHIP_OUT_FINISHED);
}

static void g4_a_hold_keeps_its_actor_until_the_condition(void **state) {
    struct chip_control *c = *state;
    struct chip_hold *h = add_hold(c, 0, CHIP_POINT_D2H_CHUNK, CHIP_POINT_MAILBOX_OBSERVE);
    const uint64_t none[CHIP_MATCH_FIELDS] = {0};
    stand_at(c, 1, CHIP_POINT_D2H_CHUNK);
    for (int i = 0; i < 50; i++)
        assert_int_not_equal(ctl_choose(c, 0, 0), 1);
    assert_int_equal(h->reached, 2);
    assert_int_equal(count_events(c, 1, CHIP_EV_HOLD), 1);
    ctl_passed(c, 0, CHIP_KIND_PROBE, CHIP_POINT_MAILBOX_OBSERVE, 0, none, 0);
    assert_int_equal(h->met, 1);
    assert_int_equal(count_events(c, 1, CHIP_EV_HOLD_MET), 1);
    unsigned chosen = 0;
    for (int i = 0; i < 50; i++)
        chosen += ctl_choose(c, 0, 0) == 1;
    assert_true(chosen > 0);
}

static void g4_a_condition_that_came_first_leaves_the_hold_without_effect(void **state) {
    struct chip_control *c = *state;
    struct chip_hold *h = add_hold(c, 0, CHIP_POINT_D2H_CHUNK, CHIP_POINT_MAILBOX_OBSERVE);
    const uint64_t none[CHIP_MATCH_FIELDS] = {0};
    ctl_passed(c, 0, CHIP_KIND_PROBE, CHIP_POINT_MAILBOX_OBSERVE, 0, none, 0);
    stand_at(c, 1, CHIP_POINT_D2H_CHUNK);
    ctl_choose(c, 0, 0);
    assert_int_equal(h->reached, 1); /* which the vacuity oracle reports */
    assert_int_equal(count_events(c, 1, CHIP_EV_HOLD), 0);
}

static void g4_a_hold_ends_when_nobody_else_could_run(void **state) {
    struct chip_control *c = *state;
    struct chip_hold *h = add_hold(c, 0, CHIP_POINT_D2H_CHUNK, CHIP_POINT_MAILBOX_OBSERVE);
    stand_at(c, 1, CHIP_POINT_D2H_CHUNK);
    wait_on(c, 0, CHIP_WAIT_FUTEX, 0, 0, 120000000000ull);
    wait_on(c, 2, CHIP_WAIT_FUTEX, 0, 8, CHIP_NO_DEADLINE);
    assert_int_equal(ctl_choose(c, 1, 0), 1);
    assert_int_equal(h->ended, 1);
    assert_int_equal(h->met, 0);
    assert_int_equal(c->clock_ns, 0); /* not by letting somebody's patience run out */
}

static void g4_sleepers_go_on_while_a_hold_stands_but_not_for_ever(void **state) {
    struct chip_control *c = *state;
    struct chip_hold *h = add_hold(c, 0, CHIP_POINT_D2H_CHUNK, CHIP_POINT_MAILBOX_OBSERVE);
    stand_at(c, 1, CHIP_POINT_D2H_CHUNK);
    wait_on(c, 0, CHIP_WAIT_FUTEX, 0, 0, CHIP_NO_DEADLINE);
    wait_on(c, 2, CHIP_WAIT_SLEEP, 0, 0, 10000);
    assert_int_equal(ctl_choose(c, 1, 0), 2);
    assert_int_equal(c->clock_ns, 10000);
    assert_int_equal(h->active, 1);
    wait_on(c, 2, CHIP_WAIT_SLEEP, 0, 0, CTL_HOLD_PATIENCE_NS + 1);
    assert_int_equal(ctl_choose(c, 2, 0), 1);
    assert_int_equal(h->ended, 1);
}

static void g4_a_hold_with_a_time_lets_the_clock_run(void **state) {
    struct chip_control *c = *state;
    struct chip_hold *h = add_hold(c, 0, CHIP_POINT_BARRIER_ARRIVE, 0);
    h->until.actor_kind = CHIP_ACTOR_NONE;
    h->until_time_ns = 130;
    stand_at(c, 1, CHIP_POINT_BARRIER_ARRIVE);
    wait_on(c, 0, CHIP_WAIT_FUTEX, 0, 0, 120);
    wait_on(c, 2, CHIP_WAIT_FUTEX, 0, 8, CHIP_NO_DEADLINE);
    assert_int_equal(ctl_choose(c, 1, 0), 0);
    assert_int_equal(c->clock_ns, 120);
    wait_on(c, 0, CHIP_WAIT_FUTEX, 0, 0, CHIP_NO_DEADLINE);
    assert_int_equal(ctl_choose(c, 0, 0), 1);
    assert_int_equal(c->clock_ns, 130);
    assert_int_equal(h->met, 1);
}

static void g4_a_dead_actor_is_held_no_more(void **state) {
    struct chip_control *c = *state;
    struct chip_hold *h = add_hold(c, 0, CHIP_POINT_D2H_CHUNK, CHIP_POINT_MAILBOX_OBSERVE);
    stand_at(c, 1, CHIP_POINT_D2H_CHUNK);
    ctl_choose(c, 0, 0);
    ctl_actor_dead(c, 1, 9, 0);
    assert_int_equal(h->active, 0);
    assert_int_equal(h->ended, 1);
}

static void g5_a_wake_reaches_its_word_only_and_first_come_first(void **state) {
    struct chip_control *c = *state;
    wait_on(c, 2, CHIP_WAIT_FUTEX, 7, 16, CHIP_NO_DEADLINE);
    wait_on(c, 1, CHIP_WAIT_FUTEX, 7, 16, CHIP_NO_DEADLINE);
    assert_int_equal(ctl_wake(c, 7, 24, 10), 0);
    assert_int_equal(ctl_wake(c, 8, 16, 10), 0);
    assert_int_equal(ctl_wake(c, 7, 16, 1), 1);
    assert_int_equal(c->actors[2].state, CHIP_STATE_RUNNABLE);
    assert_int_equal(c->actors[1].state, CHIP_STATE_WAITING);
    assert_int_equal(ctl_wake(c, 7, 16, 10), 1);
}

static void g5_a_death_wakes_who_waits_for_a_child(void **state) {
    struct chip_control *c = *state;
    wait_on(c, 0, CHIP_WAIT_CHILD, 0, 0, CHIP_NO_DEADLINE);
    ctl_actor_dead(c, 1, 0, 0);
    assert_int_equal(c->actors[0].state, CHIP_STATE_RUNNABLE);
    assert_int_equal(count_events(c, 1, CHIP_EV_EXIT), 1);
}

static void occurrences_count_over_incarnations(void **state) {
    struct chip_control *c = *state;
    c->actors[1].passed[CHIP_POINT_CHILD_READY] = 3;
    ctl_actor_dead(c, 1, 0, 0);
    uint32_t again = ctl_actor_add(c, 0);
    ctl_actor_name(c, again, CHIP_ACTOR_RANK, 0);
    assert_int_equal(c->actors[again].incarnation, 1);
    assert_int_equal(c->actors[again].passed[CHIP_POINT_CHILD_READY], 3);
}

static void a_full_log_counts_what_it_loses(void **state) {
    struct chip_control *c = *state;
    struct chip_event e = {.kind = CHIP_EV_POINT};
    for (int i = 0; i < CHIP_LOG_EVENTS + 5; i++)
        ctl_record(c, 1, &e);
    assert_int_equal(c->actors[1].log_count, CHIP_LOG_EVENTS);
    assert_int_equal(c->actors[1].log_lost, 5);
}

static void a_full_table_of_actors_ends_the_run(void **state) {
    struct chip_control *c = *state;
    while (c->actor_count < CHIP_MAX_ACTORS)
        ctl_actor_add(c, 0);
    assert_int_equal(ctl_actor_add(c, 0), CHIP_NO_ACTOR);
    assert_int_equal(c->outcome, CHIP_OUT_OVERFULL);
}

static void replay_follows_the_record_and_says_where_it_leaves_it(void **state) {
    struct chip_control *c = *state;
    uint32_t first[32];
    for (int i = 0; i < 32; i++, c->steps++)
        first[i] = ctl_choose(c, 0, 0);
    c->strategy = CHIP_STRATEGY_REPLAY;
    c->replay_count = 32;
    c->steps = 0;
    c->rng = 99;
    for (int i = 0; i < 20; i++, c->steps++)
        assert_int_equal(ctl_choose(c, 0, 0), first[i]);
    stand_at(c, 0, CHIP_POINT_CLOSE_END); /* another point than the recorded one */
    assert_int_equal(ctl_choose(c, 0, 0), CHIP_NO_ACTOR);
    assert_int_equal(c->outcome, CHIP_OUT_DIVERGED);
    assert_int_equal(c->diverged_step, 20);
}

static void selectors_match_actor_point_occurrence_and_fields(void **state) {
    struct chip_control *c = *state;
    const uint64_t field[CHIP_MATCH_FIELDS] = {0, 2, 7, 0};
    struct chip_match m = match(CHIP_ACTOR_RANK, 0, CHIP_POINT_MAILBOX_PUBLISH);
    assert_true(ctl_match(&m, &c->actors[1], CHIP_KIND_PROBE, m.point, 4, field));
    assert_false(ctl_match(&m, &c->actors[2], CHIP_KIND_PROBE, m.point, 4, field));
    assert_false(ctl_match(&m, &c->actors[1], CHIP_KIND_CALL, m.point, 4, field));
    assert_false(ctl_match(&m, &c->actors[1], CHIP_KIND_PROBE, m.point + 1, 4, field));
    m.occurrence = 3;
    assert_false(ctl_match(&m, &c->actors[1], CHIP_KIND_PROBE, m.point, 4, field));
    m.occurrence = 4;
    m.field[1] = 2;
    assert_true(ctl_match(&m, &c->actors[1], CHIP_KIND_PROBE, m.point, 4, field));
    m.field[1] = 1;
    assert_false(ctl_match(&m, &c->actors[1], CHIP_KIND_PROBE, m.point, 4, field));
}

/* An end that nobody saw has no status, rather than that of success. */
static void status_is_unknown_until_the_end_and_then_kept(void **state) {
    struct chip_control *c = *state;
    assert_int_equal(c->actors[1].status, -1);
    ctl_actor_dead(c, 1, 9, 0);
    assert_int_equal(c->actors[1].status, 9);
    ctl_actor_dead(c, 1, -1, 0);
    assert_int_equal(c->actors[1].status, 9);
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(status_is_unknown_until_the_end_and_then_kept),
        TEST(g2_same_seed_gives_the_same_choices),
        TEST(g2_every_runnable_actor_is_chosen_sometimes),
        TEST(g2_a_choice_is_recorded_only_where_there_is_one),
        TEST(g3_the_clock_stands_while_somebody_can_run),
        TEST(g3_the_clock_jumps_to_the_earliest_deadline),
        TEST(g3_no_deadline_is_a_hang_and_a_limit_ends_the_run),
        TEST(g3_all_dead_is_the_end),
        TEST(g4_a_hold_keeps_its_actor_until_the_condition),
        TEST(g4_a_condition_that_came_first_leaves_the_hold_without_effect),
        TEST(g4_a_hold_ends_when_nobody_else_could_run),
        TEST(g4_sleepers_go_on_while_a_hold_stands_but_not_for_ever),
        TEST(g4_a_hold_with_a_time_lets_the_clock_run),
        TEST(g4_a_dead_actor_is_held_no_more),
        TEST(g5_a_wake_reaches_its_word_only_and_first_come_first),
        TEST(g5_a_death_wakes_who_waits_for_a_child),
        TEST(occurrences_count_over_incarnations),
        TEST(a_full_log_counts_what_it_loses),
        TEST(a_full_table_of_actors_ends_the_run),
        TEST(replay_follows_the_record_and_says_where_it_leaves_it),
        TEST(selectors_match_actor_point_occurrence_and_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
