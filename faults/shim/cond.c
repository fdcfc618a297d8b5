/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cond.c - shims of condition variables and semaphores.
 *
 * A condition variable is a queue in the control block and the real one stays untouched: its
 * waiters are woken first come first, a signal that finds nobody is lost, and no wake-up comes
 * unasked. A semaphore is the real one, tried.
 */
#include "faults/shim/sync.h"

#include <fcntl.h>
#include <limits.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The clock of pthread_condattr_setclock(), where glibc keeps it. */
static clockid_t cond_clock(const pthread_cond_t *c) {
    return c->__data.__wrefs & 2 ? CLOCK_MONOTONIC : CLOCK_REALTIME;
}

static int cond_wait(uint32_t call, pthread_cond_t *c, pthread_mutex_t *m, clockid_t clock,
                     const struct timespec *at) {
    struct shim_op op = shim_begin(call, c);
    uint64_t deadline = CHIP_NO_DEADLINE;
    int error = op.planned;
    if (!error && at)
        error = shim_deadline(clock, at, &deadline);
    if (!error)
        error = shim_mutex_unlock(m);
    if (!error) {
        error = chipharness_sync_wait(CHIP_WAIT_COND, c, 0, deadline);
        int locked = shim_mutex_lock(m, CHIP_NO_DEADLINE);
        error = locked ? locked : error;
        pthread_testcancel();
    }
    return shim_end(&op, error);
}

SHIM_EXPORT int pthread_cond_wait(pthread_cond_t *restrict c, pthread_mutex_t *restrict m) {
    SHIM_REAL(pthread_cond_wait);
    if (!shim_controlled())
        return real_pthread_cond_wait ? real_pthread_cond_wait(c, m) : ENOSYS;
    return cond_wait(CHIP_CALL_pthread_cond_wait, c, m, CLOCK_REALTIME, NULL);
}

SHIM_EXPORT int pthread_cond_timedwait(pthread_cond_t *restrict c, pthread_mutex_t *restrict m,
                                       const struct timespec *restrict at) {
    SHIM_REAL(pthread_cond_timedwait);
    if (!shim_controlled())
        return real_pthread_cond_timedwait ? real_pthread_cond_timedwait(c, m, at) : ENOSYS;
    return cond_wait(CHIP_CALL_pthread_cond_timedwait, c, m, cond_clock(c), at);
}

SHIM_EXPORT int pthread_cond_clockwait(pthread_cond_t *restrict c, pthread_mutex_t *restrict m,
                                       clockid_t clock, const struct timespec *restrict at) {
    SHIM_REAL(pthread_cond_clockwait);
    if (!shim_controlled())
        return real_pthread_cond_clockwait ? real_pthread_cond_clockwait(c, m, clock, at) : ENOSYS;
    return cond_wait(CHIP_CALL_pthread_cond_timedwait, c, m, clock, at);
}

static int cond_wake(uint32_t call, pthread_cond_t *c, uint32_t n) {
    struct shim_op op = shim_begin(call, c);
    if (!op.planned)
        chipharness_sync_wake(CHIP_WAIT_COND, c, n);
    return shim_end(&op, op.planned);
}

SHIM_EXPORT int pthread_cond_signal(pthread_cond_t *c) {
    SHIM_REAL(pthread_cond_signal);
    if (!shim_controlled())
        return real_pthread_cond_signal ? real_pthread_cond_signal(c) : ENOSYS;
    return cond_wake(CHIP_CALL_pthread_cond_signal, c, 1);
}

SHIM_EXPORT int pthread_cond_broadcast(pthread_cond_t *c) {
    SHIM_REAL(pthread_cond_broadcast);
    if (!shim_controlled())
        return real_pthread_cond_broadcast ? real_pthread_cond_broadcast(c) : ENOSYS;
    return cond_wake(CHIP_CALL_pthread_cond_broadcast, c, UINT32_MAX);
}

/* ---- semaphores ---- */

/* Named ones are files in /dev/shm that libc maps by itself: the run's own, as all names there,
 * and the same object for all processes. */
static const char *sem_name(const char *name, char *buf, size_t bytes) {
    return chipharness_segment_name ? chipharness_segment_name(name, buf, bytes) : name;
}

static void sem_opened(sem_t *s, const char *name, const char *real_name, int flags) {
    char path[NAME_MAX + 32];
    snprintf(path, sizeof path, "/dev/shm/sem.%s", real_name + 1);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    snprintf(path, sizeof path, "/sem.%s", name + 1);
    if (flags & O_CREAT)
        chipharness_segment_made(path, fd);
    chipharness_mapped(s, sizeof *s, MAP_SHARED, fd, 0);
    syscall(SYS_close, fd);
}

SHIM_EXPORT sem_t *sem_open(const char *name, int flags, ...) {
    SHIM_REAL(sem_open);
    char real_name[NAME_MAX];
    mode_t mode = 0;
    unsigned value = 0;
    if (flags & O_CREAT) {
        va_list ap;
        va_start(ap, flags);
        mode = va_arg(ap, mode_t);
        value = va_arg(ap, unsigned);
        va_end(ap);
    }
    if (!real_sem_open)
        return errno = ENOSYS, SEM_FAILED;
    const char *used = sem_name(name, real_name, sizeof real_name);
    sem_t *s = real_sem_open(used, flags, mode, value);
    if (s != SEM_FAILED && used != name && chipharness_mapped)
        sem_opened(s, name, used, flags);
    return s;
}

SHIM_EXPORT int sem_close(sem_t *s) {
    SHIM_REAL(sem_close);
    if (!real_sem_close)
        return errno = ENOSYS, -1;
    int r = real_sem_close(s), kept = errno;
    /* It stays mapped for who opened it twice. */
    if (chipharness_unmapped && msync((void *)((uintptr_t)s & ~4095ul), 4096, MS_ASYNC) != 0)
        chipharness_unmapped(s, sizeof *s);
    errno = kept;
    return r;
}

SHIM_EXPORT int sem_unlink(const char *name) {
    SHIM_REAL(sem_unlink);
    char real_name[NAME_MAX], told[NAME_MAX + 8];
    if (!real_sem_unlink)
        return errno = ENOSYS, -1;
    int r = real_sem_unlink(sem_name(name, real_name, sizeof real_name));
    if (r == 0 && chipharness_segment_gone && name[0] == '/') {
        snprintf(told, sizeof told, "/sem.%s", name + 1);
        chipharness_segment_gone(told);
    }
    return r;
}

static int sem_take(uint32_t call, sem_t *s, clockid_t clock, const struct timespec *at) {
    SHIM_REAL(sem_trywait);
    int kept = errno;
    struct shim_op op = shim_begin(call, s);
    uint64_t deadline = CHIP_NO_DEADLINE;
    int error = op.planned;
    if (!error && at)
        error = shim_deadline(clock, at, &deadline);
    while (!error && real_sem_trywait(s) != 0) {
        error = errno;
        if (error == EAGAIN)
            error = chipharness_sync_wait(CHIP_WAIT_SEM, s, 0, deadline);
        pthread_testcancel();
    }
    errno = kept;
    return shim_end_errno(&op, error);
}

SHIM_EXPORT int sem_wait(sem_t *s) {
    SHIM_REAL(sem_wait);
    if (!shim_controlled())
        return real_sem_wait ? real_sem_wait(s) : (errno = ENOSYS, -1);
    return sem_take(CHIP_CALL_sem_wait, s, CLOCK_REALTIME, NULL);
}

SHIM_EXPORT int sem_timedwait(sem_t *restrict s, const struct timespec *restrict at) {
    SHIM_REAL(sem_timedwait);
    if (!shim_controlled())
        return real_sem_timedwait ? real_sem_timedwait(s, at) : (errno = ENOSYS, -1);
    return sem_take(CHIP_CALL_sem_timedwait, s, CLOCK_REALTIME, at);
}

SHIM_EXPORT int sem_clockwait(sem_t *restrict s, clockid_t clock,
                              const struct timespec *restrict at) {
    SHIM_REAL(sem_clockwait);
    if (!shim_controlled())
        return real_sem_clockwait ? real_sem_clockwait(s, clock, at) : (errno = ENOSYS, -1);
    return sem_take(CHIP_CALL_sem_timedwait, s, clock, at);
}

SHIM_EXPORT int sem_trywait(sem_t *s) {
    SHIM_REAL(sem_trywait);
    if (!real_sem_trywait)
        return errno = ENOSYS, -1;
    if (!shim_controlled())
        return real_sem_trywait(s);
    struct shim_op op = shim_begin(CHIP_CALL_sem_trywait, s);
    int error = op.planned;
    if (!error && real_sem_trywait(s) != 0)
        error = errno;
    return shim_end_errno(&op, error);
}

SHIM_EXPORT int sem_post(sem_t *s) {
    SHIM_REAL(sem_post);
    if (!real_sem_post)
        return errno = ENOSYS, -1;
    if (!shim_controlled())
        return real_sem_post(s);
    struct shim_op op = shim_begin(CHIP_CALL_sem_post, s);
    int error = op.planned;
    if (!error && real_sem_post(s) != 0)
        error = errno;
    if (!error)
        chipharness_sync_wake(CHIP_WAIT_SEM, s, UINT32_MAX);
    return shim_end_errno(&op, error);
}
