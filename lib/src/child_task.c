/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child_task.c - one task in the child: decode, run, flush.
 *
 * What must hold: the outputs are flushed after a kernel that succeeded and before the answer is
 * published; nothing is flushed after one that failed; whatever fails has a text that says which
 * device, and which buffer if it was a flush.
 */
#include "child_internal.h"

#include <chip/blob.h>
#include <chip/probe.h>

static const struct chip_kernel *find_kernel(const struct chip_child_config *config, uint64_t id) {
    for (size_t i = 0; i < config->kernel_count; i++)
        if (config->kernels[i].id == id)
            return &config->kernels[i];
    return NULL;
}

/* The kernel itself, with the communicator held while it runs. */
static int call_kernel(struct chip__child *self, const struct chip_kernel *kernel,
                       const struct chip_blob_view *args, struct chip_error *err) {
    if (self->ctx.comm && chip_comm_task_begin(self->ctx.comm))
        return chip_error_set(err, CHIP_E_STATE, "the communicator is gone");
    int rc = kernel->fn(&self->ctx, args, err);
    if (self->ctx.comm)
        chip_comm_task_end(self->ctx.comm);
    if (rc && (!err->code || !err->text[0]))
        chip_error_set(err, CHIP_E_TASK, "kernel '%s' returned %d", kernel->name, rc);
    return rc;
}

static int run_kernel(struct chip__child *self, uint32_t generation, struct chip_error *err) {
    const struct chip_mailbox *mb = self->box.mb;
    uint64_t callable = mb->callable;
    self->ctx.block_dim = mb->u.task.block_dim;
    self->ctx.aicpu_thread_num = mb->u.task.aicpu_thread_num;
    struct chip_blob blob;
    struct chip_blob_view args;
    int rc = chip_blob_read(mb->args, sizeof mb->args, &blob, &args, err);
    if (rc)
        return rc;
    const struct chip_kernel *kernel = find_kernel(self->config, callable);
    if (!kernel)
        return chip_error_set(err, CHIP_E_LOOKUP, "callable id %llu not registered",
                              (unsigned long long)callable);
    CHIP_PROBE(TASK_BEGIN, self->box.chip, callable, generation, 0);
    rc = call_kernel(self, kernel, &args, err);
    CHIP_PROBE(TASK_END, self->box.chip, callable, generation, rc ? 1 : 0);
    return rc;
}

/* Device to host, for each buffer that asks for it, in their order; the first failure ends it. */
static int flush_outputs(struct chip__child *self, struct chip_error *err) {
    for (size_t i = 0; i < self->bootstrap.buffer_count; i++) {
        const struct chip_bootstrap_buffer *buffer = &self->bootstrap.buffers[i];
        if (!buffer->store_to_host)
            continue;
        int rc = chip_staging_flush(self->boot, i, err);
        if (rc) {
            chip_error_prefix(err,
                              "chip_process dev=%d store_to_host='%s': ", self->config->device_id,
                              buffer->name);
            return rc;
        }
    }
    return CHIP_OK;
}

int chip__child_run_task(struct chip__child *self, uint32_t generation, struct chip_error *err) {
    int rc = run_kernel(self, generation, err);
    if (rc) {
        chip_error_prefix(err, "chip_process dev=%d: ", self->config->device_id);
        return rc;
    }
    return flush_outputs(self, err);
}
