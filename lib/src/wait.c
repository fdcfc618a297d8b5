/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wait.c - see wait.h for the guarantees W1 to W4.
 *
 * How a sleeper and a waker meet (W3): the sleeper counts itself, then lets the kernel compare
 * the word; the waker stores the word, then looks at the count. With both in one total order at
 * least one of them sees the other. A waker that cannot count (a foreign peer) may wake nobody;
 * the sleeper then looks again after its slice.
 *
 * How spinning learns (W4): a wait spins for about SPIN_NS, what it costs to be put to sleep and
 * woken on another core, and then sleeps. Spinning less would not pay: two processes that both
 * sleep in turns could then never find out that both could spin. A spin in vain lets the next 1, 3,
 * 7 .. SKIP_MAX waits of this process go to sleep at once; a spin that was enough forgives all. So
 * a machine with more runnable processes than cores pays for one spin in SKIP_MAX waits.
 */
#include "wait.h"
#include "internal.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { SPIN_NS = 20000, SPIN_CALIBRATE = 64, SPIN_LIMIT = 1 << 14, SKIP_MAX = 63 };

#define SLICE_FIRST_NS 1000000ull
#define SLICE_LAST_NS  100000000ull
#define NS_PER_S       1000000000ull

/* Hints that any thread may overwrite: a lost update changes how long somebody spins and nothing
 * else, hence relaxed. */
static uint32_t spin_full;  /* pauses in SPIN_NS; 0: not known yet */
static uint32_t spin_skip;  /* how many waits the last spin in vain lets pass */
static uint32_t skips_left; /* how many of them are still to come */

#define SPIN_NEVER UINT32_MAX /* in spin_full: this process has one CPU */

static uint32_t hint(const uint32_t *p) {
    return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static void set_hint(uint32_t *p, uint32_t v) {
    __atomic_store_n(p, v, __ATOMIC_RELAXED);
}

uint64_t chip__now_ns(void) {
    struct timespec ts;
    int rc = clock_gettime(CLOCK_MONOTONIC, &ts);
    CHIP_ASSERT(rc == 0);
    return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

uint64_t chip__deadline_in(uint64_t ns) {
    uint64_t at;
    return ns != CHIP__NEVER && chip__add_u64(chip__now_ns(), ns, &at) ? at : CHIP__NEVER;
}

static struct timespec to_timespec(uint64_t ns) {
    return (struct timespec){.tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S)};
}

void chip__sleep_ns(uint64_t ns) {
    struct timespec left = to_timespec(ns);
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

static inline void pause_cpu(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory");
#else
    __asm__ volatile("" ::: "memory");
#endif
}

/* The time of SPIN_CALIBRATE pauses, the shortest of a few: the others were interrupted. */
static uint64_t time_pauses(void) {
    uint64_t best = UINT64_MAX;
    for (int k = 0; k < 3; k++) {
        uint64_t begin = chip__now_ns();
        for (int i = 0; i < SPIN_CALIBRATE; i++)
            pause_cpu();
        uint64_t took = chip__now_ns() - begin;
        best = took < best ? took : best;
    }
    return best ? best : 1;
}

/* How many pauses fill SPIN_NS here, or SPIN_NEVER. Asked once in a process. */
static void learn_spin_full(void) {
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    /* A machine with more CPUs than the set holds refuses; it certainly has more than one. */
    if (sched_getaffinity(0, sizeof cpus, &cpus) == 0 && CPU_COUNT(&cpus) < 2) {
        set_hint(&spin_full, SPIN_NEVER);
        return;
    }
    uint64_t full = (uint64_t)SPIN_NS * SPIN_CALIBRATE / time_pauses();
    if (full < SPIN_CALIBRATE)
        full = SPIN_CALIBRATE;
    set_hint(&spin_full, full > SPIN_LIMIT ? SPIN_LIMIT : (uint32_t)full);
}

void chip__wait_learn(void) {
    if (!hint(&spin_full))
        learn_spin_full();
}

/* Pauses that the next wait may make. */
static uint32_t take_spins(void) {
    chip__wait_learn();
    uint32_t full = hint(&spin_full);
    uint32_t left = hint(&skips_left);
    if (full == SPIN_NEVER)
        return 0;
    if (left == 0)
        return full;
    set_hint(&skips_left, left - 1);
    return 0;
}

void chip__wait_begin(struct chip__wait *w, uint64_t deadline_ns, chip__alive_fn alive, void *arg,
                      uint32_t *sleepers) {
    w->deadline_ns = deadline_ns;
    w->alive = alive;
    w->arg = arg;
    w->sleepers = sleepers;
    w->slice_ns = 0;
    w->spins = take_spins();
    w->spins_left = w->spins;
}

void chip__wait_end(const struct chip__wait *w) {
    if (!w->spins)
        return; /* did not spin: nothing was learnt */
    uint32_t skip = 0;
    if (w->slice_ns) {
        skip = hint(&spin_skip) * 2 + 1;
        skip = skip > SKIP_MAX ? SKIP_MAX : skip;
    }
    set_hint(&spin_skip, skip);
    set_hint(&skips_left, skip);
}

/* One sleep of at most ns while *word == seen. */
static void sleep_on(const uint32_t *word, uint32_t seen, uint32_t *sleepers, uint64_t ns) {
    struct timespec ts = to_timespec(ns);
    if (sleepers) {
        /* ORDER: seq_cst; pairs with chip__wake_counted(). Publishes this sleeper before the kernel
         * compares the word. Weaker, the compare could pass before the waker's store while the
         * waker's look at the count misses this sleeper: a lost wake-up. */
        __atomic_fetch_add(sleepers, 1, __ATOMIC_SEQ_CST);
    }
    /* Every way this can return (woken, changed, timed out, signal) is followed by a look. */
    syscall(SYS_futex, word, FUTEX_WAIT, seen, &ts, NULL, 0);
    if (sleepers)
        __atomic_fetch_sub(sleepers, 1, __ATOMIC_RELAXED);
}

int chip__wait_step(struct chip__wait *w, const uint32_t *word, uint32_t seen) {
    if (w->spins_left) {
        w->spins_left--;
        pause_cpu();
        return CHIP_OK;
    }
    if (w->slice_ns) { /* a slice is over and the word had not changed */
        int rc = w->alive ? w->alive(w->arg) : CHIP_OK;
        if (rc)
            return rc;
    }
    uint64_t slice = w->slice_ns ? w->slice_ns * 2 : SLICE_FIRST_NS;
    w->slice_ns = slice = slice > SLICE_LAST_NS ? SLICE_LAST_NS : slice;
    if (w->deadline_ns != CHIP__NEVER) {
        uint64_t now = chip__now_ns();
        if (now >= w->deadline_ns)
            return CHIP_E_TIMEOUT;
        if (slice > w->deadline_ns - now)
            slice = w->deadline_ns - now;
    }
    sleep_on(word, seen, w->sleepers, slice);
    return CHIP_OK;
}

/* ORDER: acquire; pairs with the release store of whoever changes the word, then chip__wake().
 * Publishes what was written before that store. Relaxed, the caller could read older bytes. */
static uint32_t load_word(const uint32_t *word) {
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

int chip__wait_change_counted(const uint32_t *word, uint32_t seen, uint32_t *sleepers,
                              uint64_t deadline_ns, chip__alive_fn alive, void *arg,
                              uint32_t *now) {
    uint32_t value = load_word(word);
    int rc = CHIP_OK;
    if (value == seen) {
        struct chip__wait w;
        chip__wait_begin(&w, deadline_ns, alive, arg, sleepers);
        while ((value = load_word(word)) == seen && (rc = chip__wait_step(&w, word, seen)) == 0) {
        }
        chip__wait_end(&w);
        if (rc && (value = load_word(word)) != seen)
            rc = CHIP_OK; /* W2: the change came first */
    }
    if (now)
        *now = value;
    return rc;
}

int chip__wait_change(const uint32_t *word, uint32_t seen, uint64_t deadline_ns,
                      chip__alive_fn alive, void *arg, uint32_t *now) {
    return chip__wait_change_counted(word, seen, NULL, deadline_ns, alive, arg, now);
}

void chip__wake(uint32_t *word, int n) {
    int saved = errno;
    syscall(SYS_futex, word, FUTEX_WAKE, n, NULL, NULL, 0);
    errno = saved;
}

void chip__wake_counted(uint32_t *word, uint32_t *sleepers, int n) {
    if (sleepers) {
        /* ORDER: seq_cst fence; pairs with sleep_on(). Orders the caller's store of the word before
         * the look at the count. Without it the look could come first and miss a sleeper that
         * compared the old word: it would sleep through a whole slice. */
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        if (__atomic_load_n(sleepers, __ATOMIC_RELAXED) == 0)
            return;
    }
    chip__wake(word, n);
}
