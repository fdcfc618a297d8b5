/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mutex.c - shims of mutexes and read-write locks.
 *
 * Their owner is read where glibc keeps it (bits/struct_mutex.h, bits/struct_rwlock.h): for the
 * errors that a lock of one's own gives, and so that a hang can name who holds what.
 */
#include "faults/shim/sync.h"

static bool own_checked_mutex(const pthread_mutex_t *m) {
    return (m->__data.__kind & 3) == PTHREAD_MUTEX_ERRORCHECK_NP &&
           m->__data.__owner == chipharness_tid();
}

int shim_mutex_lock(pthread_mutex_t *m, uint64_t deadline) {
    SHIM_REAL(pthread_mutex_trylock);
    int error;
    while ((error = real_pthread_mutex_trylock(m)) == EBUSY) {
        if (own_checked_mutex(m))
            return EDEADLK;
        error = chipharness_sync_wait(CHIP_WAIT_MUTEX, m, m->__data.__owner, deadline);
        if (error)
            return error;
    }
    return error;
}

int shim_mutex_unlock(pthread_mutex_t *m) {
    SHIM_REAL(pthread_mutex_unlock);
    int error = real_pthread_mutex_unlock(m);
    if (!error)
        chipharness_sync_wake(CHIP_WAIT_MUTEX, m, UINT32_MAX);
    return error;
}

SHIM_EXPORT int pthread_mutex_lock(pthread_mutex_t *m) {
    SHIM_REAL(pthread_mutex_lock);
    if (!shim_controlled())
        return real_pthread_mutex_lock ? real_pthread_mutex_lock(m) : ENOSYS;
    struct shim_op op = shim_begin(CHIP_CALL_pthread_mutex_lock, m);
    return shim_end(&op, op.planned ? op.planned : shim_mutex_lock(m, CHIP_NO_DEADLINE));
}

SHIM_EXPORT int pthread_mutex_trylock(pthread_mutex_t *m) {
    SHIM_REAL(pthread_mutex_trylock);
    if (!real_pthread_mutex_trylock)
        return ENOSYS;
    if (!shim_controlled())
        return real_pthread_mutex_trylock(m);
    struct shim_op op = shim_begin(CHIP_CALL_pthread_mutex_trylock, m);
    return shim_end(&op, op.planned ? op.planned : real_pthread_mutex_trylock(m));
}

static int mutex_lock_until(pthread_mutex_t *m, clockid_t clock, const struct timespec *at) {
    struct shim_op op = shim_begin(CHIP_CALL_pthread_mutex_timedlock, m);
    uint64_t deadline;
    int error = op.planned;
    if (!error)
        error = shim_deadline(clock, at, &deadline);
    if (!error)
        error = shim_mutex_lock(m, deadline);
    return shim_end(&op, error);
}

SHIM_EXPORT int pthread_mutex_timedlock(pthread_mutex_t *restrict m,
                                        const struct timespec *restrict at) {
    SHIM_REAL(pthread_mutex_timedlock);
    if (!shim_controlled())
        return real_pthread_mutex_timedlock ? real_pthread_mutex_timedlock(m, at) : ENOSYS;
    return mutex_lock_until(m, CLOCK_REALTIME, at);
}

SHIM_EXPORT int pthread_mutex_clocklock(pthread_mutex_t *restrict m, clockid_t clock,
                                        const struct timespec *restrict at) {
    SHIM_REAL(pthread_mutex_clocklock);
    if (!shim_controlled())
        return real_pthread_mutex_clocklock ? real_pthread_mutex_clocklock(m, clock, at) : ENOSYS;
    return mutex_lock_until(m, clock, at);
}

SHIM_EXPORT int pthread_mutex_unlock(pthread_mutex_t *m) {
    SHIM_REAL(pthread_mutex_unlock);
    if (!shim_controlled())
        return real_pthread_mutex_unlock ? real_pthread_mutex_unlock(m) : ENOSYS;
    struct shim_op op = shim_begin(CHIP_CALL_pthread_mutex_unlock, m);
    return shim_end(&op, op.planned ? op.planned : shim_mutex_unlock(m));
}

/* ---- read-write locks ---- */

static int rwlock_try(pthread_rwlock_t *l, bool write) {
    SHIM_REAL(pthread_rwlock_tryrdlock);
    SHIM_REAL(pthread_rwlock_trywrlock);
    return write ? real_pthread_rwlock_trywrlock(l) : real_pthread_rwlock_tryrdlock(l);
}

static int rwlock_lock(uint32_t call, pthread_rwlock_t *l, bool write, clockid_t clock,
                       const struct timespec *at) {
    struct shim_op op = shim_begin(call, l);
    uint64_t deadline = CHIP_NO_DEADLINE;
    int error = op.planned;
    if (!error && at)
        error = shim_deadline(clock, at, &deadline);
    while (!error && (error = rwlock_try(l, write)) == EBUSY) {
        if (l->__data.__cur_writer == chipharness_tid())
            return shim_end(&op, EDEADLK);
        error = chipharness_sync_wait(CHIP_WAIT_RWLOCK, l, l->__data.__cur_writer, deadline);
        if (!error)
            continue;
        break;
    }
    return shim_end(&op, error);
}

#define RWLOCK_LOCK(name, write)                                              \
    SHIM_EXPORT int name(pthread_rwlock_t *l) {                               \
        SHIM_REAL(name);                                                      \
        if (!shim_controlled())                                               \
            return real_##name ? real_##name(l) : ENOSYS;                     \
        return rwlock_lock(CHIP_CALL_##name, l, write, CLOCK_REALTIME, NULL); \
    }
RWLOCK_LOCK(pthread_rwlock_rdlock, false)
RWLOCK_LOCK(pthread_rwlock_wrlock, true)

#define RWLOCK_TRY(name, write)                                               \
    SHIM_EXPORT int name(pthread_rwlock_t *l) {                               \
        SHIM_REAL(name);                                                      \
        if (!real_##name)                                                     \
            return ENOSYS;                                                    \
        if (!shim_controlled())                                               \
            return real_##name(l);                                            \
        struct shim_op op = shim_begin(CHIP_CALL_##name, l);                  \
        return shim_end(&op, op.planned ? op.planned : rwlock_try(l, write)); \
    }
RWLOCK_TRY(pthread_rwlock_tryrdlock, false)
RWLOCK_TRY(pthread_rwlock_trywrlock, true)

#define RWLOCK_TIMED(name, clock_name, write)                                                \
    SHIM_EXPORT int name(pthread_rwlock_t *restrict l, const struct timespec *restrict at) { \
        SHIM_REAL(name);                                                                     \
        if (!shim_controlled())                                                              \
            return real_##name ? real_##name(l, at) : ENOSYS;                                \
        return rwlock_lock(CHIP_CALL_##name, l, write, CLOCK_REALTIME, at);                  \
    }                                                                                        \
    SHIM_EXPORT int clock_name(pthread_rwlock_t *restrict l, clockid_t clock,                \
                               const struct timespec *restrict at) {                         \
        SHIM_REAL(clock_name);                                                               \
        if (!shim_controlled())                                                              \
            return real_##clock_name ? real_##clock_name(l, clock, at) : ENOSYS;             \
        return rwlock_lock(CHIP_CALL_##name, l, write, clock, at);                           \
    }
RWLOCK_TIMED(pthread_rwlock_timedrdlock, pthread_rwlock_clockrdlock, false)
RWLOCK_TIMED(pthread_rwlock_timedwrlock, pthread_rwlock_clockwrlock, true)

SHIM_EXPORT int pthread_rwlock_unlock(pthread_rwlock_t *l) {
    SHIM_REAL(pthread_rwlock_unlock);
    if (!real_pthread_rwlock_unlock)
        return ENOSYS;
    if (!shim_controlled())
        return real_pthread_rwlock_unlock(l);
    struct shim_op op = shim_begin(CHIP_CALL_pthread_rwlock_unlock, l);
    int error = op.planned ? op.planned : real_pthread_rwlock_unlock(l);
    if (!error)
        chipharness_sync_wake(CHIP_WAIT_RWLOCK, l, UINT32_MAX);
    return shim_end(&op, error);
}
