/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mailbox.c - the state word: loading, storing, waiting. Guarantees M1 to M4 of chip/mailbox.h;
 * who waits for what is in mailbox_internal.h.
 */
#include "mailbox_internal.h"

#include <chip/probe.h>
#include <limits.h>

int32_t chip_mailbox_load_acquire(const struct chip_mailbox *mailbox) {
    /* ORDER: acquire; pairs with chip_mailbox_store_release(). Everything that the peer wrote in
     * this transition is visible after it. Relaxed, an error text or output older than the state
     * could be read. */
    return __atomic_load_n(&mailbox->state, __ATOMIC_ACQUIRE);
}

void chip_mailbox_store_release(struct chip_mailbox *mailbox, int32_t state) {
    /* ORDER: release; pairs with chip_mailbox_load_acquire(). Publishes all that this side wrote:
     * arguments, error, text, outputs. Relaxed, the peer could see the state first. */
    __atomic_store_n(&mailbox->state, state, __ATOMIC_RELEASE);
}

const char *chip_mailbox_state_name(int32_t state) {
    switch (state) {
#define CHIP_X(id, value)   \
    case CHIP_MAILBOX_##id: \
        return #id;
        CHIP_MAILBOX_STATES(CHIP_X)
#undef CHIP_X
    default:
        return "?";
    }
}

static uint32_t *word_of(const struct chip__box *box) {
    return (uint32_t *)(void *)((char *)box->mb + CHIP_MAILBOX_OFF_STATE);
}

void chip__mailbox_publish(const struct chip__box *box, int32_t state, uint32_t generation,
                           int32_t error) {
    CHIP_PROBE(MAILBOX_PUBLISH, box->chip, state, generation, error);
    chip_mailbox_store_release(box->mb, state);
    if (state != CHIP_MAILBOX_IDLE) /* nobody waits for IDLE */
        chip__wake_counted(word_of(box), box->sleepers, INT_MAX);
}

int chip__mailbox_await(const struct chip__box *box, int32_t from, uint64_t deadline_ns,
                        chip__alive_fn alive, void *arg, int32_t *state) {
    struct chip__wait w;
    int rc = CHIP_OK;
    chip__wait_begin(&w, deadline_ns, alive, arg, box->sleepers);
    while ((*state = chip_mailbox_load_acquire(box->mb)) == from &&
           (rc = chip__wait_step(&w, word_of(box), (uint32_t)from)) == 0) {
    }
    chip__wait_end(&w);
    if (rc == CHIP_E_CHILD_DIED)
        CHIP_PROBE(DEATH_SEEN, box->chip, from, 0, 0);
    /* A result that was complete before the death or the deadline counts. */
    if (rc && (*state = chip_mailbox_load_acquire(box->mb)) != from)
        rc = CHIP_OK;
    return rc;
}

static bool shutdown_asked(const struct chip_mailbox *mb) {
    /* ORDER: acquire; pairs with chip__mailbox_set_shutdown(). Nothing but the word itself is
     * needed; acquire keeps the child's cleanup after the look. */
    return __atomic_load_n(&mb->shutdown, __ATOMIC_ACQUIRE) != 0;
}

static bool is_work(int32_t state) {
    return state == CHIP_MAILBOX_TASK_READY || state == CHIP_MAILBOX_CONTROL_REQUEST ||
           state == CHIP_MAILBOX_SHUTDOWN;
}

int chip__mailbox_next(const struct chip__box *box, chip__alive_fn alive, void *arg,
                       int32_t *state) {
    struct chip__wait w;
    int rc = CHIP_OK;
    chip__wait_begin(&w, CHIP__NEVER, alive, arg, box->sleepers);
    for (;;) {
        int32_t seen = chip_mailbox_load_acquire(box->mb);
        if (shutdown_asked(box->mb))
            seen = CHIP_MAILBOX_SHUTDOWN; /* M3, whatever the state word says */
        *state = seen;
        if (is_work(seen) || (rc = chip__wait_step(&w, word_of(box), (uint32_t)seen)) != 0)
            break;
    }
    chip__wait_end(&w);
    return rc;
}

void chip__mailbox_set_shutdown(const struct chip__box *box) {
    /* ORDER: release; pairs with shutdown_asked(). Nothing else is published by it, but a child
     * that sees it must not see a younger task as well. */
    __atomic_store_n(&box->mb->shutdown, 1u, __ATOMIC_RELEASE);
    chip__wake(word_of(box), INT_MAX);
}

void chip__mailbox_set_status(const struct chip__box *box, enum chip_child_status status) {
    /* ORDER: release; pairs with chip__mailbox_status(). Publishes the bootstrap's result and the
     * child's whole set-up. Relaxed, a task could be sent to a child that is not there yet. */
    __atomic_store_n(&box->mb->child_status, (uint32_t)status, __ATOMIC_RELEASE);
    chip__wake(&box->mb->child_status, INT_MAX);
}

uint32_t chip__mailbox_status(const struct chip__box *box) {
    /* ORDER: acquire; pairs with chip__mailbox_set_status(). See there. */
    return __atomic_load_n(&box->mb->child_status, __ATOMIC_ACQUIRE);
}
