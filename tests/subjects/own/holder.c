/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holder.c - a process that may end while it has a lock that others wait for.
 *
 * BROKEN: the lock does not say who has it, so nobody can tell that its holder is gone. Put right:
 * the holder's process number is in the lock, and who waits takes it over from the dead.
 */
#include "tests/subjects/own/own.h"

#include <signal.h>

static struct lock {
    _Atomic pid_t holder;
    _Atomic int users;
} * l;

static int is_gone(pid_t pid) {
#ifdef BROKEN
    (void)pid;
    return 0;
#else
    return kill(pid, 0) != 0;
#endif
}

static void lock(void) {
    useconds_t pause = 10;
    for (;;) {
        pid_t seen = 0;
        if (atomic_compare_exchange_strong(&l->holder, &seen, getpid()))
            return;
        if (is_gone(seen) && atomic_compare_exchange_strong(&l->holder, &seen, getpid()))
            return;
        usleep(pause);
        pause = pause < 1000000 ? 2 * pause : pause;
    }
}

static int rank_main(int rank) {
    lock();
    int user = atomic_fetch_add(&l->users, 1);
    MARK(1, rank, user);
    if (rank == 0 && user == 0)
        _exit(0); /* the end of a process that has met with an error, say */
    atomic_store(&l->holder, 0);
    return 0;
}

int main(void) {
    l = own_shared(sizeof *l);
    return own_ranks(2, rank_main);
}
