/* SPDX-License-Identifier: Apache-2.0 */
/* kernel_internal.h - argument checks that the built-in kernels share. All return 0 or a status
 * with its text, and touch no device memory. */
#ifndef CHIP_KERNEL_INTERNAL_H
#define CHIP_KERNEL_INTERNAL_H

#include "internal.h"

#include <chip/kernel.h>

int chip__kernel_arity(const struct chip_blob_view *args, uint32_t tensors, uint32_t scalars,
                       struct chip_error *err);

/* Tensor `index`: device memory, in range, aligned for its dtype. */
int chip__kernel_tensor(struct chip_kernel_ctx *ctx, const struct chip_blob_view *args,
                        uint32_t index, void **bytes, uint64_t *nbytes, struct chip_error *err);
int chip__kernel_f32(struct chip_kernel_ctx *ctx, const struct chip_blob_view *args, uint32_t index,
                     float **values, uint64_t *count, struct chip_error *err);

#endif
