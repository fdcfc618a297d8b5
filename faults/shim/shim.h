/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shim.h - inside of libchipshim.so.
 *
 * Rules of this library: it links libc only; it never ends or upsets the host; it allocates
 * nothing on the way through a call; a call that it does not fail leaves errno as the real one
 * left it; without an agent, or outside control, every call goes straight on.
 */
#ifndef FAULTS_SHIM_H
#define FAULTS_SHIM_H

#include "faults/shim/hooks.h"

#include <errno.h>
#include <time.h>

#define SHIM_EXPORT __attribute__((visibility("default")))

/* The next definition of a symbol, looked up once; aborts never: a missing symbol fails the call
 * with ENOSYS (shim_missing). */
void *shim_next(void **cache, const char *name);
#define SHIM_REAL(name)             \
    static void *shim_cache_##name; \
    __typeof__(&name) real_##name = (__typeof__(&name))shim_next(&shim_cache_##name, #name)

/* Where the run's clocks start: any fixed instants will do. */
#define SHIM_MONOTONIC_NS 1000000000000ull
#define SHIM_REALTIME_S   1700000000ll

static inline uint64_t shim_to_ns(const struct timespec *t) {
    return (uint64_t)t->tv_sec * 1000000000ull + (uint64_t)t->tv_nsec;
}

static inline bool shim_valid_time(const struct timespec *t) {
    return t->tv_sec >= 0 && t->tv_nsec >= 0 && t->tv_nsec < 1000000000l;
}

/* Is this clock the run's own, and where did it start? */
static inline bool shim_virtual_clock(clockid_t id, uint64_t *start_ns) {
    switch (id) {
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
        *start_ns = SHIM_MONOTONIC_NS;
        return true;
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
        *start_ns = (uint64_t)SHIM_REALTIME_S * 1000000000ull;
        return true;
    default:
        return false;
    }
}

/* An instant of a clock as a deadline of the run; EINVAL for no valid one. */
static inline int shim_deadline(clockid_t id, const struct timespec *at, uint64_t *deadline) {
    uint64_t start;
    if (!shim_virtual_clock(id, &start) || at->tv_nsec < 0 || at->tv_nsec >= 1000000000l)
        return EINVAL;
    *deadline = at->tv_sec < 0 || shim_to_ns(at) < start ? 0 : shim_to_ns(at) - start;
    return 0;
}

static inline bool shim_controlled(void) {
    return chipharness_controlled && chipharness_controlled();
}

#endif
