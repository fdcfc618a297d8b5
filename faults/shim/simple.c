/* SPDX-License-Identifier: Apache-2.0 */
/*
 * simple.c - the shims that the table in calls.h generates.
 */
#include "faults/shim/calls.h"
#include "faults/shim/shim.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

void *shim_next(void **cache, const char *name) {
    /* Two threads may both look it up; they find the same address. */
    void *p = __atomic_load_n(cache, __ATOMIC_RELAXED);
    if (!p) {
        p = dlsym(RTLD_NEXT, name);
        __atomic_store_n(cache, p, __ATOMIC_RELAXED);
    }
    return p;
}

#define FAIL_ERRNO(error, failed)    (errno = (error), (failed))
#define FAIL_RESULT(error, failed)   (error)
#define ERROR_ERRNO(result, failed)  ((result) == (failed) ? errno : 0)
#define ERROR_RESULT(result, failed) ((int)(result))

#define SHIM_DEFINE(type, name, params, args, failed, style, path, arg0, arg1)                   \
    SHIM_EXPORT type name params {                                                               \
        SHIM_REAL(name);                                                                         \
        if (!real_##name)                                                                        \
            return FAIL_##style(ENOSYS, failed);                                                 \
        if (!shim_controlled())                                                                  \
            return real_##name args;                                                             \
        int planned = chipharness_call_enter(CHIP_CALL_##name, path);                            \
        type result = planned ? FAIL_##style(planned, failed) : real_##name args;                \
        chipharness_call_leave(CHIP_CALL_##name, (int64_t)result, ERROR_##style(result, failed), \
                               (uint64_t)(arg0), (uint64_t)(arg1));                              \
        return result;                                                                           \
    }
SHIM_SIMPLE_CALLS(SHIM_DEFINE)

SHIM_EXPORT int ftruncate64(int fd, off64_t bytes) {
    return ftruncate(fd, bytes);
}

SHIM_EXPORT int posix_fallocate64(int fd, off64_t at, off64_t bytes) {
    return posix_fallocate(fd, at, bytes);
}
