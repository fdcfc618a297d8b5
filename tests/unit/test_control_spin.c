/* SPDX-License-Identifier: Apache-2.0 */
/* test_control_spin.c - parked polling loops, over a control block alone. S1 to S3 of spin.c. */
#include "harness/control/control.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct chip_control *c;

static int begin(void **state) {
    (void)state;
    c = calloc(1, sizeof *c);
    if (!c)
        return -1;
    c->time_limit_ns = 1000;
    c->step_limit = 1000;
    for (int i = 0; i < 3; i++)
        ctl_actor_add(c, CHIP_NO_ACTOR);
    return 0;
}

static int end(void **state) {
    (void)state;
    free(c);
    return 0;
}

static void park(uint32_t actor, uint32_t object, uint64_t offset, uint64_t bytes) {
    struct chip_actor *a = &c->actors[actor];
    ctl_spin_park(c, actor, ctl_spin_mask(object, offset, bytes));
    a->state = CHIP_STATE_WAITING;
    a->wait_kind = CHIP_WAIT_SPIN;
    a->wait_deadline = CHIP_NO_DEADLINE;
}

static void a_write_wakes_who_reads_there_and_nobody_else(void **state) {
    (void)state;
    park(0, 1, 64, 4);
    park(1, 1, 128, 8);
    ctl_spin_wake(c, 1, 68, 1); /* another part of the same eight bytes */
    assert_int_equal(c->actors[0].state, CHIP_STATE_RUNNABLE);
    assert_int_equal(c->actors[0].wait_result, 1);
    assert_int_equal(c->actors[1].state, CHIP_STATE_WAITING);
    ctl_spin_wake(c, 1, 0, 4096);
    assert_int_equal(c->actors[1].state, CHIP_STATE_RUNNABLE);
}

static void a_mask_covers_every_byte(void **state) {
    (void)state;
    assert_true(ctl_spin_mask(1, 0, 0) == 0);
    assert_true(ctl_spin_mask(1, 6, 4) & ctl_spin_mask(1, 8, 1));
    assert_true(ctl_spin_mask(1, 6, 4) & ctl_spin_mask(1, 0, 1));
    assert_true(ctl_spin_mask(1, 0, 1 << 20) == UINT64_MAX);
    assert_false(ctl_spin_mask(1, 0, 8) & ctl_spin_mask(1, 8, 8));
}

static void s1_before_the_clock_moves_a_loop_goes_round_again(void **state) {
    (void)state;
    park(0, 1, 0, 4);
    assert_true(ctl_spin_again(c, false));
    assert_int_equal(c->actors[0].state, CHIP_STATE_RUNNABLE);
    assert_int_equal(c->actors[0].wait_result, 3);
    assert_true(c->actors[0].spin_budget >= 1000);
    park(0, 1, 0, 4);
    assert_false(ctl_spin_again(c, false)); /* nothing has happened since */
    c->actors[2].steps++;
    assert_true(ctl_spin_again(c, false)); /* something has */
    park(0, 1, 0, 4);
    assert_false(ctl_spin_again(c, false));
}

static void s2_before_a_hang_it_goes_round_a_last_time(void **state) {
    (void)state;
    park(0, 1, 0, 4);
    assert_true(ctl_spin_again(c, false));
    park(0, 1, 0, 4);
    assert_true(ctl_spin_again(c, true));
    assert_true(c->actors[0].spin_budget >= 100000);
    park(0, 1, 0, 4);
    assert_false(ctl_spin_again(c, true));
    ctl_spin_wake(c, 1, 0, 1); /* news: all begins anew */
    park(0, 1, 0, 4);
    assert_true(ctl_spin_again(c, false));
}

static void s3_loops_do_not_keep_each_other_going(void **state) {
    (void)state;
    int rounds = 0;
    c->actors[2].state = CHIP_STATE_DEAD;
    park(0, 1, 0, 4);
    park(1, 2, 0, 4);
    while (ctl_spin_again(c, true) && rounds < 100) {
        rounds++;
        for (uint32_t i = 0; i < 2; i++) {
            if (c->actors[i].state != CHIP_STATE_RUNNABLE)
                continue;
            c->actors[i].steps += 5; /* a loop that yields takes steps */
            park(i, i + 1, 0, 4);
        }
    }
    assert_in_range(rounds, 4, 8);
}

static void when_all_are_parked_for_good_it_is_a_hang(void **state) {
    (void)state;
    for (uint32_t i = 0; i < 3; i++)
        park(i, 1, 0, 4);
    uint32_t next;
    int rounds = 0;
    while ((next = ctl_choose(c, 0, 0)) != CHIP_NO_ACTOR && rounds++ < 100)
        park(next, 1, 0, 4);
    assert_int_equal(next, CHIP_NO_ACTOR);
    assert_int_equal(c->outcome, CHIP_OUT_HANG);
}

static void a_loop_with_a_deadline_is_woken_by_the_clock(void **state) {
    (void)state;
    c->actors[1].state = c->actors[2].state = CHIP_STATE_DEAD;
    park(0, 1, 0, 4);
    c->actors[0].spin_grants = 1;
    c->actors[0].wait_deadline = 500;
    assert_int_equal(ctl_choose(c, 0, 0), 0);
    assert_int_equal(c->clock_ns, 500);
    assert_int_equal(c->actors[0].wait_result, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_write_wakes_who_reads_there_and_nobody_else, begin, end),
        cmocka_unit_test_setup_teardown(a_mask_covers_every_byte, begin, end),
        cmocka_unit_test_setup_teardown(s1_before_the_clock_moves_a_loop_goes_round_again, begin,
                                        end),
        cmocka_unit_test_setup_teardown(s2_before_a_hang_it_goes_round_a_last_time, begin, end),
        cmocka_unit_test_setup_teardown(s3_loops_do_not_keep_each_other_going, begin, end),
        cmocka_unit_test_setup_teardown(when_all_are_parked_for_good_it_is_a_hang, begin, end),
        cmocka_unit_test_setup_teardown(a_loop_with_a_deadline_is_woken_by_the_clock, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
