/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remap.c - mappings that move, and System V shared memory: passed on, and told to the agent. No
 * points: what matters is what is then read and written there.
 */
#include "faults/shim/shim.h"

#include <stdarg.h>
#include <sys/mman.h>
#include <sys/shm.h>

SHIM_EXPORT void *mremap(void *from, size_t old_bytes, size_t bytes, int flags, ...) {
    SHIM_REAL(mremap);
    if (!real_mremap)
        return errno = ENOSYS, MAP_FAILED;
    void *to = NULL;
    if (flags & MREMAP_FIXED) {
        va_list more;
        va_start(more, flags);
        to = va_arg(more, void *);
        va_end(more);
    }
    void *p = real_mremap(from, old_bytes, bytes, flags, to);
    if (p != MAP_FAILED && chipharness_remapped)
        chipharness_remapped(from, flags & MREMAP_DONTUNMAP ? 0 : old_bytes, p, bytes);
    return p;
}

SHIM_EXPORT void *shmat(int id, const void *wanted, int flags) {
    SHIM_REAL(shmat);
    if (!real_shmat)
        return errno = ENOSYS, (void *)-1;
    struct shmid_ds about;
    void *p = real_shmat(id, wanted, flags);
    int saved = errno;
    if (p != (void *)-1 && chipharness_attached && shmctl(id, IPC_STAT, &about) == 0)
        chipharness_attached(p, about.shm_segsz, id);
    errno = saved;
    return p;
}

SHIM_EXPORT int shmdt(const void *at) {
    SHIM_REAL(shmdt);
    if (!real_shmdt)
        return errno = ENOSYS, -1;
    int r = real_shmdt(at);
    if (r == 0 && chipharness_detached)
        chipharness_detached(at);
    return r;
}
