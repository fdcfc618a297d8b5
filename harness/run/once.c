/* SPDX-License-Identifier: Apache-2.0 */
/* once.c - one run, from an empty machine to an empty machine. */
#include "harness/run/run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void note_leaks(struct run_record *r, uint64_t run_id, pid_t session) {
    char names[CHIP_TEXT_LEN - 64] = "";
    /* Only where the run came to its end by itself: what a stopped run still has is no leak. */
    if (r->control->outcome != CHIP_OUT_FINISHED)
        return;
    /* A driver that the plan killed cannot remove the stagings, which are the scenario's own. */
    if (r->control->actors[0].planned_death)
        cleanup_stagings(run_id);
    unsigned segments = cleanup_segments(run_id, false, names, sizeof names);
    unsigned processes = cleanup_session(session, false);
    if (segments)
        snprintf(r->leaked, sizeof r->leaked, "in /dev/shm: %s", names);
    if (processes)
        snprintf(r->leaked + strlen(r->leaked), sizeof r->leaked - strlen(r->leaked),
                 "%s%u process%s", segments ? "; " : "", processes, processes == 1 ? "" : "es");
}

#define END_WAIT_NS 30000000000ull

static void end_processes(struct supervision *s, pid_t session) {
    __atomic_store_n(&s->c->stop, 1, __ATOMIC_RELAXED);
    for (uint32_t i = 0; i < CHIP_MAX_ACTORS; i++) {
        if (s->pidfd[i] < 0)
            continue;
        syscall(SYS_pidfd_send_signal, s->pidfd[i], SIGKILL, NULL, 0);
        close(s->pidfd[i]);
    }
    if (!s->driver_gone)
        kill(s->driver, SIGKILL);
    /* Until they are gone, not only killed: a call that was under way when the signal came may
     * still make a name in /dev/shm. The bound is for a process that the kernel cannot end. */
    uint64_t give_up_ns = run_now_ns() + END_WAIT_NS;
    while (run_now_ns() < give_up_ns) {
        int status;
        pid_t pid;
        while ((pid = waitpid(-session, &status, WNOHANG)) > 0 ||
               (pid = waitpid(s->driver, &status, WNOHANG)) > 0)
            if (pid == s->driver && !s->driver_gone) {
                s->driver_gone = true;
                s->record->driver_status = status;
            }
        if (s->driver_gone && cleanup_session(session, true) == 0)
            return;
        struct timespec pause = {0, 1000000};
        nanosleep(&pause, NULL);
    }
}

/* Children of the run whose parent is gone are ours; the guardian and others are not touched. */
static void reap_orphans(const struct supervision *s) {
    for (uint32_t i = 0; i < s->c->actor_count && i < CHIP_MAX_ACTORS; i++)
        if (s->c->actors[i].pid > 0 && s->c->actors[i].pid != s->driver)
            waitpid(s->c->actors[i].pid, NULL, WNOHANG);
}

static void supervise(struct supervision *s, uint64_t run_id) {
    s->driver_pidfd = (int)syscall(SYS_pidfd_open, s->driver, 0);
    run_supervise(s);
    note_leaks(s->record, run_id, s->driver);
    end_processes(s, s->driver);
    reap_orphans(s);
    if (s->driver_pidfd >= 0)
        close(s->driver_pidfd);
    if (!s->c->armed && s->c->outcome == CHIP_OUT_FINISHED)
        snprintf(s->record->trouble, sizeof s->record->trouble,
                 "%s ended before it was under control (wait status 0x%x)%s",
                 s->own ? "the program" : "the driver", (unsigned)s->record->driver_status,
                 s->own ? ": not there, linked statically, or set-user-id" : "");
}

int run_once(const struct run_request *q, struct run_record *out, struct chip_error *err) {
    struct supervision s = {.driver_pidfd = -1,
                            .watchdog_ns = q->scenario->watchdog_ns,
                            .own = q->scenario->command_count != 0};
    uint64_t run_id = 0, start = run_now_ns();
    int control_fd = -1;
    memset(out, 0, sizeof *out);
    memset(s.pidfd, 0xff, sizeof s.pidfd);
    s.record = out;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    int r = guardian_ensure(err);
    if (r)
        return r;
    if (getrandom(&run_id, sizeof run_id, 0) != sizeof run_id)
        return chip_error_sys(err, errno, "getrandom");
    run_id |= 1; /* 0 means none */
    s.doorbell_fd = eventfd(0, EFD_NONBLOCK);
    if (s.doorbell_fd < 0)
        return chip_error_sys(err, errno, "eventfd");
    out->control = run_block_make(q, run_id, RUN_FD_DOORBELL, &control_fd, &out->bytes, err);
    if (!out->control) {
        r = err ? err->code : CHIP_E_OS;
        goto close_doorbell;
    }
    s.c = out->control;
    guardian_run_begins(run_id);
    r = run_spawn(q, control_fd, s.doorbell_fd, -1, &s.driver, err);
    if (r)
        goto run_over;
    supervise(&s, run_id);
    cleanup_segments(run_id, true, NULL, 0);
    out->wall_ns = run_now_ns() - start;
run_over:
    guardian_run_over();
    close(control_fd);
    if (r)
        run_record_free(out);
close_doorbell:
    close(s.doorbell_fd);
    return r;
}

void run_record_free(struct run_record *r) {
    if (r->control)
        munmap(r->control, r->bytes);
    r->control = NULL;
}
