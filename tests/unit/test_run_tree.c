/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_run_tree.c - the depth-first search on models of known size: every schedule once, none
 * twice, none beyond the bound.
 */
#include "harness/run/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
/* after the four that it needs */
#include <cmocka.h>

enum { MAX_STEPS = 32, MAX_RUNS = 4096 };

/* `actors` actors of `steps` steps each; yields: actor 0 stands before a yield at every step. */
struct model {
    uint32_t actors, steps;
    bool yields;
    char order[MAX_STEPS + 1];
    struct chip_choice choices[MAX_STEPS];
    struct chip_option options[MAX_STEPS];
    size_t count;
};

/* As strategy_dfs.c goes on: with who runs while it can. */
static uint32_t by_default(const struct model *m, const uint32_t *left, uint32_t from) {
    if (left[from] && !(m->yields && from == 0))
        return from;
    for (uint32_t i = 1; i <= m->actors; i++)
        if (left[(from + i) % m->actors])
            return (from + i) % m->actors;
    return 0;
}

static void execute(struct model *m, const struct chip_choice *prefix, size_t given) {
    uint32_t left[8], from = 0, n = 0;
    m->count = 0;
    for (uint32_t i = 0; i < m->actors; i++)
        left[i] = m->steps;
    for (;;) {
        struct chip_option o = {{0, 0}};
        uint32_t can = 0;
        for (uint32_t i = 0; i < m->actors; i++) {
            o.mask[0] |= left[i] ? 1ull << i : 0;
            can += left[i] != 0;
        }
        if (can == 0)
            break;
        uint32_t to = by_default(m, left, from);
        if (can > 1) {
            bool yield = m->yields && from == 0;
            to = m->count < given ? prefix[m->count].to : to;
            m->options[m->count] = o;
            m->choices[m->count++] = (struct chip_choice){
                .step = n,
                .from = (uint16_t)from,
                .to = (uint16_t)to,
                .point_kind = yield ? CHIP_KIND_CALL : CHIP_KIND_PROBE,
                .point = yield ? CHIP_CALL_sched_yield : 0,
            };
        }
        assert_true(left[to] > 0);
        left[to]--;
        m->order[n++] = (char)('0' + to);
        from = to;
    }
    m->order[n] = 0;
}

/* Runs the whole search; how many executions, all of them different. */
static size_t search(struct model *m, uint32_t bound, bool *pruned) {
    static char seen[MAX_RUNS][MAX_STEPS + 1];
    struct tree *t = tree_new(bound);
    assert_non_null(t);
    size_t runs = 0, given;
    do {
        const struct chip_choice *prefix = tree_prefix(t, &given);
        execute(m, prefix, given);
        for (size_t i = 0; i < runs; i++)
            assert_string_not_equal(seen[i], m->order);
        assert_true(runs < MAX_RUNS);
        memcpy(seen[runs++], m->order, sizeof m->order);
    } while (tree_learn(t, m->choices, m->options, m->count));
    *pruned = tree_pruned(t);
    tree_free(t);
    return runs;
}

static void every_order_comes_once(void **state) {
    (void)state;
    struct model m = {.actors = 2, .steps = 4};
    bool pruned;
    assert_int_equal(search(&m, 64, &pruned), 70); /* 8! / (4! 4!) */
    assert_false(pruned);
    m = (struct model){.actors = 3, .steps = 3};
    assert_int_equal(search(&m, 64, &pruned), 1680); /* 9! / (3! 3! 3!) */
    assert_false(pruned);
}

static void the_bound_leaves_out_what_has_more_preemptions(void **state) {
    (void)state;
    struct model m = {.actors = 2, .steps = 4};
    bool pruned;
    /* Who begins, and no preemption: actor 0 stands there first, so to begin with actor 1 is one.
     */
    assert_int_equal(search(&m, 0, &pruned), 1);
    assert_true(pruned);
    size_t one = search(&m, 1, &pruned);
    size_t two = search(&m, 2, &pruned);
    assert_true(1 < one && one < two && two < 70);
    assert_int_equal(one, 1 + 4); /* actor 0 is preempted before one of its steps */
}

static void a_switch_at_a_yield_is_free(void **state) {
    (void)state;
    struct model m = {.actors = 2, .steps = 3, .yields = true};
    bool pruned;
    size_t runs = search(&m, 0, &pruned);
    assert_true(runs > 1);
}

static void one_actor_has_one_schedule(void **state) {
    (void)state;
    struct model m = {.actors = 1, .steps = 5};
    bool pruned;
    assert_int_equal(search(&m, 0, &pruned), 1);
    assert_false(pruned);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_order_comes_once),
        cmocka_unit_test(the_bound_leaves_out_what_has_more_preemptions),
        cmocka_unit_test(a_switch_at_a_yield_is_free),
        cmocka_unit_test(one_actor_has_one_schedule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
