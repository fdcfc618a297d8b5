/* SPDX-License-Identifier: Apache-2.0 */
/*
 * driver.h - inside of chipharness-driver, the parent process of a scenario: it goes through the
 * scenario's steps on libchip's public API, under control, and writes what each came to into the
 * control block. It judges nothing.
 */
#ifndef HARNESS_DRIVER_H
#define HARNESS_DRIVER_H

#include "harness/scenario/scenario.h"

#include <chip/chip.h>
#include <chip/contract.h>

/* A host staging: one segment for each chip and staged buffer, mapped here for the whole run. */
struct drv_staging {
    char shm_name[CHIP_NAME_LEN];
    unsigned char *at; /* NULL: none (not staged, left out, or empty) */
    uint64_t bytes;
};

/* What one chip is configured with; the arrays back a chip_bootstrap_config. */
struct drv_chip {
    struct chip_bootstrap_comm comm;
    struct chip_bootstrap_buffer *buffers;
    struct chip_bootstrap_staging *inputs;
    struct chip_bootstrap_staging *outputs;
    struct chip_bootstrap_config boot;
    struct chip_device_config device;
    struct chip_child_fault *faults;
};

struct driver {
    const struct chs_scenario *s;
    struct chip_control *c;
    struct drv_staging *staging; /* [rank * buffer_count + buffer] */
    struct drv_chip *chips;
    struct chip_worker *worker; /* NULL before init and after a failed one */
    uint64_t *addresses;        /* [step * CHS_MAX_RANKS + rank]: what a malloc step got */
};

static inline struct drv_staging *drv_staging(struct driver *d, uint32_t rank, uint32_t buffer) {
    return &d->staging[(size_t)rank * d->s->buffer_count + buffer];
}

/* staging.c: 0 or an errno; close unlinks and unmaps what open made. */
int drv_staging_open(struct driver *d);
void drv_staging_close(struct driver *d);
bool drv_staging_owns(const struct driver *d, const char *shm_name);

/* config.c: what the scenario's chips look like to the library. */
void drv_chips_build(struct driver *d);
int drv_worker_create(struct driver *d, struct chip_error *err);

/* kernels.c */
const struct chip_kernel *drv_kernels(size_t *count);
uint64_t drv_kernel_id(int kernel);

/* checks.c: comparisons. The result goes to check `index` of the control block. */
void drv_compare(struct driver *d, uint32_t index, const struct chs_content *content,
                 const struct chs_buffer *buffer, uint32_t rank, uint64_t offset, const void *seen,
                 size_t bytes);
void drv_watch_start(struct driver *d);
void drv_watch(uint32_t point_kind, uint32_t point, uint64_t occurrence, const uint64_t *field);

/* library.c: a shared object of the user's own instead of steps (chip/workload.h). */
struct drv_library {
    int (*setup)(void); /* NULL: none */
    int (*rank)(int rank);
    int (*check)(void); /* NULL: none */
};
/* Loads it; 0, or -1 after the message was printed. */
int drv_library_open(const char *path, struct drv_library *out);
/* Sets up, forks the ranks, waits for all, checks. The exit status of this process. */
int drv_library_run(const struct drv_library *library, uint32_t ranks);

/* steps.c: goes through all steps. */
void drv_steps_run(struct driver *d);
/* step_control.c */
int drv_step_control(struct driver *d, uint32_t index, struct chip_error *err);

#endif
