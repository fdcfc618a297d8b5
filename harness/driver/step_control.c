/* SPDX-License-Identifier: Apache-2.0 */
/* step_control.c - the step `control`: device memory calls, and any command number as it is. */
#include "harness/driver/driver.h"

#include <stdlib.h>

/* The device address that the step speaks of: of a malloc step, or of a buffer. */
static int address_of(struct driver *d, const struct chs_step *st, uint32_t rank, uint64_t *out,
                      struct chip_error *err) {
    if (st->of != CHS_NONE) {
        *out = d->addresses[(size_t)st->of * CHS_MAX_RANKS + rank] + st->offset;
        return CHIP_OK;
    }
    struct chip_worker_info info;
    int r = chip_worker_info(d->worker, rank, &info, err);
    if (r)
        return r;
    uint32_t at = st->buffer == CHS_NONE ? CHS_NONE : chs_buffer_index(d->s, st->buffer, rank);
    if (at >= info.buffer_count)
        return chip_error_set(err, CHIP_E_LOOKUP, "rank %u has no such buffer", rank);
    *out = info.buffer_ptrs[at] + st->offset;
    return CHIP_OK;
}

static int copy(struct driver *d, const struct chs_step *st, uint32_t rank, uint64_t address,
                struct chip_error *err) {
    uint64_t bytes = st->bytes;
    if (bytes == CHS_REST)
        bytes = d->s->buffers[st->buffer].bytes - st->offset;
    void *host = calloc(bytes ? bytes : 1, 1);
    if (!host)
        return chip_error_set(err, CHIP_E_MEMORY, "no memory for a copy");
    static const struct chs_buffer raw = {.dtype = CHIP_UINT8, .dtype_size = 1};
    const struct chs_buffer *b = st->buffer == CHS_NONE ? &raw : &d->s->buffers[st->buffer];
    int r;
    if (st->command == CHIP_CONTROL_COPY_TO) {
        if (st->content.form != CHS_CONTENT_NONE)
            chs_content_write(&st->content, b, rank, d->s->ranks, st->offset, host, bytes);
        r = chip_worker_copy_to(d->worker, rank, address, host, bytes, err);
    } else {
        r = chip_worker_copy_from(d->worker, rank, host, address, bytes, err);
        if (!r && st->check != CHS_NONE)
            drv_compare(d, st->check, &st->content, b, rank, st->offset, host, bytes);
    }
    free(host);
    return r;
}

static int control_rank(struct driver *d, uint32_t index, uint32_t rank, struct chip_error *err) {
    const struct chs_step *st = &d->s->steps[index];
    uint64_t address = 0;
    switch (st->command) {
    case CHIP_CONTROL_MALLOC:
        return chip_worker_malloc(d->worker, rank, st->bytes,
                                  &d->addresses[(size_t)index * CHS_MAX_RANKS + rank], err);
    case CHIP_CONTROL_FREE:
    case CHIP_CONTROL_COPY_TO:
    case CHIP_CONTROL_COPY_FROM: {
        int r = address_of(d, st, rank, &address, err);
        if (r)
            return r;
        return st->command == CHIP_CONTROL_FREE ? chip_worker_free(d->worker, rank, address, err)
                                                : copy(d, st, rank, address, err);
    }
    default: {
        static const uint64_t none[3];
        return chip_worker_control(d->worker, rank, st->command, none, NULL, 0, NULL, err);
    }
    }
}

int drv_step_control(struct driver *d, uint32_t index, struct chip_error *err) {
    if (!d->worker)
        return chip_error_set(err, CHIP_E_STATE, "there is no worker: init failed or did not run");
    for (uint32_t rank = 0; rank < d->s->ranks; rank++) {
        int r = d->s->steps[index].ranks >> rank & 1 ? control_rank(d, index, rank, err) : CHIP_OK;
        if (r)
            return r;
    }
    return CHIP_OK;
}
