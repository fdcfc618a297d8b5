/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calls.h - the libc calls that are passed on as they are: one row each gives the shim, its name
 * and its place in the record. Calls that the harness takes over (time, waiting, processes) are
 * written out in takeover.c.
 *
 * X(result type, name, (parameters), (arguments), value on failure, how errors come back,
 *   path or NULL, recorded argument 0, recorded argument 1)
 * How errors come back: ERRNO (in errno) or RESULT (the result is the error number).
 * The name must stand in CHIP_CALLS (chip/contract.h); a name that does not fails to compile.
 */
#ifndef FAULTS_SHIM_CALLS_H
#define FAULTS_SHIM_CALLS_H

/* clang-format off */
#define SHIM_SIMPLE_CALLS(X)                                                                      \
    X(int, ftruncate, (int fd, off_t bytes), (fd, bytes), -1, ERRNO, NULL, fd, bytes)             \
    X(int, posix_fallocate, (int fd, off_t at, off_t bytes), (fd, at, bytes), 0, RESULT, NULL, fd, bytes) \
    X(int, memfd_create, (const char *name, unsigned flags), (name, flags), -1, ERRNO, name, flags, 0) \
    X(int, pipe, (int fd[2]), (fd), -1, ERRNO, NULL, 0, 0)                                        \
    X(int, sigaction, (int sig, const struct sigaction *act, struct sigaction *old), (sig, act, old), -1, ERRNO, NULL, sig, 0) \
    X(int, pipe2, (int fd[2], int flags), (fd, flags), -1, ERRNO, NULL, flags, 0)                 \
    X(int, eventfd, (unsigned value, int flags), (value, flags), -1, ERRNO, NULL, value, flags)   \
    X(int, pthread_detach, (pthread_t id), (id), 0, RESULT, NULL, 0, 0)
/* clang-format on */

#endif
