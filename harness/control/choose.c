/* SPDX-License-Identifier: Apache-2.0 */
/*
 * choose.c - who runs next (G1 to G3, G5): candidates, the strategy, and the clock.
 */
#include "harness/control/control.h"
#include "harness/control/script.h"
#include "harness/control/strategy.h"

uint64_t ctl_random(uint64_t *state) {
    uint64_t z = (*state += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

/* Deaths that the supervisor saw of actors that did not hold the turn. */
static void bury(struct chip_control *c, uint64_t real_ns) {
    for (uint32_t i = 0; i < c->actor_count; i++) {
        struct chip_actor *a = &c->actors[i];
        /* ORDER: acquire; pairs with the release of `died` in on_death(). Makes `status` of the
         * dead actor visible; without it a crash could be recorded with status 0. */
        if (a->state != CHIP_STATE_DEAD && __atomic_load_n(&a->died, __ATOMIC_ACQUIRE))
            ctl_actor_dead(c, i, a->status, real_ns);
    }
}

static uint32_t candidates(struct chip_control *c, uint16_t *list, uint64_t real_ns) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < c->actor_count; i++) {
        if (c->actors[i].state != CHIP_STATE_RUNNABLE)
            continue;
        ctl_holds_apply(c, i, real_ns);
        if (!c->actors[i].held_by)
            list[n++] = (uint16_t)i;
    }
    return n;
}

/* The first deadline among waiting actors; *sleeping: only of those that sleep. */
static uint64_t first_deadline(const struct chip_control *c, bool sleeping) {
    uint64_t first = CHIP_NO_DEADLINE;
    for (uint32_t i = 0; i < c->actor_count; i++) {
        const struct chip_actor *a = &c->actors[i];
        if (a->state != CHIP_STATE_WAITING || (sleeping && a->wait_kind != CHIP_WAIT_SLEEP))
            continue;
        if (a->wait_deadline < first)
            first = a->wait_deadline;
    }
    return first;
}

static void clock_to(struct chip_control *c, uint32_t from, uint64_t to, uint64_t real_ns) {
    if (to > c->clock_ns) {
        struct chip_event e = {.kind = CHIP_EV_CLOCK, .real_ns = real_ns};
        e.f[0] = c->clock_ns;
        e.f[1] = to;
        c->clock_ns = to;
        ctl_record(c, from, &e);
    }
    for (uint32_t i = 0; i < c->actor_count; i++) {
        struct chip_actor *a = &c->actors[i];
        if (a->state == CHIP_STATE_WAITING && a->wait_deadline <= c->clock_ns) {
            a->state = CHIP_STATE_RUNNABLE;
            a->wait_result = 2;
        }
    }
}

static bool anybody_left(const struct chip_control *c) {
    for (uint32_t i = 0; i < c->actor_count; i++)
        if (c->actors[i].state != CHIP_STATE_DEAD)
            return true;
    return false;
}

/* Nobody can run: let a hold go or move the clock. False: nothing will ever change. */
static bool make_progress(struct chip_control *c, uint32_t from, uint64_t real_ns) {
    if (ctl_spin_again(c, false))
        return true;
    uint32_t stopping = ctl_hold_stopping_clock(c);
    uint64_t to = first_deadline(c, stopping != CHIP_MAX_HOLDS);
    uint64_t hold_deadline = ctl_holds_deadline(c);
    if (hold_deadline < to)
        to = hold_deadline;
    if (stopping != CHIP_MAX_HOLDS &&
        (to == CHIP_NO_DEADLINE || to > c->holds[stopping].held_since_ns + CTL_HOLD_PATIENCE_NS)) {
        ctl_hold_end(c, stopping, real_ns);
        return true;
    }
    if (to == CHIP_NO_DEADLINE) {
        if (ctl_hold_end_any(c, real_ns) || ctl_spin_again(c, true))
            return true;
        ctl_end(c, anybody_left(c) ? CHIP_OUT_HANG : CHIP_OUT_FINISHED);
        return false;
    }
    if (to > c->time_limit_ns) {
        ctl_end(c, CHIP_OUT_TIME_LIMIT);
        return false;
    }
    clock_to(c, from, to, real_ns);
    ctl_holds_expire(c, real_ns);
    return true;
}

static const struct ctl_strategy *const strategies[] = {
    [CHIP_STRATEGY_RANDOM] = &ctl_strategy_random, [CHIP_STRATEGY_REPLAY] = &ctl_strategy_replay,
    [CHIP_STRATEGY_PCT] = &ctl_strategy_pct,       [CHIP_STRATEGY_POS] = &ctl_strategy_pos,
    [CHIP_STRATEGY_DFS] = &ctl_strategy_dfs,       [CHIP_STRATEGY_GUIDED] = &ctl_strategy_guided,
};

void ctl_strategy_begin(struct chip_control *c) {
    if (strategies[c->strategy]->begin)
        strategies[c->strategy]->begin(c);
}

static void record_choice(struct chip_control *c, uint32_t from, uint32_t to, const uint16_t *list,
                          uint32_t n) {
    if (c->choice_count >= CHIP_MAX_CHOICES) {
        c->choice_lost++;
        return;
    }
    if (c->off_options) {
        struct chip_option *o = chip_control_options(c) + c->choice_count;
        *o = (struct chip_option){{0, 0}};
        for (uint32_t i = 0; i < n; i++)
            o->mask[list[i] / 64] |= 1ull << list[i] % 64;
    }
    const struct chip_actor *a = &c->actors[from];
    struct chip_choice *w = chip_control_choices(c) + c->choice_count++;
    w->step = c->steps;
    w->from = (uint16_t)from;
    w->to = (uint16_t)to;
    w->point_kind = (uint16_t)a->point_kind;
    w->point = (uint16_t)a->point;
}

static uint32_t choose_one(struct chip_control *c, uint32_t from, const uint16_t *list,
                           uint32_t n) {
    const struct ctl_strategy *s = strategies[c->strategy];
    if (n == 1 && !s->sees_all)
        return list[0];
    uint32_t to = s->pick(c, from, list, n);
    if (n > 1 && to != CHIP_NO_ACTOR && c->strategy != CHIP_STRATEGY_REPLAY)
        record_choice(c, from, to, list, n);
    return to;
}

uint32_t ctl_choose(struct chip_control *c, uint32_t from, uint64_t real_ns) {
    uint16_t list[CHIP_MAX_ACTORS];
    bury(c, real_ns);
    if (c->steps > c->step_limit)
        ctl_end(c, CHIP_OUT_STEP_LIMIT);
    uint32_t n = 0;
    while (c->outcome == CHIP_OUT_RUNNING && (n = candidates(c, list, real_ns)) == 0)
        if (!ctl_io_look(c) && !make_progress(c, from, real_ns))
            return CHIP_NO_ACTOR;
    if (c->outcome != CHIP_OUT_RUNNING)
        return CHIP_NO_ACTOR;
    return choose_one(c, from, list, n);
}
