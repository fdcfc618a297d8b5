/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_bootstrap.c - the bootstrap of a chip by the rules of runtime.md D.
 */
#include "boot_fixture.h"

/* What the calls below were asked since the count was cleared: proof that nothing was touched. */
static int touched;
static int fail_munmap;

#include <dlfcn.h>

int shm_open(const char *name, int flags, mode_t mode) {
    static int (*real)(const char *, int, mode_t);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "shm_open");
    touched++;
    return real(name, flags, mode);
}

int munmap(void *addr, size_t n) {
    static int (*real)(void *, size_t);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "munmap");
    if (fail_munmap && --fail_munmap == 0) {
        real(addr, n);
        errno = EINVAL;
        return -1;
    }
    return real(addr, n);
}

/* The bootstrap must fail as a ValueError with these words, say so on the channel, and have touched
 * neither device nor communicator. */
static void assert_refused(struct boot *b, const char *says) {
    char byte;
    touched = 0;
    assert_int_equal(boot_run(b), CHIP_E_VALUE);
    assert_int_equal(touched, 0);
    assert_non_null(strstr(b->err.text, says));
    assert_int_equal(strncmp(b->err.text, "ValueError: ", 12), 0);
    assert_int_equal(b->page.state, CHIP_BOOTSTRAP_ERROR);
    assert_int_equal(b->page.error_code, 1);
    assert_string_equal(b->page.error_msg, b->err.text);
    assert_int_equal(b->result.state, CHIP_BOOTSTRAP_ERROR);
    assert_string_equal(b->result.error_msg, b->err.text);
    assert_null(chip_bootstrap_comm_handle(b->boot));
    assert_int_equal(chip_device_copy_from(b->dev, &byte, 8, 1, NULL), CHIP_E_STATE);
    boot_close(b);
}

static void a_missing_staging_is_refused_by_name(void **state) {
    (void)state;
    struct boot b;
    boot_open(&b, 0);
    boot_buffer(&b, "plain", 8);
    boot_buffer(&b, "weights", 64)->load_from_host = true;
    boot_input(&b, "other", "/other", 64);
    assert_refused(&b, "buffer 'weights': load_from_host is set but host_inputs has no entry");
    boot_open(&b, 0);
    boot_buffer(&b, "out", 64)->store_to_host = true;
    boot_input(&b, "out", "/other", 64);
    assert_refused(&b, "buffer 'out': store_to_host is set but host_outputs has no entry");
    boot_open(&b, 0); /* a buffer of no bytes needs its entry as well */
    boot_buffer(&b, "empty", 0)->store_to_host = true;
    assert_refused(&b, "buffer 'empty'");
}

static void the_staging_size_must_equal_nbytes_both_ways(void **state) {
    (void)state;
    struct boot b;
    for (int larger = 0; larger < 2; larger++) {
        boot_open(&b, 0);
        boot_buffer(&b, "in", 64)->load_from_host = true;
        boot_input(&b, "in", "/x", larger ? 65 : 63);
        assert_refused(&b, "buffer 'in': its host_inputs entry has 6");
        boot_open(&b, 0);
        boot_buffer(&b, "out", 64)->store_to_host = true;
        boot_output(&b, "out", "/x", larger ? 65 : 63);
        assert_refused(&b, "buffer 'out': its host_outputs entry has 6");
    }
}

static void names_are_unique(void **state) {
    (void)state;
    struct boot b;
    boot_open(&b, 0);
    boot_buffer(&b, "a", 8);
    boot_buffer(&b, "b", 8);
    boot_buffer(&b, "a", 8);
    assert_refused(&b, "two buffers are named 'a'");
    boot_open(&b, 0);
    boot_input(&b, "i", "/x", 8);
    boot_input(&b, "i", "/y", 8);
    assert_refused(&b, "host_inputs has two entries named 'i'");
    boot_open(&b, 0);
    boot_buffer(&b, "", 8);
    assert_refused(&b, "buffer 0 has no name");
    boot_open(&b, 0);
    boot_output(&b, NULL, "/y", 8);
    assert_refused(&b, "host_outputs[0] has no name");
    boot_open(&b, 0);
    boot_output(&b, "o", NULL, 8);
    assert_refused(&b, "'o' has no shm_name");
}

static void sizes_and_sums_are_checked(void **state) {
    (void)state;
    struct boot b;
    boot_open(&b, 0);
    boot_buffer(&b, "a", UINT64_MAX)->count = 1;
    boot_buffer(&b, "b", 8);
    assert_refused(&b, "buffer 'b': nbytes 8 makes the sum of all buffers overflow");
    boot_open(&b, 0);
    boot_buffer(&b, "a", 64);
    b.buffers[0].dtype = 7;
    b.buffers[0].count = UINT64_MAX / 4;
    assert_refused(&b, "overflow");
    boot_open(&b, 0);
    boot_buffer(&b, "a", 64)->count = 65;
    assert_refused(&b, "65 elements of 1 bytes do not fit in nbytes 64");
    boot_open(&b, 0);
    boot_buffer(&b, "a", 64)->dtype = 11;
    assert_refused(&b, "unknown dtype 11");
    boot_open(&b, 0);
    b.config.buffer_count = 377;
    assert_refused(&b, "377 buffers, at most 376");
    boot_open(&b, 0);
    b.config.buffers = NULL;
    b.config.buffer_count = 1;
    assert_refused(&b, "buffers is NULL");
    boot_open(&b, 0);
    b.channel.max_buffer_count = 1;
    boot_buffer(&b, "a", 8);
    boot_buffer(&b, "b", 8);
    assert_refused(&b, "the channel takes 1");
}

static void buffers_live_in_a_window_of_a_comm(void **state) {
    (void)state;
    struct boot b;
    boot_open(&b, 0);
    boot_buffer(&b, "a", 8)->placement = "heap";
    assert_refused(&b, "placement 'heap' is unknown");
    boot_open(&b, 0);
    boot_buffer(&b, "a", 8)->placement = NULL;
    assert_refused(&b, "only 'window' exists");
    boot_open(&b, 0);
    boot_buffer(&b, "a", 8);
    b.config.comm = NULL;
    assert_refused(&b, "there is no comm");
    boot_open(&b, 0);
    b.comm.rank = 1;
    assert_refused(&b, "rank 1 of 1");
    boot_open(&b, 0);
    b.comm.rootinfo_path = NULL;
    assert_refused(&b, "rootinfo_path is NULL");
}

static void buffers_are_carved_in_order(void **state) {
    (void)state;
    struct boot b;
    boot_open(&b, 0);
    boot_buffer(&b, "a", 100);
    boot_buffer(&b, "none", 0);
    boot_buffer(&b, "b", 28);
    boot_buffer(&b, "c", 65536 - 128);
    assert_int_equal(boot_run(&b), CHIP_OK);
    const struct chip_bootstrap_result *r = &b.result;
    assert_int_equal(r->state, CHIP_BOOTSTRAP_SUCCESS);
    assert_int_equal(r->buffer_count, 4);
    assert_int_equal(r->actual_window_size, 65536);
    assert_int_equal(r->buffer_ptrs[0], r->local_window_base);
    assert_int_equal(r->buffer_ptrs[1], r->local_window_base + 100);
    assert_int_equal(r->buffer_ptrs[2], r->local_window_base + 100);
    assert_int_equal(r->buffer_ptrs[3], r->local_window_base + 128);
    assert_int_equal(r->device_ctx,
                     (uintptr_t)chip_comm_context(chip_bootstrap_comm_handle(b.boot)));
    struct chip_bootstrap_result seen; /* and the channel says the same */
    assert_int_equal(chip_bootstrap_channel_read(&b.channel, &seen, NULL), CHIP_OK);
    assert_memory_equal(&seen, r, sizeof seen);
    char host[4] = "abc"; /* the window is device memory */
    assert_int_equal(chip_device_copy_to(b.dev, r->buffer_ptrs[2], host, 4, NULL), CHIP_OK);
    boot_close(&b);
}

static void a_buffer_that_does_not_fit_is_named_with_all_figures(void **state) {
    (void)state;
    struct boot b;
    boot_open(&b, 0);
    boot_buffer(&b, "a", 100);
    boot_buffer(&b, "big", 65437);
    assert_int_equal(boot_run(&b), CHIP_E_VALUE);
    assert_string_equal(b.page.error_msg, "ValueError: buffer 'big': nbytes 65437 at offset 100 do "
                                          "not fit in the window size 65536");
    assert_string_equal(b.err.text, b.page.error_msg);
    assert_non_null(chip_bootstrap_comm_handle(b.boot)); /* stashed at once, found by shutdown */
    assert_int_equal(chip_shutdown_bootstrap(b.boot, NULL), CHIP_OK);
    assert_null(chip_bootstrap_comm_handle(b.boot));
    boot_close(&b);
}

static void inputs_are_loaded_closed_and_never_unlinked(void **state) {
    (void)state;
    struct boot b;
    unsigned char host[300];
    boot_open(&b, 64);
    boot_buffer(&b, "a", 50);
    boot_buffer(&b, "in", 300)->load_from_host = true;
    const char *name = boot_segment(&b, 300, 0x3c);
    boot_input(&b, "in", name, 300);
    assert_int_equal(boot_run(&b), CHIP_OK);
    assert_int_equal(chip_device_copy_from(b.dev, host, b.result.buffer_ptrs[1], 300, NULL),
                     CHIP_OK);
    for (size_t i = 0; i < 300; i++)
        assert_int_equal(host[i], 0x3c);
    munmap(boot_look(name, 300), 300); /* it is still there */
    boot_close(&b);
}

static void zero_sized_buffers_are_never_attached(void **state) {
    (void)state;
    struct boot b;
    boot_open(&b, 64);
    boot_buffer(&b, "in", 0)->load_from_host = true;
    boot_buffer(&b, "out", 0)->store_to_host = true;
    boot_input(&b, "in", "/test-boot-does-not-exist", 0);
    boot_output(&b, "out", NULL, 0);
    assert_int_equal(boot_run(&b), CHIP_OK);
    touched = 0;
    assert_int_equal(chip_staging_flush(b.boot, 1, NULL), CHIP_OK);
    assert_int_equal(touched, 0);
    assert_int_equal(b.result.buffer_ptrs[1], b.result.buffer_ptrs[0]);
    boot_close(&b);
}

static void a_failed_load_is_published_and_taken_down(void **state) {
    (void)state;
    struct boot b;
    boot_open(&b, 64);
    boot_buffer(&b, "in", 64)->load_from_host = true;
    boot_input(&b, "in", "/test-boot-does-not-exist", 64);
    assert_int_equal(boot_run(&b), CHIP_E_OS);
    assert_int_equal(strncmp(b.page.error_msg, "OSError: cannot attach segment", 30), 0);
    assert_int_equal(b.page.error_code, 1);
    boot_close(&b);

    boot_open(&b, 64);
    boot_buffer(&b, "in", 64)->load_from_host = true;
    boot_input(&b, "in", boot_segment(&b, 63, 0), 64); /* shorter than its entry says */
    assert_int_equal(boot_run(&b), CHIP_E_VALUE);
    assert_non_null(strstr(b.page.error_msg, "has 63 bytes, 'in' needs 64"));
    boot_close(&b);

    boot_open(&b, 64);
    boot_buffer(&b, "in", 64)->load_from_host = true;
    boot_input(&b, "in", boot_segment(&b, 64, 0), 64);
    chip_device_inject(b.dev, CHIP_DEVICE_OP_H2D, 1, CHIP_E_DEVICE);
    assert_int_equal(boot_run(&b), CHIP_E_DEVICE);
    assert_int_equal(strncmp(b.page.error_msg, "DeviceError: ", 13), 0);
    boot_close(&b);
}

static void a_failing_comm_is_published(void **state) {
    (void)state;
    struct boot b;
    boot_open(&b, 64);
    b.comm.window_size = UINT64_MAX - 1;
    assert_int_equal(boot_run(&b), CHIP_E_OVERFLOW);
    assert_int_equal(strncmp(b.page.error_msg, "OverflowError: ", 15), 0);
    boot_close(&b);
    boot_open(&b, 64);
    b.comm.nranks = 2; /* the other never comes */
    b.comm.timeout_ns = 100000000;
    assert_int_equal(boot_run(&b), CHIP_E_TIMEOUT);
    assert_int_equal(strncmp(b.page.error_msg, "TimeoutError: ", 14), 0);
    boot_close(&b);
}

static void the_channel_and_the_comm_are_optional(void **state) {
    (void)state;
    struct boot b;
    boot_open(&b, 0);
    b.config.comm = NULL;
    assert_int_equal(chip_bootstrap_context(b.boot, &b.config, NULL, &b.result, &b.err), CHIP_OK);
    assert_int_equal(b.result.device_ctx, 0);
    assert_int_equal(b.result.buffer_count, 0);
    assert_int_equal(b.page.state, CHIP_BOOTSTRAP_IDLE);
    boot_close(&b);
    boot_open(&b, 0);
    boot_buffer(&b, "a", 8)->placement = "x";
    assert_int_equal(chip_bootstrap_context(b.boot, &b.config, NULL, NULL, NULL), CHIP_E_VALUE);
    boot_close(&b);
}

static void a_second_bootstrap_or_a_used_channel_is_refused(void **state) {
    (void)state;
    struct boot b;
    boot_open(&b, 0);
    assert_int_equal(boot_run(&b), CHIP_OK);
    assert_int_equal(boot_run(&b), CHIP_E_STATE);
    assert_int_equal(b.page.state, CHIP_BOOTSTRAP_SUCCESS); /* the first verdict stands */
    assert_int_equal(chip_shutdown_bootstrap(b.boot, NULL), CHIP_OK);
    assert_int_equal(boot_run(&b), CHIP_E_STATE); /* the channel is one-shot */
    chip_bootstrap_channel_reset(&b.channel);
    assert_int_equal(boot_run(&b), CHIP_OK);
    boot_close(&b);
}

static void shutdown_twice_is_a_no_op(void **state) {
    (void)state;
    struct boot b;
    boot_open(&b, 0);
    assert_int_equal(chip_shutdown_bootstrap(b.boot, NULL), CHIP_OK); /* before any bootstrap */
    assert_int_equal(boot_run(&b), CHIP_OK);
    CommHandle h = chip_bootstrap_comm_handle(b.boot);
    assert_int_equal(chip_shutdown_bootstrap(b.boot, NULL), CHIP_OK);
    assert_int_equal(comm_barrier(h), -1);
    assert_int_equal(chip_shutdown_bootstrap(b.boot, NULL), CHIP_OK);
    assert_int_equal(chip_shutdown_bootstrap(NULL, NULL), CHIP_OK);
    boot_close(&b);
}

static void the_handle_is_cleared_even_if_destroy_fails(void **state) {
    (void)state;
    struct boot b;
    struct chip_error err = {0};
    char byte;
    boot_open(&b, 0);
    boot_buffer(&b, "a", 8);
    assert_int_equal(boot_run(&b), CHIP_OK);
    CommHandle h = chip_bootstrap_comm_handle(b.boot);
    assert_int_equal(chip_comm_task_begin(h), CHIP_OK); /* so that destroy is refused */
    assert_int_equal(chip_shutdown_bootstrap(b.boot, &err), CHIP_E_STATE);
    assert_non_null(strstr(err.text, "still uses"));
    assert_null(chip_bootstrap_comm_handle(b.boot));
    assert_int_equal(chip_shutdown_bootstrap(b.boot, &err), CHIP_OK);
    assert_int_equal(chip_device_copy_from(b.dev, &byte, b.result.buffer_ptrs[0], 1, NULL),
                     CHIP_E_DEVICE); /* the window is no device memory any more */
    chip_comm_task_end(h);
    assert_int_equal(comm_destroy(h), 0);
    boot_close(&b);
}

static void one_failing_release_does_not_stop_the_others(void **state) {
    (void)state;
    struct boot b;
    struct chip_error err = {0};
    boot_open(&b, 0);
    boot_buffer(&b, "o1", 64)->store_to_host = true;
    boot_buffer(&b, "o2", 64)->store_to_host = true;
    boot_output(&b, "o1", boot_segment(&b, 64, 0), 64);
    boot_output(&b, "o2", boot_segment(&b, 64, 0), 64);
    assert_int_equal(boot_run(&b), CHIP_OK);
    assert_int_equal(chip_staging_flush(b.boot, 0, NULL), CHIP_OK);
    assert_int_equal(chip_staging_flush(b.boot, 1, NULL), CHIP_OK);
    CommHandle h = chip_bootstrap_comm_handle(b.boot);
    fail_munmap = 1;
    assert_int_equal(chip_shutdown_bootstrap(b.boot, &err), CHIP_E_OS);
    fail_munmap = 0;
    assert_non_null(strstr(err.text, "output staging"));
    assert_int_equal(comm_destroy(h), -1); /* destroyed nevertheless */
    assert_int_equal(chip_shutdown_bootstrap(b.boot, NULL), CHIP_OK);
    boot_close(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_missing_staging_is_refused_by_name),
        cmocka_unit_test(the_staging_size_must_equal_nbytes_both_ways),
        cmocka_unit_test(names_are_unique),
        cmocka_unit_test(sizes_and_sums_are_checked),
        cmocka_unit_test(buffers_live_in_a_window_of_a_comm),
        cmocka_unit_test(buffers_are_carved_in_order),
        cmocka_unit_test(a_buffer_that_does_not_fit_is_named_with_all_figures),
        cmocka_unit_test(inputs_are_loaded_closed_and_never_unlinked),
        cmocka_unit_test(zero_sized_buffers_are_never_attached),
        cmocka_unit_test(a_failed_load_is_published_and_taken_down),
        cmocka_unit_test(a_failing_comm_is_published),
        cmocka_unit_test(the_channel_and_the_comm_are_optional),
        cmocka_unit_test(a_second_bootstrap_or_a_used_channel_is_refused),
        cmocka_unit_test(shutdown_twice_is_a_no_op),
        cmocka_unit_test(the_handle_is_cleared_even_if_destroy_fails),
        cmocka_unit_test(one_failing_release_does_not_stop_the_others),
    };
    return cmocka_run_group_tests_name("bootstrap", tests, NULL, NULL);
}
