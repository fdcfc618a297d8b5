/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bootstrap_validate.c - everything about a configuration that can be known to be wrong without
 * touching device, communicator or shared memory.
 *
 *   V1  Pure: reads the configuration, changes nothing.
 *   V2  A buffer that is to be loaded or stored has its staging entry, of exactly its size.
 *   V3  Names are unique; sizes, and their sum, fit.
 */
#include "bootstrap_internal.h"

#include <chip/blob.h>
#include <string.h>

const struct chip_bootstrap_staging *chip__staging_find(const struct chip_bootstrap_staging *list,
                                                        size_t count, const char *name) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i].name, name) == 0)
            return &list[i];
    }
    return NULL;
}

static int check_staging_list(const struct chip_bootstrap_staging *list, size_t count,
                              const char *what, struct chip_error *err) {
    if (count && !list)
        return chip_error_set(err, CHIP_E_VALUE, "%s is NULL with a count of %zu", what, count);
    for (size_t i = 0; i < count; i++) {
        if (!list[i].name || !list[i].name[0])
            return chip_error_set(err, CHIP_E_VALUE, "%s[%zu] has no name", what, i);
        if (list[i].size && (!list[i].shm_name || !list[i].shm_name[0]))
            return chip_error_set(err, CHIP_E_VALUE, "%s entry '%s' has no shm_name", what,
                                  list[i].name);
        if (chip__staging_find(list, i, list[i].name))
            return chip_error_set(err, CHIP_E_VALUE, "%s has two entries named '%s'", what,
                                  list[i].name);
    }
    return CHIP_OK;
}

static int check_staging_of(const struct chip_bootstrap_buffer *buffer, bool wanted,
                            const char *flag, const struct chip_bootstrap_staging *list,
                            size_t count, const char *what, struct chip_error *err) {
    if (!wanted)
        return CHIP_OK;
    const struct chip_bootstrap_staging *s = chip__staging_find(list, count, buffer->name);
    if (!s)
        return chip_error_set(err, CHIP_E_VALUE,
                              "buffer '%s': %s is set but %s has no entry of that name",
                              buffer->name, flag, what);
    if (s->size != buffer->nbytes)
        return chip_error_set(
            err, CHIP_E_VALUE, "buffer '%s': its %s entry has %llu bytes, nbytes is %llu",
            buffer->name, what, (unsigned long long)s->size, (unsigned long long)buffer->nbytes);
    return CHIP_OK;
}

static int check_size(const struct chip_bootstrap_buffer *buffer, struct chip_error *err) {
    uint64_t need;
    size_t element = chip_dtype_size((int)buffer->dtype);
    if (element == 0)
        return chip_error_set(err, CHIP_E_VALUE, "buffer '%s': unknown dtype %u", buffer->name,
                              buffer->dtype);
    if (!chip__mul_u64(buffer->count, element, &need))
        return chip_error_set(err, CHIP_E_VALUE, "buffer '%s': %llu elements of %zu bytes overflow",
                              buffer->name, (unsigned long long)buffer->count, element);
    if (need > buffer->nbytes)
        return chip_error_set(err, CHIP_E_VALUE,
                              "buffer '%s': %llu elements of %zu bytes do not fit in nbytes %llu",
                              buffer->name, (unsigned long long)buffer->count, element,
                              (unsigned long long)buffer->nbytes);
    return CHIP_OK;
}

static int check_buffer(const struct chip_bootstrap_config *config, size_t index,
                        struct chip_error *err) {
    const struct chip_bootstrap_buffer *buffer = &config->buffers[index];
    if (!buffer->name || !buffer->name[0])
        return chip_error_set(err, CHIP_E_VALUE, "buffer %zu has no name", index);
    for (size_t i = 0; i < index; i++) {
        if (strcmp(config->buffers[i].name, buffer->name) == 0)
            return chip_error_set(err, CHIP_E_VALUE, "two buffers are named '%s'", buffer->name);
    }
    if (!buffer->placement || strcmp(buffer->placement, "window") != 0)
        return chip_error_set(err, CHIP_E_VALUE,
                              "buffer '%s': placement '%s' is unknown; only 'window' exists",
                              buffer->name, buffer->placement ? buffer->placement : "");
    int rc = check_size(buffer, err);
    if (rc == CHIP_OK)
        rc = check_staging_of(buffer, buffer->load_from_host, "load_from_host", config->host_inputs,
                              config->host_input_count, "host_inputs", err);
    if (rc == CHIP_OK)
        rc = check_staging_of(buffer, buffer->store_to_host, "store_to_host", config->host_outputs,
                              config->host_output_count, "host_outputs", err);
    return rc;
}

static int check_comm(const struct chip_bootstrap_comm *comm, struct chip_error *err) {
    if (!comm)
        return CHIP_OK;
    if (comm->nranks < 1 || comm->nranks > CHIP_COMM_MAX_RANKS || comm->rank < 0 ||
        comm->rank >= comm->nranks)
        return chip_error_set(err, CHIP_E_VALUE,
                              "comm: rank %d of %d: 0 <= rank < nranks <= %d must hold", comm->rank,
                              comm->nranks, CHIP_COMM_MAX_RANKS);
    if (!comm->rootinfo_path)
        return chip_error_set(err, CHIP_E_VALUE, "comm: rootinfo_path is NULL");
    return CHIP_OK;
}

int chip_bootstrap_validate(const struct chip_bootstrap_config *config, struct chip_error *err) {
    if (!config)
        return chip_error_set(err, CHIP_E_VALUE, "the configuration is NULL");
    if (config->buffer_count > CHIP_BOOTSTRAP_MAX_BUFFERS)
        return chip_error_set(err, CHIP_E_VALUE, "%zu buffers, at most %d can be",
                              config->buffer_count, CHIP_BOOTSTRAP_MAX_BUFFERS);
    if (config->buffer_count && !config->buffers)
        return chip_error_set(err, CHIP_E_VALUE, "buffers is NULL with a count of %zu",
                              config->buffer_count);
    int rc = check_comm(config->comm, err);
    if (rc == CHIP_OK)
        rc = check_staging_list(config->host_inputs, config->host_input_count, "host_inputs", err);
    if (rc == CHIP_OK)
        rc = check_staging_list(config->host_outputs, config->host_output_count, "host_outputs",
                                err);
    uint64_t sum = 0;
    for (size_t i = 0; i < config->buffer_count && rc == CHIP_OK; i++) {
        rc = check_buffer(config, i, err);
        if (rc == CHIP_OK && !chip__add_u64(sum, config->buffers[i].nbytes, &sum))
            rc = chip_error_set(
                err, CHIP_E_VALUE, "buffer '%s': nbytes %llu makes the sum of all buffers overflow",
                config->buffers[i].name, (unsigned long long)config->buffers[i].nbytes);
    }
    if (rc == CHIP_OK && config->buffer_count && !config->comm)
        rc = chip_error_set(err, CHIP_E_VALUE,
                            "buffer '%s' is placed in a window, but there is no comm",
                            config->buffers[0].name);
    return rc;
}
