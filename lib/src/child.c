/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child.c - life of a chip child: bootstrap, ready, serve, release; see chip/child.h.
 *
 * What must hold: every request that was observed gets exactly one answer, whatever became of it;
 * nothing but SHUTDOWN and the parent's death ends the loop.
 */
#include "child_internal.h"

#include <chip/probe.h>
#include <string.h>
#include <unistd.h>

void chip__child_announce(uint32_t chip) {
    static pid_t announced;
    pid_t self = getpid();
    if (announced == self)
        return;
    announced = self;
    CHIP_PROBE(CHILD_START, chip, 0, 0, 0);
}

/* The parent's death is found by looking, not by PR_SET_PDEATHSIG: a signal would strike between
 * any two instructions, a look always at the same place. */
static int parent_alive(void *arg) {
    const struct chip__child *self = arg;
    return getppid() == self->parent ? CHIP_OK : CHIP_E_PARENT_DIED;
}

static void describe_context(struct chip__child *self) {
    struct chip_kernel_ctx *ctx = &self->ctx;
    ctx->chip = self->config->chip;
    ctx->device_id = self->config->device_id;
    ctx->device = self->device;
    ctx->nranks = 1;
    ctx->comm = chip_bootstrap_comm_handle(self->boot);
    ctx->context = ctx->comm ? chip_comm_context(ctx->comm) : NULL;
    if (ctx->context) {
        ctx->rank = ctx->context->rankId;
        ctx->nranks = ctx->context->rankNum;
    }
    ctx->window_base = self->result.local_window_base;
    ctx->window_size = self->result.actual_window_size;
    ctx->buffer_ptrs = self->result.buffer_ptrs;
    ctx->buffer_count = self->result.buffer_count;
}

/* Device and injected errors; what it acquired is in *self on any return. */
static int make_device(struct chip__child *self, struct chip_error *err) {
    const struct chip_child_config *config = self->config;
    int rc = chip_device_create(config->device_id, config->device, &self->device, err);
    for (size_t i = 0; !rc && i < config->fault_count; i++) {
        const struct chip_child_fault *fault = &config->faults[i];
        rc = chip_device_inject(self->device, (enum chip_device_op)fault->which, fault->nth,
                                fault->status);
        if (rc)
            chip_error_set(err, rc, "device fault %zu cannot be planned", i);
    }
    return rc ? rc : chip_bootstrap_new(self->device, &self->boot, err);
}

static int bootstrap(struct chip__child *self, void *page, struct chip_error *err) {
    struct chip_bootstrap_channel view;
    struct chip_bootstrap_channel *channel = NULL;
    int rc;
    if (page) {
        rc = chip_bootstrap_channel_init(&view, page, CHIP_BOOTSTRAP_MAX_BUFFERS,
                                         self->config->chip, err);
        if (rc)
            return rc;
        channel = &view;
    }
    rc = make_device(self, err);
    if (rc) { /* chip_bootstrap_context() would have told the parent, but it was never reached */
        if (channel)
            chip_bootstrap_channel_write_error(channel, 1, err->text, NULL);
        return rc;
    }
    if (self->config->bootstrap)
        self->bootstrap = *self->config->bootstrap;
    self->bootstrap.chip = self->config->chip;
    return chip_bootstrap_context(self->boot, &self->bootstrap, channel, &self->result, err);
}

/* Error, text and generation, then the state: in this order (M1). */
static void answer(struct chip__child *self, int32_t done, uint32_t generation, int failed,
                   const struct chip_error *err) {
    struct chip_mailbox *mb = self->box.mb;
    int32_t error = failed ? 1 : 0;
    CHIP_PROBE(MAILBOX_RESULT, self->box.chip, error, generation, 0);
    mb->error = error;
    if (failed)
        chip__text_put(mb->error_msg, sizeof mb->error_msg, err->text);
    mb->done_generation = generation;
    chip__mailbox_publish(&self->box, done, generation, error);
}

static void serve_task(struct chip__child *self) {
    struct chip_error err = {0};
    uint32_t generation = self->box.mb->generation;
    CHIP_PROBE(MAILBOX_OBSERVE, self->box.chip, CHIP_MAILBOX_TASK_READY, generation, 0);
    int rc = chip__child_run_task(self, generation, &err);
    answer(self, CHIP_MAILBOX_TASK_DONE, generation, rc, &err);
}

static void serve_control(struct chip__child *self) {
    struct chip_error err = {0};
    uint32_t generation = self->box.mb->generation;
    uint64_t result = 0;
    CHIP_PROBE(MAILBOX_OBSERVE, self->box.chip, CHIP_MAILBOX_CONTROL_REQUEST, generation, 0);
    int rc = chip__child_run_control(self, generation, &result, &err);
    self->box.mb->u.control.result = result;
    answer(self, CHIP_MAILBOX_CONTROL_DONE, generation, rc, &err);
}

static int serve(struct chip__child *self) {
    for (;;) {
        int32_t state;
        if (chip__mailbox_next(&self->box, parent_alive, self, &state)) {
            CHIP_PROBE(CHILD_ORPHANED, self->box.chip, 0, 0, 0);
            return CHIP_CHILD_EXIT_ORPHANED;
        }
        if (state == CHIP_MAILBOX_TASK_READY) {
            serve_task(self);
        } else if (state == CHIP_MAILBOX_CONTROL_REQUEST) {
            serve_control(self);
        } else {
            CHIP_ASSERT(state == CHIP_MAILBOX_SHUTDOWN);
            CHIP_PROBE(MAILBOX_OBSERVE, self->box.chip, state, 0, 0);
            CHIP_PROBE(CHILD_STOP, self->box.chip, 0, 0, 0);
            return CHIP_CHILD_EXIT_OK;
        }
    }
}

/* Every step is taken, whatever the one before it returned. */
static int release(struct chip__child *self) {
    int rc = self->boot ? chip_shutdown_bootstrap(self->boot, NULL) : CHIP_OK;
    chip_bootstrap_free(self->boot);
    int rc_device = chip_device_finalize(self->device, NULL);
    return rc ? rc : rc_device;
}

int chip_child_main(void *mailbox, void *channel, const struct chip_child_config *config) {
    CHIP_ASSERT(mailbox && config);
    chip__child_announce(config->chip);
    struct chip__child self = {
        .box = {.mb = mailbox, .sleepers = config->sleepers, .chip = config->chip},
        .config = config,
        .parent = config->parent_pid ? config->parent_pid : getppid(),
    };
    struct chip_error err = {0};
    int code;
    if (bootstrap(&self, channel, &err)) {
        chip__mailbox_set_status(&self.box, CHIP_CHILD_INIT_FAILED);
        code = CHIP_CHILD_EXIT_INIT;
    } else {
        describe_context(&self);
        CHIP_PROBE(CHILD_READY, config->chip, 0, 0, 0);
        chip__mailbox_set_status(&self.box, CHIP_CHILD_READY);
        code = serve(&self);
    }
    int rc = release(&self);
    return rc && code == CHIP_CHILD_EXIT_OK ? CHIP_CHILD_EXIT_CLEANUP : code;
}
