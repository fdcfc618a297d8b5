/* SPDX-License-Identifier: Apache-2.0 */
/*
 * strategy_pct.c - probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi, Nagarakatte:
 * A randomized scheduler with probabilistic guarantees of finding bugs, ASPLOS 2010).
 *
 * Each actor has a random priority and the highest that can run does. At depth - 1 steps, drawn
 * evenly from the first pct_steps, the actor that would make the step falls below all others. A
 * bug that needs d ordering constraints, in a program of n actors and k steps, is met with a
 * probability of at least 1 / (n k^(d-1)) in every run. An actor that waits or is held just cannot
 * run. One that yields falls below everybody: it would otherwise spin for ever at the top.
 */
#include "harness/control/strategy.h"

/* Three bands: first priorities, then change points (the i-th falls to i + 1), then who yielded,
 * the last of them lowest. */
#define FIRST_BAND  (1ull << 63)
#define CHANGE_BAND (1ull << 62)

static void pct_begin(struct chip_control *c) {
    if (c->pct_depth > CHIP_MAX_CHANGES)
        c->pct_depth = CHIP_MAX_CHANGES;
    for (uint32_t i = 0; i + 1 < c->pct_depth; i++)
        c->pct_change[i] = c->pct_steps ? ctl_random(&c->rng) % c->pct_steps : 0;
}

static uint32_t highest(struct chip_control *c, const uint16_t *list, uint32_t n) {
    uint32_t best = list[0];
    for (uint32_t i = 1; i < n; i++)
        if (c->priority[list[i]] > c->priority[best])
            best = list[i];
    return best;
}

static uint32_t pick_pct(struct chip_control *c, uint32_t from, const uint16_t *list, uint32_t n) {
    if (c->steps > c->pct_steps + CTL_STRICT_STEPS)
        return n > 1 ? ctl_pick_random(c, from, list, n) : list[0];
    for (uint32_t i = 0; i < n; i++)
        if (!c->priority[list[i]])
            c->priority[list[i]] = FIRST_BAND | ctl_random(&c->rng);
    for (uint32_t i = 0; i + 1 < c->pct_depth; i++) {
        if (c->pct_change[i] > c->steps)
            continue;
        c->pct_change[i] = CHIP_NO_DEADLINE; /* done with */
        c->priority[highest(c, list, n)] = CHANGE_BAND | (i + 1);
    }
    uint32_t to = highest(c, list, n);
    if (n > 1 && ctl_yields(&c->actors[to])) {
        c->priority[to] = CHANGE_BAND - 1 - c->steps;
        to = highest(c, list, n);
    }
    return to;
}

const struct ctl_strategy ctl_strategy_pct = {pick_pct, pct_begin, true};
