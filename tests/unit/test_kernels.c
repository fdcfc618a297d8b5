/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the built-in kernels (runtime.md J) against plain references. */
#include "tests/unit/worker_support.h"

static struct chip_device *device;
static struct chip_kernel_ctx ctx;

static int setup_device(void **state) {
    if (setup_common(state) || chip_device_create(0, NULL, &device, NULL) ||
        chip_device_set(device, NULL))
        return -1;
    ctx = (struct chip_kernel_ctx){.device = device, .nranks = 1};
    return 0;
}

static int teardown_device(void **state) {
    chip_device_finalize(device, NULL);
    return teardown_common(state);
}

static struct chip_tensor on_device(uint64_t bytes, uint32_t count, uint8_t dtype) {
    uint64_t address = 0;
    assert_int_equal(chip_device_malloc(device, bytes, &address, NULL), 0);
    return (struct chip_tensor){
        .data = address, .shape = {count}, .ndims = 1, .dtype = dtype, .child_memory = 1};
}

static struct chip_blob_view view(const struct chip_tensor *t, uint32_t tensors, const uint64_t *s,
                                  uint32_t scalars) {
    return (struct chip_blob_view){t, s, tensors, scalars};
}

static void vector_add_adds(void **state) {
    (void)state;
    enum { N = 1000 };
    static float a[N], b[N], out[N];
    struct chip_tensor t[3];
    for (int i = 0; i < N; i++) {
        a[i] = (float)i * 0.5f;
        b[i] = (float)(N - i) * 0.25f;
    }
    for (int i = 0; i < 3; i++)
        t[i] = on_device(sizeof a, N, CHIP_FLOAT32);
    chip_device_copy_to(device, t[0].data, a, sizeof a, NULL);
    chip_device_copy_to(device, t[1].data, b, sizeof b, NULL);
    struct chip_blob_view args = view(t, 3, NULL, 0);
    assert_int_equal(chip_kernel_vector_add(&ctx, &args, NULL), 0);
    chip_device_copy_from(device, out, t[2].data, sizeof out, NULL);
    for (int i = 0; i < N; i++)
        assert_true(out[i] == a[i] + b[i]);
    t[2].shape[0] = 0;
    t[0].shape[0] = t[1].shape[0] = 0;
    assert_int_equal(chip_kernel_vector_add(&ctx, &args, NULL), 0);
}

static void fill_fills_elements_of_every_size(void **state) {
    (void)state;
    static const uint64_t pattern = 0x8877665544332211ull;
    for (int dtype = 0; dtype <= 10; dtype++) {
        unsigned char out[24], expected[24];
        size_t size = chip_dtype_size(dtype);
        struct chip_tensor t = on_device(24, (uint32_t)(16 / size), (uint8_t)dtype);
        struct chip_blob_view args = view(&t, 1, &pattern, 1);
        assert_int_equal(chip_kernel_fill(&ctx, &args, NULL), 0);
        memset(expected, 0, sizeof expected);
        for (size_t i = 0; i < 16; i++)
            expected[i] = (unsigned char)(0x11 * (i % size + 1));
        chip_device_copy_from(device, out, t.data, sizeof out, NULL);
        assert_memory_equal(out, expected, sizeof out); /* and nothing behind it */
    }
}

static void arguments_are_checked_before_memory_is_touched(void **state) {
    (void)state;
    struct chip_error err;
    uint64_t zero = 0;
    struct chip_tensor t[3];
    for (int i = 0; i < 3; i++)
        t[i] = on_device(64, 16, CHIP_FLOAT32);
    const struct chip_tensor good = t[2];
    struct chip_blob_view add = view(t, 3, NULL, 0);
    struct chip_blob_view one = view(&t[2], 1, &zero, 1);

    struct chip_blob_view few = view(t, 2, NULL, 0);
    assert_int_equal(chip_kernel_vector_add(&ctx, &few, &err), CHIP_E_VALUE);
    assert_string_equal(err.text, "ValueError: takes 3 tensors and 0 scalars, got 2 and 0");
    assert_int_equal(chip_kernel_fill(&ctx, &few, &err), CHIP_E_VALUE);
    t[2].dtype = CHIP_INT32;
    assert_int_equal(chip_kernel_vector_add(&ctx, &add, &err), CHIP_E_VALUE);
    t[2] = good;
    t[2].child_memory = 0;
    assert_int_equal(chip_kernel_fill(&ctx, &one, &err), CHIP_E_VALUE);
    t[2] = good;
    t[2].shape[0] = 15;
    assert_int_equal(chip_kernel_vector_add(&ctx, &add, &err), CHIP_E_VALUE);
    t[2].shape[0] = 1 << 20; /* leaves its extent */
    assert_int_equal(chip_kernel_fill(&ctx, &one, &err), CHIP_E_DEVICE);
    t[2] = good;
    t[2].data = 4096;
    assert_int_equal(chip_kernel_fill(&ctx, &one, &err), CHIP_E_DEVICE);
    t[2] = good;
    t[2].data += 2;
    t[2].shape[0] = 1;
    assert_int_equal(chip_kernel_fill(&ctx, &one, &err), CHIP_E_VALUE); /* not aligned */
    struct chip_blob_view two = view(t, 2, NULL, 0);
    assert_int_equal(chip_kernel_allreduce_one_phase(&ctx, &two, &err), CHIP_E_STATE);
}

static void the_table_has_each_kernel_once(void **state) {
    (void)state;
    size_t n;
    const struct chip_kernel *table = chip_kernels(&n);
    assert_int_equal(n, 3);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(table[i].id, i + 1);
    assert_string_equal(table[2].name, "allreduce_one_phase");
}

/* ---- all-reduce over real ranks ---------------------------------------------------------- */

enum { RANKS = 3, ELEMENTS = CHIP_ALLREDUCE_ELEMENTS, VECTOR = ELEMENTS * 4 };

struct ranks {
    char path[64];
    struct chip_bootstrap_comm comm[RANKS];
    struct chip_bootstrap_buffer buffers[2];
    struct chip_bootstrap_config boot[RANKS];
    struct chip_worker_chip chips[RANKS];
    struct chip_worker_info info[RANKS];
    struct chip_worker *worker;
};

static void start_ranks(struct ranks *k) {
    memset(k, 0, sizeof *k);
    snprintf(k->path, sizeof k->path, "/chiptest-kernels-%d", (int)getpid());
    for (int i = 0; i < 2; i++)
        k->buffers[i] = (struct chip_bootstrap_buffer){
            .name = i ? "out" : "in", .count = ELEMENTS, .placement = "window", .nbytes = VECTOR};
    for (int r = 0; r < RANKS; r++) {
        k->comm[r] = (struct chip_bootstrap_comm){
            .rank = r, .nranks = RANKS, .rootinfo_path = k->path, .window_size = 8192};
        k->boot[r] = (struct chip_bootstrap_config){
            .comm = &k->comm[r], .buffers = k->buffers, .buffer_count = 2};
        k->chips[r] = (struct chip_worker_chip){.device_id = r, .bootstrap = &k->boot[r]};
    }
    struct chip_worker_config config = {.chip_count = RANKS, .chips = k->chips};
    struct chip_error err = {0};
    assert_int_equal(chip_worker_create(&config, &k->worker, &err), 0);
    if (chip_worker_start(k->worker, &err))
        fail_msg("%s", err.text);
    for (uint32_t r = 0; r < RANKS; r++)
        chip_worker_info(k->worker, r, &k->info[r], NULL);
}

static int allreduce_on(struct ranks *k, uint32_t r, int in_place, struct chip_error *err) {
    struct chip_tensor t[2];
    for (int i = 0; i < 2; i++)
        t[i] = (struct chip_tensor){.data = k->info[r].buffer_ptrs[in_place ? 0 : i],
                                    .shape = {ELEMENTS},
                                    .ndims = 1,
                                    .dtype = CHIP_FLOAT32,
                                    .child_memory = 1};
    struct chip_task task = {.callable = CHIP_KERNEL_ALLREDUCE_ONE_PHASE, .args = {t, NULL, 2, 0}};
    return chip_worker_submit(k->worker, r, &task, err);
}

static int allreduce(struct ranks *k, int in_place, struct chip_error *err) {
    int first = CHIP_OK;
    for (uint32_t r = 0; r < RANKS; r++) {
        int rc = allreduce_on(k, r, in_place, err);
        first = first ? first : rc;
    }
    int rc = chip_worker_drain(k->worker, first ? NULL : err);
    return first ? first : rc;
}

/* Rank r's input is first, first + 1 ... */
static void set_input(struct ranks *k, uint32_t r, int first) {
    float in[ELEMENTS];
    for (int i = 0; i < ELEMENTS; i++)
        in[i] = (float)(first + i);
    assert_int_equal(
        chip_worker_copy_to(k->worker, r, k->info[r].buffer_ptrs[0], in, sizeof in, NULL), 0);
}

static void allreduce_sums_over_all_ranks_again_and_again(void **state) {
    (void)state;
    struct ranks k;
    struct chip_error err = {0};
    start_ranks(&k);
    for (int round = 0; round < 20; round++) {
        for (uint32_t r = 0; r < RANKS; r++)
            set_input(&k, r, 100 * (int)r + round);
        int in_place = round & 1;
        if (allreduce(&k, in_place, &err))
            fail_msg("%s", err.text);
        for (int r = 0; r < RANKS; r++) {
            float out[ELEMENTS];
            assert_int_equal(chip_worker_copy_from(k.worker, (uint32_t)r, out,
                                                   k.info[r].buffer_ptrs[in_place ? 0 : 1],
                                                   sizeof out, &err),
                             0);
            for (int i = 0; i < ELEMENTS; i++) {
                int n = RANKS;
                assert_true(out[i] == (float)(n * (i + round) + 100 * n * (n - 1) / 2));
            }
        }
    }
    assert_int_equal(chip_worker_close(k.worker, NULL), 0);
    chip_worker_destroy(k.worker);
}

/* The first barrier: an input may be written until its rank enters. */
static void allreduce_reads_no_input_before_its_rank_entered(void **state) {
    (void)state;
    struct ranks k;
    start_ranks(&k);
    for (uint32_t r = 0; r < RANKS; r++)
        set_input(&k, r, 0);
    assert_int_equal(allreduce_on(&k, 0, 0, NULL), 0);
    for (int i = 0; i < 50; i++)
        nap(); /* time for rank 0 to do it wrong */
    for (uint32_t r = 1; r < RANKS; r++) {
        set_input(&k, r, 1000);
        assert_int_equal(allreduce_on(&k, r, 0, NULL), 0);
    }
    assert_int_equal(chip_worker_drain(k.worker, NULL), 0);
    float out[ELEMENTS];
    assert_int_equal(
        chip_worker_copy_from(k.worker, 0, out, k.info[0].buffer_ptrs[1], sizeof out, NULL), 0);
    for (int i = 0; i < ELEMENTS; i++)
        assert_true(out[i] == (float)(RANKS * i + 1000 * (RANKS - 1)));
    assert_int_equal(chip_worker_close(k.worker, NULL), 0);
    chip_worker_destroy(k.worker);
}

static void allreduce_fails_everywhere_when_a_rank_dies(void **state) {
    (void)state;
    struct ranks k;
    struct chip_error err = {0};
    start_ranks(&k);
    kill(k.info[1].pid, SIGKILL);
    assert_int_not_equal(allreduce(&k, 0, &err), 0);
    assert_int_equal(allreduce(&k, 0, &err), CHIP_E_CHILD_DIED);           /* at submit */
    struct chip_task task = {.callable = CHIP_KERNEL_ALLREDUCE_ONE_PHASE}; /* no tensors: refused */
    assert_int_equal(chip_worker_run(k.worker, 0, &task, &err), CHIP_E_VALUE);
    assert_true(chip_worker_close(k.worker, &err) == 0);
    chip_worker_destroy(k.worker);
}

static void allreduce_takes_only_an_input_in_the_window(void **state) {
    (void)state;
    struct ranks k;
    struct chip_error err = {0};
    start_ranks(&k);
    uint64_t address;
    assert_int_equal(chip_worker_malloc(k.worker, 0, VECTOR, &address, &err), 0);
    struct chip_tensor t[2];
    for (int i = 0; i < 2; i++)
        t[i] = (struct chip_tensor){.data = i ? k.info[0].buffer_ptrs[1] : address,
                                    .shape = {ELEMENTS},
                                    .ndims = 1,
                                    .dtype = CHIP_FLOAT32,
                                    .child_memory = 1};
    struct chip_task task = {.callable = CHIP_KERNEL_ALLREDUCE_ONE_PHASE, .args = {t, NULL, 2, 0}};
    assert_int_equal(chip_worker_run(k.worker, 0, &task, &err), CHIP_E_VALUE);
    assert_non_null(strstr(err.text, "not in the window"));
    assert_int_equal(chip_worker_close(k.worker, NULL), 0);
    chip_worker_destroy(k.worker);
}

#define DEVICE_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup_device, teardown_device)

int main(void) {
    const struct CMUnitTest tests[] = {
        DEVICE_TEST(vector_add_adds),
        DEVICE_TEST(fill_fills_elements_of_every_size),
        DEVICE_TEST(arguments_are_checked_before_memory_is_touched),
        DEVICE_TEST(the_table_has_each_kernel_once),
        TEST(allreduce_sums_over_all_ranks_again_and_again),
        TEST(allreduce_reads_no_input_before_its_rank_entered),
        TEST(allreduce_fails_everywhere_when_a_rank_dies),
        TEST(allreduce_takes_only_an_input_in_the_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
