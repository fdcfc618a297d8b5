/* SPDX-License-Identifier: Apache-2.0 */
/*
 * threads.c - shims of threads' coming and going, of barriers and of pthread_once().
 *
 * What is kept here is private to the process and touched only with the turn.
 */
#include "faults/shim/sync.h"

enum { MAX_ONCES = 32 };

/* A thread that was started, by its actor. */
static struct {
    void *(*run)(void *);
    int (*run_c11)(void *); /* one of the two */
    void *arg;
    pthread_t id;
} started[CHIP_MAX_ACTORS];

static void *thread_main(void *arg) {
    uint32_t actor = (uint32_t)(uintptr_t)arg;
    chipharness_thread_begin(actor);
    if (started[actor].run)
        return started[actor].run(started[actor].arg);
    return (void *)(intptr_t)started[actor].run_c11(started[actor].arg);
}

int shim_thread_create(pthread_t *id, const pthread_attr_t *attributes, void *(*run)(void *),
                       int (*run_c11)(void *), void *arg) {
    SHIM_REAL(pthread_create);
    uint32_t actor;
    int error = chipharness_thread_prepare(&actor);
    if (error) {
        chipharness_call_leave(CHIP_CALL_pthread_create, error, error, 0, 0);
        return error;
    }
    started[actor].run = run;
    started[actor].run_c11 = run_c11;
    started[actor].arg = arg;
    error = real_pthread_create(id, attributes, thread_main, (void *)(uintptr_t)actor);
    if (!error)
        started[actor].id = *id;
    chipharness_thread_created(actor, error);
    return error;
}

SHIM_EXPORT int pthread_create(pthread_t *restrict id, const pthread_attr_t *restrict attributes,
                               void *(*run)(void *), void *restrict arg) {
    SHIM_REAL(pthread_create);
    if (!real_pthread_create)
        return ENOSYS;
    if (!shim_controlled())
        return real_pthread_create(id, attributes, run, arg);
    return shim_thread_create(id, attributes, run, NULL, arg);
}

/* The newest of that name: an id may be used again when its thread has been joined. */
static uint32_t actor_of(pthread_t id) {
    for (uint32_t i = CHIP_MAX_ACTORS; i-- > 0;)
        if ((started[i].run || started[i].run_c11) && pthread_equal(started[i].id, id) &&
            chipharness_thread_here(i))
            return i;
    return CHIP_NO_ACTOR;
}

static int join_until(pthread_t id, void **result, uint64_t deadline) {
    SHIM_REAL(pthread_join);
    int error = chipharness_call_enter(CHIP_CALL_pthread_join, NULL);
    uint32_t actor = actor_of(id);
    if (!error && actor != CHIP_NO_ACTOR)
        while ((error = chipharness_thread_wait(actor, deadline)) == EAGAIN)
            pthread_testcancel();
    if (!error)
        error = real_pthread_join(id, result);
    chipharness_call_leave(CHIP_CALL_pthread_join, error, error, actor, 0);
    return error;
}

SHIM_EXPORT int pthread_join(pthread_t id, void **result) {
    SHIM_REAL(pthread_join);
    if (!real_pthread_join)
        return ENOSYS;
    if (!shim_controlled())
        return real_pthread_join(id, result);
    return join_until(id, result, CHIP_NO_DEADLINE);
}

SHIM_EXPORT int pthread_clockjoin_np(pthread_t id, void **result, clockid_t clock,
                                     const struct timespec *at) {
    SHIM_REAL(pthread_clockjoin_np);
    uint64_t deadline = CHIP_NO_DEADLINE;
    if (!shim_controlled())
        return real_pthread_clockjoin_np ? real_pthread_clockjoin_np(id, result, clock, at)
                                         : ENOSYS;
    if (at && shim_deadline(clock, at, &deadline) != 0)
        return EINVAL;
    return join_until(id, result, deadline);
}

SHIM_EXPORT int pthread_timedjoin_np(pthread_t id, void **result, const struct timespec *at) {
    SHIM_REAL(pthread_timedjoin_np);
    if (!shim_controlled())
        return real_pthread_timedjoin_np ? real_pthread_timedjoin_np(id, result, at) : ENOSYS;
    return pthread_clockjoin_np(id, result, CLOCK_REALTIME, at);
}

/* A deferred cancellation is seen where the thread goes on from a wait; nobody sleeps where the
 * real one would find it. */
SHIM_EXPORT int pthread_cancel(pthread_t id) {
    SHIM_REAL(pthread_cancel);
    if (!real_pthread_cancel)
        return ENOSYS;
    int error = real_pthread_cancel(id);
    uint32_t actor = !error && shim_controlled() ? actor_of(id) : CHIP_NO_ACTOR;
    if (actor != CHIP_NO_ACTOR)
        chipharness_thread_cancelled(actor);
    return error;
}

/* The third word of glibc's barrier is its count; the rest of it is not used here. */
static uint32_t barrier_count(const pthread_barrier_t *b) {
    return ((const uint32_t *)(const void *)b)[2];
}

SHIM_EXPORT int pthread_barrier_wait(pthread_barrier_t *b) {
    SHIM_REAL(pthread_barrier_wait);
    if (!shim_controlled())
        return real_pthread_barrier_wait ? real_pthread_barrier_wait(b) : ENOSYS;
    struct shim_op op = shim_begin(CHIP_CALL_pthread_barrier_wait, b);
    if (op.planned)
        return shim_end(&op, op.planned);
    bool last = chipharness_barrier(b, barrier_count(b));
    shim_end(&op, 0);
    return last ? PTHREAD_BARRIER_SERIAL_THREAD : 0;
}

/* ---- once ---- */

/* Those whose function runs now, and by whom. */
static struct {
    const pthread_once_t *control;
    pid_t tid;
} onces[MAX_ONCES];

void shim_threads_forked(void) {
    for (int i = 0; i < MAX_ONCES; i++)
        onces[i].control = NULL;
}

static int once_slot(const pthread_once_t *control) {
    for (int i = 0; i < MAX_ONCES; i++)
        if (onces[i].control == control)
            return i;
    return -1;
}

static int once_run(pthread_once_t *control, void (*run)(void)) {
    SHIM_REAL(pthread_once);
    int slot;
    while ((slot = once_slot(control)) >= 0 && onces[slot].tid != chipharness_tid())
        chipharness_sync_wait(CHIP_WAIT_ONCE, control, onces[slot].tid, CHIP_NO_DEADLINE);
    if (slot < 0 && (slot = once_slot(NULL)) >= 0) {
        onces[slot].control = control;
        onces[slot].tid = chipharness_tid();
    }
    int error = real_pthread_once(control, run);
    if (slot >= 0)
        onces[slot].control = NULL;
    chipharness_sync_wake(CHIP_WAIT_ONCE, control, UINT32_MAX);
    return error;
}

SHIM_EXPORT int pthread_once(pthread_once_t *control, void (*run)(void)) {
    SHIM_REAL(pthread_once);
    if (!real_pthread_once)
        return ENOSYS;
    if (!shim_controlled())
        return real_pthread_once(control, run);
    struct shim_op op = shim_begin(CHIP_CALL_pthread_once, control);
    return shim_end(&op, op.planned ? op.planned : once_run(control, run));
}
