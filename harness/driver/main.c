/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - chipharness-driver SCENARIO-FD NAME VARIANT: see driver.h. Started by chipharness only.
 */
#include "harness/driver/driver.h"
#include "harness/agent/arm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_HARNESS = 3 };

static void *zeroed(size_t count, size_t size) {
    void *p = calloc(count ? count : 1, size);
    if (!p) {
        fprintf(stderr, "chipharness-driver: out of memory\n");
        exit(EXIT_HARNESS);
    }
    return p;
}

static const struct chs_scenario *load(char **argv, struct chs_file **file) {
    struct chs_errors *errors = chs_errors_new();
    if (chs_load_fd(atoi(argv[1]), argv[2], NULL, file, errors) != 0) {
        chs_errors_print(errors, stderr);
        exit(EXIT_HARNESS);
    }
    chs_errors_free(errors);
    const struct chs_scenario *s = chs_variant(*file, strtoul(argv[3], NULL, 10));
    if (!s) {
        fprintf(stderr, "chipharness-driver: no variant %s\n", argv[3]);
        exit(EXIT_HARNESS);
    }
    return s;
}

static int run_library(const struct chs_scenario *s) {
    struct drv_library library;
    if (drv_library_open(s->library, &library) != 0)
        return EXIT_HARNESS;
    if (chipharness_arm(NULL) != 0) {
        fprintf(stderr, "chipharness-driver: control is taken already\n");
        return EXIT_HARNESS;
    }
    return drv_library_run(&library, (uint32_t)s->ranks);
}

int main(int argc, char **argv) {
    if (argc != 4 || !chipharness_arm || !chipharness_control || !chipharness_control()) {
        fprintf(stderr, "chipharness-driver: is started by chipharness, not by hand\n");
        return EXIT_HARNESS;
    }
    struct chs_file *file;
    struct driver d = {.s = load(argv, &file), .c = chipharness_control()};
    chipharness_zygote();
    if (d.s->library)
        return run_library(d.s);
    d.staging = zeroed(d.s->ranks * d.s->buffer_count, sizeof *d.staging);
    d.addresses = zeroed(d.s->step_count * CHS_MAX_RANKS, sizeof *d.addresses);
    drv_chips_build(&d);
    int error = drv_staging_open(&d);
    if (error) {
        fprintf(stderr, "chipharness-driver: cannot make the host stagings: %s\n", strerror(error));
        drv_staging_close(&d);
        return EXIT_HARNESS;
    }
    drv_watch_start(&d);
    if (chipharness_arm(drv_watch) != 0) {
        fprintf(stderr, "chipharness-driver: control is taken already\n");
        drv_staging_close(&d);
        return EXIT_HARNESS;
    }
    drv_steps_run(&d);
    chip_worker_destroy(d.worker);
    drv_staging_close(&d);
    d.c->driver_done = 1;
    return 0;
}
