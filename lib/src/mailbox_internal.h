/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mailbox_internal.h - publishing and observing, as parent and child share it.
 *
 *   publisher                        partner
 *   parent TASK_READY, CONTROL_...   chip__mailbox_next() in the child
 *   child  TASK_DONE, CONTROL_DONE   chip__mailbox_await() in the parent
 *   parent IDLE                      nobody waits for it
 *   parent shutdown, SHUTDOWN        chip__mailbox_next()
 */
#ifndef CHIP_MAILBOX_INTERNAL_H
#define CHIP_MAILBOX_INTERNAL_H

#include "internal.h"
#include "wait.h"

#include <chip/mailbox.h>

/* The mailbox with what each side knows about it; private to a process. */
struct chip__box {
    struct chip_mailbox *mb;
    uint32_t *sleepers; /* on `state`, shared; NULL with a peer that does not count */
    uint32_t chip;      /* the `rank` of probes */
};

/* Stores state as the last write of a transition and wakes the peer. error is for the probe. */
void chip__mailbox_publish(const struct chip__box *box, int32_t state, uint32_t generation,
                           int32_t error);

/* Parent: waits until the state is no longer `from`; *state is what it became. 0, CHIP_E_TIMEOUT or
 * what alive() answered, in which case the state was looked at once more and still is `from`. */
int chip__mailbox_await(const struct chip__box *box, int32_t from, uint64_t deadline_ns,
                        chip__alive_fn alive, void *arg, int32_t *state);

/* Child: waits for the next TASK_READY, CONTROL_REQUEST or SHUTDOWN; the sticky word counts as
 * SHUTDOWN. No deadline: alive() ends it. */
int chip__mailbox_next(const struct chip__box *box, chip__alive_fn alive, void *arg,
                       int32_t *state);

/* Parent: sets the sticky word. */
void chip__mailbox_set_shutdown(const struct chip__box *box);

/* Child: child_status, published with everything that came before. Parent: the value. */
void chip__mailbox_set_status(const struct chip__box *box, enum chip_child_status status);
uint32_t chip__mailbox_status(const struct chip__box *box);

#endif
