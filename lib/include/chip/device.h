/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device.h - the simulated accelerator: its memory and its DMA engine. (runtime.md F)
 *
 * Device memory is apart from host memory: each allocation is a mapping of its own, and is gone
 * when it is freed. A device pointer belongs to (device, base, extent). Every call checks it:
 * an unknown pointer, a second free, a free of an interior pointer and a copy that leaves its
 * extent are errors; a copy may start inside an extent. The entry of an allocation is revoked
 * before its memory is freed, so that no copy can still be let through while it goes away.
 *
 * The window of a communicator is registered with chip_device_add_window(); its addresses are then
 * device addresses for copies, and cannot be freed.
 *
 * Threads: a device is used by one thread at a time (a chip child has one thread).
 */
#ifndef CHIP_DEVICE_H
#define CHIP_DEVICE_H

#include <chip/error.h>
#include <chip/export.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct chip_device;

#define CHIP_DEVICE_DEFAULT_CAPACITY (1ull << 30)

struct chip_device_config {
    uint64_t capacity;       /* bytes of device memory in all; 0: CHIP_DEVICE_DEFAULT_CAPACITY */
    uint64_t dma_chunk;      /* bytes that the DMA engine moves at a time; 0: the whole transfer.
                                Not 0: a transfer of 2 bytes or more is cut in at least two. */
    uint64_t dma_latency_ns; /* slept before each chunk (virtual time under the harness) */
};

/* Kinds of operation that can be made to fail. */
enum chip_device_op {
    CHIP_DEVICE_OP_H2D,    /* copies to the device */
    CHIP_DEVICE_OP_D2H,    /* copies from the device */
    CHIP_DEVICE_OP_MALLOC, /* allocations */
    CHIP_DEVICE_OP_COUNT
};

/* Makes the object; touches no device state yet (that is chip_device_set). config may be NULL for
 * the defaults, and is copied. *out is owned by the caller until chip_device_finalize.
 * CHIP_E_VALUE (id < 0, out NULL), CHIP_E_MEMORY. */
CHIP_API int chip_device_create(int device_id, const struct chip_device_config *config,
                                struct chip_device **out, struct chip_error *err);

/* set_device: must come before any memory call; again is harmless. CHIP_E_VALUE. */
CHIP_API int chip_device_set(struct chip_device *dev, struct chip_error *err);

/* Frees whatever is still allocated and the object itself. NULL is harmless. Always frees the
 * object; CHIP_E_OS if some memory could not be given back. */
CHIP_API int chip_device_finalize(struct chip_device *dev, struct chip_error *err);

/* The id given at creation; -1 for NULL. */
CHIP_API int chip_device_id(const struct chip_device *dev);

/* nbytes of zeroed device memory, page-aligned; 0 bytes are legal: a pointer with an empty extent.
 * CHIP_E_STATE (device not set), CHIP_E_MEMORY, CHIP_E_VALUE, an injected code. */
CHIP_API int chip_device_malloc(struct chip_device *dev, uint64_t nbytes, uint64_t *ptr_out,
                                struct chip_error *err);

/* CHIP_E_DEVICE for an unknown pointer, a double free, an interior pointer, a window. */
CHIP_API int chip_device_free(struct chip_device *dev, uint64_t ptr, struct chip_error *err);

/* [dst, dst+nbytes) (or src) must lie in one extent. 0 bytes: legal if the pointer lies in an
 * extent or at its end; nothing moves. CHIP_E_STATE, CHIP_E_VALUE, CHIP_E_DEVICE, an injected
 * code: then no byte was moved. */
CHIP_API int chip_device_copy_to(struct chip_device *dev, uint64_t dst, const void *src,
                                 uint64_t nbytes, struct chip_error *err);
CHIP_API int chip_device_copy_from(struct chip_device *dev, void *dst, uint64_t src,
                                   uint64_t nbytes, struct chip_error *err);

/* Makes [base, base+nbytes), memory the caller keeps mapped, valid for copies; remove ends that
 * (an unknown base is CHIP_E_DEVICE). nbytes 0 registers nothing and is legal. */
CHIP_API int chip_device_add_window(struct chip_device *dev, uint64_t base, uint64_t nbytes,
                                    struct chip_error *err);
CHIP_API int chip_device_remove_window(struct chip_device *dev, uint64_t base,
                                       struct chip_error *err);

/* Lets the nth operation of that kind from now on (1: the next) fail once with `code` before it
 * moves or allocates anything. nth 0 takes a planned failure back. One plan a kind.
 * CHIP_E_VALUE for an op or a code outside its table. */
CHIP_API int chip_device_inject(struct chip_device *dev, enum chip_device_op op, uint64_t nth,
                                int code);

#ifdef __cplusplus
}
#endif
#endif
