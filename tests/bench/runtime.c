/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runtime.c - libchip's own figures, each the counterpart of a reference.
 *
 * Every measurement runs in a process of its own, so that what the library has learned about the
 * machine in one (how long to spin) does not colour the next. The library looks at the CPUs it may
 * use when it first waits; processes are pinned after that.
 */
#include "tests/bench/bench.h"

#include <chip/chip.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define LINE 64

/* ---- a process for each measurement ------------------------------------------------------- */

struct answer {
    double (*measure)(void);
    double ns;
};

static void isolated_body(void *arg) {
    struct answer *a = arg;
    a->ns = a->measure();
}

static double isolated(double (*measure)(void)) {
    struct answer *a = bench_share(sizeof *a);
    a->measure = measure;
    a->ns = BENCH_FAILED;
    double ns = bench_join(bench_fork(-1, isolated_body, a)) ? BENCH_FAILED : a->ns;
    bench_unshare(a, sizeof *a);
    return ns;
}

static double complain(const char *what, const struct chip_error *err) {
    fprintf(stderr, "chip-bench: %s: %s\n", what, err->text);
    return BENCH_FAILED;
}

/* ---- barrier ------------------------------------------------------------------------------- */

struct group {
    uint32_t ranks;
    uint32_t rounds;
    double ns;
    uint32_t failed; /* set by any rank that could not go through */
};

struct member {
    struct group *group;
    int rank;
};

static int pass_barriers(CommHandle comm, uint32_t rounds) {
    int rc = 0;
    for (uint32_t i = 0; i < rounds && rc == 0; i++)
        rc = comm_barrier(comm);
    return rc;
}

static void barrier_member(void *arg) {
    const struct member *m = arg;
    struct group *g = m->group;
    uint64_t context;
    CommHandle comm = comm_init(m->rank, (int)g->ranks, NULL, "bench");
    int rc = comm ? comm_alloc_windows(comm, 4096, &context) : -1;
    bench_pin(bench_cpu(m->rank));
    if (rc == 0)
        rc = pass_barriers(comm, g->rounds / 10 + 1);
    uint64_t begin = bench_now_ns();
    if (rc == 0)
        rc = pass_barriers(comm, g->rounds);
    if (m->rank == 0)
        g->ns = (double)(bench_now_ns() - begin) / g->rounds;
    if (rc != 0) {
        struct chip_error err = {0};
        chip_comm_last_error(comm, &err);
        (void)complain("comm_barrier", &err);
        __atomic_store_n(&g->failed, 1, __ATOMIC_RELAXED);
    }
    if (comm)
        (void)comm_destroy(comm);
}

static double barrier(uint32_t ranks, uint32_t rounds) {
    struct chip_error err;
    if (chip_comm_mint(&err))
        return complain("chip_comm_mint", &err);
    struct group *g = bench_share(sizeof *g);
    g->ranks = ranks;
    g->rounds = rounds;
    pid_t pid[CHIP_COMM_MAX_RANKS];
    for (uint32_t r = 0; r < ranks; r++) {
        struct member m = {g, (int)r};
        pid[r] = bench_fork(-1, barrier_member, &m);
    }
    int failed = 0;
    for (uint32_t r = 0; r < ranks; r++)
        failed |= bench_join(pid[r]);
    double ns = failed || g->failed ? BENCH_FAILED : g->ns;
    bench_unshare(g, sizeof *g);
    return ns;
}

static double barrier_2(void) {
    return bench_cpu_count() < 2 ? BENCH_FAILED : barrier(2, 200000);
}

static double barrier_4(void) {
    return barrier(4, 4000);
}

static double barrier_8(void) {
    return barrier(8, 2000);
}

double bench_chip_barrier_2(void) {
    return isolated(barrier_2);
}

double bench_chip_barrier_4(void) {
    return isolated(barrier_4);
}

double bench_chip_barrier_8(void) {
    return isolated(barrier_8);
}

/* ---- mailbox ------------------------------------------------------------------------------- */

enum { EMPTY_KERNEL = 1 };

static int empty_kernel(struct chip_kernel_ctx *ctx, const struct chip_blob_view *args,
                        struct chip_error *err) {
    (void)ctx;
    (void)args;
    (void)err;
    return 0;
}

static const struct chip_kernel kernels[] = {{EMPTY_KERNEL, "empty", empty_kernel}};

/* A started worker of `chips` children that do nothing, or NULL. */
static struct chip_worker *start_worker(uint32_t chips, struct chip_error *err) {
    struct chip_worker_chip chip[BENCH_LOAD_CHILDREN] = {0};
    for (uint32_t c = 0; c < chips; c++)
        chip[c].device_id = (int)c;
    struct chip_worker_config config = {
        .chip_count = chips, .chips = chip, .kernels = kernels, .kernel_count = 1};
    struct chip_worker *worker = NULL;
    if (chip_worker_create(&config, &worker, err) || chip_worker_start(worker, err)) {
        chip_worker_destroy(worker);
        return NULL;
    }
    return worker;
}

static int run_tasks(struct chip_worker *worker, uint32_t rounds, struct chip_error *err) {
    const struct chip_task task = {.callable = EMPTY_KERNEL};
    uint32_t chips = chip_worker_count(worker);
    int rc = 0;
    for (uint32_t i = 0; i < rounds && !rc; i++) {
        for (uint32_t c = 0; c < chips && !rc; c++)
            rc = chip_worker_run(worker, c, &task, err);
    }
    return rc;
}

/* Nanoseconds of one empty task. */
static double time_tasks(struct chip_worker *worker, uint32_t rounds) {
    struct chip_error err;
    if (run_tasks(worker, rounds / 10 + 1, &err))
        return complain("chip_worker_run", &err);
    uint64_t begin = bench_now_ns();
    if (run_tasks(worker, rounds, &err))
        return complain("chip_worker_run", &err);
    return (double)(bench_now_ns() - begin) / ((double)rounds * chip_worker_count(worker));
}

static double mailbox(void) {
    struct chip_error err;
    struct chip_worker_info info;
    if (bench_cpu_count() < 2)
        return BENCH_FAILED;
    struct chip_worker *worker = start_worker(1, &err);
    if (!worker)
        return complain("chip_worker_start", &err);
    double ns = BENCH_FAILED;
    cpu_set_t other;
    CPU_ZERO(&other);
    CPU_SET((size_t)bench_cpu(1), &other);
    if (chip_worker_info(worker, 0, &info, &err) == 0 &&
        sched_setaffinity(info.pid, sizeof other, &other) == 0) {
        bench_pin(bench_cpu(0));
        ns = time_tasks(worker, 100000);
    }
    chip_worker_destroy(worker);
    return ns;
}

static double mailbox_loaded(void) {
    struct chip_error err;
    struct chip_worker *worker = start_worker(BENCH_LOAD_CHILDREN, &err);
    if (!worker)
        return complain("chip_worker_start", &err);
    pid_t busy = bench_busy_start();
    double ns = time_tasks(worker, 1000);
    bench_stop(busy);
    chip_worker_destroy(worker);
    return ns;
}

/* CPU time that the children have used, in ns; negative if it cannot be read. */
static double children_cpu(struct chip_worker *worker) {
    double sum = 0;
    for (uint32_t c = 0; c < chip_worker_count(worker); c++) {
        struct chip_worker_info info;
        struct timespec t;
        clockid_t clock;
        if (chip_worker_info(worker, c, &info, NULL) || clock_getcpuclockid(info.pid, &clock) ||
            clock_gettime(clock, &t))
            return BENCH_FAILED;
        sum += (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
    }
    return sum;
}

static double idle(void) {
    struct chip_error err;
    struct chip_worker *worker = start_worker(BENCH_LOAD_CHILDREN, &err);
    if (!worker)
        return complain("chip_worker_start", &err);
    const struct timespec settle = {.tv_nsec = 300000000};
    const struct timespec second = {.tv_sec = 1};
    double used = BENCH_FAILED;
    if (run_tasks(worker, 10, &err) == 0) {
        nanosleep(&settle, NULL);
        double before = children_cpu(worker);
        nanosleep(&second, NULL);
        double after = children_cpu(worker);
        if (before >= 0 && after >= 0)
            used = (after - before) / chip_worker_count(worker);
    }
    chip_worker_destroy(worker);
    return used;
}

double bench_chip_mailbox(void) {
    return isolated(mailbox);
}

double bench_chip_mailbox_loaded(void) {
    return isolated(mailbox_loaded);
}

double bench_chip_idle(void) {
    return isolated(idle);
}

/* ---- flush --------------------------------------------------------------------------------- */

/* Times the flush of buffer 0; the first one, which attaches, is not counted. */
static double time_flush(struct chip_bootstrap *boot, const char *shm_name) {
    enum { TIMES = 4 };
    struct chip_error err;
    int rc = chip_staging_flush(boot, 0, &err);
    shm_unlink(shm_name);
    uint64_t begin = bench_now_ns();
    for (int i = 0; i < TIMES && !rc; i++)
        rc = chip_staging_flush(boot, 0, &err);
    double ns = (double)(bench_now_ns() - begin) / TIMES;
    return rc ? complain("chip_staging_flush", &err) : ns;
}

static double flush_from(struct chip_device *device, const char *shm_name) {
    const struct chip_bootstrap_comm comm = {
        .rank = 0, .nranks = 1, .rootinfo_path = "bench", .window_size = BENCH_FLUSH_BYTES};
    const struct chip_bootstrap_buffer buffer = {.name = "out",
                                                 .dtype = CHIP_UINT8,
                                                 .count = BENCH_FLUSH_BYTES,
                                                 .placement = "window",
                                                 .nbytes = BENCH_FLUSH_BYTES,
                                                 .store_to_host = true};
    const struct chip_bootstrap_staging output = {"out", shm_name, BENCH_FLUSH_BYTES};
    const struct chip_bootstrap_config config = {.comm = &comm,
                                                 .buffers = &buffer,
                                                 .buffer_count = 1,
                                                 .host_outputs = &output,
                                                 .host_output_count = 1};
    struct chip_bootstrap_result result;
    struct chip_bootstrap *boot = NULL;
    struct chip_error err;
    double ns = BENCH_FAILED;
    if (chip_bootstrap_new(device, &boot, &err) ||
        chip_bootstrap_context(boot, &config, NULL, &result, &err)) {
        ns = complain("bootstrap", &err);
    } else {
        memset((void *)(uintptr_t)result.local_window_base, 0x5a, BENCH_FLUSH_BYTES);
        ns = time_flush(boot, shm_name);
    }
    chip_bootstrap_free(boot);
    return ns;
}

static double flush(void) {
    char name[64];
    struct chip_error err;
    struct chip_device *device;
    snprintf(name, sizeof name, "/chip-bench-%d", (int)getpid());
    if (chip_comm_mint(&err) || chip_device_create(0, NULL, &device, &err))
        return complain("chip_device_create", &err);
    double ns = BENCH_FAILED;
    int fd = shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0600);
    if (fd >= 0 && ftruncate(fd, (off_t)BENCH_FLUSH_BYTES) == 0)
        ns = flush_from(device, name);
    if (fd >= 0)
        close(fd);
    shm_unlink(name);
    (void)chip_device_finalize(device, NULL);
    return ns;
}

double bench_chip_flush(void) {
    return isolated(flush);
}
