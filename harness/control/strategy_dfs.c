/* SPDX-License-Identifier: Apache-2.0 */
/*
 * strategy_dfs.c - one execution of a depth-first search: the given choices first, then on without
 * preemption. Who keeps the tree is the explorer; it learns from chip_option what else there was.
 *
 * Without preemption means: who runs goes on while it can and does not yield; then the next in the
 * order of the actors' numbers.
 */
#include "harness/control/strategy.h"

uint32_t ctl_pick_onwards(uint32_t from, bool stays, const uint16_t *list, uint32_t n) {
    uint32_t next = list[0];
    for (uint32_t i = n; i-- > 0;) {
        if (list[i] == from && stays)
            return from;
        if (list[i] > from)
            next = list[i];
    }
    return next;
}

static uint32_t pick_dfs(struct chip_control *c, uint32_t from, const uint16_t *list, uint32_t n) {
    if (c->replay_next < c->replay_count)
        return ctl_pick_recorded(c, from, list, n);
    if (c->steps > CTL_STRICT_STEPS)
        return ctl_pick_random(c, from, list, n);
    return ctl_pick_onwards(from, !ctl_yields(&c->actors[from]), list, n);
}

const struct ctl_strategy ctl_strategy_dfs = {.pick = pick_dfs};
