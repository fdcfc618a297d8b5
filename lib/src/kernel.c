/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel.c - the table of built-in kernels, the checks that all share, vector_add and fill.
 *
 * What must hold: a kernel checks every argument before it touches one byte of device memory, so
 * that a refused task has changed nothing.
 */
#include "kernel_internal.h"
#include "device_internal.h"

#include <chip/probe.h>
#include <string.h>

static const struct chip_kernel builtin[] = {
#define CHIP_X(ID, id, fn) {id, #fn, chip_kernel_##fn},
    CHIP_KERNELS(CHIP_X)
#undef CHIP_X
};

const struct chip_kernel *chip_kernels(size_t *count) {
    *count = sizeof builtin / sizeof builtin[0];
    return builtin;
}

int chip__kernel_arity(const struct chip_blob_view *args, uint32_t tensors, uint32_t scalars,
                       struct chip_error *err) {
    if (args->tensor_count == tensors && args->scalar_count == scalars)
        return CHIP_OK;
    return chip_error_set(err, CHIP_E_VALUE, "takes %u tensors and %u scalars, got %u and %u",
                          tensors, scalars, args->tensor_count, args->scalar_count);
}

int chip__kernel_tensor(struct chip_kernel_ctx *ctx, const struct chip_blob_view *args,
                        uint32_t index, void **bytes, uint64_t *nbytes, struct chip_error *err) {
    const struct chip_tensor *tensor = &args->tensors[index];
    int rc = chip_tensor_bytes(tensor, nbytes, err);
    if (rc)
        return rc;
    if (!tensor->child_memory)
        return chip_error_set(err, CHIP_E_VALUE, "tensor %u is not in device memory", index);
    rc = *nbytes ? chip__device_check(ctx->device, tensor->data, *nbytes, err) : CHIP_OK;
    if (rc)
        return rc;
    size_t align = chip_dtype_size(tensor->dtype);
    if (*nbytes && tensor->data % align)
        return chip_error_set(err, CHIP_E_VALUE, "tensor %u is not aligned to %zu bytes", index,
                              align);
    *bytes = chip__ptr(tensor->data);
    return CHIP_OK;
}

int chip__kernel_f32(struct chip_kernel_ctx *ctx, const struct chip_blob_view *args, uint32_t index,
                     float **values, uint64_t *count, struct chip_error *err) {
    if (args->tensors[index].dtype != CHIP_FLOAT32)
        return chip_error_set(err, CHIP_E_VALUE, "tensor %u has dtype %d, not FLOAT32", index,
                              args->tensors[index].dtype);
    void *bytes;
    uint64_t nbytes;
    int rc = chip__kernel_tensor(ctx, args, index, &bytes, &nbytes, err);
    if (rc)
        return rc;
    *values = bytes;
    *count = nbytes / sizeof(float);
    return CHIP_OK;
}

int chip_kernel_vector_add(struct chip_kernel_ctx *ctx, const struct chip_blob_view *args,
                           struct chip_error *err) {
    float *value[3];
    uint64_t count[3];
    int rc = chip__kernel_arity(args, 3, 0, err);
    for (uint32_t i = 0; !rc && i < 3; i++)
        rc = chip__kernel_f32(ctx, args, i, &value[i], &count[i], err);
    if (rc)
        return rc;
    if (count[0] != count[1] || count[0] != count[2])
        return chip_error_set(err, CHIP_E_VALUE,
                              "tensors of %llu, %llu and %llu elements cannot be added",
                              (unsigned long long)count[0], (unsigned long long)count[1],
                              (unsigned long long)count[2]);
    CHIP_PROBE(KERNEL_STEP, ctx->chip, 0, 0, 0);
    for (uint64_t i = 0; i < count[0]; i++)
        value[2][i] = value[0][i] + value[1][i];
    return CHIP_OK;
}

int chip_kernel_fill(struct chip_kernel_ctx *ctx, const struct chip_blob_view *args,
                     struct chip_error *err) {
    void *out;
    uint64_t nbytes;
    int rc = chip__kernel_arity(args, 1, 1, err);
    if (!rc)
        rc = chip__kernel_tensor(ctx, args, 0, &out, &nbytes, err);
    if (rc)
        return rc;
    CHIP_PROBE(KERNEL_STEP, ctx->chip, 0, 0, 0);
    size_t element = chip_dtype_size(args->tensors[0].dtype);
    if (element == 1) {
        memset(out, (int)(args->scalars[0] & 0xff), (size_t)nbytes);
        return CHIP_OK;
    }
    /* Little-endian: the element's bytes are the first ones of the scalar. */
    for (uint64_t at = 0; at < nbytes; at += element)
        memcpy((char *)out + at, &args->scalars[0], element);
    return CHIP_OK;
}
