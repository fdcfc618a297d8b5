/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guardian.c - a small process that outlives the harness by a moment: when the harness is killed,
 * it kills what is left of the run and removes its names from /dev/shm (run.h R2).
 *
 * It is forked before the first run, lives in a session of its own (so that a signal to the
 * harness's group does not reach it), and learns of runs through a page shared with the
 * supervisor. The supervisor's end is seen as the end of file on a pipe that only the supervisor
 * holds open.
 */
#include "harness/run/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct notice {
    uint64_t run_id; /* 0: no run */
    int32_t session; /* 0: not started yet */
};

static struct notice *notice;
static pid_t guardian;
static int life = -1; /* the supervisor's end of the pipe */

static void end_run(const struct notice *n) {
    /* A process may fork while we look: until nobody is found twice in a row. */
    for (int quiet = 0, tries = 0; quiet < 2 && tries < 200; tries++) {
        quiet = n->session > 0 && cleanup_session(n->session, true) ? 0 : quiet + 1;
        struct timespec pause = {0, 5000000};
        nanosleep(&pause, NULL);
    }
    cleanup_segments(n->run_id, true, NULL, 0);
}

static void guard(int read_fd) {
    setsid();
    prctl(PR_SET_NAME, "chip-guardian");
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    char byte;
    ssize_t n;
    while ((n = read(read_fd, &byte, 1)) < 0 && errno == EINTR) {
    }
    /* ORDER: acquire; pairs with the release of run_id in guardian_run_begins(). Without it the
     * session of an earlier run could be taken for this one's. */
    if (__atomic_load_n(&notice->run_id, __ATOMIC_ACQUIRE))
        end_run(notice);
    _exit(0);
}

/* Everything but the pipe's end: an inherited descriptor (a result file, a terminal's pipe) must
 * not stay open because of us. */
static void close_others(int keep) {
    int null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; fd++)
        dup2(null, fd);
    if (keep > 3)
        syscall(SYS_close_range, 3, (unsigned)keep - 1, 0);
    syscall(SYS_close_range, (unsigned)keep + 1, ~0u, 0);
}

int guardian_ensure(struct chip_error *err) {
    if (guardian > 0 && waitpid(guardian, NULL, WNOHANG) == 0)
        return CHIP_OK;
    guardian_stop();
    int ends[2];
    notice = mmap(NULL, sizeof *notice, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (notice == MAP_FAILED || pipe2(ends, O_CLOEXEC) != 0)
        return chip_error_sys(err, errno, "cannot set up the guardian");
    guardian = fork();
    if (guardian == 0) {
        close(ends[1]);
        close_others(ends[0]);
        guard(ends[0]);
    }
    close(ends[0]);
    if (guardian < 0) {
        close(ends[1]);
        return chip_error_sys(err, errno, "cannot fork the guardian");
    }
    life = ends[1];
    return CHIP_OK;
}

void guardian_run_begins(uint64_t run_id) {
    notice->session = 0;
    /* ORDER: release; pairs with the acquire in guard(). Publishes session = 0. */
    __atomic_store_n(&notice->run_id, run_id, __ATOMIC_RELEASE);
}

void guardian_run_session(pid_t session) {
    __atomic_store_n(&notice->session, session, __ATOMIC_RELAXED);
}

void guardian_run_over(void) {
    __atomic_store_n(&notice->run_id, 0, __ATOMIC_RELAXED);
}

void guardian_forget(void) {
    if (life >= 0)
        close(life);
    life = -1;
    guardian = 0;
    if (notice && notice != MAP_FAILED)
        munmap(notice, sizeof *notice);
    notice = NULL;
}

pid_t guardian_pid(void) {
    return guardian;
}

void guardian_stop(void) {
    if (life >= 0)
        close(life);
    life = -1;
    if (guardian > 0)
        while (waitpid(guardian, NULL, 0) < 0 && errno == EINTR) {
        }
    guardian = 0;
    if (notice && notice != MAP_FAILED)
        munmap(notice, sizeof *notice);
    notice = NULL;
}
