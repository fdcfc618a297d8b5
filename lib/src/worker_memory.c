/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker_memory.c - device memory of a chip, seen from the parent.
 *
 * Copies of up to 3776 bytes travel in the mailbox; larger ones through a segment made for the one
 * command. What must hold: its memory is reserved before it is touched (a full /dev/shm is an
 * error, not a SIGBUS), and its name is gone when the call returns, whatever became of the command.
 */
#include "worker_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct segment {
    char name[CHIP_SEGMENT_NAME_MAX + 1];
    int fd;
    void *bytes;
    size_t size;
};

int chip_worker_malloc(struct chip_worker *worker, uint32_t chip, uint64_t bytes, uint64_t *address,
                       struct chip_error *err) {
    uint64_t arg[3] = {bytes, 0, 0};
    return chip_worker_control(worker, chip, CHIP_CONTROL_MALLOC, arg, NULL, 0, address, err);
}

int chip_worker_free(struct chip_worker *worker, uint32_t chip, uint64_t address,
                     struct chip_error *err) {
    uint64_t arg[3] = {address, 0, 0};
    return chip_worker_control(worker, chip, CHIP_CONTROL_FREE, arg, NULL, 0, NULL, err);
}

/* A name that a dead process of the same pid left behind is stepped over, never reused. */
static int create_unique(struct segment *s, struct chip_error *err) {
    static uint32_t serial;
    for (int tries = 0; tries < 64; tries++) {
        uint32_t n = __atomic_fetch_add(&serial, 1, __ATOMIC_RELAXED);
        snprintf(s->name, sizeof s->name, "/chip-copy-%d-%u", (int)getpid(), n);
        s->fd = shm_open(s->name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (s->fd >= 0)
            return CHIP_OK;
        if (errno != EEXIST)
            break;
    }
    return chip_error_sys(err, errno, "payload segment '%s' cannot be made", s->name);
}

static int segment_open(struct segment *s, uint64_t bytes, struct chip_error *err) {
    if (bytes > (uint64_t)INT64_MAX || bytes > SIZE_MAX)
        return chip_error_set(err, CHIP_E_OVERFLOW, "a copy of %llu bytes",
                              (unsigned long long)bytes);
    int rc = create_unique(s, err);
    if (rc)
        return rc;
    int no = posix_fallocate(s->fd, 0, (off_t)bytes);
    if (no) {
        rc = chip_error_sys(err, no, "payload segment of %llu bytes has no room",
                            (unsigned long long)bytes);
        goto unlink_name;
    }
    s->size = (size_t)bytes;
    s->bytes = mmap(NULL, s->size, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
    if (s->bytes == MAP_FAILED) {
        rc = chip_error_sys(err, errno, "payload segment of %llu bytes cannot be mapped",
                            (unsigned long long)bytes);
        goto unlink_name;
    }
    return CHIP_OK;

unlink_name:
    shm_unlink(s->name);
    close(s->fd);
    return rc;
}

static void segment_close(struct segment *s) {
    munmap(s->bytes, s->size);
    shm_unlink(s->name);
    close(s->fd);
}

static int copy_large(struct chip_worker *worker, uint32_t chip, uint64_t command, uint64_t address,
                      const void *from, void *to, uint64_t bytes, struct chip_error *err) {
    struct segment s;
    int rc = segment_open(&s, bytes, err);
    if (rc)
        return rc;
    if (from)
        memcpy(s.bytes, from, s.size);
    uint64_t arg[3] = {address, CHIP_PAYLOAD_SEGMENT, bytes};
    rc = chip_worker_control(worker, chip, command, arg, s.name, strlen(s.name) + 1, NULL, err);
    if (!rc && to)
        memcpy(to, s.bytes, s.size);
    segment_close(&s);
    return rc;
}

int chip_worker_copy_to(struct chip_worker *worker, uint32_t chip, uint64_t address,
                        const void *host, uint64_t bytes, struct chip_error *err) {
    if (bytes > CHIP_MAILBOX_ARGS_BYTES)
        return copy_large(worker, chip, CHIP_CONTROL_COPY_TO, address, host, NULL, bytes, err);
    uint64_t arg[3] = {address, CHIP_PAYLOAD_INLINE, bytes};
    return chip_worker_control(worker, chip, CHIP_CONTROL_COPY_TO, arg, host, (size_t)bytes, NULL,
                               err);
}

int chip_worker_copy_from(struct chip_worker *worker, uint32_t chip, void *host, uint64_t address,
                          uint64_t bytes, struct chip_error *err) {
    if (bytes > CHIP_MAILBOX_ARGS_BYTES)
        return copy_large(worker, chip, CHIP_CONTROL_COPY_FROM, address, NULL, host, bytes, err);
    uint64_t arg[3] = {address, CHIP_PAYLOAD_INLINE, bytes};
    struct chip__reply reply = {.bytes = host, .byte_count = (size_t)bytes};
    return chip__control(worker, chip, CHIP_CONTROL_COPY_FROM, arg, NULL, 0, &reply, err);
}
