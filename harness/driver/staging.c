/* SPDX-License-Identifier: Apache-2.0 */
/* staging.c - the host stagings of a scenario, made before control begins. */
#include "harness/driver/driver.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int open_one(struct driver *d, uint32_t rank, uint32_t buffer) {
    const struct chs_buffer *b = &d->s->buffers[buffer];
    struct drv_staging *st = drv_staging(d, rank, buffer);
    snprintf(st->shm_name, sizeof st->shm_name, "/staging-%u-%u", rank, buffer);
    st->bytes = b->staging_bytes;
    if (b->staging_bytes == 0)
        return 0;
    int fd = shm_open(st->shm_name, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (fd < 0)
        return errno;
    int error = posix_fallocate(fd, 0, (off_t)b->staging_bytes);
    if (!error) {
        void *at = mmap(NULL, b->staging_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        error = at == MAP_FAILED ? errno : 0;
        st->at = error ? NULL : at;
    }
    close(fd);
    if (error) {
        shm_unlink(st->shm_name);
        return error;
    }
    if (b->host.form != CHS_CONTENT_NONE)
        chs_content_write(&b->host, b, rank, d->s->ranks, 0, st->at, b->staging_bytes);
    return 0;
}

int drv_staging_open(struct driver *d) {
    for (uint32_t rank = 0; rank < d->s->ranks; rank++) {
        for (uint32_t i = 0; i < d->s->buffer_count; i++) {
            const struct chs_buffer *b = &d->s->buffers[i];
            if (!(b->ranks >> rank & 1) || !b->staging || !(b->load_from_host || b->store_to_host))
                continue;
            int error = open_one(d, rank, i);
            if (error)
                return error;
        }
    }
    return 0;
}

void drv_staging_close(struct driver *d) {
    for (size_t i = 0; i < d->s->ranks * d->s->buffer_count; i++) {
        struct drv_staging *st = &d->staging[i];
        if (!st->at)
            continue;
        munmap(st->at, st->bytes);
        shm_unlink(st->shm_name);
        st->at = NULL;
    }
}

bool drv_staging_owns(const struct driver *d, const char *shm_name) {
    for (size_t i = 0; i < d->s->ranks * d->s->buffer_count; i++)
        if (d->staging[i].at && strcmp(d->staging[i].shm_name, shm_name) == 0)
            return true;
    return false;
}
