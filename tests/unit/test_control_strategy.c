/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_control_strategy.c - the strategies on a model: programs that are lists of points, run over
 * the control functions alone, thousands of times.
 */
#include "harness/control/control.h"
#include "harness/control/strategy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
/* after the four that it needs */
#include <cmocka.h>

enum { CHOICES = 8192, MODEL_STEPS = 64 };

struct block {
    struct chip_control c;
    struct chip_choice choices[CHOICES];
    struct chip_option options[CHOICES];
};

/* A model: `actors` actors of `steps` points each; order[] gets who made step i. */
struct model {
    uint32_t actors, steps;
    bool yields; /* actor 0's points are yields, and it goes on until all others are done */
    uint32_t order[MODEL_STEPS];
    uint32_t made;
};

static struct block *block_new(uint32_t strategy) {
    struct block *b = calloc(1, sizeof *b);
    assert_non_null(b);
    b->c.strategy = strategy;
    b->c.off_choices = offsetof(struct block, choices);
    b->c.off_options = offsetof(struct block, options);
    b->c.time_limit_ns = 1000;
    b->c.step_limit = 1000;
    return b;
}

static void stand(struct chip_control *c, const struct model *m, uint32_t i) {
    struct chip_actor *a = &c->actors[i];
    if (a->steps == m->steps) {
        a->state = CHIP_STATE_DEAD;
        return;
    }
    a->pending = 1;
    a->point_kind = m->yields && i == 0 ? CHIP_KIND_CALL : CHIP_KIND_PROBE;
    a->point = m->yields && i == 0 ? (uint32_t)CHIP_CALL_sched_yield : CHIP_POINT_MAILBOX_READ;
}

static bool others_done(const struct chip_control *c, const struct model *m) {
    for (uint32_t i = 1; i < m->actors; i++)
        if (c->actors[i].state != CHIP_STATE_DEAD)
            return false;
    return true;
}

/* One run; the block is as ctl_choose() leaves it. */
static void run_model(struct block *b, struct model *m, uint64_t seed) {
    struct chip_control *c = &b->c;
    memset(c->actors, 0, sizeof c->actors);
    memset(c->priority, 0, sizeof c->priority);
    c->actor_count = 0;
    c->steps = c->choice_count = c->replay_next = c->seq = 0;
    c->outcome = CHIP_OUT_RUNNING;
    c->rng = seed;
    m->made = 0;
    for (uint32_t i = 0; i < m->actors; i++) {
        ctl_actor_add(c, CHIP_NO_ACTOR);
        stand(c, m, i);
    }
    ctl_strategy_begin(c);
    uint32_t at = 0;
    while ((at = ctl_choose(c, at, 0)) != CHIP_NO_ACTOR) {
        if (m->made < MODEL_STEPS)
            m->order[m->made++] = at;
        c->steps++;
        if (!(m->yields && at == 0 && !others_done(c, m)))
            c->actors[at].steps++;
        stand(c, m, at);
    }
}

/* Position in the run of an actor's nth step. */
static uint32_t when(const struct model *m, uint32_t actor, uint32_t nth) {
    for (uint32_t i = 0; i < m->made; i++)
        if (m->order[i] == actor && nth-- == 0)
            return i;
    return UINT32_MAX;
}

/* Depth 2: step 5 of actor 0 falls between steps 4 and 5 of actor 1. */
static bool bug_of_depth_2(const struct model *m) {
    return when(m, 1, 4) < when(m, 0, 5) && when(m, 0, 5) < when(m, 1, 5);
}

/* Depth 3: and the step after it comes after actor 1's seventh. */
static bool bug_of_depth_3(const struct model *m) {
    return bug_of_depth_2(m) && when(m, 1, 7) < when(m, 0, 6);
}

static double hit_rate(uint32_t strategy, uint32_t depth, unsigned runs,
                       bool (*bug)(const struct model *m)) {
    struct block *b = block_new(strategy);
    struct model m = {.actors = 3, .steps = 10};
    unsigned hits = 0;
    b->c.pct_depth = depth;
    b->c.pct_steps = 30;
    for (unsigned i = 0; i < runs; i++) {
        uint64_t seed = i;
        run_model(b, &m, ctl_random(&seed));
        assert_int_equal(b->c.outcome, CHIP_OUT_FINISHED);
        hits += bug(&m);
    }
    free(b);
    return (double)hits / runs;
}

/* The seeds are fixed, so the numbers are too: nothing here depends on luck. */
static void pct_meets_a_bug_of_its_depth_as_often_as_its_bound_says(void **state) {
    (void)state;
    assert_true(hit_rate(CHIP_STRATEGY_PCT, 2, 5000, bug_of_depth_2) >= 1.0 / (3 * 30));
    assert_true(hit_rate(CHIP_STRATEGY_PCT, 3, 50000, bug_of_depth_3) >= 1.0 / (3 * 30 * 30));
}

static void pct_of_depth_1_never_preempts(void **state) {
    (void)state;
    assert_true(hit_rate(CHIP_STRATEGY_PCT, 1, 2000, bug_of_depth_2) == 0);
    assert_true(hit_rate(CHIP_STRATEGY_PCT, 2, 5000, bug_of_depth_3) == 0);
}

static void pos_and_random_meet_it_too(void **state) {
    (void)state;
    assert_true(hit_rate(CHIP_STRATEGY_POS, 0, 5000, bug_of_depth_2) > 0.01);
    assert_true(hit_rate(CHIP_STRATEGY_RANDOM, 0, 5000, bug_of_depth_2) > 0.01);
}

static void every_strategy_repeats_its_run_from_the_same_seed(void **state) {
    (void)state;
    static const uint32_t all[] = {CHIP_STRATEGY_RANDOM, CHIP_STRATEGY_PCT, CHIP_STRATEGY_POS,
                                   CHIP_STRATEGY_DFS};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct block *b = block_new(all[i]);
        struct model one = {.actors = 3, .steps = 10}, two = one;
        b->c.pct_depth = 3;
        b->c.pct_steps = 30;
        run_model(b, &one, 7);
        run_model(b, &two, 7);
        assert_memory_equal(&one, &two, sizeof one);
        free(b);
    }
}

static void who_yields_for_ever_starves_nobody(void **state) {
    (void)state;
    static const uint32_t all[] = {CHIP_STRATEGY_PCT, CHIP_STRATEGY_POS, CHIP_STRATEGY_DFS};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct block *b = block_new(all[i]);
        struct model m = {.actors = 3, .steps = 5, .yields = true};
        b->c.pct_depth = 2;
        b->c.pct_steps = 15;
        b->c.step_limit = 2 * CTL_STRICT_STEPS;
        for (uint64_t seed = 0; seed < 500; seed++) {
            run_model(b, &m, seed);
            assert_int_equal(b->c.outcome, CHIP_OUT_FINISHED);
        }
        free(b);
    }
}

static void a_strict_strategy_becomes_a_walk_in_the_end(void **state) {
    (void)state;
    static const uint32_t all[] = {CHIP_STRATEGY_PCT, CHIP_STRATEGY_DFS};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct block *b = block_new(all[i]);
        bool chosen[3] = {false};
        b->c.pct_depth = 1;
        for (uint32_t k = 0; k < 3; k++)
            ctl_actor_add(&b->c, CHIP_NO_ACTOR);
        b->c.step_limit = 3 * CTL_STRICT_STEPS;
        uint32_t first = ctl_choose(&b->c, 0, 0);
        while (b->c.steps++ < CTL_STRICT_STEPS)
            assert_int_equal(ctl_choose(&b->c, first, 0), first);
        for (int k = 0; k < 100; k++)
            chosen[ctl_choose(&b->c, first, 0)] = true;
        assert_true(chosen[0] && chosen[1] && chosen[2]);
        free(b);
    }
}

static void dfs_follows_its_prefix_and_then_preempts_nobody(void **state) {
    (void)state;
    struct block *b = block_new(CHIP_STRATEGY_DFS);
    struct model m = {.actors = 3, .steps = 4};
    run_model(b, &m, 0);
    for (uint32_t i = 0; i < 12; i++)
        assert_int_equal(m.order[i], i / 4);
    /* Of the first two choices the second goes elsewhere. */
    assert_int_equal(b->options[1].mask[0], 7);
    b->choices[1].to = 2;
    b->c.replay_count = 2;
    run_model(b, &m, 0);
    assert_int_equal(b->c.outcome, CHIP_OUT_FINISHED);
    static const uint32_t want[] = {0, 2, 2, 2, 2, 0, 0, 0, 1, 1, 1, 1};
    assert_memory_equal(m.order, want, sizeof want);
    assert_int_equal(b->c.replay_next, 2);
    free(b);
}

static void dfs_says_where_a_prefix_does_not_fit(void **state) {
    (void)state;
    struct block *b = block_new(CHIP_STRATEGY_DFS);
    struct model m = {.actors = 2, .steps = 4};
    run_model(b, &m, 0);
    b->choices[2].point++;
    b->c.replay_count = 3;
    run_model(b, &m, 0);
    assert_int_equal(b->c.outcome, CHIP_OUT_DIVERGED);
    assert_int_equal(b->c.diverged_step, 2);
    free(b);
}

static void steps_conflict_where_they_touch_the_same(void **state) {
    (void)state;
    struct chip_actor a = {.pending = 1, .point_kind = CHIP_KIND_PROBE}, b = a;
    a.point = CHIP_POINT_MAILBOX_PUBLISH;
    b.point = CHIP_POINT_MAILBOX_OBSERVE;
    assert_true(ctl_conflict(&a, &b));
    b.point = CHIP_POINT_D2H_CHUNK;
    assert_false(ctl_conflict(&a, &b));
    a.point_kind = b.point_kind = CHIP_KIND_ACCESS;
    uint64_t write = (uint64_t)CHIP_ACCESS_WRITE << 16, read = (uint64_t)CHIP_ACCESS_READ << 16;
    memcpy(a.field, (uint64_t[]){1, 100, 8 | write, 0}, sizeof a.field);
    memcpy(b.field, (uint64_t[]){1, 107, 1 | read, 0}, sizeof b.field);
    assert_true(ctl_conflict(&a, &b));
    b.field[1] = 108;
    assert_false(ctl_conflict(&a, &b));
    b.field[1] = 100;
    a.field[2] = 8 | read;
    assert_false(ctl_conflict(&a, &b));
    a.field[2] = 8 | write;
    b.field[0] = 2;
    assert_false(ctl_conflict(&a, &b));
    a.pending = b.pending = 0;
    a.wait_kind = b.wait_kind = CHIP_WAIT_FUTEX;
    assert_true(ctl_conflict(&a, &b));
    b.wait_offset = 4;
    assert_false(ctl_conflict(&a, &b));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pct_meets_a_bug_of_its_depth_as_often_as_its_bound_says),
        cmocka_unit_test(pct_of_depth_1_never_preempts),
        cmocka_unit_test(pos_and_random_meet_it_too),
        cmocka_unit_test(every_strategy_repeats_its_run_from_the_same_seed),
        cmocka_unit_test(who_yields_for_ever_starves_nobody),
        cmocka_unit_test(a_strict_strategy_becomes_a_walk_in_the_end),
        cmocka_unit_test(dfs_follows_its_prefix_and_then_preempts_nobody),
        cmocka_unit_test(dfs_says_where_a_prefix_does_not_fit),
        cmocka_unit_test(steps_conflict_where_they_touch_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
