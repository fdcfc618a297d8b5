/* SPDX-License-Identifier: Apache-2.0 */
/* strategy_random.c - the random walk, and following a record. */
#include "harness/control/strategy.h"

uint32_t ctl_pick_random(struct chip_control *c, uint32_t from, const uint16_t *list, uint32_t n) {
    (void)from;
    return list[ctl_random(&c->rng) % n];
}

static bool in_list(const uint16_t *list, uint32_t n, uint32_t actor) {
    for (uint32_t i = 0; i < n; i++)
        if (list[i] == actor)
            return true;
    return false;
}

uint32_t ctl_pick_recorded(struct chip_control *c, uint32_t from, const uint16_t *list,
                           uint32_t n) {
    const struct chip_actor *a = &c->actors[from];
    const struct chip_choice *w = chip_control_choices(c) + c->replay_next;
    if (c->replay_next == CHIP_MAX_CHOICES) { /* a run too long to be recorded to its end */
        ctl_end(c, CHIP_OUT_STEP_LIMIT);
        return CHIP_NO_ACTOR;
    }
    if (c->replay_next >= c->replay_count || w->step != c->steps || w->from != from ||
        w->point_kind != a->point_kind || w->point != a->point || !in_list(list, n, w->to)) {
        c->diverged_step = c->steps;
        ctl_end(c, CHIP_OUT_DIVERGED);
        return CHIP_NO_ACTOR;
    }
    c->replay_next++;
    return w->to;
}

const struct ctl_strategy ctl_strategy_random = {.pick = ctl_pick_random};
const struct ctl_strategy ctl_strategy_replay = {.pick = ctl_pick_recorded};
