/* SPDX-License-Identifier: Apache-2.0 */
/*
 * workload.h - what a shared object offers that a scenario names by `library: PATH`: a program of
 * the user's own, cut into the parts that the harness drives.
 *
 * One process calls chip_workload_setup(), then forks one process for each rank of the scenario
 * (`ranks: N`); each calls chip_workload_rank() once and ends. When all have ended, the first
 * process calls chip_workload_check(). Everything runs under control: every libc call is a point,
 * and so is every CHIP_PROBE() of an object that was compiled with CHIP_INSTRUMENTED defined.
 *
 * All three return 0 for success. Anything else is the verdict `exit` with that number as status
 * (its low 8 bits, never 0), unless the scenario expects it; what was printed stands in the
 * report. A crash, a failed assert() and a hang are verdicts as they are for any program.
 */
#ifndef CHIP_WORKLOAD_H
#define CHIP_WORKLOAD_H

#ifdef __cplusplus
extern "C" {
#endif

/* The folder `/dev/shm` and all memory as a new process finds it. Makes what the ranks share: what
 * it maps MAP_SHARED is inherited by them. Optional. */
__attribute__((visibility("default"))) int chip_workload_setup(void);

/* The work of rank 0 ... N-1, in a process of its own. Required. */
__attribute__((visibility("default"))) int chip_workload_rank(int rank);

/* Judges what the ranks left in memory. Called also if a rank failed. Optional. */
__attribute__((visibility("default"))) int chip_workload_check(void);

#ifdef __cplusplus
}
#endif
#endif
