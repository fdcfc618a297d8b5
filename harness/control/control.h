/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control.h - one actor at a time: who runs next, and why.
 *
 * Pure functions over the control block (chip/contract.h). The agent calls them inside the actor
 * that holds the turn; the supervisor calls the same functions when the holder is dead. They take
 * no lock: whoever calls them holds the turn.
 *
 * Guarantees
 *   G1  At most one actor runs: `running` names it, and only its `go` word is set.
 *   G2  Every choice is a function of the control block alone, so the same seed, plan and subject
 *       give the same choices.
 *   G3  The clock moves only when no actor can run.
 *   G4  A hold keeps its actor from the point it stands before until its condition came true, its
 *       time has passed, or nobody else could run; which of these is recorded.
 *   G5  A wait is ended by a wake of the same object and offset, by its deadline, or not at all:
 *       a wake-up that the subject lost stays lost.
 */
#ifndef HARNESS_CONTROL_H
#define HARNESS_CONTROL_H

#include <chip/contract.h>
#include <stdbool.h>

/* How long (virtual) others may sleep while a hold with a stopped clock stands. */
#define CTL_HOLD_PATIENCE_NS 1000000000ull

/* The next of the generator's values (splitmix64); *state is advanced. */
uint64_t ctl_random(uint64_t *state);

bool ctl_match_actor(const struct chip_match *m, const struct chip_actor *a);
/* Actor a stands before (or has just passed) a point; occurrence counts from 0. */
bool ctl_match(const struct chip_match *m, const struct chip_actor *a, uint32_t point_kind,
               uint32_t point, uint64_t occurrence, const uint64_t *field);

/* Index into chip_actor.passed. */
static inline uint32_t ctl_point_slot(uint32_t point_kind, uint32_t point) {
    return point_kind == CHIP_KIND_CALL ? (uint32_t)CHIP_POINT_COUNT + point : point;
}

/* Appends an event to the actor's log; never fails (a full log counts what it lost). Returns the
 * event's number. real_ns is the caller's reading of the real clock. */
uint64_t ctl_record(struct chip_control *c, uint32_t actor, const struct chip_event *proto);

/* Takes a free slot for a new actor, RUNNABLE and unnamed; CHIP_NO_ACTOR when the table is full
 * (the outcome is then OVERFULL). */
uint32_t ctl_actor_add(struct chip_control *c, uint32_t forked_by);
/* Names an actor: label, incarnation, and the occurrences its label has had so far. */
void ctl_actor_name(struct chip_control *c, uint32_t actor, uint32_t kind, uint32_t index);
/* The actor is gone: DEAD, recorded, and woken is whoever waits for a child, for this thread's
 * exit, for a lock (a robust one tells of its owner's death) or for input or output. */
void ctl_actor_dead(struct chip_control *c, uint32_t actor, int status, uint64_t real_ns);

/* Makes up to n actors that wait on (object, offset) runnable, first come first; returns how many.
 */
uint32_t ctl_wake(struct chip_control *c, uint32_t object, uint64_t offset, uint32_t n);
/* The same for those that wait in this way. */
uint32_t ctl_wake_kind(struct chip_control *c, uint32_t kind, uint32_t object, uint64_t offset,
                       uint32_t n);
/* Makes all runnable that wait in this way, wherever. */
void ctl_wake_all_of(struct chip_control *c, uint32_t kind);
/* Makes that actor runnable if it waits, but for a lock: its thread was cancelled. */
void ctl_interrupt(struct chip_control *c, uint32_t actor);
/* Arrives at a barrier of count actors: true if that completes it; the others are then woken. An
 * actor that died while it waited there has arrived all the same. */
bool ctl_barrier(struct chip_control *c, uint32_t object, uint64_t offset, uint32_t count);
/* Whoever waits for input or output, and has not looked since the last step of anybody, gets to
 * look; false if there is none. */
bool ctl_io_look(struct chip_control *c);

/* Somebody writes these bytes: polling loops that read them go on. */
void ctl_spin_wake(struct chip_control *c, uint32_t object, uint64_t offset, uint64_t bytes);
/* The bits that stand for these bytes in chip_actor.spin_mask. */
uint64_t ctl_spin_mask(uint32_t object, uint64_t offset, uint64_t bytes);
/* The actor is about to wait (CHIP_WAIT_SPIN) for a write to what mask stands for. */
void ctl_spin_park(struct chip_control *c, uint32_t actor, uint64_t mask);
/* Nobody can run: lets one parked polling loop go on for a while; false if none may. last: the
 * clock cannot move either. */
bool ctl_spin_again(struct chip_control *c, bool last);

/* A point of `actor` has been passed: holds that waited for it are met. */
void ctl_passed(struct chip_control *c, uint32_t actor, uint32_t point_kind, uint32_t point,
                uint64_t occurrence, const uint64_t *field, uint64_t real_ns);

/* Chooses who runs next; `from` is the actor that gives the turn (it may be chosen again).
 * CHIP_NO_ACTOR: nobody can ever run again; c->outcome says why. */
uint32_t ctl_choose(struct chip_control *c, uint32_t from, uint64_t real_ns);

/* Once for each run, before its first process: what the strategy of the block wants to have drawn
 * from the run's generator (the change points of PCT). */
void ctl_strategy_begin(struct chip_control *c);

/* Ends the run with this outcome unless one is set already. */
void ctl_end(struct chip_control *c, uint32_t outcome);

#endif
