/* SPDX-License-Identifier: Apache-2.0 */
/*
 * story_polls.c - where an actor did nothing but look for the same thing again and again.
 *
 * A wait in slices, or a loop over calls that find nothing new, fills a log with events that say
 * one thing. Such a series is one row of a story, at its first event: since then the actor waited.
 * An event that tells more (a point, a call with an effect, a step) ends a series.
 */
#include "reports/story.h"

#include <stdlib.h>

enum { SERIES_MIN = 3 };

struct series {
    const struct chip_event *key; /* NULL: none is open */
    uint64_t failures;            /* of the call poll.failing */
    struct chr_poll poll;
};

/* A call that looks, and saw nothing: its repetition is no news. */
static bool is_look(const struct chip_event *ev) {
    switch (ev->point) {
    case CHIP_CALL_waitpid:
    case CHIP_CALL_kill:
    case CHIP_CALL_poll:
    case CHIP_CALL_sched_yield:
        return ev->f[0] == 0;
    case CHIP_CALL_futex:
    case CHIP_CALL_nanosleep:
    case CHIP_CALL_clock_nanosleep:
    case CHIP_CALL_usleep:
    case CHIP_CALL_clock_gettime:
    case CHIP_CALL_gettimeofday:
    case CHIP_CALL_time:
        return true;
    default:
        return false;
    }
}

bool chr__is_quiet(const struct chip_event *ev) {
    return ev->kind == CHIP_EV_WAIT || ev->kind == CHIP_EV_TIMEOUT ||
           (ev->kind == CHIP_EV_CALL && is_look(ev));
}

static bool is_failure(const struct chip_event *ev) {
    return ev->kind == CHIP_EV_CALL && ev->f[1] != 0;
}

static bool same_look(const struct chip_event *a, const struct chip_event *b) {
    if (a->kind != b->kind || a->point != b->point)
        return false;
    bool word =
        a->kind == CHIP_EV_WAIT && (a->point == CHIP_WAIT_FUTEX || a->point == CHIP_WAIT_POLL);
    return word ? a->f[0] == b->f[0] && a->f[1] == b->f[1] : a->stack == b->stack;
}

static void close_series(struct story *st, struct series *s, bool lasting) {
    if (!s->key)
        return;
    s->key = NULL;
    if (s->poll.count < SERIES_MIN)
        return;
    s->poll.lasting = lasting;
    bool again = s->failures >= SERIES_MIN - 1; /* one failure is news, not a look */
    if (!again)
        s->poll.failing = SIZE_MAX;
    st->polls[st->poll_count++] = s->poll;
    for (size_t i = s->poll.first; i <= s->poll.last; i++) {
        const struct chip_event *ev = chr_event(st->rec, i);
        if (ev->actor == s->poll.actor && (chr__is_quiet(ev) || (again && is_failure(ev))))
            st->poll_of[i] = (uint32_t)st->poll_count;
    }
}

/* In a series of waits a call may be tried again and again, as long as it fails alike. */
static bool takes_failure(const struct story *st, struct series *s, size_t i) {
    const struct chip_event *ev = chr_event(st->rec, i);
    if (!s->key || s->key->kind != CHIP_EV_WAIT || !is_failure(ev) || chr__is_quiet(ev))
        return false;
    if (s->failures == 0)
        s->poll.failing = i;
    const struct chip_event *before = chr_event(st->rec, s->poll.failing);
    if (before->point != ev->point || before->stack != ev->stack || before->f[1] != ev->f[1])
        return false;
    s->failures++;
    s->poll.last = i;
    return true;
}

static void take(struct story *st, struct series *s, size_t i) {
    const struct chip_event *ev = chr_event(st->rec, i);
    if (takes_failure(st, s, i))
        return;
    if (!chr__is_quiet(ev)) {
        close_series(st, s, ev->kind == CHIP_EV_EXIT);
        return;
    }
    if (s->key && same_look(s->key, ev)) {
        s->poll.count++;
        s->poll.last = i;
        return;
    }
    /* Between two slices of a wait stand its timeout and the looks at whoever should answer. */
    if (ev->kind == CHIP_EV_TIMEOUT ||
        (s->key && s->key->kind == CHIP_EV_WAIT && ev->kind == CHIP_EV_CALL)) {
        s->poll.last = i;
        return;
    }
    close_series(st, s, false);
    s->key = ev;
    s->failures = 0;
    s->poll = (struct chr_poll){
        .first = i, .last = i, .count = 1, .failing = SIZE_MAX, .actor = ev->actor};
}

bool chr__polls_find(struct story *st) {
    size_t n = chr_event_count(st->rec);
    struct series open[CHIP_MAX_ACTORS] = {{0}};
    st->poll_count = 0;
    st->poll_of = calloc(n + 1, sizeof *st->poll_of);
    st->polls = calloc(n / SERIES_MIN + 1, sizeof *st->polls);
    if (!st->poll_of || !st->polls) {
        chr__polls_free(st);
        return false;
    }
    for (size_t i = 0; i < n; i++)
        if (chr_event(st->rec, i)->kind != CHIP_EV_CLOCK)
            take(st, &open[chr_event(st->rec, i)->actor], i);
    for (uint32_t a = 0; a < CHIP_MAX_ACTORS; a++)
        close_series(st, &open[a], true);
    return true;
}

void chr__polls_free(struct story *st) {
    free(st->poll_of);
    free(st->polls);
    st->poll_of = NULL;
    st->polls = NULL;
}

const struct chr_poll *chr__poll_lasting(const struct story *st, uint32_t actor) {
    for (size_t i = 0; i < st->poll_count; i++)
        if (st->polls[i].lasting && st->polls[i].actor == actor)
            return &st->polls[i];
    return NULL;
}
