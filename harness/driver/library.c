/* SPDX-License-Identifier: Apache-2.0 */
/* library.c - a workload of the user's own: chip/workload.h says what it offers. */
#include "harness/agent/arm.h"
#include "harness/driver/driver.h"

#include <chip/probe.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXIT_HARNESS = 3 };

extern void chipharness_point(uint32_t point, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
    __attribute__((weak));

/* dlsym() gives data pointers; POSIX says that they may be taken for functions. */
static void find(void *handle, const char *name, void *out) {
    void *symbol = dlsym(handle, name);
    memcpy(out, &symbol, sizeof symbol);
}

int drv_library_open(const char *path, struct drv_library *out) {
    char here[4096];
    /* Without a slash dlopen() would look everywhere but here. */
    snprintf(here, sizeof here, "%s%s", strchr(path, '/') ? "" : "./", path);
    void *handle = dlopen(here, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        fprintf(stderr, "chipharness-driver: %s\n", dlerror());
        return -1;
    }
    find(handle, "chip_workload_setup", &out->setup);
    find(handle, "chip_workload_rank", &out->rank);
    find(handle, "chip_workload_check", &out->check);
    if (!out->rank) {
        fprintf(stderr, "chipharness-driver: %s has no chip_workload_rank()\n", path);
        return -1;
    }
    return 0;
}

/* What a function returned as an exit status: nothing but 0 becomes 0. */
static int status_of(int result, const char *function) {
    if (!result)
        return 0;
    fprintf(stderr, "%s returned %d\n", function, result);
    return result & 0xff ? result & 0xff : 1;
}

static _Noreturn void rank_main(const struct drv_library *library, uint32_t rank) {
    CHIP_PROBE(CHILD_START, rank, 0, 0, 0);
    int status = status_of(library->rank((int)rank), "chip_workload_rank()");
    fflush(NULL);
    _exit(status);
}

int drv_library_run(const struct drv_library *library, uint32_t ranks) {
    pid_t pids[CHS_MAX_RANKS];
    int status = library->setup ? status_of(library->setup(), "chip_workload_setup()") : 0;
    if (status)
        return status;
    fflush(NULL); /* or every rank would print it again */
    for (uint32_t rank = 0; rank < ranks; rank++) {
        pids[rank] = fork();
        if (pids[rank] == 0)
            rank_main(library, rank);
        if (pids[rank] < 0) {
            perror("chipharness-driver: fork");
            return EXIT_HARNESS;
        }
    }
    for (uint32_t rank = 0; rank < ranks; rank++)
        waitpid(pids[rank], NULL, 0); /* how it ended is in the recording */
    return library->check ? status_of(library->check(), "chip_workload_check()") : 0;
}
