/* SPDX-License-Identifier: Apache-2.0 */
/*
 * barrier.h - the barrier of a communicator: a central counter and a phase in shared memory.
 * The guarantees (G1 to G5) and how they are met stand in barrier.c.
 */
#ifndef CHIP_BARRIER_H
#define CHIP_BARRIER_H

#include <chip/error.h>
#include <stdbool.h>
#include <stdint.h>

/* All zero is a fresh barrier. Each word has a cache line to itself: arriving ranks must not take
 * the line away from those that watch the phase. */
struct chip__barrier {
    _Alignas(64) uint32_t arrivals; /* of the present generation */
    _Alignas(64) uint32_t phase;    /* generation, or that and why it is broken; futex word */
    _Alignas(64) uint32_t sleepers; /* ranks inside FUTEX_WAIT on phase */
};

/* Asked while a rank waits: is somebody lost for good? 0 for no; else CHIP_E_CHILD_DIED or
 * CHIP_E_STATE (it left), with *who set, or CHIP_E_PARENT_DIED. */
typedef int (*chip__barrier_lost_fn)(void *arg, uint32_t *who);

/* One rank's own part; only its waits change it. */
struct chip__barrier_party {
    uint32_t rank;
    uint32_t nranks;
    uint64_t timeout_ns;
    bool may_spin;              /* every rank has a CPU to itself */
    uint32_t spins;             /* how long to, learnt; 0 at first */
    chip__barrier_lost_fn lost; /* may be NULL */
    void *arg;
};

/* One round. CHIP_OK, or CHIP_E_BROKEN with the text that every rank gets. */
int chip__barrier_pass(struct chip__barrier *b, struct chip__barrier_party *party,
                       struct chip_error *err);

#endif
