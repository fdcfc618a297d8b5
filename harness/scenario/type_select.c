/* SPDX-License-Identifier: Apache-2.0 */
/*
 * type_select.c - selectors: an actor, a point (or a libc call) with [k], fields of the point.
 * They are written straight into a struct chip_match; its point is CHS_NO_POINT until a point was
 * understood, so that what depends on it is not judged.
 */
#include "harness/scenario/type.h"

#include <string.h>

void chs__type_actor(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
                     void *base) {
    static const char *const words[] = {"parent", "rank", "any"};
    struct chip_match *match = chs__at(base, row);
    struct chs_node number;
    struct chs_diag *diag;
    const char *text = node->kind == CHS_SCALAR ? node->text : "";

    if (!strcmp(text, "parent")) {
        match->actor_kind = CHIP_ACTOR_PARENT;
    } else if (!strcmp(text, "any")) {
        match->actor_kind = CHIP_ACTOR_ANY;
    } else if (!strncmp(text, "rank ", 5) && text[5] >= '0' && text[5] <= '9') {
        match->actor_kind = CHIP_ACTOR_RANK;
        number = *node;
        number.text = text + 5;
        if (!chs__rank(ctx, &number, &match->actor_index)) {
            match->actor_index = CHS_NONE;
            node->bad = true;
        }
    } else {
        diag = chs__bad_value(ctx, node, row);
        diag->nearest = chs_nearest(text, words, 3);
    }
}

/* "name[k]": the length of the name, and k if there is one. False if the brackets are wrong. */
static bool split_index(const char *text, size_t *length, uint64_t *index, bool *indexed) {
    const char *open = strchr(text, '[');
    const char *p;

    *indexed = open != NULL;
    *length = open ? (size_t)(open - text) : strlen(text);
    if (!open)
        return true;
    *index = 0;
    for (p = open + 1; *p >= '0' && *p <= '9'; p++) {
        *index = *index * 10 + (uint64_t)(*p - '0');
        if (*index > UINT32_MAX)
            return false;
    }
    return p > open + 1 && !strcmp(p, "]");
}

static void unknown_point(struct chs_ctx *ctx, struct chs_node *node, const char *name) {
    struct chs_diag *diag = chs__bad(ctx, node, "unknown point '%s'", chs__shown(ctx->arena, name));

    chs__expected(ctx, diag, "a name that `chipharness list points` prints, or a libc call");
    diag->nearest = chs__word_nearest(CHS_W_PROBE, name);
    if (!diag->nearest)
        diag->nearest = chs__word_nearest(CHS_W_CALL, name);
}

void chs__type_point(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
                     void *base) {
    struct chip_match *match = chs__at(base, row);
    const struct chs_word *word;
    uint64_t index = 0;
    size_t length;
    bool indexed;
    char *name;

    if (node->kind != CHS_SCALAR || chs__is_null(node)) {
        chs__bad_value(ctx, node, row);
        return;
    }
    if (!split_index(node->text, &length, &index, &indexed)) {
        chs__expected(ctx, chs__bad(ctx, node, "%s has a wrong index", chs__what(ctx->arena, node)),
                      "[k] with a number k from 0, as in d2h.chunk[1]");
        return;
    }
    name = chs__arena_copy(ctx->arena, node->text, length);
    word = chs__word_find(CHS_W_PROBE, name);
    match->point_kind = word ? CHIP_KIND_PROBE : CHIP_KIND_CALL;
    if (!word)
        word = chs__word_find(CHS_W_CALL, name);
    if (!word) {
        unknown_point(ctx, node, name);
        return;
    }
    match->point = (uint32_t)word->value;
    if (indexed)
        match->occurrence = index;
}

void chs__type_call(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
                    void *base) {
    struct chip_match *match = chs__at(base, row);
    const struct chs_word *word = chs__word(ctx, node, row->arg);

    if (!word)
        return;
    match->point_kind = CHIP_KIND_CALL;
    match->point = (uint32_t)word->value;
}

void chs__type_errno(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
                     void *base) {
    struct chs_fault *fault = base;
    uint32_t call = fault->plan.at.point;
    const struct chs_word *word;
    const char *names[32], *list = "";
    struct chs_diag *diag;
    const int *errnos;
    size_t count;

    if (call == CHS_NO_POINT) { /* the call is wrong: only the word can be judged */
        chs__word(ctx, node, row->arg);
        return;
    }
    errnos = chs__call_errnos(call, &count);
    word = node->kind == CHS_SCALAR ? chs__word_find(row->arg, node->text) : NULL;
    for (size_t i = 0; i < count && i < 32; i++) {
        if (word && errnos[i] == (int)word->value) {
            fault->plan.error = errnos[i];
            return;
        }
        names[i] = chs_errno_name(errnos[i]);
        list = chs__arena_format(ctx->arena, "%s%s%s", list, i ? ", " : "", names[i]);
    }
    if (node->kind != CHS_SCALAR || chs__is_null(node)) {
        chs__bad_value(ctx, node, row);
        return;
    }
    diag =
        chs__bad(ctx, node, word ? "%s cannot return %s" : "%s cannot return the unknown errno %s",
                 chs_point_name(CHIP_KIND_CALL, call), chs__what(ctx->arena, node));
    if (!count)
        chs__expected(ctx, diag, "another call: this one cannot fail");
    else
        chs__expected(ctx, diag, "%s", list);
    if (!word && count)
        diag->nearest = chs_nearest(node->text, names, count < 32 ? count : 32);
}

/* The ranks that a selector can mean: the actor's, the one of `rank` in where, or all. */
static uint64_t meant_ranks(struct chs_ctx *ctx, const struct chs_node *where,
                            const struct chip_match *match) {
    const struct chs_node *rank = chs__get(where, "rank");
    struct chs_row row = {.key = "rank", .type = CHS_T_RANK};
    struct chs_node copy;
    uint64_t value;

    if (rank && !rank->bad) {
        copy = *rank;
        if (chs__number(ctx, &copy, &row, &value) && value < CHS_MAX_RANKS)
            return UINT64_C(1) << value;
    }
    if (match->actor_kind == CHIP_ACTOR_RANK && match->actor_index < CHS_MAX_RANKS)
        return UINT64_C(1) << match->actor_index;
    return chs__all_ranks(ctx);
}

/* A buffer's index in the list of the chips that are meant: one number, or an error. */
static void where_buffer(struct chs_ctx *ctx, const struct chs_node *where, struct chs_node *node,
                         const struct chip_match *match, uint64_t *value) {
    uint64_t ranks = meant_ranks(ctx, where, match);
    uint32_t found = CHS_NONE, buffer = chs__buffer(ctx, node);

    if (buffer == CHS_NONE || !ctx->ranks_known)
        return;
    for (uint32_t rank = 0; rank < ctx->s->ranks; rank++) {
        uint32_t index = chs_buffer_index(ctx->s, buffer, rank);

        if (!(ranks >> rank & 1) || index == CHS_NONE)
            continue;
        if (found != CHS_NONE && found != index) {
            chs__expected(
                ctx,
                chs__bad(ctx, node, "buffer '%s' has another number on other ranks", node->text),
                "rank: N beside it");
            return;
        }
        found = index;
    }
    if (found == CHS_NONE)
        chs__bad(ctx, node, "none of the ranks meant has a buffer '%s'", node->text);
    else
        *value = found;
}

static bool is_number(const struct chs_node *node) {
    return node->kind == CHS_SCALAR && node->text[0] >= '0' && node->text[0] <= '9';
}

static void where_value(struct chs_ctx *ctx, const struct chs_node *where, const char *field,
                        struct chs_node *node, const struct chip_match *match, uint64_t *value) {
    struct chs_row row = {.key = field, .type = CHS_T_SIZES};
    bool boot = !strncmp(chs_point_name(CHIP_KIND_PROBE, match->point), "bootstrap.", 10);
    const struct chs_word *word = NULL;
    uint32_t rank;

    if (!strcmp(field, "state") && !is_number(node))
        word = chs__word(ctx, node, boot ? CHS_W_BOOT_STATE : CHS_W_STATE);
    else if (!strcmp(field, "error") && !is_number(node))
        word = chs__word(ctx, node, CHS_W_STATUS);
    else if (!strcmp(field, "command") && !is_number(node))
        word = chs__word(ctx, node, CHS_W_COMMAND);
    else if (!strcmp(field, "buffer") && !is_number(node))
        where_buffer(ctx, where, node, match, value);
    else if (!strcmp(field, "rank") && chs__rank(ctx, node, &rank))
        *value = rank;
    else if (strcmp(field, "rank"))
        chs__size(ctx, node, &row, value);
    if (word)
        *value = word->value;
}

static void where_field(struct chs_ctx *ctx, const struct chs_node *where, struct chs_pair *pair,
                        struct chip_match *match) {
    const char *const *fields = chs__point_fields(match->point);
    const char *names[CHIP_MATCH_FIELDS], *list = "";
    struct chs_diag *diag;
    size_t count = 0;

    for (size_t i = 0; i < CHIP_MATCH_FIELDS; i++) {
        if (!strcmp(fields[i], "_"))
            continue;
        if (!strcmp(fields[i], pair->key->text)) {
            where_value(ctx, where, fields[i], pair->value, match, &match->field[i]);
            return;
        }
        list = chs__arena_format(ctx->arena, "%s%s%s", list, count ? ", " : "", fields[i]);
        names[count++] = fields[i];
    }
    diag = chs__bad(ctx, pair->key, "the point %s has no field '%s'",
                    chs_point_name(CHIP_KIND_PROBE, match->point),
                    chs__shown(ctx->arena, pair->key->text));
    chs__expected(ctx, diag, "%s", list);
    diag->nearest = chs_nearest(pair->key->text, names, count);
}

void chs__type_where(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
                     void *base) {
    struct chip_match *match = chs__at(base, row);

    if (node->kind != CHS_MAP || !node->count) {
        chs__bad_value(ctx, node, row);
        return;
    }
    if (match->point == CHS_NO_POINT)
        return;
    if (match->point_kind == CHIP_KIND_CALL) {
        chs__expected(ctx,
                      chs__bad(ctx, node, "the libc call %s has no fields",
                               chs_point_name(match->point_kind, match->point)),
                      "no where: with a libc call");
        return;
    }
    for (size_t i = 0; i < node->count; i++)
        where_field(ctx, node, &node->pairs[i], match);
}
