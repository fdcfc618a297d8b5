/* SPDX-License-Identifier: Apache-2.0 */
/*
 * blob.h - the codec of task arguments (runtime.md B, "Blob"): one for both sides.
 *
 * Bytes: i32 T, i32 S, T tensors of 40 bytes, S scalars of 8; 8 + 40 T + 8 S in all. The writer
 * checks everything before it writes a byte; the reader takes a capacity, trusts no count, and
 * copies out before it looks, so that bytes that change under it cannot lead it astray.
 * All functions are pure: safe from any thread, no allocation.
 */
#ifndef CHIP_BLOB_H
#define CHIP_BLOB_H

#include <chip/error.h>
#include <chip/export.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { CHIP_MAX_TENSORS = 64, CHIP_MAX_SCALARS = 128, CHIP_MAX_DIMS = 5 };

/* X(ID, value, bytes of an element) */
#define CHIP_DTYPES(X) \
    X(FLOAT32, 0, 4)   \
    X(FLOAT16, 1, 2)   \
    X(INT32, 2, 4)     \
    X(INT16, 3, 2)     \
    X(INT8, 4, 1)      \
    X(UINT8, 5, 1)     \
    X(BFLOAT16, 6, 2)  \
    X(INT64, 7, 8)     \
    X(UINT64, 8, 8)    \
    X(UINT16, 9, 2)    \
    X(UINT32, 10, 4)

enum chip_dtype {
#define CHIP_X(id, value, bytes) CHIP_##id = (value),
    CHIP_DTYPES(CHIP_X)
#undef CHIP_X
};

/* One tensor as it lies in the blob. */
struct chip_tensor {
    uint64_t data;                 /* address: of the device if child_memory, else of the host */
    uint32_t shape[CHIP_MAX_DIMS]; /* the first ndims count */
    uint32_t ndims;                /* 0 .. 5; 0 is one element */
    uint8_t dtype;                 /* enum chip_dtype */
    uint8_t child_memory; /* 1: data is an address of the child's device, never rewritten */
    uint8_t reserved[6];  /* zero */
};

/* Decoded arguments. The arrays belong to whoever made the view and live as long as it says. */
struct chip_blob_view {
    const struct chip_tensor *tensors;
    const uint64_t *scalars;
    uint32_t tensor_count;
    uint32_t scalar_count;
};

/* Room that chip_blob_read() decodes into. */
struct chip_blob {
    struct chip_tensor tensors[CHIP_MAX_TENSORS];
    uint64_t scalars[CHIP_MAX_SCALARS];
};

/* Bytes of one element; 0 for a value that is no dtype. */
CHIP_API size_t chip_dtype_size(int dtype);

/* Number of elements, and of bytes, by checked arithmetic. A dimension of 0 gives 0.
 * CHIP_E_VALUE: ndims or dtype unknown; CHIP_E_OVERFLOW: more than 64 bits hold. *out is
 * written on success only. */
CHIP_API int chip_tensor_elements(const struct chip_tensor *tensor, uint64_t *out,
                                  struct chip_error *err);
CHIP_API int chip_tensor_bytes(const struct chip_tensor *tensor, uint64_t *out,
                               struct chip_error *err);

/* Size in bytes of the blob for these counts. CHIP_E_VALUE above 64 tensors or 128 scalars. */
CHIP_API int chip_blob_size(uint64_t tensors, uint64_t scalars, size_t *out,
                            struct chip_error *err);

/* Would chip_blob_write() succeed? Writes nothing. */
CHIP_API int chip_blob_check(const struct chip_blob_view *view, size_t capacity,
                             struct chip_error *err);

/* Encodes view into dst[0 .. capacity), of any alignment; *written (may be NULL) gets the size.
 * On any error dst is untouched: CHIP_E_VALUE (limits, dtype, ndims, capacity, NULL array with a
 * count), CHIP_E_OVERFLOW (a tensor larger than 64 bits of bytes). */
CHIP_API int chip_blob_write(void *dst, size_t capacity, const struct chip_blob_view *view,
                             size_t *written, struct chip_error *err);

/* Decodes src[0 .. capacity), of any alignment, into *blob; *view then points into *blob and is
 * valid as long as it. Errors as above; *view is then empty. */
CHIP_API int chip_blob_read(const void *src, size_t capacity, struct chip_blob *blob,
                            struct chip_blob_view *view, struct chip_error *err);

#ifdef __cplusplus
}
#endif
#endif
