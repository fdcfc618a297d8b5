/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sync.h - what the shims of locks, conditions and the like share.
 *
 * Every operation tries the real object and never blocks on it: who cannot go on waits in virtual
 * time and tries again when woken. The real object so keeps its type, its owner, its robustness
 * and its errors.
 */
#ifndef FAULTS_SHIM_SYNC_H
#define FAULTS_SHIM_SYNC_H

#include "faults/shim/shim.h"

#include <pthread.h>

/* One operation under way. */
struct shim_op {
    const void *object;
    uint32_t call;
    int planned; /* the error number that the plan wants, 0 for none */
    bool seen;   /* it is a point, and recorded */
};

static inline struct shim_op shim_begin(uint32_t call, const void *object) {
    struct shim_op op = {.object = object, .call = call};
    op.seen = chipharness_sync_enter(call, object, &op.planned);
    return op;
}

/* For calls whose result is the error number. */
static inline int shim_end(const struct shim_op *op, int error) {
    if (op->seen)
        chipharness_sync_leave(op->call, error, error, op->object);
    return error;
}

/* For calls that leave it in errno. */
static inline int shim_end_errno(const struct shim_op *op, int error) {
    if (op->seen)
        chipharness_sync_leave(op->call, error ? -1 : 0, error, op->object);
    return error ? (errno = error, -1) : 0;
}

/* mutex.c: of a mutex, under control. 0 or an error number. */
int shim_mutex_lock(pthread_mutex_t *m, uint64_t deadline);
int shim_mutex_unlock(pthread_mutex_t *m);

/* threads.c: starts a thread under control, by one of the two functions. */
int shim_thread_create(pthread_t *id, const pthread_attr_t *attributes, void *(*run)(void *),
                       int (*run_c11)(void *), void *arg);

/* threads.c: in the child of a fork, where the other threads are not. */
void shim_threads_forked(void);

#endif
