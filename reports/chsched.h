/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chsched.h - the words of a replay file, shared by its writer and its reader.
 *
 *     chipharness-schedule 1
 *     scenario: scenarios/flush_race.yaml
 *     name: flush_race
 *     command: ./ring                         instead of scenario: a run that had none; one line
 *     command: --fast                         for the program and each of its arguments
 *     time_limit: 5000000000                  of such a run, ns; absent: the default
 *     param: size=64                          any number
 *     defect: task-done-before-flush          absent: none
 *     script: ignored                         absent: the scenario's script holds
 *     accesses: visible                       with libchip built by the wrapper; absent: as is
 *     seed: 1
 *     build: 6b1f…
 *     verdict: order
 *     log: 0123456789abcdef                   hash of the canonical event log
 *     # hold 1 (line 20): rank 0 before …     comments, not read
 *     actor: 0 parent                         actor numbers, from 0 without a gap
 *     actor: 1 rank 0
 *     choices: 2
 *     14 parent mailbox.publish[0] -> rank 0
 *     15 rank 0 call:futex[0] -> parent
 *
 * A choice is: the step; who gave the turn; the point it stood at, with how many choices that actor
 * made at that point before; who got the turn. Points are probes by name, calls as "call:NAME",
 * accesses as "access:NUMBER", anything else as "raw:KIND:NUMBER". Values keep any byte: a
 * backslash is "\\", a newline "\n", other control characters "\xHH".
 */
#ifndef CHIP_REPORTS_CHSCHED_H
#define CHIP_REPORTS_CHSCHED_H

#include "reports/report.h"

#define CHR_SCHED_MAGIC   "chipharness-schedule"
#define CHR_SCHED_VERSION 1
#define CHR_SCHED_NOBODY  "nobody"
enum { CHR_SCHED_NO_ACTOR = 0xffff };

/* How often an actor was given a choice at a point so far. */
struct chr__tally;
struct chr__tally *chr__tally_new(void);
void chr__tally_free(struct chr__tally *t);
/* Returns the count before this one; SIZE_MAX: no memory. */
size_t chr__tally_next(struct chr__tally *t, const struct chip_choice *c);

#endif
