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

/* A copy is two steps: all that it reads, all that it writes. The bytes move in the second. */
static inline void reads(const void *at, size_t bytes, const void *pc) {
    if (bytes)
        tsan_access(at, bytes, CHIP_ACCESS_READ | CHIP_ACCESS_RANGE, __ATOMIC_RELAXED, pc);
}

static inline void writes(const void *at, size_t bytes, const void *pc) {
    if (bytes)
        tsan_access(at, bytes, CHIP_ACCESS_WRITE | CHIP_ACCESS_RANGE, __ATOMIC_RELAXED, pc);
}

#define COPY(name, call, result)                                       \
    TSAN_EXPORT void *name(void *to, const void *from, size_t bytes);  \
    TSAN_EXPORT void *name(void *to, const void *from, size_t bytes) { \
        reads(from, bytes, TSAN_CALLER);                               \
        writes(to, bytes, TSAN_CALLER);                                \
        call(to, from, bytes);                                         \
        return (char *)to + (result);                                  \
    }
COPY(__wrap_memcpy, memcpy, 0)
COPY(__wrap_memmove, memmove, 0)
COPY(__wrap_mempcpy, memcpy, bytes)
COPY(__tsan_memcpy, memcpy, 0)
COPY(__tsan_memmove, memmove, 0)

#define SET(name)                                              \
    TSAN_EXPORT void *name(void *to, int byte, size_t bytes);  \
    TSAN_EXPORT void *name(void *to, int byte, size_t bytes) { \
        writes(to, bytes, TSAN_CALLER);                        \
        return memset(to, byte, bytes);                        \
    }
SET(__wrap_memset)
SET(__tsan_memset)

/* _FORTIFY_SOURCE: the same, and the size of what is written to. The check itself stays libc's. */
void *__memcpy_chk(void *, const void *, size_t, size_t);
void *__memmove_chk(void *, const void *, size_t, size_t);
void *__mempcpy_chk(void *, const void *, size_t, size_t);
void *__memset_chk(void *, int, size_t, size_t);

#define COPY_CHECKED(name)                                                                   \
    TSAN_EXPORT void *__wrap_##name(void *to, const void *from, size_t bytes, size_t room);  \
    TSAN_EXPORT void *__wrap_##name(void *to, const void *from, size_t bytes, size_t room) { \
        reads(from, bytes, TSAN_CALLER);                                                     \
        writes(to, bytes, TSAN_CALLER);                                                      \
        return name(to, from, bytes, room);                                                  \
    }
COPY_CHECKED(__memcpy_chk)
COPY_CHECKED(__memmove_chk)
COPY_CHECKED(__mempcpy_chk)

TSAN_EXPORT void *__wrap___memset_chk(void *to, int byte, size_t bytes, size_t room);
TSAN_EXPORT void *__wrap___memset_chk(void *to, int byte, size_t bytes, size_t room) {
    writes(to, bytes, TSAN_CALLER);
    return __memset_chk(to, byte, bytes, room);
}
