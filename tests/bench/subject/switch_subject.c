/* SPDX-License-Identifier: Apache-2.0 */
/*
 * switch_subject.c - two processes under control that do nothing but come to points. Takes the
 * place of the driver; the schedule gives the turn to and fro. Leaves the nanoseconds that it took
 * in result 0 of the control block.
 */
#include "harness/agent/arm.h"

#include <sched.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { POINTS = 12000 };

/* The real time: clock_gettime() is virtual here. */
static uint64_t real_ns(void) {
    struct timespec t;
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

int main(void) {
    if (!chipharness_arm || chipharness_arm(NULL) != 0)
        return 3;
    struct chip_control *c = chipharness_control();
    pid_t child = fork();
    if (child < 0)
        return 3;
    uint64_t switches = c->switches, start = real_ns();
    for (int i = 0; i < POINTS; i++)
        sched_yield();
    if (child == 0)
        _exit(0);
    uint64_t took = real_ns() - start;
    switches = c->switches - switches;
    *(uint64_t *)(void *)c->results[0].text = took;
    *(uint64_t *)(void *)(c->results[0].text + 8) = switches;
    c->results[0].done = 1;
    return waitpid(child, NULL, 0) == child ? 0 : 3;
}
