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

__attribute__((constructor)) static void agent_init(void) {
    const char *text = getenv(CHIP_CONTROL_FD_ENV);
    agent__depth++;
    if (text)
        attach(text);
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

static void name_child(uint32_t point, uint64_t index) {
    if (point == CHIP_POINT_CHILD_START && agent__actor()->kind == CHIP_ACTOR_PROCESS)
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
