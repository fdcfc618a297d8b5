/* SPDX-License-Identifier: Apache-2.0 */
/*
 * finish.c - what must hold between the keys of buffers, contents, errors and catches. Called only
 * for objects whose keys are all right one by one.
 */
#include "harness/scenario/type.h"

#include <string.h>

static void finish_content(struct chs_ctx *ctx, struct chs_node *node,
                           struct chs_content *content) {
    const struct chs_node *fill = chs__get(node, "fill"), *pattern = chs__get(node, "pattern");
    struct chs_node *times = chs__get(node, "times"), *plus = chs__get(node, "plus");

    if (!fill == !pattern) {
        chs__expected(ctx,
                      chs__bad(ctx, node, "a content has %s",
                               fill ? "both fill and pattern" : "neither fill nor pattern"),
                      "{fill: BYTE}, {pattern: WORD} or initial");
        return;
    }
    if (fill && (times || plus)) {
        chs__bad(ctx, times ? times : plus, "times and plus belong to a pattern, not to fill");
        return;
    }
    content->form = fill ? CHS_CONTENT_FILL : CHS_CONTENT_PATTERN;
}

static void finish_error(struct chs_ctx *ctx, struct chs_node *node, struct chs_want_error *want) {
    struct chs_node *type = chs__get(node, "type");

    if (!node->count)
        chs__expected(ctx, chs__bad(ctx, node, "an expected error that says nothing"),
                      "at least one of type, code, says, prefix");
    else if (type && want->status == CHIP_OK)
        chs__bad(ctx, type, "OK is not an error; leave the key 'error' out");
}

static void finish_buffer(struct chs_ctx *ctx, struct chs_node *node, struct chs_buffer *buffer) {
    const struct chs_scenario *s = ctx->s;
    struct chs_node *host = chs__get(node, "host");

    buffer->dtype_size = chs__dtype_size((uint64_t)buffer->dtype);
    for (const struct chs_buffer *other = s->buffers; other != buffer; other++) {
        if (other->name && !strcmp(other->name, buffer->name)) {
            chs__bad(ctx, chs__get(node, "name"), "a second buffer '%s'; the first is in line %u",
                     buffer->name, other->at.line);
            return;
        }
    }
    if (!chs__get(node, "count")) {
        if (buffer->bytes % buffer->dtype_size) {
            chs__expected(ctx,
                          chs__bad(ctx, chs__get(node, "bytes"),
                                   "%llu bytes are no whole number of %s elements",
                                   (unsigned long long)buffer->bytes,
                                   chs__word_of(CHS_W_DTYPE, (uint64_t)buffer->dtype)),
                          "a multiple of %u", buffer->dtype_size);
            return;
        }
        buffer->count = buffer->bytes / buffer->dtype_size;
    }
    if (!chs__get(node, "staging_bytes"))
        buffer->staging_bytes = buffer->bytes;
    if (host && buffer->host.form == CHS_CONTENT_INITIAL)
        chs__bad(ctx, host, "'initial' cannot say what it is itself");
    else if (host && !buffer->staging)
        chs__bad(ctx, host, "the staging of this buffer is missing: it has no content");
    else if (host && !buffer->load_from_host && !buffer->store_to_host)
        chs__expected(ctx, chs__bad(ctx, host, "this buffer has no host staging"),
                      "load_from_host: true or store_to_host: true");
}

static void finish_catch(struct chs_ctx *ctx, struct chs_node *node, struct chs_catch *catch) {
    if (catch->verdict == CHS_VERDICT_PASS) {
        chs__expected(ctx,
                      chs__bad(ctx, chs__get(node, "verdict"), "a defect is not caught by a pass"),
                      "the verdict of a failure");
        return;
    }
    for (const struct chs_catch *other = ctx->s->catches; other != catch; other++) {
        if (other->defect && other->verdict == catch->verdict &&
            !strcmp(other->defect, catch->defect))
            chs__bad(ctx, chs__get(node, "defect"),
                     "'%s' with this verdict is listed before, in line %u", catch->defect,
                     other->at.line);
    }
}

bool chs__ranks_have(struct chs_ctx *ctx, struct chs_node *map, uint64_t *ranks, uint32_t buffer) {
    struct chs_node *node = chs__get(map, "rank");
    const struct chs_buffer *b;

    if (buffer == CHS_NONE || !ctx->ranks_known)
        return true;
    b = &ctx->s->buffers[buffer];
    if (!node || (node->kind == CHS_SCALAR && !strcmp(node->text, "all")))
        *ranks &= b->ranks;
    if (*ranks && !(*ranks & ~b->ranks))
        return true;
    chs__expected(
        ctx, chs__bad(ctx, node ? node : map, "not every rank here has the buffer '%s'", b->name),
        "ranks of its own `rank:` key, in line %u", b->at.line);
    return false;
}

void chs__check_bytes(struct chs_ctx *ctx, struct chs_node *map, uint32_t buffer, uint64_t offset,
                      uint64_t bytes, bool staging) {
    const struct chs_buffer *b;
    struct chs_node *node;
    uint64_t size;

    if (buffer == CHS_NONE || !ctx->buffers_known)
        return;
    b = &ctx->s->buffers[buffer];
    if (staging && (!b->staging || (!b->load_from_host && !b->store_to_host))) {
        chs__expected(
            ctx,
            chs__bad(ctx, chs__get(map, "buffer"), "the buffer '%s' has no host staging", b->name),
            "a buffer with load_from_host or store_to_host and its staging");
        return;
    }
    size = staging ? b->staging_bytes : b->bytes;
    if (offset <= size && (bytes == CHS_REST || bytes <= size - offset))
        return;
    node = chs__get(map, bytes != CHS_REST && offset <= size ? "bytes" : "offset");
    chs__expected(ctx,
                  chs__bad(ctx, node ? node : map, "beyond the end of the buffer '%s'", b->name),
                  "at most its %llu bytes", (unsigned long long)size);
}

/* A program of the user's own: nothing of libchip's scenarios beside it. */
static void finish_root(struct chs_ctx *ctx, struct chs_node *node, const struct chs_scenario *s) {
    struct chs_node *command = chs__get(node, "command"), *library = chs__get(node, "library");
    struct chs_node *faults = chs__get(node, "faults");

    if (!command && !library)
        return;
    if (command && library)
        chs__expected(ctx, chs__bad(ctx, library, "both command and library"), "one of the two");
    for (size_t i = 0; i < chs__row_count; i++) {
        const struct chs_row *row = &chs__rows[i];
        struct chs_node *other = chs__get(node, row->key);

        if (row->parent == CHS_O_ROOT && row->flags & CHS_STEPS_ONLY && other)
            chs__expected(ctx,
                          chs__bad(ctx, other, "'%s' has no meaning beside '%s'", row->key,
                                   command ? "command" : "library"),
                          "no such key, or steps on libchip instead of a program");
    }
    if (library && !s->ranks)
        chs__expected(ctx, chs__bad(ctx, chs__get(node, "ranks"), "a library runs in its ranks"),
                      "1 or more");
    for (size_t i = 0; i < s->fault_count; i++)
        if (s->faults[i].kind == CHS_FAULT_DMA)
            chs__bad(ctx, faults->items[i], "there is no device here that could fail a transfer");
}

void chs__finish(struct chs_ctx *ctx, struct chs_node *node, int object, void *base) {
    switch (object) {
    case CHS_O_ROOT:
        finish_root(ctx, node, base);
        break;
    case CHS_O_BUFFER:
        finish_buffer(ctx, node, base);
        break;
    case CHS_O_CONTENT:
        finish_content(ctx, node, base);
        break;
    case CHS_O_ERROR:
        finish_error(ctx, node, base);
        break;
    case CHS_O_CATCH:
        finish_catch(ctx, node, base);
        break;
    case CHS_O_HOLD:
        chs__finish_hold(ctx, node, base);
        break;
    case CHS_O_UNTIL:
    case CHS_O_MOMENT:
        chs__check_reachable(ctx, node, "passed", base);
        break;
    case CHS_O_SELECTOR:
        chs__check_reachable(ctx, node, "point", base);
        break;
    case CHS_O_FAIL:
    case CHS_O_FAULT_KILL:
    case CHS_O_FAULT_DMA:
    case CHS_O_DELAY:
        chs__finish_fault(ctx, node, object, base);
        break;
    case CHS_O_ORDER:
    case CHS_O_NEVER:
    case CHS_O_REACHED:
    case CHS_O_EXPECT_CONTENT:
    case CHS_O_EXIT:
        chs__finish_expect(ctx, node, object, base);
        break;
    default:
        if (object >= CHS_O_STEP_PLAIN && object <= CHS_O_STEP_NONE_LEFT)
            chs__finish_step(ctx, node, object, base);
        break;
    }
}
