/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker_support.h - what the tests of mailbox, child, worker and kernels share: memory that is
 * common to a test and the processes it forks, kernels that a test can steer through it, and the
 * look at what must not be left behind.
 */
#ifndef TESTS_WORKER_SUPPORT_H
#define TESTS_WORKER_SUPPORT_H

#include <chip/chip.h>

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define MS 1000000ull

/* In MAP_SHARED memory; all words are atomic. */
struct common {
    uint32_t entered; /* counted up by KERNEL_GATE when it begins, and by child bodies */
    uint32_t gate;    /* KERNEL_GATE runs until this is not 0 */
    uint32_t left;
    uint32_t order; /* handed out as tickets */
    uint32_t ticket[8];
    int32_t pid[8];
    int32_t seen[8];
};

static struct common *common;

enum {
    KERNEL_NOP = 100,
    KERNEL_FAIL = 101,
    KERNEL_GATE = 102,
    KERNEL_LONG_TEXT = 103,
    KERNEL_MUTE = 104,
    KERNEL_DIE = 105,
    KERNEL_DIM = 106
};

static inline uint32_t get(const uint32_t *word) {
    return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

static inline void set(uint32_t *word, uint32_t v) {
    __atomic_store_n(word, v, __ATOMIC_SEQ_CST);
}

static inline void nap(void) {
    struct timespec ts = {.tv_nsec = 200000};
    nanosleep(&ts, NULL);
}

/* Bounded: a test that waits in vain fails instead of hanging. */
static inline int until(const uint32_t *word, uint32_t at_least) {
    for (int i = 0; i < 100000; i++) {
        if (get(word) >= at_least)
            return 1;
        nap();
    }
    return 0;
}

static inline int kernel_nop(struct chip_kernel_ctx *ctx, const struct chip_blob_view *args,
                             struct chip_error *err) {
    (void)ctx;
    (void)args;
    (void)err;
    return 0;
}

static inline int kernel_fail(struct chip_kernel_ctx *ctx, const struct chip_blob_view *args,
                              struct chip_error *err) {
    (void)args;
    return chip_error_set(err, CHIP_E_TASK, "kernel of chip %u says no", ctx->chip);
}

static inline int kernel_gate(struct chip_kernel_ctx *ctx, const struct chip_blob_view *args,
                              struct chip_error *err) {
    (void)ctx;
    (void)args;
    (void)err;
    __atomic_add_fetch(&common->entered, 1, __ATOMIC_SEQ_CST);
    int open = until(&common->gate, 1);
    __atomic_add_fetch(&common->left, 1, __ATOMIC_SEQ_CST);
    return open ? 0 : CHIP_E_TIMEOUT;
}

/* 300 bytes of two-byte characters behind the prefix: must be cut between two of them. */
static inline int kernel_long_text(struct chip_kernel_ctx *ctx, const struct chip_blob_view *args,
                                   struct chip_error *err) {
    (void)ctx;
    char text[301];
    for (int i = 0; i < 300; i += 2)
        memcpy(text + i, "\xc3\xa9", 2);
    text[300] = '\0';
    return chip_error_set(err, CHIP_E_VALUE, "%s%s", args->scalar_count ? "x" : "", text);
}

static inline int kernel_mute(struct chip_kernel_ctx *ctx, const struct chip_blob_view *args,
                              struct chip_error *err) {
    (void)ctx;
    (void)args;
    (void)err;
    return 42;
}

static inline int kernel_die(struct chip_kernel_ctx *ctx, const struct chip_blob_view *args,
                             struct chip_error *err) {
    (void)ctx;
    (void)args;
    (void)err;
    raise(SIGKILL);
    return 0;
}

static inline int kernel_dim(struct chip_kernel_ctx *ctx, const struct chip_blob_view *args,
                             struct chip_error *err) {
    (void)args;
    (void)err;
    common->seen[0] = ctx->block_dim;
    common->seen[1] = ctx->aicpu_thread_num;
    return 0;
}

static const struct chip_kernel test_kernels[] = {
    {KERNEL_NOP, "nop", kernel_nop},
    {KERNEL_FAIL, "fail", kernel_fail},
    {KERNEL_GATE, "gate", kernel_gate},
    {KERNEL_LONG_TEXT, "long", kernel_long_text},
    {KERNEL_MUTE, "mute", kernel_mute},
    {KERNEL_DIE, "die", kernel_die},
    {KERNEL_DIM, "dim", kernel_dim},
    {CHIP_KERNEL_FILL, "fill", chip_kernel_fill},
    {CHIP_KERNEL_VECTOR_ADD, "vector_add", chip_kernel_vector_add},
    {CHIP_KERNEL_ALLREDUCE_ONE_PHASE, "allreduce", chip_kernel_allreduce_one_phase},
};
enum { TEST_KERNEL_COUNT = sizeof test_kernels / sizeof test_kernels[0] };

/* Names in /dev/shm that hold the part. */
static inline int segments_named(const char *part) {
    int n = 0;
    DIR *dir = opendir("/dev/shm");
    for (struct dirent *e; dir && (e = readdir(dir));)
        n += strstr(e->d_name, part) != NULL;
    if (dir)
        closedir(dir);
    return n;
}

static inline int setup_common(void **state) {
    (void)state;
    common = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return common == MAP_FAILED ? -1 : 0;
}

/* No child, dead or alive, and no payload segment of this process may be left by a test. */
static inline int teardown_common(void **state) {
    (void)state;
    char mine[64];
    snprintf(mine, sizeof mine, "chip-copy-%d-", (int)getpid());
    if (waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD) {
        fprintf(stderr, "a child process is left\n");
        return -1;
    }
    if (segments_named(mine)) {
        fprintf(stderr, "a payload segment is left\n");
        return -1;
    }
    return munmap(common, 4096);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup_common, teardown_common)

#endif
