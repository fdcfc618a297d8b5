/* SPDX-License-Identifier: Apache-2.0 */
/*
 * barrier_retry.c - a barrier of two processes whose wait gives up after some looks; who gave up
 * tries again.
 *
 * BROKEN: who gives up leaves its arrival counted, so its second try is taken for the other
 * process, and it goes through alone. Put right: it takes its arrival back, in one step with
 * finding out that the barrier has not opened meanwhile.
 */
#include "tests/subjects/own/own.h"

enum { RANKS = 2, ROUNDS = 2, LOOKS = 3 };

static struct barrier {
    _Atomic uint32_t state; /* round << 8 | arrivals */
    _Atomic int entered[ROUNDS];
} * b;

static int gives_up(uint32_t round) {
#ifdef BROKEN
    return atomic_load(&b->state) >> 8 == round;
#else
    uint32_t seen = atomic_load(&b->state);
    while (seen >> 8 == round)
        if (atomic_compare_exchange_strong(&b->state, &seen, seen - 1))
            return 1;
    return 0; /* it opened at the last moment */
#endif
}

/* 1 if the barrier did not open in time. */
static int wait_once(void) {
    uint32_t seen = atomic_load(&b->state), round = seen >> 8;
    uint32_t next;
    do {
        round = seen >> 8;
        next = (seen & 0xff) + 1 == RANKS ? (round + 1) << 8 : seen + 1;
    } while (!atomic_compare_exchange_strong(&b->state, &seen, next));
    if (next >> 8 != round)
        return 0;
    for (int look = 0; look < LOOKS; look++) {
        MARK(1, round, look);
        if (atomic_load(&b->state) >> 8 != round)
            return 0;
    }
    return gives_up(round);
}

static int rank_main(int rank) {
    for (int round = 0; round < ROUNDS; round++) {
        MARK(2, rank, round);
        atomic_fetch_add(&b->entered[round], 1);
        while (wait_once())
            sched_yield();
        assert(atomic_load(&b->entered[round]) == RANKS);
    }
    return 0;
}

int main(void) {
    b = own_shared(sizeof *b);
    return own_ranks(RANKS, rank_main);
}
