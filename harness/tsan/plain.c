/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plain.c - loads and stores: announced here, done by the compiled code afterwards.
 */
#include "harness/tsan/tsan.h"

#define ACCESS(prefix, bytes, word, how)                            \
    TSAN_EXPORT void __tsan_##prefix##word##bytes(void *at);        \
    TSAN_EXPORT void __tsan_##prefix##word##bytes(void *at) {       \
        tsan_access(at, bytes, how, __ATOMIC_RELAXED, TSAN_CALLER); \
    }
#define BOTH(prefix, bytes, more)                            \
    ACCESS(prefix, bytes, read, CHIP_ACCESS_READ | (more))   \
    ACCESS(prefix, bytes, write, CHIP_ACCESS_WRITE | (more)) \
    ACCESS(prefix, bytes, read_write, CHIP_ACCESS_READ | CHIP_ACCESS_WRITE | (more))

#define ALL(bytes)                               \
    BOTH(, bytes, 0)                             \
    BOTH(unaligned_, bytes, 0)                   \
    BOTH(volatile_, bytes, CHIP_ACCESS_VOLATILE) \
    BOTH(unaligned_volatile_, bytes, CHIP_ACCESS_VOLATILE)
TSAN_SIZES(ALL)

#define RANGE(word, how)                                                                      \
    TSAN_EXPORT void __tsan_##word##_range(void *at, size_t bytes);                           \
    TSAN_EXPORT void __tsan_##word##_range(void *at, size_t bytes) {                          \
        if (bytes)                                                                            \
            tsan_access(at, bytes, (how) | CHIP_ACCESS_RANGE, __ATOMIC_RELAXED, TSAN_CALLER); \
    }
RANGE(read, CHIP_ACCESS_READ)
RANGE(write, CHIP_ACCESS_WRITE)

/* An object's pointer to its virtual table. */
TSAN_EXPORT void __tsan_vptr_read(void **at);
TSAN_EXPORT void __tsan_vptr_read(void **at) {
    tsan_access(at, sizeof *at, CHIP_ACCESS_READ, __ATOMIC_RELAXED, TSAN_CALLER);
}

TSAN_EXPORT void __tsan_vptr_update(void **at, void *value);
TSAN_EXPORT void __tsan_vptr_update(void **at, void *value) {
    (void)value;
    tsan_access(at, sizeof *at, CHIP_ACCESS_WRITE, __ATOMIC_RELAXED, TSAN_CALLER);
}
