/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena.h - memory that is freed all at once.
 *
 * Allocations are zeroed and aligned to 16 bytes. There is no failure to handle: when memory is
 * out, the process ends with one sentence (a scenario is at most 1 MiB).
 */
#ifndef CHS_ARENA_H
#define CHS_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct chs_arena_block;
struct chs_arena {
    struct chs_arena_block *head;
};

void *chs__arena_alloc(struct chs_arena *arena, size_t bytes);
void *chs__arena_array(struct chs_arena *arena, size_t count, size_t bytes);
char *chs__arena_copy(struct chs_arena *arena, const char *text, size_t length);
char *chs__arena_format(struct chs_arena *arena, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
char *chs__arena_vformat(struct chs_arena *arena, const char *fmt, va_list args)
    __attribute__((format(printf, 2, 0)));
void chs__arena_free(struct chs_arena *arena);

/* Ends the process: "chipharness: <what>". For what no caller can handle. */
_Noreturn void chs__die(const char *what);

#endif
