/* SPDX-License-Identifier: Apache-2.0 */
/*
 * torn.c - a record of two words that one process writes and another reads.
 *
 * BROKEN: nothing tells the reader that the writer is between the two words. Put right: a
 * sequence number, odd while the record is being written; who saw it change reads again.
 */
#include "tests/subjects/own/own.h"

enum { WRITES = 4 };

static struct record {
    _Atomic uint32_t sequence;
    _Atomic uint32_t low, high; /* equal in a whole record */
} * r;

static void put(uint32_t value) {
#ifndef BROKEN
    atomic_fetch_add(&r->sequence, 1);
#endif
    atomic_store(&r->low, value);
    MARK(1, value, 0);
    atomic_store(&r->high, value);
#ifndef BROKEN
    atomic_fetch_add(&r->sequence, 1);
#endif
}

static int get(void) {
    uint32_t before, low, high;
    for (;;) {
        before = atomic_load(&r->sequence);
        low = atomic_load(&r->low);
        MARK(2, low, 0);
        high = atomic_load(&r->high);
        if (before % 2 == 0 && atomic_load(&r->sequence) == before)
            break;
        sched_yield();
    }
    if (low == high)
        return 0;
    printf("half a record: %u and %u\n", low, high);
    return 1;
}

static int rank_main(int rank) {
    int bad = 0;
    for (uint32_t i = 1; i <= WRITES; i++) {
        if (rank == 0)
            put(i);
        else
            bad |= get();
        MARK(3, rank, i);
    }
    return bad;
}

int main(void) {
    r = own_shared(sizeof *r);
    return own_ranks(2, rank_main);
}
