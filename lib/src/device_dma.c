/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_dma.c - the DMA engine: moves bytes between host and device, a chunk at a time.
 *
 *   M1  Everything that can be refused is refused before the first byte moves.
 *   M2  With a chunk size, a transfer of two bytes or more takes at least two steps, so that
 *       one that is under way can be observed whatever its size.
 *   M3  Every chunk is announced directly before it moves, in order, and chunks cover the transfer
 *       exactly.
 */
#include "device_internal.h"
#include "wait.h"

#include <string.h>

static uint64_t chunk_size(const struct chip_device *dev, uint64_t nbytes) {
    uint64_t half = nbytes > 1 ? nbytes / 2 : nbytes;
    uint64_t chunk = dev->config.dma_chunk;
    if (chunk == 0)
        return nbytes;
    return chunk < half ? chunk : half;
}

int chip__dma_run(struct chip_device *dev, enum chip_device_op op, uint64_t device, void *host,
                  uint64_t nbytes, chip__dma_chunk_fn chunk, void *arg, struct chip_error *err) {
    int rc = chip__device_ready(dev, err);
    if (rc || (rc = chip__device_check(dev, device, nbytes, err)))
        return rc;
    if (!host && nbytes)
        return chip_error_set(err, CHIP_E_VALUE, "the host address is NULL");
    if ((rc = chip__device_due(dev, op, err)))
        return rc;
    uint64_t step = chunk_size(dev, nbytes);
    uint64_t index = 0;
    for (uint64_t done = 0; done < nbytes; index++) {
        uint64_t n = step < nbytes - done ? step : nbytes - done;
        void *on_device = chip__ptr(device + done);
        void *on_host = (char *)host + done;
        if (dev->config.dma_latency_ns)
            chip__sleep_ns(dev->config.dma_latency_ns);
        if (chunk)
            chunk(arg, index, n);
        if (op == CHIP_DEVICE_OP_D2H)
            memmove(on_host, on_device, n);
        else
            memmove(on_device, on_host, n);
        done += n;
    }
    return CHIP_OK;
}

int chip_device_copy_to(struct chip_device *dev, uint64_t dst, const void *src, uint64_t nbytes,
                        struct chip_error *err) {
    /* The engine only reads from `host` in this direction. */
    return chip__dma_run(dev, CHIP_DEVICE_OP_H2D, dst, (void *)(uintptr_t)src, nbytes, NULL, NULL,
                         err);
}

int chip_device_copy_from(struct chip_device *dev, void *dst, uint64_t src, uint64_t nbytes,
                          struct chip_error *err) {
    return chip__dma_run(dev, CHIP_DEVICE_OP_D2H, src, dst, nbytes, NULL, NULL, err);
}
