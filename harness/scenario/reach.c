/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reach.c - selectors that no run can meet are errors: a point that the other side makes, a chip's
 * point that names another chip, a flush of a buffer that is never flushed, a barrier without a
 * communicator. Said before anything is forked, instead of as a vacuous run afterwards.
 */
#include "harness/scenario/type.h"

#include <string.h>

enum side { BOTH, CHILD, PARENT };
enum need { NOTHING, WINDOW, STORE, LOAD };

/* The first row whose word begins the point's name counts. */
static const struct {
    const char *begin;
    int side;
    int need;
} rules[] = {
    {"child.", CHILD, NOTHING},
    {"mailbox.result", CHILD, NOTHING},
    {"mailbox.read", PARENT, NOTHING},
    {"mailbox.poison", PARENT, NOTHING},
    {"mailbox.clear", PARENT, NOTHING},
    {"mailbox.", BOTH, NOTHING},
    {"task.", CHILD, NOTHING},
    {"control.", CHILD, NOTHING},
    {"d2h.", CHILD, STORE},
    {"h2d.", CHILD, LOAD},
    {"bootstrap.observe", PARENT, NOTHING},
    {"bootstrap.", CHILD, NOTHING},
    {"window.", CHILD, WINDOW},
    {"barrier.", CHILD, WINDOW},
    {"start.", PARENT, NOTHING},
    {"close.", PARENT, NOTHING},
    {"death.", PARENT, NOTHING},
    {"kernel.", CHILD, NOTHING},
};

static void rule_of(uint32_t point, int *side, int *need) {
    const char *name = chs_point_name(CHIP_KIND_PROBE, point);

    *side = BOTH;
    *need = NOTHING;
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (!strncmp(name, rules[i].begin, strlen(rules[i].begin))) {
            *side = rules[i].side;
            *need = rules[i].need;
            return;
        }
    }
}

static uint64_t field_of(const struct chip_match *match, const char *name) {
    const char *const *fields = chs__point_fields(match->point);

    for (int i = 0; i < CHIP_MATCH_FIELDS; i++) {
        if (!strcmp(fields[i], name))
            return match->field[i];
    }
    return CHIP_ANY;
}

/* The side that makes a mailbox state, or that waits for it. */
static int state_side(const struct chip_match *match, uint64_t state) {
    bool childs = state == 2 || state == 5;

    if (state > 5)
        return BOTH;
    if (match->point == CHIP_POINT_MAILBOX_PUBLISH)
        return childs ? CHILD : PARENT;
    if (match->point == CHIP_POINT_MAILBOX_OBSERVE && state != 0)
        return childs ? PARENT : CHILD;
    return BOTH;
}

static bool flushed(const struct chs_ctx *ctx, const struct chip_match *match, int need) {
    uint64_t wanted = field_of(match, "buffer"), rank_field = field_of(match, "rank");
    const struct chs_scenario *s = ctx->s;

    for (uint32_t i = 0; i < s->buffer_count; i++) {
        const struct chs_buffer *buffer = &s->buffers[i];

        if (!(need == STORE ? buffer->store_to_host : buffer->load_from_host))
            continue;
        if (!buffer->bytes)
            continue;
        for (uint32_t rank = 0; rank < s->ranks; rank++) {
            uint32_t index = chs_buffer_index(s, i, rank);

            if (index == CHS_NONE || (wanted != CHIP_ANY && wanted != index) ||
                (rank_field != CHIP_ANY && rank_field != rank))
                continue;
            if (match->actor_kind != CHIP_ACTOR_RANK || match->actor_index == rank)
                return true;
        }
    }
    return false;
}

static const char *actor_text(struct chs_ctx *ctx, const struct chip_match *match) {
    if (match->actor_kind == CHIP_ACTOR_PARENT)
        return "the parent";
    return chs__arena_format(ctx->arena, "rank %u", match->actor_index);
}

/* What is made by one side, and the actor is of the other. */
static bool check_side(struct chs_ctx *ctx, struct chs_node *node, const struct chip_match *match,
                       int side, const char *what) {
    struct chs_diag *diag;

    if ((side == CHILD && match->actor_kind == CHIP_ACTOR_PARENT) ||
        (side == PARENT && match->actor_kind == CHIP_ACTOR_RANK)) {
        diag = chs__bad(ctx, node, "%s never passes %s", actor_text(ctx, match), what);
        chs__expected(ctx, diag, side == CHILD ? "actor: rank N" : "actor: parent");
        return false;
    }
    if (side == CHILD && ctx->ranks_known && !ctx->s->ranks) {
        chs__bad(ctx, node, "nobody passes %s: the scenario has ranks: 0", what);
        return false;
    }
    return true;
}

static void check_needs(struct chs_ctx *ctx, struct chs_node *node, const struct chip_match *match,
                        int need, const char *name) {
    struct chs_diag *diag;

    if (need == WINDOW && !ctx->s->window) {
        diag = chs__bad(ctx, node, "nobody passes %s: the scenario has no communicator", name);
        chs__expected(ctx, diag, "window: SIZE, larger than 0");
    } else if ((need == STORE || need == LOAD) && ctx->buffers_known && ctx->ranks_known &&
               !flushed(ctx, match, need)) {
        diag = chs__bad(ctx, node, "%s is never passed: no such buffer is %s", name,
                        need == STORE ? "stored to the host" : "loaded from the host");
        chs__expected(ctx, diag, "a buffer with bytes and %s: true",
                      need == STORE ? "store_to_host" : "load_from_host");
    }
}

void chs__check_reachable(struct chs_ctx *ctx, struct chs_node *map, const char *key,
                          const struct chip_match *match) {
    struct chs_node *node = chs__get(map, key), *where = chs__get(map, "where");
    struct chs_node *actor = chs__get(map, "actor"), *rank_node = chs__get(where, "rank");
    const char *name;
    uint64_t rank, state;
    int side, need;

    if (!node || node->bad || (actor && actor->bad) || match->point == CHS_NO_POINT ||
        match->point_kind != CHIP_KIND_PROBE || chs_own_program(ctx->s))
        return; /* an own program may make any point anywhere */
    name = chs_point_name(match->point_kind, match->point);
    rule_of(match->point, &side, &need);
    if (!check_side(ctx, node, match, side, name))
        return;
    state = field_of(match, "state");
    if (state != CHIP_ANY &&
        !check_side(ctx, node, match, state_side(match, state),
                    chs__arena_format(ctx->arena, "%s with state %s", name, chs_state_name(state))))
        return;
    rank = field_of(match, "rank");
    if (side == CHILD && match->actor_kind == CHIP_ACTOR_RANK && rank != CHIP_ANY &&
        rank != match->actor_index && rank_node) {
        chs__expected(ctx,
                      chs__bad(ctx, rank_node, "%s of %s is never about rank %llu", name,
                               actor_text(ctx, match), (unsigned long long)rank),
                      "the actor's own rank, or no rank");
        return;
    }
    check_needs(ctx, node, match, need, name);
}
