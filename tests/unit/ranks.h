/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ranks.h - for tests of collective calls: runs a function in n forked ranks, collects what each
 * came to, and looks that nothing stays behind. Header-only, so that a test is one file.
 */
#ifndef TESTS_UNIT_RANKS_H
#define TESTS_UNIT_RANKS_H

#include <chip/comm.h>
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { RANKS_MAX = 16 };

/* What a rank leaves for the test; in shared memory. */
struct rank_report {
    int code;   /* enum chip_status of the step under test */
    int done;   /* 1: the rank ran to its end */
    int status; /* wait status, from the parent */
    uint64_t value;
    char text[CHIP_ERROR_TEXT];
};

struct ranks {
    int n;
    pid_t pid[RANKS_MAX];
    struct rank_report *report; /* [RANKS_MAX] */
    uint64_t *shared;           /* 512 words for the test's own use, zero */
};

typedef void (*rank_fn)(int rank, struct ranks *rs);

static inline void *ranks_map(size_t bytes) {
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        abort();
    return p;
}

static inline void ranks_open(struct ranks *rs, int n) {
    memset(rs, 0, sizeof *rs);
    rs->n = n;
    rs->report = ranks_map(sizeof(struct rank_report) * RANKS_MAX);
    rs->shared = ranks_map(4096);
}

static inline void ranks_close(struct ranks *rs) {
    munmap(rs->report, sizeof(struct rank_report) * RANKS_MAX);
    munmap(rs->shared, 4096);
}

/* Starts rank `rank`; the function's return ends it. A deadline of its own ends a hung one. */
static inline void ranks_fork(struct ranks *rs, int rank, rank_fn fn) {
    fflush(NULL);
    pid_t pid = fork();
    if (pid < 0)
        abort();
    if (pid == 0) {
        alarm(60);
        fn(rank, rs);
        rs->report[rank].done = 1;
        _exit(0);
    }
    rs->pid[rank] = pid;
}

static inline void ranks_start(struct ranks *rs, rank_fn fn) {
    for (int rank = 0; rank < rs->n; rank++)
        ranks_fork(rs, rank, fn);
}

/* Reaps all, in the order in which they end: a dead rank must not stay a zombie. */
static inline void ranks_reap(struct ranks *rs) {
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, 0)) > 0 || errno == EINTR) {
        for (int rank = 0; rank < RANKS_MAX; rank++) {
            if (pid > 0 && rs->pid[rank] == pid)
                rs->report[rank].status = status;
        }
    }
}

static inline void ranks_run(struct ranks *rs, rank_fn fn) {
    ranks_start(rs, fn);
    ranks_reap(rs);
}

/* Keeps the calling thread's last communicator error as the rank's report. */
static inline void report_comm(struct rank_report *r, int rc) {
    struct chip_error err = {0};
    if (rc)
        chip_comm_last_error(NULL, &err);
    r->code = err.code;
    memcpy(r->text, err.text, sizeof r->text);
}

static inline uint64_t now_ns(void) {
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static inline void nap_ms(long ms) {
    struct timespec ts = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&ts, &ts) != 0 && errno == EINTR) {
    }
}

/* Waits until a word that another process writes is at least `value`. */
static inline void await_word(const uint64_t *word, uint64_t value) {
    while (__atomic_load_n(word, __ATOMIC_SEQ_CST) < value)
        nap_ms(1);
}

/* No segment of a communicator that this process's nonce would name. */
static inline void assert_no_segment(const char *path) {
    char name[CHIP_COMM_NAME_LEN];
    chip_comm_segment_name(path, name);
    int fd = shm_open(name, 0 /* O_RDONLY */, 0);
    assert_int_equal(fd, -1);
    assert_int_equal(errno, ENOENT);
}

static inline void assert_all_agree(const struct ranks *rs, int code) {
    for (int rank = 0; rank < rs->n; rank++) {
        assert_int_equal(rs->report[rank].status, 0);
        assert_int_equal(rs->report[rank].code, code);
        assert_string_equal(rs->report[rank].text, rs->report[0].text);
    }
}

#endif
