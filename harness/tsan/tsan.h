/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tsan.h - inside of libchiptsan: the functions that -fsanitize=thread makes a compiler call.
 *
 * gcc and clang announce every load, store and atomic by a call to __tsan_*; `chipharness cc` lets
 * them, and this library answers. It has no shadow and no state: it asks the agent (hooks.h) where
 * there is one, and otherwise does what the code says and nothing more, so that a program built
 * this way runs without the harness too.
 *
 * Guarantees
 *   T1  What a function does to memory is what the plain program would do, with at least the
 *       memory order that was asked for.
 *   T2  An address that no other actor can reach costs one comparison (chipharness_gate).
 *   T3  errno and the stack are as before.
 */
#ifndef HARNESS_TSAN_TSAN_H
#define HARNESS_TSAN_TSAN_H

#include "faults/shim/hooks.h"

#include <stddef.h>
#include <stdint.h>

#define TSAN_EXPORT __attribute__((visibility("default")))
#define TSAN_CALLER __builtin_return_address(0)

/* X(bytes): the sizes of plain accesses. */
#define TSAN_SIZES(X) X(1) X(2) X(4) X(8) X(16)

/* X(bits, type): the sizes of atomics. */
#define TSAN_ATOMIC_SIZES(X) X(8, uint8_t) X(16, uint16_t) X(32, uint32_t) X(64, uint64_t)

/* X(bits, type, name, what the new value is, from old and v). */
#define TSAN_FETCH_OPS(X, bits, type) \
    X(bits, type, exchange, v)        \
    X(bits, type, fetch_add, old + v) \
    X(bits, type, fetch_sub, old - v) \
    X(bits, type, fetch_and, old &v)  \
    X(bits, type, fetch_or, old | v)  \
    X(bits, type, fetch_xor, old ^ v) \
    X(bits, type, fetch_nand, ~(old & v))

/* Can anybody else reach it? False without an agent. */
static inline bool tsan_shared(const volatile void *at) {
    return &chipharness_gate && (uintptr_t)at - chipharness_gate.lo < chipharness_gate.span;
}

static inline void tsan_access(const volatile void *at, size_t bytes, uint32_t how, int order,
                               const void *pc) {
    if (__builtin_expect(tsan_shared(at), 0))
        chipharness_access((const void *)at, bytes, how, order, pc);
}

#endif
