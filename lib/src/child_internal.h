/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child_internal.h - the state of a running child, shared by child.c (life and loop),
 * child_task.c and child_control.c. One thread, one instance.
 */
#ifndef CHIP_CHILD_INTERNAL_H
#define CHIP_CHILD_INTERNAL_H

#include "internal.h"
#include "mailbox_internal.h"

#include <chip/child.h>

struct chip__child {
    struct chip__box box;
    const struct chip_child_config *config;
    pid_t parent; /* captured before the fork */
    struct chip_bootstrap_config bootstrap;
    struct chip_bootstrap_result result;
    struct chip_device *device;
    struct chip_bootstrap *boot;
    struct chip_kernel_ctx ctx;
};

/* Emits child.start, once in a process. */
void chip__child_announce(uint32_t chip);

/* Does what the mailbox asks and answers nothing yet: 0, or a status with the whole text, prefix
 * included. Called with the parent's request observed. */
int chip__child_run_task(struct chip__child *self, uint32_t generation, struct chip_error *err);
int chip__child_run_control(struct chip__child *self, uint32_t generation, uint64_t *result,
                            struct chip_error *err);

#endif
