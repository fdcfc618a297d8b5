/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker.h - a parent with N chip children (runtime.md A, B): start, tasks, control, close.
 *
 * Guarantees:
 *   G1  Start is transactional: it returns 0 with every child ready, or an error with no process
 *       and no segment left; a second start may then be tried.
 *   G2  No child gets work before all are ready.
 *   G3  Every wait has a deadline and watches the child; a result that was complete before the
 *       child died counts.
 *   G4  Task and control of one chip share its mailbox under one lock; a control issued while a
 *       task runs waits for it, and the task's result is kept for chip_worker_wait().
 *   G5  After a transaction timed out, or broke the protocol, the mailbox is poisoned: later ones
 *       fail at once with CHIP_E_POISONED, the state is not touched; close still works.
 *   G6  Close tells all children first, then reaps under one deadline, then SIGTERM, then SIGKILL
 *       to the group; one failure never stops the sweep. Repeated or from two threads: the same
 *       answer, nothing freed twice.
 *
 * Threads: all functions but create, start and destroy may be called from any thread (each chip
 * has one mutex). No thread but the caller may exist when start forks: the children would inherit
 * locks that somebody else held. Errors of a child reach the caller as its text behind
 * "child failed (code=N): ".
 */
#ifndef CHIP_WORKER_H
#define CHIP_WORKER_H

#include <chip/blob.h>
#include <chip/bootstrap.h>
#include <chip/child.h>
#include <chip/control.h>
#include <chip/device.h>
#include <chip/error.h>
#include <chip/export.h>
#include <chip/kernel.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct chip_worker;

enum { CHIP_MAX_CHIPS = 64 };

#define CHIP_DEFAULT_BOOTSTRAP_TIMEOUT_NS 120000000000ull
#define CHIP_DEFAULT_TASK_TIMEOUT_NS      120000000000ull
#define CHIP_DEFAULT_CONTROL_TIMEOUT_NS   10000000000ull
#define CHIP_DEFAULT_CLOSE_TIMEOUT_NS     10000000000ull

/* The child's body, for children of another make: gets the shared memory, returns the exit
 * status. */
typedef int (*chip_child_fn)(void *mailbox, void *channel, const struct chip_child_config *config);

struct chip_worker_chip {
    int device_id;
    const struct chip_bootstrap_config *bootstrap; /* NULL: no communicator, no buffers */
    const struct chip_device_config *device;       /* NULL: the device's defaults */
    const struct chip_child_fault *faults;         /* device errors to inject in this child */
    size_t fault_count;
};

/* chips[] and kernels[] are copied by create; what they point to must live until the worker is
 * destroyed. Times in nanoseconds; 0 is the default. */
struct chip_worker_config {
    uint32_t chip_count; /* 1 .. CHIP_MAX_CHIPS */
    const struct chip_worker_chip *chips;
    const struct chip_kernel *kernels; /* NULL: chip_kernels() */
    size_t kernel_count;
    uint64_t bootstrap_timeout_ns;
    uint64_t task_timeout_ns;
    uint64_t control_timeout_ns;
    uint64_t close_timeout_ns; /* for each of: obeying SHUTDOWN, SIGTERM, and (bounded) SIGKILL */
    chip_child_fn child_main;  /* NULL: chip_child_main() */
    int foreign_children; /* 1: they know only states 0..5: no child_status, no generation echo */
};

/* One task. Defaults: block_dim 0 means 24, aicpu_thread_num 0 means 3. */
struct chip_task {
    uint64_t callable;
    struct chip_blob_view args; /* read during submit only */
    int32_t block_dim;
    int32_t aicpu_thread_num;
    int32_t enable_profiling;
    int32_t enable_dump_tensor;
};

/* State of one chip as the parent knows it. */
enum chip_worker_state {
    CHIP_WORKER_NEW = 0,  /* no child */
    CHIP_WORKER_READY,    /* child serves */
    CHIP_WORKER_POISONED, /* a transaction timed out (G5) */
    CHIP_WORKER_DEAD,     /* the child ended unasked */
    CHIP_WORKER_CLOSED
};

struct chip_worker_info {
    pid_t pid;           /* 0: none */
    int state;           /* enum chip_worker_state */
    int exit_status;     /* as waitpid() gives it; valid when DEAD or CLOSED */
    uint64_t device_ctx; /* what the child's bootstrap published; addresses are the child's */
    uint64_t window_base;
    uint64_t window_size;
    const uint64_t *buffer_ptrs; /* buffer_count device addresses; the worker's, until destroy */
    uint32_t buffer_count;
};

/* Result of one child in a broadcast. */
struct chip_broadcast_result {
    uint32_t id; /* chip */
    int ok;
    uint64_t result; /* the control's, if ok */
    struct chip_error error;
};

/* Maps all shared memory of chip_count children; forks nothing. *out is the caller's, to be given
 * back with chip_worker_destroy(). CHIP_E_VALUE, CHIP_E_MEMORY, CHIP_E_OS. */
CHIP_API int chip_worker_create(const struct chip_worker_config *config, struct chip_worker **out,
                                struct chip_error *err);

/* Forks the children and waits for all (G1, G2). The first child that reports an error, dies, or
 * publishes another number of buffers than configured aborts the start; a timeout names the chips
 * still pending. CHIP_E_STATE when started or closed already. */
CHIP_API int chip_worker_start(struct chip_worker *worker, struct chip_error *err);

/* Publishes a task on chip and returns. Everything is checked before the mailbox is touched.
 * CHIP_E_STATE: the chip has a task whose result nobody collected yet. */
CHIP_API int chip_worker_submit(struct chip_worker *worker, uint32_t chip,
                                const struct chip_task *task, struct chip_error *err);

/* Waits for the task of chip and returns its result. CHIP_E_STATE without a task. A failed task:
 * CHIP_E_TASK. The worker stays usable. */
CHIP_API int chip_worker_wait(struct chip_worker *worker, uint32_t chip, struct chip_error *err);

/* Waits for all tasks of all chips; returns the first error in chip order. */
CHIP_API int chip_worker_drain(struct chip_worker *worker, struct chip_error *err);

/* Submit and wait. */
CHIP_API int chip_worker_run(struct chip_worker *worker, uint32_t chip,
                             const struct chip_task *task, struct chip_error *err);

/* Device memory of a chip. Sizes in bytes; addresses are the child's. A copy of 0 bytes is
 * legal. host is the caller's and read or written before the call returns. */
CHIP_API int chip_worker_malloc(struct chip_worker *worker, uint32_t chip, uint64_t bytes,
                                uint64_t *address, struct chip_error *err);
CHIP_API int chip_worker_free(struct chip_worker *worker, uint32_t chip, uint64_t address,
                              struct chip_error *err);
CHIP_API int chip_worker_copy_to(struct chip_worker *worker, uint32_t chip, uint64_t address,
                                 const void *host, uint64_t bytes, struct chip_error *err);
CHIP_API int chip_worker_copy_from(struct chip_worker *worker, uint32_t chip, void *host,
                                   uint64_t address, uint64_t bytes, struct chip_error *err);

/* A control command as it is: any number, three arguments, payload_bytes (at most 3776) put into
 * the args area. result may be NULL. A command that the child does not know is an error. */
CHIP_API int chip_worker_control(struct chip_worker *worker, uint32_t chip, uint64_t command,
                                 const uint64_t arg[3], const void *payload, size_t payload_bytes,
                                 uint64_t *result, struct chip_error *err);

/* The same to every chip, in chip order, whatever becomes of the others; results[chip_count]
 * gets one entry for each. Returns 0 or the first failure's code, with its text in *err. */
CHIP_API int chip_worker_broadcast(struct chip_worker *worker, uint64_t command,
                                   const uint64_t arg[3], const void *payload, size_t payload_bytes,
                                   struct chip_broadcast_result *results, struct chip_error *err);

CHIP_API uint32_t chip_worker_count(const struct chip_worker *worker);
CHIP_API int chip_worker_info(struct chip_worker *worker, uint32_t chip,
                              struct chip_worker_info *out, struct chip_error *err);

/* The mailbox of a chip, or NULL after close. For observers and tests: read it, write nothing. */
CHIP_API const void *chip_worker_mailbox(struct chip_worker *worker, uint32_t chip);

/* Ends all children and unmaps (G6). Legal at any time after create. Tasks in flight are lost.
 * Returns 0 if every child obeyed, else what was wrong, the first problem first; the worker
 * is closed in any case. */
CHIP_API int chip_worker_close(struct chip_worker *worker, struct chip_error *err);

/* Closes if that was not done, and frees the worker. NULL is allowed. No other call may be going on
 * or follow. */
CHIP_API void chip_worker_destroy(struct chip_worker *worker);

#ifdef __cplusplus
}
#endif
#endif
