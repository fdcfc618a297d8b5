/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernels.h - the one table of kernels that a scenario's submit and run steps may name.
 *
 * A row is X(ID, "name", buffers min, max, scalars min, max, "help"). The driver registers a
 * function for each row except UNREGISTERED, whose callable id no child knows.
 */
#ifndef CHS_KERNELS_H
#define CHS_KERNELS_H

/* clang-format off */
#define CHS_KERNELS(X)                                                                             \
    X(VECTOR_ADD,   "vector_add",   3, 3, 0, 0, "buffers: [a, b, out], float32: out = a + b")      \
    X(FILL,         "fill",         1, 1, 1, 1, "buffers: [out]; scalars: [bits of an element]")   \
    X(ALLREDUCE,    "allreduce_one_phase", 2, 2, 0, 0, "buffers: [in, out], 256 float32: the sum over all ranks") \
    X(BARRIER,      "barrier",      0, 0, 1, 1, "scalars: [rounds]; that many barriers back to back") \
    X(SLEEP,        "sleep",        0, 0, 1, 1, "scalars: [nanoseconds], virtual time")            \
    X(EMPTY,        "empty",        0, 8, 0, 8, "does nothing and succeeds")                       \
    X(FAIL,         "fail",         0, 8, 0, 8, "fails with 'TaskError: asked to fail'; given a buffer, it stamps it 0xa5 first") \
    X(CRASH,        "crash",        0, 0, 0, 0, "ends its process by SIGSEGV")                     \
    X(SPIN,         "spin",         0, 0, 0, 0, "runs for ever and comes to no point")             \
    X(LITTER,       "litter",       0, 0, 0, 0, "leaves a segment in /dev/shm")                    \
    X(UNREGISTERED, "unregistered", 0, 8, 0, 8, "a callable id that no child knows")
/* clang-format on */

enum chs_kernel {
#define CHS_X(id, ...) CHS_KERNEL_##id,
    CHS_KERNELS(CHS_X)
#undef CHS_X
        CHS_KERNEL_COUNT
};

#endif
