/* SPDX-License-Identifier: Apache-2.0 */
/*
 * comm_state.c - the state word of a forming segment, and waiting on it.
 *
 *   S1  The state moves by compare-and-swap only, along BLANK > GATHER > SIZED > CLOSING > READY
 * or, from any of these but READY, > FAILING > FAILED. READY and FAILED are final, so all ranks
 *       read one outcome.
 *   S2  Who moves it to CLOSING or FAILING owns it, and removes the name before the final state:
 *       no rank is released while the name exists, so nobody can make it anew too early.
 *   S3  Every change rings the bell, the one word that all ranks wait on.
 */
#include "comm_internal.h"
#include "wait.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <unistd.h>

uint32_t chip__seg_state(const struct chip__segment *seg) {
    /* ORDER: acquire; pairs with chip__seg_swap(). Publishes what the phase stands for: the
     * identity (GATHER), the reserved memory (SIZED), all zeroed windows (READY), the reason
     * (FAILED). Relaxed, a rank could compare or report bytes not yet written. */
    return __atomic_load_n(&seg->state, __ATOMIC_ACQUIRE);
}

bool chip__seg_swap(struct chip__segment *seg, uint32_t *seen, uint32_t to) {
    /* ORDER: acq_rel, acquire on failure; pairs with chip__seg_state(). See there. */
    return __atomic_compare_exchange_n(&seg->state, seen, to, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_ACQUIRE);
}

void chip__seg_ring(struct chip__segment *seg) {
    /* ORDER: release; pairs with chip__seg_await(). The change comes before the bell. Relaxed, a
     * rank could take the new count, look, miss the change and sleep on. */
    __atomic_fetch_add(&seg->bell, 1, __ATOMIC_RELEASE);
    chip__wake_counted(&seg->bell, &seg->sleepers, INT_MAX);
}

static bool over(uint32_t phase) {
    return phase >= CHIP__SEG_READY;
}

bool chip__seg_published(const struct chip__comm *c) {
    return chip__seg_phase(chip__seg_state(c->head)) != CHIP__SEG_BLANK;
}

bool chip__seg_gathered(const struct chip__comm *c) {
    /* ORDER: acquire; pairs with count_me(). The claims are made before they are counted. */
    return __atomic_load_n(&c->head->gathered, __ATOMIC_ACQUIRE) >= c->head->nranks ||
           over(chip__seg_phase(chip__seg_state(c->head)));
}

bool chip__seg_sized(const struct chip__comm *c) {
    return chip__seg_phase(chip__seg_state(c->head)) >= CHIP__SEG_SIZED;
}

bool chip__seg_final(const struct chip__comm *c) {
    uint32_t phase = chip__seg_phase(chip__seg_state(c->head));
    return phase == CHIP__SEG_READY || phase == CHIP__SEG_FAILED;
}

static int ask_lost(void *arg) {
    struct chip__seg_wait *w = arg;
    return w->lost(w->comm, &w->who);
}

int chip__seg_await(struct chip__seg_wait *w) {
    struct chip__segment *seg = w->comm->head;
    uint64_t deadline = chip__deadline_in(w->timeout_ns);
    for (;;) {
        /* ORDER: acquire; pairs with chip__seg_ring(). */
        uint32_t bell = __atomic_load_n(&seg->bell, __ATOMIC_ACQUIRE);
        if (w->done(w->comm))
            return CHIP_OK;
        int rc = chip__wait_change_counted(&seg->bell, bell, &seg->sleepers, deadline, ask_lost, w,
                                           NULL);
        if (rc)
            return w->done(w->comm) ? CHIP_OK : rc;
    }
}

bool chip__pid_gone(int32_t pid) {
    int saved = errno;
    bool gone = kill((pid_t)pid, 0) != 0 && errno == ESRCH;
    errno = saved;
    return gone;
}

static bool parent_gone(const struct chip__comm *c) {
    return c->parent && getppid() != c->parent;
}

static int32_t claim_of(const struct chip__segment *seg, uint32_t rank) {
    return __atomic_load_n(&seg->claim[rank], __ATOMIC_RELAXED);
}

int chip__comm_lost(void *comm, uint32_t *who) {
    const struct chip__comm *c = comm;
    if (parent_gone(c))
        return CHIP_E_PARENT_DIED;
    for (uint32_t rank = 0; rank < c->head->nranks && rank < CHIP_COMM_MAX_RANKS; rank++) {
        int32_t pid = claim_of(c->head, rank);
        if (rank == 0 && pid == 0)
            pid = c->head->creator; /* it has published and not yet claimed */
        *who = rank;
        if (pid == CHIP__CLAIM_LEFT)
            return CHIP_E_STATE;
        if (pid != 0 && rank != c->rank && chip__pid_gone(pid))
            return CHIP_E_CHILD_DIED;
    }
    return CHIP_OK;
}

int chip__creator_lost(void *comm, uint32_t *who) {
    const struct chip__comm *c = comm;
    *who = 0;
    if (parent_gone(c))
        return CHIP_E_PARENT_DIED;
    if (!c->roster)
        return CHIP_OK;
    int told = chip__roster_failed(c, NULL);
    if (told)
        return told;
    int32_t creator = __atomic_load_n(&c->roster->creator, __ATOMIC_RELAXED);
    return creator && chip__pid_gone(creator) ? CHIP_E_CHILD_DIED : CHIP_OK;
}
