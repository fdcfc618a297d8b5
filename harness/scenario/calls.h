/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calls.h - which errors a libc call may return, by its manual page (Linux, section 2 and 3).
 *
 * A row is X(call, errno ...): the name as in CHIP_CALLS of contract.h, then the errnos that a
 * fault may make it return. A misspelt errno or call does not compile. NO_ERRNO: the call cannot
 * fail (it may still be delayed).
 */
#ifndef CHS_CALLS_H
#define CHS_CALLS_H

#include <errno.h>

#define NO_ERRNO 0

/* clang-format off */
#define CHS_CALLS(X)                                                                               \
    X(shm_open, EACCES, EEXIST, EINVAL, EMFILE, ENAMETOOLONG, ENFILE, ENOENT, ENOMEM, ENOSPC)      \
    X(shm_unlink, EACCES, EINVAL, ENAMETOOLONG, ENOENT)                                            \
    X(mmap, EACCES, EAGAIN, EBADF, EINVAL, ENFILE, ENODEV, ENOMEM, EOVERFLOW, EPERM)               \
    X(munmap, EINVAL, ENOMEM)                                                                      \
    X(ftruncate, EBADF, EFBIG, EINTR, EINVAL, EIO, ENOSPC, EPERM, EROFS)                           \
    X(posix_fallocate, EBADF, EFBIG, EINTR, EINVAL, ENODEV, ENOSPC, EOPNOTSUPP, ESPIPE)            \
    X(memfd_create, EINVAL, EMFILE, ENFILE, ENOMEM, EPERM)                                         \
    X(fork, EAGAIN, ENOMEM, ENOSYS)                                                                \
    X(waitpid, ECHILD, EINTR, EINVAL)                                                              \
    X(kill, EINVAL, EPERM, ESRCH)                                                                  \
    X(_exit, NO_ERRNO)                                                                             \
    X(nanosleep, EINTR, EINVAL)                                                                    \
    X(clock_nanosleep, EINTR, EINVAL, EOPNOTSUPP)                                                  \
    X(usleep, EINTR, EINVAL)                                                                       \
    X(clock_gettime, EINVAL)                                                                       \
    X(gettimeofday, EINVAL)                                                                        \
    X(time, EOVERFLOW)                                                                             \
    X(getrandom, EAGAIN, EINTR, EINVAL, ENOSYS)                                                    \
    X(futex, EAGAIN, EINTR, EINVAL, ENOSYS, EPERM, ETIMEDOUT)                                      \
    X(close, EBADF, EDQUOT, EINTR, EIO, ENOSPC)                                                    \
    X(open, EACCES, EAGAIN, EBUSY, EEXIST, EFBIG, EINTR, EINVAL, EISDIR, ELOOP, EMFILE,            \
      ENAMETOOLONG, ENFILE, ENODEV, ENOENT, ENOMEM, ENOSPC, ENOTDIR, ENXIO, EOVERFLOW, EPERM,      \
      EROFS, ETXTBSY)                                                                              \
    X(read, EAGAIN, EBADF, EINTR, EINVAL, EIO, EISDIR)                                             \
    X(write, EAGAIN, EBADF, EDQUOT, EFBIG, EINTR, EINVAL, EIO, ENOSPC, EPERM, EPIPE)               \
    X(pipe, EMFILE, ENFILE)                                                                        \
    X(sched_yield, NO_ERRNO)                                                                       \
    X(poll, EINTR, EINVAL, ENOMEM)                                                                 \
    X(sigaction, EINVAL)                                                                           \
    X(pthread_create, EAGAIN, EINVAL, EPERM)                                                       \
    X(pthread_join, EDEADLK, EINVAL, ESRCH)                                                        \
    X(pthread_detach, EINVAL, ESRCH)                                                               \
    X(pthread_mutex_lock, EAGAIN, EDEADLK, EINVAL, ENOTRECOVERABLE)                                \
    X(pthread_mutex_trylock, EAGAIN, EBUSY, EINVAL, ENOTRECOVERABLE)                               \
    X(pthread_mutex_timedlock, EAGAIN, EDEADLK, EINVAL, ENOTRECOVERABLE, ETIMEDOUT)                \
    X(pthread_mutex_unlock, EPERM)                                                                 \
    X(pthread_rwlock_rdlock, EAGAIN, EDEADLK)                                                      \
    X(pthread_rwlock_tryrdlock, EAGAIN, EBUSY)                                                     \
    X(pthread_rwlock_timedrdlock, EAGAIN, EDEADLK, EINVAL, ETIMEDOUT)                              \
    X(pthread_rwlock_wrlock, EDEADLK)                                                              \
    X(pthread_rwlock_trywrlock, EBUSY)                                                             \
    X(pthread_rwlock_timedwrlock, EDEADLK, EINVAL, ETIMEDOUT)                                      \
    X(pthread_rwlock_unlock, EPERM)                                                                \
    X(pthread_cond_wait, EPERM, ENOTRECOVERABLE)                                                   \
    X(pthread_cond_timedwait, EINVAL, EPERM, ENOTRECOVERABLE, ETIMEDOUT)                           \
    X(pthread_cond_signal, EINVAL)                                                                 \
    X(pthread_cond_broadcast, EINVAL)                                                              \
    X(pthread_barrier_wait, EINVAL)                                                                \
    X(pthread_once, EINVAL)                                                                        \
    X(sem_wait, EINTR, EINVAL)                                                                     \
    X(sem_trywait, EAGAIN, EINTR, EINVAL)                                                          \
    X(sem_timedwait, EINTR, EINVAL, ETIMEDOUT)                                                     \
    X(sem_post, EINVAL, EOVERFLOW)                                                                 \
    X(ppoll, EINTR, EINVAL, ENOMEM)                                                                \
    X(select, EBADF, EINTR, EINVAL, ENOMEM)                                                        \
    X(epoll_wait, EBADF, EINTR, EINVAL)                                                            \
    X(eventfd, EINVAL, EMFILE, ENFILE, ENODEV, ENOMEM)                                             \
    X(pipe2, EINVAL, EMFILE, ENFILE)                                                               \
    X(waitid, ECHILD, EINTR, EINVAL)                                                               \
    X(wait4, ECHILD, EINTR, EINVAL)

/* Every errno that a row above names. A test holds the two lists together. */
#define CHS_ERRNOS(X)                                                                              \
    X(EACCES) X(EAGAIN) X(EBADF) X(EBUSY) X(ECHILD) X(EDEADLK) X(EDQUOT) X(EEXIST) X(EFBIG) X(EINTR)          \
    X(EINVAL) X(EIO) X(EISDIR) X(ELOOP) X(EMFILE) X(ENAMETOOLONG) X(ENFILE) X(ENODEV) X(ENOENT)    \
    X(ENOMEM) X(ENOSPC) X(ENOSYS) X(ENOTDIR) X(ENOTRECOVERABLE) X(ENXIO) X(EOPNOTSUPP) X(EOVERFLOW) X(EPERM)          \
    X(EPIPE) X(EROFS) X(ESPIPE) X(ESRCH) X(ETIMEDOUT) X(ETXTBSY)
/* clang-format on */

#endif
