/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reference.c - the least that any implementation must do, measured.
 *
 * None of these knows libchip. They do no error handling, have no deadline and notice no death:
 * what the runtime adds is what the ratios show.
 */
#include "tests/bench/bench.h"

#include <limits.h>
#include <string.h>
#include <sys/mman.h>

#define LINE 64

/* Two processes that write one cache line in turns; or words that they sleep on. */
struct duo {
    _Alignas(LINE) uint32_t word;
    _Alignas(LINE) uint32_t rounds;
};

static void pingpong_peer(void *arg) {
    struct duo *d = arg;
    for (uint32_t i = 0; i < d->rounds; i++) {
        /* ORDER: acquire; pairs with bench_ref_pingpong(). Measured is the hand-over that a
         * protocol needs; a relaxed one would be less than that. */
        while (__atomic_load_n(&d->word, __ATOMIC_ACQUIRE) != 2 * i + 1) {
        }
        /* ORDER: release; pairs with bench_ref_pingpong(), as above. */
        __atomic_store_n(&d->word, 2 * i + 2, __ATOMIC_RELEASE);
    }
}

double bench_ref_pingpong(void) {
    if (bench_cpu_count() < 2)
        return BENCH_FAILED;
    struct duo *d = bench_share(sizeof *d);
    d->rounds = 200000;
    pid_t peer = bench_fork(bench_cpu(1), pingpong_peer, d);
    bench_pin(bench_cpu(0));
    uint64_t begin = 0;
    for (uint32_t i = 0; i < d->rounds; i++) {
        if (i == 1)
            begin = bench_now_ns();
        /* ORDER: release; pairs with pingpong_peer(), as there. */
        __atomic_store_n(&d->word, 2 * i + 1, __ATOMIC_RELEASE);
        /* ORDER: acquire; pairs with pingpong_peer(), as there. */
        while (__atomic_load_n(&d->word, __ATOMIC_ACQUIRE) != 2 * i + 2) {
        }
    }
    double ns = (double)(bench_now_ns() - begin) / (d->rounds - 1);
    bench_pin(-1);
    int failed = bench_join(peer);
    bench_unshare(d, sizeof *d);
    return failed ? BENCH_FAILED : ns;
}

/* Sleeps until *word is `wanted`. */
static void futex_until(uint32_t *word, uint32_t wanted) {
    uint32_t now;
    /* ORDER: acquire; pairs with futex_set(). What was done before the word was set is seen. */
    while ((now = __atomic_load_n(word, __ATOMIC_ACQUIRE)) != wanted)
        bench_futex_wait(word, now);
}

static void futex_set(uint32_t *word, uint32_t value) {
    /* ORDER: release; pairs with futex_until(). Publishes what was done before. */
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
    bench_futex_wake(word, 1);
}

static void futex_peer(void *arg) {
    struct duo *d = arg;
    for (uint32_t i = 0; i < d->rounds; i++) {
        futex_until(&d->word, 2 * i + 1);
        futex_set(&d->word, 2 * i + 2);
    }
}

/* Round trips with `peers` processes in turn; cpu -1: anywhere. */
static double futex_roundtrip(int peers, uint32_t rounds, int cpu_a, int cpu_b) {
    struct duo *d = bench_share((size_t)peers * sizeof *d);
    pid_t pid[BENCH_LOAD_CHILDREN];
    for (int p = 0; p < peers; p++) {
        d[p].rounds = rounds;
        pid[p] = bench_fork(cpu_b, futex_peer, &d[p]);
    }
    bench_pin(cpu_a);
    uint64_t begin = 0;
    for (uint32_t i = 0; i < rounds; i++) {
        if (i == 1)
            begin = bench_now_ns();
        for (int p = 0; p < peers; p++) {
            futex_set(&d[p].word, 2 * i + 1);
            futex_until(&d[p].word, 2 * i + 2);
        }
    }
    double ns = (double)(bench_now_ns() - begin) / ((double)(rounds - 1) * peers);
    bench_pin(-1);
    int failed = 0;
    for (int p = 0; p < peers; p++)
        failed |= bench_join(pid[p]);
    bench_unshare(d, (size_t)peers * sizeof *d);
    return failed ? BENCH_FAILED : ns;
}

double bench_ref_futex_one_core(void) {
    return futex_roundtrip(1, 20000, bench_cpu(0), bench_cpu(0));
}

double bench_ref_futex_handover(void) {
    double ns = bench_ref_futex_one_core();
    return ns < 0 ? ns : ns / 2;
}

double bench_ref_futex_two_cores(void) {
    if (bench_cpu_count() < 2)
        return BENCH_FAILED;
    return futex_roundtrip(1, 10000, bench_cpu(0), bench_cpu(1));
}

double bench_ref_futex_loaded(void) {
    pid_t busy = bench_busy_start();
    double ns = futex_roundtrip(BENCH_LOAD_CHILDREN, 1000, -1, -1);
    bench_stop(busy);
    return ns;
}

/* A central barrier: a count that the last one takes back, a phase that the others sleep on. */
struct barrier {
    _Alignas(LINE) uint32_t count;
    _Alignas(LINE) uint32_t phase;
    _Alignas(LINE) uint32_t ranks;
    uint32_t rounds;
};

static void barrier_pass(struct barrier *b) {
    /* ORDER: acquire; pairs with barrier_pass(): the phase that this round ends. */
    uint32_t phase = __atomic_load_n(&b->phase, __ATOMIC_ACQUIRE);
    /* ORDER: acq_rel; pairs with barrier_pass(): the last one to arrive has seen what all did. */
    if (__atomic_add_fetch(&b->count, 1, __ATOMIC_ACQ_REL) == b->ranks) {
        __atomic_store_n(&b->count, 0, __ATOMIC_RELAXED);
        /* ORDER: release; pairs with barrier_pass(): whoever sees the new phase sees count 0. */
        __atomic_store_n(&b->phase, phase + 1, __ATOMIC_RELEASE);
        bench_futex_wake(&b->phase, INT_MAX);
        return;
    }
    /* ORDER: acquire; pairs with barrier_pass(), the store of the phase. */
    while (__atomic_load_n(&b->phase, __ATOMIC_ACQUIRE) == phase)
        bench_futex_wait(&b->phase, phase);
}

static void barrier_rank(void *arg) {
    struct barrier *b = arg;
    for (uint32_t i = 0; i < b->rounds; i++)
        barrier_pass(b);
}

static double futex_barrier(uint32_t ranks, uint32_t rounds) {
    pid_t pid[8];
    struct barrier *b = bench_share(sizeof *b);
    b->ranks = ranks;
    b->rounds = rounds;
    for (uint32_t r = 1; r < ranks; r++)
        pid[r] = bench_fork(bench_cpu((int)r), barrier_rank, b);
    bench_pin(bench_cpu(0));
    barrier_pass(b); /* all are there */
    uint64_t begin = bench_now_ns();
    for (uint32_t i = 1; i < rounds; i++)
        barrier_pass(b);
    double ns = (double)(bench_now_ns() - begin) / (rounds - 1);
    bench_pin(-1);
    int failed = 0;
    for (uint32_t r = 1; r < ranks; r++)
        failed |= bench_join(pid[r]);
    bench_unshare(b, sizeof *b);
    return failed ? BENCH_FAILED : ns;
}

double bench_ref_barrier_2(void) {
    return futex_barrier(2, 5000);
}

double bench_ref_barrier_4(void) {
    return futex_barrier(4, 4000);
}

double bench_ref_barrier_8(void) {
    return futex_barrier(8, 2000);
}

double bench_ref_memcpy(void) {
    enum { TIMES = 4 };
    char *from = bench_share(BENCH_FLUSH_BYTES);
    char *to = bench_share(BENCH_FLUSH_BYTES);
    memset(from, 0x5a, BENCH_FLUSH_BYTES);
    memcpy(to, from, BENCH_FLUSH_BYTES); /* both are paged in */
    uint64_t begin = bench_now_ns();
    for (int i = 0; i < TIMES; i++) {
        memcpy(to, from, BENCH_FLUSH_BYTES);
        __asm__ volatile("" ::: "memory"); /* each copy is made */
    }
    double ns = (double)(bench_now_ns() - begin) / TIMES;
    bench_unshare(from, BENCH_FLUSH_BYTES);
    bench_unshare(to, BENCH_FLUSH_BYTES);
    return ns;
}

double bench_ref_second(void) {
    return 1e9;
}
