/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dekker.c - two processes keep each other out of a section with two flags.
 *
 * BROKEN: a process raises its flag after it has looked at the other's, which is what a processor
 * makes of the right order where the fence between the two is missing. Both may see the other's
 * flag down. Put right: the flag first, then the look (and a turn, so that nobody waits for ever).
 */
#include "tests/subjects/own/own.h"

enum { ROUNDS = 3 };

static struct section {
    _Atomic int flag[2];
    _Atomic int turn;
    _Atomic int inside;
} * s;

static void enter(int me) {
    int other = 1 - me;
#ifdef BROKEN
    while (atomic_load(&s->flag[other]))
        sched_yield();
    MARK(1, me, 0);
    atomic_store(&s->flag[me], 1);
#else
    atomic_store(&s->flag[me], 1);
    MARK(1, me, 0);
    atomic_store(&s->turn, other);
    while (atomic_load(&s->flag[other]) && atomic_load(&s->turn) == other)
        sched_yield();
#endif
}

static int rank_main(int me) {
    for (int round = 0; round < ROUNDS; round++) {
        enter(me);
        assert(atomic_fetch_add(&s->inside, 1) == 0);
        MARK(2, me, round);
        atomic_fetch_sub(&s->inside, 1);
        atomic_store(&s->flag[me], 0);
        MARK(3, me, round);
    }
    return 0;
}

int main(void) {
    s = own_shared(sizeof *s);
    return own_ranks(2, rank_main);
}
