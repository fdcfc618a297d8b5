/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench.h - what the measurements of ci/bench.sh share.
 *
 * A measurement returns nanoseconds for one operation, or a negative number when it could not be
 * made. A row of the table divides the runtime's by a reference that does the least any
 * implementation must do (bench_ref.c), taken in the same run, in turns, so that the ratio holds
 * on a machine that is slow or busy today.
 */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define BENCH_FAILED        (-1.0)
#define BENCH_FLUSH_BYTES   ((size_t)64 << 20)
#define BENCH_LOAD_CHILDREN 4

/* Support. A broken precondition of a measurement (fork, mmap) ends the process with a message. */
uint64_t bench_now_ns(void);
/* The nth CPU that this process may use, counted round the set (n may exceed it). */
int bench_cpu(int n);
int bench_cpu_count(void);
/* Pins the caller to one CPU, or lets it have all it started with for -1. */
void bench_pin(int cpu);
/* Zeroed memory shared with the children forked later; bench_unshare gives it back. */
void *bench_share(size_t bytes);
void bench_unshare(void *memory, size_t bytes);
/* Forks a child that pins itself, runs fn(arg) and leaves; it dies with its parent. */
pid_t bench_fork(int cpu, void (*fn)(void *arg), void *arg);
/* Waits for a child; 0 when it left with status 0. */
int bench_join(pid_t pid);
/* A process that uses all the CPU it can get, on no CPU in particular. */
pid_t bench_busy_start(void);
void bench_stop(pid_t pid);
/* FUTEX_WAIT and FUTEX_WAKE on a word in shared memory. */
void bench_futex_wait(uint32_t *word, uint32_t seen);
void bench_futex_wake(uint32_t *word, int count);

/* References (bench_ref.c). */
double bench_ref_pingpong(void);        /* cache-line round trip, two cores, spinning */
double bench_ref_futex_one_core(void);  /* futex round trip, both on one core */
double bench_ref_futex_handover(void);  /* half of that: one hand-over */
double bench_ref_futex_two_cores(void); /* futex round trip, one process a core */
double bench_ref_futex_loaded(void);    /* with four peers in turn and a busy process */
double bench_ref_barrier_2(void);       /* futex barrier, one round */
double bench_ref_barrier_4(void);
double bench_ref_barrier_8(void);
double bench_ref_memcpy(void); /* 64 MiB from memory to a shared mapping */
double bench_ref_second(void); /* one second of wall time */

/* The runtime (runtime.c). */
double bench_chip_barrier_2(void);
double bench_chip_barrier_4(void);
double bench_chip_barrier_8(void);
double bench_chip_mailbox(void);        /* an empty task, parent and child on two cores */
double bench_chip_mailbox_loaded(void); /* the same with four children and a busy process */
double bench_chip_idle(void);           /* CPU time of an idle child in one second */
double bench_chip_flush(void);          /* 64 MiB from the device to a host staging */

/* The harness (switch.c). */
double bench_harness_switch(void); /* a switch between two processes under control */

#endif
