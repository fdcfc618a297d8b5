/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hang.c - the class of a hang.
 *
 * Who waits for a lock, a thread or a child waits for an actor: these waits form a graph in which
 * each actor has at most one way on. A cycle in it is a deadlock, a way that ends at a dead actor
 * is the wait for a dead rank. All other waits are for something to happen, and what tells a lost
 * wake-up from one that never was is the word that is waited on, and the record of wake-ups.
 */
#include "harness/run/hang.h"

#include <inttypes.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/wait.h>

const char *hang_class_word(enum hang_class kind) {
#define CHIP_X(id, word) word,
    static const char *const words[] = {HANG_CLASSES(CHIP_X)};
#undef CHIP_X
    return words[kind];
}

void hang_read_words(struct chip_control *c) {
    for (uint32_t i = 0; i < c->actor_count; i++) {
        struct chip_actor *a = &c->actors[i];
        uint32_t word = 0;
        if (a->state != CHIP_STATE_WAITING || a->wait_kind != CHIP_WAIT_FUTEX || !a->wait_address)
            continue;
        struct iovec here = {&word, sizeof word};
        struct iovec there = {(void *)(uintptr_t)a->wait_address, sizeof word};
        a->word_known = process_vm_readv(a->pid, &here, 1, &there, 1, 0) == sizeof word;
        a->word_now = word;
    }
}

static const char *name_of(struct judging *j, uint32_t actor) {
    char buf[CHR_LABEL_LEN];
    return j->rec ? judge_text(j, "%s", chr_actor_label(j->rec, actor, buf)) : "an actor";
}

static bool waits(const struct chip_actor *a) {
    return a->state == CHIP_STATE_WAITING;
}

/* Whom it waits for; CHIP_NO_ACTOR if that is nobody in particular. */
static uint32_t awaited_actor(const struct chip_control *c, uint32_t i) {
    const struct chip_actor *a = &c->actors[i];
    uint32_t who = CHIP_NO_ACTOR;
    if (!waits(a))
        return who;
    switch (a->wait_kind) {
    case CHIP_WAIT_MUTEX:
    case CHIP_WAIT_RWLOCK:
    case CHIP_WAIT_ONCE:
        who = a->wait_owner;
        break;
    case CHIP_WAIT_JOIN:
    case CHIP_WAIT_CHILD:
        who = a->wait_object;
        break;
    default:
        break;
    }
    return who < c->actor_count ? who : CHIP_NO_ACTOR;
}

static const char *link_text(struct judging *j, uint32_t i) {
    const struct chip_actor *a = &j->c->actors[i];
    const char *from = name_of(j, i), *to = name_of(j, awaited_actor(j->c, i));
    switch (a->wait_kind) {
    case CHIP_WAIT_JOIN:
    case CHIP_WAIT_CHILD:
        return judge_text(j, "%s waits for the end of %s", from, to);
    case CHIP_WAIT_ONCE:
        return judge_text(j, "%s waits for the once that %s runs", from, to);
    default:
        return judge_text(j, "%s waits for a %s that %s holds", from,
                          chr_wait_kind_name(a->wait_kind), to);
    }
}

static uint64_t last_seq(const struct judging *j, uint32_t actor, uint32_t kind) {
    for (size_t i = j->rec ? chr_event_count(j->rec) : 0; i-- > 0;) {
        const struct chip_event *e = chr_event(j->rec, i);
        if (e->actor == actor && e->kind == kind)
            return e->seq;
    }
    return CHR_NO_SEQ;
}

static bool find_cycle(struct judging *j, struct hang_finding *out) {
    const struct chip_control *c = j->c;
    for (uint32_t start = 0; start < c->actor_count; start++) {
        uint32_t at = start, length = 0;
        do {
            at = awaited_actor(c, at);
            length++;
        } while (at != CHIP_NO_ACTOR && at != start && length <= c->actor_count);
        if (at != start)
            continue;
        const char *why = link_text(j, start);
        for (at = awaited_actor(c, start); at != start; at = awaited_actor(c, at))
            why = judge_text(j, "%s, %s", why, link_text(j, at));
        out->kind = HANG_CYCLE;
        out->why = why;
        out->seq[0] = last_seq(j, start, CHIP_EV_WAIT);
        if (length > 1)
            out->seq[1] = last_seq(j, awaited_actor(c, start), CHIP_EV_WAIT);
        return true;
    }
    return false;
}

static bool find_dead_owner(struct judging *j, struct hang_finding *out) {
    const struct chip_control *c = j->c;
    for (uint32_t i = 0; i < c->actor_count; i++) {
        uint32_t owner = awaited_actor(c, i);
        if (owner == CHIP_NO_ACTOR || c->actors[owner].state != CHIP_STATE_DEAD)
            continue;
        out->kind = HANG_DEAD;
        out->why = judge_text(j, "%s, which is dead", link_text(j, i));
        out->seq[0] = last_seq(j, i, CHIP_EV_WAIT);
        out->seq[1] = last_seq(j, owner, CHIP_EV_EXIT);
        return true;
    }
    return false;
}

static bool find_changed_word(struct judging *j, struct hang_finding *out) {
    for (uint32_t i = 0; i < j->c->actor_count; i++) {
        const struct chip_actor *a = &j->c->actors[i];
        if (!waits(a) || a->wait_kind != CHIP_WAIT_FUTEX || !a->word_known ||
            a->word_now == (uint32_t)a->wait_value)
            continue;
        out->kind = HANG_LOST;
        out->why = judge_text(j,
                              "%s sleeps while a word is %" PRIu64 ", it is %" PRIu64
                              " by now, and nobody woke it",
                              name_of(j, i), a->wait_value, a->word_now);
        out->seq[0] = last_seq(j, i, CHIP_EV_WAIT);
        return true;
    }
    return false;
}

/* The last wake-up of what this actor waits for, if it came before the wait and found nobody. */
static const struct chip_event *wake_in_vain(const struct judging *j, uint32_t actor) {
    const struct chip_actor *a = &j->c->actors[actor];
    for (size_t i = j->rec ? chr_event_count(j->rec) : 0; i-- > 0;) {
        const struct chip_event *e = chr_event(j->rec, i);
        if (e->kind == CHIP_EV_WAKE && e->f[0] == a->wait_object && e->f[1] == a->wait_offset &&
            e->actor != actor)
            return e->seq < a->wait_seq && e->f[2] == 0 ? e : NULL;
    }
    return NULL;
}

static bool find_wake_in_vain(struct judging *j, struct hang_finding *out) {
    for (uint32_t i = 0; i < j->c->actor_count; i++) {
        const struct chip_actor *a = &j->c->actors[i];
        bool forgets =
            a->wait_kind == CHIP_WAIT_COND || (a->wait_kind == CHIP_WAIT_FUTEX && !a->word_known);
        const struct chip_event *wake = waits(a) && forgets ? wake_in_vain(j, i) : NULL;
        if (!wake)
            continue;
        out->kind = HANG_LOST;
        out->why =
            judge_text(j, "%s waits for a %s that %s signalled before, when nobody waited",
                       name_of(j, i), chr_wait_kind_name(a->wait_kind), name_of(j, wake->actor));
        out->seq[0] = wake->seq;
        out->seq[1] = last_seq(j, i, CHIP_EV_WAIT);
        return true;
    }
    return false;
}

/* Waits for something to happen, rather than for somebody. */
static bool waits_for_event(const struct chip_actor *a) {
    if (!waits(a))
        return false;
    switch (a->wait_kind) {
    case CHIP_WAIT_FUTEX:
    case CHIP_WAIT_COND:
    case CHIP_WAIT_SEM:
    case CHIP_WAIT_BARRIER:
    case CHIP_WAIT_IO:
    case CHIP_WAIT_POLL:
    case CHIP_WAIT_SPIN:
        return true;
    default:
        return false;
    }
}

static uint32_t first_waiting(const struct chip_control *c) {
    for (uint32_t i = 0; i < c->actor_count; i++)
        if (waits_for_event(&c->actors[i]))
            return i;
    return CHIP_NO_ACTOR;
}

/* A process that was killed or crashed, or one that stands at a barrier for ever. */
static bool died_early(const struct chip_actor *a) {
    return a->state == CHIP_STATE_DEAD && (a->planned_death || a->wait_kind == CHIP_WAIT_BARRIER ||
                                           (a->status != -1 && WIFSIGNALED(a->status)));
}

static bool find_dead_peer(struct judging *j, struct hang_finding *out) {
    const struct chip_control *c = j->c;
    uint32_t waiting = first_waiting(c);
    for (uint32_t i = 0; i < c->actor_count && waiting != CHIP_NO_ACTOR; i++) {
        if (!died_early(&c->actors[i]))
            continue;
        out->kind = HANG_DEAD;
        out->why = judge_text(j, "%s waits, and %s died before it came there", name_of(j, waiting),
                              name_of(j, i));
        out->seq[0] = last_seq(j, waiting, CHIP_EV_WAIT);
        out->seq[1] = last_seq(j, i, CHIP_EV_EXIT);
        return true;
    }
    return false;
}

static bool find_spinning(struct judging *j, struct hang_finding *out) {
    for (uint32_t i = 0; i < j->c->actor_count; i++) {
        const struct chip_actor *a = &j->c->actors[i];
        if (!waits(a) || a->wait_kind != CHIP_WAIT_SPIN)
            continue;
        out->kind = HANG_LIVELOCK;
        out->why = judge_text(
            j, "%s reads the same again and again, and nobody is left to write it", name_of(j, i));
        out->seq[0] = last_seq(j, i, CHIP_EV_WAIT);
        return true;
    }
    return false;
}

/* Others have used what the first one waits for, and all of them have ended. */
static bool find_ended_users(struct judging *j, struct hang_finding *out) {
    const struct chip_control *c = j->c;
    uint32_t waiting = first_waiting(c), user = CHIP_NO_ACTOR;
    if (waiting == CHIP_NO_ACTOR)
        return false;
    const struct chip_actor *a = &c->actors[waiting];
    for (size_t i = 0; j->rec && i < chr_event_count(j->rec); i++) {
        const struct chip_event *e = chr_event(j->rec, i);
        if ((e->kind != CHIP_EV_WAKE && e->kind != CHIP_EV_WAIT) || e->actor == waiting ||
            e->f[0] != a->wait_object || e->f[1] != a->wait_offset)
            continue;
        if (c->actors[e->actor].state != CHIP_STATE_DEAD)
            return false;
        user = e->actor;
    }
    if (user == CHIP_NO_ACTOR)
        return false;
    out->kind = HANG_DEAD;
    out->why = judge_text(j, "%s waits, and %s, the last that woke others there, has ended",
                          name_of(j, waiting), name_of(j, user));
    out->seq[0] = last_seq(j, waiting, CHIP_EV_WAIT);
    out->seq[1] = last_seq(j, user, CHIP_EV_EXIT);
    return true;
}

void hang_classify(struct judging *j, struct hang_finding *out) {
    *out = (struct hang_finding){.kind = HANG_LIVELOCK, .seq = {CHR_NO_SEQ, CHR_NO_SEQ}};
    if (j->c->outcome == CHIP_OUT_STEP_LIMIT) {
        out->why = judge_text(j, "%" PRIu64 " steps, and no end", j->c->steps);
        return;
    }
    if (find_cycle(j, out) || find_dead_owner(j, out) || find_changed_word(j, out) ||
        find_dead_peer(j, out) || find_wake_in_vain(j, out) || find_spinning(j, out) ||
        find_ended_users(j, out))
        return;
    if (j->c->outcome == CHIP_OUT_TIME_LIMIT) {
        out->why = "all look again and again, and what they wait for does not come";
        return;
    }
    uint32_t waiting = first_waiting(j->c);
    out->kind = HANG_MISSING;
    out->why = waiting == CHIP_NO_ACTOR
                   ? "nobody is left that could end a wait"
                   : judge_text(j, "nobody is left that would wake %s", name_of(j, waiting));
    if (waiting != CHIP_NO_ACTOR)
        out->seq[0] = last_seq(j, waiting, CHIP_EV_WAIT);
}
