/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ring.c - ring_broken.c put right: a number is in its slot before the ring says so.
 */
#include <chip/probe.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SLOTS = 4, ITEMS = 12 };

struct ring {
    _Atomic uint32_t head; /* numbers sent */
    _Atomic uint32_t tail; /* numbers taken */
    uint32_t slot[SLOTS];
};

static void send_number(struct ring *r, uint32_t number) {
    uint32_t head = atomic_load(&r->head);
    while (head - atomic_load(&r->tail) == SLOTS)
        sched_yield(); /* full */
    r->slot[head % SLOTS] = number;
    CHIP_PROBE(MARK, 1, head, number, 0);
    atomic_store(&r->head, head + 1);
}

static uint32_t take_number(struct ring *r) {
    uint32_t tail = atomic_load(&r->tail);
    while (atomic_load(&r->head) == tail)
        sched_yield(); /* empty */
    CHIP_PROBE(MARK, 2, tail, 0, 0);
    uint32_t number = r->slot[tail % SLOTS];
    atomic_store(&r->tail, tail + 1);
    return number;
}

static int take_all(struct ring *r) {
    int wrong = 0;
    for (uint32_t i = 1; i <= ITEMS; i++) {
        uint32_t number = take_number(r);
        if (number != i)
            wrong = printf("number %u arrived as %u\n", i, number) > 0;
    }
    return wrong;
}

int main(void) {
    struct ring *r =
        mmap(NULL, sizeof *r, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status;
    if (r == MAP_FAILED)
        return 2;
    pid_t taker = fork();
    if (taker == 0)
        exit(take_all(r));
    for (uint32_t i = 1; i <= ITEMS; i++)
        send_number(r, i);
    return taker < 0 || waitpid(taker, &status, 0) != taker || status != 0;
}
