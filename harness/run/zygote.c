/* SPDX-License-Identifier: Apache-2.0 */
/* zygote.c - see zygote.h; the other side is harness/agent/zygote.c. */
#include "harness/run/zygote.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct run_zygote {
    struct chip_control *c;
    size_t bytes;
    size_t steps, checks; /* of the plan in the block */
    uint64_t run_id;
    int control_fd, doorbell_fd, order_fd, children_fd, output_fd;
    pid_t pid;
};

static int start(struct run_zygote *z, struct run_request *q, struct chip_error *err) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return chip_error_sys(err, errno, "socketpair");
    z->order_fd = ends[0];
    guardian_run_begins(z->run_id);
    int r = run_spawn(q, z->control_fd, z->doorbell_fd, ends[1], &z->pid, err);
    close(ends[1]);
    return r;
}

int run_zygote_open(const struct run_request *request, struct run_zygote **out,
                    struct chip_error *err) {
    struct run_request q = *request;
    struct run_zygote *z = calloc(1, sizeof *z);
    if (!z)
        return chip_error_set(err, CHIP_E_MEMORY, "out of memory");
    z->control_fd = z->doorbell_fd = z->order_fd = z->children_fd = z->output_fd = -1;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    int r = guardian_ensure(err);
    if (r)
        goto fail;
    r = CHIP_E_OS;
    /* Whoever of a run is left becomes our child, so this file tells of all of them. */
    z->children_fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
    z->doorbell_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    z->output_fd = memfd_create("output", MFD_CLOEXEC);
    if (z->children_fd < 0 || z->doorbell_fd < 0 || z->output_fd < 0 ||
        getrandom(&z->run_id, sizeof z->run_id, 0) != sizeof z->run_id) {
        chip_error_sys(err, errno, "cannot set up an exploration");
        goto fail;
    }
    z->run_id |= 1; /* 0 means none */
    z->c = run_block_make(&q, z->run_id, RUN_FD_DOORBELL, &z->control_fd, &z->bytes, err);
    if (!z->c)
        goto fail;
    z->steps = q.scenario->step_count;
    z->checks = q.scenario->check_count;
    bool own = q.scenario->command_count != 0;
    z->c->zygote_fd = own ? RUN_FD_SCENARIO : RUN_FD_ZYGOTE; /* as spawn.c hands them out */
    if (chs_own_program(q.scenario))
        q.output_fd = z->output_fd;
    r = start(z, &q, err);
    if (r)
        goto fail;
    *out = z;
    return CHIP_OK;
fail:
    run_zygote_close(z);
    return r;
}

/* The children of this process but the guardian and the zygote; at most max of them. */
static size_t others(const struct run_zygote *z, pid_t *list, size_t max) {
    char text[4096];
    ssize_t n = pread(z->children_fd, text, sizeof text - 1, 0);
    size_t count = 0;
    text[n > 0 ? n : 0] = 0;
    for (char *p = text; count < max;) {
        char *end;
        pid_t pid = (pid_t)strtol(p, &end, 10);
        if (end == p)
            break;
        p = end;
        if (pid != z->pid && pid != guardian_pid())
            list[count++] = pid;
    }
    return count;
}

/* Ends and reaps all that is left of a run; returns how many were still alive. */
static unsigned end_all(const struct run_zygote *z, struct supervision *s) {
    pid_t list[256];
    size_t n;
    unsigned alive = 0;
    while ((n = others(z, list, sizeof list / sizeof list[0])) > 0) {
        for (size_t i = 0; i < n; i++) {
            int status;
            pid_t r = waitpid(list[i], &status, WNOHANG);
            if (r == 0) {
                alive++;
                kill(list[i], SIGKILL);
                r = waitpid(list[i], &status, 0);
            }
            if (r == s->driver && !s->driver_gone) {
                s->driver_gone = true;
                s->record->driver_status = status;
            }
        }
    }
    return alive;
}

static void finish(const struct run_zygote *z, struct supervision *s) {
    struct run_record *r = s->record;
    char names[CHIP_TEXT_LEN - 64] = "";
    /* What a stopped run still has is no leak (once.c). */
    bool judged = z->c->outcome == CHIP_OUT_FINISHED;
    __atomic_store_n(&z->c->stop, 1, __ATOMIC_RELAXED);
    for (uint32_t i = 0; i < CHIP_MAX_ACTORS; i++) {
        if (s->pidfd[i] < 0)
            continue;
        syscall(SYS_pidfd_send_signal, s->pidfd[i], SIGKILL, NULL, 0);
        close(s->pidfd[i]);
    }
    unsigned processes = end_all(z, s);
    if (z->c->actors[0].planned_death)
        cleanup_stagings(z->run_id);
    unsigned segments = cleanup_segments(z->run_id, false, names, sizeof names);
    if (segments)
        cleanup_segments(z->run_id, true, NULL, 0);
    if (judged && segments)
        snprintf(r->leaked, sizeof r->leaked, "in /dev/shm: %s", names);
    if (judged && processes)
        snprintf(r->leaked + strlen(r->leaked), sizeof r->leaked - strlen(r->leaked),
                 "%s%u process%s", segments ? "; " : "", processes, processes == 1 ? "" : "es");
    if (!z->c->armed && judged)
        snprintf(r->trouble, sizeof r->trouble,
                 "the first process ended before it was under control (wait status 0x%x)",
                 (unsigned)r->driver_status);
}

/* A fork of the zygote, and a process of ours. */
static int order(struct run_zygote *z, pid_t *pid, struct chip_error *err) {
    int32_t answer;
    if (send(z->order_fd, "f", 1, MSG_NOSIGNAL) != 1 ||
        recv(z->order_fd, &answer, sizeof answer, MSG_WAITALL) != sizeof answer)
        return chip_error_set(err, CHIP_E_OS, "the process that was to be forked ended early");
    if (answer < 0)
        return chip_error_sys(err, -answer, "cannot fork");
    *pid = answer;
    return CHIP_OK;
}

int run_zygote_run(struct run_zygote *z, const struct run_request *q, struct run_record *out,
                   struct chip_error *err) {
    struct supervision s = {.c = z->c,
                            .doorbell_fd = z->doorbell_fd,
                            .watchdog_ns = q->scenario->watchdog_ns,
                            .own = q->scenario->command_count != 0,
                            .record = out};
    uint64_t start_ns = run_now_ns(), rings;
    memset(out, 0, sizeof *out);
    memset(s.pidfd, 0xff, sizeof s.pidfd);
    (void)!read(z->doorbell_fd, &rings, sizeof rings); /* of the run before */
    run_block_clear(z->c, z->steps, z->checks);
    int r = run_block_plan(z->c, q, err);
    if (!r)
        r = order(z, &s.driver, err);
    if (r)
        return r;
    out->control = z->c;
    out->bytes = z->bytes;
    s.driver_pidfd = (int)syscall(SYS_pidfd_open, s.driver, 0);
    run_supervise(&s);
    finish(z, &s);
    if (s.driver_pidfd >= 0)
        close(s.driver_pidfd);
    if (lseek(z->output_fd, 0, SEEK_CUR) > 0) {
        (void)!ftruncate(z->output_fd, 0);
        lseek(z->output_fd, 0, SEEK_SET);
    }
    out->wall_ns = run_now_ns() - start_ns;
    return CHIP_OK;
}

void run_zygote_close(struct run_zygote *z) {
    if (!z)
        return;
    if (z->order_fd >= 0)
        close(z->order_fd);
    if (z->pid > 0) {
        kill(z->pid, SIGKILL);
        while (waitpid(z->pid, NULL, 0) < 0 && errno == EINTR) {
        }
        cleanup_segments(z->run_id, true, NULL, 0);
        guardian_run_over();
    }
    if (z->c)
        munmap(z->c, z->bytes);
    const int fds[] = {z->control_fd, z->doorbell_fd, z->children_fd, z->output_fd};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    free(z);
}
