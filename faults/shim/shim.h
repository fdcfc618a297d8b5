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

#define SHIM_EXPORT __attribute__((visibility("default")))

/* The next definition of a symbol, looked up once; aborts never: a missing symbol fails the call
 * with ENOSYS (shim_missing). */
void *shim_next(void **cache, const char *name);
#define SHIM_REAL(name)             \
    static void *shim_cache_##name; \
    __typeof__(&name) real_##name = (__typeof__(&name))shim_next(&shim_cache_##name, #name)

static inline bool shim_controlled(void) {
    return chipharness_controlled && chipharness_controlled();
}

#endif
