/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spin.c - polling loops: parked while what they read stays the same.
 *
 * The agent parks an actor (CHIP_WAIT_SPIN) that has read the same again and again; a write wakes
 * it. That it waits is a guess: a loop may count its turns and give up, and a write may come from
 * code that nobody sees. So a parked actor is never given up for good on that guess alone:
 *   S1  Before the clock moves, a parked loop goes round again: a thousand times at first, and once
 *       more whenever others have made steps since. A loop with a bound ends as it would have.
 *   S2  Before a hang is reported it goes round a last time, two hundred thousand times.
 *   S3  Loops that go round do not keep each other going: then the clock moves, or it is a hang.
 */
#include "harness/control/control.h"

enum {
    SPIN_FIRST = 1000,
    SPIN_LOOK = 64, /* enough to read every location of the loop again */
    SPIN_LAST = 200000,
    SPIN_LEVELS = 2,
    GRANULE_SHIFT = 3,
    MASK_BITS = 64
};

uint64_t ctl_spin_mask(uint32_t object, uint64_t offset, uint64_t bytes) {
    uint64_t first = offset >> GRANULE_SHIFT, last = (offset + bytes - 1) >> GRANULE_SHIFT;
    uint64_t mask = 0;
    if (bytes == 0)
        return 0;
    if (last - first >= MASK_BITS)
        return UINT64_MAX;
    for (uint64_t g = first; g <= last; g++)
        mask |= 1ull << ((g + object * 7ull) % MASK_BITS);
    return mask;
}

static void let_go(struct chip_actor *a, uint32_t result) {
    a->state = CHIP_STATE_RUNNABLE;
    a->wait_result = result;
}

static bool parked(const struct chip_actor *a) {
    return a->state == CHIP_STATE_WAITING && a->wait_kind == CHIP_WAIT_SPIN;
}

void ctl_spin_wake(struct chip_control *c, uint32_t object, uint64_t offset, uint64_t bytes) {
    uint64_t mask = ctl_spin_mask(object, offset, bytes);
    for (uint32_t i = 0; i < c->actor_count; i++) {
        struct chip_actor *a = &c->actors[i];
        if (!parked(a) || !(a->spin_mask & mask))
            continue;
        a->spin_budget = 0;
        a->spin_grants = 0;
        let_go(a, 1);
    }
}

/* Steps of all that are not parked: the loops themselves may take some (a yield) in each round,
 * and two of them would keep each other going. */
static uint64_t steps_of_others(const struct chip_control *c, uint32_t actor) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < c->actor_count; i++)
        if (i != actor && !parked(&c->actors[i]))
            sum += c->actors[i].steps;
    return sum;
}

void ctl_spin_park(struct chip_control *c, uint32_t actor, uint64_t mask) {
    c->actors[actor].spin_mask = mask;
    c->actors[actor].spin_steps = steps_of_others(c, actor);
}

/* How often this one may go round again; 0: it stays. */
static uint32_t grant(const struct chip_control *c, uint32_t actor, struct chip_actor *a,
                      bool last) {
    if (a->spin_grants == 0 || (last && a->spin_grants < SPIN_LEVELS))
        return a->spin_grants++ == 0 ? SPIN_FIRST : SPIN_LAST;
    return a->spin_steps != steps_of_others(c, actor) ? SPIN_LOOK : 0;
}

bool ctl_spin_again(struct chip_control *c, bool last) {
    for (uint32_t i = 0; i < c->actor_count; i++) {
        struct chip_actor *a = &c->actors[i];
        uint32_t budget = parked(a) ? grant(c, i, a, last) : 0;
        if (!budget)
            continue;
        a->spin_budget = budget;
        let_go(a, 3);
        return true;
    }
    return false;
}
