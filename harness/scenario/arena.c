/* SPDX-License-Identifier: Apache-2.0 */
/* arena.c - see arena.h. */
#include "harness/scenario/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct chs_arena_block {
    struct chs_arena_block *next;
    size_t used;
    size_t size;
    _Alignas(16) char bytes[];
};

enum { BLOCK_BYTES = 16384, ALIGN = 16 };

_Noreturn void chs__die(const char *what) {
    fprintf(stderr, "chipharness: %s\n", what);
    abort();
}

static struct chs_arena_block *block_new(size_t bytes) {
    size_t size = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
    struct chs_arena_block *block;

    if (size > SIZE_MAX - sizeof(*block))
        chs__die("out of memory");
    block = calloc(1, sizeof(*block) + size);
    if (!block)
        chs__die("out of memory");
    block->size = size;
    return block;
}

void *chs__arena_alloc(struct chs_arena *arena, size_t bytes) {
    struct chs_arena_block *block = arena->head;
    void *result;

    if (bytes > SIZE_MAX - ALIGN)
        chs__die("out of memory");
    bytes = (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    if (!block || block->size - block->used < bytes) {
        block = block_new(bytes);
        block->next = arena->head;
        arena->head = block;
    }
    result = block->bytes + block->used;
    block->used += bytes;
    return result;
}

void *chs__arena_array(struct chs_arena *arena, size_t count, size_t bytes) {
    size_t total;

    if (__builtin_mul_overflow(count, bytes, &total))
        chs__die("out of memory");
    return chs__arena_alloc(arena, total);
}

char *chs__arena_copy(struct chs_arena *arena, const char *text, size_t length) {
    char *copy = chs__arena_alloc(arena, length + 1);

    memcpy(copy, text, length);
    return copy;
}

char *chs__arena_vformat(struct chs_arena *arena, const char *fmt, va_list args) {
    va_list again;
    int length;
    char *text;

    if (!fmt) /* gcc with sanitizers cannot see that no caller does this */
        chs__die("a message has no text");
    va_copy(again, args);
    length = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (length < 0)
        chs__die("a message could not be formatted");
    text = chs__arena_alloc(arena, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, fmt, args);
    return text;
}

char *chs__arena_format(struct chs_arena *arena, const char *fmt, ...) {
    va_list args;
    char *text;

    va_start(args, fmt);
    text = chs__arena_vformat(arena, fmt, args);
    va_end(args);
    return text;
}

void chs__arena_free(struct chs_arena *arena) {
    while (arena->head) {
        struct chs_arena_block *block = arena->head;

        arena->head = block->next;
        free(block);
    }
}
