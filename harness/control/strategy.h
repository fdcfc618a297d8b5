/* SPDX-License-Identifier: Apache-2.0 */
/*
 * strategy.h - who of several runs next: one ctl_strategy for each enum chip_strategy.
 *
 * A strategy is a pure function of the control block (control.h G2); all chance comes from
 * c->rng. ctl_choose() asks it, with the turn, and records what it answers.
 */
#ifndef HARNESS_CONTROL_STRATEGY_H
#define HARNESS_CONTROL_STRATEGY_H

#include "harness/control/control.h"

struct ctl_strategy {
    /* One of the n actors in list, in the order of their numbers. `from` gives the turn and may be
     * one of them. CHIP_NO_ACTOR after it ended the run. */
    uint32_t (*pick)(struct chip_control *c, uint32_t from, const uint16_t *list, uint32_t n);
    void (*begin)(struct chip_control *c); /* ctl_strategy_begin(); may be NULL */
    bool sees_all;                         /* asked also where there is only one candidate */
};

extern const struct ctl_strategy ctl_strategy_random; /* a walk: each candidate equally likely */
extern const struct ctl_strategy ctl_strategy_replay; /* follows the recorded choices */
extern const struct ctl_strategy ctl_strategy_pct;    /* strategy_pct.c */
extern const struct ctl_strategy ctl_strategy_pos;    /* strategy_pos.c */
extern const struct ctl_strategy ctl_strategy_dfs;    /* strategy_dfs.c */
extern const struct ctl_strategy ctl_strategy_guided; /* strategy_guided.c */

/* The recorded choice that is next, if it fits here; else ends the run as DIVERGED. */
uint32_t ctl_pick_recorded(struct chip_control *c, uint32_t from, const uint16_t *list, uint32_t n);

/* A random walk's choice. */
uint32_t ctl_pick_random(struct chip_control *c, uint32_t from, const uint16_t *list, uint32_t n);

/* Without preemption: `from` if it can run and stays, else the next in the order of the numbers. */
uint32_t ctl_pick_onwards(uint32_t from, bool stays, const uint16_t *list, uint32_t n);

/* Strategies that preempt at a few places only can keep two polling loops in step for ever, each
 * giving up just before the other looks. So this many steps beyond what was expected they become
 * random walks. */
enum { CTL_STRICT_STEPS = 4096 };

/* Does this actor stand before a yield: has it said that somebody else should go first? */
static inline bool ctl_yields(const struct chip_actor *a) {
    return a->pending && a->point_kind == CHIP_KIND_CALL && a->point == CHIP_CALL_sched_yield;
}

/* Do the steps that two actors are about to make touch the same thing? Accesses: bytes in common,
 * one of them a write. Probes: the same family ("mailbox."). Calls: the same call. An actor that
 * comes out of a wait: the object it waited on. */
bool ctl_conflict(const struct chip_actor *a, const struct chip_actor *b);

#endif
