/* SPDX-License-Identifier: Apache-2.0 */
/*
 * story_pick.c - which events of a run its story shows.
 *
 * Every event gets a weight: decisive ones first, then what the plan did (holds, faults), what went
 * visibly wrong (crash, exit, unequal bytes), then publishing and observing steps, then the
 * neighbours of all these by their distance. The heaviest are shown in their order in time.
 */
#include "reports/story.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum {
    WEIGHT_DECISIVE = 10000,
    WEIGHT_WRONG = 8000,
    WEIGHT_PLAN = 7000,
    WEIGHT_LAST = 5000,
    WEIGHT_FLOW = 3000,
    WEIGHT_POINT = 1500,
    WEIGHT_ACCESS = 1200, /* below a probe: a program that has both named what matters */
    WEIGHT_REST = 400,
    WEIGHT_LEAST = 100, /* not worth a row */
    /* what an event loses for each one between it and the nearest decisive one */
    FADE_OUTSIDE = 200,
    FADE_BETWEEN = 50,
    FAR = 1000 /* beyond this the distance is all the same */
};

struct weighed {
    size_t event;
    int weight;
};

static bool ends_with(const char *s, const char *tail) {
    size_t n = strlen(s), t = strlen(tail);
    return n >= t && strcmp(s + n - t, tail) == 0;
}

/* A step by which one actor tells another something. */
static bool is_flow(const struct chip_event *ev) {
    const char *name = ev->kind == CHIP_EV_POINT ? chr_point_name(ev->point) : NULL;
    return name && (ends_with(name, ".publish") || ends_with(name, ".observe") ||
                    ends_with(name, ".advance") || ends_with(name, ".leave"));
}

static int own_weight(const struct chip_event *ev) {
    switch ((enum chip_event_kind)ev->kind) {
    case CHIP_EV_HOLD:
    case CHIP_EV_HOLD_MET:
    case CHIP_EV_HOLD_ENDED:
    case CHIP_EV_FAULT:
        return WEIGHT_PLAN;
    case CHIP_EV_CRASH:
        return WEIGHT_WRONG;
    case CHIP_EV_EXIT:
        return ev->f[1] ? WEIGHT_WRONG : WEIGHT_REST;
    case CHIP_EV_CHECK:
        return ev->f[1] ? WEIGHT_REST : WEIGHT_WRONG;
    case CHIP_EV_RESULT:
        return ev->f[1] ? WEIGHT_FLOW : WEIGHT_REST;
    case CHIP_EV_POINT:
        return is_flow(ev) ? WEIGHT_FLOW : WEIGHT_POINT;
    case CHIP_EV_CALL:
        return ev->f[1] ? WEIGHT_POINT : WEIGHT_REST / 2;
    case CHIP_EV_TIMEOUT:
    case CHIP_EV_CLOCK:
    case CHIP_EV_WAIT:
    case CHIP_EV_START:
    case CHIP_EV_STEP:
        return WEIGHT_REST;
    case CHIP_EV_ACCESS:
        return WEIGHT_ACCESS;
    case CHIP_EV_WAKE:
    case CHIP_EV_COUNT:
        return WEIGHT_REST / 4;
    }
    return 0;
}

/* How many events lie between i and the nearest decisive one; 0 if there is none at all. */
static size_t distance(const struct story *st, size_t i) {
    size_t best = st->decisive_count ? SIZE_MAX : 0;
    for (size_t k = 0; k < st->decisive_count; k++) {
        size_t d = st->decisive[k];
        size_t far = d > i ? d - i : i - d;
        best = far < best ? far : best;
    }
    return best;
}

static bool between_decisive(const struct story *st, size_t i) {
    return st->decisive_count > 1 && i >= st->decisive[0] &&
           i <= st->decisive[st->decisive_count - 1];
}

/* Actors that the decisive events and the holds are about, and the parent. Without any: all. */
static void mark_actors(const struct story *st, bool about[CHIP_MAX_ACTORS]) {
    bool any = false;
    for (size_t i = 0; i < st->decisive_count; i++)
        any = about[chr_event(st->rec, st->decisive[i])->actor] = true;
    for (size_t i = 0; any && i < chr_event_count(st->rec); i++) {
        const struct chip_event *ev = chr_event(st->rec, i);
        if (own_weight(ev) == WEIGHT_PLAN)
            about[ev->actor] = true;
    }
    for (uint32_t i = 0; i < CHIP_MAX_ACTORS; i++)
        if (!any || chr_control(st->rec)->actors[i].kind == CHIP_ACTOR_PARENT)
            about[i] = true;
}

/* Raises the last few events of every actor: what a stuck or dying actor did last. */
static void raise_last(const struct story *st, struct weighed *w, size_t n) {
    enum { LAST = 4 };
    unsigned seen[CHIP_MAX_ACTORS] = {0};
    for (size_t i = n; i-- > 0;) {
        const struct chip_event *ev = chr_event(st->rec, w[i].event);
        bool tells = ev->kind == CHIP_EV_POINT || ev->kind == CHIP_EV_WAIT ||
                     ev->kind == CHIP_EV_CALL || ev->kind == CHIP_EV_TIMEOUT ||
                     ev->kind == CHIP_EV_ACCESS;
        if (tells && seen[ev->actor]++ < LAST && w[i].weight < WEIGHT_LAST)
            w[i].weight = WEIGHT_LAST - (int)seen[ev->actor];
    }
}

static int heavier(const void *a, const void *b) {
    const struct weighed *x = a, *y = b;
    if (x->weight != y->weight)
        return x->weight < y->weight ? 1 : -1;
    return (x->event > y->event) - (x->event < y->event);
}

static int earlier(const void *a, const void *b) {
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x > y) - (x < y);
}

static int weigh(const struct story *st, size_t i, const bool about[CHIP_MAX_ACTORS]) {
    const struct chip_event *ev = chr_event(st->rec, i);
    if (chr__is_decisive(st, i))
        return WEIGHT_DECISIVE;
    int weight = own_weight(ev);
    if (weight >= WEIGHT_PLAN)
        return weight;
    size_t far = distance(st, i);
    weight -=
        (int)(far < FAR ? far : FAR) * (between_decisive(st, i) ? FADE_BETWEEN : FADE_OUTSIDE);
    return about[ev->actor] ? weight : weight / 4;
}

size_t chr__pick(const struct story *st, size_t rows[STORY_ROWS]) {
    bool about[CHIP_MAX_ACTORS] = {false};
    size_t n = chr_event_count(st->rec);
    struct weighed *w = malloc((n + 1) * sizeof *w);
    if (!w)
        return 0;
    mark_actors(st, about);
    for (size_t i = 0; i < n; i++)
        w[i] = (struct weighed){i, weigh(st, i, about)};
    if (st->decisive_count == 0 || chr__stuck(st->rec))
        raise_last(st, w, n);
    qsort(w, n, sizeof *w, heavier);
    size_t count = 0;
    while (count < n && count < STORY_ROWS && w[count].weight > WEIGHT_LEAST) {
        rows[count] = w[count].event;
        count++;
    }
    free(w);
    qsort(rows, count, sizeof *rows, earlier);
    return count;
}
