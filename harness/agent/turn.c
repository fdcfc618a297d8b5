/* SPDX-License-Identifier: Apache-2.0 */
/*
 * turn.c - holding the turn and giving it on: one futex hand-over a switch (control.h G1).
 */
#include "harness/agent/agent.h"
#include "harness/control/procstat.h"

#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* How often a waiting actor looks whether there still is a supervisor. */
enum { LOOK_S = 2 };

/* Supervisor and guardian are both gone (killed together): nobody will ever give a turn or clean
 * up. The run is over, and so is this process. */
static void end_if_abandoned(void) {
    if (syscall(SYS_kill, agent__.c->supervisor_pid, 0) != 0 && errno == ESRCH)
        syscall(SYS_kill, getpid(), SIGKILL);
}

static void futex_wait_raw(uint32_t *word, uint32_t value) {
    const struct timespec look = {LOOK_S, 0};
    if (syscall(SYS_futex, word, FUTEX_WAIT, value, &look, NULL, 0) != 0 && errno == ETIMEDOUT)
        end_if_abandoned();
}

/* A thread that has ended is let go by the kernel only after it gave the turn on: its robust locks
 * are marked on the way. Nobody runs beside it. */
static void see_off_thread(void) {
    struct chip_control *c = agent__.c;
    pid_t tid = c->leaving_tid;
    c->leaving_tid = 0;
    while (tid && syscall(SYS_tkill, tid, 0) == 0 && procstat_who(tid).state != 'Z')
        sched_yield();
}

void agent__await_turn(void) {
    struct chip_actor *a = agent__actor();
    /* ORDER: acquire; pairs with the release of `go` in agent__give_turn() and in the supervisor's
     * sup_give_turn(). Makes all that the last holder did visible; without it this actor could
     * act on an old schedule. */
    while (__atomic_load_n(&a->go, __ATOMIC_ACQUIRE) != 1)
        futex_wait_raw(&a->go, 0);
    __atomic_store_n(&a->go, 0, __ATOMIC_RELAXED);
    see_off_thread();
}

void agent__give_turn(uint32_t to) {
    struct chip_control *c = agent__.c;
    c->switches++;
    __atomic_store_n(&c->running, to, __ATOMIC_RELAXED);
    uint32_t *go = &c->actors[to].go;
    /* ORDER: release; pairs with the acquire in agent__await_turn(). Publishes the control block
     * as this actor leaves it. */
    __atomic_store_n(go, 1, __ATOMIC_RELEASE);
    syscall(SYS_futex, go, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* Gives the turn to whom the schedule says and returns when it comes back. */
void agent__reschedule(void) {
    struct chip_control *c = agent__.c;
    uint32_t self = agent__self - 1;
    uint32_t next = ctl_choose(c, self, agent__real_ns());
    if (next == self)
        return;
    if (next == CHIP_NO_ACTOR) {
        /* The run is over; the supervisor judges it and ends every process. */
        agent__ring();
        agent__await_turn();
        return;
    }
    agent__give_turn(next);
    agent__await_turn();
}

void agent__record(uint32_t kind, uint32_t point, uint32_t stack, const uint64_t *f) {
    struct chip_event e = {.kind = (uint16_t)kind, .point = point, .stack = stack};
    e.real_ns = agent__real_ns();
    memcpy(e.f, f, sizeof e.f);
    ctl_record(agent__.c, agent__self - 1, &e);
}

void agent__arrive(uint32_t kind, uint32_t point, const uint64_t *field) {
    struct chip_actor *a = agent__actor();
    a->point_kind = kind;
    a->point = point;
    memcpy(a->field, field, sizeof a->field);
    a->stack = agent__stack();
    a->pending = 1;
    agent__reschedule();
}

static void die_as_planned(uint32_t fault) {
    struct chip_actor *a = agent__actor();
    for (uint32_t i = 0; i < agent__.c->actor_count; i++)
        if (agent__.c->actors[i].process == a->process)
            agent__.c->actors[i].planned_death = 1;
    /* The turn stays here until the supervisor has seen the death, so that nobody runs beside a
     * process that is half gone. */
    a->state = CHIP_STATE_EXITING;
    (void)fault;
    for (;;)
        syscall(SYS_kill, getpid(), SIGKILL);
}

static bool fault_strikes(struct chip_fault *f, uint64_t occurrence, const char *path) {
    const struct chip_actor *a = agent__actor();
    struct chip_match m = f->at;
    m.occurrence = CHIP_ANY; /* counted here, among the calls that fit */
    if (f->action == CHIP_FAULT_NONE ||
        !ctl_match(&m, a, a->point_kind, a->point, occurrence, a->field))
        return false;
    if (f->path[0] && (!path || fnmatch(f->path, path, 0) != 0))
        return false;
    uint64_t nth = f->seen++;
    uint64_t first = f->at.occurrence == CHIP_ANY ? 0 : f->at.occurrence;
    if (nth < first || (f->times != CHIP_ANY && nth - first >= f->times))
        return false;
    f->fired++;
    return true;
}

static void apply_faults(uint64_t occurrence, const char *path, int *fail_errno) {
    struct chip_control *c = agent__.c;
    for (uint32_t i = 0; i < c->fault_count; i++) {
        struct chip_fault *f = &c->faults[i];
        if (!fault_strikes(f, occurrence, path))
            continue;
        uint64_t value = f->action == CHIP_FAULT_DELAY ? f->delay_ns : (uint64_t)(int64_t)f->error;
        uint64_t fields[CHIP_MATCH_FIELDS] = {i, f->action, value, 0};
        agent__record(CHIP_EV_FAULT, agent__actor()->point, agent__actor()->stack, fields);
        if (f->action == CHIP_FAULT_KILL)
            die_as_planned(i);
        else if (f->action == CHIP_FAULT_DELAY)
            agent__block(CHIP_WAIT_SLEEP, 0, 0, 0, c->clock_ns + f->delay_ns);
        else if (fail_errno)
            *fail_errno = f->error;
    }
}

void agent__pass(const char *path, int *fail_errno) {
    struct chip_control *c = agent__.c;
    struct chip_actor *a = agent__actor();
    uint32_t self = agent__self - 1;
    uint32_t slot = ctl_point_slot(a->point_kind, a->point);
    uint64_t occurrence = a->passed[slot];
    if (a->point_kind == CHIP_KIND_PROBE) {
        struct chip_event e = {.kind = CHIP_EV_POINT, .point = a->point, .stack = a->stack};
        e.occurrence = (uint32_t)occurrence;
        e.real_ns = agent__real_ns();
        memcpy(e.f, a->field, sizeof e.f);
        ctl_record(c, self, &e);
    }
    apply_faults(occurrence, path, fail_errno);
    a->pending = 0;
    a->passed[slot]++;
    a->steps++;
    __atomic_store_n(&c->steps, c->steps + 1, __ATOMIC_RELAXED);
    ctl_passed(c, self, a->point_kind, a->point, occurrence, a->field, agent__real_ns());
    if (agent__.watch)
        agent__.watch(a->point_kind, a->point, occurrence, a->field);
}

int agent__block(uint32_t wait_kind, uint32_t object, uint64_t offset, uint64_t value,
                 uint64_t deadline) {
    struct chip_control *c = agent__.c;
    struct chip_actor *a = agent__actor();
    if (wait_kind != CHIP_WAIT_SPIN)
        agent__spin_forget();
    a->state = CHIP_STATE_WAITING;
    a->wait_kind = wait_kind;
    a->wait_object = object;
    a->wait_offset = offset;
    a->wait_value = value;
    a->wait_deadline = deadline;
    a->wait_result = 0;
    a->wait_seq = c->seq;
    a->stack = agent__stack();
    uint64_t f[CHIP_MATCH_FIELDS] = {object, offset, value, deadline};
    agent__record(CHIP_EV_WAIT, wait_kind, a->stack, f);
    agent__reschedule();
    a->wait_kind = CHIP_WAIT_NONE;
    if (a->wait_result == 2) {
        f[2] = deadline;
        f[3] = 0;
        agent__record(CHIP_EV_TIMEOUT, wait_kind, 0, f);
    }
    return a->wait_result == 2 ? ETIMEDOUT : 0;
}
