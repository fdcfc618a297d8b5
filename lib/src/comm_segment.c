/* SPDX-License-Identifier: Apache-2.0 */
/*
 * comm_segment.c - the collective part of alloc: all ranks gather at the header, the memory is
 * reserved, mapped and zeroed, the name is removed, all are released; or all fail alike.
 *
 *   A1  A window is zero before its rank is counted as arrived, so all are before READY.
 *   A2  The name is gone before any rank is released, with success as with failure (S2).
 *   A3  All ranks that are attached end with one code and one text, that of the first who failed.
 *   A4  The windows' memory is reserved (posix_fallocate) before anybody maps it: a full
 *       shared-memory file system is an error here and never a SIGBUS later.
 *   A5  The memory is reserved only when all ranks have gathered, so that all hear of a failure.
 */
#include "comm_internal.h"
#include "wait.h"

#include <chip/probe.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* How long the name of a failed segment stays for ranks that have not looked yet, if they have no
 * roster to read the reason from. */
#define LINGER_NS 1000000000ull

static uint64_t timeout_of(const struct chip__comm *c) {
    return __atomic_load_n(&c->timeout_ns, __ATOMIC_RELAXED);
}

/* ---- failing together */

/* Is the rank gone that owns the phase in which the others wait? */
static int owner_lost(void *comm, uint32_t *who) {
    const struct chip__comm *c = comm;
    *who = chip__seg_owner(chip__seg_state(c->head));
    int32_t pid =
        *who < CHIP_COMM_MAX_RANKS ? __atomic_load_n(&c->head->claim[*who], __ATOMIC_RELAXED) : 0;
    return pid > 0 && chip__pid_gone(pid) ? CHIP_E_CHILD_DIED : CHIP_OK;
}

static int await_final(struct chip__comm *c) {
    struct chip__seg_wait w = {
        .comm = c, .done = chip__seg_final, .lost = owner_lost, .timeout_ns = timeout_of(c)};
    return chip__seg_await(&w);
}

/* Moves the state to FAILING with this rank as owner; false if it became final meanwhile. */
static bool own_failure(struct chip__comm *c, int code) {
    bool waited = false;
    uint32_t state = chip__seg_state(c->head);
    for (;;) {
        uint32_t phase = chip__seg_phase(state);
        if (phase == CHIP__SEG_READY || phase == CHIP__SEG_FAILED)
            return false;
        bool owned = phase == CHIP__SEG_CLOSING || phase == CHIP__SEG_FAILING;
        if (owned && chip__seg_owner(state) != c->rank && !waited) {
            /* Not final afterwards: the owner died, or had its time. Then it is ours. */
            waited = await_final(c) != CHIP_OK;
            state = chip__seg_state(c->head);
            continue;
        }
        if (chip__seg_swap(c->head, &state, chip__seg_pack(CHIP__SEG_FAILING, c->rank, code)))
            return true;
    }
}

static bool all_gathered(const struct chip__comm *c) {
    /* ORDER: acquire; pairs with count_me(). */
    return __atomic_load_n(&c->head->gathered, __ATOMIC_ACQUIRE) >= c->head->nranks;
}

static int nobody_lost(void *comm, uint32_t *who) {
    (void)comm;
    (void)who;
    return CHIP_OK;
}

/* What the group came to, in the words of the rank that decided it (A3). */
static int adopt_outcome(const struct chip__comm *c, struct chip_error *err) {
    uint32_t state = chip__seg_state(c->head);
    if (chip__seg_phase(state) == CHIP__SEG_READY) {
        CHIP_ASSERT(c->map != NULL); /* nobody is ready without this rank */
        return CHIP_OK;
    }
    CHIP_ASSERT(chip__seg_phase(state) == CHIP__SEG_FAILED);
    err->code = (int)(state >> 16);
    err->sys_errno = 0;
    chip__text_get(err->text, sizeof err->text, c->head->reason, sizeof c->head->reason);
    return err->code;
}

/* This rank cannot go on, for the reason in err. Returns what all ranks agree on, which is CHIP_OK
 * if the last one had arrived before. */
static int fail_group(struct chip__comm *c, struct chip_error *err) {
    struct chip__segment *seg = c->head;
    CHIP_PROBE(WINDOW_FAIL, c->rank, err->code, 0, 0);
    if (!own_failure(c, err->code))
        return adopt_outcome(c, err);
    chip__roster_fail(c, err);
    chip__text_put(seg->reason, sizeof seg->reason, err->text);
    chip__seg_ring(seg);
    if (!c->roster && !all_gathered(c)) {
        struct chip__seg_wait w = {
            .comm = c, .done = all_gathered, .lost = nobody_lost, .timeout_ns = LINGER_NS};
        (void)chip__seg_await(&w);
    }
    CHIP_PROBE(WINDOW_UNLINK, c->rank, 0, 0, 0);
    shm_unlink(c->name); /* not there: a rank before us did it. Else: the reason stands anyway */
    uint32_t mine = chip__seg_pack(CHIP__SEG_FAILING, c->rank, err->code);
    CHIP_PROBE(WINDOW_RELEASE, c->rank, 0, 0, 0);
    if (chip__seg_swap(seg, &mine, chip__seg_pack(CHIP__SEG_FAILED, c->rank, err->code)))
        chip__seg_ring(seg);
    else if (await_final(c) != CHIP_OK)
        return err->code;
    return adopt_outcome(c, err);
}

/* ---- the steps; each returns with err filled, and the caller fails the group */

/* "1, 3": the ranks that have not claimed. */
static void list_missing(const struct chip__comm *c, char *out, size_t cap) {
    size_t used = 0;
    out[0] = '\0';
    for (uint32_t rank = 0; rank < c->head->nranks && rank < CHIP_COMM_MAX_RANKS; rank++) {
        if (__atomic_load_n(&c->head->claim[rank], __ATOMIC_RELAXED) != 0)
            continue;
        int n = snprintf(out + used, cap - used, "%s%u", used ? ", " : "", rank);
        if (n < 0 || (size_t)n >= cap - used)
            return;
        used += (size_t)n;
    }
}

/* Has a rank said that it fails without having reached the segment? Is somebody gone? */
static int forming_lost(void *comm, uint32_t *who) {
    int told = chip__roster_failed(comm, NULL);
    return told ? told : chip__comm_lost(comm, who);
}

static int explain_wait(const struct chip__comm *c, const struct chip__seg_wait *w, int why,
                        struct chip_error *err) {
    char missing[256];
    double waited = (double)timeout_of(c) / 1e9;
    if (chip__roster_failed(c, err))
        return err->code;
    if (why == CHIP_E_PARENT_DIED)
        return chip_error_set(err, why, "the parent of rank %u died while windows were made",
                              c->rank);
    if (why == CHIP_E_CHILD_DIED || why == CHIP_E_STATE)
        return chip_error_set(err, CHIP_E_CHILD_DIED, "rank %u %s while windows were made", w->who,
                              why == CHIP_E_STATE ? "left" : "died");
    list_missing(c, missing, sizeof missing);
    if (missing[0])
        return chip_error_set(err, why, "rank %u waited %.3f s; not there: rank %s", c->rank,
                              waited, missing);
    return chip_error_set(err, why, "rank %u waited %.3f s; %u of %u ranks have their window",
                          c->rank, waited, __atomic_load_n(&c->head->arrived, __ATOMIC_RELAXED),
                          c->head->nranks);
}

static int await(struct chip__comm *c, chip__seg_done_fn done, struct chip_error *err) {
    struct chip__seg_wait w = {
        .comm = c, .done = done, .lost = forming_lost, .timeout_ns = timeout_of(c)};
    int rc = chip__seg_await(&w);
    return rc ? explain_wait(c, &w, rc, err) : CHIP_OK;
}

/* Rank 0: reserves the windows once everybody is there (A4, A5). */
static int reserve_windows(struct chip__comm *c, int fd, struct chip_error *err) {
    int rc = await(c, chip__seg_gathered, err);
    if (rc)
        return rc;
    CHIP_PROBE(WINDOW_SIZE, c->rank, c->total, 0, 0);
    int no;
    while ((no = posix_fallocate(fd, 0, (off_t)c->total)) == EINTR) {
    }
    if (no)
        return chip_error_sys(err, no,
                              "rank %u cannot reserve %llu bytes of shared memory for %u windows",
                              c->rank, (unsigned long long)c->total, c->nranks);
    uint32_t gather = chip__seg_pack(CHIP__SEG_GATHER, 0, 0);
    if (chip__seg_swap(c->head, &gather, chip__seg_pack(CHIP__SEG_SIZED, 0, 0)))
        chip__seg_ring(c->head);
    return CHIP_OK; /* not swapped: somebody failed; await(sized) tells */
}

static int map_windows(struct chip__comm *c, int fd, struct chip_error *err) {
    CHIP_PROBE(WINDOW_MAP, c->rank, c->total, 0, 0);
    void *p = mmap(NULL, c->total, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED)
        return chip_error_sys(err, errno, "rank %u cannot map %llu bytes of windows", c->rank,
                              (unsigned long long)c->total);
    c->map = p;
    CHIP_PROBE(WINDOW_ZERO, c->rank, c->win_size, 0, 0);
    memset(c->map + CHIP_COMM_HEADER_BYTES + c->rank * c->stride, 0, c->win_size);
    return CHIP_OK;
}

/* The last rank to arrive removes the name and lets everybody go (A2). */
static int close_segment(struct chip__comm *c, struct chip_error *err) {
    uint32_t sized = chip__seg_pack(CHIP__SEG_SIZED, 0, 0);
    uint32_t mine = chip__seg_pack(CHIP__SEG_CLOSING, c->rank, 0);
    if (!chip__seg_swap(c->head, &sized, mine))
        return CHIP_OK; /* somebody failed; await(final) tells */
    CHIP_PROBE(WINDOW_UNLINK, c->rank, 0, 0, 0);
    if (shm_unlink(c->name) != 0 && errno != ENOENT)
        return chip_error_sys(err, errno, "rank %u cannot unlink %s", c->rank, c->name);
    CHIP_PROBE(WINDOW_RELEASE, c->rank, 0, 0, 0);
    if (chip__seg_swap(c->head, &mine, chip__seg_pack(CHIP__SEG_READY, c->rank, 0)))
        chip__seg_ring(c->head);
    return CHIP_OK;
}

static int arrive_ready(struct chip__comm *c, struct chip_error *err) {
    /* ORDER: acq_rel; pairs with arrive_ready() of the other ranks. Publishes the zeroed window
     * to the last one, whose READY hands it on. Relaxed, a rank could see a window that is zeroed
     * after it was first used (A1). */
    uint32_t arrived = __atomic_add_fetch(&c->head->arrived, 1, __ATOMIC_ACQ_REL);
    CHIP_PROBE(WINDOW_READY, c->rank, arrived, c->nranks, 0);
    return arrived == c->nranks ? close_segment(c, err) : CHIP_OK;
}

static int form_steps(struct chip__comm *c, int fd, struct chip_error *err) {
    int rc = c->rank == 0 ? reserve_windows(c, fd, err) : CHIP_OK;
    if (rc || (rc = await(c, chip__seg_sized, err)))
        return rc;
    if (chip__seg_phase(chip__seg_state(c->head)) == CHIP__SEG_SIZED) {
        if ((rc = map_windows(c, fd, err)) || (rc = arrive_ready(c, err)))
            return rc;
    }
    return await(c, chip__seg_final, err);
}

int chip__segment_unmap(struct chip__comm *c, struct chip_error *err) {
    int first = 0;
    if (c->map && munmap(c->map, c->total) != 0)
        first = errno;
    if (c->head && munmap(c->head, CHIP_COMM_HEADER_BYTES) != 0 && !first)
        first = errno;
    c->map = NULL;
    c->head = NULL;
    return first ? chip_error_sys(err, first, "cannot unmap the windows") : CHIP_OK;
}

int chip__segment_form(struct chip__comm *c, struct chip_error *err) {
    int fd;
    bool group;
    chip__roster_join(c);
    int rc = chip__segment_join(c, &fd, &group, err);
    if (rc && !c->head) {
        CHIP_PROBE(WINDOW_FAIL, c->rank, rc, 0, 0);
        if (group)
            chip__roster_fail(c, err);
        return rc;
    }
    if (rc == CHIP_OK)
        rc = form_steps(c, fd, err);
    rc = rc ? fail_group(c, err) : adopt_outcome(c, err);
    close(fd);
    if (rc)
        (void)chip__segment_unmap(c, NULL);
    return rc;
}
