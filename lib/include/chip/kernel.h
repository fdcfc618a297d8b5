/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel.h - what a kernel is, and the ones that libchip brings (runtime.md J).
 *
 * A kernel is a function of the child: it gets its surroundings and decoded arguments, works on
 * device memory, and returns 0 or a chip_status with the reason in *err. It runs in the child's
 * only thread; what it is given is valid until it returns. Users register their own in the same
 * table as these (struct chip_kernel).
 */
#ifndef CHIP_KERNEL_H
#define CHIP_KERNEL_H

#include <chip/blob.h>
#include <chip/comm.h>
#include <chip/error.h>
#include <chip/export.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct chip_device;

/* All of it is owned by the child and read-only for the kernel. */
struct chip_kernel_ctx {
    uint32_t chip; /* index of this child in its parent */
    int device_id;
    uint32_t rank;   /* in the communicator; 0 without one */
    uint32_t nranks; /* 1 without one */
    struct chip_device *device;
    CommHandle comm;             /* NULL without a communicator */
    const CommContext *context;  /* NULL without a communicator */
    uint64_t window_base;        /* this rank's window, 0 without one */
    uint64_t window_size;        /* bytes */
    const uint64_t *buffer_ptrs; /* device addresses, in the order of the configuration */
    uint32_t buffer_count;
    int32_t block_dim;
    int32_t aicpu_thread_num;
};

typedef int (*chip_kernel_fn)(struct chip_kernel_ctx *ctx, const struct chip_blob_view *args,
                              struct chip_error *err);

/* A row of the table that parent and child share. */
struct chip_kernel {
    uint64_t id;      /* what a task names; unique in the table */
    const char *name; /* for reports */
    chip_kernel_fn fn;
};

/* X(ID, id, function): the kernels of the library. */
#define CHIP_KERNELS(X)          \
    X(VECTOR_ADD, 1, vector_add) \
    X(FILL, 2, fill)             \
    X(ALLREDUCE_ONE_PHASE, 3, allreduce_one_phase)

enum chip_kernel_id {
#define CHIP_X(ID, id, fn) CHIP_KERNEL_##ID = (id),
    CHIP_KERNELS(CHIP_X)
#undef CHIP_X
};

/* Tensors a, b, out: FLOAT32 of equal element count, child_memory. out[i] = a[i] + b[i]. */
CHIP_API int chip_kernel_vector_add(struct chip_kernel_ctx *ctx, const struct chip_blob_view *args,
                                    struct chip_error *err);

/* Tensor out of any dtype, child_memory; scalar 0: the element's bits, the low ones counting. */
CHIP_API int chip_kernel_fill(struct chip_kernel_ctx *ctx, const struct chip_blob_view *args,
                              struct chip_error *err);

/* Tensors in, out: FLOAT32 of 256 elements, child_memory, `in` in this rank's window and at the
 * same offset in every rank's. barrier; out[i] = sum over ranks of in[i]; barrier, so that nobody
 * overwrites an input that a peer still reads. Every rank must run it (a collective); the result
 * is the same bit for bit on every rank. */
CHIP_API int chip_kernel_allreduce_one_phase(struct chip_kernel_ctx *ctx,
                                             const struct chip_blob_view *args,
                                             struct chip_error *err);
enum { CHIP_ALLREDUCE_ELEMENTS = 256 };

/* The table of the kernels above: static, never NULL. *count gets its rows. */
CHIP_API const struct chip_kernel *chip_kernels(size_t *count);

#ifdef __cplusplus
}
#endif
#endif
