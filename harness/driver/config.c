/* SPDX-License-Identifier: Apache-2.0 */
/* config.c - from the scenario's ranks, buffers and faults to the library's configuration. */
#include "harness/driver/driver.h"

#include <stdio.h>
#include <stdlib.h>

static void *array(size_t count, size_t size) {
    void *p = calloc(count ? count : 1, size);
    if (!p)
        abort();
    return p;
}

static void add_buffers(struct driver *d, uint32_t rank) {
    const struct chs_scenario *s = d->s;
    struct drv_chip *chip = &d->chips[rank];
    struct chip_bootstrap_config *boot = &chip->boot;
    for (uint32_t i = 0; i < s->buffer_count; i++) {
        const struct chs_buffer *b = &s->buffers[i];
        if (!(b->ranks >> rank & 1))
            continue;
        chip->buffers[boot->buffer_count++] = (struct chip_bootstrap_buffer){
            .name = b->name,
            .dtype = (uint32_t)b->dtype,
            .count = b->count,
            .placement = b->placement,
            .nbytes = b->bytes,
            .load_from_host = b->load_from_host,
            .store_to_host = b->store_to_host,
        };
        struct chip_bootstrap_staging staging = {
            .name = b->name,
            .shm_name = drv_staging(d, rank, i)->shm_name,
            .size = b->staging_bytes,
        };
        if (b->staging && b->load_from_host)
            chip->inputs[boot->host_input_count++] = staging;
        if (b->staging && b->store_to_host)
            chip->outputs[boot->host_output_count++] = staging;
    }
}

static size_t add_device_faults(const struct chs_scenario *s, uint32_t rank,
                                struct chip_child_fault *to) {
    size_t n = 0;
    for (size_t i = 0; i < s->fault_count; i++) {
        const struct chs_fault *f = &s->faults[i];
        if (f->kind == CHS_FAULT_DMA && f->rank == rank)
            to[n++] = (struct chip_child_fault){
                .which = f->d2h ? CHIP_DEVICE_OP_D2H : CHIP_DEVICE_OP_H2D,
                .nth = f->nth,
                .status = CHIP_E_DEVICE,
            };
    }
    return n;
}

void drv_chips_build(struct driver *d) {
    const struct chs_scenario *s = d->s;
    d->chips = array(s->ranks, sizeof *d->chips);
    for (uint32_t rank = 0; rank < s->ranks; rank++) {
        struct drv_chip *chip = &d->chips[rank];
        chip->buffers = array(s->buffer_count, sizeof *chip->buffers);
        chip->inputs = array(s->buffer_count, sizeof *chip->inputs);
        chip->outputs = array(s->buffer_count, sizeof *chip->outputs);
        chip->faults = array(s->fault_count, sizeof *chip->faults);
        chip->device = (struct chip_device_config){.dma_chunk = s->dma_chunk,
                                                   .dma_latency_ns = s->dma_latency_ns};
        chip->comm = (struct chip_bootstrap_comm){
            .rank = (int)rank,
            .nranks = (int)s->ranks,
            .rootinfo_path = s->name,
            .window_size = s->window,
            .timeout_ns = s->comm_timeout_ns,
        };
        chip->boot = (struct chip_bootstrap_config){
            .chip = rank,
            .comm = s->window ? &chip->comm : NULL,
            .buffers = chip->buffers,
            .host_inputs = chip->inputs,
            .host_outputs = chip->outputs,
        };
        add_buffers(d, rank);
    }
}

int drv_worker_create(struct driver *d, struct chip_error *err) {
    const struct chs_scenario *s = d->s;
    struct chip_worker_chip chips[CHIP_MAX_CHIPS];
    for (uint32_t rank = 0; rank < s->ranks; rank++) {
        struct drv_chip *chip = &d->chips[rank];
        chips[rank] = (struct chip_worker_chip){
            .device_id = (int)rank,
            .bootstrap = &chip->boot,
            .device = &chip->device,
            .faults = chip->faults,
            .fault_count = add_device_faults(s, rank, chip->faults),
        };
    }
    struct chip_worker_config config = {
        .chip_count = (uint32_t)s->ranks,
        .chips = chips,
        .bootstrap_timeout_ns = s->bootstrap_timeout_ns,
        .task_timeout_ns = s->task_timeout_ns,
        .control_timeout_ns = s->control_timeout_ns,
        .close_timeout_ns = s->close_timeout_ns,
    };
    config.kernels = drv_kernels(&config.kernel_count);
    return chip_worker_create(&config, &d->worker, err);
}
