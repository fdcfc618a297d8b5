/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rescript.h - forced switches as the script of a scenario that a person could have written, and
 * the two events whose order decides.
 *
 * A switch away from D, who stood before P, is a hold: D before P until another has passed Q. Which
 * Q is found by trying: the first that passes while D stands there, with which random schedules
 * have the finding all the same.
 *
 * Guarantees
 *   S1  A script is given only if RESCRIPT_SEEDS random schedules around it all have the finding.
 *   S2  What is said of a pair was counted in runs that were made.
 */
#ifndef HARNESS_RESCRIPT_H
#define HARNESS_RESCRIPT_H

#include "harness/run/shrink.h"

enum { RESCRIPT_SEEDS = 10, RESCRIPT_PROOF = 20 };

/* P or Q: a point, and the actor and occurrence of it in the shrunk run. */
struct rescript_event {
    struct chip_match match;
    uint32_t actor, occurrence;
};

struct rescript {
    bool found;
    bool any_actor; /* the hold is for whoever comes there */
    struct chip_hold holds[CHIP_MAX_HOLDS];
    size_t count;
    /* the decisive pair: wrong if `first` comes before `then`. Of the last hold or, without a
     * script, of the last switch */
    bool has_pair;
    struct rescript_event first, then;
    bool scripted;   /* the orders were made by holds in random schedules, else by the switch */
    unsigned fails;  /* of RESCRIPT_PROOF runs with first before then */
    unsigned passes; /* of as many with then before first */
    /* Where the finding needs no switch: the fewest that make a run pass, and the pair is of these
     */
    struct chip_switch *passing; /* rescript_free() */
    size_t passing_count;
    int sound; /* enum chs_verdict that the same switches come to on lib/; without a defect: PASS */
};

/* plan->what.variant is not used: the result's is. As run_once(). */
int rescript(const struct shrink_plan *plan, const struct shrink_result *shrunk,
             struct rescript *out, struct chip_error *err);

void rescript_free(struct rescript *s);

/* rescript_file.c: the scenario with this script and this name, as a file; *text is the caller's.
 * CHIP_E_VALUE: it keeps a script of its own. */
int rescript_file(const struct shrink_plan *plan, const struct shrink_result *shrunk,
                  const struct rescript *script, const char *name, bool catches, char **text,
                  struct chip_error *err);
/* Of RESCRIPT_SEEDS runs of that text: how many have the finding, and how many pass on lib/ (0 if
 * there is no defect). path: where it will stand. */
int rescript_check(const struct shrink_plan *plan, const struct shrink_result *shrunk,
                   const char *path, const char *text, unsigned *have, unsigned *pass,
                   struct chip_error *err);
/* "rank 0 d2h.chunk[1]". Returns buf. */
const char *rescript_event_text(const struct rescript_event *e, bool any_actor,
                                char buf[CHR_TEXT_LEN]);

#endif
