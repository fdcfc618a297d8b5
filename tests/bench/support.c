/* SPDX-License-Identifier: Apache-2.0 */
/* support.c - processes, pinning and shared memory for the measurements. */
#include "tests/bench/bench.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void need(bool ok, const char *what) {
    if (ok)
        return;
    fprintf(stderr, "chip-bench: %s: %s\n", what, strerror(errno));
    _exit(3);
}

uint64_t bench_now_ns(void) {
    struct timespec t;
    need(clock_gettime(CLOCK_MONOTONIC, &t) == 0, "clock_gettime");
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* The CPUs of the first call, before anybody pinned itself; children inherit the copy. */
static const cpu_set_t *initial_cpus(void) {
    static cpu_set_t set;
    static bool known;
    if (!known) {
        need(sched_getaffinity(0, sizeof set, &set) == 0, "sched_getaffinity");
        known = true;
    }
    return &set;
}

int bench_cpu_count(void) {
    return CPU_COUNT(initial_cpus());
}

int bench_cpu(int n) {
    const cpu_set_t *set = initial_cpus();
    int skip = n % CPU_COUNT(set);
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET(cpu, set) && skip-- == 0)
            return (int)cpu;
    }
    return 0;
}

void bench_pin(int cpu) {
    cpu_set_t set = *initial_cpus();
    if (cpu >= 0) {
        CPU_ZERO(&set);
        CPU_SET((size_t)cpu, &set);
    }
    need(sched_setaffinity(0, sizeof set, &set) == 0, "sched_setaffinity");
}

void *bench_share(size_t bytes) {
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    need(memory != MAP_FAILED, "mmap");
    return memory;
}

void bench_unshare(void *memory, size_t bytes) {
    need(munmap(memory, bytes) == 0, "munmap");
}

pid_t bench_fork(int cpu, void (*fn)(void *arg), void *arg) {
    pid_t parent = getpid();
    pid_t pid = fork();
    need(pid >= 0, "fork");
    if (pid != 0)
        return pid;
    need(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0, "prctl");
    if (getppid() != parent)
        _exit(3);
    bench_pin(cpu);
    fn(arg);
    _exit(0);
}

int bench_join(pid_t pid) {
    int status = 0;
    while (waitpid(pid, &status, 0) < 0)
        need(errno == EINTR, "waitpid");
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

static void spin_for_ever(void *arg) {
    (void)arg;
    for (volatile uint64_t n = 0;; n = n + 1) {
    }
}

pid_t bench_busy_start(void) {
    return bench_fork(-1, spin_for_ever, NULL);
}

void bench_stop(pid_t pid) {
    kill(pid, SIGKILL);
    (void)bench_join(pid);
}

void bench_futex_wait(uint32_t *word, uint32_t seen) {
    if (syscall(SYS_futex, word, FUTEX_WAIT, seen, NULL, NULL, 0) != 0)
        need(errno == EAGAIN || errno == EINTR, "futex wait");
}

void bench_futex_wake(uint32_t *word, int count) {
    need(syscall(SYS_futex, word, FUTEX_WAKE, count, NULL, NULL, 0) >= 0, "futex wake");
}
