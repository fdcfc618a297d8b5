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
        if (o->state == CHIP_STATE_WAITING && o->wait_kind == CHIP_WAIT_CHILD)
            make_runnable(o, 1);
    }
}

uint32_t ctl_wake(struct chip_control *c, uint32_t object, uint64_t offset, uint32_t n) {
    uint32_t woken = 0;
    while (woken < n) {
        struct chip_actor *first = NULL;
        for (uint32_t i = 0; i < c->actor_count; i++) {
            struct chip_actor *o = &c->actors[i];
            if (o->state == CHIP_STATE_WAITING && o->wait_kind == CHIP_WAIT_FUTEX &&
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
