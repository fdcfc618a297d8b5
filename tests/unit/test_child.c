/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the chip child with buffers and stagings: the order of kernel, flush and answer, what a
 * failure flushes and says, and how it comes up and goes down (runtime.md A, B, D).
 */
#include "tests/unit/worker_support.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { BYTES = 256, BUFFERS = 3 };

/* One chip with buffers a (store), b (neither), c (store), d (store, 0 bytes) in a window. */
struct rig {
    char staging[2][64];
    unsigned char *host[2];
    char path[64];
    struct chip_bootstrap_comm comm;
    struct chip_bootstrap_buffer buffers[BUFFERS + 1];
    struct chip_bootstrap_staging outputs[BUFFERS];
    struct chip_bootstrap_config boot;
    struct chip_device_config device;
    struct chip_child_fault fault;
    struct chip_worker_chip chip;
    struct chip_worker_config config;
    struct chip_worker *worker;
};

static unsigned char *make_staging(char *name, size_t cap, const char *suffix) {
    snprintf(name, cap, "/chiptest-child-%d-%s", (int)getpid(), suffix);
    shm_unlink(name);
    int fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, BYTES), 0);
    unsigned char *p = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_true(p != MAP_FAILED);
    close(fd);
    memset(p, 0xcc, BYTES); /* what a host would find if nothing was flushed */
    return p;
}

static void rig_make(struct rig *r) {
    memset(r, 0, sizeof *r);
    r->host[0] = make_staging(r->staging[0], sizeof r->staging[0], "a");
    r->host[1] = make_staging(r->staging[1], sizeof r->staging[1], "c");
    snprintf(r->path, sizeof r->path, "/chiptest-child-root-%d", (int)getpid());
    r->comm = (struct chip_bootstrap_comm){
        .rank = 0, .nranks = 1, .rootinfo_path = r->path, .window_size = 4096};
    static const char *const names[] = {"a", "b", "c", "d"};
    for (int i = 0; i < 4; i++)
        r->buffers[i] = (struct chip_bootstrap_buffer){.name = names[i],
                                                       .dtype = CHIP_UINT8,
                                                       .count = i == 3 ? 0 : BYTES,
                                                       .placement = "window",
                                                       .nbytes = i == 3 ? 0 : BYTES,
                                                       .store_to_host = i != 1};
    r->outputs[0] = (struct chip_bootstrap_staging){"a", r->staging[0], BYTES};
    r->outputs[1] = (struct chip_bootstrap_staging){"c", r->staging[1], BYTES};
    r->outputs[2] = (struct chip_bootstrap_staging){"d", "/no-such-segment", 0};
    r->boot = (struct chip_bootstrap_config){.comm = &r->comm,
                                             .buffers = r->buffers,
                                             .buffer_count = 4,
                                             .host_outputs = r->outputs,
                                             .host_output_count = 3};
    r->device.dma_chunk = 64;
    r->chip = (struct chip_worker_chip){
        .device_id = 5, .bootstrap = &r->boot, .device = &r->device, .faults = &r->fault};
    r->config = (struct chip_worker_config){.chip_count = 1,
                                            .chips = &r->chip,
                                            .kernels = test_kernels,
                                            .kernel_count = TEST_KERNEL_COUNT};
}

static int rig_start(struct rig *r, struct chip_error *err) {
    assert_int_equal(chip_worker_create(&r->config, &r->worker, err), 0);
    return chip_worker_start(r->worker, err);
}

static void rig_drop(struct rig *r, int expected_close) {
    assert_int_equal(chip_worker_close(r->worker, NULL), expected_close);
    chip_worker_destroy(r->worker);
    for (int i = 0; i < 2; i++) {
        munmap(r->host[i], BYTES);
        shm_unlink(r->staging[i]);
    }
    char name[CHIP_COMM_NAME_LEN];
    chip_comm_segment_name(r->path, name);
    assert_int_equal(segments_named(name + 1), 0);
}

static int fill(struct rig *r, uint32_t buffer, uint64_t pattern, struct chip_error *err) {
    struct chip_worker_info info;
    assert_int_equal(chip_worker_info(r->worker, 0, &info, NULL), 0);
    struct chip_tensor out = {.data = info.buffer_ptrs[buffer],
                              .shape = {BYTES},
                              .ndims = 1,
                              .dtype = CHIP_UINT8,
                              .child_memory = 1};
    struct chip_task task = {.callable = CHIP_KERNEL_FILL, .args = {&out, &pattern, 1, 1}};
    return chip_worker_run(r->worker, 0, &task, err);
}

static int run(struct rig *r, uint64_t callable, struct chip_error *err) {
    struct chip_task task = {.callable = callable};
    return chip_worker_run(r->worker, 0, &task, err);
}

static int all_bytes(const unsigned char *p, int value) {
    for (int i = 0; i < BYTES; i++)
        if (p[i] != value)
            return 0;
    return 1;
}

static void outputs_are_there_when_the_task_is_done(void **state) {
    (void)state;
    struct rig r;
    struct chip_error err = {0};
    rig_make(&r);
    assert_int_equal(rig_start(&r, &err), 0);
    for (int i = 1; i < 50; i++) {
        assert_int_equal(fill(&r, i & 1 ? 0 : 2, (uint64_t)i, &err), 0);
        assert_true(all_bytes(r.host[i & 1 ? 0 : 1], i));
    }
    struct chip_worker_info info;
    assert_int_equal(chip_worker_info(r.worker, 0, &info, NULL), 0);
    assert_int_equal(info.buffer_count, 4);
    assert_int_equal(info.window_size, 4096);
    assert_true(info.buffer_ptrs[0] == info.window_base);
    assert_true(info.buffer_ptrs[2] == info.window_base + 2 * BYTES);
    assert_true(info.device_ctx != 0);
    rig_drop(&r, 0);
}

static void nothing_is_flushed_after_a_failed_kernel(void **state) {
    (void)state;
    struct rig r;
    struct chip_error err = {0};
    rig_make(&r);
    assert_int_equal(rig_start(&r, &err), 0);
    assert_int_equal(run(&r, KERNEL_FAIL, &err), CHIP_E_TASK);
    assert_true(all_bytes(r.host[0], 0xcc)); /* the window is zero: a flush would show */
    assert_true(all_bytes(r.host[1], 0xcc));
    assert_int_equal(run(&r, 9999, &err), CHIP_E_LOOKUP);
    assert_true(all_bytes(r.host[0], 0xcc));
    assert_int_equal(run(&r, KERNEL_NOP, &err), 0);
    assert_true(all_bytes(r.host[0], 0) && all_bytes(r.host[1], 0));
    rig_drop(&r, 0);
}

static void a_failed_flush_names_its_buffer_and_the_child_serves_on(void **state) {
    (void)state;
    struct rig r;
    struct chip_error err = {0};
    rig_make(&r);
    r.fault = (struct chip_child_fault){CHIP_DEVICE_OP_D2H, 2, CHIP_E_DEVICE};
    r.chip.fault_count = 1;
    assert_int_equal(rig_start(&r, &err), 0);
    assert_int_equal(run(&r, KERNEL_NOP, &err), CHIP_E_DEVICE); /* a is the first, c the second */
    static const char expected[] =
        "child failed (code=1): chip_process dev=5 store_to_host='c': DeviceError: ";
    assert_memory_equal(err.text, expected, sizeof expected - 1);
    assert_true(all_bytes(r.host[1], 0xcc));
    assert_int_equal(fill(&r, 2, 0x77, &err), 0);
    assert_true(all_bytes(r.host[1], 0x77));
    rig_drop(&r, 0);
}

static void a_staging_that_went_away_is_an_error_of_the_flush(void **state) {
    (void)state;
    struct rig r;
    struct chip_error err = {0};
    rig_make(&r);
    assert_int_equal(rig_start(&r, &err), 0);
    shm_unlink(r.staging[0]);
    assert_int_equal(run(&r, KERNEL_NOP, &err), CHIP_E_OS);
    assert_non_null(strstr(err.text, "chip_process dev=5 store_to_host='a': OSError: "));
    assert_int_equal(run(&r, KERNEL_NOP, &err), CHIP_E_OS);
    rig_drop(&r, 0);
}

static void a_failed_bootstrap_reaches_the_parent_with_its_text(void **state) {
    (void)state;
    struct rig r;
    struct chip_error err = {0};
    rig_make(&r);
    r.boot.host_output_count = 1; /* c has no staging now */
    assert_int_equal(rig_start(&r, &err), CHIP_E_VALUE);
    assert_memory_equal(err.text, "child failed (code=1): chip_process dev=5: ValueError: ", 55);
    assert_non_null(strstr(err.text, "'c'"));
    rig_drop(&r, 0);
}

static void a_device_that_cannot_be_made_is_reported_on_the_channel(void **state) {
    (void)state;
    struct rig r;
    struct chip_error err = {0};
    rig_make(&r);
    r.chip.device_id = -3;
    assert_int_equal(rig_start(&r, &err), CHIP_E_VALUE);
    assert_memory_equal(err.text, "child failed (code=1): chip_process dev=-3: ValueError: ", 56);
    rig_drop(&r, 0);
}

/* The status words and the exit status, on memory of the test's own. */
static void a_child_whose_bootstrap_failed_says_so_and_exits(void **state) {
    (void)state;
    struct rig r;
    rig_make(&r);
    r.boot.host_output_count = 0;
    unsigned char *memory =
        mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(memory != MAP_FAILED);
    struct chip_child_config config = {.device_id = 5, .bootstrap = &r.boot};
    pid_t pid = fork();
    if (pid == 0)
        _exit(chip_child_main(memory, memory + 4096, &config));
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), CHIP_CHILD_EXIT_INIT);
    struct chip_bootstrap_channel channel;
    struct chip_bootstrap_result result;
    chip_bootstrap_channel_init(&channel, memory + 4096, 376, 0, NULL);
    assert_int_equal(chip_bootstrap_channel_read(&channel, &result, NULL), 0);
    assert_int_equal(result.state, CHIP_BOOTSTRAP_ERROR);
    assert_int_equal(result.error_code, 1);
    assert_int_equal(((struct chip_mailbox *)(void *)memory)->child_status, CHIP_CHILD_INIT_FAILED);
    munmap(memory, 8192);
    r.config.chip_count = 1;
    assert_int_equal(chip_worker_create(&r.config, &r.worker, NULL), 0);
    rig_drop(&r, 0);
}

/* Two in succession: nothing of the first is met by the second. */
static void a_worker_can_be_made_again_on_the_same_names(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct rig r;
        struct chip_error err = {0};
        rig_make(&r);
        assert_int_equal(rig_start(&r, &err), 0);
        assert_int_equal(run(&r, KERNEL_NOP, &err), 0);
        assert_true(all_bytes(r.host[0], 0)); /* a fresh window */
        assert_int_equal(fill(&r, 0, 0x99, &err), 0);
        rig_drop(&r, 0);
    }
}

/* A test that failed half-way leaves no staging either. */
static int teardown_child(void **state) {
    for (int i = 0; i < 2; i++) {
        char name[64];
        snprintf(name, sizeof name, "/chiptest-child-%d-%s", (int)getpid(), i ? "c" : "a");
        shm_unlink(name);
    }
    return teardown_common(state);
}

#define CHILD_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup_common, teardown_child)

int main(void) {
    const struct CMUnitTest tests[] = {
        CHILD_TEST(outputs_are_there_when_the_task_is_done),
        CHILD_TEST(nothing_is_flushed_after_a_failed_kernel),
        CHILD_TEST(a_failed_flush_names_its_buffer_and_the_child_serves_on),
        CHILD_TEST(a_staging_that_went_away_is_an_error_of_the_flush),
        CHILD_TEST(a_failed_bootstrap_reaches_the_parent_with_its_text),
        CHILD_TEST(a_device_that_cannot_be_made_is_reported_on_the_channel),
        CHILD_TEST(a_child_whose_bootstrap_failed_says_so_and_exits),
        CHILD_TEST(a_worker_can_be_made_again_on_the_same_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
