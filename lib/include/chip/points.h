/* SPDX-License-Identifier: Apache-2.0 */
/*
 * points.h - the one table of named points in the runtime.
 *
 * A row is X(ID, "dotted.name", field0, field1, field2, field3). A row yields the enum
 * constant CHIP_POINT_<ID>, the name that scenarios and reports use, the USDT note's name,
 * `chipharness list points` and the names of the fields; `_` marks a field that is not used.
 * A field called `state` is a mailbox state, `error` a task or status code, `rank` the index
 * of a chip child. Adding a point is one row here and one CHIP_PROBE() in the code.
 *
 * A probe stands directly *before* the act it names ("publish": before the release store),
 * except where the name says that something was seen or is over (observe, end, ready, leave).
 * The row order is part of the recorded format: append, never reorder (bump
 * CHIP_CONTRACT_VERSION otherwise).
 */
#ifndef CHIP_POINTS_H
#define CHIP_POINTS_H

/* clang-format off */
#define CHIP_POINTS(X)                                                                        \
    /* life of a child */                                                                     \
    X(CHILD_START,       "child.start",        rank, _, _, _)                                 \
    X(CHILD_READY,       "child.ready",        rank, _, _, _)                                 \
    X(CHILD_ORPHANED,    "child.orphaned",     rank, _, _, _)                                 \
    X(CHILD_STOP,        "child.stop",         rank, _, _, _)                                 \
    /* mailbox, both sides: publish is before the release store, observe after the acquire */ \
    X(MAILBOX_PUBLISH,   "mailbox.publish",    rank, state, generation, error)                \
    X(MAILBOX_OBSERVE,   "mailbox.observe",    rank, state, generation, _)                    \
    X(MAILBOX_RESULT,    "mailbox.result",     rank, error, generation, _)                    \
    X(MAILBOX_READ,      "mailbox.read",       rank, generation, error, _)                    \
    X(MAILBOX_POISON,    "mailbox.poison",     rank, generation, _, _)                        \
    /* a task in the child */                                                                 \
    X(TASK_BEGIN,        "task.begin",         rank, callable, generation, _)                 \
    X(TASK_END,          "task.end",           rank, callable, generation, error)             \
    X(CONTROL_BEGIN,     "control.begin",      rank, command, generation, _)                  \
    X(CONTROL_END,       "control.end",        rank, command, generation, error)              \
    /* host staging; buffer is the index in the chip's buffer list */                         \
    X(D2H_BEGIN,         "d2h.begin",          rank, buffer, bytes, _)                        \
    X(D2H_CHUNK,         "d2h.chunk",          rank, buffer, index, bytes)                    \
    X(D2H_END,           "d2h.end",            rank, buffer, bytes, error)                    \
    X(H2D_BEGIN,         "h2d.begin",          rank, buffer, bytes, _)                        \
    X(H2D_CHUNK,         "h2d.chunk",          rank, buffer, index, bytes)                    \
    X(H2D_END,           "h2d.end",            rank, buffer, bytes, error)                    \
    /* bootstrap of a chip child */                                                           \
    X(BOOT_BEGIN,        "bootstrap.begin",    rank, _, _, _)                                 \
    X(BOOT_VALIDATED,    "bootstrap.validated", rank, buffers, _, _)                          \
    X(BOOT_DEVICE,       "bootstrap.device",   rank, device, _, _)                            \
    X(BOOT_COMM,         "bootstrap.comm",     rank, nranks, bytes, _)                        \
    X(BOOT_CARVED,       "bootstrap.carved",   rank, buffers, bytes, _)                       \
    X(BOOT_STAGED,       "bootstrap.staged",   rank, buffers, _, _)                           \
    X(BOOT_PUBLISH,      "bootstrap.publish",  rank, state, error, _)                         \
    X(BOOT_OBSERVE,      "bootstrap.observe",  rank, state, error, _)                         \
    X(BOOT_SHUTDOWN,     "bootstrap.shutdown", rank, _, _, _)                                 \
    /* windows of a communicator */                                                           \
    X(WINDOW_CREATE,     "window.create",      rank, nranks, bytes, _)                        \
    X(WINDOW_SIZE,       "window.size",        rank, bytes, _, _)                             \
    X(WINDOW_ATTACH,     "window.attach",      rank, _, _, _)                                 \
    X(WINDOW_MAP,        "window.map",         rank, bytes, _, _)                             \
    X(WINDOW_CLAIM,      "window.claim",       rank, _, _, _)                                 \
    X(WINDOW_ZERO,       "window.zero",        rank, bytes, _, _)                             \
    X(WINDOW_READY,      "window.ready",       rank, arrivals, nranks, _)                     \
    X(WINDOW_UNLINK,     "window.unlink",      rank, _, _, _)                                 \
    X(WINDOW_RELEASE,    "window.release",     rank, _, _, _)                                 \
    X(WINDOW_FAIL,       "window.fail",        rank, error, _, _)                             \
    X(WINDOW_DESTROY,    "window.destroy",     rank, _, _, _)                                 \
    /* barrier; generation is the phase a rank waits in */                                    \
    X(BARRIER_ENTER,     "barrier.enter",      rank, generation, _, _)                        \
    X(BARRIER_ARRIVE,    "barrier.arrive",     rank, generation, _, _)                        \
    X(BARRIER_LAST,      "barrier.last",       rank, generation, arrivals, _)                 \
    X(BARRIER_RESET,     "barrier.reset",      rank, generation, _, _)                        \
    X(BARRIER_ADVANCE,   "barrier.advance",    rank, generation, _, _)                        \
    X(BARRIER_WAIT,      "barrier.wait",       rank, generation, arrivals, _)                 \
    X(BARRIER_LEAVE,     "barrier.leave",      rank, generation, error, _)                    \
    X(BARRIER_BREAK,     "barrier.break",      rank, generation, arrivals, _)                 \
    /* the parent */                                                                          \
    X(START_FORK,        "start.fork",         rank, _, _, _)                                 \
    X(START_READY,       "start.ready",        children, _, _, _)                             \
    X(START_ABORT,       "start.abort",        rank, error, _, _)                             \
    X(CLOSE_BEGIN,       "close.begin",        children, _, _, _)                             \
    X(CLOSE_SHUTDOWN,    "close.shutdown",     rank, _, _, _)                                 \
    X(CLOSE_TERM,        "close.term",         rank, _, _, _)                                 \
    X(CLOSE_KILL,        "close.kill",         rank, _, _, _)                                 \
    X(CLOSE_REAPED,      "close.reaped",       rank, _, _, _)                                 \
    X(CLOSE_END,         "close.end",          children, error, _, _)                         \
    X(DEATH_SEEN,        "death.seen",         rank, state, _, _)                             \
    /* kernels */                                                                             \
    X(KERNEL_STEP,       "kernel.step",        rank, step, _, _)                              \
    /* the parent, before it clears error and text for the next transaction */                \
    X(MAILBOX_CLEAR,     "mailbox.clear",      rank, generation, _, _)                        \
    /* a place in a program of the user's own; id is what the program calls it */             \
    X(MARK,              "mark",               id, a, b, c)
/* clang-format on */

enum chip_point {
#define CHIP_X(id, name, ...) CHIP_POINT_##id,
    CHIP_POINTS(CHIP_X)
#undef CHIP_X
        CHIP_POINT_COUNT
};

#endif
