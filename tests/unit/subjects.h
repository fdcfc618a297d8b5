/* SPDX-License-Identifier: Apache-2.0 */
/* subjects.h - runs a small program of tests/subjects/ under control, in the driver's place. */
#ifndef TESTS_SUBJECTS_H
#define TESTS_SUBJECTS_H

#include "harness/run/run.h"

/* Subjects run under memcheck (CHIP_SUBJECT_VALGRIND is set): tests that make many runs make
 * fewer. An error that it finds is a failed test. */
bool subject_under_valgrind(void);

/* The scenario that s describes (its `file` is the subject's second argument), with the seed.
 * Fails the test if it cannot start. The caller frees the record. */
void subject_run(const char *subject, const struct chs_scenario *s, uint64_t seed,
                 struct run_record *out);
/* A scenario with sane limits and nothing in it. */
struct chs_scenario subject_scenario(const char *argument);
/* Group teardown: ends the guardian that the runs started. */
int subject_stop_guardian(void **state);
/* Selector: any actor, a point of that kind, any occurrence, any fields. */
struct chip_match subject_match(uint32_t point_kind, uint32_t point);

#endif
