/* SPDX-License-Identifier: Apache-2.0 */
/*
 * threads.c - threads as actors, and waiting for what they share.
 *
 * Guarantees
 *   T1  A thread is an actor from its creation: it has its place in the table before the real
 *       pthread_create(), so that numbers do not depend on when the kernel starts it.
 *   T2  It gives the turn on as the last thing before its end, after the destructors of its
 *       thread-specific data; who gets the turn waits until the kernel has let it go.
 *   T3  The last thread of a process keeps the turn: the supervisor sees the process end.
 *   T4  Nobody blocks for real: a wait is a wait in virtual time, and who is woken looks again.
 */
#include "harness/agent/agent.h"
#include "faults/shim/hooks.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

static uint32_t alive; /* threads of this process that are actors and have not ended */
static pthread_key_t end_key;
static bool end_key_made;

static void set_alive(uint32_t n) {
    alive = n;
    agent__several_threads(n > 1);
}

static void thread_end(void) {
    struct chip_control *c = agent__.c;
    uint32_t self = agent__self - 1;
    struct chip_actor *a = agent__actor();
    agent__depth++; /* until its end */
    set_alive(alive - 1);
    if (alive == 0) {
        a->state = CHIP_STATE_EXITING;
        return;
    }
    ctl_actor_dead(c, self, 0, agent__real_ns());
    c->leaving_tid = a->tid;
    uint32_t next = ctl_choose(c, self, agent__real_ns());
    if (next == CHIP_NO_ACTOR)
        agent__ring();
    else
        agent__give_turn(next);
    agent__self = 0;
}

/* libunwind keeps a cache for each thread, and frees it as the thread ends, with calls that look
 * like the subject's. The key of that cache; the cache stays, as long as the process. */
static pthread_key_t unwind_key;
static bool unwind_key_found;

/* Its set-up in this thread, and in the process, happens here. */
static void find_unwind_key(void) {
    void *before[PTHREAD_KEYS_MAX];
    for (unsigned k = 0; k < PTHREAD_KEYS_MAX; k++)
        before[k] = pthread_getspecific(k);
    agent__stack_prepare();
    for (unsigned k = 0; k < PTHREAD_KEYS_MAX && !unwind_key_found; k++) {
        unwind_key = k;
        unwind_key_found = !before[k] && pthread_getspecific(k);
    }
}

/* Called in every round of destructors, before all others, as its key is the oldest; only in the
 * last round have all others run. */
static void on_round(void *round) {
    uintptr_t n = (uintptr_t)round;
    if (unwind_key_found)
        pthread_setspecific(unwind_key, NULL);
    if (!agent__self)
        return;
    if (n < PTHREAD_DESTRUCTOR_ITERATIONS)
        pthread_setspecific(end_key, (void *)(n + 1));
    else
        thread_end();
}

static void watch_end(void) {
    if (end_key_made)
        pthread_setspecific(end_key, (void *)1);
}

void agent__threads_reset(void) {
    set_alive(1);
    agent__actor()->tid = (int32_t)syscall(SYS_gettid);
    watch_end();
}

void agent__threads_init(void) {
    end_key_made = pthread_key_create(&end_key, on_round) == 0;
    find_unwind_key();
}

int chipharness_thread_prepare(uint32_t *actor) {
    int fail_errno = chipharness_call_enter(CHIP_CALL_pthread_create, NULL);
    if (fail_errno)
        return fail_errno;
    struct agent_in in = agent__enter();
    struct chip_control *c = agent__.c;
    uint32_t i = ctl_actor_add(c, agent__self - 1);
    if (i != CHIP_NO_ACTOR) {
        struct chip_actor *a = &c->actors[i];
        a->kind = CHIP_ACTOR_THREAD;
        a->process = agent__actor()->process;
        /* ORDER: release; pairs with the acquire of pid in adopt_new(). Publishes `process`;
         * without it the supervisor could take the thread for a process of its own. */
        __atomic_store_n(&a->pid, getpid(), __ATOMIC_RELEASE);
        set_alive(alive + 1);
    }
    *actor = i;
    agent__leave(in);
    return i == CHIP_NO_ACTOR ? EAGAIN : 0;
}

void chipharness_thread_created(uint32_t actor, int error) {
    struct agent_in in = agent__enter();
    if (error) {
        agent__.c->actor_count--; /* it was the newest: nobody else ran */
        set_alive(alive - 1);
    } else {
        uint64_t f[CHIP_MATCH_FIELDS] = {actor, agent__self - 1};
        agent__record(CHIP_EV_START, 0, agent__actor()->stack, f);
    }
    agent__leave(in);
    chipharness_call_leave(CHIP_CALL_pthread_create, error, error, actor, 0);
}

void chipharness_thread_begin(uint32_t actor) {
    struct agent_in in = agent__enter();
    agent__self = actor + 1;
    watch_end();
    agent__actor()->tid = (int32_t)syscall(SYS_gettid);
    agent__await_turn();
    agent__leave(in);
}

bool chipharness_thread_here(uint32_t actor) {
    const struct chip_control *c = agent__.c;
    return actor < c->actor_count && c->actors[actor].process == agent__actor()->process;
}

int chipharness_thread_wait(uint32_t actor, uint64_t deadline) {
    struct agent_in in = agent__enter();
    const struct chip_actor *a = &agent__.c->actors[actor];
    uint32_t self = agent__self - 1;
    int error = 0;
    if (actor == self || (a->state == CHIP_STATE_WAITING && a->wait_kind == CHIP_WAIT_JOIN &&
                          a->wait_object == self))
        error = EDEADLK;
    else if (a->state != CHIP_STATE_DEAD)
        error = deadline <= agent__.c->clock_ns
                    ? ETIMEDOUT
                    : agent__block(CHIP_WAIT_JOIN, actor, 0, 0, deadline);
    if (!error && a->state != CHIP_STATE_DEAD)
        error = EAGAIN;
    agent__leave(in);
    return error;
}

void chipharness_thread_cancelled(uint32_t actor) {
    ctl_interrupt(agent__.c, actor);
}

pid_t chipharness_tid(void) {
    return agent__actor()->tid;
}

/* ---- synchronisation objects ---- */

bool chipharness_sync_enter(uint32_t call, const void *object, int *planned) {
    uint32_t id;
    uint64_t offset;
    *planned = 0;
    agent__locate(object, &id, &offset);
    if (id >= AGENT_PRIVATE_OBJECT && alive < 2 && !chipharness_call_planned(call))
        return false;
    *planned = chipharness_call_enter(call, NULL);
    return true;
}

void chipharness_sync_leave(uint32_t call, int64_t result, int error, const void *object) {
    uint32_t id;
    uint64_t offset;
    agent__locate(object, &id, &offset);
    chipharness_call_leave(call, result, error, id, offset);
}

static uint32_t actor_of_thread(pid_t tid) {
    const struct chip_control *c = agent__.c;
    for (uint32_t i = c->actor_count; tid > 0 && i-- > 0;)
        if (c->actors[i].tid == tid)
            return i;
    return CHIP_NO_ACTOR;
}

int chipharness_sync_wait(uint32_t kind, const void *object, pid_t owner_tid, uint64_t deadline) {
    struct agent_in in = agent__enter();
    uint32_t id;
    uint64_t offset;
    int result = ETIMEDOUT;
    if (deadline <= agent__.c->clock_ns) {
        agent__reschedule(); /* over already; and yet the others have had their chance */
    } else {
        uint32_t owner = actor_of_thread(owner_tid);
        agent__locate(object, &id, &offset);
        agent__actor()->wait_owner = owner;
        result = agent__block(kind, id, offset, owner, deadline);
    }
    agent__leave(in);
    return result;
}

uint32_t chipharness_sync_wake(uint32_t kind, const void *object, uint32_t n) {
    struct agent_in in = agent__enter();
    uint32_t id;
    uint64_t offset;
    agent__locate(object, &id, &offset);
    uint32_t woken = ctl_wake_kind(agent__.c, kind, id, offset, n);
    /* Only here can a wake-up be lost: a lock or a semaphore remembers. */
    if (kind == CHIP_WAIT_COND) {
        uint64_t f[CHIP_MATCH_FIELDS] = {id, offset, woken, n};
        agent__record(CHIP_EV_WAKE, kind, agent__actor()->stack, f);
    }
    agent__leave(in);
    return woken;
}

bool chipharness_barrier(const void *object, uint32_t count) {
    struct agent_in in = agent__enter();
    uint32_t id;
    uint64_t offset;
    agent__locate(object, &id, &offset);
    bool last = ctl_barrier(agent__.c, id, offset, count);
    if (!last)
        agent__block(CHIP_WAIT_BARRIER, id, offset, count, CHIP_NO_DEADLINE);
    agent__leave(in);
    return last;
}

/* ---- descriptors ---- */

int chipharness_io_wait(uint32_t kind, int fd, uint64_t deadline) {
    struct agent_in in = agent__enter();
    struct chip_control *c = agent__.c;
    int result = deadline <= c->clock_ns
                     ? ETIMEDOUT
                     : agent__block(kind, 0, (uint64_t)(int64_t)fd, c->steps, deadline);
    agent__leave(in);
    return result;
}

void chipharness_io_changed(void) {
    ctl_wake_all_of(agent__.c, CHIP_WAIT_IO);
    ctl_wake_all_of(agent__.c, CHIP_WAIT_POLL);
}
