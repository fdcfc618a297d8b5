/* SPDX-License-Identifier: Apache-2.0 */
/*
 * contract.h - the one memory layout that the runtime's probes, the preloaded shims, the agent,
 * the supervisor and the reports share.
 *
 * It lies in a memfd (CHIPHARNESS_CONTROL_FD) that the supervisor makes, sizes and maps, and that
 * every process of a run inherits and maps: a control block, then the choices, the stacks and one
 * event log for each actor. After the run the same bytes are the recording that reports read.
 *
 * Words used below for "who may touch a field when":
 *   supervisor, before   written by the supervisor before the first process of the subject
 *                        starts, read-only afterwards
 *   turn                 read and written by the actor that holds the turn, and by nobody else.
 *                        While the holder is dead (or has not started) the supervisor holds it.
 *   atomic               any process at any time, by atomic access only
 *   after                read by the supervisor and the reports when the run is over
 * Integers are little-endian and of fixed width; no pointer is stored. Change the layout, the
 * point table's order or the meaning of a field: bump CHIP_CONTRACT_VERSION. A reader that meets
 * another version stops with one sentence.
 */
#ifndef CHIP_CONTRACT_H
#define CHIP_CONTRACT_H

#include <chip/points.h>
#include <stddef.h>
#include <stdint.h>

#define CHIP_CONTRACT_MAGIC   0x314e525448504943ull /* "CIPHTRN1" */
#define CHIP_CONTRACT_VERSION 2u
#define CHIP_CONTROL_FD_ENV   "CHIPHARNESS_CONTROL_FD"
#define CHIP_AUTO_ARM_ENV     "CHIPHARNESS_AUTO_ARM" /* 1: the first process arms itself */
#define CHIP_SEGMENT_PREFIX   "chr-" /* of every name that a run makes in /dev/shm */

enum {
    CHIP_MAX_ACTORS = 96, /* processes and threads that one run may ever start */
    CHIP_MAX_HOLDS = 32,
    CHIP_MAX_FAULTS = 32,
    CHIP_MAX_OBJECTS = 512,  /* shared objects: segments, memfds, anonymous shared mappings */
    CHIP_MAX_SEGMENTS = 256, /* names made in /dev/shm */
    CHIP_MAX_RESULTS = 256,  /* steps of the parent */
    CHIP_MAX_MODULES = 64,
    CHIP_MAX_STACKS = 4096,
    CHIP_MAX_FRAMES = 24,
    CHIP_MAX_CHOICES = 1 << 18,
    CHIP_LOG_EVENTS = 1 << 15, /* events that one actor's log can hold */
    CHIP_NAME_LEN = 64,
    CHIP_TEXT_LEN = 1024,
    CHIP_MATCH_FIELDS = 4
};

#define CHIP_NO_ACTOR    0xffffffffu
#define CHIP_NO_DEADLINE UINT64_MAX
#define CHIP_ANY         UINT64_MAX /* in a match: any value, any occurrence */

/* Who an actor is. A label is kind and index; a child that is started again has the same label
 * and the next incarnation. */
#define CHIP_ACTOR_KINDS(X)                                              \
    X(NONE, "none")                                                      \
    X(PARENT, "parent")                                                  \
    X(RANK, "rank")                                                      \
    X(PROCESS, "process") /* forked, and not yet named by child.start */ \
    X(SUPERVISOR, "supervisor")                                          \
    X(ANY, "any")                                                        \
    X(THREAD, "thread") /* any of a process but its first; index: the actor */

#define CHIP_ACTOR_STATES(X)                                                                    \
    X(FREE, "free")                                                                             \
    X(RUNNABLE, "runnable")                                                                     \
    X(WAITING, "waiting")                                                                       \
    X(EXITING, "exiting") /* asked to die; holds the turn until the supervisor saw its death */ \
    X(DEAD, "dead")

#define CHIP_WAIT_KINDS(X)                                  \
    X(NONE, "nothing")                                      \
    X(FUTEX, "futex")                                       \
    X(SLEEP, "sleep")                                       \
    X(CHILD, "child exit")                                  \
    X(POLL, "poll")                                         \
    X(SPIN, "a change of memory") /* parked polling loop */ \
    X(MUTEX, "mutex")                                       \
    X(RWLOCK, "rwlock")                                     \
    X(COND, "condition variable")                           \
    X(SEM, "semaphore")                                     \
    X(BARRIER, "barrier")                                   \
    X(ONCE, "once")                                         \
    X(JOIN, "thread exit")                                  \
    X(IO, "input or output")

/* Kinds of point. ACCESS is for the control of single loads and stores. */
#define CHIP_POINT_KINDS(X) \
    X(PROBE, "probe")       \
    X(CALL, "call")         \
    X(ACCESS, "access")

/* X(ID, "word"): kinds of recorded event, with what the fields f[0..3] hold. */
#define CHIP_EVENT_KINDS(X)                                                                      \
    X(POINT, "point")       /* point: enum chip_point; f: the probe's fields */                  \
    X(CALL, "call")         /* point: enum chip_call; f: result, errno, arg, arg */              \
    X(WAIT, "wait")         /* point: enum chip_wait_kind; f: object, offset, value, deadline */ \
    X(WAKE, "wake")         /* f: object, offset, how many woken, asked for */                   \
    X(TIMEOUT, "timeout")   /* point: enum chip_wait_kind; f: object, offset, deadline */        \
    X(CLOCK, "clock")       /* virtual time jumped; f: from, to */                               \
    X(HOLD, "hold")         /* f: hold index; the actor is held from here */                     \
    X(HOLD_MET, "hold-met") /* f: hold index; the condition came true */                         \
    X(HOLD_ENDED, "hold-ended") /* f: hold index; nobody else could run, let go */               \
    X(FAULT, "fault")           /* f: fault index, action, value */                              \
    X(START, "start")           /* f: actor started, by actor */                                 \
    X(EXIT, "exit")             /* f: actor, status as waitpid gives it, 0 */                    \
    X(STEP, "step")             /* parent's step begins; f: step index */                        \
    X(RESULT, "result")         /* parent's step is over; f: step index, code */                 \
    X(CHECK, "check")           /* comparison; f: check index, equal, first bad offset, bytes */ \
    X(ACCESS, "access")         /* f: object, offset, size and kind, value */                    \
    X(CRASH, "crash")           /* f: signal; the stack is where it happened */

/* The libc calls that a shim can see, fail and record. Their shims are generated from the table
 * in faults/shim/calls.h, which must have the same names. Append only. */
/* clang-format off */
#define CHIP_CALLS(X)                                                                           \
    X(shm_open) X(shm_unlink) X(mmap) X(munmap) X(ftruncate) X(posix_fallocate) X(memfd_create) \
    X(fork)                                                                                     \
    X(waitpid) X(kill) X(_exit) X(nanosleep) X(clock_nanosleep) X(usleep) X(clock_gettime)      \
    X(gettimeofday) X(time) X(getrandom) X(futex) X(close) X(open) X(read) X(write) X(pipe)     \
    X(sched_yield) X(poll) X(sigaction) X(pthread_create) X(pthread_join) X(pthread_detach)     \
    X(pthread_mutex_lock) X(pthread_mutex_trylock) X(pthread_mutex_timedlock)                   \
    X(pthread_mutex_unlock) X(pthread_rwlock_rdlock) X(pthread_rwlock_tryrdlock)                \
    X(pthread_rwlock_timedrdlock) X(pthread_rwlock_wrlock) X(pthread_rwlock_trywrlock)          \
    X(pthread_rwlock_timedwrlock) X(pthread_rwlock_unlock) X(pthread_cond_wait)                 \
    X(pthread_cond_timedwait) X(pthread_cond_signal) X(pthread_cond_broadcast)                  \
    X(pthread_barrier_wait) X(pthread_once) X(sem_wait) X(sem_trywait) X(sem_timedwait)         \
    X(sem_post) X(ppoll) X(select) X(epoll_wait) X(eventfd) X(pipe2) X(waitid) X(wait4)
/* clang-format on */

#define CHIP_FAULT_ACTIONS(X) \
    X(NONE, "none")           \
    X(ERRNO, "errno")         \
    X(KILL, "kill")           \
    X(DELAY, "delay")

/* How a run ended, as the control code saw it. Verdicts are made from this later. */
#define CHIP_OUTCOMES(X)                                                                 \
    X(RUNNING, "running")                                                                \
    X(FINISHED, "finished")       /* every process of the subject is gone */             \
    X(HANG, "hang")               /* all wait and there is no deadline */                \
    X(TIME_LIMIT, "time limit")   /* the clock would pass the scenario's time_limit */   \
    X(STEP_LIMIT, "step limit")   /* more steps than step_limit */                       \
    X(DIVERGED, "diverged")       /* a replay met another point than the one recorded */ \
    X(OUTSIDE, "outside control") /* watchdog: no step, and the turn's holder lives */   \
    X(OVERFULL, "overfull")       /* a table of this file was full */                    \
    X(INTERRUPTED, "interrupted")

enum chip_actor_kind {
#define CHIP_X(id, ...) CHIP_ACTOR_##id,
    CHIP_ACTOR_KINDS(CHIP_X)
#undef CHIP_X
        CHIP_ACTOR_KIND_COUNT
};
enum chip_actor_state {
#define CHIP_X(id, ...) CHIP_STATE_##id,
    CHIP_ACTOR_STATES(CHIP_X)
#undef CHIP_X
        CHIP_STATE_COUNT
};
enum chip_wait_kind {
#define CHIP_X(id, ...) CHIP_WAIT_##id,
    CHIP_WAIT_KINDS(CHIP_X)
#undef CHIP_X
        CHIP_WAIT_COUNT
};
enum chip_point_kind {
#define CHIP_X(id, ...) CHIP_KIND_##id,
    CHIP_POINT_KINDS(CHIP_X)
#undef CHIP_X
        CHIP_KIND_COUNT
};
enum chip_event_kind {
#define CHIP_X(id, ...) CHIP_EV_##id,
    CHIP_EVENT_KINDS(CHIP_X)
#undef CHIP_X
        CHIP_EV_COUNT
};
enum chip_call {
#define CHIP_X(id) CHIP_CALL_##id,
    CHIP_CALLS(CHIP_X)
#undef CHIP_X
        CHIP_CALL_COUNT
};
enum chip_fault_action {
#define CHIP_X(id, ...) CHIP_FAULT_##id,
    CHIP_FAULT_ACTIONS(CHIP_X)
#undef CHIP_X
        CHIP_FAULT_ACTION_COUNT
};
enum chip_outcome {
#define CHIP_X(id, ...) CHIP_OUT_##id,
    CHIP_OUTCOMES(CHIP_X)
#undef CHIP_X
        CHIP_OUT_COUNT
};

/* "Actor A at point P": the one selector that holds, faults and orders share. */
struct chip_match {
    uint32_t actor_kind;               /* enum chip_actor_kind; ANY matches all */
    uint32_t actor_index;              /* of that kind */
    uint32_t point_kind;               /* enum chip_point_kind */
    uint32_t point;                    /* enum chip_point, or enum chip_call */
    uint64_t occurrence;               /* counted from 0 for each label and point; CHIP_ANY */
    uint64_t field[CHIP_MATCH_FIELDS]; /* value that the field must have; CHIP_ANY */
};
_Static_assert(sizeof(struct chip_match) == 56, "contract: chip_match");

/* A line of the scenario's script. Plan: supervisor, before. Progress: turn, after. */
struct chip_hold {
    struct chip_match before;  /* plan: who is held, and where */
    struct chip_match until;   /* plan: what lets it go (that point passed) */
    uint64_t until_time_ns;    /* plan: or this much virtual time; CHIP_NO_DEADLINE: no such limit.
                                  With a limit the clock may jump while the hold stands. */
    uint32_t clock_runs;       /* plan: 1: deadlines of others may pass while the hold stands */
    uint32_t reached;          /* progress: 0 nobody came there; 1 the actor came when the
                                  condition was true already; 2 it was held */
    uint32_t active;           /* progress: 1 while it is held */
    uint32_t met;              /* progress: 1 once the condition came true */
    uint32_t ended;            /* progress: 1 if it was let go because nobody else could run */
    uint32_t held_actor;       /* progress: the actor held */
    uint64_t held_since_ns;    /* progress: virtual */
    uint64_t steps_while_held; /* progress: steps of others while it stood; 0 means no effect */
};
_Static_assert(sizeof(struct chip_hold) == 160, "contract: chip_hold");

/* A planned fault. Plan: supervisor, before. Progress: turn, after. */
struct chip_fault {
    struct chip_match at;     /* plan: point_kind CALL: which call; PROBE: where a KILL strikes */
    uint32_t action;          /* plan: enum chip_fault_action */
    int32_t error;            /* plan: errno for ERRNO */
    uint64_t delay_ns;        /* plan: for DELAY, virtual */
    uint64_t times;           /* plan: how often it strikes; CHIP_ANY: always */
    char path[CHIP_NAME_LEN]; /* plan: fnmatch pattern on the call's path; "" for any */
    uint32_t fired;           /* progress: how often it struck */
    uint32_t reserved;
    uint64_t seen; /* progress: matching calls so far */
};
_Static_assert(sizeof(struct chip_fault) == 160, "contract: chip_fault");

/* One actor. */
struct chip_actor {
    uint32_t go;          /* atomic, futex word: 1 = the turn is yours; the actor sets it to 0 */
    uint32_t state;       /* turn: enum chip_actor_state; supervisor sets DEAD at any time */
    uint32_t kind;        /* turn: enum chip_actor_kind */
    uint32_t index;       /* turn: of that kind */
    uint32_t incarnation; /* turn: 0 for the first with this label */
    int32_t pid;          /* atomic: written by the forking actor and by the child, same value */
    uint32_t forked_by;   /* turn: actor, CHIP_NO_ACTOR for the parent */
    int32_t status;       /* supervisor: wait status, valid when DEAD */
    /* where it is: written at each point, before the turn is given on */
    uint32_t point_kind;               /* turn */
    uint32_t point;                    /* turn */
    uint64_t field[CHIP_MATCH_FIELDS]; /* turn: the fields of the pending point */
    uint32_t pending;                  /* turn: 1 while it stands before that point */
    uint32_t stack;                    /* turn: its stack there */
    uint64_t steps;                    /* turn: points passed */
    /* what it waits for, valid in WAITING */
    uint32_t wait_kind;     /* turn: enum chip_wait_kind */
    uint32_t wait_object;   /* turn: object; CHILD, JOIN: the actor whose exit is awaited */
    uint64_t wait_offset;   /* turn */
    uint64_t wait_value;    /* turn */
    uint64_t wait_deadline; /* turn: virtual ns, CHIP_NO_DEADLINE for none */
    uint32_t wait_result;   /* turn: written by who makes it runnable: 1 woken, 2 timed out,
                               3 goes round again (SPIN) */
    uint32_t held_by;       /* turn: hold index + 1, 0 for none */
    int32_t tid;            /* turn: of the thread; equal to pid for the first of a process */
    uint32_t process;       /* turn: the actor that is the first thread of its process */
    /* the last read by an access point: a polling loop reads the same again (SPIN) */
    uint64_t read_offset;  /* turn */
    uint64_t read_value;   /* turn: hash of the bytes */
    uint64_t read_pc;      /* turn: code address, in this process */
    uint32_t read_object;  /* turn */
    uint32_t read_again;   /* turn: how often in a row; 0 after a write of its own */
    uint64_t wait_seq;     /* turn: event number of the wait; who waited first is woken first */
    uint64_t wait_address; /* turn: FUTEX: where the word is in this process */
    uint64_t word_now;     /* supervisor, after a hang: what the word holds then */
    uint32_t word_known;   /* supervisor: 1 if word_now could be read */
    uint32_t wait_owner;   /* turn: MUTEX, RWLOCK, ONCE: the actor that has it; CHIP_NO_ACTOR */
    /* its log */
    uint64_t log_count;                                  /* turn: events in its log */
    uint64_t log_lost;                                   /* turn: events that did not fit */
    uint32_t passed[CHIP_POINT_COUNT + CHIP_CALL_COUNT]; /* turn: occurrences, probes then calls */
    uint32_t planned_death; /* turn: 1 if a fault of the plan killed it */
    uint32_t died;          /* atomic: set by the supervisor when it saw the death of an actor that
                               did not hold the turn; the holder then makes it DEAD */
    /* parked in SPIN (harness/control/spin.c) */
    uint64_t spin_mask;   /* turn: what it reads in its loop; a bit for each eight bytes, hashed */
    uint64_t spin_steps;  /* turn: steps of those not parked, when it was */
    uint32_t spin_budget; /* turn: reads that it may make again before it is parked again */
    uint32_t spin_grants; /* turn: how often it was let go on without a write since it read news */
};

/* A shared object, found by device and inode; numbered in order of first sight. turn. */
struct chip_object {
    uint64_t dev;
    uint64_t ino;
    uint64_t bytes;
    char name[CHIP_NAME_LEN]; /* shm name, or "anonymous" */
};

/* A name in /dev/shm that the subject made. turn. What is really left is found by the prefix. */
struct chip_segment {
    uint32_t state;   /* 0 free, 1 exists, 2 unlinked by the subject */
    uint32_t creator; /* actor */
    uint64_t ino;
    char name[CHIP_NAME_LEN]; /* as the subject gave it, with the leading slash */
};

/* What a step of the parent came to. Written by the parent under its turn. after. */
struct chip_step_result {
    uint32_t done;            /* 1 when the step returned */
    int32_t code;             /* enum chip_status */
    char text[CHIP_TEXT_LEN]; /* error text, "" if none */
};

/* A comparison of bytes. Written by the parent under its turn. after. */
struct chip_check_result {
    uint32_t done;        /* times made */
    uint32_t failed;      /* times unequal */
    uint64_t bytes;       /* length compared */
    uint64_t bad_offset;  /* of the first failing comparison */
    uint64_t bad_bytes;   /* how many bytes differed in it */
    uint8_t expected[16]; /* from bad_offset on */
    uint8_t observed[16];
    uint64_t seq; /* event number of the first failing comparison */
};

/* A loaded object. turn (added by who first sees a code address in it). */
struct chip_module {
    uint64_t base; /* load bias */
    uint64_t end;
    char path[256];
};

struct chip_stack {
    uint32_t depth;
    uint32_t hash;
    uint32_t module[CHIP_MAX_FRAMES]; /* index into modules, 0xffffffff unknown */
    uint64_t offset[CHIP_MAX_FRAMES]; /* return address - module base; innermost first */
};

/* One choice: at step `step` actor `from` stood at a point and the turn went to `to`. Choices are
 * recorded only where more than one actor could run. A replay reads the same array. */
struct chip_choice {
    uint64_t step;
    uint16_t from;
    uint16_t to;
    uint16_t point_kind;
    uint16_t point;
};
_Static_assert(sizeof(struct chip_choice) == 16, "contract: chip_choice");

/* Who could have been chosen: bit i of word i / 64 is actor i. One for each chip_choice. turn */
struct chip_option {
    uint64_t mask[2];
};
_Static_assert(CHIP_MAX_ACTORS <= 128, "contract: chip_option");

/* One recorded event. real_ns is the only field that two equal runs do not share. */
struct chip_event {
    uint64_t seq; /* over all actors, from 0 */
    uint64_t virtual_ns;
    uint64_t real_ns; /* CLOCK_MONOTONIC */
    uint16_t actor;
    uint16_t kind; /* enum chip_event_kind */
    uint32_t point;
    uint32_t stack;      /* index + 1 into the stacks, 0 none */
    uint32_t occurrence; /* of this point for this label, from 0 */
    uint64_t f[CHIP_MATCH_FIELDS];
};
_Static_assert(sizeof(struct chip_event) == 72, "contract: chip_event");

/* A forced switch: where its place is met, the turn goes to `to`. A place is where an actor gives
 * the turn, in words that outlive a change of the schedule elsewhere. Place and to: supervisor,
 * before; the rest: turn, after. */
struct chip_switch {
    uint16_t from;       /* the actor that gives the turn */
    uint16_t to;         /* who gets it */
    uint16_t point_kind; /* the point where `from` stands, or the last that it passed */
    uint16_t point;
    uint32_t occurrence; /* of that point for `from`; an access: the steps of `from` before */
    uint16_t waits;      /* 1: it has passed that point, and waits or has ended */
    uint16_t again;      /* how often it gave the turn there before */
    uint32_t used;       /* enum chip_switch_use */
    uint16_t instead;    /* who would have gone on, and where that one stood */
    uint16_t instead_kind;
    uint32_t instead_occurrence;
    uint16_t instead_point;
    uint16_t instead_waits;
    uint64_t seq; /* number of the next event when it was met */
};
_Static_assert(sizeof(struct chip_switch) == 40, "contract: chip_switch");
enum chip_switch_use {
    CHIP_SWITCH_UNMET = 0,
    CHIP_SWITCH_TAKEN,
    CHIP_SWITCH_IDLE,   /* the turn would have gone there anyway */
    CHIP_SWITCH_CANNOT, /* the one to get the turn could not run */
};
enum { CHIP_MAX_SWITCHES = 1 << 16 };

enum chip_strategy {
    CHIP_STRATEGY_RANDOM = 0,
    CHIP_STRATEGY_REPLAY = 1,
    CHIP_STRATEGY_PCT = 2, /* priorities with depth - 1 change points */
    CHIP_STRATEGY_POS = 3, /* partial order sampling */
    CHIP_STRATEGY_DFS = 4, /* follows replay choices as a prefix, then goes on without preemption */
    CHIP_STRATEGY_GUIDED = 5 /* without preemption but for the forced switches. With replay choices:
                                follows those, and notes down the switches that they amount to */
};
enum { CHIP_MAX_CHANGES = 16 };

/* What an access is. Fields of its point and event: object; offset; size, at most 0xffff, | enum
 * chip_access << 16 | C11 memory order << 24 | whole size << 32; what was read, or a hash of it if
 * it has more than 8 bytes. The value of a write is not known when it is announced: 0. The point's
 * number is the enum chip_access. */
enum chip_access {
    CHIP_ACCESS_READ = 1,
    CHIP_ACCESS_WRITE = 2, /* both: read-modify-write */
    CHIP_ACCESS_ATOMIC = 4,
    CHIP_ACCESS_VOLATILE = 8,
    CHIP_ACCESS_RANGE = 16, /* memcpy and the like */
    CHIP_ACCESS_FENCE = 32
};

struct chip_control {
    uint64_t magic;         /* supervisor, before */
    uint32_t version;       /* supervisor, before */
    uint32_t bytes_control; /* supervisor, before: sizeof(struct chip_control), cross-checked */
    uint64_t off_choices;   /* supervisor, before: byte offsets of the areas in the memfd */
    uint64_t off_stacks;    /* supervisor, before */
    uint64_t off_logs;      /* supervisor, before: CHIP_LOG_EVENTS events for each actor */
    uint64_t bytes_total;   /* supervisor, before */

    uint64_t seed;          /* supervisor, before */
    uint32_t strategy;      /* supervisor, before: enum chip_strategy */
    int32_t doorbell_fd;    /* supervisor, before: eventfd inherited by all: "look at me" */
    uint64_t time_limit_ns; /* supervisor, before: virtual */
    uint64_t step_limit;    /* supervisor, before */
    uint64_t dma_chunk;     /* supervisor, before: bytes a DMA step moves, 0 = whole */
    int32_t supervisor_pid; /* supervisor, before */
    uint32_t stop;          /* atomic: 1 = the run is over, nobody takes the turn any more */

    uint32_t armed;         /* turn: 0 until the parent asks for control */
    uint32_t outcome;       /* turn: enum chip_outcome; set once, then the doorbell rings */
    uint32_t running;       /* atomic: the actor that holds the turn */
    uint32_t actor_count;   /* turn */
    uint64_t rng;           /* turn: state of the one generator of choices */
    uint64_t rng_subject;   /* turn: state of the generator behind getrandom() */
    uint64_t clock_ns;      /* turn: virtual time since the start */
    uint64_t seq;           /* turn: number of the next event */
    uint64_t steps;         /* turn: points passed by all (atomic read by the watchdog) */
    uint64_t switches;      /* turn */
    uint64_t choice_count;  /* turn: choices recorded */
    uint64_t choice_lost;   /* turn */
    uint64_t replay_count;  /* supervisor, before: choices to follow */
    uint64_t replay_next;   /* turn */
    uint64_t diverged_step; /* turn: where a replay left the record */
    uint32_t stack_count;   /* turn */
    uint32_t stack_lost;    /* turn */
    uint32_t module_count;  /* turn */
    uint32_t object_count;  /* turn */
    uint32_t segment_count; /* turn */
    uint32_t hold_count;    /* supervisor, before */
    uint32_t fault_count;   /* supervisor, before */
    uint32_t driver_done;   /* turn: 1 when the parent went through all its steps */
    uint32_t overfull;      /* turn: which table was full, 0 none */
    int32_t zygote_fd;  /* supervisor, before: a process is forked off here for each run; 0: none */
    uint32_t quiet;     /* supervisor, before: 1 = no stacks and no real time: for exploring
                           fast. Events and choices are recorded all the same */
    uint32_t pct_depth; /* supervisor, before: PCT: bugs of this depth */
    uint64_t pct_steps; /* supervisor, before: PCT: steps that a run is expected to have */
    uint64_t pct_change[CHIP_MAX_CHANGES]; /* turn: steps at which a priority drops */
    uint64_t priority[CHIP_MAX_ACTORS];    /* turn: PCT, POS; 0: none yet */
    uint64_t run_id;      /* supervisor, before: random, unique on this machine. The shims put
                             "chr-<16 hex digits>-" in front of every name in /dev/shm, so that
                             runs never meet and what one leaves behind is known as its own */
    uint64_t off_options; /* supervisor, before: a chip_option for each choice; 0: not kept */

    struct chip_actor actors[CHIP_MAX_ACTORS];
    struct chip_hold holds[CHIP_MAX_HOLDS];
    struct chip_fault faults[CHIP_MAX_FAULTS];
    struct chip_object objects[CHIP_MAX_OBJECTS];
    struct chip_segment segments[CHIP_MAX_SEGMENTS];
    struct chip_step_result results[CHIP_MAX_RESULTS];
    struct chip_check_result checks[CHIP_MAX_RESULTS];
    struct chip_module modules[CHIP_MAX_MODULES];
    int32_t leaving_tid; /* turn: a thread that gave the turn on at its end; who gets the turn waits
                            until the kernel has let it go. 0: none */
    uint32_t switch_count; /* GUIDED: supervisor, before; with replay choices: turn */
    uint64_t off_switches; /* supervisor, before: of the area of chip_switch */
};
_Static_assert(offsetof(struct chip_control, seed) == 48, "contract: chip_control head");
_Static_assert(offsetof(struct chip_control, actors) == 1168, "contract: chip_control tables");
_Static_assert(sizeof(struct chip_actor) % 8 == 0, "contract: chip_actor");

static inline struct chip_choice *chip_control_choices(struct chip_control *c) {
    return (struct chip_choice *)(void *)((char *)c + c->off_choices);
}
static inline struct chip_option *chip_control_options(struct chip_control *c) {
    return (struct chip_option *)(void *)((char *)c + c->off_options);
}
static inline struct chip_switch *chip_control_switches(struct chip_control *c) {
    return (struct chip_switch *)(void *)((char *)c + c->off_switches);
}
static inline struct chip_stack *chip_control_stacks(struct chip_control *c) {
    return (struct chip_stack *)(void *)((char *)c + c->off_stacks);
}
static inline struct chip_event *chip_control_log(struct chip_control *c, uint32_t actor) {
    return (struct chip_event *)(void *)((char *)c + c->off_logs) + (size_t)actor * CHIP_LOG_EVENTS;
}

#endif
