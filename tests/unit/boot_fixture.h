/* SPDX-License-Identifier: Apache-2.0 */
/*
 * boot_fixture.h - for tests of the bootstrap and of staging: one chip with its own communicator,
 * host staging segments with names of this process, and a device. Header-only.
 */
#ifndef TESTS_UNIT_BOOT_FIXTURE_H
#define TESTS_UNIT_BOOT_FIXTURE_H

#include "ranks.h"

#include <chip/bootstrap.h>
#include <fcntl.h>
#include <sys/stat.h>

#define BOOT_PATH "test-boot"

enum { DTYPE_UINT8 = 5 };

struct boot {
    struct chip_device *dev;
    struct chip_bootstrap *boot;
    struct chip_bootstrap_comm comm;
    struct chip_bootstrap_buffer buffers[4];
    struct chip_bootstrap_staging inputs[4];
    struct chip_bootstrap_staging outputs[4];
    struct chip_bootstrap_config config;
    struct chip_bootstrap_result result;
    struct chip_bootstrap_page page;
    struct chip_bootstrap_channel channel;
    struct chip_error err;
    char names[8][64];
    size_t name_count;
};

/* A segment of `size` bytes, each `fill`; the name is valid until boot_close(). */
static inline const char *boot_segment(struct boot *b, size_t size, int fill) {
    char *name = b->names[b->name_count];
    snprintf(name, sizeof b->names[0], "/test-boot-%d-%zu", (int)getpid(), b->name_count);
    b->name_count++;
    int fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)size), 0);
    if (size) {
        void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        assert_ptr_not_equal(p, MAP_FAILED);
        memset(p, fill, size);
        munmap(p, size);
    }
    close(fd);
    return name;
}

/* The bytes of a segment; the caller unmaps. */
static inline unsigned char *boot_look(const char *name, size_t size) {
    int fd = shm_open(name, O_RDWR, 0);
    assert_true(fd >= 0);
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_ptr_not_equal(p, MAP_FAILED);
    close(fd);
    return p;
}

static inline void boot_open(struct boot *b, uint64_t dma_chunk) {
    struct chip_device_config device = {.dma_chunk = dma_chunk};
    memset(b, 0, sizeof *b);
    assert_int_equal(chip_comm_mint(NULL), CHIP_OK);
    assert_int_equal(chip_device_create(0, &device, &b->dev, NULL), CHIP_OK);
    assert_int_equal(chip_bootstrap_new(b->dev, &b->boot, NULL), CHIP_OK);
    b->comm = (struct chip_bootstrap_comm){.nranks = 1, .rootinfo_path = BOOT_PATH};
    b->comm.window_size = 65536;
    b->config.comm = &b->comm;
    b->config.buffers = b->buffers;
    b->config.host_inputs = b->inputs;
    b->config.host_outputs = b->outputs;
    assert_int_equal(chip_bootstrap_channel_init(&b->channel, &b->page, 376, 0, NULL), CHIP_OK);
    chip_bootstrap_channel_reset(&b->channel);
}

static inline struct chip_bootstrap_buffer *boot_buffer(struct boot *b, const char *name,
                                                        uint64_t nbytes) {
    struct chip_bootstrap_buffer *buffer = &b->buffers[b->config.buffer_count++];
    *buffer = (struct chip_bootstrap_buffer){.name = name, .dtype = DTYPE_UINT8};
    buffer->count = nbytes;
    buffer->nbytes = nbytes;
    buffer->placement = "window";
    return buffer;
}

static inline void boot_input(struct boot *b, const char *name, const char *shm, uint64_t size) {
    b->inputs[b->config.host_input_count++] = (struct chip_bootstrap_staging){name, shm, size};
}

static inline void boot_output(struct boot *b, const char *name, const char *shm, uint64_t size) {
    b->outputs[b->config.host_output_count++] = (struct chip_bootstrap_staging){name, shm, size};
}

static inline int boot_run(struct boot *b) {
    return chip_bootstrap_context(b->boot, &b->config, &b->channel, &b->result, &b->err);
}

static inline void boot_close(struct boot *b) {
    chip_bootstrap_free(b->boot);
    assert_int_equal(chip_device_finalize(b->dev, NULL), CHIP_OK);
    for (size_t i = 0; i < b->name_count; i++)
        shm_unlink(b->names[i]);
    assert_no_segment(BOOT_PATH);
}

#endif
