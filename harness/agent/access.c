/* SPDX-License-Identifier: Apache-2.0 */
/*
 * access.c - single loads, stores and atomics as points, and polling loops that wait.
 *
 * Instrumented code (`chipharness cc`) announces each access before it makes it. One that other
 * actors can reach is a point: shared mappings, and in a process with several threads all memory
 * but the own stack (there only atomics and volatiles, which somebody else must be meant to see).
 *
 * Guarantees
 *   A1  An access that nobody else can reach gives no point and no event.
 *   A2  The value recorded for a read is the one that the code reads: between the look at it and
 *       the access the turn does not change hands.
 *   A3  An actor that reads the same values at the same places, and nothing else, round after
 *       round, with no write of its own in between, does not use up steps: it is parked until one
 *       of these places is written (ctl_spin_*). Having slept is news; having yielded is not.
 *   A4  How many rounds it may make first is drawn: half of the time one, a quarter two, and so
 *       on. A loop that gives up after some rounds thus also does so while others are on their way.
 */
#include "harness/agent/agent.h"
#include "faults/shim/hooks.h"

#include <string.h>

enum {
    SEEN = 16,    /* reads of one round of a polling loop that are told apart */
    HASHED = 256, /* reads longer than this are never a poll */
    WORK_COST =
        32, /* what a step or an event costs of the budget of a loop that goes round again */
    TICK_FIRST = 1000000 /* ns; a loop that looks at the clock is given time: doubled each time */
};
#define TICK_LAST 1000000000ull

extern void *__libc_stack_end;

struct seen {
    uintptr_t pc;
    uint64_t offset;
    uint64_t value;
    uint32_t object;
    uint32_t bytes;
};

/* The reads since the last news, of this thread. */
struct spin {
    struct seen seen[SEEN];
    uint32_t count, next;
    uint32_t again;  /* repeated reads in a row */
    uint32_t self;   /* whose this is: a forked child starts anew */
    uint32_t rounds; /* of repeated reads before it is parked */
    bool clock;      /* the clock was read as well */
    uint64_t tick;
    uint64_t work; /* work_done() at the last repeated read */
};
static __thread struct spin spin __attribute__((tls_model("initial-exec")));

void agent__spin_forget(void) {
    spin.count = spin.next = spin.again = 0;
    spin.self = agent__self;
    spin.clock = false;
    spin.tick = TICK_FIRST;
    agent__actor()->spin_budget = agent__actor()->spin_grants = 0;
}

void agent__spin_clock(void) {
    spin.clock = true;
}

/* A stack grows down to where we are; above a thread's lies its control block. */
static bool own_stack(const void *at) {
    uintptr_t p = (uintptr_t)at, here = (uintptr_t)__builtin_frame_address(0);
    uintptr_t top = (uintptr_t)__builtin_thread_pointer();
    if (top < here)
        top = (uintptr_t)__libc_stack_end;
    return p >= here && p < top;
}

static bool reachable(const void *at, uint32_t how, uint32_t *object, uint64_t *offset) {
    if ((uintptr_t)at - chipharness_gate.lo >= chipharness_gate.span)
        return false;
    agent__locate(at, object, offset);
    if (*object < AGENT_PRIVATE_OBJECT)
        return true;
    return agent__is_threaded() &&
           ((how & (CHIP_ACCESS_ATOMIC | CHIP_ACCESS_VOLATILE)) || !own_stack(at));
}

/* What the code will read. The bytes may not be there (a segment that was cut short): then the
 * crash is the subject's, and is recorded as such. */
static uint64_t look(const void *at, size_t bytes) {
    uint64_t value = 0;
    agent__depth--;
    if (bytes <= sizeof value) {
        memcpy(&value, at, bytes);
    } else if (bytes <= HASHED) {
        const unsigned char *p = at;
        value = 0xcbf29ce484222325ull;
        for (size_t i = 0; i < bytes; i++)
            value = (value ^ p[i]) * 0x100000001b3ull;
    }
    agent__depth++;
    return value;
}

static struct seen *seen_before(uint32_t object, uint64_t offset, const void *pc) {
    for (uint32_t i = 0; i < spin.count; i++)
        if (spin.seen[i].offset == offset && spin.seen[i].object == object &&
            spin.seen[i].pc == (uintptr_t)pc)
            return &spin.seen[i];
    return NULL;
}

/* A function of the seed and of where the actor is, so that a replay draws the same. */
static uint32_t draw_rounds(void) {
    enum { MOST = 10 };
    const struct chip_control *c = agent__.c;
    uint64_t state = c->seed ^ (uint64_t)agent__self << 48 ^ agent__actor()->steps << 8;
    uint64_t r = ctl_random(&state) | 1ull << MOST;
    return 1u << __builtin_ctzll(r);
}

/* Notes a read; true if nothing of what this actor has read for a whole round is news. */
static bool no_news(const struct seen *read) {
    struct seen *s = seen_before(read->object, read->offset, (const void *)read->pc);
    struct chip_actor *a = agent__actor();
    if (s && s->value == read->value) {
        if (spin.again++ == 0)
            spin.rounds = draw_rounds();
    } else {
        if (!s) {
            s = &spin.seen[spin.next];
            spin.next = (spin.next + 1) % SEEN;
            spin.count += spin.count < SEEN;
        }
        *s = *read;
        spin.again = 0;
        spin.tick = TICK_FIRST;
        a->spin_budget = a->spin_grants = 0;
    }
    a->read_object = read->object;
    a->read_offset = read->offset;
    a->read_value = read->value;
    a->read_pc = read->pc;
    a->read_again = spin.again;
    return spin.again > 0 && spin.again >= spin.count * spin.rounds;
}

static uint64_t work_done(void) {
    return agent__.c->steps + agent__.c->seq;
}

static void park(const struct seen *read) {
    struct chip_control *c = agent__.c;
    uint64_t mask = 0, deadline = CHIP_NO_DEADLINE;
    for (uint32_t i = 0; i < spin.count; i++)
        mask |= ctl_spin_mask(spin.seen[i].object, spin.seen[i].offset, spin.seen[i].bytes);
    if (spin.clock) {
        deadline = c->clock_ns + spin.tick;
        if (spin.tick < TICK_LAST)
            spin.tick *= 2;
    }
    ctl_spin_park(c, agent__self - 1, mask);
    agent__block(CHIP_WAIT_SPIN, read->object, read->offset, read->value, deadline);
    spin.again = 0; /* one round before it is parked again */
    spin.work = work_done();
}

/* Does a loop that was let go round again read the same as before? */
static bool goes_round(const struct seen *read) {
    const struct seen *s = seen_before(read->object, read->offset, (const void *)read->pc);
    return agent__actor()->spin_budget && s && s->value == read->value;
}

/* False: the budget is used up. */
static bool can_pay(void) {
    struct chip_actor *a = agent__actor();
    uint64_t work = work_done(), cost = 1 + (work - spin.work) * WORK_COST;
    spin.work = work;
    a->spin_budget -= cost < a->spin_budget ? (uint32_t)cost : a->spin_budget;
    return a->spin_budget > 0;
}

static void passed(uint32_t how, const uint64_t *field) {
    struct chip_control *c = agent__.c;
    struct chip_actor *a = agent__actor();
    agent__record(CHIP_EV_ACCESS, how, a->stack, field);
    a->pending = 0;
    a->steps++;
    __atomic_store_n(&c->steps, c->steps + 1, __ATOMIC_RELAXED);
    ctl_passed(c, agent__self - 1, CHIP_KIND_ACCESS, how, 0, field, agent__real_ns());
}

/* A read-modify-write is one here until it turns out that it changed something. */
static bool is_read(uint32_t how) {
    return !(how & CHIP_ACCESS_WRITE) || ((how & CHIP_ACCESS_ATOMIC) && (how & CHIP_ACCESS_READ));
}

/* Parks and looks again; true if the place holds something else now. */
static bool park_and_look(const void *at, struct seen *where) {
    uint64_t before = where->value;
    park(where);
    where->value = look(at, where->bytes);
    return where->value != before;
}

/* The turn is here, and the code is about to read. */
static void reads(const void *at, struct seen *where) {
    where->value = look(at, where->bytes);
    if (where->bytes > HASHED)
        agent__spin_forget();
    else if (no_news(where) && park_and_look(at, where))
        no_news(where);
}

static void point(const void *at, struct seen *where, uint32_t how, int order) {
    uint64_t field[CHIP_MATCH_FIELDS] = {where->object, where->offset, 0, 0};
    field[2] = (where->bytes < 0xffff ? where->bytes : 0xffff) | (uint64_t)how << 16 |
               (uint64_t)(uint32_t)order << 24 | (uint64_t)where->bytes << 32;
    bool turn = false;
    if (is_read(how) && agent__actor()->spin_budget) {
        where->value = look(at, where->bytes);
        if (goes_round(where) && (can_pay() || !park_and_look(at, where)))
            return; /* as before: no point */
        turn = true;
    }
    if (!turn)
        agent__arrive(CHIP_KIND_ACCESS, how, field);
    if (is_read(how)) {
        reads(at, where);
    } else {
        agent__spin_forget();
        ctl_spin_wake(agent__.c, where->object, where->offset, where->bytes);
    }
    field[3] = how & CHIP_ACCESS_READ ? where->value : 0;
    passed(how, field);
}

static void fence(int order, const void *pc) {
    (void)pc;
    uint64_t field[CHIP_MATCH_FIELDS] = {0, 0, 0, 0};
    field[2] = (uint64_t)(CHIP_ACCESS_FENCE | CHIP_ACCESS_ATOMIC) << 16 | (uint64_t)(uint32_t)order
                                                                              << 24;
    agent__record(CHIP_EV_ACCESS, CHIP_ACCESS_FENCE | CHIP_ACCESS_ATOMIC, 0, field);
}

AGENT_EXPORT void chipharness_access(const void *at, size_t bytes, uint32_t how, int order,
                                     const void *pc) {
    struct seen where = {.pc = (uintptr_t)pc, .bytes = (uint32_t)bytes};
    if (!chipharness_controlled())
        return;
    if (!(how & CHIP_ACCESS_FENCE) && !reachable(at, how, &where.object, &where.offset))
        return;
    struct agent_in in = agent__enter();
    if (spin.self != agent__self)
        agent__spin_forget();
    if (how & CHIP_ACCESS_FENCE)
        fence(order, pc);
    else
        point(at, &where, how, order);
    agent__leave(in);
}

AGENT_EXPORT void chipharness_access_done(const void *at, size_t bytes, bool changed) {
    uint32_t object;
    uint64_t offset;
    if (!changed || !chipharness_controlled() ||
        !reachable(at, CHIP_ACCESS_ATOMIC, &object, &offset))
        return;
    struct agent_in in = agent__enter();
    agent__spin_forget();
    ctl_spin_wake(agent__.c, object, offset, bytes);
    agent__leave(in);
}
