/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child_control.c - control commands in the child; their arguments are in chip/control.h.
 *
 * What must hold: a number that is not in the table below is an error; a payload segment is opened
 * by name, checked for size, used and closed, never unlinked (its parent does that).
 */
#include "child_internal.h"

#include <chip/control.h>
#include <chip/probe.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where the host's bytes of a copy are. Segment: mapped here, to be closed again. */
struct payload {
    void *bytes;
    uint64_t mapped; /* 0: nothing to unmap */
};

static int open_segment(const char *name, uint64_t bytes, struct payload *out,
                        struct chip_error *err) {
    int rc = CHIP_OK;
    struct stat st;
    int fd = shm_open(name, O_RDWR | O_CLOEXEC, 0);
    if (fd < 0)
        return chip_error_sys(err, errno, "payload segment '%s' cannot be opened", name);
    if (fstat(fd, &st) != 0) {
        rc = chip_error_sys(err, errno, "payload segment '%s' has no size", name);
        goto close_fd;
    }
    if (st.st_size < 0 || (uint64_t)st.st_size < bytes) {
        rc = chip_error_set(err, CHIP_E_VALUE, "payload segment '%s' has %lld bytes, not %llu",
                            name, (long long)st.st_size, (unsigned long long)bytes);
        goto close_fd;
    }
    void *p = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED) {
        rc = chip_error_sys(err, errno, "payload segment '%s' cannot be mapped", name);
        goto close_fd;
    }
    *out = (struct payload){.bytes = p, .mapped = bytes};
close_fd:
    close(fd);
    return rc;
}

static int open_payload(struct chip__child *self, uint64_t where, uint64_t bytes,
                        struct payload *out, struct chip_error *err) {
    struct chip_mailbox *mb = self->box.mb;
    *out = (struct payload){.bytes = mb->args};
    if (bytes == 0)
        return CHIP_OK;
    if (where == CHIP_PAYLOAD_INLINE) {
        if (bytes > sizeof mb->args)
            return chip_error_set(err, CHIP_E_VALUE, "%llu bytes do not fit in the args area",
                                  (unsigned long long)bytes);
        return CHIP_OK;
    }
    if (where == CHIP_PAYLOAD_SEGMENT) {
        char name[CHIP_SEGMENT_NAME_MAX + 1];
        chip__text_get(name, sizeof name, (const char *)mb->args, sizeof mb->args);
        return open_segment(name, bytes, out, err);
    }
    out->bytes = chip__ptr(where);
    return CHIP_OK;
}

static void close_payload(const struct payload *payload) {
    if (payload->mapped)
        munmap(payload->bytes, (size_t)payload->mapped);
}

static int do_malloc(struct chip__child *self, const uint64_t *arg, uint64_t *result,
                     struct chip_error *err) {
    return chip_device_malloc(self->device, arg[0], result, err);
}

static int do_free(struct chip__child *self, const uint64_t *arg, uint64_t *result,
                   struct chip_error *err) {
    (void)result;
    return chip_device_free(self->device, arg[0], err);
}

static int do_copy_to(struct chip__child *self, const uint64_t *arg, uint64_t *result,
                      struct chip_error *err) {
    (void)result;
    struct payload payload;
    int rc = open_payload(self, arg[1], arg[2], &payload, err);
    if (rc)
        return rc;
    rc = chip_device_copy_to(self->device, arg[0], payload.bytes, arg[2], err);
    close_payload(&payload);
    return rc;
}

static int do_copy_from(struct chip__child *self, const uint64_t *arg, uint64_t *result,
                        struct chip_error *err) {
    (void)result;
    struct payload payload;
    int rc = open_payload(self, arg[1], arg[2], &payload, err);
    if (rc)
        return rc;
    rc = chip_device_copy_from(self->device, payload.bytes, arg[0], arg[2], err);
    close_payload(&payload);
    return rc;
}

static const struct {
    uint64_t command;
    int (*run)(struct chip__child *self, const uint64_t *arg, uint64_t *result,
               struct chip_error *err);
} table[] = {
    {CHIP_CONTROL_MALLOC, do_malloc},
    {CHIP_CONTROL_FREE, do_free},
    {CHIP_CONTROL_COPY_TO, do_copy_to},
    {CHIP_CONTROL_COPY_FROM, do_copy_from},
};

static int dispatch(struct chip__child *self, uint64_t command, const uint64_t *arg,
                    uint64_t *result, struct chip_error *err) {
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].command == command)
            return table[i].run(self, arg, result, err);
    return chip_error_set(err, CHIP_E_LOOKUP, "control command %llu is not served",
                          (unsigned long long)command);
}

int chip__child_run_control(struct chip__child *self, uint32_t generation, uint64_t *result,
                            struct chip_error *err) {
    const struct chip_mailbox *mb = self->box.mb;
    uint64_t command = mb->callable;
    uint64_t arg[3] = {mb->u.control.arg[0], mb->u.control.arg[1], mb->u.control.arg[2]};
    CHIP_PROBE(CONTROL_BEGIN, self->box.chip, command, generation, 0);
    int rc = dispatch(self, command, arg, result, err);
    CHIP_PROBE(CONTROL_END, self->box.chip, command, generation, rc ? 1 : 0);
    if (rc)
        chip_error_prefix(err, "chip_process dev=%d ctrl=%llu: ", self->config->device_id,
                          (unsigned long long)command);
    return rc;
}
