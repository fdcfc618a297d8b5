/* SPDX-License-Identifier: Apache-2.0 */
/*
 * finish_steps.c - what must hold between the keys of a step, and between a step and those before
 * it. A step that is expected to fail may be as wrong as the scenario wants it.
 */
#include "harness/scenario/type.h"

#include <string.h>

enum { MALLOC = 0, FREE = 1, COPY_TO = 2, COPY_FROM = 3 };

static const struct {
    uint64_t buffers_min, buffers_max, scalars_min, scalars_max;
} kernels[] = {
#define CHS_X(id, word, b0, b1, s0, s1, help) {b0, b1, s0, s1},
    CHS_KERNELS(CHS_X)
#undef CHS_X
};

static bool may_fail(const struct chs_step *step) {
    return step->error.at.line != 0;
}

static void check_count(struct chs_ctx *ctx, struct chs_node *map, const char *key, uint64_t count,
                        uint64_t min, uint64_t max, int kernel) {
    struct chs_node *node = chs__get(map, key);
    struct chs_diag *diag;

    if (count >= min && count <= max)
        return;
    diag = chs__bad(ctx, node ? node : map, "the kernel %s cannot take %llu %s",
                    chs_kernel_word(kernel), (unsigned long long)count, key);
    if (min == max)
        chs__expected(ctx, diag, "%llu", (unsigned long long)min);
    else
        chs__expected(ctx, diag, "%llu to %llu", (unsigned long long)min, (unsigned long long)max);
    chs__diag_note(ctx->sink, diag, "%s: %s", chs_kernel_word(kernel),
                   chs__words(CHS_W_KERNEL)->list[kernel].help);
}

static void finish_task(struct chs_ctx *ctx, struct chs_node *node, struct chs_step *step) {
    uint64_t ranks = step->ranks;

    for (size_t i = 0; i < step->buffer_count; i++) {
        if (!chs__ranks_have(ctx, node, &ranks, step->buffers[i]))
            return;
    }
    if (ranks && ctx->ranks_known)
        step->ranks = ranks;
    if (may_fail(step))
        return;
    check_count(ctx, node, "buffers", step->buffer_count, kernels[step->kernel].buffers_min,
                kernels[step->kernel].buffers_max, step->kernel);
    check_count(ctx, node, "scalars", step->scalar_count, kernels[step->kernel].scalars_min,
                kernels[step->kernel].scalars_max, step->kernel);
}

static const char *const control_keys[] = {"buffer", "of", "offset", "bytes", "data", "equals"};
enum { BUFFER = 1, OF = 2, OFFSET = 4, BYTES = 8, DATA = 16, EQUALS = 32, CONTROL_KEYS = 6 };

/* Keys that a command does not use. */
static bool refuse_keys(struct chs_ctx *ctx, struct chs_node *node, const struct chs_step *step,
                        unsigned allowed) {
    const char *list = "rank, command, id, error", *word;

    for (unsigned i = 0; i < CONTROL_KEYS; i++) {
        if (allowed & 1u << i)
            list = chs__arena_format(ctx->arena, "%s, %s", list, control_keys[i]);
    }
    for (unsigned i = 0; i < CONTROL_KEYS; i++) {
        struct chs_node *value = chs__get(node, control_keys[i]);

        if (!value || allowed & 1u << i)
            continue;
        word = chs__word_of(CHS_W_COMMAND, step->command);
        if (*word == '?')
            word = chs__arena_format(ctx->arena, "%llu", (unsigned long long)step->command);
        chs__expected(ctx,
                      chs__bad(ctx, value, "the command %s has no '%s'", word, control_keys[i]),
                      "%s", list);
        return false;
    }
    return true;
}

static bool need_key(struct chs_ctx *ctx, struct chs_node *node, const char *key,
                     const char *command) {
    if (chs__get(node, key))
        return true;
    chs__bad(ctx, node, "the command %s needs the key '%s'", command, key);
    return false;
}

static void finish_copy(struct chs_ctx *ctx, struct chs_node *node, struct chs_step *step) {
    bool to = step->command == COPY_TO;
    const char *command = to ? "copy_to" : "copy_from";

    if (!refuse_keys(ctx, node, step, (to ? DATA : EQUALS) | BUFFER | OF | OFFSET | BYTES))
        return;
    if (!chs__get(node, "buffer") == !chs__get(node, "of")) {
        chs__expected(ctx, chs__bad(ctx, node, "the command %s needs to know where", command),
                      "either buffer: NAME or of: ID");
        return;
    }
    if (to && !need_key(ctx, node, "data", command))
        return;
    if (!chs__ranks_have(ctx, node, &step->ranks, step->buffer))
        return;
    if (!may_fail(step))
        chs__check_bytes(ctx, node, step->buffer, step->offset, step->bytes, false);
}

/* `of` names memory that the same ranks allocated; a copy stays inside it. */
static void finish_of(struct chs_ctx *ctx, struct chs_node *node, const struct chs_step *step) {
    const struct chs_step *made;

    if (step->of == CHS_NONE)
        return;
    made = &ctx->steps[step->of];
    if (step->ranks & ~made->ranks) {
        chs__bad(ctx, chs__get(node, "of"), "not every rank here allocated '%s'", made->id);
        return;
    }
    if (may_fail(step) || step->command == FREE)
        return;
    if (step->offset > made->bytes ||
        (step->bytes != CHS_REST && step->bytes > made->bytes - step->offset))
        chs__expected(ctx, chs__bad(ctx, node, "beyond the end of '%s'", made->id),
                      "at most its %llu bytes", (unsigned long long)made->bytes);
}

static void finish_control(struct chs_ctx *ctx, struct chs_node *node, struct chs_step *step) {
    switch (step->command) {
    case MALLOC:
        if (refuse_keys(ctx, node, step, BYTES))
            need_key(ctx, node, "bytes", "malloc");
        break;
    case FREE:
        if (refuse_keys(ctx, node, step, OF))
            need_key(ctx, node, "of", "free");
        break;
    case COPY_TO:
    case COPY_FROM:
        finish_copy(ctx, node, step);
        break;
    default:
        refuse_keys(ctx, node, step, 0);
        break;
    }
    finish_of(ctx, node, step);
}

static bool uses_chips(const struct chs_step *step) {
    switch (step->kind) {
    case CHS_STEP_SUBMIT:
    case CHS_STEP_WAIT:
    case CHS_STEP_DRAIN:
    case CHS_STEP_RUN:
    case CHS_STEP_CONTROL:
    case CHS_STEP_KILL:
        return true;
    case CHS_STEP_CHECK:
        return step->place == CHS_PLACE_WINDOW;
    default:
        return false;
    }
}

/* What the steps so far have made, and whether this one can do without it. */
static void follow(struct chs_ctx *ctx, const struct chs_node *node, const struct chs_step *step) {
    struct chs_diag *diag = NULL;

    if (!ctx->steps_unsure && !may_fail(step)) {
        if (uses_chips(step) && !ctx->started) {
            diag = chs__complain(ctx, node, "no chip runs at this step");
            chs__expected(ctx, diag, "init (or create and start) before it, and no close between");
        } else if (step->kind == CHS_STEP_START && !ctx->created) {
            diag = chs__complain(ctx, node, "nothing was created that could start");
            chs__expected(ctx, diag, "create before start, or init for both");
        } else if (step->kind == CHS_STEP_WAIT && step->ranks & ~ctx->submitted) {
            diag = chs__complain(ctx, node, "a rank here has no submitted task to wait for");
            chs__expected(ctx, diag, "submit before wait (run does both)");
        }
    }
    switch (step->kind) {
    case CHS_STEP_CREATE:
        ctx->created = true;
        break;
    case CHS_STEP_INIT:
        ctx->created = true;
        ctx->started = !may_fail(step);
        break;
    case CHS_STEP_START:
        ctx->started = !may_fail(step);
        break;
    case CHS_STEP_SUBMIT:
        ctx->submitted |= step->ranks;
        break;
    case CHS_STEP_WAIT:
        ctx->submitted &= ~step->ranks;
        break;
    case CHS_STEP_DRAIN:
        ctx->submitted = 0;
        break;
    case CHS_STEP_CLOSE:
        ctx->created = ctx->started = false;
        ctx->submitted = 0;
        break;
    default:
        break;
    }
}

void chs__finish_step(struct chs_ctx *ctx, struct chs_node *node, int object,
                      struct chs_step *step) {
    switch (object) {
    case CHS_O_STEP_TASK:
        finish_task(ctx, node, step);
        break;
    case CHS_O_STEP_CONTROL:
        finish_control(ctx, node, step);
        break;
    case CHS_O_STEP_CHECK:
        if (chs__ranks_have(ctx, node, &step->ranks, step->buffer))
            chs__check_bytes(ctx, node, step->buffer, step->offset, step->bytes,
                             step->place == CHS_PLACE_STAGING);
        break;
    default:
        break;
    }
    if (!node->bad)
        follow(ctx, node, step);
}
