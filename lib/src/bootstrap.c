/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bootstrap.c - brings one chip up and takes it down again.
 *
 *   P1  Nothing is touched before the configuration is valid as a whole.
 *   P2  The communicator's handle is stored the moment it exists, so whatever fails later,
 *       chip_shutdown_bootstrap() finds it.
 *   P3  Each outcome is published on the channel once, as the last step; the text on the channel is
 *       the one that is returned.
 *   P4  Shutdown lets go of every resource whatever happens to the others, and forgets it even if
 * it could not be released; so the second call finds nothing.
 */
#include "bootstrap_internal.h"

#include <chip/probe.h>
#include <stdlib.h>
#include <string.h>

int chip_bootstrap_new(struct chip_device *dev, struct chip_bootstrap **out,
                       struct chip_error *err) {
    if (!dev || !out)
        return chip_error_set(err, CHIP_E_VALUE, "the device or out is NULL");
    *out = calloc(1, sizeof **out);
    if (!*out)
        return chip_error_set(err, CHIP_E_MEMORY, "no memory for a bootstrap");
    (*out)->dev = dev;
    return CHIP_OK;
}

void chip_bootstrap_free(struct chip_bootstrap *boot) {
    if (!boot)
        return;
    (void)chip_shutdown_bootstrap(boot, NULL);
    free(boot);
}

CommHandle chip_bootstrap_comm_handle(const struct chip_bootstrap *boot) {
    return boot ? boot->comm : NULL;
}

static int comm_error(CommHandle handle, struct chip_error *err) {
    int code = chip_comm_last_error(handle, err);
    CHIP_ASSERT(code != CHIP_OK);
    return code;
}

static int bring_up_comm(struct chip_bootstrap *boot, struct chip_error *err) {
    const struct chip_bootstrap_comm *want = boot->config.comm;
    struct chip_bootstrap_result *r = &boot->result;
    size_t actual;
    if (!want)
        return CHIP_OK;
    CHIP_PROBE(BOOT_COMM, boot->config.chip, want->nranks, want->window_size, 0);
    boot->comm = comm_init(want->rank, want->nranks, NULL, want->rootinfo_path); /* P2 */
    if (!boot->comm)
        return comm_error(NULL, err);
    if (want->timeout_ns && chip_comm_set_timeout_ns(boot->comm, want->timeout_ns))
        return comm_error(boot->comm, err);
    if (comm_alloc_windows(boot->comm, want->window_size, &r->device_ctx) ||
        comm_get_local_window_base(boot->comm, &r->local_window_base) ||
        comm_get_window_size(boot->comm, &actual))
        return comm_error(boot->comm, err);
    r->actual_window_size = actual;
    int rc = chip_device_add_window(boot->dev, r->local_window_base, actual, err);
    boot->window_added = rc == CHIP_OK && actual != 0;
    return rc;
}

/* Gives each buffer its place in the window, one behind the other. */
static int carve(struct chip_bootstrap *boot, struct chip_error *err) {
    struct chip_bootstrap_result *r = &boot->result;
    uint64_t offset = 0;
    for (size_t i = 0; i < boot->config.buffer_count; i++) {
        const struct chip_bootstrap_buffer *buffer = &boot->config.buffers[i];
        if (!chip__range_ok(offset, buffer->nbytes, r->actual_window_size))
            return chip_error_set(
                err, CHIP_E_VALUE,
                "buffer '%s': nbytes %llu at offset %llu do not fit in the window size %llu",
                buffer->name, (unsigned long long)buffer->nbytes, (unsigned long long)offset,
                (unsigned long long)r->actual_window_size);
        r->buffer_ptrs[i] = r->local_window_base + offset;
        offset += buffer->nbytes;
    }
    r->buffer_count = (uint32_t)boot->config.buffer_count;
    CHIP_PROBE(BOOT_CARVED, boot->config.chip, r->buffer_count, offset, 0);
    return CHIP_OK;
}

static int load_inputs(struct chip_bootstrap *boot, struct chip_error *err) {
    uint64_t loaded = 0;
    for (size_t i = 0; i < boot->config.buffer_count; i++) {
        if (!boot->config.buffers[i].load_from_host)
            continue;
        int rc = chip__staging_load(boot, i, err);
        if (rc)
            return rc;
        loaded++;
    }
    CHIP_PROBE(BOOT_STAGED, boot->config.chip, loaded, 0, 0);
    return CHIP_OK;
}

static int bring_up(struct chip_bootstrap *boot, const struct chip_bootstrap_config *config,
                    const struct chip_bootstrap_channel *channel, struct chip_error *err) {
    if (boot->stage != CHIP__BOOT_NEW)
        return chip_error_set(err, CHIP_E_STATE, "this chip is bootstrapped already");
    if (channel && chip_bootstrap_channel_state(channel) != CHIP_BOOTSTRAP_IDLE)
        return chip_error_set(err, CHIP_E_STATE, "the bootstrap channel has been written already");
    int rc = chip_bootstrap_validate(config, err);
    if (rc)
        return rc;
    if (channel && config->buffer_count > channel->max_buffer_count)
        return chip_error_set(err, CHIP_E_VALUE, "%zu buffers, the channel takes %u",
                              config->buffer_count, channel->max_buffer_count);
    CHIP_PROBE(BOOT_VALIDATED, config->chip, config->buffer_count, 0, 0);
    boot->config = *config;
    boot->stage = CHIP__BOOT_FAILED; /* until it is up: there may be something to take down */
    memset(&boot->result, 0, sizeof boot->result);
    CHIP_PROBE(BOOT_DEVICE, config->chip, chip_device_id(boot->dev), 0, 0);
    rc = chip_device_set(boot->dev, err);
    if (rc == CHIP_OK)
        rc = bring_up_comm(boot, err);
    if (rc == CHIP_OK)
        rc = carve(boot, err);
    if (rc == CHIP_OK)
        rc = load_inputs(boot, err);
    if (rc == CHIP_OK)
        boot->stage = CHIP__BOOT_UP;
    return rc;
}

/* Fills `r` (a failure's result) and tells the parent (P3). */
static void publish_failure(struct chip_bootstrap_channel *channel, const struct chip_error *why,
                            struct chip_bootstrap_result *r) {
    memset(r, 0, sizeof *r);
    r->state = CHIP_BOOTSTRAP_ERROR;
    r->error_code = 1;
    chip__text_put(r->error_msg, sizeof r->error_msg, why->text);
    if (channel) /* refused if it was written before: then the first verdict stands */
        (void)chip_bootstrap_channel_write_error(channel, 1, why->text, NULL);
}

int chip_bootstrap_context(struct chip_bootstrap *boot, const struct chip_bootstrap_config *config,
                           struct chip_bootstrap_channel *channel,
                           struct chip_bootstrap_result *result, struct chip_error *err) {
    struct chip_bootstrap_result failed;
    struct chip_error own = {0};
    uint32_t chip = config ? config->chip : 0;
    CHIP_PROBE(BOOT_BEGIN, chip, 0, 0, 0);
    int rc = boot ? bring_up(boot, config, channel, &own)
                  : chip_error_set(&own, CHIP_E_VALUE, "the bootstrap is NULL");
    if (rc == CHIP_OK && channel) {
        const struct chip_bootstrap_result *r = &boot->result;
        rc = chip_bootstrap_channel_write_success(channel, r->device_ctx, r->local_window_base,
                                                  r->actual_window_size, r->buffer_ptrs,
                                                  r->buffer_count, &own);
        if (rc)
            boot->stage = CHIP__BOOT_FAILED;
    }
    if (rc == CHIP_OK) {
        boot->result.state = CHIP_BOOTSTRAP_SUCCESS;
        if (result)
            *result = boot->result;
        return CHIP_OK;
    }
    publish_failure(channel, &own, result ? result : &failed);
    if (err)
        *err = own;
    return rc;
}

int chip_shutdown_bootstrap(struct chip_bootstrap *boot, struct chip_error *err) {
    if (!boot || boot->stage == CHIP__BOOT_NEW)
        return CHIP_OK;
    struct chip_error later = {0};
    CHIP_PROBE(BOOT_SHUTDOWN, boot->config.chip, 0, 0, 0);
    boot->stage = CHIP__BOOT_NEW;
    int rc = chip__staging_release(boot, err);
    if (boot->window_added) {
        int removed = chip_device_remove_window(boot->dev, boot->result.local_window_base, &later);
        CHIP_ASSERT(removed == CHIP_OK);
        boot->window_added = false;
    }
    CommHandle comm = boot->comm;
    boot->comm = NULL; /* P4: forgotten before it can fail */
    memset(&boot->result, 0, sizeof boot->result);
    if (comm && comm_destroy(comm) != 0) {
        int failed = comm_error(comm, &later);
        if (rc == CHIP_OK && err)
            *err = later;
        rc = rc ? rc : failed;
    }
    return rc;
}
