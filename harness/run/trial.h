/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trial.h - many runs of one case, each asked the same question: is the finding there?
 *
 * Guarantees
 *   T1  A trial is a run like any other: real processes, judged by all oracles. Nothing is
 *       concluded about a run that was not made.
 *   T2  Two findings are the same if verdict and line of the expectation are; without such a line
 *       the way in which the run ended must be the same too.
 */
#ifndef HARNESS_TRIAL_H
#define HARNESS_TRIAL_H

#include "harness/run/judge.h"
#include "harness/run/scenarios.h"
#include "harness/run/zygote.h"

/* What is tried. */
struct trial_case {
    const struct run_companions *where;
    const struct scenario_file *file;
    size_t variant;
    const char *defect; /* NULL: none */
    bool no_script;     /* leave out the scenario's script */
};

/* The first finding of a run; verdict PASS: none. */
struct trial_finding {
    int verdict;      /* enum chs_verdict */
    uint32_t line;    /* of the expectation, 0: none */
    uint32_t outcome; /* enum chip_outcome; 0 where there is a line */
    uint64_t text;    /* hash of what was expected: in another file, instead of the line */
    uint64_t seq[2];  /* the decisive events; not compared */
};
bool trial_same(const struct trial_finding *a, const struct trial_finding *b);
/* The same where the lines need not be: the scenario was written anew. */
bool trial_alike(const struct trial_finding *a, const struct trial_finding *b);

/* One at a time in a process: it takes every child that it does not know for a left-over. */
struct trials {
    struct trial_case what;
    struct chs_scenario s;                 /* holds and hold_count may be changed between trials */
    struct chs_hold holds[CHIP_MAX_HOLDS]; /* where s.holds points to */
    struct run_zygote *zygote;
    struct run_record record; /* of the last trial, until the next one */
};

/* What differs from trial to trial. */
struct trial {
    enum chip_strategy strategy;
    uint64_t seed;
    const struct chip_choice *choices;
    size_t choice_count;
    const struct chip_switch *switches;
    size_t switch_count;
};

/* 0, CHIP_E_OS, CHIP_E_LOOKUP, CHIP_E_VALUE. */
int trials_open(struct trials *t, const struct trial_case *what, struct chip_error *err);
int trials_make(struct trials *t, const struct trial *how, struct trial_finding *found,
                struct chip_error *err);
void trials_close(struct trials *t); /* a second time is a no-op */

#endif
