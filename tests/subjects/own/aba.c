/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aba.c - a stack of nodes without a lock, shared by two processes.
 *
 * BROKEN: the top is the node's number alone. Between reading the top's next and swapping it in,
 * the other process takes two nodes and puts the first back: the number is the same, the next is
 * not, and a node is handed out twice. Put right: a count beside the number makes each top new.
 */
#include "tests/subjects/own/own.h"

enum { NODES = 4, ROUNDS = 3 };

static struct stack {
    _Atomic uint64_t top; /* count << 32 | node, 0 for none */
    _Atomic uint32_t next[NODES + 1];
    _Atomic int taken[NODES + 1];
} * s;

static uint64_t new_top(uint64_t old, uint32_t node) {
#ifdef BROKEN
    (void)old;
    return node;
#else
    return ((old >> 32) + 1) << 32 | node;
#endif
}

static uint32_t pop(void) {
    uint64_t top = atomic_load(&s->top);
    for (;;) {
        uint32_t node = (uint32_t)top;
        if (!node)
            return 0;
        uint32_t next = atomic_load(&s->next[node]);
        MARK(1, node, next);
        if (atomic_compare_exchange_strong(&s->top, &top, new_top(top, next))) {
            assert(!atomic_exchange(&s->taken[node], 1));
            return node;
        }
    }
}

static void push(uint32_t node) {
    uint64_t top = atomic_load(&s->top);
    if (!node)
        return;
    atomic_store(&s->taken[node], 0);
    do {
        atomic_store(&s->next[node], (uint32_t)top);
        MARK(2, node, top);
    } while (!atomic_compare_exchange_strong(&s->top, &top, new_top(top, node)));
}

static int rank_main(int rank) {
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t first = pop(), second = pop();
        push(first);
        MARK(3, rank, round);
        push(second);
    }
    return 0;
}

int main(void) {
    s = own_shared(sizeof *s);
    for (uint32_t node = 1; node <= NODES; node++)
        push(node);
    return own_ranks(2, rank_main);
}
