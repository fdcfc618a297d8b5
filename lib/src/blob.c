/* SPDX-License-Identifier: Apache-2.0 */
/*
 * blob.c - the argument codec; see chip/blob.h.
 *
 * Source and destination may be of any alignment and may be shared: they are touched by memcpy
 * only, and the reader checks its own copy, never the shared bytes again.
 */
#include <chip/blob.h>

#include "internal.h"

#include <string.h>

enum { HEAD_BYTES = 8, TENSOR_BYTES = 40, SCALAR_BYTES = 8 };

_Static_assert(sizeof(struct chip_tensor) == TENSOR_BYTES, "blob: tensor");
_Static_assert(offsetof(struct chip_tensor, data) == 0, "blob: data");
_Static_assert(offsetof(struct chip_tensor, shape) == 8, "blob: shape");
_Static_assert(offsetof(struct chip_tensor, ndims) == 28, "blob: ndims");
_Static_assert(offsetof(struct chip_tensor, dtype) == 32, "blob: dtype");
_Static_assert(offsetof(struct chip_tensor, child_memory) == 33, "blob: child_memory");

size_t chip_dtype_size(int dtype) {
    switch (dtype) {
#define CHIP_X(id, value, bytes) \
    case CHIP_##id:              \
        return bytes;
        CHIP_DTYPES(CHIP_X)
#undef CHIP_X
    }
    return 0;
}

int chip_tensor_elements(const struct chip_tensor *tensor, uint64_t *out, struct chip_error *err) {
    if (tensor->ndims > CHIP_MAX_DIMS)
        return chip_error_set(err, CHIP_E_VALUE, "tensor has %u dimensions, at most %d are legal",
                              tensor->ndims, CHIP_MAX_DIMS);
    uint64_t n = 1;
    bool empty = false;
    bool fits = true;
    for (uint32_t i = 0; i < tensor->ndims; i++) {
        empty |= tensor->shape[i] == 0;
        fits = fits && chip__mul_u64(n, tensor->shape[i], &n);
    }
    if (!fits && !empty)
        return chip_error_set(err, CHIP_E_OVERFLOW, "tensor's element count exceeds 64 bits");
    *out = empty ? 0 : n;
    return CHIP_OK;
}

int chip_tensor_bytes(const struct chip_tensor *tensor, uint64_t *out, struct chip_error *err) {
    size_t element = chip_dtype_size(tensor->dtype);
    if (!element)
        return chip_error_set(err, CHIP_E_VALUE, "unknown dtype %d", tensor->dtype);
    uint64_t n = 0;
    int rc = chip_tensor_elements(tensor, &n, err);
    if (rc)
        return rc;
    if (!chip__mul_u64(n, element, out))
        return chip_error_set(err, CHIP_E_OVERFLOW, "tensor's size in bytes exceeds 64 bits");
    return CHIP_OK;
}

int chip_blob_size(uint64_t tensors, uint64_t scalars, size_t *out, struct chip_error *err) {
    if (tensors > CHIP_MAX_TENSORS)
        return chip_error_set(err, CHIP_E_VALUE, "%llu tensors, at most %d are legal",
                              (unsigned long long)tensors, CHIP_MAX_TENSORS);
    if (scalars > CHIP_MAX_SCALARS)
        return chip_error_set(err, CHIP_E_VALUE, "%llu scalars, at most %d are legal",
                              (unsigned long long)scalars, CHIP_MAX_SCALARS);
    *out = HEAD_BYTES + (size_t)tensors * TENSOR_BYTES + (size_t)scalars * SCALAR_BYTES;
    return CHIP_OK;
}

static int check_tensors(const struct chip_tensor *tensors, uint32_t count,
                         struct chip_error *err) {
    for (uint32_t i = 0; i < count; i++) {
        uint64_t bytes = 0;
        struct chip_error why;
        int rc = chip_tensor_bytes(&tensors[i], &bytes, &why);
        if (rc)
            return chip_error_set(err, rc, "argument %u: %s", i,
                                  why.text + strcspn(why.text, " ") + 1);
    }
    return CHIP_OK;
}

int chip_blob_check(const struct chip_blob_view *view, size_t capacity, struct chip_error *err) {
    size_t size = 0;
    int rc = chip_blob_size(view->tensor_count, view->scalar_count, &size, err);
    if (rc)
        return rc;
    if (size > capacity)
        return chip_error_set(err, CHIP_E_VALUE, "arguments of %zu bytes do not fit in %zu", size,
                              capacity);
    if ((view->tensor_count && !view->tensors) || (view->scalar_count && !view->scalars))
        return chip_error_set(err, CHIP_E_VALUE, "a count without its array");
    return check_tensors(view->tensors, view->tensor_count, err);
}

int chip_blob_write(void *dst, size_t capacity, const struct chip_blob_view *view, size_t *written,
                    struct chip_error *err) {
    int rc = chip_blob_check(view, capacity, err);
    if (rc)
        return rc;
    unsigned char *at = dst;
    int32_t counts[2] = {(int32_t)view->tensor_count, (int32_t)view->scalar_count};
    memcpy(at, counts, HEAD_BYTES);
    at += HEAD_BYTES;
    size_t bytes = (size_t)view->tensor_count * TENSOR_BYTES;
    if (bytes)
        memcpy(at, view->tensors, bytes);
    at += bytes;
    bytes = (size_t)view->scalar_count * SCALAR_BYTES;
    if (bytes)
        memcpy(at, view->scalars, bytes);
    at += bytes;
    if (written)
        *written = (size_t)(at - (unsigned char *)dst);
    return CHIP_OK;
}

int chip_blob_read(const void *src, size_t capacity, struct chip_blob *blob,
                   struct chip_blob_view *view, struct chip_error *err) {
    memset(view, 0, sizeof *view);
    const unsigned char *at = src;
    int32_t counts[2];
    if (capacity < HEAD_BYTES)
        return chip_error_set(err, CHIP_E_VALUE, "%zu bytes hold no argument blob", capacity);
    memcpy(counts, at, HEAD_BYTES);
    if (counts[0] < 0 || counts[1] < 0)
        return chip_error_set(err, CHIP_E_VALUE, "blob says %d tensors and %d scalars", counts[0],
                              counts[1]);
    size_t size = 0;
    int rc = chip_blob_size((uint64_t)counts[0], (uint64_t)counts[1], &size, err);
    if (rc)
        return rc;
    if (size > capacity)
        return chip_error_set(err, CHIP_E_VALUE,
                              "blob says %d tensors and %d scalars: %zu bytes, of %zu there are",
                              counts[0], counts[1], size, capacity);
    size_t tensor_bytes = (size_t)counts[0] * TENSOR_BYTES;
    memcpy(blob->tensors, at + HEAD_BYTES, tensor_bytes);
    memcpy(blob->scalars, at + HEAD_BYTES + tensor_bytes, (size_t)counts[1] * SCALAR_BYTES);
    rc = check_tensors(blob->tensors, (uint32_t)counts[0], err);
    if (rc)
        return rc;
    *view = (struct chip_blob_view){.tensors = blob->tensors,
                                    .scalars = blob->scalars,
                                    .tensor_count = (uint32_t)counts[0],
                                    .scalar_count = (uint32_t)counts[1]};
    return CHIP_OK;
}
