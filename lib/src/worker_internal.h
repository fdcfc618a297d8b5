/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker_internal.h - the parent's state, shared by worker*.c.
 *
 * Locks, in the order in which they nest:
 *   close_lock  of the worker: guards closed, close_code, close_error; held through a close.
 *   lock        of a chip: guards its mailbox's turn and every field up to `reap_lock`; held from a
 *               request to its answer (bounded: every wait has a deadline). Not held by close while
 *               it tells the children, so that a waiting thread is ended by the child's death.
 *   reap_lock   of a chip: guards pid, reaped, wait_status; a leaf, no wait under it.
 */
#ifndef CHIP_WORKER_INTERNAL_H
#define CHIP_WORKER_INTERNAL_H

#include "internal.h"
#include "mailbox_internal.h"

#include <chip/worker.h>
#include <pthread.h>

struct chip__chip {
    pthread_mutex_t lock;
    struct chip_worker *worker;
    uint32_t index;
    struct chip__box box;
    int state; /* enum chip_worker_state */
    uint32_t generation;
    bool in_flight;         /* a task is published and not yet collected from the mailbox */
    bool has_result;        /* a collected result that no chip_worker_wait() has taken */
    uint64_t task_deadline; /* of the task in flight */
    struct chip_error kept; /* that result; code 0 is success */
    struct chip_bootstrap_channel channel;
    struct chip_bootstrap_result boot;

    pthread_mutex_t reap_lock;
    pid_t pid;       /* 0: no child */
    bool reaped;     /* waitpid() has given its status */
    int wait_status; /* valid when reaped */
};

struct chip_worker {
    struct chip_worker_config config; /* arrays owned, times resolved */
    struct chip__chip *chips;
    unsigned char *shared; /* mailboxes, channels, counts of sleepers */
    size_t shared_bytes;
    bool started;
    pthread_mutex_t close_lock;
    bool closed;
    int close_code;
    struct chip_error close_error;
};

/* Chip by index; NULL, with CHIP_E_VALUE in *err, if there is none. */
struct chip__chip *chip__worker_chip(struct chip_worker *worker, uint32_t index,
                                     struct chip_error *err);

/* True once the child is dead (or there is none); never blocks, reaps at most once. */
bool chip__chip_ended(struct chip__chip *chip);

/* chip__alive_fn over a chip: CHIP_E_CHILD_DIED when it ended. Reaps its peers too: they wait for
 * each other, and a dead one is gone for them only when its pid is. */
int chip__chip_alive(void *chip);

/* CHIP_E_CHILD_DIED with "chip N (device D) ended with ... <while>". */
int chip__chip_death_error(struct chip__chip *chip, const char *doing, struct chip_error *err);

/* SIGTERM or SIGKILL to the child's group, if the child is not reaped. */
void chip__chip_signal(struct chip__chip *chip, int signal);

/* Ends the children that still live: SHUTDOWN first if ask, then SIGTERM, then SIGKILL, each
 * under a deadline of its own; all are reaped. The first problem goes to *err, its code is
 * returned. Called without any chip's lock. */
int chip__worker_end_children(struct chip_worker *worker, bool ask, struct chip_error *err);

/* The child's error code and text (of another process: no NUL is trusted) as an error of this one:
 * "child failed (code=N): <prefix><text>". The status is that of the first Type that the text
 * names, CHIP_E_TASK if it names none. */
int chip__child_failed(struct chip_error *err, int code, const char *prefix, const char *text,
                       size_t cap);

/* What a command that succeeded gives back: its result word and, if bytes is not NULL, the first
 * byte_count bytes of the args area. Read before the turn is given back. */
struct chip__reply {
    uint64_t result;
    void *bytes;
    size_t byte_count;
};

/* The mailbox transaction; called with chip->lock held. `doing` completes messages. */
int chip__transaction_open(struct chip__chip *chip, struct chip_error *err);
void chip__transaction_publish(struct chip__chip *chip, int32_t state);
int chip__transaction_close(struct chip__chip *chip, int32_t from, int32_t done,
                            uint64_t deadline_ns, const char *doing, struct chip__reply *reply,
                            struct chip_error *err);

int chip__control(struct chip_worker *worker, uint32_t index, uint64_t command,
                  const uint64_t arg[3], const void *payload, size_t payload_bytes,
                  struct chip__reply *reply, struct chip_error *err);

#endif
