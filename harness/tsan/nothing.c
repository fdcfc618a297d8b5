/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nothing.c - what the instrumentation, or code that knows of ThreadSanitizer, calls and what means
 * nothing here: program order and stacks are known without it, and the synchronisation that an
 * annotation claims is seen where it happens.
 */
#include "harness/tsan/tsan.h"

/* X(name, parameters) */
#define NOTHING(X)                                                         \
    X(__tsan_init, (void))                                                 \
    X(__tsan_func_entry, (void *pc))                                       \
    X(__tsan_func_exit, (void))                                            \
    X(__tsan_ignore_thread_begin, (void))                                  \
    X(__tsan_ignore_thread_end, (void))                                    \
    X(__tsan_acquire, (void *at))                                          \
    X(__tsan_release, (void *at))                                          \
    X(__tsan_mutex_create, (void *at, unsigned flags))                     \
    X(__tsan_mutex_destroy, (void *at, unsigned flags))                    \
    X(__tsan_mutex_pre_lock, (void *at, unsigned flags))                   \
    X(__tsan_mutex_post_lock, (void *at, unsigned flags, int recursion))   \
    X(__tsan_mutex_post_unlock, (void *at, unsigned flags))                \
    X(__tsan_mutex_pre_signal, (void *at, unsigned flags))                 \
    X(__tsan_mutex_post_signal, (void *at, unsigned flags))                \
    X(__tsan_mutex_pre_divert, (void *at, unsigned flags))                 \
    X(__tsan_mutex_post_divert, (void *at, unsigned flags))                \
    X(AnnotateHappensBefore, (const char *file, int line, const void *at)) \
    X(AnnotateHappensAfter, (const char *file, int line, const void *at))  \
    X(AnnotateIgnoreReadsBegin, (const char *file, int line))              \
    X(AnnotateIgnoreReadsEnd, (const char *file, int line))                \
    X(AnnotateIgnoreWritesBegin, (const char *file, int line))             \
    X(AnnotateIgnoreWritesEnd, (const char *file, int line))

#pragma GCC diagnostic ignored "-Wunused-parameter"
#define NOTHING_DEFINE(name, params) \
    TSAN_EXPORT void name params;    \
    TSAN_EXPORT void name params {}
NOTHING(NOTHING_DEFINE)

TSAN_EXPORT int __tsan_mutex_pre_unlock(void *at, unsigned flags);
TSAN_EXPORT int __tsan_mutex_pre_unlock(void *at, unsigned flags) {
    return 0;
}
