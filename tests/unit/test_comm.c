/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_comm.c - communicators by the rules of runtime.md E, with real ranks. Faults are put into
 * the calls that a segment is made with: the functions below stand before libc's.
 */
#include "ranks.h"

#include "lib/src/comm_internal.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>

#define PATH   "test-comm"
#define SECOND 1000000000ull

/* ---- faults, set in a forked rank */
enum what { NOTHING, FAIL, DIE_BEFORE, DIE_AFTER };
static struct {
    enum what what;
    int nth; /* counts down; strikes at 1 */
} at_fallocate, at_mmap, at_open, at_unlink;

static enum what strikes(enum what what, int *nth) {
    return what != NOTHING && --*nth == 0 ? what : NOTHING;
}

static void maybe_die(enum what now, enum what when) {
    if (now == when)
        kill(getpid(), SIGKILL);
}

int posix_fallocate(int fd, off_t offset, off_t n) {
    static int (*real)(int, off_t, off_t);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "posix_fallocate");
    enum what now = strikes(at_fallocate.what, &at_fallocate.nth);
    maybe_die(now, DIE_BEFORE);
    int rc = now == FAIL ? ENOSPC : real(fd, offset, n);
    maybe_die(now, DIE_AFTER);
    return rc;
}

int shm_open(const char *name, int flags, mode_t mode) {
    static int (*real)(const char *, int, mode_t);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "shm_open");
    if (strikes(at_open.what, &at_open.nth) == FAIL) {
        errno = EMFILE;
        return -1;
    }
    return real(name, flags, mode);
}

int shm_unlink(const char *name) {
    static int (*real)(const char *);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "shm_unlink");
    enum what now = strikes(at_unlink.what, &at_unlink.nth);
    maybe_die(now, DIE_BEFORE);
    int rc = real(name);
    maybe_die(now, DIE_AFTER);
    return rc;
}

void *mmap(void *addr, size_t n, int prot, int flags, int fd, off_t offset) {
    static void *(*real)(void *, size_t, int, int, int, off_t);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "mmap");
    if (strikes(at_mmap.what, &at_mmap.nth) == FAIL) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    return real(addr, n, prot, flags, fd, offset);
}

/* ---- helpers */

/* What the ranks of a test are to do; set before the fork. */
static struct {
    size_t win_size;
    uint64_t timeout_ns;
    int odd_rank; /* the one that differs; -1 for none */
    int odd_nranks;
    size_t odd_size;
} plan;

static int fresh_nonce(void **state) {
    (void)state;
    memset(&plan, 0, sizeof plan);
    plan.win_size = 8192;
    plan.timeout_ns = 100 * SECOND;
    plan.odd_rank = -1;
    return chip_comm_mint(NULL);
}

static int nothing_left(void **state) {
    (void)state;
    assert_no_segment(PATH);
    return 0;
}

static CommHandle open_rank(int rank, const struct ranks *rs) {
    bool odd = rank == plan.odd_rank;
    CommHandle h = comm_init(rank, odd && plan.odd_nranks ? plan.odd_nranks : rs->n, NULL, PATH);
    chip_comm_set_timeout_ns(h, plan.timeout_ns);
    return h;
}

static void alloc_only(int rank, struct ranks *rs) {
    uint64_t ctx = 0;
    CommHandle h = open_rank(rank, rs);
    size_t size = rank == plan.odd_rank && plan.odd_size ? plan.odd_size : plan.win_size;
    report_comm(&rs->report[rank], comm_alloc_windows(h, size, &ctx));
    rs->report[rank].value = ctx;
    comm_destroy(h);
}

/* All n ranks must fail with `code` and one text, long before any deadline. */
static void assert_fail_together(int n, int code, const char *says) {
    struct ranks rs;
    ranks_open(&rs, n);
    uint64_t begin = now_ns();
    ranks_run(&rs, alloc_only);
    assert_true(now_ns() - begin < plan.timeout_ns);
    assert_all_agree(&rs, code);
    assert_non_null(strstr(rs.report[0].text, says));
    assert_no_segment(PATH);
    ranks_close(&rs);
}

/* ---- the ABI */

static void the_context_has_its_layout(void **state) {
    (void)state;
    assert_int_equal(sizeof(CommContext), 1056);
    assert_int_equal(offsetof(CommContext, workSpace), 0);
    assert_int_equal(offsetof(CommContext, workSpaceSize), 8);
    assert_int_equal(offsetof(CommContext, rankId), 16);
    assert_int_equal(offsetof(CommContext, rankNum), 20);
    assert_int_equal(offsetof(CommContext, winSize), 24);
    assert_int_equal(offsetof(CommContext, windowsIn), 32);
    assert_int_equal(offsetof(CommContext, windowsOut), 544);
}

static void init_refuses_bad_ranks_and_no_path(void **state) {
    (void)state;
    struct chip_error err;
    assert_null(comm_init(-1, 2, NULL, PATH));
    assert_int_equal(chip_comm_last_error(NULL, &err), CHIP_E_VALUE);
    assert_non_null(strstr(err.text, "ValueError: rank -1 of 2"));
    assert_null(comm_init(2, 2, NULL, PATH));
    assert_null(comm_init(0, 0, NULL, PATH));
    assert_null(comm_init(0, 65, NULL, PATH));
    assert_null(comm_init(0, 1, NULL, NULL));
    CommHandle h = comm_init(63, 64, NULL, PATH);
    assert_non_null(h);
    assert_int_equal(comm_destroy(h), 0);
}

static void a_handle_that_is_not_alive_is_refused(void **state) {
    (void)state;
    uint64_t out;
    size_t size;
    CommHandle dead = comm_init(0, 1, NULL, PATH);
    assert_int_equal(comm_destroy(dead), 0);
    CommHandle bad[] = {NULL, dead, (CommHandle)(uintptr_t)0x1234567890abcdefull,
                        (CommHandle)(uintptr_t)200};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(comm_alloc_windows(bad[i], 8, &out), -1);
        assert_int_equal(comm_get_local_window_base(bad[i], &out), -1);
        assert_int_equal(comm_get_window_size(bad[i], &size), -1);
        assert_int_equal(comm_barrier(bad[i]), -1);
        assert_int_equal(comm_destroy(bad[i]), -1);
        assert_int_equal(chip_comm_last_error(bad[i], NULL), CHIP_E_STATE);
        assert_null(chip_comm_context(bad[i]));
        assert_int_equal(chip_comm_task_begin(bad[i]), CHIP_E_STATE);
    }
    /* The slot is used again, the old handle still means nothing. */
    CommHandle next = comm_init(0, 1, NULL, PATH);
    assert_ptr_not_equal(next, dead);
    assert_int_equal(comm_destroy(dead), -1);
    assert_int_equal(comm_destroy(next), 0);
}

static void handles_run_out_with_an_error(void **state) {
    (void)state;
    static CommHandle h[CHIP_COMM_MAX_HANDLES];
    for (int i = 0; i < CHIP_COMM_MAX_HANDLES; i++)
        assert_non_null(h[i] = comm_init(0, 1, NULL, PATH));
    assert_null(comm_init(0, 1, NULL, PATH));
    assert_int_equal(chip_comm_last_error(NULL, NULL), CHIP_E_MEMORY);
    for (int i = 0; i < CHIP_COMM_MAX_HANDLES; i++)
        assert_int_equal(comm_destroy(h[i]), 0);
}

static void nothing_works_before_alloc(void **state) {
    (void)state;
    uint64_t out;
    size_t size;
    CommHandle h = comm_init(0, 1, NULL, PATH);
    assert_int_equal(comm_barrier(h), -1);
    assert_int_equal(comm_get_local_window_base(h, &out), -1);
    assert_int_equal(comm_get_window_size(h, &size), -1);
    assert_null(chip_comm_context(h));
    assert_int_equal(comm_alloc_windows(h, 8, NULL), -1);
    assert_int_equal(chip_comm_set_timeout_ns(h, 0), CHIP_E_VALUE);
    assert_int_equal(comm_alloc_windows(h, 8, &out), 0);
    assert_int_equal(comm_get_local_window_base(h, NULL), -1);
    assert_int_equal(comm_get_window_size(h, NULL), -1);
    assert_int_equal(comm_destroy(h), 0);
}

/* ---- windows */

static void exchange(int rank, struct ranks *rs) {
    struct rank_report *r = &rs->report[rank];
    uint64_t ctx_address;
    uint64_t base;
    size_t size;
    CommHandle h = open_rank(rank, rs);
    report_comm(r, comm_alloc_windows(h, 1000, &ctx_address));
    if (r->code)
        return;
    const CommContext *ctx = chip_comm_context(h);
    r->value += (uint64_t)(uintptr_t)ctx != ctx_address;
    r->value += ctx->rankId != (uint32_t)rank || ctx->rankNum != (uint32_t)rs->n;
    r->value += comm_get_local_window_base(h, &base) || base != ctx->windowsIn[rank];
    r->value += comm_get_window_size(h, &size) || size != 1000 || ctx->winSize != 1000;
    r->value += memcmp(ctx->windowsIn, ctx->windowsOut, sizeof ctx->windowsIn) != 0;
    char name[CHIP_COMM_NAME_LEN];
    chip_comm_segment_name(PATH, name);
    r->value += shm_open(name, O_RDONLY, 0) >= 0; /* unlinked before anybody is released */
    for (int other = 0; other < rs->n; other++) {
        const unsigned char *w = (const unsigned char *)(uintptr_t)ctx->windowsIn[other];
        for (size_t i = 0; i < 1000; i++)
            r->value += w[i] != 0; /* zero before the ready barrier */
    }
    r->value += comm_barrier(h) != 0;
    memset((void *)(uintptr_t)base, rank + 1, 1000);
    r->value += comm_barrier(h) != 0;
    for (int other = 0; other < rs->n; other++) {
        const unsigned char *w = (const unsigned char *)(uintptr_t)ctx->windowsIn[other];
        r->value += w[0] != other + 1 || w[999] != other + 1;
    }
    r->value += comm_barrier(h) != 0;
    r->value += comm_destroy(h) != 0;
}

static void windows_are_zero_nameless_and_reach_everybody(void **state) {
    (void)state;
    for (int n = 1; n <= 4; n++) {
        struct ranks rs;
        ranks_open(&rs, n);
        chip_comm_mint(NULL);
        ranks_run(&rs, exchange);
        assert_all_agree(&rs, CHIP_OK);
        for (int rank = 0; rank < n; rank++)
            assert_int_equal(rs.report[rank].value, 0);
        ranks_close(&rs);
    }
}

static void a_program_that_never_minted_finds_its_ranks(void **state) {
    (void)state;
    struct ranks rs;
    chip_comm_set_nonce(0);
    ranks_open(&rs, 3);
    ranks_run(&rs, exchange);
    assert_all_agree(&rs, CHIP_OK);
    for (int rank = 0; rank < 3; rank++)
        assert_int_equal(rs.report[rank].value, 0);
    ranks_close(&rs);
}

static void recreate(int rank, struct ranks *rs) {
    for (uint64_t round = 0; round < 30 && rs->report[rank].code == 0; round++) {
        uint64_t ctx;
        uint64_t base;
        CommHandle h = open_rank(rank, rs);
        report_comm(&rs->report[rank], comm_alloc_windows(h, 64, &ctx));
        if (rs->report[rank].code)
            return;
        comm_get_local_window_base(h, &base);
        rs->report[rank].value += *(uint64_t *)(uintptr_t)base != 0;
        *(uint64_t *)(uintptr_t)base = round + 1;
        report_comm(&rs->report[rank], comm_barrier(h));
        comm_destroy(h);
    }
}

static void destroy_and_recreate_never_meet(void **state) {
    (void)state;
    struct ranks rs;
    ranks_open(&rs, 3);
    ranks_run(&rs, recreate);
    assert_all_agree(&rs, CHIP_OK);
    for (int rank = 0; rank < 3; rank++)
        assert_int_equal(rs.report[rank].value, 0);
    ranks_close(&rs);
}

static void a_second_alloc_is_refused(void **state) {
    (void)state;
    uint64_t ctx;
    struct chip_error err;
    CommHandle h = comm_init(0, 1, NULL, PATH);
    assert_int_equal(comm_alloc_windows(h, 64, &ctx), 0);
    assert_int_equal(comm_alloc_windows(h, 64, &ctx), -1);
    assert_int_equal(chip_comm_last_error(h, &err), CHIP_E_STATE);
    assert_int_equal(comm_barrier(h), 0); /* and did no harm */
    assert_int_equal(comm_destroy(h), 0);
    h = comm_init(0, 1, NULL, PATH);
    assert_int_equal(comm_alloc_windows(h, SIZE_MAX, &ctx), -1);
    assert_int_equal(comm_alloc_windows(h, 64, &ctx), -1); /* after a failed one, too */
    assert_int_equal(chip_comm_last_error(h, &err), CHIP_E_STATE);
    assert_int_equal(comm_destroy(h), 0);
}

static void destroy_while_a_task_runs_is_refused(void **state) {
    (void)state;
    uint64_t ctx;
    CommHandle h = comm_init(0, 1, NULL, PATH);
    assert_int_equal(comm_alloc_windows(h, 64, &ctx), 0);
    assert_int_equal(chip_comm_task_begin(h), CHIP_OK);
    assert_int_equal(chip_comm_task_begin(h), CHIP_OK);
    chip_comm_task_end(h);
    assert_int_equal(comm_destroy(h), -1);
    assert_int_equal(chip_comm_last_error(h, NULL), CHIP_E_STATE);
    assert_int_equal(comm_barrier(h), 0);
    chip_comm_task_end(h);
    assert_int_equal(comm_destroy(h), 0);
}

static void windows_of_no_bytes_leave_the_barrier(void **state) {
    (void)state;
    uint64_t ctx;
    size_t size = 1;
    CommHandle h = comm_init(0, 1, NULL, PATH);
    assert_int_equal(comm_alloc_windows(h, 0, &ctx), 0);
    assert_int_equal(comm_get_window_size(h, &size), 0);
    assert_int_equal(size, 0);
    assert_int_equal(comm_barrier(h), 0);
    assert_int_equal(comm_destroy(h), 0);
}

/* ---- identity */

static void another_number_of_ranks_fails_everybody(void **state) {
    (void)state;
    plan.odd_rank = 1;
    plan.odd_nranks = 5;
    assert_fail_together(3, CHIP_E_VALUE, "rank 1 expects 5 ranks, rank 0 expects 3");
}

static void another_window_size_fails_everybody(void **state) {
    (void)state;
    plan.odd_rank = 2;
    plan.odd_size = 12345;
    assert_fail_together(3, CHIP_E_VALUE, "rank 2 asks for windows of 12345 bytes");
    chip_comm_set_nonce(0); /* the same without a roster */
    assert_fail_together(3, CHIP_E_VALUE, "rank 2 asks for windows of 12345 bytes");
}

/* A segment under the name that the ranks will use, with one field of its identity changed. */
static void plant(size_t offset, uint64_t value, size_t bytes, pid_t creator) {
    char name[CHIP_COMM_NAME_LEN];
    chip_comm_segment_name(PATH, name);
    int fd = shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0600);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, 4096 + 3 * 8192), 0);
    struct chip__segment *seg = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_ptr_not_equal(seg, MAP_FAILED);
    seg->magic = CHIP__SEGMENT_MAGIC;
    seg->version = CHIP__SEGMENT_VERSION;
    seg->nranks = 3;
    seg->window_size = plan.win_size;
    seg->nonce = chip_comm_nonce();
    seg->creator = creator;
    seg->state = CHIP__SEG_GATHER;
    memcpy((char *)seg + offset, &value, bytes);
    munmap(seg, 4096);
    close(fd);
}

static void a_segment_of_another_identity_fails_everybody(void **state) {
    (void)state;
    static const struct {
        size_t offset;
        size_t bytes;
        const char *says;
    } cases[] = {{offsetof(struct chip__segment, magic), 8, "magic"},
                 {offsetof(struct chip__segment, version), 4, "layout version"},
                 {offsetof(struct chip__segment, nonce), 8, "nonce differs"}};
    for (size_t i = 0; i < 3; i++) {
        struct ranks rs;
        chip_comm_mint(NULL);
        plant(cases[i].offset, 0x7777, cases[i].bytes, getpid());
        ranks_open(&rs, 3);
        uint64_t begin = now_ns();
        ranks_run(&rs, alloc_only);
        assert_true(now_ns() - begin < plan.timeout_ns);
        for (int rank = 0; rank < 3; rank++) {
            assert_int_equal(rs.report[rank].code, CHIP_E_STALE);
            assert_non_null(strstr(rs.report[rank].text, cases[i].says));
        }
        assert_int_equal(chip_comm_discard(PATH, NULL), CHIP_OK);
        ranks_close(&rs);
    }
}

static void claim_twice(int rank, struct ranks *rs) {
    /* Slots 0..2 are the ranks; slot 3 is a second process that says it is rank plan.odd_rank. */
    uint64_t ctx;
    int as = rank == 3 ? plan.odd_rank : rank;
    CommHandle h = comm_init(as, 3, NULL, PATH);
    chip_comm_set_timeout_ns(h, plan.timeout_ns);
    if (rank == 2)
        await_word(&rs->shared[0], 1); /* keep the group forming until one was refused */
    int rc = comm_alloc_windows(h, 64, &ctx);
    report_comm(&rs->report[rank], rc);
    __atomic_fetch_add(&rs->shared[0], 1, __ATOMIC_SEQ_CST);
    if (rc == 0)
        report_comm(&rs->report[rank], comm_barrier(h));
    comm_destroy(h);
}

static void a_double_claim_is_refused_and_disturbs_nobody(void **state) {
    (void)state;
    for (int roster = 0; roster < 2; roster++) {
        for (int twice = 0; twice < 2; twice++) {
            struct ranks rs;
            int refused = 0;
            if (roster)
                chip_comm_mint(NULL);
            else
                chip_comm_set_nonce(0);
            plan.odd_rank = twice;
            ranks_open(&rs, 4);
            ranks_run(&rs, claim_twice);
            for (int i = 0; i < 4; i++) {
                if (rs.report[i].code == CHIP_OK)
                    continue;
                refused++;
                assert_true(i == twice || i == 3);
                assert_int_equal(rs.report[i].code, CHIP_E_STATE);
                assert_non_null(strstr(rs.report[i].text, "claimed by another process"));
            }
            assert_int_equal(refused, 1);
            ranks_close(&rs);
        }
    }
}

static void die_forming(int rank, struct ranks *rs) {
    uint64_t ctx;
    CommHandle h = open_rank(rank, rs);
    at_unlink.what = DIE_BEFORE;
    at_unlink.nth = 1;
    __atomic_fetch_add(&rs->shared[0], 1, __ATOMIC_SEQ_CST);
    comm_alloc_windows(h, plan.win_size, &ctx);
}

static void a_relaunch_after_a_kill_has_fresh_windows(void **state) {
    (void)state;
    for (int minted = 0; minted < 2; minted++) {
        struct ranks rs;
        if (!minted)
            chip_comm_set_nonce(0); /* the relaunch then derives the very same name */
        ranks_open(&rs, 3);
        /* Ranks 0 and 1 form; rank 2 never comes; then both are killed: the segment stays. */
        ranks_fork(&rs, 0, die_forming);
        ranks_fork(&rs, 1, die_forming);
        await_word(&rs.shared[0], 2);
        nap_ms(50);
        kill(rs.pid[0], SIGKILL);
        kill(rs.pid[1], SIGKILL);
        ranks_reap(&rs);
        chip_comm_discard("another path", NULL);
        if (minted) {
            chip_comm_discard(PATH, NULL); /* what a parent does */
            chip_comm_mint(NULL);
        }
        memset(rs.report, 0, sizeof(struct rank_report) * RANKS_MAX);
        ranks_run(&rs, exchange);
        assert_all_agree(&rs, CHIP_OK);
        for (int rank = 0; rank < 3; rank++)
            assert_int_equal(rs.report[rank].value, 0);
        ranks_close(&rs);
        chip_comm_mint(NULL);
    }
}

/* ---- sizes and memory */

static void sizes_that_overflow_are_refused_before_anything(void **state) {
    (void)state;
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 4095, SIZE_MAX / 3, (size_t)INT64_MAX / 3};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        plan.win_size = sizes[i];
        assert_fail_together(3, CHIP_E_OVERFLOW, "more than a file can hold");
    }
}

static void a_full_file_system_is_an_error_on_every_rank(void **state) {
    (void)state;
    plan.win_size = (size_t)1 << 50;
    assert_fail_together(3, CHIP_E_OS, "cannot reserve");
    chip_comm_set_nonce(0);
    assert_fail_together(3, CHIP_E_OS, "cannot reserve");
}

static void (*fault_of)(int rank);

static void alloc_with_fault(int rank, struct ranks *rs) {
    fault_of(rank);
    alloc_only(rank, rs);
}

static void assert_fault_agreed(int code, const char *says) {
    struct ranks rs;
    ranks_open(&rs, 3);
    uint64_t begin = now_ns();
    ranks_run(&rs, alloc_with_fault);
    assert_true(now_ns() - begin < plan.timeout_ns);
    assert_all_agree(&rs, code);
    assert_non_null(strstr(rs.report[0].text, says));
    assert_no_segment(PATH);
    ranks_close(&rs);
}

static void no_room_for_the_header(int rank) {
    at_fallocate.what = rank == 0 ? FAIL : NOTHING;
    at_fallocate.nth = 1;
}
static void no_room_for_the_windows(int rank) {
    at_fallocate.what = rank == 0 ? FAIL : NOTHING;
    at_fallocate.nth = 2;
}
static void rank_1_cannot_map_the_header(int rank) {
    at_mmap.what = rank == 1 ? FAIL : NOTHING;
    at_mmap.nth = 1;
}
static void rank_2_cannot_map_the_windows(int rank) {
    at_mmap.what = rank == 2 ? FAIL : NOTHING;
    at_mmap.nth = 2;
}
static void rank_0_cannot_create(int rank) {
    at_open.what = rank == 0 ? FAIL : NOTHING;
    at_open.nth = 1;
}
static void rank_1_cannot_open(int rank) {
    at_open.what = rank == 1 ? FAIL : NOTHING;
    at_open.nth = 1;
}

static void a_failed_alloc_agrees_on_every_rank_and_leaves_nothing(void **state) {
    (void)state;
    static const struct {
        void (*fault)(int rank);
        const char *says;
    } cases[] = {{no_room_for_the_header, "cannot reserve the header"},
                 {no_room_for_the_windows, "bytes of shared memory for 3 windows"},
                 {rank_1_cannot_map_the_header, "rank 1 cannot map the header"},
                 {rank_2_cannot_map_the_windows, "rank 2 cannot map"},
                 {rank_0_cannot_create, "cannot create"},
                 {rank_1_cannot_open, "cannot open"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        chip_comm_mint(NULL);
        fault_of = cases[i].fault;
        assert_fault_agreed(CHIP_E_OS, cases[i].says);
    }
}

static void retry_after_failure(int rank, struct ranks *rs) {
    fault_of(rank);
    alloc_only(rank, rs);
    rs->report[rank].value = (uint64_t)rs->report[rank].code;
    alloc_only(rank, rs);
    rs->report[rank].value = rs->report[rank].value == CHIP_E_OS ? 0 : 1;
}

static void a_failed_alloc_can_be_tried_again_with_a_new_handle(void **state) {
    (void)state;
    struct ranks rs;
    fault_of = rank_2_cannot_map_the_windows;
    ranks_open(&rs, 3);
    ranks_run(&rs, retry_after_failure);
    assert_all_agree(&rs, CHIP_OK);
    ranks_close(&rs);
}

/* ---- deaths */

static void creator_dies_before_it_sized(int rank) {
    at_fallocate.what = rank == 0 ? DIE_BEFORE : NOTHING;
    at_fallocate.nth = 1;
}
static void creator_dies_before_the_windows(int rank) {
    at_fallocate.what = rank == 0 ? DIE_BEFORE : NOTHING;
    at_fallocate.nth = 2;
}
static void creator_dies_with_an_empty_header(int rank) {
    at_fallocate.what = rank == 0 ? DIE_AFTER : NOTHING;
    at_fallocate.nth = 1;
}
static void the_last_dies_before_the_unlink(int rank) {
    (void)rank;
    at_unlink.what = DIE_BEFORE;
    at_unlink.nth = 1;
}
static void the_last_dies_after_the_unlink(int rank) {
    (void)rank;
    at_unlink.what = DIE_AFTER;
    at_unlink.nth = 1;
}

/* The survivors: at least one, all with CHIP_E_CHILD_DIED and the same text. */
static void assert_death_reported(void (*fault)(int rank), const char *says) {
    struct ranks rs;
    const char *text = NULL;
    int survivors = 0;
    fault_of = fault;
    ranks_open(&rs, 3);
    uint64_t begin = now_ns();
    ranks_run(&rs, alloc_with_fault);
    assert_true(now_ns() - begin < plan.timeout_ns);
    for (int rank = 0; rank < 3; rank++) {
        if (WIFSIGNALED(rs.report[rank].status))
            continue;
        survivors++;
        assert_int_equal(rs.report[rank].code, CHIP_E_CHILD_DIED);
        assert_non_null(strstr(rs.report[rank].text, says));
        if (text)
            assert_string_equal(rs.report[rank].text, text);
        text = rs.report[rank].text;
    }
    assert_in_range(survivors, 1, 2);
    assert_no_segment(PATH);
    ranks_close(&rs);
}

static void a_creator_that_dies_is_reported_by_the_attachers(void **state) {
    (void)state;
    assert_death_reported(creator_dies_before_it_sized, "rank 0 died");
    chip_comm_mint(NULL);
    assert_death_reported(creator_dies_with_an_empty_header, "rank 0 died");
    chip_comm_mint(NULL);
    assert_death_reported(creator_dies_before_the_windows, "rank 0 died");
}

static void the_last_dies_unlinking(int rank) {
    /* The survivors' takeover unlinks too: only the first unlink of all may kill. */
    the_last_dies_before_the_unlink(rank);
    at_unlink.nth = rank == 2 ? 1 : 1000;
}
static void the_last_dies_unlinked(int rank) {
    the_last_dies_after_the_unlink(rank);
    at_unlink.nth = rank == 2 ? 1 : 1000;
}

static void alloc_rank_2_last(int rank, struct ranks *rs) {
    fault_of(rank);
    if (rank == 2) {
        uint64_t ctx;
        CommHandle h = open_rank(rank, rs);
        at_mmap.what = NOTHING;
        comm_alloc_windows(h, plan.win_size, &ctx);
        return;
    }
    alloc_only(rank, rs);
}

/* Whoever closes dies around the unlink; if it was not rank 2, nobody died and all is well. */
static void a_death_around_the_unlink_is_taken_over(void **state) {
    (void)state;
    void (*const faults[])(int) = {the_last_dies_unlinking, the_last_dies_unlinked};
    for (int round = 0; round < 20; round++) {
        struct ranks rs;
        chip_comm_mint(NULL);
        fault_of = faults[round % 2];
        ranks_open(&rs, 3);
        ranks_run(&rs, alloc_rank_2_last);
        bool died = WIFSIGNALED(rs.report[2].status);
        for (int rank = 0; rank < 2; rank++) {
            assert_int_equal(rs.report[rank].code, died ? CHIP_E_CHILD_DIED : CHIP_OK);
            assert_string_equal(rs.report[rank].text, rs.report[0].text);
        }
        assert_no_segment(PATH);
        ranks_close(&rs);
    }
}

static void two_of_three(int rank, struct ranks *rs) {
    __atomic_fetch_add(&rs->shared[0], 1, __ATOMIC_SEQ_CST);
    alloc_only(rank, rs);
}

static void a_rank_that_dies_while_others_wait_is_noticed(void **state) {
    (void)state;
    struct ranks rs;
    plan.timeout_ns = 100 * SECOND;
    ranks_open(&rs, 3);
    ranks_fork(&rs, 0, two_of_three);
    ranks_fork(&rs, 1, two_of_three);
    await_word(&rs.shared[0], 2);
    nap_ms(30); /* both are waiting for rank 2 now, or about to */
    kill(rs.pid[1], SIGKILL);
    ranks_reap(&rs);
    assert_int_equal(rs.report[0].code, CHIP_E_CHILD_DIED);
    assert_non_null(strstr(rs.report[0].text, "rank 1 died"));
    ranks_close(&rs);
}

static void a_rank_that_never_comes_is_named(void **state) {
    (void)state;
    struct ranks rs;
    plan.timeout_ns = SECOND / 5;
    ranks_open(&rs, 4);
    ranks_fork(&rs, 0, alloc_only);
    ranks_fork(&rs, 2, alloc_only);
    ranks_reap(&rs);
    assert_int_equal(rs.report[0].code, CHIP_E_TIMEOUT);
    assert_int_equal(rs.report[2].code, CHIP_E_TIMEOUT);
    assert_string_equal(rs.report[0].text, rs.report[2].text);
    assert_non_null(strstr(rs.report[0].text, "not there: rank 1, 3"));
    assert_no_segment(PATH);
    ranks_close(&rs);
}

static void a_creator_that_never_comes_times_out(void **state) {
    (void)state;
    struct ranks rs;
    plan.timeout_ns = SECOND / 10;
    ranks_open(&rs, 2);
    ranks_fork(&rs, 1, alloc_only);
    ranks_reap(&rs);
    assert_int_equal(rs.report[1].code, CHIP_E_TIMEOUT);
    ranks_close(&rs);
}

/* ---- the barrier through the ABI */

static void barrier_then(int rank, struct ranks *rs) {
    uint64_t ctx;
    CommHandle h = open_rank(rank, rs);
    report_comm(&rs->report[rank], comm_alloc_windows(h, 64, &ctx));
    report_comm(&rs->report[rank], comm_barrier(h));
    if (rank == 2 && rs->shared[1] == 0)
        kill(getpid(), SIGKILL);
    if (rank == 2) {
        comm_destroy(h);
        await_word(&rs->shared[0], 2); /* lives on, so that only its leaving can be noticed */
        return;
    }
    report_comm(&rs->report[rank], comm_barrier(h));
    struct rank_report again = {0};
    report_comm(&again, comm_barrier(h));
    rs->report[rank].value =
        again.code == rs->report[rank].code && strcmp(again.text, rs->report[rank].text) == 0;
    __atomic_fetch_add(&rs->shared[0], 1, __ATOMIC_SEQ_CST);
    comm_destroy(h);
}

static void check_barrier_loses_rank_2(bool leaves, const char *says) {
    struct ranks rs;
    plan.timeout_ns = 100 * SECOND;
    ranks_open(&rs, 3);
    rs.shared[1] = leaves;
    ranks_run(&rs, barrier_then);
    for (int rank = 0; rank < 2; rank++) {
        assert_int_equal(rs.report[rank].code, CHIP_E_BROKEN);
        assert_non_null(strstr(rs.report[rank].text, says));
        assert_string_equal(rs.report[rank].text, rs.report[0].text);
        assert_int_equal(rs.report[rank].value, 1);
    }
    ranks_close(&rs);
}

static void a_death_breaks_the_barrier_for_everybody(void **state) {
    (void)state;
    check_barrier_loses_rank_2(false, "rank 2 died");
}

static void a_rank_that_leaves_breaks_the_barrier_for_everybody(void **state) {
    (void)state;
    check_barrier_loses_rank_2(true, "rank 2 left");
}

static void lose_the_parent(int rank, struct ranks *rs) {
    (void)rank;
    chip_comm_mint(NULL);
    for (int child = 1; child <= 2; child++) {
        if (fork() == 0) {
            uint64_t ctx;
            alarm(60);
            CommHandle h = comm_init(child - 1, 3, NULL, PATH); /* the third never comes */
            report_comm(&rs->report[child], comm_alloc_windows(h, 64, &ctx));
            __atomic_fetch_add(&rs->shared[0], 1, __ATOMIC_SEQ_CST);
            _exit(0);
        }
    }
    nap_ms(50);
    kill(getpid(), SIGKILL);
}

static void ranks_whose_parent_died_do_not_wait_for_the_deadline(void **state) {
    (void)state;
    struct ranks rs;
    ranks_open(&rs, 1);
    ranks_run(&rs, lose_the_parent);
    await_word(&rs.shared[0], 2);
    assert_int_equal(rs.report[1].code, CHIP_E_PARENT_DIED);
    assert_int_equal(rs.report[2].code, CHIP_E_PARENT_DIED);
    ranks_close(&rs);
}

static void discard_removes_what_nobody_else_can(void **state) {
    (void)state;
    plant(offsetof(struct chip__segment, magic), CHIP__SEGMENT_MAGIC, 8, getpid());
    assert_int_equal(chip_comm_discard(PATH, NULL), CHIP_OK);
    assert_no_segment(PATH);
    assert_int_equal(chip_comm_discard(PATH, NULL), CHIP_OK);
    assert_int_equal(chip_comm_discard(NULL, NULL), CHIP_E_VALUE);
}

#define RULE(name) cmocka_unit_test_setup_teardown(name, fresh_nonce, nothing_left)

int main(void) {
    const struct CMUnitTest tests[] = {
        RULE(the_context_has_its_layout),
        RULE(init_refuses_bad_ranks_and_no_path),
        RULE(a_handle_that_is_not_alive_is_refused),
        RULE(handles_run_out_with_an_error),
        RULE(nothing_works_before_alloc),
        RULE(windows_are_zero_nameless_and_reach_everybody),
        RULE(a_program_that_never_minted_finds_its_ranks),
        RULE(destroy_and_recreate_never_meet),
        RULE(a_second_alloc_is_refused),
        RULE(destroy_while_a_task_runs_is_refused),
        RULE(windows_of_no_bytes_leave_the_barrier),
        RULE(another_number_of_ranks_fails_everybody),
        RULE(another_window_size_fails_everybody),
        RULE(a_segment_of_another_identity_fails_everybody),
        RULE(a_double_claim_is_refused_and_disturbs_nobody),
        RULE(a_relaunch_after_a_kill_has_fresh_windows),
        RULE(sizes_that_overflow_are_refused_before_anything),
        RULE(a_full_file_system_is_an_error_on_every_rank),
        RULE(a_failed_alloc_agrees_on_every_rank_and_leaves_nothing),
        RULE(a_failed_alloc_can_be_tried_again_with_a_new_handle),
        RULE(a_creator_that_dies_is_reported_by_the_attachers),
        RULE(a_death_around_the_unlink_is_taken_over),
        RULE(a_rank_that_dies_while_others_wait_is_noticed),
        RULE(a_rank_that_never_comes_is_named),
        RULE(a_creator_that_never_comes_times_out),
        RULE(a_death_breaks_the_barrier_for_everybody),
        RULE(a_rank_that_leaves_breaks_the_barrier_for_everybody),
        RULE(ranks_whose_parent_died_do_not_wait_for_the_deadline),
        RULE(discard_removes_what_nobody_else_can),
    };
    return cmocka_run_group_tests_name("comm", tests, NULL, NULL);
}
