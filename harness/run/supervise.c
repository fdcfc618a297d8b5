/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervise.c - watches the processes of a run and repairs the turn when its holder dies.
 *
 * The supervisor takes no part in a step. It touches the control block under the turn only while
 * the holder is dead: then nobody else does (control.h G1).
 */
#include "harness/run/run.h"
#include "harness/run/hang.h"
#include "harness/control/control.h"
#include "harness/control/procstat.h"

#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TICK_MS = 50 };

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal) {
    interrupted = signal;
}

void run_interrupt_install(void) {
    struct sigaction act;
    memset(&act, 0, sizeof act);
    act.sa_handler = on_interrupt;
    sigemptyset(&act.sa_mask);
    /* Once: a second Ctrl-C ends the harness at once, and the guardian cleans up. */
    act.sa_flags = (int)SA_RESETHAND;
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGHUP, &act, NULL);
}

bool run_interrupted(void) {
    return interrupted != 0;
}

static void sup_give_turn(struct chip_control *c, uint32_t to) {
    __atomic_store_n(&c->running, to, __ATOMIC_RELAXED);
    uint32_t *go = &c->actors[to].go;
    /* ORDER: release; pairs with the acquire of `go` in agent__await_turn(). Publishes the repairs
     * made on behalf of the dead holder. */
    __atomic_store_n(go, 1, __ATOMIC_RELEASE);
    syscall(SYS_futex, go, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static bool over(const struct chip_control *c) {
    return __atomic_load_n(&c->outcome, __ATOMIC_RELAXED) != CHIP_OUT_RUNNING;
}

/* The holder of the turn is dead: bury it, and let the schedule go on. */
static void repair_turn(struct supervision *s) {
    struct chip_control *c = s->c;
    uint32_t holder = __atomic_load_n(&c->running, __ATOMIC_RELAXED);
    while (!over(c) && c->armed && c->actors[holder].died) {
        ctl_actor_dead(c, holder, c->actors[holder].status, run_now_ns());
        uint32_t next = ctl_choose(c, holder, run_now_ns());
        if (next == CHIP_NO_ACTOR)
            return;
        sup_give_turn(c, next);
        holder = next;
    }
}

/* A process is gone, with all its threads. status: -1 if it is not known. */
static void process_died(struct chip_control *c, uint32_t process, int status) {
    for (uint32_t i = 0; i < c->actor_count; i++) {
        struct chip_actor *a = &c->actors[i];
        if (a->process != process)
            continue;
        /* The first thread's may have ended long before the process did. */
        if ((a->state != CHIP_STATE_DEAD || i == process) && status != -1)
            a->status = status;
        /* ORDER: release; pairs with the acquire in bury(). Publishes status. */
        __atomic_store_n(&a->died, 1, __ATOMIC_RELEASE);
    }
}

/* Opens a pidfd for every process that has a pid and none yet. */
static void adopt_new(struct supervision *s) {
    uint32_t n = __atomic_load_n(&s->c->actor_count, __ATOMIC_RELAXED);
    for (uint32_t i = 0; i < n && i < CHIP_MAX_ACTORS; i++) {
        struct chip_actor *a = &s->c->actors[i];
        /* ORDER: acquire; pairs with the release of pid in chipharness_fork_parent() and in
         * chipharness_arm(). Makes the actor's row visible. */
        pid_t pid = __atomic_load_n(&a->pid, __ATOMIC_ACQUIRE);
        if (s->pidfd[i] >= 0 || pid <= 0 || a->died || a->process != i)
            continue;
        s->pidfd[i] = (int)syscall(SYS_pidfd_open, pid, 0);
        /* Ended and reaped before it was looked at. Whoever saw it end knows its status. */
        if (s->pidfd[i] < 0 && errno == ESRCH)
            process_died(s->c, i, -1);
    }
}

static bool sent_by_subject(const struct chip_control *c, uint32_t actor) {
    for (uint32_t i = 0; i < c->actor_count; i++) {
        const struct chip_event *e = chip_control_log((struct chip_control *)(uintptr_t)c, i);
        for (uint64_t k = 0; k < c->actors[i].log_count; k++)
            if (e[k].kind == CHIP_EV_CALL && e[k].point == CHIP_CALL_kill && e[k].f[2] == actor)
                return true;
    }
    return false;
}

static void on_death(struct supervision *s, uint32_t i) {
    struct chip_actor *a = &s->c->actors[i];
    int status = -1;
    /* Ours are the driver, and children whose parent died before them. */
    pid_t reaped = waitpid(a->pid, &status, WNOHANG);
    if (reaped != a->pid)
        status = procstat_exit_status(a->pid);
    if (a->pid == s->driver) {
        s->record->driver_status = status;
        s->driver_gone = true;
    }
    close(s->pidfd[i]);
    s->pidfd[i] = -1;
    process_died(s->c, i, status);
}

/* Somebody outside the run killed it: what it did is then no finding about the subject. */
static void note_outside_kills(struct supervision *s) {
    struct chip_control *c = s->c;
    for (uint32_t i = 0; i < c->actor_count && i < 64; i++) {
        const struct chip_actor *a = &c->actors[i];
        int signal = a->status != -1 && WIFSIGNALED(a->status) ? WTERMSIG(a->status) : 0;
        if (a->died && a->process == i && !a->planned_death &&
            (signal == SIGKILL || signal == SIGTERM) && !sent_by_subject(c, i))
            s->record->killed_outside |= 1ull << i;
    }
}

static void describe_holder(struct supervision *s) {
    char call[256], who[64];
    uint32_t holder = __atomic_load_n(&s->c->running, __ATOMIC_RELAXED);
    const struct chip_actor *a = &s->c->actors[holder];
    pid_t pid = !s->c->armed ? s->driver : a->tid ? a->tid : a->pid;
    if (a->kind == CHIP_ACTOR_RANK)
        snprintf(who, sizeof who, "rank %u", a->index);
    else
        snprintf(who, sizeof who, holder == 0 ? "parent" : "process %u", holder);
    bool read = procstat_read(pid, "syscall", call, sizeof call);
    long number;
    if (procstat_who(pid).state == 'R' || !read || sscanf(call, "%ld", &number) != 1)
        snprintf(s->record->outside, sizeof s->record->outside, "%s runs without reaching a point",
                 who);
    else
        snprintf(s->record->outside, sizeof s->record->outside,
                 "%s is blocked in system call %ld, which the harness does not control", who,
                 number);
}

static void watchdog(struct supervision *s) {
    uint64_t steps = __atomic_load_n(&s->c->steps, __ATOMIC_RELAXED);
    uint64_t now = run_now_ns();
    if (steps != s->last_steps || s->last_change_ns == 0) {
        s->last_steps = steps;
        s->last_change_ns = now;
        return;
    }
    if (now - s->last_change_ns < s->watchdog_ns || over(s->c))
        return;
    describe_holder(s);
    ctl_end(s->c, CHIP_OUT_OUTSIDE);
}

/* It is dead. If it never became an actor there is nothing to repair and nothing to wait for; if
 * it did, a whole run may have passed since the look at `armed`, and its death is on_death()'s. */
static void driver_exited(struct supervision *s) {
    int status = -1;
    if (s->c->armed || waitpid(s->driver, &status, WNOHANG) != s->driver)
        return;
    s->driver_gone = true;
    s->record->driver_status = status;
    ctl_end(s->c, CHIP_OUT_FINISHED);
}

void run_supervise(struct supervision *s) {
    struct chip_control *c = s->c;
    while (!over(c)) {
        struct pollfd fds[CHIP_MAX_ACTORS + 2];
        uint32_t who[CHIP_MAX_ACTORS + 2];
        nfds_t n = 0;
        adopt_new(s);
        fds[n++] = (struct pollfd){.fd = s->doorbell_fd, .events = POLLIN};
        if (!c->armed && s->driver_pidfd >= 0) {
            who[n] = CHIP_NO_ACTOR;
            fds[n++] = (struct pollfd){.fd = s->driver_pidfd, .events = POLLIN};
        }
        for (uint32_t i = 0; i < CHIP_MAX_ACTORS; i++) {
            if (s->pidfd[i] < 0)
                continue;
            who[n] = i;
            fds[n++] = (struct pollfd){.fd = s->pidfd[i], .events = POLLIN};
        }
        int ready = poll(fds, n, TICK_MS);
        if (run_interrupted())
            ctl_end(c, CHIP_OUT_INTERRUPTED);
        uint64_t rings;
        if (ready > 0 && fds[0].revents)
            (void)!read(s->doorbell_fd, &rings, sizeof rings);
        for (nfds_t i = 1; ready > 0 && i < n; i++) {
            if (fds[i].revents && who[i] == CHIP_NO_ACTOR)
                driver_exited(s);
            else if (fds[i].revents)
                on_death(s, who[i]);
        }
        repair_turn(s);
        watchdog(s);
    }
    note_outside_kills(s);
    hang_read_words(c);
}
