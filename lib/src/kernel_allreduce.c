/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel_allreduce.c - one-phase all-reduce over the windows of a communicator.
 *
 * What must hold: no input is read before every rank is in the kernel (first barrier), and none
 * is overwritten before every rank has read it (second barrier; the sum waits in local memory
 * until then, so that `out` may be `in`). Ranks are added in order 0 .. n-1 everywhere: the
 * results agree bit for bit. If a barrier breaks, `out` is untouched.
 */
#include "kernel_internal.h"

#include <chip/probe.h>
#include <string.h>

static int meet(struct chip_kernel_ctx *ctx, struct chip_error *err) {
    if (comm_barrier(ctx->comm) == 0)
        return CHIP_OK;
    int rc = chip_comm_last_error(ctx->comm, err);
    return rc ? rc : chip_error_set(err, CHIP_E_BROKEN, "barrier failed");
}

static int check(struct chip_kernel_ctx *ctx, const struct chip_blob_view *args, float **in,
                 float **out, struct chip_error *err) {
    uint64_t n[2];
    int rc = chip__kernel_arity(args, 2, 0, err);
    if (rc)
        return rc;
    if (!ctx->context)
        return chip_error_set(err, CHIP_E_STATE, "all-reduce needs a communicator");
    if ((rc = chip__kernel_f32(ctx, args, 0, in, &n[0], err)) != 0 ||
        (rc = chip__kernel_f32(ctx, args, 1, out, &n[1], err)) != 0)
        return rc;
    if (n[0] != CHIP_ALLREDUCE_ELEMENTS || n[1] != CHIP_ALLREDUCE_ELEMENTS)
        return chip_error_set(err, CHIP_E_VALUE, "all-reduce takes %d elements, got %llu and %llu",
                              CHIP_ALLREDUCE_ELEMENTS, (unsigned long long)n[0],
                              (unsigned long long)n[1]);
    uint64_t at = chip__addr(*in);
    if (at < ctx->window_base ||
        !chip__range_ok(at - ctx->window_base, sizeof(float) * n[0], ctx->window_size))
        return chip_error_set(err, CHIP_E_VALUE, "all-reduce input is not in the window");
    return CHIP_OK;
}

int chip_kernel_allreduce_one_phase(struct chip_kernel_ctx *ctx, const struct chip_blob_view *args,
                                    struct chip_error *err) {
    float *in;
    float *out;
    float sum[CHIP_ALLREDUCE_ELEMENTS] = {0};
    int rc = check(ctx, args, &in, &out, err);
    if (rc)
        return rc;
    uint64_t offset = chip__addr(in) - ctx->window_base;

    CHIP_PROBE(KERNEL_STEP, ctx->chip, 0, 0, 0);
    if ((rc = meet(ctx, err)) != 0)
        return rc;
    CHIP_PROBE(KERNEL_STEP, ctx->chip, 1, 0, 0);
    for (uint32_t r = 0; r < ctx->nranks; r++) {
        const float *peer = chip__ptr(ctx->context->windowsIn[r] + offset);
        for (int i = 0; i < CHIP_ALLREDUCE_ELEMENTS; i++)
            sum[i] += peer[i];
    }
    CHIP_PROBE(KERNEL_STEP, ctx->chip, 2, 0, 0);
    if ((rc = meet(ctx, err)) != 0)
        return rc;
    CHIP_PROBE(KERNEL_STEP, ctx->chip, 3, 0, 0);
    memcpy(out, sum, sizeof sum);
    return CHIP_OK;
}
