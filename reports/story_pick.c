/* SPDX-License-Identifier: Apache-2.0 */
/*
 * story_pick.c - which events of a run its story shows.
 *
 * Every event gets a weight: decisive ones first, then what the plan did (holds, faults), what went
 * visibly wrong (crash, exit, unequal bytes), then publishing and observing steps, then the
 * neighbours of all these by their distance. The heaviest are shown in their order in time, and
 * small gaps between them are filled: a row costs no more than saying that one is missing.
 *
 * A run without decisive events (a hang, say) is told around its anchors: deaths, faults, and the
 * moments at which somebody began to wait and never got further.
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
    /* what an event loses for each point between it and the nearest decisive one */
    FADE_OUTSIDE = 200,
    FADE_PLAN = 300,
    LOOKS_MANY = 20, /* a wait that long is worth a row */
    FADE_BETWEEN = 100,
    FAR = 1000, /* beyond this the distance is all the same */
    ANCHORS = 32,
    GAP_MAX = 4 /* events in a gap whose points are shown */
};

struct weighed {
    size_t event;
    int weight;
};

struct picking {
    const struct story *st;
    size_t n;
    struct weighed *weights;
    uint32_t *order; /* of each event: points before it */
    size_t anchors[ANCHORS];
    size_t anchor_count;
    bool about[CHIP_MAX_ACTORS];
    bool columns[CHIP_MAX_ACTORS]; /* who has a row by its weight */
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

/* How many points lie between i and the nearest anchor. */
static size_t distance(const struct picking *p, size_t i) {
    size_t best = p->anchor_count ? SIZE_MAX : 0;
    for (size_t k = 0; k < p->anchor_count; k++) {
        uint32_t a = p->order[p->anchors[k]], b = p->order[i];
        size_t far = a > b ? a - b : b - a;
        best = far < best ? far : best;
    }
    return best;
}

static bool between_decisive(const struct story *st, size_t i) {
    return st->decisive_count > 1 && i >= st->decisive[0] &&
           i <= st->decisive[st->decisive_count - 1];
}

static void add_anchor(struct picking *p, size_t i) {
    if (p->anchor_count < ANCHORS)
        p->anchors[p->anchor_count++] = i;
}

static void set_anchors(struct picking *p) {
    const struct story *st = p->st;
    for (size_t i = 0; i < st->decisive_count; i++)
        add_anchor(p, st->decisive[i]);
    if (st->decisive_count > 0 && !chr__stuck(st->rec))
        return;
    for (size_t i = 0; i < st->poll_count; i++)
        if (st->polls[i].lasting)
            add_anchor(p, st->polls[i].first);
    for (size_t i = 0; i < p->n; i++) {
        const struct chip_event *ev = chr_event(st->rec, i);
        if (ev->kind == CHIP_EV_FAULT || own_weight(ev) == WEIGHT_WRONG)
            add_anchor(p, i);
    }
    if (p->n > 0 && p->anchor_count == 0)
        add_anchor(p, p->n - 1);
}

/* The rank that a point of another actor is about. */
static void mark_other(struct picking *p, const struct chip_event *ev) {
    const struct chip_control *c = chr_control(p->st->rec);
    for (unsigned k = 0; k < CHIP_MATCH_FIELDS && ev->kind == CHIP_EV_POINT; k++) {
        const char *field = chr_field_name(ev->point, k);
        if (!field || strcmp(field, "rank") != 0)
            continue;
        for (uint32_t i = 0; i < c->actor_count; i++)
            if (c->actors[i].kind == CHIP_ACTOR_RANK && c->actors[i].index == ev->f[k])
                p->about[i] = true;
    }
}

/* Whose steps matter: the actors of the decisive events, those that these are about, those that
 * the plan held or struck, and the parent. Without decisive events, or if they leave the parent
 * alone: everybody. */
static void mark_actors(struct picking *p) {
    const struct story *st = p->st;
    const struct chip_control *c = chr_control(st->rec);
    bool others = false;
    for (size_t i = 0; i < st->decisive_count; i++) {
        const struct chip_event *ev = chr_event(st->rec, st->decisive[i]);
        p->about[ev->actor] = true;
        mark_other(p, ev);
    }
    for (size_t i = 0; st->decisive_count > 0 && i < p->n; i++) {
        const struct chip_event *ev = chr_event(st->rec, i);
        if (own_weight(ev) == WEIGHT_PLAN)
            p->about[ev->actor] = true;
    }
    for (uint32_t i = 0; i < c->actor_count; i++)
        others = others || (p->about[i] && c->actors[i].kind != CHIP_ACTOR_PARENT);
    for (uint32_t i = 0; i < c->actor_count; i++)
        if (!others || c->actors[i].kind == CHIP_ACTOR_PARENT)
            p->about[i] = true;
}

/* Raises the last points of every actor, and what it waits for: a stuck actor did that last. */
static void raise_last(struct picking *p) {
    enum { LAST = 3 };
    const struct story *st = p->st;
    unsigned seen[CHIP_MAX_ACTORS] = {0};
    for (size_t i = p->n; i-- > 0;) {
        const struct chip_event *ev = chr_event(st->rec, i);
        uint32_t poll = st->poll_of[i];
        bool tells = ev->kind == CHIP_EV_POINT || ev->kind == CHIP_EV_ACCESS ||
                     (ev->kind == CHIP_EV_WAIT && !poll && !seen[ev->actor]);
        if (!tells || seen[ev->actor]++ >= LAST)
            continue;
        int weight = WEIGHT_LAST - (int)seen[ev->actor];
        if (weight > p->weights[i].weight)
            p->weights[i].weight = weight;
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

/* 0: it is as any other wait. */
static int poll_weight(const struct story *st, const struct chr_poll *poll) {
    const struct chip_actor *a = &chr_control(st->rec)->actors[poll->actor];
    bool killed = a->state == CHIP_STATE_DEAD && WIFSIGNALED(a->status);
    if (poll->lasting && (killed || chr__stuck(st->rec)))
        return WEIGHT_LAST;
    return poll->count >= LOOKS_MANY ? WEIGHT_FLOW : 0;
}

static int weigh(const struct picking *p, size_t i) {
    const struct story *st = p->st;
    const struct chip_event *ev = chr_event(st->rec, i);
    uint32_t poll = st->poll_of[i];
    if (chr__is_decisive(st, i))
        return WEIGHT_DECISIVE;
    if ((poll && st->polls[poll - 1].first != i) || ev->kind == CHIP_EV_CLOCK)
        return 0;
    int weight = own_weight(ev);
    int lasting = poll ? poll_weight(st, &st->polls[poll - 1]) : 0;
    if (lasting)
        return lasting;
    bool hold = weight == WEIGHT_PLAN && ev->kind != CHIP_EV_FAULT;
    if (weight >= WEIGHT_PLAN && !hold)
        return weight;
    size_t far = distance(p, i);
    int fade = hold ? FADE_PLAN : between_decisive(st, i) ? FADE_BETWEEN : FADE_OUTSIDE;
    weight -= (int)(far < FAR ? far : FAR) * fade;
    return p->about[ev->actor] ? weight : weight / 4;
}

/* ---- gaps ---- */

static bool is_shown(const size_t *rows, size_t count, size_t event) {
    return bsearch(&event, rows, count, sizeof *rows, earlier) != NULL;
}

/* Told by another row: part of a series that is shown, waiting, looking and waking, the clock. */
static bool is_told(const struct story *st, const size_t *rows, size_t count, size_t i) {
    uint32_t poll = st->poll_of[i];
    const struct chip_event *ev = chr_event(st->rec, i);
    return ev->kind == CHIP_EV_CLOCK || ev->kind == CHIP_EV_WAKE || chr__is_quiet(ev) ||
           (poll && is_shown(rows, count, st->polls[poll - 1].first));
}

size_t chr__left_out(const struct story *st, const size_t *rows, size_t count, size_t from,
                     size_t to, size_t *one) {
    size_t n = 0;
    for (size_t i = from; i < to; i++)
        if (!is_told(st, rows, count, i)) {
            n++;
            *one = i;
        }
    return n;
}

/* Adds what the gap before row k (before the end, for k = count) has to say, at most `room` events:
 * its only one, or (points) the points of a small one between two rows. */
static size_t fill_gap(const struct picking *p, const size_t *rows, size_t count, size_t k,
                       bool points, size_t *add, size_t room) {
    size_t from = k > 0 ? rows[k - 1] + 1 : 0, to = k < count ? rows[k] : p->n;
    size_t one = 0, added = 0;
    size_t n = chr__left_out(p->st, rows, count, from, to, &one);
    bool edge = k == 0 || k == count;
    if (n == 0 || n > GAP_MAX || (n == 1) == points || (points && edge))
        return 0;
    for (size_t i = from; i < to && added < room; i++) {
        const struct chip_event *ev = chr_event(p->st->rec, i);
        if (p->columns[ev->actor] && !is_told(p->st, rows, count, i) &&
            (!points || ev->kind == CHIP_EV_POINT))
            add[added++] = i;
    }
    return added;
}

static size_t fill(struct picking *p, size_t rows[STORY_ROWS], size_t count, bool points,
                   size_t most) {
    size_t add[STORY_ROWS], added = 0;
    for (size_t k = 0; k <= count && added < most; k++)
        added += fill_gap(p, rows, count, k, points, add + added, most - added);
    memcpy(rows + count, add, added * sizeof *add);
    qsort(rows, count + added, sizeof *rows, earlier);
    return count + added;
}

/* The points of small gaps first; what then stands alone costs no more than to leave it out. */
static size_t fill_gaps(struct picking *p, size_t rows[STORY_ROWS], size_t count) {
    size_t actors = 0;
    for (size_t i = 0; i < count; i++) {
        bool *has = &p->columns[chr_event(p->st->rec, rows[i])->actor];
        actors += !*has;
        *has = true;
    }
    /* So many become a list, where one more actor takes no room. */
    for (size_t i = 0; i < CHIP_MAX_ACTORS && actors > 2; i++)
        p->columns[i] = true;
    count = fill(p, rows, count, true, STORY_FILLED);
    return fill(p, rows, count, false, STORY_ROWS - count);
}

/* Whether the shown events are about more than one task of a mailbox. */
static bool several_generations(const struct story *st, const size_t *rows, size_t count) {
    uint64_t first = 0;
    for (size_t i = 0; i < count; i++) {
        const struct chip_event *ev = chr_event(st->rec, rows[i]);
        for (unsigned k = 0; k < CHIP_MATCH_FIELDS && ev->kind == CHIP_EV_POINT; k++) {
            const char *field = chr_field_name(ev->point, k);
            bool is = field && strcmp(field, "generation") == 0 &&
                      ev->point < CHIP_POINT_BARRIER_ENTER && ev->f[k] != 0;
            if (is && first && ev->f[k] != first)
                return true;
            first = is ? ev->f[k] : first;
        }
    }
    return false;
}

static size_t choose(struct picking *p, size_t rows[STORY_ROWS]) {
    uint32_t points = 0;
    for (size_t i = 0; i < p->n; i++) {
        p->order[i] = points;
        points += chr_event(p->st->rec, i)->kind == CHIP_EV_POINT;
    }
    set_anchors(p);
    mark_actors(p);
    for (size_t i = 0; i < p->n; i++)
        p->weights[i] = (struct weighed){i, weigh(p, i)};
    if (chr__stuck(p->st->rec))
        raise_last(p);
    qsort(p->weights, p->n, sizeof *p->weights, heavier);
    size_t count = 0, most = p->st->decisive_count > 0 ? STORY_WEIGHED : STORY_STUCK;
    while (count < p->n && count < most && p->weights[count].weight > WEIGHT_LEAST) {
        rows[count] = p->weights[count].event;
        count++;
    }
    qsort(rows, count, sizeof *rows, earlier);
    return fill_gaps(p, rows, count);
}

size_t chr__pick(struct story *st, size_t rows[STORY_ROWS]) {
    struct picking p = {.st = st, .n = chr_event_count(st->rec)};
    size_t count = 0;
    p.weights = malloc((p.n + 1) * sizeof *p.weights);
    p.order = malloc((p.n + 1) * sizeof *p.order);
    if (p.weights && p.order)
        count = choose(&p, rows);
    free(p.order);
    free(p.weights);
    st->generations = several_generations(st, rows, count);
    return count;
}
