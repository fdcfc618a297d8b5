/* SPDX-License-Identifier: Apache-2.0 */
/* type_list.c - lists of simple values, and references to ranks, buffers and steps. */
#include "harness/scenario/type.h"

#include <string.h>

/* A list within the row's limits; NULL and an error otherwise. */
static struct chs_node *list_of(struct chs_ctx *ctx, struct chs_node *node,
                                const struct chs_row *row) {
    if (node->kind != CHS_LIST) {
        chs__bad_value(ctx, node, row);
        return NULL;
    }
    if (node->count < row->min || node->count > row->max) {
        chs__expected(ctx, chs__bad(ctx, node, "'%s' has %zu items", row->key, node->count),
                      "%llu to %llu", (unsigned long long)row->min, (unsigned long long)row->max);
        return NULL;
    }
    return node;
}

static void store_list(void *base, const struct chs_row *row, const void *items, size_t count) {
    void *place = chs__at(base, row);

    memcpy(place, &items, sizeof(items));
    memcpy((char *)place + sizeof(items), &count, sizeof(count));
}

void chs__type_names(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
                     void *base) {
    struct chs_row item = {.key = row->key, .type = CHS_T_NAME};
    const char **names;

    if (!list_of(ctx, node, row))
        return;
    names = chs__arena_array(ctx->arena, node->count, sizeof(const char *));
    for (size_t i = 0; i < node->count; i++)
        chs__type_name(ctx, node->items[i], &item, &names[i]);
    store_list(base, row, names, node->count);
}

void chs__type_argv(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
                    void *base) {
    const char **words;

    if (!list_of(ctx, node, row))
        return;
    words = chs__arena_array(ctx->arena, node->count, sizeof(const char *));
    for (size_t i = 0; i < node->count; i++) {
        struct chs_node *item = node->items[i];

        if (item->kind != CHS_SCALAR || chs__is_null(item) || (i == 0 && !*item->text)) {
            chs__expected(ctx,
                          chs__bad(ctx, item, "a word of a command cannot be %s",
                                   chs__what(ctx->arena, item)),
                          "%s", i ? "a word" : "a program");
            continue;
        }
        words[i] = chs__arena_copy(ctx->arena, item->text, strlen(item->text));
    }
    store_list(base, row, words, node->count);
}

static void check_repeated(struct chs_ctx *ctx, struct chs_node *node, const uint64_t *values) {
    for (size_t i = 1; i < node->count; i++) {
        /* seeds are few or in order; look at the last few and at the first ones */
        for (size_t j = i > 256 ? i - 256 : 0; j < i; j++) {
            if (values[i] == values[j] && !node->items[i]->bad && !node->items[j]->bad) {
                chs__bad(ctx, node->items[i], "seed %llu was given before",
                         (unsigned long long)values[i]);
                break;
            }
        }
    }
}

void chs__type_seeds(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
                     void *base) {
    struct chs_row count_row = *row, item = {.key = row->key, .type = CHS_T_SEEDS};
    uint64_t *seeds, count = 0;

    count_row.type = CHS_T_UINT;
    if (node->kind == CHS_SCALAR) {
        if (node->text[0] < '0' || node->text[0] > '9') {
            chs__bad_value(ctx, node, row);
            return;
        }
        if (!chs__number(ctx, node, &count_row, &count))
            return;
        seeds = chs__arena_array(ctx->arena, count, sizeof(*seeds));
        for (uint64_t i = 0; i < count; i++)
            seeds[i] = i + 1;
        store_list(base, row, seeds, count);
        return;
    }
    if (!list_of(ctx, node, row))
        return;
    seeds = chs__arena_array(ctx->arena, node->count, sizeof(*seeds));
    for (size_t i = 0; i < node->count; i++)
        chs__number(ctx, node->items[i], &item, &seeds[i]);
    check_repeated(ctx, node, seeds);
    store_list(base, row, seeds, node->count);
}

void chs__type_sizes(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
                     void *base) {
    struct chs_row item = {.key = row->key, .type = CHS_T_SIZES};
    uint64_t *values;

    if (!list_of(ctx, node, row))
        return;
    values = chs__arena_array(ctx->arena, node->count, sizeof(*values));
    for (size_t i = 0; i < node->count; i++)
        chs__size(ctx, node->items[i], &item, &values[i]);
    store_list(base, row, values, node->count);
}

uint64_t chs__all_ranks(const struct chs_ctx *ctx) {
    if (!ctx->ranks_known || !ctx->s->ranks)
        return 0;
    return UINT64_MAX >> (CHS_MAX_RANKS - ctx->s->ranks);
}

bool chs__rank(struct chs_ctx *ctx, struct chs_node *node, uint32_t *rank) {
    struct chs_row row = {.key = "rank", .type = CHS_T_RANK};
    struct chs_diag *diag;
    uint64_t value;

    if (!chs__number(ctx, node, &row, &value))
        return false;
    if (!ctx->ranks_known)
        return false;
    if (value < ctx->s->ranks) {
        *rank = (uint32_t)value;
        return true;
    }
    diag = chs__bad(ctx, node, "there is no rank %llu", (unsigned long long)value);
    if (ctx->s->ranks)
        chs__expected(ctx, diag, "0 to %llu: the scenario has ranks: %llu",
                      (unsigned long long)ctx->s->ranks - 1, (unsigned long long)ctx->s->ranks);
    else
        chs__expected(ctx, diag, "no rank at all: the scenario has ranks: 0");
    return false;
}

void chs__type_rank(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
                    void *base) {
    chs__rank(ctx, node, chs__at(base, row));
}

void chs__type_ranks(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
                     void *base) {
    uint64_t *mask = chs__at(base, row);
    uint32_t rank;

    if (node->kind == CHS_SCALAR && !strcmp(node->text, "all")) {
        *mask = chs__all_ranks(ctx);
        if (node->at.line && ctx->ranks_known && !ctx->s->ranks)
            chs__bad(ctx, node, "there is no rank: the scenario has ranks: 0");
    } else if (node->kind == CHS_SCALAR && node->text[0] >= '0' && node->text[0] <= '9') {
        if (chs__rank(ctx, node, &rank))
            *mask = UINT64_C(1) << rank;
    } else if (node->kind == CHS_LIST && node->count) {
        for (size_t i = 0; i < node->count; i++) {
            if (!chs__rank(ctx, node->items[i], &rank))
                continue;
            if (*mask & UINT64_C(1) << rank)
                chs__bad(ctx, node->items[i], "rank %u stands twice in the list", rank);
            *mask |= UINT64_C(1) << rank;
        }
    } else {
        chs__bad_value(ctx, node, row);
    }
}

uint32_t chs__buffer(struct chs_ctx *ctx, struct chs_node *node) {
    const char *names[CHS_MAX_BUFFERS];
    const struct chs_scenario *s = ctx->s;
    struct chs_diag *diag;
    size_t count = 0;

    if (node->bad)
        return CHS_NONE;
    if (node->kind != CHS_SCALAR || chs__is_null(node)) {
        diag = chs__bad(ctx, node, "a buffer cannot be %s", chs__what(ctx->arena, node));
        chs__expected(ctx, diag, "%s", chs__type_what(CHS_T_BUFFER));
        return CHS_NONE;
    }
    for (size_t i = 0; i < s->buffer_count; i++) {
        if (!s->buffers[i].name)
            continue;
        if (!strcmp(s->buffers[i].name, node->text))
            return (uint32_t)i;
        names[count++] = s->buffers[i].name;
    }
    if (!ctx->buffers_known) /* it may be one of those that are wrong */
        return CHS_NONE;
    diag = chs__bad(ctx, node, "unknown buffer %s", chs__what(ctx->arena, node));
    if (!count) {
        chs__expected(ctx, diag, "a name under buffers:, which has none");
        return CHS_NONE;
    }
    chs__expected(ctx, diag, "a name under buffers:, such as '%s'", names[0]);
    diag->nearest = chs_nearest(node->text, names, count);
    if (diag->nearest)
        diag->nearest = chs__arena_copy(&ctx->sink->arena, diag->nearest, strlen(diag->nearest));
    return CHS_NONE;
}

void chs__type_buffer(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
                      void *base) {
    *(uint32_t *)chs__at(base, row) = chs__buffer(ctx, node);
}

void chs__type_buffers(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
                       void *base) {
    uint32_t *indices;

    if (!list_of(ctx, node, row))
        return;
    indices = chs__arena_array(ctx->arena, node->count, sizeof(*indices));
    for (size_t i = 0; i < node->count; i++)
        indices[i] = chs__buffer(ctx, node->items[i]);
    store_list(base, row, indices, node->count);
}

void chs__type_step_ref(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
                        void *base) {
    if (node->kind != CHS_SCALAR || chs__is_null(node)) {
        chs__bad_value(ctx, node, row);
        return;
    }
    for (size_t i = 0; i < ctx->steps_done; i++) {
        const struct chs_step *step = &ctx->steps[i];

        if (!step->id || strcmp(step->id, node->text))
            continue;
        if (step->kind == CHS_STEP_CONTROL && step->command == 0) {
            *(uint32_t *)chs__at(base, row) = (uint32_t)i;
            return;
        }
        chs__expected(ctx, chs__bad(ctx, node, "the step '%s' is not a malloc", node->text), "%s",
                      chs__type_what(row->type));
        return;
    }
    chs__expected(
        ctx,
        chs__bad(ctx, node, "no step before this one has the id %s", chs__what(ctx->arena, node)),
        "%s", chs__type_what(row->type));
}
