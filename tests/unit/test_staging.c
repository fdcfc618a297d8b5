/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_staging.c - the flush of outputs to host staging (T1 to T5 of lib/src/staging.c).
 */
#include "boot_fixture.h"

#include <dlfcn.h>

static int opens;
static int fail_fallocate;

int shm_open(const char *name, int flags, mode_t mode) {
    static int (*real)(const char *, int, mode_t);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "shm_open");
    opens++;
    return real(name, flags, mode);
}

int posix_fallocate(int fd, off_t offset, off_t n) {
    static int (*real)(int, off_t, off_t);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "posix_fallocate");
    return fail_fallocate ? ENOSPC : real(fd, offset, n);
}

/* One output "out" of nbytes over a segment of seg bytes; returns the segment's name. */
static const char *open_out(struct boot *b, uint64_t chunk, uint64_t nbytes, uint64_t seg) {
    boot_open(b, chunk);
    b->comm.window_size = nbytes + 64;
    boot_buffer(b, "pad", 3);
    boot_buffer(b, "out", nbytes)->store_to_host = true;
    const char *name = boot_segment(b, seg, 0xee);
    boot_output(b, "out", name, nbytes);
    assert_int_equal(boot_run(b), CHIP_OK);
    return name;
}

static void fill_device(struct boot *b, uint64_t nbytes, unsigned seed) {
    unsigned char *p = (unsigned char *)(uintptr_t)b->result.buffer_ptrs[1];
    for (uint64_t i = 0; i < nbytes; i++)
        p[i] = (unsigned char)(i * 31 + seed);
}

static void T4_a_flush_moves_every_byte_at_any_size(void **state) {
    (void)state;
    static const uint64_t sizes[] = {1, 2, 63, 64, 4095, 4097, 1 << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (int whole = 0; whole < 2; whole++) {
            struct boot b;
            const char *name = open_out(&b, whole ? 0 : 4096, sizes[i], sizes[i]);
            fill_device(&b, sizes[i], 5);
            assert_int_equal(chip_staging_flush(b.boot, 1, NULL), CHIP_OK);
            unsigned char *host = boot_look(name, sizes[i]);
            assert_memory_equal(host, (void *)(uintptr_t)b.result.buffer_ptrs[1], sizes[i]);
            munmap(host, sizes[i]);
            boot_close(&b);
        }
    }
}

static void T1_T5_attached_at_the_first_flush_kept_and_not_unlinked(void **state) {
    (void)state;
    struct boot b;
    const char *name = open_out(&b, 4096, 100, 100);
    unsigned char *host = boot_look(name, 100);
    opens = 0;
    for (unsigned round = 0; round < 5; round++) {
        fill_device(&b, 100, round);
        assert_int_equal(chip_staging_flush(b.boot, 1, NULL), CHIP_OK);
        assert_int_equal(opens, 1);
        assert_memory_equal(host, (void *)(uintptr_t)b.result.buffer_ptrs[1], 100);
    }
    assert_int_equal(chip_shutdown_bootstrap(b.boot, NULL), CHIP_OK);
    int fd = shm_open(name, O_RDONLY, 0);
    assert_true(fd >= 0);
    close(fd);
    munmap(host, 100);
    boot_close(&b);
}

static void T2_a_short_segment_is_an_error_not_a_signal(void **state) {
    (void)state;
    struct boot b;
    struct chip_error err;
    open_out(&b, 0, 10000, 9999);
    assert_int_equal(chip_staging_flush(b.boot, 1, &err), CHIP_E_VALUE);
    assert_non_null(strstr(err.text, "has 9999 bytes, 'out' needs 10000"));
    boot_close(&b);
    open_out(&b, 0, 10000, 0);
    assert_int_equal(chip_staging_flush(b.boot, 1, &err), CHIP_E_VALUE);
    boot_close(&b);
}

static void T2_a_segment_without_memory_is_an_error_not_a_signal(void **state) {
    (void)state;
    struct boot b;
    struct chip_error err;
    open_out(&b, 0, 10000, 10000);
    fail_fallocate = 1;
    assert_int_equal(chip_staging_flush(b.boot, 1, &err), CHIP_E_OS);
    assert_int_equal(err.sys_errno, ENOSPC);
    fail_fallocate = 0;
    assert_int_equal(chip_staging_flush(b.boot, 1, &err), CHIP_OK); /* tried again, not given up */
    boot_close(&b);
}

static void a_segment_that_is_not_there_is_an_error(void **state) {
    (void)state;
    struct boot b;
    struct chip_error err;
    const char *name = open_out(&b, 0, 64, 64);
    shm_unlink(name);
    assert_int_equal(chip_staging_flush(b.boot, 1, &err), CHIP_E_OS);
    assert_int_equal(err.sys_errno, ENOENT);
    assert_non_null(strstr(err.text, name));
    boot_close(&b);
}

static void a_failing_dma_leaves_the_output_untouched(void **state) {
    (void)state;
    struct boot b;
    struct chip_error err;
    const char *name = open_out(&b, 16, 64, 64);
    unsigned char *host = boot_look(name, 64);
    fill_device(&b, 64, 1);
    chip_device_inject(b.dev, CHIP_DEVICE_OP_D2H, 1, CHIP_E_DEVICE);
    assert_int_equal(chip_staging_flush(b.boot, 1, &err), CHIP_E_DEVICE);
    for (size_t i = 0; i < 64; i++)
        assert_int_equal(host[i], 0xee);
    assert_int_equal(chip_staging_flush(b.boot, 1, &err), CHIP_OK);
    munmap(host, 64);
    boot_close(&b);
}

static void only_outputs_of_a_chip_that_is_up_are_flushed(void **state) {
    (void)state;
    struct boot b;
    open_out(&b, 0, 64, 64);
    assert_int_equal(chip_staging_flush(b.boot, 0, NULL), CHIP_E_LOOKUP);
    assert_int_equal(chip_staging_flush(b.boot, 2, NULL), CHIP_E_LOOKUP);
    assert_int_equal(chip_staging_flush(NULL, 0, NULL), CHIP_E_STATE);
    chip_shutdown_bootstrap(b.boot, NULL);
    assert_int_equal(chip_staging_flush(b.boot, 1, NULL), CHIP_E_STATE);
    boot_close(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(T4_a_flush_moves_every_byte_at_any_size),
        cmocka_unit_test(T1_T5_attached_at_the_first_flush_kept_and_not_unlinked),
        cmocka_unit_test(T2_a_short_segment_is_an_error_not_a_signal),
        cmocka_unit_test(T2_a_segment_without_memory_is_an_error_not_a_signal),
        cmocka_unit_test(a_segment_that_is_not_there_is_an_error),
        cmocka_unit_test(a_failing_dma_leaves_the_output_untouched),
        cmocka_unit_test(only_outputs_of_a_chip_that_is_up_are_flushed),
    };
    return cmocka_run_group_tests_name("staging", tests, NULL, NULL);
}
