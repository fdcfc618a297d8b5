/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_control_waits.c - who is woken, by what, and in which order (control.h G5), on a control
 * block without processes.
 */
#include "harness/control/control.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct chip_control *c;

static int set_up(void **state) {
    (void)state;
    size_t bytes =
        sizeof *c + (size_t)CHIP_MAX_ACTORS * CHIP_LOG_EVENTS * sizeof(struct chip_event);
    c = calloc(1, bytes);
    if (!c)
        return -1;
    c->off_logs = sizeof *c;
    c->time_limit_ns = 1000;
    c->step_limit = 1000;
    for (int i = 0; i < 4; i++)
        ctl_actor_add(c, i ? 0 : CHIP_NO_ACTOR);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    free(c);
    return 0;
}

static void wait_on(uint32_t actor, uint32_t kind, uint64_t offset, uint64_t seq) {
    struct chip_actor *a = &c->actors[actor];
    a->state = CHIP_STATE_WAITING;
    a->wait_kind = kind;
    a->wait_object = 1;
    a->wait_offset = offset;
    a->wait_seq = seq;
    a->wait_result = 0;
}

static bool runs(uint32_t actor) {
    return c->actors[actor].state == CHIP_STATE_RUNNABLE;
}

static void who_waited_first_is_woken_first(void **state) {
    (void)state;
    wait_on(1, CHIP_WAIT_COND, 8, 30);
    wait_on(2, CHIP_WAIT_COND, 8, 20);
    wait_on(3, CHIP_WAIT_COND, 8, 10);
    assert_int_equal(ctl_wake_kind(c, CHIP_WAIT_COND, 1, 8, 1), 1);
    assert_true(runs(3) && !runs(2) && !runs(1));
    assert_int_equal(ctl_wake_kind(c, CHIP_WAIT_COND, 1, 8, 5), 2);
    assert_int_equal(ctl_wake_kind(c, CHIP_WAIT_COND, 1, 8, 5), 0);
}

static void a_wake_up_is_for_its_kind_and_its_place(void **state) {
    (void)state;
    wait_on(1, CHIP_WAIT_COND, 8, 1);
    wait_on(2, CHIP_WAIT_SEM, 8, 2);
    wait_on(3, CHIP_WAIT_COND, 16, 3);
    assert_int_equal(ctl_wake_kind(c, CHIP_WAIT_COND, 1, 8, UINT32_MAX), 1);
    assert_int_equal(ctl_wake_kind(c, CHIP_WAIT_COND, 2, 16, UINT32_MAX), 0);
    assert_int_equal(ctl_wake(c, 1, 8, UINT32_MAX), 0);
    assert_true(runs(1) && !runs(2) && !runs(3));
}

static void the_last_to_arrive_opens_a_barrier(void **state) {
    (void)state;
    assert_false(ctl_barrier(c, 1, 8, 3));
    wait_on(1, CHIP_WAIT_BARRIER, 8, 1);
    assert_false(ctl_barrier(c, 1, 8, 3));
    wait_on(2, CHIP_WAIT_BARRIER, 8, 2);
    wait_on(3, CHIP_WAIT_BARRIER, 64, 3);
    assert_true(ctl_barrier(c, 1, 8, 3));
    assert_true(runs(1) && runs(2) && !runs(3));
    assert_false(ctl_barrier(c, 1, 8, 3)); /* the next round begins with none */
}

static void a_dead_arrival_counts_once(void **state) {
    (void)state;
    wait_on(1, CHIP_WAIT_BARRIER, 8, 1);
    ctl_actor_dead(c, 1, 9, 0);
    assert_true(ctl_barrier(c, 1, 8, 2));
    assert_false(ctl_barrier(c, 1, 8, 2));
}

static void a_death_wakes_whom_it_may_concern(void **state) {
    (void)state;
    wait_on(1, CHIP_WAIT_MUTEX, 8, 1);
    wait_on(2, CHIP_WAIT_COND, 8, 2);
    wait_on(0, CHIP_WAIT_JOIN, 0, 3);
    c->actors[0].wait_object = 2;
    ctl_actor_dead(c, 3, 0, 0);
    assert_true(runs(1) && !runs(2) && !runs(0));
    ctl_actor_dead(c, 2, 0, 0);
    assert_true(runs(0));
}

static void input_is_looked_at_once_for_each_step(void **state) {
    (void)state;
    c->steps = 5;
    wait_on(1, CHIP_WAIT_IO, 3, 1);
    c->actors[1].wait_value = 5;
    assert_false(ctl_io_look(c)); /* nobody has done anything since */
    c->steps = 6;
    assert_true(ctl_io_look(c));
    assert_true(runs(1));
}

/* All wait and nobody has a deadline; but a descriptor may have become ready unseen. */
static void nobody_hangs_who_has_not_looked(void **state) {
    (void)state;
    for (uint32_t i = 0; i < 4; i++)
        wait_on(i, CHIP_WAIT_COND, 8, i);
    for (uint32_t i = 0; i < 4; i++)
        c->actors[i].wait_deadline = CHIP_NO_DEADLINE;
    wait_on(2, CHIP_WAIT_POLL, 0, 9);
    c->steps = 1;
    assert_int_equal(ctl_choose(c, 0, 0), 2);
    wait_on(2, CHIP_WAIT_POLL, 0, 9);
    c->actors[2].wait_value = 1;
    assert_int_equal(ctl_choose(c, 0, 0), CHIP_NO_ACTOR);
    assert_int_equal(c->outcome, CHIP_OUT_HANG);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_waited_first_is_woken_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_wake_up_is_for_its_kind_and_its_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_last_to_arrive_opens_a_barrier, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_dead_arrival_counts_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_death_wakes_whom_it_may_concern, set_up, tear_down),
        cmocka_unit_test_setup_teardown(input_is_looked_at_once_for_each_step, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nobody_hangs_who_has_not_looked, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
