/* SPDX-License-Identifier: Apache-2.0 */
/*
 * comm_internal.h - what the sources of the communicator share: the object behind a handle, the
 * header of the segment, and the page that a parent mints.
 */
#ifndef CHIP_COMM_INTERNAL_H
#define CHIP_COMM_INTERNAL_H

#include "barrier.h"
#include "internal.h"

#include <chip/comm.h>
#include <sys/types.h>

#define CHIP__SEGMENT_MAGIC   0x57474553434d4f43ull /* "COMCSEGW" */
#define CHIP__SEGMENT_VERSION 1u
#define CHIP__CPU_WORDS       16   /* 1024 CPUs */
#define CHIP__CLAIM_LEFT      (-1) /* in claim[]: the rank destroyed its communicator */

/* Phases of `state`, bits 0..7; bits 8..15: the rank that owns a CLOSING phase; bits 16..: the
 * chip_status of a failure. */
enum chip__segment_phase {
    CHIP__SEG_BLANK = 0,   /* as the kernel gave it; nothing else in the header is valid */
    CHIP__SEG_GATHER = 1,  /* identity written; ranks attach and claim their slots */
    CHIP__SEG_SIZED = 2,   /* all claimed, memory reserved; ranks map and zero their windows */
    CHIP__SEG_CLOSING = 3, /* all ready; the owner removes the name */
    CHIP__SEG_READY = 4,   /* final */
    CHIP__SEG_FAILING = 5, /* the owner writes the reason and removes the name */
    CHIP__SEG_FAILED = 6   /* final; code and `reason` are valid */
};

/* The first 4096 bytes of the segment; the windows follow, `stride` bytes apart. */
struct chip__segment {
    /* identity: written by rank 0 before BLANK ends, constant from then on */
    uint64_t magic;
    uint32_t version;
    uint32_t nranks;
    uint64_t window_size;
    uint64_t nonce;
    uint64_t created_ns; /* CLOCK_MONOTONIC */
    int32_t creator;     /* pid of rank 0 */
    uint32_t reserved0[5];
    /* forming; atomic, any rank */
    uint32_t state;
    uint32_t bell;     /* counts changes of anything here; futex word of all waits */
    uint32_t sleepers; /* on bell */
    uint32_t gathered; /* ranks that have claimed */
    uint32_t arrived;  /* ranks whose window is mapped and zero */
    uint32_t reserved1[11];
    int32_t claim[CHIP_COMM_MAX_RANKS]; /* 0, pid, or CHIP__CLAIM_LEFT */
    struct chip__barrier barrier;
    char reason[CHIP_ERROR_TEXT]; /* written by the owner of FAILING; valid in FAILED */
    uint64_t
        cpus[CHIP__CPU_WORDS]; /* CPUs that the ranks may use, joined; atomic, before gathered */
    char reserved2[CHIP_COMM_HEADER_BYTES - 64 - 64 - 256 - 192 - CHIP_ERROR_TEXT -
                   8 * CHIP__CPU_WORDS];
};
_Static_assert(sizeof(struct chip__segment) == CHIP_COMM_HEADER_BYTES, "segment header");
_Static_assert(offsetof(struct chip__segment, state) == 64, "segment state");
_Static_assert(offsetof(struct chip__segment, claim) == 128, "segment claims");
_Static_assert(offsetof(struct chip__segment, barrier) == 384, "segment barrier");

enum chip__comm_stage { CHIP__COMM_INIT, CHIP__COMM_FORMING, CHIP__COMM_READY, CHIP__COMM_FAILED };

/* A communicator of this process. Storage is a static pool (comm_handle.c): never freed, so that a
 * stale handle can be looked at safely. */
struct chip__comm {
    uint64_t gate;  /* atomic: generation, liveness and users; see comm_handle.c */
    uint32_t stage; /* atomic: enum chip__comm_stage */
    uint32_t rank;
    uint32_t nranks;
    uint64_t nonce;
    uint64_t path_hash;
    char name[CHIP_COMM_NAME_LEN];
    uint64_t init_ns;
    uint64_t timeout_ns;              /* atomic */
    pid_t parent;                     /* whose death ends our waits; 0: nobody's */
    struct chip__roster_slot *roster; /* NULL: none */
    struct chip__segment *head;       /* NULL: not attached */
    char *map;                        /* whole segment; NULL: not mapped */
    uint64_t win_size;
    uint64_t stride;
    uint64_t total;
    CommContext ctx;
    struct chip__barrier_party party;
};

/* ---- comm_handle.c */
/* A free slot of the pool, building; NULL if all are taken. */
struct chip__comm *chip__comm_reserve(void);
CommHandle chip__comm_publish(struct chip__comm *c);
/* Finds the communicator and counts the caller as a user; NULL if it is not alive. */
struct chip__comm *chip__comm_enter(CommHandle handle);
void chip__comm_leave(struct chip__comm *c);
/* Ends the handle, if nobody uses it; *busy tells the two refusals apart. */
struct chip__comm *chip__comm_retire(CommHandle handle, bool *busy);
void chip__comm_recycle(struct chip__comm *c);

/* ---- comm_nonce.c: the page that the parent mints, shared by all ranks */
enum { CHIP__ROSTER_SLOTS = 8 };

/* What is known of one forming communicator before its segment can be reached. */
struct chip__roster_slot {
    uint64_t key;     /* atomic; 0 free */
    int32_t creator;  /* atomic: pid of rank 0, 0 until it has begun */
    uint32_t failing; /* atomic: 0 -> 1 by who may write text */
    uint32_t failed;  /* atomic: chip_status; text is valid */
    uint32_t reserved;
    char text[480];
};
struct chip__roster {
    uint64_t nonce;
    struct chip__roster_slot slot[CHIP__ROSTER_SLOTS];
};
_Static_assert(sizeof(struct chip__roster) <= 4096, "roster page");

uint64_t chip__hash(const void *bytes, size_t n, uint64_t seed);
/* Fills nonce, path_hash, name and parent. */
void chip__comm_identify(struct chip__comm *c, const char *rootinfo_path);
/* Finds the roster's slot for the next alloc on this path; leaves c->roster NULL if there is none.
 */
void chip__roster_join(struct chip__comm *c);
/* Tells ranks that cannot reach the segment why this alloc fails; the first reason stays. */
void chip__roster_fail(struct chip__comm *c, const struct chip_error *why);
/* The reason, if somebody told one: its code, with err filled. */
int chip__roster_failed(const struct chip__comm *c, struct chip_error *err);

/* ---- comm_state.c: the shared state word, waiting on it, and who is lost */
static inline uint32_t chip__seg_phase(uint32_t state) {
    return state & 0xff;
}
static inline uint32_t chip__seg_owner(uint32_t state) {
    return state >> 8 & 0xff;
}
static inline uint32_t chip__seg_pack(enum chip__segment_phase phase, uint32_t owner, int code) {
    return (uint32_t)phase | owner << 8 | (uint32_t)code << 16;
}
uint32_t chip__seg_state(const struct chip__segment *seg);
/* One step of the state; false, with *seen the present state, if another rank came first. */
bool chip__seg_swap(struct chip__segment *seg, uint32_t *seen, uint32_t to);
/* Tells all waiting ranks that something changed. Call after the change. */
void chip__seg_ring(struct chip__segment *seg);

typedef bool (*chip__seg_done_fn)(const struct chip__comm *c);
bool chip__seg_published(const struct chip__comm *c);
bool chip__seg_gathered(const struct chip__comm *c); /* or failing */
bool chip__seg_sized(const struct chip__comm *c);    /* or failing */
bool chip__seg_final(const struct chip__comm *c);

/* A wait for c->head to come to done(). */
struct chip__seg_wait {
    struct chip__comm *comm;
    chip__seg_done_fn done;
    int (*lost)(void *comm, uint32_t *who); /* as chip__barrier_lost_fn */
    uint64_t timeout_ns;
    uint32_t who; /* out: who is lost */
};
/* 0, CHIP_E_TIMEOUT, or what lost() says; 0 whenever done() holds at the end. */
int chip__seg_await(struct chip__seg_wait *w);

bool chip__pid_gone(int32_t pid);
/* Is a rank that claimed its slot gone, or the parent? */
int chip__comm_lost(void *comm, uint32_t *who);
/* Is the rank gone that is to make the segment, has a rank told of a failure, is the parent gone?
 * For ranks that have no segment yet. */
int chip__creator_lost(void *comm, uint32_t *who);

/* ---- comm_join.c: create or attach, and claim; leaves c->head mapped and *fd_out open.
 * On an error *group says whether all ranks must fail (false: this process alone is refused). */
int chip__segment_join(struct chip__comm *c, int *fd_out, bool *group, struct chip_error *err);

/* ---- comm_cpus.c: may waiting ranks spin? */
/* Adds the CPUs of this process to the segment's. */
void chip__cpus_join(struct chip__segment *seg);
/* True if there is a CPU for each rank: then a rank that spins keeps nobody from arriving. */
bool chip__cpus_suffice(const struct chip__segment *seg);

/* ---- comm_segment.c */
/* Collective: the whole of alloc. On success c->map, c->stride and c->total are valid. */
int chip__segment_form(struct chip__comm *c, struct chip_error *err);
/* Unmaps whatever is mapped; CHIP_E_OS if that failed. */
int chip__segment_unmap(struct chip__comm *c, struct chip_error *err);

#endif
