/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explore.h - many schedules of one scenario, by worker processes.
 *
 * Guarantees
 *   X1  Schedule number i is a function of the options and i alone: its strategy, its seed and what
 *       it comes to. How many workers there are changes nothing but the speed.
 *   X2  Worker w of n makes the schedules w, w + n, w + 2n ... and tells of them in that order, so
 *       who reads round robin reads them in order.
 *   X3  A worker whose reader is gone ends, and with it what it runs.
 */
#ifndef HARNESS_EXPLORE_H
#define HARNESS_EXPLORE_H

#include "harness/run/case.h"

/* X(ID, "word", "how it chooses") */
#define EXPLORE_STRATEGIES(X)                                                             \
    X(RANDOM, "random", "a random walk")                                                  \
    X(PCT, "pct", "random priorities with depth - 1 changes")                             \
    X(POS, "pos", "random scores, new ones for conflicting steps")                        \
    X(DFS, "dfs", "every schedule with at most so many preemptions, one after the other") \
    X(PORTFOLIO, "portfolio", "random, pct, pos and a deeper pct in turn")

enum explore_strategy {
#define X_ID(id, word, help) EXPLORE_##id,
    EXPLORE_STRATEGIES(X_ID)
#undef X_ID
        EXPLORE_STRATEGY_COUNT
};

struct explore_plan {
    const struct run_companions *where;
    const struct scenario_file *file;
    size_t variant;
    const char *defect;
    int strategy;   /* enum explore_strategy */
    uint32_t depth; /* of pct */
    uint32_t bound; /* of dfs: preemptions */
    uint64_t seed;  /* all others come from it */
    unsigned jobs;  /* workers; dfs: 1 */
    bool script;    /* keep the scenario's script */
    bool fresh;     /* start the driver anew for each schedule, no zygote */
};

enum explore_note {
    EXPLORE_MADE,      /* a schedule was made */
    EXPLORE_EXHAUSTED, /* dfs: there is no further one */
    EXPLORE_PRUNED,    /* the same, but for those beyond the bound */
    EXPLORE_TROUBLE    /* the worker could not go on; `text` says why */
};

/* What a worker tells of a schedule. Behind it follow choice_count choices. */
struct explore_record {
    uint64_t note; /* enum explore_note */
    uint64_t index;
    uint64_t seed;
    uint64_t behaviour;   /* hash of the order of the probes passed */
    uint64_t fingerprint; /* of the finding; 0: none */
    uint64_t steps;
    int32_t verdict;       /* enum chs_verdict */
    uint32_t choice_count; /* 0 if this worker told of the fingerprint before */
    char text[256];
};

/* Forks worker w; *fd is where its records come from. CHIP_E_OS. */
int explore_start(const struct explore_plan *plan, unsigned w, pid_t *pid, int *fd,
                  struct chip_error *err);
/* Ends it: closes fd and reaps. */
void explore_stop(pid_t pid, int fd);

/* The seed of a schedule. */
uint64_t explore_seed(const struct explore_plan *plan, uint64_t index);

/* Two failures with the same fingerprint are the same finding: verdict, line of the expectation,
 * and the two decisive events' actors and points. 0 for a run that passed or was only vacuous. */
uint64_t explore_fingerprint(const struct judgement *j, const struct chr_recording *rec);
uint64_t explore_behaviour(const struct chr_recording *rec);

#endif
