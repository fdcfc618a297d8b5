/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modes.c - a subject that behaves, or misbehaves, in the one way that its second argument names.
 * Each way is there for one detector to catch; "well" is there for all of them to keep silent.
 */
#include "tests/subjects/mode.h"

#include <chip/probe.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint32_t *word;

static void futex(int op, uint32_t value, const struct timespec *timeout) {
    syscall(SYS_futex, word, op, value, timeout, NULL, 0);
}

static pid_t child(void (*body)(void)) {
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    CHIP_PROBE(CHILD_START, 0, 0, 0, 0);
    body();
    _exit(0);
}

static void nothing(void) {
    CHIP_PROBE(KERNEL_STEP, 0, 1, 0, 0);
}

static void set_and_wake(void) {
    CHIP_PROBE(KERNEL_STEP, 0, 1, 0, 0);
    /* ORDER: release; pairs with the acquire in mode_well(). Publishes nothing but itself. */
    __atomic_store_n(word, 1, __ATOMIC_RELEASE);
    futex(FUTEX_WAKE, 1, NULL);
}

static void wait_for_ever(void) {
    futex(FUTEX_WAIT, 0, NULL);
}

static void sleep_for_ever(void) {
    const struct timespec hour = {3600, 0};
    for (;;)
        nanosleep(&hour, NULL);
}

static void spin(void) {
    for (;;)
        __asm__ volatile("" ::: "memory");
}

static void block_unseen(void) {
    int ends[2];
    char c;
    if (pipe(ends) == 0)
        syscall(SYS_read, ends[0], &c, 1);
}

static void crash(void) {
    raise(SIGSEGV);
}

static void mode_well(void) {
    pid_t pid = child(set_and_wake);
    const struct timespec minute = {60, 0};
    /* ORDER: acquire; pairs with the release in set_and_wake(). */
    while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == 0)
        futex(FUTEX_WAIT, 0, &minute);
    waitpid(pid, NULL, 0);
}

static void mode_sleep(void) {
    const struct timespec two_minutes = {120, 0};
    nanosleep(&two_minutes, NULL);
}

static void mode_lost_wake(void) {
    waitpid(child(wait_for_ever), NULL, 0);
}

static void mode_spin(void) {
    waitpid(child(spin), NULL, 0);
}

static void mode_block(void) {
    waitpid(child(block_unseen), NULL, 0);
}

static void mode_crash(void) {
    waitpid(child(crash), NULL, 0);
}

static void mode_abort(void) {
    waitpid(child(abort), NULL, 0);
}

static void mode_leak_segment(void) {
    close(shm_open("/left", O_RDWR | O_CREAT, 0600));
}

static void mode_leak_process(void) {
    child(sleep_for_ever);
}

/* What a subject does that closes whatever it finds open. */
static void mode_close_all(void) {
    for (int fd = 3; fd < 64; fd++)
        close(fd);
    mode_well();
}

static void mode_many_points(void) {
    for (int i = 0; i < CHIP_LOG_EVENTS + 100; i++)
        nothing();
}

static void mode_kill_child(void) {
    pid_t pid = child(sleep_for_ever);
    const struct timespec second = {1, 0};
    nanosleep(&second, NULL);
    kill(pid, SIGTERM);
    /* The death is complete: nobody has to wait for it. */
    int status;
    if (waitpid(pid, &status, WNOHANG) != pid || WTERMSIG(status) != SIGTERM)
        abort();
}

static void mode_names(void) {
    for (int i = 0; i < 2; i++) {
        pid_t pid = child(nothing);
        waitpid(pid, NULL, 0);
    }
}

/* clang-format off */
#define MODES(X)                                                                                   \
    X(well) X(sleep) X(lost_wake) X(spin) X(block) X(crash) X(abort) X(leak_segment)               \
    X(leak_process) X(close_all) X(many_points) X(kill_child) X(names)
/* clang-format on */

static const struct subject_mode modes[] = {MODES(SUBJECT_MODE)};

int main(int argc, char **argv) {
    word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return subject_main(argc, argv, word != MAP_FAILED, modes, sizeof modes / sizeof modes[0]);
}
