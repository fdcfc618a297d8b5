/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child.h - the loop of a chip child on memory that it is given (runtime.md A, B).
 *
 * chip_worker_start() runs it in the children that it forks; a parent of another make that speaks
 * the layout may fork (or start) a process itself and call chip_child_main() in it.
 *
 * Order of a task: acquire TASK_READY; read the blob; run the kernel; only if it succeeded, flush
 * each store_to_host buffer; error, error_msg, done_generation; release TASK_DONE. A failed task or
 * command never ends the child; it serves the next one.
 */
#ifndef CHIP_CHILD_H
#define CHIP_CHILD_H

#include <chip/bootstrap.h>
#include <chip/device.h>
#include <chip/kernel.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What chip_child_main() returns, and the child's exit status. */
enum chip_child_exit {
    CHIP_CHILD_EXIT_OK = 0,       /* told to shut down, and did */
    CHIP_CHILD_EXIT_INIT = 1,     /* bootstrap failed; the channel says why */
    CHIP_CHILD_EXIT_ORPHANED = 2, /* the parent is gone */
    CHIP_CHILD_EXIT_CLEANUP = 3   /* told to shut down; releasing something failed */
};

/* A device error to come, given to chip_device_inject() before the bootstrap. */
struct chip_child_fault {
    int which;    /* enum of chip_device_inject() */
    uint64_t nth; /* as there */
    int status;   /* enum chip_status to fail with */
};

/* Read-only for the child; everything it points to must live as long as the child. */
struct chip_child_config {
    uint32_t chip; /* index of this child in its parent; the `rank` of probes */
    int device_id;
    const struct chip_device_config *device;       /* NULL: the device's defaults */
    const struct chip_bootstrap_config *bootstrap; /* NULL: a device, no communicator, no buffers */
    const struct chip_kernel *kernels;
    size_t kernel_count;
    const struct chip_child_fault *faults;
    size_t fault_count;
    pid_t parent_pid;   /* taken before the fork; 0: getppid() when the loop starts */
    uint32_t *sleepers; /* count of sleepers on `state`, shared with the parent; NULL: none */
};

/* Bootstraps, says ready, serves until SHUTDOWN (or the sticky word, or the parent's death), and
 * releases what it made. mailbox: CHIP_MAILBOX_BYTES, shared, zeroed before the first use, not
 * NULL. channel: the bootstrap channel's 4096 bytes, or NULL. Single-threaded. Returns enum
 * chip_child_exit; the caller must then _exit() with it if it was forked. */
CHIP_API int chip_child_main(void *mailbox, void *channel, const struct chip_child_config *config);

#ifdef __cplusplus
}
#endif
#endif
