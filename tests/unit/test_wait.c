/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of waiting, W1 to W4 of lib/src/wait.h. Peers are real processes. */
#include "lib/src/internal.h"
#include "lib/src/wait.h"

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define MS 1000000ull

struct shared {
    uint32_t word;
    uint32_t answer;
    uint32_t sleepers;
    uint32_t payload;
};

static struct shared *shared;

static int map(void **state) {
    (void)state;
    shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return shared == MAP_FAILED ? -1 : 0;
}

static int unmap(void **state) {
    (void)state;
    return munmap(shared, 4096);
}

static void store(uint32_t *word, uint32_t v) {
    __atomic_store_n(word, v, __ATOMIC_SEQ_CST);
}

static int count_calls(void *arg) {
    ++*(int *)arg;
    return CHIP_OK;
}

static int give_up(void *arg) {
    ++*(int *)arg;
    return CHIP_E_CHILD_DIED;
}

/* A peer that changes the word just as it dies. */
static int change_and_die(void *arg) {
    (void)arg;
    store(&shared->word, 9);
    return CHIP_E_CHILD_DIED;
}

static void w1_a_wait_ends_at_its_deadline(void **state) {
    (void)state;
    uint32_t now = 0;
    uint64_t begin = chip__now_ns();
    int rc = chip__wait_change(&shared->word, 0, chip__deadline_in(5 * MS), NULL, NULL, &now);
    assert_int_equal(rc, CHIP_E_TIMEOUT);
    assert_true(chip__now_ns() - begin >= 5 * MS);
    assert_int_equal(now, 0);
    assert_int_equal(chip__wait_change(&shared->word, 0, 0, NULL, NULL, NULL), CHIP_E_TIMEOUT);
}

static void w1_liveness_is_asked_between_slices(void **state) {
    (void)state;
    int calls = 0;
    assert_int_equal(
        chip__wait_change(&shared->word, 0, chip__deadline_in(10 * MS), count_calls, &calls, NULL),
        CHIP_E_TIMEOUT);
    assert_true(calls >= 1);
    calls = 0;
    assert_int_equal(chip__wait_change(&shared->word, 0, CHIP__NEVER, give_up, &calls, NULL),
                     CHIP_E_CHILD_DIED);
    assert_int_equal(calls, 1);
}

static void w2_a_change_made_before_the_end_counts(void **state) {
    (void)state;
    uint32_t now = 0;
    assert_int_equal(chip__wait_change(&shared->word, 0, CHIP__NEVER, change_and_die, NULL, &now),
                     CHIP_OK);
    assert_int_equal(now, 9);
    /* already changed: no deadline, no liveness is even looked at */
    int calls = 0;
    assert_int_equal(chip__wait_change(&shared->word, 0, 0, give_up, &calls, &now), CHIP_OK);
    assert_int_equal(calls, 0);
}

static pid_t spawn(void (*fn)(void)) {
    pid_t pid = fork();
    if (pid == 0) {
        fn();
        _exit(0);
    }
    return pid;
}

static void reap(pid_t pid) {
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void silent_peer(void) {
    chip__sleep_ns(5 * MS);
    store(&shared->word, 1);
}

static void w3_a_peer_that_wakes_nobody_is_noticed(void **state) {
    (void)state;
    pid_t pid = spawn(silent_peer);
    assert_int_equal(
        chip__wait_change(&shared->word, 0, chip__deadline_in(20000 * MS), NULL, NULL, NULL),
        CHIP_OK);
    reap(pid);
}

enum { ROUNDS = 20000 };

/* Echoes word to answer, ROUNDS times, with the counted pair. */
static void echo(void) {
    for (uint32_t i = 1; i <= ROUNDS; i++) {
        uint32_t now;
        if (chip__wait_change_counted(&shared->word, i - 1, &shared->sleepers,
                                      chip__deadline_in(60000 * MS), NULL, NULL, &now) ||
            now != i || shared->payload != i)
            _exit(1);
        shared->payload = i + 1000;
        __atomic_store_n(&shared->answer, i, __ATOMIC_RELEASE);
        chip__wake_counted(&shared->answer, &shared->sleepers, 1);
    }
}

static void w3_no_wake_up_is_lost_and_payload_is_published(void **state) {
    (void)state;
    pid_t pid = spawn(echo);
    for (uint32_t i = 1; i <= ROUNDS; i++) {
        if (i % 64 == 0)
            sched_yield(); /* let the other one fall asleep now and then */
        shared->payload = i;
        __atomic_store_n(&shared->word, i, __ATOMIC_RELEASE);
        chip__wake_counted(&shared->word, &shared->sleepers, 1);
        int rc = chip__wait_change_counted(&shared->answer, i - 1, &shared->sleepers,
                                           chip__deadline_in(60000 * MS), NULL, NULL, NULL);
        assert_int_equal(rc, CHIP_OK);
        assert_int_equal(shared->payload, i + 1000);
    }
    reap(pid);
    assert_int_equal(shared->sleepers, 0);
}

static void idle(void) {
    if (chip__wait_change(&shared->word, 0, chip__deadline_in(20000 * MS), NULL, NULL, NULL))
        _exit(1);
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    /* Voluntary switches count the sleeps: 1, 2, 4 .. 100 ms slices, not thousands of looks. */
    if (use.ru_nvcsw > 40)
        _exit(2);
}

static void w3_an_idle_waiter_sleeps(void **state) {
    (void)state;
    pid_t pid = spawn(idle);
    chip__sleep_ns(400 * MS);
    store(&shared->word, 1);
    chip__wake(&shared->word, 1);
    reap(pid);
}

static void one_cpu(void) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)sched_getcpu(), &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0)
        _exit(1);
    struct chip__wait w;
    chip__wait_begin(&w, 0, NULL, NULL, NULL);
    _exit(w.spins == 0 ? 0 : 2);
}

/* In processes that have not waited before: fork of this one would inherit what it learnt, so the
 * test stands first in the group. */
static void w4_no_spinning_on_one_cpu(void **state) {
    (void)state;
    reap(spawn(one_cpu));
}

static void on_signal(int sig) {
    (void)sig;
}

static void interrupt_parent(void) {
    for (int i = 0; i < 5; i++) {
        chip__sleep_ns(2 * MS);
        kill(getppid(), SIGUSR1);
    }
}

static void sleep_and_wait_survive_signals(void **state) {
    (void)state;
    struct sigaction act = {.sa_handler = on_signal};
    struct sigaction old;
    sigaction(SIGUSR1, &act, &old);
    pid_t pid = spawn(interrupt_parent);
    uint64_t begin = chip__now_ns();
    chip__sleep_ns(10 * MS);
    assert_true(chip__now_ns() - begin >= 10 * MS);
    assert_int_equal(
        chip__wait_change(&shared->word, 0, chip__deadline_in(10 * MS), NULL, NULL, NULL),
        CHIP_E_TIMEOUT);
    reap(pid);
    sigaction(SIGUSR1, &old, NULL);
}

static void deadlines_do_not_wrap(void **state) {
    (void)state;
    assert_true(chip__deadline_in(CHIP__NEVER) == CHIP__NEVER);
    assert_true(chip__deadline_in(UINT64_MAX - 1) == CHIP__NEVER);
    assert_true(chip__deadline_in(0) <= chip__now_ns());
}

static void a_wake_keeps_errno(void **state) {
    (void)state;
    errno = EPERM;
    chip__wake((void *)((char *)&shared->word + 1), 1); /* misaligned: fails inside */
    assert_int_equal(errno, EPERM);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, map, unmap)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(w4_no_spinning_on_one_cpu),
        TEST(w1_a_wait_ends_at_its_deadline),
        TEST(w1_liveness_is_asked_between_slices),
        TEST(w2_a_change_made_before_the_end_counts),
        TEST(w3_a_peer_that_wakes_nobody_is_noticed),
        TEST(w3_no_wake_up_is_lost_and_payload_is_published),
        TEST(w3_an_idle_waiter_sleeps),
        TEST(sleep_and_wait_survive_signals),
        TEST(deadlines_do_not_wrap),
        TEST(a_wake_keeps_errno),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
