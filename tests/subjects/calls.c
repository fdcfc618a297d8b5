/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calls.c - a subject that makes one libc call under control, in the driver's place. Its second
 * argument names the call; what the call came to goes to result 0: code is 0 if it worked, else
 * its error number. Result 1 gets 1 if errno was kept by a call that worked.
 */
#include "harness/agent/arm.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const struct timespec one_ms = {0, 1000000};
static int fd, ends[2];
static char byte;

/* Result -> error number, for calls that leave it in errno. */
static int failed(int bad) {
    return bad ? errno : 0;
}

static int call_shm_open(void) {
    int made = shm_open("/subject", O_RDWR | O_CREAT, 0600);
    int e = failed(made < 0);
    if (made >= 0) {
        shm_unlink("/subject");
        close(made);
    }
    return e;
}
static int call_shm_unlink(void) {
    close(shm_open("/subject", O_RDWR | O_CREAT, 0600));
    int e = failed(shm_unlink("/subject") != 0);
    if (e)
        shm_unlink("/subject"); /* the plan strikes once */
    return e;
}
static int call_mmap(void) {
    void *p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
    return failed(p == MAP_FAILED);
}
static int call_munmap(void) {
    return failed(munmap(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 4096));
}
static int call_ftruncate(void) {
    return failed(ftruncate(fd, 8192));
}
static int call_posix_fallocate(void) {
    return posix_fallocate(fd, 0, 8192);
}
static int call_memfd_create(void) {
    return failed(memfd_create("subject", 0) < 0);
}
static int call_fork(void) {
    pid_t pid = fork();
    int e = failed(pid < 0);
    if (pid == 0)
        _exit(0);
    if (pid > 0)
        waitpid(pid, NULL, 0);
    return e;
}
static int call_waitpid(void) {
    pid_t pid = fork();
    if (pid == 0)
        _exit(7);
    int status = 0, e = failed(waitpid(pid, &status, 0) != pid);
    if (e)
        waitpid(pid, NULL, 0);
    return e ? e : WEXITSTATUS(status) == 7 ? 0 : EPROTO;
}
static int call_kill(void) {
    return failed(kill(getpid(), 0));
}
static int call__exit(void) {
    pid_t pid = fork();
    if (pid == 0)
        _exit(3);
    int status = 0;
    return waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 3 ? 0 : EPROTO;
}
static int call_nanosleep(void) {
    return failed(nanosleep(&one_ms, NULL));
}
static int call_clock_nanosleep(void) {
    return clock_nanosleep(CLOCK_MONOTONIC, 0, &one_ms, NULL);
}
static int call_usleep(void) {
    return failed(usleep(1000));
}
static int call_clock_gettime(void) {
    struct timespec t;
    return failed(clock_gettime(CLOCK_MONOTONIC, &t));
}
static int call_gettimeofday(void) {
    struct timeval t;
    return failed(gettimeofday(&t, NULL));
}
static int call_time(void) {
    return failed(time(NULL) == (time_t)-1);
}
static int call_getrandom(void) {
    return failed(getrandom(&byte, 1, 0) != 1);
}
static int call_futex(void) {
    uint32_t word = 0;
    return failed(syscall(SYS_futex, &word, FUTEX_WAKE, 1, NULL, NULL, 0) < 0);
}
static int call_close(void) {
    return failed(close(dup(fd)));
}
static int call_open(void) {
    return failed(open("/dev/null", O_RDWR) < 0);
}
static int call_read(void) {
    return failed(read(ends[0], &byte, 1) != 1);
}
static int call_write(void) {
    return failed(write(ends[1], "x", 1) != 1);
}
static int call_pipe(void) {
    int more[2];
    return failed(pipe(more));
}
static int call_sched_yield(void) {
    return failed(sched_yield());
}
static int call_poll(void) {
    struct pollfd p = {.fd = ends[0], .events = POLLIN};
    return failed(poll(&p, 1, 10) != 1);
}
static int call_sigaction(void) {
    struct sigaction old;
    return failed(sigaction(SIGUSR1, NULL, &old));
}

/* A name of the contract without a function here does not compile. */
static const struct {
    const char *name;
    int (*make)(void);
} calls[] = {
#define CHIP_X(name) {#name, call_##name},
    CHIP_CALLS(CHIP_X)
#undef CHIP_X
};

static int prepare(void) {
    fd = memfd_create("prepared", 0);
    return fd < 0 || ftruncate(fd, 4096) || pipe(ends) || write(ends[1], "y", 1) != 1;
}

int main(int argc, char **argv) {
    if (argc != 4 || prepare() || !chipharness_arm || chipharness_arm(NULL) != 0)
        return 3;
    struct chip_control *c = chipharness_control();
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        if (strcmp(calls[i].name, argv[2]) != 0)
            continue;
        errno = 77;
        c->results[0].code = calls[i].make();
        c->results[1].code = errno == 77;
        c->results[0].done = 1;
        c->driver_done = 1;
        return 0;
    }
    return 3;
}
