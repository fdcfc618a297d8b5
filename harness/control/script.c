/* SPDX-License-Identifier: Apache-2.0 */
/*
 * script.c - selectors, and the holds of a scenario's script (G4).
 */
#include "harness/control/control.h"

bool ctl_match_actor(const struct chip_match *m, const struct chip_actor *a) {
    if (m->actor_kind == CHIP_ACTOR_ANY)
        return true;
    return m->actor_kind == a->kind && (a->kind == CHIP_ACTOR_PARENT || m->actor_index == a->index);
}

bool ctl_match(const struct chip_match *m, const struct chip_actor *a, uint32_t point_kind,
               uint32_t point, uint64_t occurrence, const uint64_t *field) {
    if (m->point_kind != point_kind || m->point != point || !ctl_match_actor(m, a))
        return false;
    if (m->occurrence != CHIP_ANY && m->occurrence != occurrence)
        return false;
    for (int i = 0; i < CHIP_MATCH_FIELDS; i++)
        if (m->field[i] != CHIP_ANY && m->field[i] != field[i])
            return false;
    return true;
}

static void hold_event(struct chip_control *c, uint32_t index, uint32_t kind, uint64_t real_ns) {
    const struct chip_hold *h = &c->holds[index];
    const struct chip_actor *a = &c->actors[h->held_actor];
    struct chip_event e = {.kind = (uint16_t)kind, .real_ns = real_ns, .stack = a->stack};
    e.point = a->point;
    e.f[0] = index;
    ctl_record(c, h->held_actor, &e);
}

/* The actor stands before a point: does a line of the script hold it there? */
static void hold_begin(struct chip_control *c, uint32_t actor, uint64_t real_ns) {
    struct chip_actor *a = &c->actors[actor];
    uint64_t occurrence = a->passed[ctl_point_slot(a->point_kind, a->point)];
    for (uint32_t i = 0; i < c->hold_count; i++) {
        struct chip_hold *h = &c->holds[i];
        if (h->reached || !ctl_match(&h->before, a, a->point_kind, a->point, occurrence, a->field))
            continue;
        h->reached = 1;
        if (h->met) /* what it waits for has happened already */
            continue;
        h->reached = 2;
        h->active = 1;
        h->held_actor = actor;
        h->held_since_ns = c->clock_ns;
        a->held_by = i + 1;
        hold_event(c, i, CHIP_EV_HOLD, real_ns);
        return;
    }
}

static void hold_let_go(struct chip_control *c, uint32_t index, uint32_t kind, uint64_t real_ns) {
    struct chip_hold *h = &c->holds[index];
    h->active = 0;
    c->actors[h->held_actor].held_by = 0;
    if (kind == CHIP_EV_HOLD_MET)
        h->met = 1;
    else
        h->ended = 1;
    hold_event(c, index, kind, real_ns);
}

void ctl_holds_apply(struct chip_control *c, uint32_t actor, uint64_t real_ns) {
    struct chip_actor *a = &c->actors[actor];
    if (a->pending && !a->held_by && a->state == CHIP_STATE_RUNNABLE)
        hold_begin(c, actor, real_ns);
}

void ctl_passed(struct chip_control *c, uint32_t actor, uint32_t point_kind, uint32_t point,
                uint64_t occurrence, const uint64_t *field, uint64_t real_ns) {
    const struct chip_actor *a = &c->actors[actor];
    for (uint32_t i = 0; i < c->hold_count; i++) {
        struct chip_hold *h = &c->holds[i];
        if (h->active && h->held_actor != actor)
            h->steps_while_held++;
        if (h->met || h->ended || !ctl_match(&h->until, a, point_kind, point, occurrence, field))
            continue;
        if (h->active)
            hold_let_go(c, i, CHIP_EV_HOLD_MET, real_ns);
        else
            h->met = 1;
    }
}

bool ctl_holds_expire(struct chip_control *c, uint64_t real_ns) {
    bool any = false;
    for (uint32_t i = 0; i < c->hold_count; i++) {
        struct chip_hold *h = &c->holds[i];
        if (h->active && h->until_time_ns != CHIP_NO_DEADLINE &&
            c->clock_ns - h->held_since_ns >= h->until_time_ns) {
            hold_let_go(c, i, CHIP_EV_HOLD_MET, real_ns);
            any = true;
        }
    }
    return any;
}

uint64_t ctl_holds_deadline(const struct chip_control *c) {
    uint64_t first = CHIP_NO_DEADLINE;
    for (uint32_t i = 0; i < c->hold_count; i++) {
        const struct chip_hold *h = &c->holds[i];
        if (!h->active || h->until_time_ns == CHIP_NO_DEADLINE)
            continue;
        uint64_t at = h->held_since_ns + h->until_time_ns;
        if (at < first)
            first = at;
    }
    return first;
}

uint32_t ctl_hold_stopping_clock(const struct chip_control *c) {
    uint32_t oldest = CHIP_MAX_HOLDS;
    for (uint32_t i = 0; i < c->hold_count; i++) {
        const struct chip_hold *h = &c->holds[i];
        if (!h->active || h->clock_runs || h->until_time_ns != CHIP_NO_DEADLINE)
            continue;
        if (oldest == CHIP_MAX_HOLDS || h->held_since_ns < c->holds[oldest].held_since_ns)
            oldest = i;
    }
    return oldest;
}

bool ctl_hold_end_any(struct chip_control *c, uint64_t real_ns) {
    for (uint32_t i = 0; i < c->hold_count; i++) {
        if (c->holds[i].active) {
            hold_let_go(c, i, CHIP_EV_HOLD_ENDED, real_ns);
            return true;
        }
    }
    return false;
}

void ctl_hold_end(struct chip_control *c, uint32_t index, uint64_t real_ns) {
    hold_let_go(c, index, CHIP_EV_HOLD_ENDED, real_ns);
}
