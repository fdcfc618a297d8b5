/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent.h - inside of libchipagent.so, the part of the harness that lives in every process of a
 * run: it holds and gives the turn, records, and captures stacks.
 *
 * It is preloaded, is disarmed until the parent arms it, never ends the host, allocates nothing on
 * the way through a point, and keeps errno. Everything below is called with the turn.
 */
#ifndef HARNESS_AGENT_H
#define HARNESS_AGENT_H

#include "harness/control/control.h"

#include <sys/types.h>

#define AGENT_EXPORT __attribute__((visibility("default")))

/* What the driver does at the points of its own process (compare bytes, say). Runs with the turn,
 * outside control; must not wait. */
typedef void (*agent_watch_fn)(uint32_t point_kind, uint32_t point, uint64_t occurrence,
                               const uint64_t *field);

struct agent {
    struct chip_control *c; /* NULL: not part of a run */
    int control_fd;
    agent_watch_fn watch;
    bool own_program; /* no driver: this process armed itself, or one before it did */
};
extern struct agent agent__;

/* The calling thread's actor number + 1; 0 for a thread that is not an actor. */
extern __thread uint32_t agent__self __attribute__((tls_model("initial-exec")));
/* > 0 while the thread is inside the agent. */
extern __thread int agent__depth __attribute__((tls_model("initial-exec")));

/* Wraps every entry: remembers errno, blocks recursion. Usage: struct agent_in in = agent__enter()
 */
struct agent_in {
    int saved_errno;
};
struct agent_in agent__enter(void);
void agent__leave(struct agent_in in);

static inline struct chip_actor *agent__actor(void) {
    return &agent__.c->actors[agent__self - 1];
}

uint64_t agent__real_ns(void);
void agent__ring(void); /* "look at me" to the supervisor */

/* turn.c */
void agent__arrive(uint32_t kind, uint32_t point, const uint64_t *field);
void agent__pass(const char *path, int *fail_errno);
int agent__block(uint32_t wait_kind, uint32_t object, uint64_t offset, uint64_t value,
                 uint64_t deadline);
void agent__await_turn(void);
void agent__give_turn(uint32_t to);
void agent__reschedule(void);
void agent__record(uint32_t kind, uint32_t point, uint32_t stack, const uint64_t *f);

/* stacks.c */
uint32_t agent__stack(void);
/* libunwind sets itself up for this thread. Stores nothing. */
void agent__stack_prepare(void);

/* objects.c: the object and offset behind an address of this process. */
void agent__locate(const void *at, uint32_t *object, uint64_t *offset);
/* Numbers of objects from here on are private memory: this + the process's actor. */
#define AGENT_PRIVATE_OBJECT 0xffff0000u
/* This process has, or no longer has, more than one thread: its private memory is shared. */
void agent__several_threads(bool several);
bool agent__is_threaded(void);

/* access.c: the calling thread has waited for something: what it reads next is news. */
void agent__spin_forget(void);
/* The calling thread has read the clock: a polling loop may end when time passes. */
void agent__spin_clock(void);

/* threads.c: a process of one thread starts here. */
void agent__threads_reset(void);
/* Once, early in a process that takes part in a run. */
void agent__threads_init(void);

/* crash.c */
void agent__crash_arm(void);

#endif
