/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shrink.h - from a failing schedule to the fewest forced switches that give the same finding.
 *
 * Guarantees
 *   K1  The result gives the same finding (trial.h T2) as the schedule; the last run that says so
 *       was made with it.
 *   K2  If `minimal`: without any single one of its switches the finding is not there; each of
 *       these runs was made.
 *   K3  The same schedule and build give the same result, unless the budget ends it.
 */
#ifndef HARNESS_SHRINK_H
#define HARNESS_SHRINK_H

#include "harness/run/trial.h"

struct shrink_plan {
    struct trial_case what;
    uint64_t seed;
    const struct chip_choice *choices;
    size_t choice_count;
    uint64_t deadline_ns; /* real time, run_now_ns(); 0: none */
    bool
        passing; /* the schedule passes, and the fewest switches that make it pass are looked for */
};

struct shrink_result {
    struct trial_finding finding;
    size_t before;                /* switches of the schedule */
    struct chip_switch *switches; /* those that are left, in order, as the last run used them */
    size_t count;
    size_t variant; /* the smallest in which they give the finding, of those that were tried */
    bool minimal;
    unsigned runs;
};

/* CHIP_E_VALUE: the schedule has no finding, or its switches do not repeat it; as run_once(). */
int shrink(const struct shrink_plan *plan, struct shrink_result *out, struct chip_error *err);
void shrink_free(struct shrink_result *r);

/* A list of switches as text: "rank 0 before d2h.chunk[1]: parent goes on". Returns buf. */
const char *shrink_text(const struct chr_recording *rec, const struct chip_switch *s,
                        char buf[CHR_TEXT_LEN]);

#endif
