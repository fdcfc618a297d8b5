/* SPDX-License-Identifier: Apache-2.0 */
/*
 * c11.c - shims of <threads.h>. In glibc its objects are those of pthread, and its functions reach
 * pthread's without a name that could be taken over: under control they go by way of ours.
 */
#include "faults/shim/sync.h"

#include <sched.h>
#include <threads.h>

_Static_assert(sizeof(mtx_t) == sizeof(pthread_mutex_t), "a mtx_t is a pthread_mutex_t");
_Static_assert(sizeof(cnd_t) == sizeof(pthread_cond_t), "a cnd_t is a pthread_cond_t");
_Static_assert(sizeof(once_flag) == sizeof(pthread_once_t), "a once_flag is a pthread_once_t");

static int c11_result(int error) {
    switch (error) {
    case 0:
        return thrd_success;
    case EBUSY:
        return thrd_busy;
    case ETIMEDOUT:
        return thrd_timedout;
    case ENOMEM:
        return thrd_nomem;
    default:
        return thrd_error;
    }
}

static pthread_mutex_t *mutex_of(mtx_t *m) {
    return (pthread_mutex_t *)(void *)m;
}

static pthread_cond_t *cond_of(cnd_t *c) {
    return (pthread_cond_t *)(void *)c;
}

#define C11_CALL(name, params, args, instead)                   \
    SHIM_EXPORT int name params {                               \
        SHIM_REAL(name);                                        \
        if (!shim_controlled())                                 \
            return real_##name ? real_##name args : thrd_error; \
        return c11_result(instead);                             \
    }
C11_CALL(mtx_lock, (mtx_t * m), (m), pthread_mutex_lock(mutex_of(m)))
C11_CALL(mtx_trylock, (mtx_t * m), (m), pthread_mutex_trylock(mutex_of(m)))
C11_CALL(mtx_timedlock, (mtx_t *restrict m, const struct timespec *restrict at), (m, at),
         pthread_mutex_timedlock(mutex_of(m), at))
C11_CALL(mtx_unlock, (mtx_t * m), (m), pthread_mutex_unlock(mutex_of(m)))
C11_CALL(cnd_wait, (cnd_t * c, mtx_t *m), (c, m), pthread_cond_wait(cond_of(c), mutex_of(m)))
C11_CALL(cnd_timedwait, (cnd_t *restrict c, mtx_t *restrict m, const struct timespec *restrict at),
         (c, m, at), pthread_cond_timedwait(cond_of(c), mutex_of(m), at))
C11_CALL(cnd_signal, (cnd_t * c), (c), pthread_cond_signal(cond_of(c)))
C11_CALL(cnd_broadcast, (cnd_t * c), (c), pthread_cond_broadcast(cond_of(c)))
C11_CALL(thrd_create, (thrd_t * id, thrd_start_t run, void *arg), (id, run, arg),
         shim_thread_create(id, NULL, NULL, run, arg))

SHIM_EXPORT int thrd_join(thrd_t id, int *result) {
    SHIM_REAL(thrd_join);
    if (!shim_controlled())
        return real_thrd_join ? real_thrd_join(id, result) : thrd_error;
    void *value = NULL;
    int error = pthread_join(id, &value);
    if (!error && result)
        *result = (int)(intptr_t)value;
    return c11_result(error);
}

SHIM_EXPORT void call_once(once_flag *flag, void (*run)(void)) {
    pthread_once((pthread_once_t *)(void *)flag, run);
}

SHIM_EXPORT void thrd_yield(void) {
    sched_yield();
}

SHIM_EXPORT int thrd_sleep(const struct timespec *t, struct timespec *left) {
    SHIM_REAL(thrd_sleep);
    if (!shim_controlled())
        return real_thrd_sleep ? real_thrd_sleep(t, left) : -2;
    return nanosleep(t, left) == 0 ? 0 : errno == EINTR ? -1 : -2;
}
