/* SPDX-License-Identifier: Apache-2.0 */
/*
 * actors.c - the table of actors: adding, naming, waking and burying them.
 */
#include "harness/control/control.h"

#include <string.h>

uint32_t ctl_actor_add(struct chip_control *c, uint32_t forked_by) {
    if (c->actor_count >= CHIP_MAX_ACTORS) {
        c->overfull = CHIP_MAX_ACTORS;
        ctl_end(c, CHIP_OUT_OVERFULL);
        return CHIP_NO_ACTOR;
    }
    uint32_t i = c->actor_count;
    struct chip_actor *a = &c->actors[i];
    memset(a, 0, sizeof *a);
    a->kind = CHIP_ACTOR_PROCESS;
    a->index = i;
    a->forked_by = forked_by;
    a->process = i; /* a thread's creator sets another */
    a->wait_deadline = CHIP_NO_DEADLINE;
    a->status = -1; /* not known yet */
    a->state = CHIP_STATE_RUNNABLE;
    c->actor_count = i + 1;
    return i;
}

void ctl_actor_name(struct chip_control *c, uint32_t actor, uint32_t kind, uint32_t index) {
    struct chip_actor *a = &c->actors[actor];
    uint32_t incarnation = 0;
    const struct chip_actor *last = NULL;
    for (uint32_t i = 0; i < c->actor_count; i++) {
        const struct chip_actor *o = &c->actors[i];
        if (i == actor || o->kind != kind || o->index != index)
            continue;
        incarnation++;
        last = o;
    }
    a->kind = kind;
    a->index = index;
    a->incarnation = incarnation;
    /* "The third mailbox.publish of rank 0" counts over restarts of that rank. */
    if (last)
        memcpy(a->passed, last->passed, sizeof a->passed);
}

static void make_runnable(struct chip_actor *a, uint32_t result) {
    a->state = CHIP_STATE_RUNNABLE;
    a->wait_result = result;
    a->wait_kind = CHIP_WAIT_NONE;
}

static bool waits_for_io(const struct chip_actor *a) {
    return a->wait_kind == CHIP_WAIT_IO || a->wait_kind == CHIP_WAIT_POLL;
}

/* Could the death of that actor end this wait? Whoever is woken looks again. */
static bool death_matters(const struct chip_actor *a, uint32_t dead) {
    switch (a->wait_kind) {
    case CHIP_WAIT_CHILD:
    case CHIP_WAIT_MUTEX:
    case CHIP_WAIT_RWLOCK:
    case CHIP_WAIT_IO:
    case CHIP_WAIT_POLL:
        return true;
    case CHIP_WAIT_JOIN:
        return a->wait_object == dead;
    default:
        return false;
    }
}

static bool stands_at_barrier(const struct chip_actor *a, uint32_t object, uint64_t offset) {
    return (a->state == CHIP_STATE_WAITING || a->state == CHIP_STATE_DEAD) &&
           a->wait_kind == CHIP_WAIT_BARRIER && a->wait_object == object &&
           a->wait_offset == offset;
}

void ctl_actor_dead(struct chip_control *c, uint32_t actor, int status, uint64_t real_ns) {
    struct chip_actor *a = &c->actors[actor];
    if (a->state == CHIP_STATE_DEAD)
        return;
    a->state = CHIP_STATE_DEAD;
    a->status = status;
    if (a->held_by) {
        struct chip_hold *h = &c->holds[a->held_by - 1];
        h->active = 0;
        h->ended = 1;
        a->held_by = 0;
    }
    struct chip_event e = {.kind = CHIP_EV_EXIT, .real_ns = real_ns};
    e.f[0] = actor;
    e.f[1] = (uint32_t)status;
    ctl_record(c, actor, &e);
    for (uint32_t i = 0; i < c->actor_count; i++) {
        struct chip_actor *o = &c->actors[i];
        if (o->state == CHIP_STATE_WAITING && death_matters(o, actor))
            make_runnable(o, 1);
    }
}

uint32_t ctl_wake_kind(struct chip_control *c, uint32_t kind, uint32_t object, uint64_t offset,
                       uint32_t n) {
    uint32_t woken = 0;
    while (woken < n) {
        struct chip_actor *first = NULL;
        for (uint32_t i = 0; i < c->actor_count; i++) {
            struct chip_actor *o = &c->actors[i];
            if (o->state == CHIP_STATE_WAITING && o->wait_kind == kind &&
                o->wait_object == object && o->wait_offset == offset &&
                (!first || o->wait_seq < first->wait_seq))
                first = o;
        }
        if (!first)
            break;
        make_runnable(first, 1);
        woken++;
    }
    return woken;
}

uint32_t ctl_wake(struct chip_control *c, uint32_t object, uint64_t offset, uint32_t n) {
    return ctl_wake_kind(c, CHIP_WAIT_FUTEX, object, offset, n);
}

void ctl_wake_all_of(struct chip_control *c, uint32_t kind) {
    for (uint32_t i = 0; i < c->actor_count; i++)
        if (c->actors[i].state == CHIP_STATE_WAITING && c->actors[i].wait_kind == kind)
            make_runnable(&c->actors[i], 1);
}

void ctl_interrupt(struct chip_control *c, uint32_t actor) {
    struct chip_actor *a = &c->actors[actor];
    switch (a->state == CHIP_STATE_WAITING ? a->wait_kind : CHIP_WAIT_NONE) {
    case CHIP_WAIT_COND:
    case CHIP_WAIT_SEM:
    case CHIP_WAIT_SLEEP:
    case CHIP_WAIT_JOIN:
    case CHIP_WAIT_IO:
    case CHIP_WAIT_POLL:
        make_runnable(a, 1);
        break;
    default:
        break;
    }
}

bool ctl_barrier(struct chip_control *c, uint32_t object, uint64_t offset, uint32_t count) {
    uint32_t arrived = 1;
    for (uint32_t i = 0; i < c->actor_count; i++)
        arrived += stands_at_barrier(&c->actors[i], object, offset);
    if (arrived < count)
        return false;
    for (uint32_t i = 0; i < c->actor_count; i++) {
        struct chip_actor *o = &c->actors[i];
        if (!stands_at_barrier(o, object, offset))
            continue;
        if (o->state == CHIP_STATE_WAITING)
            make_runnable(o, 1);
        else
            o->wait_kind = CHIP_WAIT_NONE;
    }
    return true;
}

bool ctl_io_look(struct chip_control *c) {
    bool any = false;
    for (uint32_t i = 0; i < c->actor_count; i++) {
        struct chip_actor *o = &c->actors[i];
        if (o->state != CHIP_STATE_WAITING || !waits_for_io(o) || o->wait_value == c->steps)
            continue;
        make_runnable(o, 1);
        any = true;
    }
    return any;
}
