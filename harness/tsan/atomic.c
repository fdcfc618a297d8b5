/* SPDX-License-Identifier: Apache-2.0 */
/*
 * atomic.c - atomics: the compiled code holds nothing but the call, so they are done here.
 *
 * The order comes as an argument. Given to a builtin as a variable it would be taken as seq_cst,
 * which is right (T1) and slow for loads and stores; so those have one branch for each order. For
 * read-modify-writes it makes no difference on x86-64, and on others it is only stronger.
 * Atomics of 16 bytes are there for x86-64 only.
 */
#include "harness/tsan/tsan.h"

enum { ORDER_MASK = 7 /* the rest are hints for lock elision */ };

/* What is announced first, and told when it was done: a read-modify-write that changed nothing (a
 * compare-exchange that failed, a lock tried again) is no write. */
#define BEFORE(at, bytes, how, order) \
    tsan_access(at, bytes, (how) | CHIP_ACCESS_ATOMIC, (order)&ORDER_MASK, TSAN_CALLER)

static inline void done(const volatile void *at, size_t bytes, bool changed) {
    if (__builtin_expect(tsan_shared(at), 0))
        chipharness_access_done((const void *)at, bytes, changed);
}

#define LOAD(bits, type)                                                            \
    static inline type load##bits(const volatile type *at, int order) {             \
        /* ORDER: what the subject asked for; pairs with its stores, in STORE(). */ \
        if (order == __ATOMIC_RELAXED)                                              \
            return __atomic_load_n(at, __ATOMIC_RELAXED);                           \
        if (order == __ATOMIC_ACQUIRE || order == __ATOMIC_CONSUME)                 \
            return __atomic_load_n(at, __ATOMIC_ACQUIRE);                           \
        return __atomic_load_n(at, __ATOMIC_SEQ_CST);                               \
    }

#define STORE(bits, type)                                                         \
    static inline void store##bits(volatile type *at, type v, int order) {        \
        /* ORDER: what the subject asked for; pairs with its loads, in LOAD(). */ \
        if (order == __ATOMIC_RELAXED)                                            \
            __atomic_store_n(at, v, __ATOMIC_RELAXED);                            \
        else if (order == __ATOMIC_RELEASE)                                       \
            __atomic_store_n(at, v, __ATOMIC_RELEASE);                            \
        else                                                                      \
            __atomic_store_n(at, v, __ATOMIC_SEQ_CST);                            \
    }

/* One compare-and-swap, returning what was there: every read-modify-write is made of it. */
#define SWAP(bits, type)                                                                        \
    static inline type swap##bits(volatile type *at, type expected, type v) {                   \
        /* ORDER: at least what the subject asked for (T1); pairs with its loads, in LOAD(). */ \
        __atomic_compare_exchange_n(at, &expected, v, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);   \
        return expected;                                                                        \
    }

#define DECLARE_EXCHANGE(bits, type)                                                              \
    TSAN_EXPORT int __tsan_atomic##bits##_compare_exchange_strong(volatile type *, type *, type,  \
                                                                  int, int);                      \
    TSAN_EXPORT int __tsan_atomic##bits##_compare_exchange_weak(volatile type *, type *, type,    \
                                                                int, int);                        \
    TSAN_EXPORT type __tsan_atomic##bits##_compare_exchange_val(volatile type *, type, type, int, \
                                                                int);

/* Weak is strong: a failure that the subject did not cause would be chance that nobody seeded. */
#define EXCHANGES(bits, type)                                                                      \
    DECLARE_EXCHANGE(bits, type)                                                                   \
    TSAN_EXPORT type __tsan_atomic##bits##_compare_exchange_val(volatile type *at, type expected,  \
                                                                type v, int order, int failed) {   \
        (void)failed;                                                                              \
        BEFORE(at, sizeof v, CHIP_ACCESS_READ | CHIP_ACCESS_WRITE, order);                         \
        type old = swap##bits(at, expected, v);                                                    \
        done(at, sizeof v, old == expected && old != v);                                           \
        return old;                                                                                \
    }                                                                                              \
    TSAN_EXPORT int __tsan_atomic##bits##_compare_exchange_strong(                                 \
        volatile type *at, type *expected, type v, int order, int failed) {                        \
        (void)failed;                                                                              \
        BEFORE(at, sizeof v, CHIP_ACCESS_READ | CHIP_ACCESS_WRITE, order);                         \
        type wanted = *expected, old = swap##bits(at, wanted, v);                                  \
        done(at, sizeof v, old == wanted && old != v);                                             \
        *expected = old;                                                                           \
        return old == wanted;                                                                      \
    }                                                                                              \
    TSAN_EXPORT int __tsan_atomic##bits##_compare_exchange_weak(volatile type *at, type *expected, \
                                                                type v, int order, int failed) {   \
        (void)failed;                                                                              \
        BEFORE(at, sizeof v, CHIP_ACCESS_READ | CHIP_ACCESS_WRITE, order);                         \
        type wanted = *expected, old = swap##bits(at, wanted, v);                                  \
        done(at, sizeof v, old == wanted && old != v);                                             \
        *expected = old;                                                                           \
        return old == wanted;                                                                      \
    }

/* A loop around one compare-and-swap does every operation of every size alike. */
#define FETCH(bits, type, name, value)                                                    \
    TSAN_EXPORT type __tsan_atomic##bits##_##name(volatile type *at, type v, int order);  \
    TSAN_EXPORT type __tsan_atomic##bits##_##name(volatile type *at, type v, int order) { \
        BEFORE(at, sizeof v, CHIP_ACCESS_READ | CHIP_ACCESS_WRITE, order);                \
        type old = *at, seen;                                                             \
        while ((seen = swap##bits(at, old, (type)(value))) != old)                        \
            old = seen;                                                                   \
        done(at, sizeof v, (type)(value) != old);                                         \
        return old;                                                                       \
    }

#define NATIVE(bits, type)                                                               \
    LOAD(bits, type)                                                                     \
    STORE(bits, type)                                                                    \
    SWAP(bits, type)                                                                     \
    TSAN_EXPORT type __tsan_atomic##bits##_load(const volatile type *at, int order);     \
    TSAN_EXPORT type __tsan_atomic##bits##_load(const volatile type *at, int order) {    \
        BEFORE(at, sizeof *at, CHIP_ACCESS_READ, order);                                 \
        return load##bits(at, order & ORDER_MASK);                                       \
    }                                                                                    \
    TSAN_EXPORT void __tsan_atomic##bits##_store(volatile type *at, type v, int order);  \
    TSAN_EXPORT void __tsan_atomic##bits##_store(volatile type *at, type v, int order) { \
        BEFORE(at, sizeof v, CHIP_ACCESS_WRITE, order);                                  \
        store##bits(at, v, order &ORDER_MASK);                                           \
    }                                                                                    \
    TSAN_FETCH_OPS(FETCH, bits, type)                                                    \
    EXCHANGES(bits, type)
TSAN_ATOMIC_SIZES(NATIVE)

#ifdef __x86_64__
typedef unsigned __int128 u128;

/* By hand: for 16 bytes the builtin would be a call into libatomic, with a lock of its own. */
static inline u128 swap128(volatile u128 *at, u128 expected, u128 v) {
    uint64_t low = (uint64_t)expected, high = (uint64_t)(expected >> 64);
    __asm__ volatile("lock cmpxchg16b %0"
                     : "+m"(*at), "+a"(low), "+d"(high)
                     : "b"((uint64_t)v), "c"((uint64_t)(v >> 64))
                     : "cc", "memory");
    return (u128)high << 64 | low;
}

/* No plain load or store of 16 bytes is atomic everywhere: both are a compare-and-swap. */
TSAN_EXPORT u128 __tsan_atomic128_load(const volatile u128 *at, int order);
TSAN_EXPORT u128 __tsan_atomic128_load(const volatile u128 *at, int order) {
    BEFORE(at, sizeof *at, CHIP_ACCESS_READ, order);
    return swap128((volatile u128 *)(uintptr_t)at, 0, 0);
}

TSAN_EXPORT void __tsan_atomic128_store(volatile u128 *at, u128 v, int order);
TSAN_EXPORT void __tsan_atomic128_store(volatile u128 *at, u128 v, int order) {
    BEFORE(at, sizeof v, CHIP_ACCESS_WRITE, order);
    u128 old = *at, seen;
    while ((seen = swap128(at, old, v)) != old)
        old = seen;
}
TSAN_FETCH_OPS(FETCH, 128, u128)
EXCHANGES(128, u128)
#endif

TSAN_EXPORT void __tsan_atomic_thread_fence(int order);
TSAN_EXPORT void __tsan_atomic_thread_fence(int order) {
    if (&chipharness_gate && chipharness_gate.span)
        chipharness_access(NULL, 0, CHIP_ACCESS_FENCE | CHIP_ACCESS_ATOMIC, order & ORDER_MASK,
                           TSAN_CALLER);
    /* ORDER: at least what the subject asked for (T1); pairs with what its other actors do, as in
     * LOAD() and STORE(). */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* Between a thread and a signal handler of its own: nothing that another actor could see. */
TSAN_EXPORT void __tsan_atomic_signal_fence(int order);
TSAN_EXPORT void __tsan_atomic_signal_fence(int order) {
    (void)order;
    /* ORDER: at least what the subject asked for; pairs with the same, by its signal handler, in
     * __tsan_atomic_signal_fence(). */
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}
