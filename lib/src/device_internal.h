/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_internal.h - the simulated device: its table of extents and its DMA engine.
 */
#ifndef CHIP_DEVICE_INTERNAL_H
#define CHIP_DEVICE_INTERNAL_H

#include "internal.h"

#include <chip/device.h>

enum chip__extent_kind { CHIP__EXTENT_ALLOC, CHIP__EXTENT_WINDOW };

struct chip__extent {
    uint64_t base;
    uint64_t nbytes;
    enum chip__extent_kind kind;
};

enum { CHIP__FREED_KEPT = 64 };

struct chip_device {
    int id;
    bool set;
    struct chip_device_config config;
    uint64_t used;                /* bytes of capacity */
    struct chip__extent *extents; /* sorted by base, disjoint */
    size_t count;
    size_t room;
    uint64_t freed[CHIP__FREED_KEPT]; /* last freed bases, to tell a double free from a stray one */
    size_t freed_next;
    struct {
        uint64_t nth; /* 0: no plan */
        int code;
    } plan[CHIP_DEVICE_OP_COUNT];
};

/* Called directly before each chunk moves. */
typedef void (*chip__dma_chunk_fn)(void *arg, uint64_t index, uint64_t nbytes);

/* CHIP_E_STATE if set_device has not been called. */
int chip__device_ready(const struct chip_device *dev, struct chip_error *err);
/* The code of a planned failure that is due now, with err filled; else CHIP_OK. */
int chip__device_due(struct chip_device *dev, enum chip_device_op op, struct chip_error *err);
/* Checks that [ptr, ptr + nbytes) lies in one extent. */
int chip__device_check(const struct chip_device *dev, uint64_t ptr, uint64_t nbytes,
                       struct chip_error *err);

/* One transfer by the engine, from the device (D2H) or to it; checks everything first. `chunk` may
 * be NULL. nbytes 0 moves nothing. */
int chip__dma_run(struct chip_device *dev, enum chip_device_op op, uint64_t device, void *host,
                  uint64_t nbytes, chip__dma_chunk_fn chunk, void *arg, struct chip_error *err);

#endif
