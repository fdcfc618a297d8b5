/* SPDX-License-Identifier: Apache-2.0 */
/*
 * producers.c - two processes send messages to a third through one ring.
 *
 * BROKEN: the taker goes by the head, which a sender advances to reserve its place, before the
 * header of the message is written: it takes a message that is not there yet. Put right: it goes
 * by the header, which is written last.
 */
#include "tests/subjects/own/own.h"

enum { EACH = 3, MESSAGES = 2 * EACH };

static struct ring {
    _Atomic uint32_t head;
    struct {
        _Atomic uint32_t header; /* sender + 1, 0: not written */
        _Atomic uint32_t body;
    } message[MESSAGES];
} * r;

static void send_message(int sender, uint32_t body) {
    uint32_t at = atomic_fetch_add(&r->head, 1);
    MARK(1, sender, at);
    atomic_store(&r->message[at].body, body);
    MARK(2, sender, at);
    atomic_store(&r->message[at].header, (uint32_t)sender + 1);
}

static void wait_for_message(uint32_t at) {
#ifdef BROKEN
    while (atomic_load(&r->head) <= at)
        sched_yield();
#else
    while (atomic_load(&r->message[at].header) == 0)
        sched_yield();
#endif
}

static int take_all(void) {
    uint32_t sum = 0;
    for (uint32_t at = 0; at < MESSAGES; at++) {
        wait_for_message(at);
        MARK(3, at, 0);
        sum += atomic_load(&r->message[at].body);
    }
    if (sum == EACH * (EACH + 1))
        return 0;
    printf("the bodies add up to %u, not to %u\n", sum, EACH * (EACH + 1u));
    return 1;
}

static int rank_main(int rank) {
    if (rank == 2)
        return take_all();
    for (uint32_t i = 1; i <= EACH; i++)
        send_message(rank, i);
    return 0;
}

int main(void) {
    r = own_shared(sizeof *r);
    return own_ranks(3, rank_main);
}
