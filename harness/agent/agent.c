/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent.c - attaching to the run, arming, and the probe's entry.
 */
#include "harness/agent/agent.h"
#include "harness/agent/arm.h"
#include "faults/shim/hooks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct agent agent__ = {.control_fd = -1};
__thread uint32_t agent__self __attribute__((tls_model("initial-exec")));
__thread int agent__depth __attribute__((tls_model("initial-exec")));

struct agent_in agent__enter(void) {
    agent__depth++;
    return (struct agent_in){.saved_errno = errno};
}

void agent__leave(struct agent_in in) {
    errno = in.saved_errno;
    agent__depth--;
}

uint64_t agent__real_ns(void) {
    struct timespec t;
    if (agent__.c->quiet)
        return 0;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

void agent__ring(void) {
    uint64_t one = 1;
    /* A full counter is a bell that rings already. */
    (void)!syscall(SYS_write, agent__.c->doorbell_fd, &one, sizeof one);
}

static void attach(const char *text) {
    char *end;
    long fd = strtol(text, &end, 10);
    struct stat st;
    if (end == text || *end || fd < 0 || fstat((int)fd, &st) != 0 ||
        st.st_size < (off_t)sizeof(struct chip_control)) {
        fprintf(stderr, "chipharness: %s=%s is not a control block\n", CHIP_CONTROL_FD_ENV, text);
        return;
    }
    struct chip_control *c =
        mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, (int)fd, 0);
    if (c == MAP_FAILED) {
        fprintf(stderr, "chipharness: cannot map the control block: %s\n", strerror(errno));
        return;
    }
    if (c->magic != CHIP_CONTRACT_MAGIC || c->version != CHIP_CONTRACT_VERSION ||
        c->bytes_control != sizeof *c || c->bytes_total != (uint64_t)st.st_size) {
        fprintf(stderr, "chipharness: the control block has version %u, this agent speaks %u\n",
                c->version, CHIP_CONTRACT_VERSION);
        munmap(c, (size_t)st.st_size);
        return;
    }
    agent__.c = c;
    agent__.control_fd = (int)fd;
}

/* This process was an actor and has called exec: it goes on as the same one, with the turn. Its
 * other threads ended with the old image. */
static void rejoin(struct chip_control *c) {
    pid_t self = getpid();
    for (uint32_t i = 0; i < c->actor_count && !agent__self; i++)
        if (c->actors[i].pid == self && c->actors[i].process == i &&
            c->actors[i].state != CHIP_STATE_DEAD)
            agent__self = i + 1;
    if (!agent__self)
        return; /* started in a way that is not followed: it runs beside the actors */
    for (uint32_t i = 0; i < c->actor_count; i++)
        if (c->actors[i].process == agent__self - 1 && i != agent__self - 1)
            ctl_actor_dead(c, i, 0, agent__real_ns());
    agent__threads_reset();
    agent__crash_arm();
}

__attribute__((constructor)) static void agent_init(void) {
    const char *text = getenv(CHIP_CONTROL_FD_ENV), *own = getenv(CHIP_AUTO_ARM_ENV);
    agent__depth++;
    if (text)
        attach(text);
    if (agent__.c)
        agent__threads_init();
    agent__.own_program = own && strcmp(own, "1") == 0;
    if (agent__.c && agent__.c->armed)
        rejoin(agent__.c);
    else if (agent__.c && agent__.own_program) {
        chipharness_zygote();
        chipharness_arm(NULL);
    }
    agent__depth--;
}

AGENT_EXPORT int chipharness_arm(agent_watch_fn watch) {
    struct chip_control *c = agent__.c;
    if (!c || c->armed)
        return -1;
    struct agent_in in = agent__enter();
    agent__stack(); /* libunwind sets itself up here, not at the first point */
    c->stack_count = 0;
    uint32_t self = ctl_actor_add(c, CHIP_NO_ACTOR);
    ctl_actor_name(c, self, CHIP_ACTOR_PARENT, 0);
    /* ORDER: release; pairs with the acquire of pid in adopt_new(). Publishes the actor's row;
     * without it the supervisor could watch a row that is not filled in. */
    __atomic_store_n(&c->actors[self].pid, getpid(), __ATOMIC_RELEASE);
    agent__.watch = watch;
    agent__self = self + 1;
    agent__threads_reset();
    agent__crash_arm();
    c->running = self;
    c->armed = 1;
    uint64_t f[CHIP_MATCH_FIELDS] = {self, CHIP_NO_ACTOR};
    agent__record(CHIP_EV_START, 0, 0, f);
    agent__ring();
    agent__leave(in);
    return 0;
}

AGENT_EXPORT void chipharness_note(uint32_t kind, uint64_t a, uint64_t b, uint64_t d, uint64_t e) {
    if (!agent__self)
        return;
    struct agent_in in = agent__enter();
    uint64_t f[CHIP_MATCH_FIELDS] = {a, b, d, e};
    agent__record(kind, 0, 0, f);
    agent__leave(in);
}

AGENT_EXPORT struct chip_control *chipharness_control(void) {
    return agent__.c;
}

bool chipharness_controlled(void) {
    return agent__self != 0 && agent__depth == 0;
}

/* What a child says of itself counts more than the order in which children were forked. */
static void name_child(uint32_t point, uint64_t index) {
    const struct chip_actor *a = agent__actor();
    if (point != CHIP_POINT_CHILD_START)
        return;
    if (a->kind == CHIP_ACTOR_PROCESS ||
        (agent__.own_program && a->kind == CHIP_ACTOR_RANK && a->index != (uint32_t)index))
        ctl_actor_name(agent__.c, agent__self - 1, CHIP_ACTOR_RANK, (uint32_t)index);
}

AGENT_EXPORT void chipharness_point(uint32_t point, uint64_t a, uint64_t b, uint64_t c,
                                    uint64_t d) {
    if (!chipharness_controlled() || point >= CHIP_POINT_COUNT)
        return;
    struct agent_in in = agent__enter();
    uint64_t field[CHIP_MATCH_FIELDS] = {a, b, c, d};
    name_child(point, a);
    agent__arrive(CHIP_KIND_PROBE, point, field);
    agent__pass(NULL, NULL);
    agent__leave(in);
}
