/* SPDX-License-Identifier: Apache-2.0 */
/*
 * barrier.c - guarantees, which tests quote by number:
 *   G1  No rank leaves a round before all ranks have entered it, and what each wrote before it is
 *       seen by all after it.
 *   G2  The barrier can be used again at once: a rank that runs ahead into the next round neither
 *       releases nor is released by a rank still in the last one.
 *   G3  A round ends in one way for all of its ranks. Success, timeout, death and withdrawal
 *       contend for one compare-and-swap on `phase`, out of one value; whoever comes second adopts
 *       what it finds there.
 *   G4  Once broken it stays broken, and every later call answers with the same code and text: the
 *       cause is part of the word that the breaking swap stores.
 *   G5  A wait has a deadline, and notices a rank that died or left.
 *
 * The steps, one function each: snapshot, arrive, then either release_others (reset, advance) or
 * wait_for_others (which may give_up). Why this order:
 *   snapshot before arrive   Once this rank has arrived the last one may advance at any moment.
 *                            A phase read after that is the next one, and waits forever.
 *   reset before advance     The advance lets others into the next round, where they arrive. A
 *                            reset after it would wipe those arrivals out. Before it, nobody can
 *                            arrive: all ranks are in this round, and counted.
 *   no decrement on timeout  A rank that gives up does not take its arrival back (the decrement
 *                            could land after the reset); it breaks the generation, arrivals and
 *                            all, so that a count left behind can release nobody.
 *
 * The phase word: bits 16..31 generation (it wraps; a rank is at most one round behind), bit 0
 * broken, then: bits 1..2 cause, bits 3..8 the rank that broke it, bits 9..15 arrivals (timeout) or
 * the rank that was lost.
 */
#include "barrier.h"
#include "internal.h"
#include "wait.h"

#include <chip/probe.h>
#include <limits.h>

enum cause { CAUSE_TIMEOUT, CAUSE_DIED, CAUSE_LEFT, CAUSE_ORPHANED };

enum {
    BROKEN_BIT = 1,
    CAUSE_SHIFT = 1,
    CAUSE_MASK = 3,
    BREAKER_SHIFT = 3,
    BREAKER_MASK = 63,
    DETAIL_SHIFT = 9,
    DETAIL_MASK = 127,
    GENERATION_SHIFT = 16
};

enum { SPIN_LEAST = 64, SPIN_MOST = 2048 }; /* pauses */

struct waiting {
    const struct chip__barrier_party *party;
    uint32_t lost_rank;
};

static inline void pause_cpu(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory");
#else
    __asm__ volatile("" ::: "memory");
#endif
}

static uint32_t generation(uint32_t phase) {
    return phase >> GENERATION_SHIFT;
}

static uint32_t next_phase(uint32_t phase) {
    return (generation(phase) + 1) << GENERATION_SHIFT;
}

static bool is_broken(uint32_t phase) {
    return (phase & BROKEN_BIT) != 0;
}

static uint32_t broken_phase(uint32_t phase, enum cause cause, uint32_t breaker, uint32_t detail) {
    return phase | BROKEN_BIT | (uint32_t)cause << CAUSE_SHIFT | breaker << BREAKER_SHIFT |
           detail << DETAIL_SHIFT;
}

/* The same words on every rank, because all of them come from the phase word (G4). */
static int report_broken(uint32_t phase, struct chip_error *err) {
    uint32_t gen = generation(phase);
    uint32_t breaker = phase >> BREAKER_SHIFT & BREAKER_MASK;
    uint32_t detail = phase >> DETAIL_SHIFT & DETAIL_MASK;
    const char *what = "died";
    switch ((enum cause)(phase >> CAUSE_SHIFT & CAUSE_MASK)) {
    case CAUSE_TIMEOUT:
        return chip_error_set(err, CHIP_E_BROKEN,
                              "barrier broken in round %u: rank %u timed out with %u arrived", gen,
                              breaker, detail);
    case CAUSE_ORPHANED:
        return chip_error_set(err, CHIP_E_BROKEN,
                              "barrier broken in round %u: the parent of rank %u died", gen,
                              breaker);
    case CAUSE_LEFT:
        what = "left";
        break;
    case CAUSE_DIED:
        break;
    }
    return chip_error_set(err, CHIP_E_BROKEN,
                          "barrier broken in round %u: rank %u saw that rank %u %s", gen, breaker,
                          detail, what);
}

static uint32_t snapshot(const struct chip__barrier *b) {
    /* ORDER: acquire; pairs with release_others() and give_up(). Publishes what the ranks of the
     * last round wrote, and the reset of `arrivals`. Relaxed, this rank could arrive on the count
     * of the last round. */
    return __atomic_load_n(&b->phase, __ATOMIC_ACQUIRE);
}

static uint32_t arrive(struct chip__barrier *b) {
    /* ORDER: acq_rel; pairs with arrive() of the other ranks. Release: publishes this rank's writes
     * to the last one; acquire: the last one takes in everybody's, which its advance then hands
     * on. Weaker, a rank could leave without seeing what another wrote (G1). */
    return __atomic_fetch_add(&b->arrivals, 1, __ATOMIC_ACQ_REL) + 1;
}

/* The one swap that ends a round (G3). Returns the phase that ended it, `to` or another's. */
static uint32_t end_round(struct chip__barrier *b, uint32_t from, uint32_t to) {
    uint32_t seen = from;
    /* ORDER: acq_rel, acquire on failure; pairs with snapshot() and wait_for_others(). Publishes
     * all ranks' writes and the reset count. Relaxed, a released rank could read old bytes. */
    if (!__atomic_compare_exchange_n(&b->phase, &seen, to, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE))
        return seen;
    chip__wake_counted(&b->phase, &b->sleepers, INT_MAX);
    return to;
}

/* The last rank to arrive. */
static uint32_t release_others(struct chip__barrier *b, const struct chip__barrier_party *party,
                               uint32_t phase, uint32_t arrivals) {
    CHIP_PROBE(BARRIER_LAST, party->rank, generation(phase), arrivals, 0);
    CHIP_PROBE(BARRIER_RESET, party->rank, generation(phase), 0, 0);
    __atomic_store_n(&b->arrivals, 0, __ATOMIC_RELAXED);
    CHIP_PROBE(BARRIER_ADVANCE, party->rank, generation(phase), 0, 0);
    return end_round(b, phase, next_phase(phase));
}

static int still_there(void *arg) {
    struct waiting *w = arg;
    return w->party->lost ? w->party->lost(w->party->arg, &w->lost_rank) : CHIP_OK;
}

/* This rank will not wait any longer, for the reason `why`. */
static uint32_t give_up(struct chip__barrier *b, const struct waiting *w, uint32_t phase, int why) {
    uint32_t rank = w->party->rank;
    uint32_t arrivals = __atomic_load_n(&b->arrivals, __ATOMIC_RELAXED); /* for the text only */
    enum cause cause = CAUSE_TIMEOUT;
    uint32_t detail = arrivals;
    if (why == CHIP_E_PARENT_DIED) {
        cause = CAUSE_ORPHANED;
    } else if (why != CHIP_E_TIMEOUT) {
        cause = why == CHIP_E_STATE ? CAUSE_LEFT : CAUSE_DIED;
        detail = w->lost_rank;
    }
    uint32_t broken = broken_phase(phase, cause, rank, detail & DETAIL_MASK);
    CHIP_PROBE(BARRIER_BREAK, rank, generation(phase), arrivals, 0);
    return end_round(b, phase, broken);
}

/* Watches the phase for a while without sleeping; true if it changed. With a CPU for each rank the
 * others are usually less than a futex call away. What succeeds is tried longer, what fails less
 * (a CPU may be busy with something else). */
static bool spin(const struct chip__barrier *b, struct chip__barrier_party *party, uint32_t phase) {
    if (!party->may_spin)
        return false;
    if (party->spins < SPIN_LEAST)
        party->spins = SPIN_LEAST;
    for (uint32_t i = 0; i < party->spins; i++) {
        if (snapshot(b) != phase) {
            party->spins = party->spins < SPIN_MOST ? party->spins * 2 : SPIN_MOST;
            return true;
        }
        pause_cpu();
    }
    party->spins /= 2;
    return false;
}

/* Sleeps until the phase changes; not 0: why this rank should give up. No spinning before the first
 * sleep: spin() has done what is useful, and with fewer CPUs than ranks none is. */
static int sleep_until_changed(struct chip__barrier *b, struct waiting *w, uint32_t phase) {
    struct chip__wait wait;
    int rc = CHIP_OK;
    chip__wait_begin(&wait, chip__deadline_in(w->party->timeout_ns), still_there, w, &b->sleepers);
    wait.spins = wait.spins_left = 0;
    while (snapshot(b) == phase && rc == CHIP_OK)
        rc = chip__wait_step(&wait, &b->phase, phase);
    chip__wait_end(&wait);
    return rc;
}

static uint32_t wait_for_others(struct chip__barrier *b, struct chip__barrier_party *party,
                                uint32_t phase, uint32_t arrivals) {
    struct waiting w = {.party = party};
    CHIP_PROBE(BARRIER_WAIT, party->rank, generation(phase), arrivals, 0);
    if (spin(b, party, phase))
        return snapshot(b);
    int rc = sleep_until_changed(b, &w, phase);
    uint32_t now = snapshot(b);
    return rc == CHIP_OK || now != phase ? now : give_up(b, &w, phase, rc);
}

int chip__barrier_pass(struct chip__barrier *b, struct chip__barrier_party *party,
                       struct chip_error *err) {
    uint32_t phase = snapshot(b);
    CHIP_PROBE(BARRIER_ENTER, party->rank, generation(phase), 0, 0);
    if (is_broken(phase))
        return report_broken(phase, err);

    CHIP_PROBE(BARRIER_ARRIVE, party->rank, generation(phase), 0, 0);
    uint32_t arrivals = arrive(b);
    uint32_t ended = arrivals == party->nranks ? release_others(b, party, phase, arrivals)
                                               : wait_for_others(b, party, phase, arrivals);

    /* A later round may be broken already; this one succeeded if its generation has passed. */
    int rc = generation(ended) != generation(phase) ? CHIP_OK : report_broken(ended, err);
    CHIP_PROBE(BARRIER_LEAVE, party->rank, generation(phase), rc, 0);
    return rc;
}
