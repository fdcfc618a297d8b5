/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calls.c - the hooks behind the shims: libc calls as points, and calls that may block turned into
 * waits in virtual time.
 */
#include "harness/agent/agent.h"
#include "faults/shim/hooks.h"
#include "harness/control/procstat.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int chipharness_call_enter(uint32_t call, const char *path) {
    static const uint64_t none[CHIP_MATCH_FIELDS];
    struct agent_in in = agent__enter();
    int fail_errno = 0;
    agent__arrive(CHIP_KIND_CALL, call, none);
    agent__pass(path, &fail_errno);
    agent__leave(in);
    return fail_errno;
}

void chipharness_call_leave(uint32_t call, int64_t result, int error, uint64_t arg0,
                            uint64_t arg1) {
    struct agent_in in = agent__enter();
    struct chip_actor *a = agent__actor();
    struct chip_event e = {.kind = CHIP_EV_CALL, .point = call, .stack = a->stack};
    e.real_ns = agent__real_ns();
    e.occurrence = a->passed[ctl_point_slot(CHIP_KIND_CALL, call)] - 1;
    e.f[0] = (uint64_t)result;
    e.f[1] = (uint64_t)error;
    e.f[2] = arg0;
    e.f[3] = arg1;
    ctl_record(agent__.c, agent__self - 1, &e);
    agent__leave(in);
}

bool chipharness_call_planned(uint32_t call) {
    const struct chip_control *c = agent__.c;
    for (uint32_t i = 0; i < c->fault_count; i++)
        if (c->faults[i].at.point_kind == CHIP_KIND_CALL && c->faults[i].at.point == call)
            return true;
    return false;
}

uint64_t chipharness_clock_ns(void) {
    agent__spin_clock();
    return agent__.c->clock_ns;
}

static uint64_t deadline_in(uint64_t ns) {
    uint64_t now = agent__.c->clock_ns;
    return ns > CHIP_NO_DEADLINE - 1 - now ? CHIP_NO_DEADLINE : now + ns;
}

void chipharness_sleep(uint64_t ns) {
    struct agent_in in = agent__enter();
    agent__block(CHIP_WAIT_SLEEP, 0, 0, ns, deadline_in(ns));
    agent__leave(in);
}

void chipharness_yield(void) {
    chipharness_call_enter(CHIP_CALL_sched_yield, NULL);
}

int chipharness_futex_wait(const void *word, uint32_t value, uint64_t timeout_ns) {
    int planned = chipharness_call_enter(CHIP_CALL_futex, NULL);
    if (planned)
        return planned;
    struct agent_in in = agent__enter();
    int result = EAGAIN;
    /* ORDER: acquire; pairs with agent__give_turn(): the kernel's FUTEX_WAIT compares under a lock
     * of its own, and the turn plays that part here. */
    if (__atomic_load_n((const uint32_t *)word, __ATOMIC_ACQUIRE) == value) {
        uint32_t object;
        uint64_t offset;
        agent__locate(word, &object, &offset);
        agent__actor()->wait_address = (uintptr_t)word;
        result = agent__block(CHIP_WAIT_FUTEX, object, offset, value,
                              timeout_ns == CHIP_NO_DEADLINE ? CHIP_NO_DEADLINE
                                                             : deadline_in(timeout_ns));
    }
    agent__leave(in);
    return result;
}

int chipharness_futex_wake(const void *word, uint32_t n) {
    int planned = chipharness_call_enter(CHIP_CALL_futex, NULL);
    if (planned)
        return -planned;
    struct agent_in in = agent__enter();
    uint32_t object;
    uint64_t offset;
    agent__locate(word, &object, &offset);
    uint32_t woken = ctl_wake(agent__.c, object, offset, n);
    uint64_t f[CHIP_MATCH_FIELDS] = {object, offset, woken, n};
    agent__record(CHIP_EV_WAKE, 0, agent__actor()->stack, f);
    agent__leave(in);
    return (int)woken;
}

/* A thread of that process that has not ended; CHIP_NO_ACTOR: the process is gone. */
static uint32_t living_thread(uint32_t process) {
    const struct chip_control *c = agent__.c;
    for (uint32_t i = process; i < c->actor_count; i++)
        if (c->actors[i].process == process && c->actors[i].state != CHIP_STATE_DEAD)
            return i;
    return CHIP_NO_ACTOR;
}

/* Of the living children of this process: how many, and an actor of one of them. */
static uint32_t living_children(uint32_t *one) {
    const struct chip_control *c = agent__.c;
    uint32_t n = 0, process = agent__actor()->process;
    for (uint32_t i = 0; i < c->actor_count; i++) {
        const struct chip_actor *a = &c->actors[i];
        bool child = a->process == i && a->forked_by != CHIP_NO_ACTOR &&
                     c->actors[a->forked_by].process == process;
        uint32_t living = child ? living_thread(i) : CHIP_NO_ACTOR;
        if (living == CHIP_NO_ACTOR)
            continue;
        *one = living;
        n++;
    }
    return n;
}

bool chipharness_wait_child(void) {
    struct agent_in in = agent__enter();
    uint32_t child = CHIP_NO_ACTOR;
    uint32_t n = living_children(&child);
    if (n)
        agent__block(CHIP_WAIT_CHILD, n == 1 ? child : CHIP_NO_ACTOR, 0, 0, CHIP_NO_DEADLINE);
    agent__leave(in);
    return n > 0;
}

/* The slot of the child that is being forked, known to both sides of the fork. */
static uint32_t forked_slot;

/* In an own program the children of the first process are rank 0, 1, ... as they are forked. */
static void name_by_order(struct chip_control *c, uint32_t actor) {
    uint32_t before = 0;
    if (c->actors[actor].forked_by != 0)
        return;
    for (uint32_t i = 0; i < actor; i++)
        before += c->actors[i].forked_by == 0 && c->actors[i].process == i;
    ctl_actor_name(c, actor, CHIP_ACTOR_RANK, before);
}

int chipharness_fork_prepare(void) {
    int fail_errno = chipharness_call_enter(CHIP_CALL_fork, NULL);
    if (fail_errno)
        return fail_errno;
    struct agent_in in = agent__enter();
    forked_slot = ctl_actor_add(agent__.c, agent__self - 1);
    if (agent__.own_program && forked_slot != CHIP_NO_ACTOR)
        name_by_order(agent__.c, forked_slot);
    agent__leave(in);
    return forked_slot == CHIP_NO_ACTOR ? EAGAIN : 0;
}

void chipharness_fork_parent(pid_t pid) {
    struct agent_in in = agent__enter();
    struct chip_control *c = agent__.c;
    if (pid < 0) {
        c->actor_count--; /* it was the newest: nobody else ran */
    } else {
        /* ORDER: release; pairs with the acquire of pid in adopt_new(). The child writes the same
         * value, so that its death can be seen whichever of the two comes first. */
        __atomic_store_n(&c->actors[forked_slot].pid, pid, __ATOMIC_RELEASE);
        uint64_t f[CHIP_MATCH_FIELDS] = {forked_slot, agent__self - 1};
        agent__record(CHIP_EV_START, 0, agent__actor()->stack, f);
        agent__ring();
    }
    agent__leave(in);
}

void chipharness_fork_child(void) {
    struct agent_in in = agent__enter();
    agent__self = forked_slot + 1;
    agent__.watch = NULL; /* the driver's, and it stays with the driver */
    struct chip_actor *a = agent__actor();
    __atomic_store_n(&a->pid, getpid(), __ATOMIC_RELAXED);
    agent__threads_reset(); /* of the threads, the one that forked is there */
    agent__await_turn();
    agent__leave(in);
}

/* Would this signal kill the process: neither caught, ignored nor blocked there? */
static bool signal_kills(pid_t pid, int signal) {
    if (signal == SIGKILL)
        return true;
    struct procstat_signals s;
    if (signal == 0 || signal == SIGCONT || signal == SIGCHLD || signal == SIGSTOP ||
        !procstat_signals(pid, &s))
        return false;
    uint64_t bit = 1ull << (signal - 1);
    return !((s.caught | s.ignored | s.blocked) & bit);
}

static void await_death(uint32_t actor, pid_t pid) {
    struct chip_control *c = agent__.c;
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (fd >= 0) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        while (poll(&p, 1, -1) < 0 && errno == EINTR) {
        }
        syscall(SYS_close, fd);
    }
    ctl_actor_dead(c, actor, procstat_exit_status(pid), agent__real_ns());
}

void chipharness_signalled(pid_t pid, int signal) {
    struct agent_in in = agent__enter();
    struct chip_control *c = agent__.c;
    for (uint32_t i = 0; i < c->actor_count; i++) {
        struct chip_actor *a = &c->actors[i];
        if (a->state == CHIP_STATE_DEAD || a->pid <= 0 || a->process == agent__actor()->process)
            continue;
        bool aimed_at = pid > 0 ? a->pid == pid : pid < -1 ? getpgid(a->pid) == -pid : false;
        if (aimed_at && signal_kills(a->pid, signal))
            await_death(i, a->pid);
    }
    agent__leave(in);
}

int64_t chipharness_actor_of(pid_t pid) {
    const struct chip_control *c = agent__.c;
    for (uint32_t i = c->actor_count; i-- > 0;)
        if (c->actors[i].pid == pid && c->actors[i].process == i)
            return i;
    return -1;
}

void chipharness_exiting(void) {
    (void)chipharness_call_enter(CHIP_CALL__exit, NULL);
    struct agent_in in = agent__enter();
    agent__actor()->state = CHIP_STATE_EXITING;
    agent__leave(in);
}

void chipharness_random(void *buf, size_t bytes) {
    struct agent_in in = agent__enter();
    unsigned char *p = buf;
    for (size_t done = 0; done < bytes;) {
        uint64_t v = ctl_random(&agent__.c->rng_subject);
        size_t n = bytes - done < sizeof v ? bytes - done : sizeof v;
        memcpy(p + done, &v, n);
        done += n;
    }
    agent__leave(in);
}

bool chipharness_own_fd(int fd) {
    return agent__.c && (fd == agent__.control_fd || fd == agent__.c->doorbell_fd);
}
