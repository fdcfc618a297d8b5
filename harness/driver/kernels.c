/* SPDX-License-Identifier: Apache-2.0 */
/* kernels.c - the kernels that a scenario may name: the library's, and a few that misbehave. */
#include "harness/driver/driver.h"

#include <chip/probe.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static int kernel_barrier(struct chip_kernel_ctx *ctx, const struct chip_blob_view *args,
                          struct chip_error *err) {
    if (!ctx->comm)
        return chip_error_set(err, CHIP_E_STATE, "no communicator");
    for (uint64_t round = 0; round < args->scalars[0]; round++) {
        CHIP_PROBE(KERNEL_STEP, ctx->chip, round, 0, 0);
        if (comm_barrier(ctx->comm) != 0)
            return chip_comm_last_error(ctx->comm, err);
    }
    return CHIP_OK;
}

static int kernel_sleep(struct chip_kernel_ctx *ctx, const struct chip_blob_view *args,
                        struct chip_error *err) {
    (void)ctx;
    struct timespec t = {(time_t)(args->scalars[0] / 1000000000ull),
                         (long)(args->scalars[0] % 1000000000ull)};
    if (nanosleep(&t, NULL) != 0)
        return chip_error_set(err, CHIP_E_OS, "nanosleep failed");
    return CHIP_OK;
}

static int kernel_empty(struct chip_kernel_ctx *ctx, const struct chip_blob_view *args,
                        struct chip_error *err) {
    (void)ctx;
    (void)args;
    (void)err;
    return CHIP_OK;
}

static int kernel_fail(struct chip_kernel_ctx *ctx, const struct chip_blob_view *args,
                       struct chip_error *err) {
    for (uint32_t i = 0; i < args->tensor_count; i++) {
        uint64_t bytes;
        if (chip_tensor_bytes(&args->tensors[i], &bytes, err) != CHIP_OK)
            return CHIP_E_VALUE;
        unsigned char stamp[4096];
        memset(stamp, 0xa5, sizeof stamp);
        for (uint64_t at = 0; at < bytes; at += sizeof stamp) {
            uint64_t n = bytes - at < sizeof stamp ? bytes - at : sizeof stamp;
            int r = chip_device_copy_to(ctx->device, args->tensors[i].data + at, stamp, n, err);
            if (r != CHIP_OK)
                return r;
        }
    }
    return chip_error_set(err, CHIP_E_TASK, "asked to fail");
}

static int kernel_crash(struct chip_kernel_ctx *ctx, const struct chip_blob_view *args,
                        struct chip_error *err) {
    (void)ctx;
    (void)args;
    (void)err;
    raise(SIGSEGV);
    return CHIP_OK;
}

__attribute__((noreturn)) static int kernel_spin(struct chip_kernel_ctx *ctx,
                                                 const struct chip_blob_view *args,
                                                 struct chip_error *err) {
    (void)ctx;
    (void)args;
    (void)err;
    for (;;)
        __asm__ volatile("" ::: "memory");
}

static int kernel_litter(struct chip_kernel_ctx *ctx, const struct chip_blob_view *args,
                         struct chip_error *err) {
    (void)ctx;
    (void)args;
    int fd = shm_open("/litter", O_RDWR | O_CREAT, 0600);
    if (fd < 0)
        return chip_error_sys(err, errno, "shm_open");
    close(fd);
    return CHIP_OK;
}

enum { OWN_KERNELS = 1000 };

static const struct {
    uint64_t id;
    chip_kernel_fn fn;
} by_word[CHS_KERNEL_COUNT] = {
    [CHS_KERNEL_FILL] = {CHIP_KERNEL_FILL, chip_kernel_fill},
    [CHS_KERNEL_VECTOR_ADD] = {CHIP_KERNEL_VECTOR_ADD, chip_kernel_vector_add},
    [CHS_KERNEL_ALLREDUCE] = {CHIP_KERNEL_ALLREDUCE_ONE_PHASE, chip_kernel_allreduce_one_phase},
    [CHS_KERNEL_BARRIER] = {OWN_KERNELS + CHS_KERNEL_BARRIER, kernel_barrier},
    [CHS_KERNEL_SLEEP] = {OWN_KERNELS + CHS_KERNEL_SLEEP, kernel_sleep},
    [CHS_KERNEL_EMPTY] = {OWN_KERNELS + CHS_KERNEL_EMPTY, kernel_empty},
    [CHS_KERNEL_FAIL] = {OWN_KERNELS + CHS_KERNEL_FAIL, kernel_fail},
    [CHS_KERNEL_CRASH] = {OWN_KERNELS + CHS_KERNEL_CRASH, kernel_crash},
    [CHS_KERNEL_SPIN] = {OWN_KERNELS + CHS_KERNEL_SPIN, kernel_spin},
    [CHS_KERNEL_LITTER] = {OWN_KERNELS + CHS_KERNEL_LITTER, kernel_litter},
    [CHS_KERNEL_UNREGISTERED] = {OWN_KERNELS + CHS_KERNEL_UNREGISTERED, NULL},
};

const struct chip_kernel *drv_kernels(size_t *count) {
    static struct chip_kernel table[CHS_KERNEL_COUNT];
    size_t n = 0;
    for (int k = 0; k < CHS_KERNEL_COUNT; k++)
        if (by_word[k].fn)
            table[n++] = (struct chip_kernel){by_word[k].id, chs_kernel_word(k), by_word[k].fn};
    *count = n;
    return table;
}

uint64_t drv_kernel_id(int kernel) {
    return by_word[kernel].id;
}
