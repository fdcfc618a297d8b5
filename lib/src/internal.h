/* SPDX-License-Identifier: Apache-2.0 */
/*
 * internal.h - what every source of libchip may use and no user sees.
 *
 * Two kinds of wrong are kept apart: an operating error (a full disk, a dead child, a bad
 * argument) is returned with a struct chip_error; a broken invariant of the library itself ends
 * the process through CHIP_ASSERT, in release builds too, because shared memory that is known to
 * be inconsistent must not be served any longer.
 */
#ifndef CHIP_INTERNAL_H
#define CHIP_INTERNAL_H

#include <chip/error.h>
#include <chip/export.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHIP_ASSERT(cond)                                             \
    do {                                                              \
        if (__builtin_expect(!(cond), 0))                             \
            chip__assert_failed(#cond, __FILE__, __LINE__, __func__); \
    } while (0)

/* Writes one line to stderr (no allocation, no stdio buffer) and aborts. */
_Noreturn void chip__assert_failed(const char *cond, const char *file, int line, const char *func);

/* Checked arithmetic: true and *out set if the result fits, else false and *out untouched. */
static inline bool chip__add_u64(uint64_t a, uint64_t b, uint64_t *out) {
    uint64_t r;
    if (__builtin_add_overflow(a, b, &r))
        return false;
    *out = r;
    return true;
}

static inline bool chip__mul_u64(uint64_t a, uint64_t b, uint64_t *out) {
    uint64_t r;
    if (__builtin_mul_overflow(a, b, &r))
        return false;
    *out = r;
    return true;
}

/* True if [off, off + len) lies inside [0, size), with no wrap on the way. */
static inline bool chip__range_ok(uint64_t off, uint64_t len, uint64_t size) {
    return off <= size && len <= size - off;
}

/* A pointer from a 64-bit address of this process, and back. */
static inline void *chip__ptr(uint64_t address) {
    return (void *)(uintptr_t)address;
}

static inline uint64_t chip__addr(const void *p) {
    return (uint64_t)(uintptr_t)p;
}

/* How many of the first `len` bytes of s may be kept in `max` bytes without splitting a UTF-8
 * sequence. Bytes that are no UTF-8 are kept as they are, cut where max says. */
size_t chip__utf8_cut(const char *s, size_t len, size_t max);

/* Copies s (at most until its NUL) into dst[cap], cut at a UTF-8 boundary, and fills the whole
 * rest of dst with zeros, so that nothing older can be read after it. cap > 0. */
void chip__text_put(char *dst, size_t cap, const char *s);

/* Copies a text that another process wrote: reads at most src_cap bytes and trusts no NUL. */
void chip__text_get(char *dst, size_t dst_cap, const char *src, size_t src_cap);

#endif
