/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bootstrap_internal.h - the object behind struct chip_bootstrap, shared by bootstrap.c and
 * staging.c.
 */
#ifndef CHIP_BOOTSTRAP_INTERNAL_H
#define CHIP_BOOTSTRAP_INTERNAL_H

#include "internal.h"

#include <chip/bootstrap.h>

enum chip__boot_stage { CHIP__BOOT_NEW, CHIP__BOOT_UP, CHIP__BOOT_FAILED };

struct chip_bootstrap {
    struct chip_device *dev; /* the caller's */
    enum chip__boot_stage stage;
    struct chip_bootstrap_config config; /* a copy; what it points to is the caller's */
    CommHandle comm;                     /* NULL: none */
    bool window_added;                   /* the window is an extent of dev */
    struct chip_bootstrap_result result;
    /* Output stagings, by buffer; NULL until the first flush. Mapped for the buffer's nbytes. */
    void *outputs[CHIP_BOOTSTRAP_MAX_BUFFERS];
};

/* The entry of that name; NULL if there is none. */
const struct chip_bootstrap_staging *chip__staging_find(const struct chip_bootstrap_staging *list,
                                                        size_t count, const char *name);

/* Host to device for one load_from_host buffer: attach, copy, close; never unlinks. */
int chip__staging_load(struct chip_bootstrap *boot, size_t index, struct chip_error *err);

/* Unmaps all outputs; CHIP_E_OS if one could not be, the others are nevertheless. */
int chip__staging_release(struct chip_bootstrap *boot, struct chip_error *err);

#endif
