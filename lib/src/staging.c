/* SPDX-License-Identifier: Apache-2.0 */
/*
 * staging.c - host staging segments: inputs are read once at bootstrap, outputs are written by the
 * flush after each successful task.
 *
 *   T1  A segment is attached by name and never unlinked: it is the parent's.
 *   T2  Its size is checked and its memory reserved before it is mapped: too short or too sparse is
 *       an error, never a SIGBUS.
 *   T3  A buffer of 0 bytes is never attached, copied or flushed.
 *   T4  A flush has moved every byte when it returns CHIP_OK.
 *   T5  An output stays mapped from its first flush until shutdown.
 */
#include "bootstrap_internal.h"
#include "device_internal.h"

#include <chip/probe.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct chunk_note {
    uint32_t rank;
    size_t buffer;
};

static void note_d2h(void *arg, uint64_t index, uint64_t nbytes) {
    const struct chunk_note *note = arg;
    CHIP_PROBE(D2H_CHUNK, note->rank, note->buffer, index, nbytes);
}

static void note_h2d(void *arg, uint64_t index, uint64_t nbytes) {
    const struct chunk_note *note = arg;
    CHIP_PROBE(H2D_CHUNK, note->rank, note->buffer, index, nbytes);
}

/* Checks size and memory of an open segment (T2). */
static int check_segment(const struct chip_bootstrap_staging *s, uint64_t nbytes, int fd,
                         struct chip_error *err) {
    struct stat st;
    if (fstat(fd, &st) != 0)
        return chip_error_sys(err, errno, "cannot see the size of segment %s", s->shm_name);
    if (st.st_size < 0 || (uint64_t)st.st_size < nbytes)
        return chip_error_set(err, CHIP_E_VALUE, "segment %s has %lld bytes, '%s' needs %llu",
                              s->shm_name, (long long)st.st_size, s->name,
                              (unsigned long long)nbytes);
    int no = posix_fallocate(fd, 0, (off_t)nbytes);
    return no ? chip_error_sys(err, no, "cannot reserve the memory of segment %s", s->shm_name)
              : CHIP_OK;
}

/* Maps nbytes (> 0) of the named segment. */
static int attach(const struct chip_bootstrap_staging *s, uint64_t nbytes, void **out,
                  struct chip_error *err) {
    int fd = shm_open(s->shm_name, O_RDWR | O_CLOEXEC, 0);
    if (fd < 0)
        return chip_error_sys(err, errno, "cannot attach segment %s of '%s'", s->shm_name, s->name);
    int rc = check_segment(s, nbytes, fd, err);
    if (rc == CHIP_OK) {
        /* Populated: the flush should not pay a fault for each page. */
        *out = mmap(NULL, nbytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
        if (*out == MAP_FAILED)
            rc = chip_error_sys(err, errno, "cannot map segment %s of '%s'", s->shm_name, s->name);
    }
    close(fd);
    return rc;
}

int chip__staging_load(struct chip_bootstrap *boot, size_t index, struct chip_error *err) {
    const struct chip_bootstrap_config *config = &boot->config;
    const struct chip_bootstrap_buffer *buffer = &config->buffers[index];
    struct chunk_note note = {config->chip, index};
    void *host;
    if (buffer->nbytes == 0)
        return CHIP_OK;
    CHIP_PROBE(H2D_BEGIN, config->chip, index, buffer->nbytes, 0);
    const struct chip_bootstrap_staging *s =
        chip__staging_find(config->host_inputs, config->host_input_count, buffer->name);
    CHIP_ASSERT(s != NULL); /* validated */
    int rc = attach(s, buffer->nbytes, &host, err);
    if (rc == CHIP_OK) {
        rc = chip__dma_run(boot->dev, CHIP_DEVICE_OP_H2D, boot->result.buffer_ptrs[index], host,
                           buffer->nbytes, note_h2d, &note, err);
        if (munmap(host, buffer->nbytes) != 0 && rc == CHIP_OK)
            rc = chip_error_sys(err, errno, "cannot unmap segment %s", s->shm_name);
    }
    CHIP_PROBE(H2D_END, config->chip, index, buffer->nbytes, rc);
    return rc;
}

static int flush(struct chip_bootstrap *boot, size_t index, struct chip_error *err) {
    const struct chip_bootstrap_config *config = &boot->config;
    uint64_t nbytes = config->buffers[index].nbytes;
    struct chunk_note note = {config->chip, index};
    if (!boot->outputs[index]) {
        const struct chip_bootstrap_staging *s = chip__staging_find(
            config->host_outputs, config->host_output_count, config->buffers[index].name);
        CHIP_ASSERT(s != NULL); /* validated */
        void *host;
        int rc = attach(s, nbytes, &host, err);
        if (rc)
            return rc;
        boot->outputs[index] = host;
    }
    return chip__dma_run(boot->dev, CHIP_DEVICE_OP_D2H, boot->result.buffer_ptrs[index],
                         boot->outputs[index], nbytes, note_d2h, &note, err);
}

int chip_staging_flush(struct chip_bootstrap *boot, size_t index, struct chip_error *err) {
    if (!boot || boot->stage != CHIP__BOOT_UP)
        return chip_error_set(err, CHIP_E_STATE, "this chip is not bootstrapped");
    if (index >= boot->config.buffer_count)
        return chip_error_set(err, CHIP_E_LOOKUP, "buffer %zu of %zu", index,
                              boot->config.buffer_count);
    const struct chip_bootstrap_buffer *buffer = &boot->config.buffers[index];
    if (!buffer->store_to_host)
        return chip_error_set(err, CHIP_E_LOOKUP, "buffer '%s' is not store_to_host", buffer->name);
    if (buffer->nbytes == 0)
        return CHIP_OK;
    CHIP_PROBE(D2H_BEGIN, boot->config.chip, index, buffer->nbytes, 0);
    int rc = flush(boot, index, err);
    CHIP_PROBE(D2H_END, boot->config.chip, index, buffer->nbytes, rc);
    return rc;
}

int chip__staging_release(struct chip_bootstrap *boot, struct chip_error *err) {
    int first = 0;
    for (size_t i = 0; i < boot->config.buffer_count; i++) {
        if (boot->outputs[i] && munmap(boot->outputs[i], boot->config.buffers[i].nbytes) != 0 &&
            !first)
            first = errno;
        boot->outputs[i] = NULL;
    }
    return first ? chip_error_sys(err, first, "cannot unmap an output staging") : CHIP_OK;
}
