/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mailbox.h - the 4096-byte page through which a parent gives one child its tasks and control
 * commands (runtime.md B). Offsets, values and the order of writes are an ABI between programs.
 *
 * The protocol, for a task (TASK_READY, TASK_DONE) and a control command (CONTROL_REQUEST,
 * CONTROL_DONE) alike; the parent holds its lock for the mailbox throughout:
 *   parent  error = 0, error_msg zeroed, generation, fields, args   -> state = ..._READY/REQUEST
 *   child   reads, acts; error, error_msg, done_generation          -> state = ..._DONE
 *   parent  reads error, error_msg, result                          -> state = IDLE
 * Guarantees:
 *   M1  The state store is the last write of a transition, and the state load the first read.
 *   M2  chip_mailbox_load_acquire() and chip_mailbox_store_release() are the only code that
 *       touches `state`.
 *   M3  `shutdown` only ever goes from 0 to 1, so that a child that overwrites SHUTDOWN with a
 *       late DONE still sees that it must stop.
 *   M4  A peer that knows only `state` and the fields before offset 48 leaves the words at 48..63
 *       zero: generation 0 means "untagged" and is echoed as 0.
 * Integers are little-endian. Any number of threads may load the state; who may write what, and
 * when, is said with each field.
 */
#ifndef CHIP_MAILBOX_H
#define CHIP_MAILBOX_H

#include <chip/export.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    CHIP_MAILBOX_BYTES = 4096,
    CHIP_MAILBOX_OFF_STATE = 0,
    CHIP_MAILBOX_OFF_ERROR = 4,
    CHIP_MAILBOX_OFF_CALLABLE = 8,
    CHIP_MAILBOX_OFF_CONFIG = 16,
    CHIP_MAILBOX_OFF_RESULT = 40,
    CHIP_MAILBOX_OFF_SHUTDOWN = 48,
    CHIP_MAILBOX_OFF_GENERATION = 52,
    CHIP_MAILBOX_OFF_DONE_GENERATION = 56,
    CHIP_MAILBOX_OFF_CHILD_STATUS = 60,
    CHIP_MAILBOX_OFF_ARGS = 64,
    CHIP_MAILBOX_ARGS_BYTES = 3776,
    CHIP_MAILBOX_OFF_ERROR_MSG = 3840,
    CHIP_MAILBOX_ERROR_MSG_BYTES = 256, /* at most 255 bytes of text, then zeros */

    CHIP_DEFAULT_BLOCK_DIM = 24,
    CHIP_DEFAULT_AICPU_THREADS = 3
};

/* X(ID, value) */
#define CHIP_MAILBOX_STATES(X) \
    X(IDLE, 0)                 \
    X(TASK_READY, 1)           \
    X(TASK_DONE, 2)            \
    X(SHUTDOWN, 3)             \
    X(CONTROL_REQUEST, 4)      \
    X(CONTROL_DONE, 5)

enum chip_mailbox_state {
#define CHIP_X(id, value) CHIP_MAILBOX_##id = (value),
    CHIP_MAILBOX_STATES(CHIP_X)
#undef CHIP_X
};

/* Values of child_status. */
enum chip_child_status {
    CHIP_CHILD_STARTING = 0,
    CHIP_CHILD_READY = 1,
    CHIP_CHILD_INIT_FAILED = 2
};

/* Offset 16 for a task. */
struct chip_mailbox_task {
    int32_t block_dim;
    int32_t aicpu_thread_num;
    int32_t enable_profiling;
    int32_t enable_dump_tensor;
};

/* Offset 16 for a control command, over the same bytes. */
struct chip_mailbox_control {
    uint64_t arg[3];
    uint64_t result; /* written by the child */
};

struct chip_mailbox {
    int32_t state;     /* both, in turns, through the two functions below */
    int32_t error;     /* parent clears, child sets: 0 ok, 1 failed */
    uint64_t callable; /* parent: callable id, or the control sub-command */
    union {
        struct chip_mailbox_task task;
        struct chip_mailbox_control control;
    } u;
    uint32_t shutdown;        /* parent: sticky, 0 -> 1 (M3); atomic */
    uint32_t generation;      /* parent: number of this transaction, 0 untagged */
    uint32_t done_generation; /* child: echo of generation */
    uint32_t child_status;    /* child: enum chip_child_status; atomic, futex word */
    unsigned char args[CHIP_MAILBOX_ARGS_BYTES];  /* parent: task blob, or the control's payload */
    char error_msg[CHIP_MAILBOX_ERROR_MSG_BYTES]; /* parent zeroes, child writes */
};

#ifdef __cplusplus
#define CHIP_LAYOUT_ASSERT(cond) static_assert(cond, #cond)
#else
#define CHIP_LAYOUT_ASSERT(cond) _Static_assert(cond, #cond)
#endif
#define CHIP_MAILBOX_AT(field, off) \
    CHIP_LAYOUT_ASSERT(offsetof(struct chip_mailbox, field) == (off))
CHIP_MAILBOX_AT(state, CHIP_MAILBOX_OFF_STATE);
CHIP_MAILBOX_AT(error, CHIP_MAILBOX_OFF_ERROR);
CHIP_MAILBOX_AT(callable, CHIP_MAILBOX_OFF_CALLABLE);
CHIP_MAILBOX_AT(u, CHIP_MAILBOX_OFF_CONFIG);
CHIP_MAILBOX_AT(u.control.result, CHIP_MAILBOX_OFF_RESULT);
CHIP_MAILBOX_AT(shutdown, CHIP_MAILBOX_OFF_SHUTDOWN);
CHIP_MAILBOX_AT(generation, CHIP_MAILBOX_OFF_GENERATION);
CHIP_MAILBOX_AT(done_generation, CHIP_MAILBOX_OFF_DONE_GENERATION);
CHIP_MAILBOX_AT(child_status, CHIP_MAILBOX_OFF_CHILD_STATUS);
CHIP_MAILBOX_AT(args, CHIP_MAILBOX_OFF_ARGS);
CHIP_MAILBOX_AT(error_msg, CHIP_MAILBOX_OFF_ERROR_MSG);
CHIP_LAYOUT_ASSERT(sizeof(struct chip_mailbox) == CHIP_MAILBOX_BYTES);
CHIP_LAYOUT_ASSERT(sizeof(struct chip_mailbox_task) == 16);
#undef CHIP_MAILBOX_AT

/* The state, with acquire: what the peer wrote before it stored that state may be read now. */
CHIP_API int32_t chip_mailbox_load_acquire(const struct chip_mailbox *mailbox);

/* Stores the state with release, after everything else that this transition writes. Wakes nobody:
 * a peer asleep in libchip's own wait is woken by its parent or child, not by this. */
CHIP_API void chip_mailbox_store_release(struct chip_mailbox *mailbox, int32_t state);

/* Static string ("TASK_DONE"); "?" for a value that is no state. */
CHIP_API const char *chip_mailbox_state_name(int32_t state);

#ifdef __cplusplus
}
#endif
#endif
