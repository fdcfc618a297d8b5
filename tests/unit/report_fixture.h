/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_fixture.h - recordings built in memory, as a run would leave them, and golden files.
 */
#ifndef CHIP_TESTS_REPORT_FIXTURE_H
#define CHIP_TESTS_REPORT_FIXTURE_H

#include <chip/contract.h>
#include <stddef.h>
#include <stdint.h>

enum { FIX_ACTORS = 6, FIX_CHOICES = 64, FIX_STACKS = 16 };

/* A zeroed recording with its head filled in and room for FIX_ACTORS actors. */
struct chip_control *fix_new(void);
size_t fix_bytes(void);
void fix_free(struct chip_control *c);

/* Each returns the new entry's number (a stack's: its id). */
uint32_t fix_actor(struct chip_control *c, uint32_t kind, uint32_t index, uint32_t incarnation,
                   int32_t pid);
uint32_t fix_module(struct chip_control *c, const char *path);
uint32_t fix_stack(struct chip_control *c, uint32_t depth, const uint32_t *modules,
                   const uint64_t *offsets);
void fix_choice(struct chip_control *c, uint64_t step, uint16_t from, uint16_t kind, uint16_t point,
                uint16_t to);
/* Appends an event to the actor's log with the next number, at the present virtual time; real_ns is
 * taken from fix_real_ns, which each event advances. Returns its number. */
uint64_t fix_event(struct chip_control *c, uint32_t actor, uint32_t kind, uint32_t point,
                   uint32_t stack, uint64_t f0, uint64_t f1, uint64_t f2, uint64_t f3);
extern uint64_t fix_real_ns;

/* The run that the issue is about: rank 0 publishes TASK_DONE, then flushes; the parent sees it
 * while the flush is held before its second chunk. Returns the numbers of the two events. */
struct fix_flush {
    uint64_t publish, flush_end;
};
struct fix_flush fix_flush_race(struct chip_control *c);

/* Compares text with tests/golden/reports/NAME byte for byte; fails the test with both texts. With
 * CHIP_UPDATE_GOLDEN=1 in the environment the file is written instead. */
void fix_golden(const char *name, const char *text);

/* What a writer wrote, the caller's to free: FIX_TEXT(out, call using out). */
#define FIX_TEXT(text, out, call)                     \
    char *text = NULL;                                \
    do {                                              \
        size_t fix_size = 0;                          \
        FILE *out = open_memstream(&text, &fix_size); \
        assert_non_null(out);                         \
        call;                                         \
        assert_int_equal(fclose(out), 0);             \
    } while (0)

#endif
