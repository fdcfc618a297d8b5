/* SPDX-License-Identifier: Apache-2.0 */
/*
 * once.c - a table that the first of two processes to need it fills in: double-checked.
 *
 * BROKEN: the flag says "filled in" before it is, and who looks without the lock believes it.
 */
#include "tests/subjects/own/own.h"

enum { VALUE = 42 };

static struct table {
    _Atomic int lock;
    _Atomic int ready;
    _Atomic int value;
} * t;

static void fill(void) {
#ifdef BROKEN
    atomic_store(&t->ready, 1);
    MARK(1, 0, 0);
    atomic_store(&t->value, VALUE);
#else
    atomic_store(&t->value, VALUE);
    MARK(1, 0, 0);
    atomic_store(&t->ready, 1);
#endif
}

static int rank_main(int rank) {
    if (!atomic_load(&t->ready)) {
        MARK(2, rank, 0);
        while (atomic_exchange(&t->lock, 1))
            sched_yield();
        if (!atomic_load(&t->ready))
            fill();
        atomic_store(&t->lock, 0);
    }
    MARK(3, rank, 0);
    assert(atomic_load(&t->value) == VALUE);
    return 0;
}

int main(void) {
    t = own_shared(sizeof *t);
    return own_ranks(2, rank_main);
}
