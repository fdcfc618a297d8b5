/* SPDX-License-Identifier: Apache-2.0 */
/*
 * accesses.c - built through the compiler wrapper: two processes on shared memory, in the one way
 * that the second argument names.
 */
#include "tests/subjects/mode.h"

#include <chip/contract.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 20, LARGE = 100000 };

static struct shared {
    volatile int flag;
    atomic_int answer;
    atomic_int lock;
    int plain;
    int reached;
    char text[64];
    char large[LARGE];
} * s;

static char private_bytes[LARGE];

static void child(void (*body)(void)) {
    pid_t pid = fork();
    if (pid == 0) {
        body();
        _exit(0);
    }
}

static void wait_all(void) {
    while (wait(NULL) > 0) {
    }
}

/* Waits without a call: ends only because the loop is parked until the flag is written. */
static void poll_flag(void) {
    while (s->flag == 0) {
    }
    atomic_store_explicit(&s->answer, s->flag, memory_order_release);
}

static void mode_poll(void) {
    child(poll_flag);
    s->flag = 7;
    while (atomic_load_explicit(&s->answer, memory_order_acquire) != 7) {
    }
    wait_all();
}

/* Looks at two places in turn; the second is what changes. */
static void poll_two(void) {
    while (s->flag == 0 && atomic_load(&s->answer) == 0) {
    }
}

static void mode_poll_two(void) {
    child(poll_two);
    child(poll_two);
    atomic_store(&s->answer, 1);
    wait_all();
}

static void never(void) {
    while (s->flag == 0) {
    }
}

static void mode_livelock(void) {
    child(never);
    wait_all();
}

static void never_yielding(void) {
    while (s->flag == 0)
        sched_yield();
}

static void mode_livelock_yield(void) {
    child(never_yielding);
    child(never_yielding);
    wait_all();
}

/* Gives up after so many rounds: that is no hang. */
static void bounded(void) {
    for (int i = 0; i < 500 && s->flag == 0; i++) {
    }
    s->reached = 1;
}

static void mode_bounded(void) {
    child(bounded);
    wait_all();
    if (!s->reached)
        abort();
}

/* Gives up soon: whether the flag was set by then is up to the schedule. */
static void impatient(void) {
    int look = 0;
    while (look < 3 && s->flag == 0)
        look++;
    atomic_store(&s->answer, look < 3 ? 1 : 2);
}

static void mode_impatient(void) {
    child(impatient);
    s->plain = 1;
    s->plain = 2;
    s->flag = 1;
    wait_all();
    if (atomic_load(&s->answer) == 0)
        abort();
}

/* Gives up when the clock says so. */
static void until_deadline(void) {
    struct timespec from, now;
    clock_gettime(CLOCK_MONOTONIC, &from);
    do
        clock_gettime(CLOCK_MONOTONIC, &now);
    while (s->flag == 0 && now.tv_sec - from.tv_sec < 120);
    s->reached = s->flag == 0;
}

static void mode_deadline(void) {
    child(until_deadline);
    wait_all();
    if (!s->reached)
        abort();
}

static void poll_sleeping(void) {
    const struct timespec little = {0, 100000};
    while (s->flag == 0)
        nanosleep(&little, NULL);
}

static void mode_poll_sleeping(void) {
    const struct timespec second = {0, 20000000};
    child(poll_sleeping);
    nanosleep(&second, NULL);
    s->flag = 1;
    wait_all();
}

static void locked_add(void) {
    for (int i = 0; i < ROUNDS; i++) {
        int free = 0;
        while (!atomic_compare_exchange_strong(&s->lock, &free, 1))
            free = 0;
        s->plain++;
        atomic_store(&s->lock, 0);
    }
}

static void mode_lock(void) {
    child(locked_add);
    child(locked_add);
    child(locked_add);
    wait_all();
    if (s->plain != 3 * ROUNDS)
        abort();
}

static void racy_add(void) {
    s->plain++;
}

/* The increment that is lost: aborts under some schedules. */
static void mode_race(void) {
    child(racy_add);
    child(racy_add);
    wait_all();
    if (s->plain != 2)
        abort();
}

/* Much work on memory of its own: no point at all. */
static void mode_private(void) {
    for (int i = 0; i < LARGE; i++)
        private_bytes[i] = (char)i;
    char *p = malloc(LARGE);
    if (!p)
        abort();
    memcpy(p, private_bytes, LARGE);
    if (p[LARGE - 1] != (char)(LARGE - 1))
        abort();
    free(p);
}

static void mode_copy(void) {
    memset(s->large, 1, LARGE);
    memcpy(private_bytes, s->large, LARGE);
    memcpy(s->text, private_bytes, sizeof s->text);
    struct shared *twin = s;
    struct copied {
        char bytes[64];
    } copy = *(struct copied *)(void *)twin->text;
    if (copy.bytes[63] != 1)
        abort();
}

static volatile int *moved, *attached[2];

static void poll_moved(void) {
    while (*moved == 0) {
    }
}

/* Written through the new address, where it lies after it has grown. */
static void mode_remap(void) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *small = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    char *other = mmap(NULL, 4 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (small == MAP_FAILED || other == MAP_FAILED)
        abort();
    char *large = mremap(small + page, page, page, MREMAP_MAYMOVE | MREMAP_FIXED, other);
    if (large != other)
        abort();
    moved = (volatile int *)(void *)(large + 64);
    child(poll_moved);
    *moved = 1;
    wait_all();
}

static void poll_attached(void) {
    while (*attached[1] == 0) {
    }
}

/* One segment at two addresses. */
static void mode_system_v(void) {
    int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
    attached[0] = shmat(id, NULL, 0);
    attached[1] = shmat(id, NULL, 0);
    if (shmctl(id, IPC_RMID, NULL) != 0 || attached[0] == attached[1])
        abort();
    child(poll_attached);
    *attached[0] = 1;
    wait_all();
    shmdt((const void *)attached[0]);
    shmdt((const void *)attached[1]);
}

static volatile int ready;
static int counted;

static void *count(void *arg) {
    while (!ready) {
    }
    counted++;
    return arg;
}

/* Memory that no other process can reach, and two threads: the same increment may be lost. */
static void mode_threads(void) {
    pthread_t one, two;
    if (pthread_create(&one, NULL, count, NULL) != 0 ||
        pthread_create(&two, NULL, count, NULL) != 0)
        abort();
    ready = 1;
    pthread_join(one, NULL);
    pthread_join(two, NULL);
    atomic_store(&s->answer, counted);
    if (atomic_load(&s->answer) == 0) /* the load shows the value: that of a store is not known */
        abort();
}

static void publish(void) {
    char twos[sizeof s->text];
    memset(twos, 2, sizeof twos);
    memcpy(s->text, twos, sizeof twos);
}

/* Reads while the other copies: both halves, or each its own. */
static void mode_torn(void) {
    char seen[sizeof s->text];
    child(publish);
    memcpy(seen, s->text, sizeof seen);
    wait_all();
    atomic_store(&s->answer, 1 + seen[0] + seen[sizeof seen - 1]);
    if (atomic_load(&s->answer) == 0)
        abort();
}

/* clang-format off */
#define MODES(X) \
    X(poll) X(poll_two) X(livelock) X(livelock_yield) X(bounded) X(torn) X(remap) X(system_v) \
    X(impatient) X(deadline) X(poll_sleeping) X(lock) X(race) X(threads) X(private) X(copy)
/* clang-format on */

static const struct subject_mode modes[] = {MODES(SUBJECT_MODE)};

int main(int argc, char **argv) {
    s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return subject_main(argc, argv, s != MAP_FAILED, modes, sizeof modes / sizeof modes[0]);
}
