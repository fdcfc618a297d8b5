/* SPDX-License-Identifier: Apache-2.0 */
/*
 * own.h - what the small programs of this folder have in common: shared memory, and one process
 * for each rank. Each program is built twice: as it is, and with BROKEN defined, which puts the
 * bug into it that its head comment names.
 */
#ifndef OWN_H
#define OWN_H

#include <chip/probe.h>
#include <assert.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* A place where a reader of the code would ask what the others do meanwhile. */
#define MARK(id, a, b) CHIP_PROBE(MARK, id, a, b, 0)

/* Zeroed memory that children inherit. */
static inline void *own_shared(size_t bytes) {
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert(p != MAP_FAILED);
    return p;
}

/* Runs body(0) ... body(n - 1), each in a process of its own, at once. 0 if all returned 0. */
static inline int own_ranks(int n, int (*body)(int rank)) {
    int failed = 0;
    for (int rank = 0; rank < n; rank++) {
        pid_t pid = fork();
        assert(pid >= 0);
        if (pid == 0) {
            int r = body(rank);
            fflush(NULL);
            _exit(r);
        }
    }
    for (int rank = 0; rank < n; rank++) {
        int status;
        failed |= wait(&status) < 0 || status != 0;
    }
    return failed;
}

#endif
