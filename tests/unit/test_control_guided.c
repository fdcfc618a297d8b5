/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_control_guided.c - forced switches (strategy_guided.c U1, U2) on a model: actors that are
 * lists of points, run over the control functions alone.
 */
#include "harness/control/control.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
/* after the four that it needs */
#include <cmocka.h>

enum { CHOICES = 512, ACTORS = 3, STEPS = 10, MADE = ACTORS * STEPS };

struct block {
    struct chip_control c;
    struct chip_choice choices[CHOICES];
    struct chip_switch switches[CHIP_MAX_SWITCHES];
};

struct order {
    uint32_t actor[MADE + 1];
    uint32_t made;
};

static struct block *block_new(uint32_t strategy) {
    struct block *b = calloc(1, sizeof *b);
    assert_non_null(b);
    b->c.strategy = strategy;
    b->c.off_choices = offsetof(struct block, choices);
    b->c.off_switches = offsetof(struct block, switches);
    b->c.time_limit_ns = 1000;
    b->c.step_limit = 1000;
    return b;
}

/* Every actor makes STEPS points, of two kinds in turn, so that both have occurrences. */
static void stand(struct chip_control *c, uint32_t i) {
    struct chip_actor *a = &c->actors[i];
    a->pending = a->steps < STEPS;
    if (!a->pending) {
        a->state = CHIP_STATE_DEAD;
        return;
    }
    a->point_kind = CHIP_KIND_PROBE;
    a->point = a->steps % 2 ? CHIP_POINT_MAILBOX_READ : CHIP_POINT_MAILBOX_PUBLISH;
}

static struct order run(struct block *b, uint64_t seed) {
    struct chip_control *c = &b->c;
    struct order o = {.made = 0};
    memset(c->actors, 0, sizeof c->actors);
    memset(c->priority, 0, sizeof c->priority);
    c->actor_count = 0;
    c->steps = c->choice_count = c->replay_next = c->seq = 0;
    c->outcome = CHIP_OUT_RUNNING;
    c->rng = seed;
    for (uint32_t i = 0; i < ACTORS; i++) {
        ctl_actor_add(c, CHIP_NO_ACTOR);
        stand(c, i);
    }
    uint32_t at = 0;
    while ((at = ctl_choose(c, at, 0)) != CHIP_NO_ACTOR && o.made < MADE) {
        struct chip_actor *a = &c->actors[at];
        o.actor[o.made++] = at;
        a->passed[ctl_point_slot(a->point_kind, a->point)]++;
        a->steps++;
        c->steps++;
        stand(c, at);
    }
    return o;
}

/* A random walk, its switches, and the run with those of them that keep() wants. */
static struct order learn(uint64_t seed, struct block *b) {
    struct block *walk = block_new(CHIP_STRATEGY_RANDOM);
    struct order o = run(walk, seed);
    memcpy(b->choices, walk->choices, sizeof b->choices);
    b->c.replay_count = walk->c.choice_count;
    struct order again = run(b, seed);
    assert_memory_equal(&o, &again, sizeof o);
    assert_int_equal(b->c.outcome, CHIP_OUT_FINISHED);
    b->c.replay_count = 0;
    for (uint32_t i = 0; i < b->c.switch_count; i++)
        b->switches[i].used = CHIP_SWITCH_UNMET;
    free(walk);
    return o;
}

static void u1_the_switches_of_a_walk_make_the_same_run(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct block *b = block_new(CHIP_STRATEGY_GUIDED);
        struct order walk = learn(seed, b);
        struct order forced = run(b, seed);
        assert_memory_equal(&walk, &forced, sizeof walk);
        for (uint32_t i = 0; i < b->c.switch_count; i++)
            assert_int_equal(b->switches[i].used, CHIP_SWITCH_TAKEN);
        free(b);
    }
}

static void without_switches_each_actor_runs_to_its_end(void **state) {
    (void)state;
    struct block *b = block_new(CHIP_STRATEGY_GUIDED);
    struct order o = run(b, 1);
    for (uint32_t i = 0; i < MADE; i++)
        assert_int_equal(o.actor[i], i / STEPS);
    free(b);
}

/* Any part of the switches; then without those that were not taken. */
static void u2_what_is_not_taken_changes_nothing(void **state) {
    (void)state;
    bool some_missed = false;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct block *b = block_new(CHIP_STRATEGY_GUIDED);
        learn(seed, b);
        uint32_t kept = 0;
        for (uint32_t i = 0; i < b->c.switch_count; i++)
            if ((seed >> i % 8 & 1) != 0)
                b->switches[kept++] = b->switches[i];
        b->c.switch_count = kept;
        struct order part = run(b, seed);
        kept = 0;
        for (uint32_t i = 0; i < b->c.switch_count; i++)
            if (b->switches[i].used == CHIP_SWITCH_TAKEN)
                b->switches[kept++] = b->switches[i];
        some_missed |= kept < b->c.switch_count;
        b->c.switch_count = kept;
        for (uint32_t i = 0; i < kept; i++)
            b->switches[i].used = CHIP_SWITCH_UNMET;
        struct order taken = run(b, seed);
        assert_memory_equal(&part, &taken, sizeof part);
        free(b);
    }
    assert_true(some_missed);
}

static void u2_a_switch_to_one_who_cannot_run_is_counted_and_left(void **state) {
    (void)state;
    struct block *b = block_new(CHIP_STRATEGY_GUIDED);
    b->c.switch_count = 2;
    /* actor 1 at its third READ: actor 0 is dead by then */
    b->switches[0] = (struct chip_switch){.from = 1,
                                          .to = 0,
                                          .point_kind = CHIP_KIND_PROBE,
                                          .point = CHIP_POINT_MAILBOX_READ,
                                          .occurrence = 2};
    b->switches[1] = b->switches[0]; /* a place that never comes */
    b->switches[1].occurrence = STEPS;
    struct order o = run(b, 1);
    assert_int_equal(b->switches[0].used, CHIP_SWITCH_CANNOT);
    assert_int_equal(b->switches[1].used, CHIP_SWITCH_UNMET);
    for (uint32_t i = 0; i < MADE; i++)
        assert_int_equal(o.actor[i], i / STEPS);
    b->switches[0].to = 2;
    b->switches[0].used = CHIP_SWITCH_UNMET;
    o = run(b, 1);
    assert_int_equal(b->switches[0].used, CHIP_SWITCH_TAKEN);
    assert_int_equal(b->switches[0].instead, 1);
    assert_int_equal(o.actor[STEPS + 4], 1); /* its fifth step is before the third READ */
    assert_int_equal(o.actor[STEPS + 5], 2);
    free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(u1_the_switches_of_a_walk_make_the_same_run),
        cmocka_unit_test(without_switches_each_actor_runs_to_its_end),
        cmocka_unit_test(u2_what_is_not_taken_changes_nothing),
        cmocka_unit_test(u2_a_switch_to_one_who_cannot_run_is_counted_and_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
