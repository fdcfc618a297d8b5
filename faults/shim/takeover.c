/* SPDX-License-Identifier: Apache-2.0 */
/*
 * takeover.c - shims of the calls that the harness takes over under control: time and randomness
 * are the run's own, waiting is done in virtual time, processes come and go with the turn.
 */
#include "faults/shim/sync.h"

#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct timespec from_ns(uint64_t ns) {
    return (struct timespec){(time_t)(ns / 1000000000ull), (long)(ns % 1000000000ull)};
}

/* The error that the fault plan wants a clock to fail with, 0 for none. */
static int clock_fault(uint32_t call) {
    return chipharness_call_planned(call) ? chipharness_call_enter(call, NULL) : 0;
}

SHIM_EXPORT int clock_gettime(clockid_t id, struct timespec *t) {
    SHIM_REAL(clock_gettime);
    uint64_t start;
    if (shim_controlled() && shim_virtual_clock(id, &start)) {
        int planned = clock_fault(CHIP_CALL_clock_gettime);
        if (planned)
            return errno = planned, -1;
        *t = from_ns(start + chipharness_clock_ns());
        return 0;
    }
    return real_clock_gettime ? real_clock_gettime(id, t) : (errno = ENOSYS, -1);
}

SHIM_EXPORT int gettimeofday(struct timeval *restrict t, void *restrict zone) {
    SHIM_REAL(gettimeofday);
    if (shim_controlled()) {
        int planned = clock_fault(CHIP_CALL_gettimeofday);
        if (planned)
            return errno = planned, -1;
        uint64_t ns = chipharness_clock_ns();
        t->tv_sec = SHIM_REALTIME_S + (time_t)(ns / 1000000000ull);
        t->tv_usec = (suseconds_t)(ns % 1000000000ull / 1000);
        return 0;
    }
    return real_gettimeofday ? real_gettimeofday(t, zone) : (errno = ENOSYS, -1);
}

SHIM_EXPORT time_t time(time_t *out) {
    SHIM_REAL(time);
    if (shim_controlled()) {
        int planned = clock_fault(CHIP_CALL_time);
        if (planned)
            return errno = planned, (time_t)-1;
        time_t now = SHIM_REALTIME_S + (time_t)(chipharness_clock_ns() / 1000000000ull);
        if (out)
            *out = now;
        return now;
    }
    return real_time ? real_time(out) : (errno = ENOSYS, (time_t)-1);
}

/* Sleeps under control: 0 or the error number that was planned. */
static int sleep_virtual(uint32_t call, uint64_t ns) {
    int planned = chipharness_call_enter(call, NULL);
    if (!planned)
        chipharness_sleep(ns);
    pthread_testcancel();
    return planned;
}

SHIM_EXPORT int nanosleep(const struct timespec *t, struct timespec *left) {
    SHIM_REAL(nanosleep);
    if (!shim_controlled())
        return real_nanosleep ? real_nanosleep(t, left) : (errno = ENOSYS, -1);
    if (!shim_valid_time(t))
        return errno = EINVAL, -1;
    int planned = sleep_virtual(CHIP_CALL_nanosleep, shim_to_ns(t));
    if (planned && left)
        *left = *t;
    return planned ? (errno = planned, -1) : 0;
}

SHIM_EXPORT int clock_nanosleep(clockid_t id, int flags, const struct timespec *t,
                                struct timespec *left) {
    SHIM_REAL(clock_nanosleep);
    uint64_t start;
    if (!shim_controlled() || !shim_virtual_clock(id, &start))
        return real_clock_nanosleep ? real_clock_nanosleep(id, flags, t, left) : ENOSYS;
    if (!shim_valid_time(t))
        return EINVAL;
    uint64_t ns = shim_to_ns(t);
    if (flags & TIMER_ABSTIME) {
        uint64_t now = start + chipharness_clock_ns();
        ns = ns > now ? ns - now : 0;
    }
    int planned = sleep_virtual(CHIP_CALL_clock_nanosleep, ns);
    if (planned && left && !(flags & TIMER_ABSTIME))
        *left = *t;
    return planned;
}

SHIM_EXPORT int usleep(useconds_t us) {
    SHIM_REAL(usleep);
    if (!shim_controlled())
        return real_usleep ? real_usleep(us) : (errno = ENOSYS, -1);
    int planned = sleep_virtual(CHIP_CALL_usleep, (uint64_t)us * 1000);
    return planned ? (errno = planned, -1) : 0;
}

SHIM_EXPORT unsigned sleep(unsigned s) {
    struct timespec t = {(time_t)s, 0}, left = {0, 0};
    return nanosleep(&t, &left) == 0 ? 0 : (unsigned)left.tv_sec;
}

SHIM_EXPORT int sched_yield(void) {
    SHIM_REAL(sched_yield);
    if (!shim_controlled())
        return real_sched_yield ? real_sched_yield() : 0;
    chipharness_yield();
    return 0;
}

SHIM_EXPORT ssize_t getrandom(void *to, size_t bytes, unsigned flags) {
    SHIM_REAL(getrandom);
    if (!shim_controlled())
        return real_getrandom ? real_getrandom(to, bytes, flags) : (errno = ENOSYS, -1);
    int planned = chipharness_call_enter(CHIP_CALL_getrandom, NULL);
    if (!planned)
        chipharness_random(to, bytes);
    chipharness_call_leave(CHIP_CALL_getrandom, planned ? -1 : (int64_t)bytes, planned, bytes, 0);
    return planned ? (errno = planned, -1) : (ssize_t)bytes;
}

/* FUTEX_WAIT and FUTEX_WAKE under control; false for the other operations. */
static bool futex_virtual(long *result, const void *word, int op, uint32_t value,
                          const struct timespec *timeout) {
    int command = op & FUTEX_CMD_MASK;
    if (command == FUTEX_WAKE) {
        int woken = chipharness_futex_wake(word, value);
        *result = woken < 0 ? (errno = -woken, -1) : woken;
        return true;
    }
    if (command != FUTEX_WAIT && command != FUTEX_WAIT_BITSET)
        return false;
    uint64_t ns = CHIP_NO_DEADLINE;
    if (timeout) {
        ns = shim_to_ns(timeout);
        if (command == FUTEX_WAIT_BITSET) { /* an absolute time */
            uint64_t start = op & FUTEX_CLOCK_REALTIME ? (uint64_t)SHIM_REALTIME_S * 1000000000ull
                                                       : SHIM_MONOTONIC_NS;
            uint64_t now = start + chipharness_clock_ns();
            ns = ns > now ? ns - now : 0;
        }
    }
    int error = chipharness_futex_wait(word, value, ns);
    *result = error ? (errno = error, -1) : 0;
    return true;
}

SHIM_EXPORT long syscall(long number, ...) {
    SHIM_REAL(syscall);
    va_list ap;
    va_start(ap, number);
    long a[6];
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(ap, long);
    va_end(ap);
    if (!real_syscall)
        return errno = ENOSYS, -1;
    long result;
    if (number == SYS_futex && shim_controlled() &&
        futex_virtual(&result, (const void *)a[0], (int)a[1], (uint32_t)a[2],
                      (const struct timespec *)a[3]))
        return result;
    return real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

SHIM_EXPORT pid_t fork(void) {
    SHIM_REAL(fork);
    if (!real_fork)
        return errno = ENOSYS, -1;
    if (!shim_controlled())
        return real_fork();
    int planned = chipharness_fork_prepare();
    if (planned)
        return errno = planned, -1;
    pid_t pid = real_fork();
    if (pid == 0) {
        shim_threads_forked();
        chipharness_fork_child();
    } else {
        chipharness_fork_parent(pid);
    }
    return pid;
}

SHIM_EXPORT pid_t waitpid(pid_t pid, int *status, int options) {
    SHIM_REAL(waitpid);
    if (!real_waitpid)
        return errno = ENOSYS, -1;
    if (!shim_controlled())
        return real_waitpid(pid, status, options);
    int planned = chipharness_call_enter(CHIP_CALL_waitpid, NULL);
    pid_t r = -1;
    if (planned)
        errno = planned;
    else
        while ((r = real_waitpid(pid, status, options | WNOHANG)) == 0 && !(options & WNOHANG))
            chipharness_wait_child();
    int64_t who = r > 0 ? chipharness_actor_of(r) : r;
    chipharness_call_leave(CHIP_CALL_waitpid, who, r < 0 ? errno : 0, (uint64_t)options, 0);
    return r;
}

SHIM_EXPORT pid_t wait(int *status) {
    return waitpid(-1, status, 0);
}

SHIM_EXPORT int kill(pid_t pid, int signal) {
    SHIM_REAL(kill);
    if (!real_kill)
        return errno = ENOSYS, -1;
    if (!shim_controlled())
        return real_kill(pid, signal);
    int planned = chipharness_call_enter(CHIP_CALL_kill, NULL);
    int r = planned ? (errno = planned, -1) : real_kill(pid, signal);
    if (r == 0)
        chipharness_signalled(pid, signal);
    int64_t who = chipharness_actor_of(pid < -1 ? -pid : pid);
    chipharness_call_leave(CHIP_CALL_kill, r, r < 0 ? errno : 0, (uint64_t)who, (uint64_t)signal);
    return r;
}

SHIM_EXPORT __attribute__((noreturn)) void _exit(int status) {
    if (shim_controlled())
        chipharness_exiting();
    for (;;)
        syscall(SYS_exit_group, status);
}

SHIM_EXPORT __attribute__((noreturn)) void _Exit(int status) {
    _exit(status);
}
