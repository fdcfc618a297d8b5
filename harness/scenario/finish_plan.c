/* SPDX-License-Identifier: Apache-2.0 */
/* finish_plan.c - what must hold between the keys of a hold, a fault and an expectation. */
#include "harness/scenario/type.h"

#include <string.h>

/* Without [k]: the first time, or the first time that the fields match. */
static void first_time(const struct chs_node *map, struct chip_match *match) {
    if (match->occurrence == CHIP_ANY && !chs__get(map, "where"))
        match->occurrence = 0;
}

void chs__finish_hold(struct chs_ctx *ctx, struct chs_node *node, struct chs_hold *hold) {
    struct chs_node *until = chs__get(node, "until"), *length = chs__get(node, "for");
    struct chs_node *clock = chs__get(node, "clock");

    first_time(node, &hold->plan.before);
    chs__check_reachable(ctx, node, "before", &hold->plan.before);
    if (!until && !length) {
        chs__expected(ctx, chs__bad(ctx, node, "a hold that would never end"),
                      "until: {actor: ..., passed: ...}, for: DURATION, or both");
        return;
    }
    if (length && clock && !hold->plan.clock_runs) {
        chs__expected(ctx, chs__bad(ctx, clock, "the clock cannot stop during a hold with 'for'"),
                      "clock: runs, or no 'for'");
        return;
    }
    if (length)
        hold->plan.clock_runs = 1;
    if (until && hold->plan.until.actor_kind == hold->plan.before.actor_kind &&
        hold->plan.until.actor_kind != CHIP_ACTOR_ANY &&
        hold->plan.until.actor_index == hold->plan.before.actor_index)
        chs__expected(ctx,
                      chs__bad(ctx, until, "the held actor cannot pass a point while it is held"),
                      "another actor");
}

static bool has_path(uint32_t call) {
    return call == CHIP_CALL_shm_open || call == CHIP_CALL_shm_unlink ||
           call == CHIP_CALL_memfd_create || call == CHIP_CALL_open;
}

static void check_path(struct chs_ctx *ctx, struct chs_node *node, const struct chs_fault *fault) {
    struct chs_node *path = chs__get(node, "path");

    if (path && !has_path(fault->plan.at.point))
        chs__expected(ctx,
                      chs__bad(ctx, path, "%s has no path",
                               chs_point_name(CHIP_KIND_CALL, fault->plan.at.point)),
                      "a path with shm_open, shm_unlink, memfd_create or open only");
}

static void finish_kill(struct chs_ctx *ctx, struct chs_node *node, struct chs_fault *fault) {
    fault->plan.action = CHIP_FAULT_KILL;
    fault->plan.times = 1;
    if (fault->plan.at.actor_kind == CHIP_ACTOR_ANY)
        chs__expected(ctx, chs__bad(ctx, chs__get(node, "actor"), "'any' cannot be killed"),
                      "rank N or parent");
    else if (fault->plan.at.point_kind == CHIP_KIND_CALL && fault->plan.at.occurrence == CHIP_ANY)
        fault->plan.at.occurrence = 0;
    chs__check_reachable(ctx, node, "at", &fault->plan.at);
}

static void finish_delay(struct chs_ctx *ctx, struct chs_node *node, struct chs_fault *fault) {
    struct chs_node *call = chs__get(node, "call"), *at = chs__get(node, "at");
    struct chs_node *nth = chs__get(node, "nth"), *times = chs__get(node, "times");
    struct chip_match *match = &fault->plan.at;

    fault->plan.action = CHIP_FAULT_DELAY;
    if (!call == !at) {
        chs__expected(ctx,
                      chs__bad(ctx, node, "a delay has %s",
                               call ? "both call and at" : "neither call nor at"),
                      "call: NAME or at: POINT");
        return;
    }
    if (at && nth) {
        chs__expected(ctx, chs__bad(ctx, nth, "'nth' counts calls"), "at: point[k] with k from 0");
        return;
    }
    if (at && times && match->occurrence != CHIP_ANY) {
        chs__bad(ctx, times, "a point with [k] is passed once; it has no 'times'");
        return;
    }
    if (match->point_kind == CHIP_KIND_CALL && match->occurrence == CHIP_ANY)
        match->occurrence = nth ? fault->nth - 1 : 0;
    fault->nth = 0;
    if (match->point_kind == CHIP_KIND_CALL)
        check_path(ctx, node, fault);
    else if (chs__get(node, "path"))
        chs__bad(ctx, chs__get(node, "path"), "a point has no path");
    chs__check_reachable(ctx, node, "at", match);
}

void chs__finish_fault(struct chs_ctx *ctx, struct chs_node *node, int object,
                       struct chs_fault *fault) {
    switch (object) {
    case CHS_O_FAIL:
        fault->plan.action = CHIP_FAULT_ERRNO;
        fault->plan.at.occurrence -= 1; /* nth counts from 1 */
        check_path(ctx, node, fault);
        break;
    case CHS_O_FAULT_KILL:
        finish_kill(ctx, node, fault);
        break;
    case CHS_O_DELAY:
        finish_delay(ctx, node, fault);
        break;
    default: /* a DMA error is nothing of the control block */
        break;
    }
}

static void finish_reached(struct chs_ctx *ctx, struct chs_node *node, struct chs_expect *expect) {
    struct chs_node *times = chs__get(node, "times"), *least = chs__get(node, "at_least");
    struct chs_node *most = chs__get(node, "at_most");

    chs__check_reachable(ctx, node, "point", &expect->first);
    if (times && (least || most)) {
        chs__bad(ctx, times, "'times' says it all: no at_least or at_most beside it");
        return;
    }
    if (times) /* its row stored at_least, after that one's default */
        expect->at_most = expect->at_least;
    if (most && !least && expect->at_most < expect->at_least)
        expect->at_least = 0;
    if (expect->at_least > expect->at_most)
        chs__bad(ctx, most, "at_most is less than at_least");
    else if (least && !expect->at_least && !most)
        chs__expected(ctx, chs__bad(ctx, least, "at_least: 0 is always true"), "1 or more");
}

static void finish_exit(struct chs_ctx *ctx, struct chs_node *node, struct chs_expect *expect) {
    const struct chs_node *status = chs__get(node, "status"), *sig = chs__get(node, "signal");

    if (!status == !sig) {
        chs__expected(ctx,
                      chs__bad(ctx, node, "an exit has %s",
                               sig ? "both status and signal" : "neither status nor signal"),
                      "status: NUMBER or signal: WORD");
        return;
    }
    if (expect->first.actor_kind == CHIP_ACTOR_ANY) {
        chs__expected(ctx, chs__bad(ctx, chs__get(node, "actor"), "'any' has no exit of its own"),
                      "rank N or parent");
        return;
    }
    expect->by_signal = sig != NULL;
    expect->rank =
        expect->first.actor_kind == CHIP_ACTOR_PARENT ? CHS_NONE : expect->first.actor_index;
    memset(&expect->first, 0, sizeof(expect->first));
}

static void finish_moment(struct chs_ctx *ctx, struct chs_node *node, struct chs_expect *expect) {
    struct chs_node *at = chs__get(node, "at");

    if (expect->moment.actor_kind != CHIP_ACTOR_PARENT) {
        struct chs_node *actor = chs__get(at, "actor");

        chs__expected(ctx,
                      chs__bad(ctx, actor ? actor : at, "bytes are compared in the parent only"),
                      "actor: parent");
        return;
    }
    if (chs__ranks_have(ctx, node, &expect->ranks, expect->buffer))
        chs__check_bytes(ctx, node, expect->buffer, expect->offset, expect->bytes, true);
}

void chs__finish_expect(struct chs_ctx *ctx, struct chs_node *node, int object,
                        struct chs_expect *expect) {
    switch (object) {
    case CHS_O_ORDER:
        if (!memcmp(&expect->first, &expect->then, sizeof(expect->first)))
            chs__bad(ctx, chs__get(node, "then"), "an event cannot come before itself");
        break;
    case CHS_O_REACHED:
        finish_reached(ctx, node, expect);
        break;
    case CHS_O_EXIT:
        finish_exit(ctx, node, expect);
        break;
    case CHS_O_EXPECT_CONTENT:
        finish_moment(ctx, node, expect);
        break;
    default: /* never: what cannot be reached is a fine thing to expect */
        break;
    }
}
