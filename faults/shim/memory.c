/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory.c - shims of the calls that make, map and remove shared objects: passed on, and told to
 * the agent, which follows what is mapped where and what is left in /dev/shm.
 */
#include "faults/shim/shim.h"

#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

static const char *run_name(const char *name, char *buf, size_t bytes) {
    return chipharness_segment_name ? chipharness_segment_name(name, buf, bytes) : name;
}

SHIM_EXPORT int shm_open(const char *name, int flags, mode_t mode) {
    SHIM_REAL(shm_open);
    if (!real_shm_open)
        return errno = ENOSYS, -1;
    char real[NAME_MAX];
    bool controlled = shim_controlled();
    int planned = controlled ? chipharness_call_enter(CHIP_CALL_shm_open, name) : 0;
    int fd = planned ? (errno = planned, -1)
                     : real_shm_open(run_name(name, real, sizeof real), flags, mode);
    if (fd >= 0 && (flags & O_CREAT) && chipharness_segment_made)
        chipharness_segment_made(name, fd);
    if (controlled)
        chipharness_call_leave(CHIP_CALL_shm_open, fd, fd < 0 ? errno : 0, (uint64_t)flags, 0);
    return fd;
}

SHIM_EXPORT int shm_unlink(const char *name) {
    SHIM_REAL(shm_unlink);
    if (!real_shm_unlink)
        return errno = ENOSYS, -1;
    char real[NAME_MAX];
    bool controlled = shim_controlled();
    int planned = controlled ? chipharness_call_enter(CHIP_CALL_shm_unlink, name) : 0;
    int r = planned ? (errno = planned, -1) : real_shm_unlink(run_name(name, real, sizeof real));
    if (r == 0 && chipharness_segment_gone)
        chipharness_segment_gone(name);
    if (controlled)
        chipharness_call_leave(CHIP_CALL_shm_unlink, r, r < 0 ? errno : 0, 0, 0);
    return r;
}

SHIM_EXPORT void *mmap(void *at, size_t bytes, int protection, int flags, int fd, off_t offset) {
    SHIM_REAL(mmap);
    if (!real_mmap)
        return errno = ENOSYS, MAP_FAILED;
    bool controlled = shim_controlled();
    int planned = controlled ? chipharness_call_enter(CHIP_CALL_mmap, NULL) : 0;
    void *p = planned ? (errno = planned, MAP_FAILED)
                      : real_mmap(at, bytes, protection, flags, fd, offset);
    int64_t object = -1;
    if (p != MAP_FAILED && chipharness_mapped)
        object = chipharness_mapped(p, bytes, flags, fd, offset);
    if (controlled)
        chipharness_call_leave(CHIP_CALL_mmap, p == MAP_FAILED ? -1 : 0,
                               p == MAP_FAILED ? errno : 0, bytes, (uint64_t)object);
    return p;
}

SHIM_EXPORT void *mmap64(void *at, size_t bytes, int protection, int flags, int fd,
                         off64_t offset) {
    return mmap(at, bytes, protection, flags, fd, offset);
}

SHIM_EXPORT int munmap(void *at, size_t bytes) {
    SHIM_REAL(munmap);
    if (!real_munmap)
        return errno = ENOSYS, -1;
    bool controlled = shim_controlled();
    int planned = controlled ? chipharness_call_enter(CHIP_CALL_munmap, NULL) : 0;
    int r = planned ? (errno = planned, -1) : real_munmap(at, bytes);
    if (r == 0 && chipharness_unmapped)
        chipharness_unmapped(at, bytes);
    if (controlled)
        chipharness_call_leave(CHIP_CALL_munmap, r, r < 0 ? errno : 0, bytes, 0);
    return r;
}

SHIM_EXPORT int open(const char *path, int flags, ...) {
    SHIM_REAL(open);
    mode_t mode = 0;
    if (flags & (O_CREAT | O_TMPFILE)) {
        va_list ap;
        va_start(ap, flags);
        mode = va_arg(ap, mode_t);
        va_end(ap);
    }
    if (!real_open)
        return errno = ENOSYS, -1;
    if (!shim_controlled())
        return real_open(path, flags, mode);
    int planned = chipharness_call_enter(CHIP_CALL_open, path);
    int fd = planned ? (errno = planned, -1) : real_open(path, flags, mode);
    chipharness_call_leave(CHIP_CALL_open, fd, fd < 0 ? errno : 0, (uint64_t)flags, 0);
    return fd;
}

SHIM_EXPORT int close(int fd) {
    SHIM_REAL(close);
    if (!real_close)
        return errno = ENOSYS, -1;
    if (chipharness_own_fd && chipharness_own_fd(fd))
        return errno = EBADF, -1;
    if (!shim_controlled())
        return real_close(fd);
    int planned = chipharness_call_enter(CHIP_CALL_close, NULL);
    /* Linux has closed the descriptor even where close() reports an error. */
    int r = real_close(fd);
    if (planned)
        r = (errno = planned, -1);
    chipharness_io_changed();
    chipharness_call_leave(CHIP_CALL_close, r, r < 0 ? errno : 0, (uint64_t)fd, 0);
    return r;
}
