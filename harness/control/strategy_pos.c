/* SPDX-License-Identifier: Apache-2.0 */
/*
 * strategy_pos.c - partial order sampling (Yuan, Yang, Gu: Partial order aware concurrency
 * sampling, CAV 2018).
 *
 * Each step that an actor is about to make has a random score, and the highest runs. The steps
 * that conflict with it then get new scores: orders of conflicting steps are what differs between
 * two runs, and so they are sampled more evenly than by a walk.
 */
#include "harness/control/strategy.h"

#include <string.h>

static const char *const names[CHIP_POINT_COUNT] = {
#define CHIP_X(id, name, ...) [CHIP_POINT_##id] = name,
    CHIP_POINTS(CHIP_X)
#undef CHIP_X
};

static bool same_family(uint32_t a, uint32_t b) {
    if (a >= CHIP_POINT_COUNT || b >= CHIP_POINT_COUNT)
        return a == b;
    size_t n = strcspn(names[a], ".");
    return strncmp(names[a], names[b], n) == 0 && (names[b][n] == '.' || !names[b][n]);
}

/* Fields of an access: object, offset, bytes | enum chip_access << 16, value. */
static bool accesses_meet(const uint64_t *a, const uint64_t *b) {
    uint64_t a_bytes = a[2] & 0xffff, b_bytes = b[2] & 0xffff;
    return a[0] == b[0] && a[1] < b[1] + b_bytes && b[1] < a[1] + a_bytes &&
           ((a[2] | b[2]) >> 16 & CHIP_ACCESS_WRITE);
}

bool ctl_conflict(const struct chip_actor *a, const struct chip_actor *b) {
    if (!a->pending && !b->pending)
        return a->wait_kind && a->wait_kind == b->wait_kind && a->wait_object == b->wait_object &&
               a->wait_offset == b->wait_offset;
    if (!a->pending || !b->pending || a->point_kind != b->point_kind)
        return false;
    switch (a->point_kind) {
    case CHIP_KIND_ACCESS:
        return accesses_meet(a->field, b->field);
    case CHIP_KIND_PROBE:
        return same_family(a->point, b->point);
    default:
        return a->point == b->point;
    }
}

static uint32_t pick_pos(struct chip_control *c, uint32_t from, const uint16_t *list, uint32_t n) {
    uint32_t to = list[0];
    if (c->steps > CTL_STRICT_STEPS) /* a very small score is not to keep anybody out for ever */
        return n > 1 ? ctl_pick_random(c, from, list, n) : to;
    for (uint32_t i = 0; i < n; i++) {
        if (!c->priority[list[i]])
            c->priority[list[i]] = ctl_random(&c->rng) | 1;
        if (c->priority[list[i]] > c->priority[to])
            to = list[i];
    }
    for (uint32_t i = 0; i < n; i++)
        if (list[i] != to && ctl_conflict(&c->actors[to], &c->actors[list[i]]))
            c->priority[list[i]] = 0;
    c->priority[to] = 0; /* its next step is another one */
    return to;
}

const struct ctl_strategy ctl_strategy_pos = {pick_pos, NULL, true};
