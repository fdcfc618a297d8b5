/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wait.h - waiting on a 32-bit word in shared memory, and the library's only clock.
 *
 * Guarantees:
 *   W1  No wait is without an end: it has a deadline, and between slices of at most 100 ms it
 *       asks whether the peer still lives.
 *   W2  A change of the word that was made before the deadline passed or the peer died is
 *       reported as a change: callers look once more after a step failed (chip__wait_change()
 *       does it for them).
 *   W3  A waiter that sleeps uses no CPU but for one look a slice; a peer that stores without
 *       waking anybody (one that speaks only the layout) costs at most one slice.
 *   W4  Spinning is brief, learns from its success, and never happens in a process that was
 *       allowed one CPU only when it first waited.
 *
 * Time is CLOCK_MONOTONIC in nanoseconds, 0 being long ago. All of it goes through
 * clock_gettime(), nanosleep() and syscall(SYS_futex), which a test harness may take over.
 */
#ifndef CHIP_WAIT_H
#define CHIP_WAIT_H

#include <stdint.h>

#define CHIP__NEVER UINT64_MAX /* a deadline that does not come */

/* Asked between slices: 0 to go on, else the chip_status to give up with. */
typedef int (*chip__alive_fn)(void *arg);

/* Finds out now how long this process may spin (W4), for itself and for what it forks later.
 * Without this the first wait does. */
void chip__wait_learn(void);

uint64_t chip__now_ns(void);
/* Now + ns, CHIP__NEVER if ns is CHIP__NEVER or the sum does not fit. */
uint64_t chip__deadline_in(uint64_t ns);
/* Sleeps the whole time, signals notwithstanding. */
void chip__sleep_ns(uint64_t ns);

/* Waits until *word != seen (read with acquire; the value goes to *now, which may be NULL).
 * Returns 0, CHIP_E_TIMEOUT, or what alive() answered (alive may be NULL). word must be a
 * naturally aligned word in memory that the waker maps too. */
int chip__wait_change(const uint32_t *word, uint32_t seen, uint64_t deadline_ns,
                      chip__alive_fn alive, void *arg, uint32_t *now);
/* Wakes up to n sleepers of word. Call after the store. Keeps errno. */
void chip__wake(uint32_t *word, int n);

/* The same pair for words that have a count of sleepers beside them (in memory shared by all
 * waiters and wakers of the word, zero at first): the waker then makes no system call while
 * nobody sleeps. sleepers may be NULL on either side, but only if it is NULL on both; a waker
 * whose peer may not count passes NULL and always calls. */
int chip__wait_change_counted(const uint32_t *word, uint32_t seen, uint32_t *sleepers,
                              uint64_t deadline_ns, chip__alive_fn alive, void *arg, uint32_t *now);
void chip__wake_counted(uint32_t *word, uint32_t *sleepers, int n);

/* The same loop for callers that must load the word by a function of their own:
 *     chip__wait_begin(&w, ...);
 *     while (load(word) == seen && !(rc = chip__wait_step(&w, word, seen))) {}
 *     chip__wait_end(&w);            and, if rc, look at the word once more (W2)
 * A step pauses, or sleeps for one slice if the word still holds `seen`. */
struct chip__wait {
    uint64_t deadline_ns;
    chip__alive_fn alive;
    void *arg;
    uint32_t *sleepers;
    uint64_t slice_ns; /* of the next sleep; 0 while still spinning */
    uint32_t spins_left;
    uint32_t spins;
};

void chip__wait_begin(struct chip__wait *w, uint64_t deadline_ns, chip__alive_fn alive, void *arg,
                      uint32_t *sleepers);
int chip__wait_step(struct chip__wait *w, const uint32_t *word, uint32_t seen);
void chip__wait_end(const struct chip__wait *w);

#endif
