/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arm.h - what the driver (the parent process of a run) may ask of the agent. Weak: a driver that
 * runs without the agent sees NULL.
 */
#ifndef HARNESS_AGENT_ARM_H
#define HARNESS_AGENT_ARM_H

#include <chip/contract.h>

typedef void (*chipharness_watch_fn)(uint32_t point_kind, uint32_t point, uint64_t occurrence,
                                     const uint64_t *field);

/* Control begins: the caller becomes actor 0, "parent", and holds the turn. watch (may be NULL)
 * is called in this process, with the turn, after each of its points. 0, or -1 if there is no
 * run to join. */
int chipharness_arm(chipharness_watch_fn watch) __attribute__((weak));
/* Before control begins: in an exploration this process goes no further, but stays to fork a child
 * for each run, and the call returns in each of those; else it returns at once. */
void chipharness_zygote(void) __attribute__((weak));
/* Records an event of this kind with these fields. */
void chipharness_note(uint32_t kind, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
    __attribute__((weak));
/* The control block, NULL without a run. */
struct chip_control *chipharness_control(void) __attribute__((weak));

#endif
