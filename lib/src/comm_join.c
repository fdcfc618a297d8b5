/* SPDX-License-Identifier: Apache-2.0 */
/*
 * comm_join.c - how one rank comes to the segment: rank 0 makes it, the others find it, each
 * claims its slot.
 *
 *   J1  Nothing in a segment is believed before magic, layout version and nonce are compared.
 *   J2  A slot is claimed once (0 to pid); a second process for the same rank is refused, and the
 *       group it meant to join is not disturbed.
 *   J3  A rank that looks for a segment looks no longer than the timeout, and stops at once when
 * the roster says that rank 0 died or that somebody failed. J4  The header is made of reserved
 * memory before it is touched. The windows are reserved later, when all ranks can be told of a
 * failure (comm_segment.c).
 */
#include "comm_internal.h"
#include "wait.h"

#include <chip/probe.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define POLL_FIRST_NS 50000ull
#define POLL_LAST_NS  5000000ull
/* How long a segment that is in nobody's known hands may stay unsized before rank 0 replaces it. */
#define STALE_GRACE_NS 1000000000ull

static int map_header(struct chip__comm *c, int fd, struct chip_error *err) {
    CHIP_PROBE(WINDOW_MAP, c->rank, CHIP_COMM_HEADER_BYTES, 0, 0);
    void *p = mmap(NULL, CHIP_COMM_HEADER_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED)
        return chip_error_sys(err, errno, "rank %u cannot map the header of %s", c->rank, c->name);
    c->head = p;
    return CHIP_OK;
}

static void unmap_header(struct chip__comm *c) {
    if (c->head)
        munmap(c->head, CHIP_COMM_HEADER_BYTES);
    c->head = NULL;
}

static int refuse_double(const struct chip__comm *c, bool *group, struct chip_error *err) {
    *group = false;
    return chip_error_set(err, CHIP_E_STATE, "rank %u of %s is claimed by another process", c->rank,
                          c->name);
}

static int check_identity(const struct chip__comm *c, struct chip_error *err) {
    const struct chip__segment *seg = c->head;
    if (seg->magic != CHIP__SEGMENT_MAGIC)
        return chip_error_set(err, CHIP_E_STALE, "%s is no communicator segment (magic %llx)",
                              c->name, (unsigned long long)seg->magic);
    if (seg->version != CHIP__SEGMENT_VERSION)
        return chip_error_set(err, CHIP_E_STALE, "%s has layout version %u, this library %u",
                              c->name, seg->version, CHIP__SEGMENT_VERSION);
    if (seg->nonce != c->nonce)
        return chip_error_set(err, CHIP_E_STALE, "%s belongs to another run (its nonce differs)",
                              c->name);
    return CHIP_OK;
}

/* ---- rank 0 */

/* Says in the roster who makes the segment; a live process there already is a double claim. */
static bool enrol_creator(struct chip__comm *c) {
    int32_t seen = 0;
    if (!c->roster)
        return true;
    while (!__atomic_compare_exchange_n(&c->roster->creator, &seen, (int32_t)getpid(), false,
                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
        if (!chip__pid_gone(seen))
            return false;
    }
    return true;
}

/* A segment has our name. Whose is it? CHIP_OK: nobody's that lives, and the name is free now. */
static int clear_stale(struct chip__comm *c, bool *group, struct chip_error *err) {
    struct stat st = {0};
    int fd = shm_open(c->name, O_RDWR | O_CLOEXEC, 0);
    if (fd < 0)
        return errno == ENOENT
                   ? CHIP_OK
                   : chip_error_sys(err, errno, "rank %u cannot open %s", c->rank, c->name);
    uint64_t deadline = chip__deadline_in(STALE_GRACE_NS);
    while (fstat(fd, &st) == 0 && st.st_size < CHIP_COMM_HEADER_BYTES && chip__now_ns() < deadline)
        chip__sleep_ns(POLL_LAST_NS);
    int rc = CHIP_OK;
    if (st.st_size >= CHIP_COMM_HEADER_BYTES && (rc = map_header(c, fd, err)) == CHIP_OK) {
        while (!chip__seg_published(c) && chip__now_ns() < deadline)
            chip__sleep_ns(POLL_LAST_NS);
        if (chip__seg_published(c)) {
            bool dead = c->head->magic == CHIP__SEGMENT_MAGIC && chip__pid_gone(c->head->creator);
            rc = dead ? CHIP_OK : check_identity(c, err);
            if (!dead && rc == CHIP_OK)
                rc = refuse_double(c, group, err);
        }
        unmap_header(c);
    }
    close(fd);
    if (rc == CHIP_OK && shm_unlink(c->name) != 0 && errno != ENOENT)
        rc = chip_error_sys(err, errno, "rank %u cannot unlink the stale %s", c->rank, c->name);
    return rc;
}

static int open_new(struct chip__comm *c, int *fd_out, bool *group, struct chip_error *err) {
    for (int attempt = 0;; attempt++) {
        CHIP_PROBE(WINDOW_CREATE, c->rank, c->nranks, c->total, 0);
        *fd_out = shm_open(c->name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (*fd_out >= 0)
            return CHIP_OK;
        if (errno != EEXIST || attempt == 1)
            return chip_error_sys(err, errno, "rank %u cannot create %s", c->rank, c->name);
        int rc = clear_stale(c, group, err);
        if (rc)
            return rc;
    }
}

static void publish_identity(struct chip__comm *c) {
    struct chip__segment *seg = c->head;
    uint32_t blank = CHIP__SEG_BLANK;
    seg->magic = CHIP__SEGMENT_MAGIC;
    seg->version = CHIP__SEGMENT_VERSION;
    seg->nranks = c->nranks;
    seg->window_size = c->win_size;
    seg->nonce = c->nonce;
    seg->created_ns = chip__now_ns();
    seg->creator = (int32_t)getpid();
    bool first = chip__seg_swap(seg, &blank, chip__seg_pack(CHIP__SEG_GATHER, 0, 0));
    CHIP_ASSERT(first); /* O_EXCL: nobody else writes a blank header */
    chip__seg_ring(seg);
}

static int create(struct chip__comm *c, int *fd_out, bool *group, struct chip_error *err) {
    if (!enrol_creator(c))
        return refuse_double(c, group, err);
    int rc = open_new(c, fd_out, group, err);
    if (rc)
        return rc;
    CHIP_PROBE(WINDOW_SIZE, c->rank, CHIP_COMM_HEADER_BYTES, 0, 0);
    int no = posix_fallocate(*fd_out, 0, CHIP_COMM_HEADER_BYTES);
    if (no)
        rc = chip_error_sys(err, no, "rank %u cannot reserve the header of %s", c->rank, c->name);
    else
        rc = map_header(c, *fd_out, err);
    if (rc) {
        shm_unlink(c->name);
        return rc;
    }
    publish_identity(c);
    return CHIP_OK;
}

/* ---- the others */

/* A segment whose creator is dead: left over from before this process began to look? */
static bool is_left_over(const struct chip__comm *c) {
    return !c->roster && c->head->magic == CHIP__SEGMENT_MAGIC &&
           c->head->created_ns < c->init_ns && chip__pid_gone(c->head->creator);
}

/* Opens the segment once it exists and has its header: *fd_out >= 0, or -1 for not yet. */
static int open_once(const struct chip__comm *c, int *fd_out, struct chip_error *err) {
    struct stat st;
    *fd_out = shm_open(c->name, O_RDWR | O_CLOEXEC, 0);
    if (*fd_out < 0)
        return errno == ENOENT
                   ? CHIP_OK
                   : chip_error_sys(err, errno, "rank %u cannot open %s", c->rank, c->name);
    int rc = CHIP_OK;
    if (fstat(*fd_out, &st) != 0)
        rc = chip_error_sys(err, errno, "rank %u cannot see the size of %s", c->rank, c->name);
    else if (st.st_size >= CHIP_COMM_HEADER_BYTES)
        return CHIP_OK;
    else if (st.st_size > 0)
        rc = chip_error_set(err, CHIP_E_STALE, "%s has %lld bytes, less than a header", c->name,
                            (long long)st.st_size);
    close(*fd_out);
    *fd_out = -1;
    return rc;
}

static int give_up_looking(struct chip__comm *c, int why, struct chip_error *err) {
    if (chip__roster_failed(c, err))
        return err ? err->code : why;
    if (why == CHIP_E_PARENT_DIED)
        return chip_error_set(err, why, "the parent of rank %u died while it looked for %s",
                              c->rank, c->name);
    shm_unlink(c->name); /* whatever is there, rank 0 will not finish it */
    if (why == CHIP_E_CHILD_DIED)
        return chip_error_set(err, why, "rank 0 died before it had made %s", c->name);
    return chip_error_set(err, CHIP_E_TIMEOUT, "rank %u waited %.3f s for rank 0 to make %s",
                          c->rank, (double)c->timeout_ns / 1e9, c->name);
}

/* Waits until rank 0 has written the identity into the mapped header. */
static int await_published(struct chip__comm *c, struct chip_error *err) {
    struct chip__seg_wait w = {.comm = c,
                               .done = chip__seg_published,
                               .lost = chip__creator_lost,
                               .timeout_ns = c->timeout_ns};
    int rc = chip__seg_await(&w);
    return rc ? give_up_looking(c, rc, err) : CHIP_OK;
}

static int attach(struct chip__comm *c, int *fd_out, struct chip_error *err) {
    uint64_t deadline = chip__deadline_in(c->timeout_ns);
    uint32_t who;
    CHIP_PROBE(WINDOW_ATTACH, c->rank, 0, 0, 0);
    for (uint64_t delay = POLL_FIRST_NS;;
         delay = delay * 2 < POLL_LAST_NS ? delay * 2 : POLL_LAST_NS) {
        int rc = open_once(c, fd_out, err);
        if (rc)
            return rc;
        if (*fd_out >= 0) {
            if ((rc = map_header(c, *fd_out, err)) || (rc = await_published(c, err)))
                return rc;
            if (!is_left_over(c))
                return check_identity(c, err);
            unmap_header(c);
            close(*fd_out);
            *fd_out = -1;
        }
        rc = chip__creator_lost(c, &who);
        if (!rc && chip__now_ns() >= deadline)
            rc = CHIP_E_TIMEOUT;
        if (rc)
            return give_up_looking(c, rc, err);
        chip__sleep_ns(delay);
    }
}

/* ---- both */

static void count_me(struct chip__segment *seg) {
    /* ORDER: release; pairs with chip__seg_gathered(). The claim is made before it is counted. */
    __atomic_fetch_add(&seg->gathered, 1, __ATOMIC_RELEASE);
    chip__seg_ring(seg);
}

static bool claim(struct chip__comm *c) {
    int32_t nobody = 0;
    CHIP_PROBE(WINDOW_CLAIM, c->rank, 0, 0, 0);
    if (!__atomic_compare_exchange_n(&c->head->claim[c->rank], &nobody, (int32_t)getpid(), false,
                                     __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        return false;
    chip__cpus_join(c->head);
    if (c->rank < c->head->nranks)
        count_me(c->head);
    return true;
}

static int check_agreement(const struct chip__comm *c, struct chip_error *err) {
    const struct chip__segment *seg = c->head;
    if (seg->nranks != c->nranks)
        return chip_error_set(err, CHIP_E_VALUE, "rank %u expects %u ranks, rank 0 expects %u",
                              c->rank, c->nranks, seg->nranks);
    if (seg->window_size != c->win_size)
        return chip_error_set(
            err, CHIP_E_VALUE, "rank %u asks for windows of %llu bytes, rank 0 for %llu", c->rank,
            (unsigned long long)c->win_size, (unsigned long long)seg->window_size);
    return CHIP_OK;
}

int chip__segment_join(struct chip__comm *c, int *fd_out, bool *group, struct chip_error *err) {
    *group = true;
    *fd_out = -1;
    int rc = c->rank == 0 ? create(c, fd_out, group, err) : attach(c, fd_out, err);
    if (rc == CHIP_OK && !claim(c))
        rc = refuse_double(c, group, err);
    if (rc) {
        unmap_header(c);
        if (*fd_out >= 0)
            close(*fd_out);
        *fd_out = -1;
        return rc;
    }
    return check_agreement(c, err);
}
