/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory.c - bulk copies.
 *
 * The wrapper compiles with -fno-builtin-memcpy and the like, so that a copy stays a call, and
 * links with --wrap=memcpy: the references of what is linked there become __wrap_memcpy, which is
 * here. An exported memcpy would be simpler and would catch, and slow down, the calls of every
 * library in the process. clang 15 and later call __tsan_memcpy by themselves.
 */
#include "harness/tsan/tsan.h"

#include <string.h>

static inline void reads(const void *at, size_t bytes, const void *pc) {
    if (bytes)
        tsan_access(at, bytes, CHIP_ACCESS_READ | CHIP_ACCESS_RANGE, __ATOMIC_RELAXED, pc);
}

static inline void writes(const void *at, size_t bytes, const void *pc) {
    if (bytes)
        tsan_access(at, bytes, CHIP_ACCESS_WRITE | CHIP_ACCESS_RANGE, __ATOMIC_RELAXED, pc);
}

/* Where a copy of shared bytes is cut in two, so that others may come in between: no copy of more
 * than a word is atomic. 0: not at all. */
static inline size_t cut(size_t bytes) {
    const size_t word = sizeof(uint64_t);
    return bytes > word ? (bytes / 2 + word - 1) / word * word : 0;
}

static void copy_part(char *to, const char *from, size_t bytes, const void *pc) {
    reads(from, bytes, pc);
    writes(to, bytes, pc);
    memcpy(to, from, bytes);
}

static inline void copy(void *to, const void *from, size_t bytes, const void *pc) {
    if (__builtin_expect(tsan_shared(to) || tsan_shared(from), 0)) {
        size_t first = cut(bytes);
        copy_part(to, from, first, pc);
        copy_part((char *)to + first, (const char *)from + first, bytes - first, pc);
        return;
    }
    memcpy(to, from, bytes);
}

/* The parts may overlap: done as one. */
static inline void move(void *to, const void *from, size_t bytes, const void *pc) {
    reads(from, bytes, pc);
    writes(to, bytes, pc);
    memmove(to, from, bytes);
}

static inline void set(void *to, int byte, size_t bytes, const void *pc) {
    size_t first = 0;
    if (__builtin_expect(tsan_shared(to), 0)) {
        first = cut(bytes);
        writes(to, first, pc);
        memset(to, byte, first);
        writes((char *)to + first, bytes - first, pc);
    }
    memset((char *)to + first, byte, bytes - first);
}

#define COPY(name, call, result)                                       \
    TSAN_EXPORT void *name(void *to, const void *from, size_t bytes);  \
    TSAN_EXPORT void *name(void *to, const void *from, size_t bytes) { \
        call(to, from, bytes, TSAN_CALLER);                            \
        return (char *)to + (result);                                  \
    }
COPY(__wrap_memcpy, copy, 0)
COPY(__wrap_memmove, move, 0)
COPY(__wrap_mempcpy, copy, bytes)
COPY(__tsan_memcpy, copy, 0)
COPY(__tsan_memmove, move, 0)

#define SET(name)                                              \
    TSAN_EXPORT void *name(void *to, int byte, size_t bytes);  \
    TSAN_EXPORT void *name(void *to, int byte, size_t bytes) { \
        set(to, byte, bytes, TSAN_CALLER);                     \
        return to;                                             \
    }
SET(__wrap_memset)
SET(__tsan_memset)

/* _FORTIFY_SOURCE: the same, and the size of what is written to. What does not fit is libc's. */
void *__memcpy_chk(void *, const void *, size_t, size_t);
void *__memmove_chk(void *, const void *, size_t, size_t);
void *__mempcpy_chk(void *, const void *, size_t, size_t);
void *__memset_chk(void *, int, size_t, size_t);

#define COPY_CHECKED(name, call, result)                                                     \
    TSAN_EXPORT void *__wrap_##name(void *to, const void *from, size_t bytes, size_t room);  \
    TSAN_EXPORT void *__wrap_##name(void *to, const void *from, size_t bytes, size_t room) { \
        if (bytes > room)                                                                    \
            return name(to, from, bytes, room);                                              \
        call(to, from, bytes, TSAN_CALLER);                                                  \
        return (char *)to + (result);                                                        \
    }
COPY_CHECKED(__memcpy_chk, copy, 0)
COPY_CHECKED(__memmove_chk, move, 0)
COPY_CHECKED(__mempcpy_chk, copy, bytes)

TSAN_EXPORT void *__wrap___memset_chk(void *to, int byte, size_t bytes, size_t room);
TSAN_EXPORT void *__wrap___memset_chk(void *to, int byte, size_t bytes, size_t room) {
    if (bytes > room)
        return __memset_chk(to, byte, bytes, room);
    set(to, byte, bytes, TSAN_CALLER);
    return to;
}
