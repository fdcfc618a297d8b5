/* SPDX-License-Identifier: Apache-2.0 */
/*
 * io.c - shims of the calls that wait for descriptors, and of those that wait for children in
 * more ways than waitpid(): a call that would block waits in virtual time until it would not.
 */
#include "faults/shim/shim.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int poll_now(struct pollfd *fds, nfds_t n) {
    SHIM_REAL(poll);
    return real_poll ? real_poll(fds, n, 0) : -1;
}

/* Returns when a read or write would not block, or shall not wait. */
static void await_ready(int fd, short events) {
    int kept = errno;
    int flags = fcntl(fd, F_GETFL);
    struct pollfd p = {.fd = fd, .events = events};
    while (flags >= 0 && !(flags & O_NONBLOCK) && poll_now(&p, 1) == 0) {
        chipharness_io_wait(CHIP_WAIT_IO, fd, CHIP_NO_DEADLINE);
        pthread_testcancel();
    }
    errno = kept;
}

SHIM_EXPORT ssize_t read(int fd, void *to, size_t bytes) {
    SHIM_REAL(read);
    if (!real_read)
        return errno = ENOSYS, -1;
    if (!shim_controlled())
        return real_read(fd, to, bytes);
    int planned = chipharness_call_enter(CHIP_CALL_read, NULL);
    if (!planned && bytes)
        await_ready(fd, POLLIN);
    ssize_t r = planned ? (errno = planned, -1) : real_read(fd, to, bytes);
    if (r > 0)
        chipharness_io_changed(); /* there is room for a writer */
    chipharness_call_leave(CHIP_CALL_read, r, r < 0 ? errno : 0, (uint64_t)fd, bytes);
    return r;
}

/* What a ready pipe takes at once is one page; more goes in pieces, and room is waited for. */
static ssize_t write_pieces(int fd, const char *from, size_t bytes) {
    SHIM_REAL(write);
    struct stat st;
    bool pipe = bytes > PIPE_BUF && fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode) &&
                !(fcntl(fd, F_GETFL) & O_NONBLOCK);
    size_t done = 0;
    do {
        size_t n = pipe && bytes - done > PIPE_BUF ? PIPE_BUF : bytes - done;
        await_ready(fd, POLLOUT);
        ssize_t r = real_write(fd, from + done, n);
        if (r < 0)
            return done ? (ssize_t)done : -1;
        done += (size_t)r;
        chipharness_io_changed();
    } while (pipe && done < bytes);
    return (ssize_t)done;
}

SHIM_EXPORT ssize_t write(int fd, const void *from, size_t bytes) {
    SHIM_REAL(write);
    if (!real_write)
        return errno = ENOSYS, -1;
    if (!shim_controlled())
        return real_write(fd, from, bytes);
    int planned = chipharness_call_enter(CHIP_CALL_write, NULL);
    ssize_t r = planned ? (errno = planned, -1) : write_pieces(fd, from, bytes);
    chipharness_call_leave(CHIP_CALL_write, r, r < 0 ? errno : 0, (uint64_t)fd, bytes);
    return r;
}

static uint64_t deadline_in(uint64_t ns) {
    uint64_t now = chipharness_clock_ns();
    return ns > CHIP_NO_DEADLINE - 1 - now ? CHIP_NO_DEADLINE : now + ns;
}

SHIM_EXPORT int poll(struct pollfd *fds, nfds_t n, int timeout_ms) {
    SHIM_REAL(poll);
    if (!real_poll)
        return errno = ENOSYS, -1;
    if (!shim_controlled())
        return real_poll(fds, n, timeout_ms);
    int planned = chipharness_call_enter(CHIP_CALL_poll, NULL);
    uint64_t deadline = timeout_ms < 0 ? CHIP_NO_DEADLINE
                                       : deadline_in((uint64_t)(unsigned)timeout_ms * 1000000ull);
    int r = -1, over = 0;
    if (planned)
        errno = planned;
    else
        while ((r = real_poll(fds, n, 0)) == 0 && !over) {
            over = chipharness_io_wait(CHIP_WAIT_POLL, n ? fds[0].fd : -1, deadline);
            pthread_testcancel();
        }
    chipharness_call_leave(CHIP_CALL_poll, r, r < 0 ? errno : 0, n, (uint64_t)timeout_ms);
    return r;
}

SHIM_EXPORT int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
                      const sigset_t *mask) {
    SHIM_REAL(ppoll);
    static const struct timespec now = {0, 0};
    if (!real_ppoll)
        return errno = ENOSYS, -1;
    if (!shim_controlled() || (timeout && !shim_valid_time(timeout)))
        return real_ppoll(fds, n, timeout, mask);
    int planned = chipharness_call_enter(CHIP_CALL_ppoll, NULL);
    uint64_t deadline = timeout ? deadline_in(shim_to_ns(timeout)) : CHIP_NO_DEADLINE;
    int r = -1, over = 0;
    if (planned)
        errno = planned;
    else
        while ((r = real_ppoll(fds, n, &now, mask)) == 0 && !over) {
            over = chipharness_io_wait(CHIP_WAIT_POLL, n ? fds[0].fd : -1, deadline);
            pthread_testcancel();
        }
    chipharness_call_leave(CHIP_CALL_ppoll, r, r < 0 ? errno : 0, n, 0);
    return r;
}

struct sets {
    fd_set *set[3]; /* the caller's, each may be NULL */
    fd_set asked[3];
};

static int select_now(int n, struct sets *s) {
    SHIM_REAL(select);
    struct timeval now = {0, 0};
    for (int i = 0; i < 3; i++)
        if (s->set[i])
            *s->set[i] = s->asked[i];
    return real_select(n, s->set[0], s->set[1], s->set[2], &now);
}

SHIM_EXPORT int select(int n, fd_set *restrict to_read, fd_set *restrict to_write,
                       fd_set *restrict other, struct timeval *restrict timeout) {
    SHIM_REAL(select);
    if (!real_select)
        return errno = ENOSYS, -1;
    if (!shim_controlled() || n < 0 || n > FD_SETSIZE ||
        (timeout && (timeout->tv_sec < 0 || timeout->tv_usec < 0)))
        return real_select(n, to_read, to_write, other, timeout);
    struct sets s = {.set = {to_read, to_write, other}};
    for (int i = 0; i < 3; i++)
        if (s.set[i])
            s.asked[i] = *s.set[i];
    int planned = chipharness_call_enter(CHIP_CALL_select, NULL);
    uint64_t deadline = CHIP_NO_DEADLINE;
    if (timeout)
        deadline = deadline_in((uint64_t)timeout->tv_sec * 1000000000ull +
                               (uint64_t)timeout->tv_usec * 1000ull);
    int r = -1, over = 0;
    if (planned)
        errno = planned;
    else
        while ((r = select_now(n, &s)) == 0 && !over) {
            over = chipharness_io_wait(CHIP_WAIT_POLL, -1, deadline);
            pthread_testcancel();
        }
    if (timeout && r >= 0) { /* Linux tells what is left */
        uint64_t now = chipharness_clock_ns(), left = deadline > now ? deadline - now : 0;
        timeout->tv_sec = (time_t)(left / 1000000000ull);
        timeout->tv_usec = (suseconds_t)(left % 1000000000ull / 1000);
    }
    chipharness_call_leave(CHIP_CALL_select, r, r < 0 ? errno : 0, (uint64_t)n, 0);
    return r;
}

SHIM_EXPORT int epoll_pwait(int fd, struct epoll_event *events, int max, int timeout_ms,
                            const sigset_t *mask) {
    SHIM_REAL(epoll_pwait);
    if (!real_epoll_pwait)
        return errno = ENOSYS, -1;
    if (!shim_controlled())
        return real_epoll_pwait(fd, events, max, timeout_ms, mask);
    int planned = chipharness_call_enter(CHIP_CALL_epoll_wait, NULL);
    uint64_t deadline = timeout_ms < 0 ? CHIP_NO_DEADLINE
                                       : deadline_in((uint64_t)(unsigned)timeout_ms * 1000000ull);
    int r = -1, over = 0;
    if (planned)
        errno = planned;
    else
        while ((r = real_epoll_pwait(fd, events, max, 0, mask)) == 0 && !over) {
            over = chipharness_io_wait(CHIP_WAIT_POLL, fd, deadline);
            pthread_testcancel();
        }
    chipharness_call_leave(CHIP_CALL_epoll_wait, r, r < 0 ? errno : 0, (uint64_t)fd,
                           (uint64_t)timeout_ms);
    return r;
}

SHIM_EXPORT int epoll_wait(int fd, struct epoll_event *events, int max, int timeout_ms) {
    return epoll_pwait(fd, events, max, timeout_ms, NULL);
}

/* ---- children ---- */

SHIM_EXPORT int waitid(idtype_t type, id_t id, siginfo_t *info, int options) {
    SHIM_REAL(waitid);
    if (!real_waitid)
        return errno = ENOSYS, -1;
    if (!shim_controlled())
        return real_waitid(type, id, info, options);
    int planned = chipharness_call_enter(CHIP_CALL_waitid, NULL);
    siginfo_t own;
    int r = -1;
    if (planned)
        errno = planned;
    for (bool again = !planned; again;) {
        memset(&own, 0, sizeof own);
        r = real_waitid(type, id, &own, options | WNOHANG);
        again = r == 0 && own.si_pid == 0 && !(options & WNOHANG);
        if (again)
            chipharness_wait_child();
    }
    if (r == 0 && info)
        *info = own;
    int64_t who = r == 0 && own.si_pid ? chipharness_actor_of(own.si_pid) : r;
    chipharness_call_leave(CHIP_CALL_waitid, who, r < 0 ? errno : 0, (uint64_t)options, 0);
    return r;
}

SHIM_EXPORT pid_t wait4(pid_t pid, int *status, int options, struct rusage *usage) {
    SHIM_REAL(wait4);
    if (!real_wait4)
        return errno = ENOSYS, -1;
    if (!shim_controlled())
        return real_wait4(pid, status, options, usage);
    int planned = chipharness_call_enter(CHIP_CALL_wait4, NULL);
    pid_t r = -1;
    if (planned)
        errno = planned;
    else
        while ((r = real_wait4(pid, status, options | WNOHANG, usage)) == 0 && !(options & WNOHANG))
            chipharness_wait_child();
    int64_t who = r > 0 ? chipharness_actor_of(r) : r;
    chipharness_call_leave(CHIP_CALL_wait4, who, r < 0 ? errno : 0, (uint64_t)options, 0);
    return r;
}

SHIM_EXPORT pid_t wait3(int *status, int options, struct rusage *usage) {
    return wait4(-1, status, options, usage);
}
