/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wakeup.c - one process waits on a futex until another has work for it.
 *
 * BROKEN: the word that it sleeps on is not the word that it looked at. Work that comes between
 * the look and the sleep wakes nobody, and it sleeps for ever. Put right: it sleeps on the word
 * that the work changes, and the kernel looks once more.
 */
#include "tests/subjects/own/own.h"

#include <linux/futex.h>
#include <sys/syscall.h>

static struct mailbox {
    _Atomic uint32_t work;
    _Atomic uint32_t bell;
} * m;

#ifdef BROKEN
#define SLEEP_ON bell
#else
#define SLEEP_ON work
#endif

static int rank_main(int rank) {
    if (rank == 0) {
        while (atomic_load(&m->work) == 0) {
            MARK(1, 0, 0);
            syscall(SYS_futex, &m->SLEEP_ON, FUTEX_WAIT, 0, NULL, NULL, 0);
        }
    } else {
        atomic_store(&m->work, 1);
        MARK(2, 0, 0);
        syscall(SYS_futex, &m->SLEEP_ON, FUTEX_WAKE, 1, NULL, NULL, 0);
    }
    return 0;
}

int main(void) {
    m = own_shared(sizeof *m);
    return own_ranks(2, rank_main);
}
