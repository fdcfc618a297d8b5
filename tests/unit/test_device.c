/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_device.c - device memory and the DMA engine (runtime.md F).
 */
#include "lib/src/device_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

/* Asked by the munmap below while a free is under way: is the pointer still let through? */
static struct chip_device *watched;
static uint64_t watched_ptr;
static int seen_in_munmap = -1;

int munmap(void *addr, size_t n) {
    if (watched && watched_ptr == (uint64_t)(uintptr_t)addr)
        seen_in_munmap = chip__device_check(watched, watched_ptr, 1, NULL);
    return (int)syscall(SYS_munmap, addr, n);
}

static struct chip_device *device(uint64_t capacity, uint64_t chunk) {
    struct chip_device *dev;
    struct chip_device_config config = {.capacity = capacity, .dma_chunk = chunk};
    assert_int_equal(chip_device_create(3, &config, &dev, NULL), CHIP_OK);
    assert_int_equal(chip_device_set(dev, NULL), CHIP_OK);
    return dev;
}

static uint64_t allocate(struct chip_device *dev, uint64_t nbytes) {
    uint64_t ptr = 0;
    assert_int_equal(chip_device_malloc(dev, nbytes, &ptr, NULL), CHIP_OK);
    assert_int_not_equal(ptr, 0);
    return ptr;
}

static void set_device_must_come_first(void **state) {
    (void)state;
    struct chip_device *dev;
    struct chip_error err;
    uint64_t ptr;
    char byte = 0;
    assert_int_equal(chip_device_create(0, NULL, &dev, NULL), CHIP_OK);
    assert_int_equal(chip_device_malloc(dev, 8, &ptr, &err), CHIP_E_STATE);
    assert_int_equal(chip_device_free(dev, 8, &err), CHIP_E_STATE);
    assert_int_equal(chip_device_copy_to(dev, 8, &byte, 1, &err), CHIP_E_STATE);
    assert_int_equal(chip_device_copy_from(dev, &byte, 8, 1, &err), CHIP_E_STATE);
    assert_int_equal(chip_device_add_window(dev, 8, 1, &err), CHIP_E_STATE);
    assert_non_null(strstr(err.text, "set_device"));
    chip_device_finalize(dev, NULL);
    assert_int_equal(chip_device_create(-1, NULL, &dev, NULL), CHIP_E_VALUE);
    assert_int_equal(chip_device_create(0, NULL, NULL, NULL), CHIP_E_VALUE);
    assert_int_equal(chip_device_set(NULL, NULL), CHIP_E_VALUE);
    assert_int_equal(chip_device_finalize(NULL, NULL), CHIP_OK);
}

static void bytes_make_the_round_trip_and_start_zero(void **state) {
    (void)state;
    struct chip_device *dev = device(0, 4096);
    unsigned char in[10000];
    unsigned char out[10000];
    uint64_t ptr = allocate(dev, sizeof in);
    memset(out, 1, sizeof out);
    assert_int_equal(chip_device_copy_from(dev, out, ptr, sizeof out, NULL), CHIP_OK);
    for (size_t i = 0; i < sizeof in; i++) {
        assert_int_equal(out[i], 0);
        in[i] = (unsigned char)(i * 7);
    }
    assert_int_equal(chip_device_copy_to(dev, ptr, in, sizeof in, NULL), CHIP_OK);
    assert_int_equal(chip_device_copy_from(dev, out, ptr, sizeof out, NULL), CHIP_OK);
    assert_memory_equal(in, out, sizeof in);
    chip_device_finalize(dev, NULL);
}

static void interior_copies_are_legal(void **state) {
    (void)state;
    struct chip_device *dev = device(0, 0);
    char text[4] = "abc";
    uint64_t ptr = allocate(dev, 64);
    assert_int_equal(chip_device_copy_to(dev, ptr + 60, text, 4, NULL), CHIP_OK);
    memset(text, 0, sizeof text);
    assert_int_equal(chip_device_copy_from(dev, text, ptr + 61, 2, NULL), CHIP_OK);
    assert_string_equal(text, "bc");
    chip_device_finalize(dev, NULL);
}

static void copies_out_of_range_are_refused_whole(void **state) {
    (void)state;
    struct chip_device *dev = device(0, 1);
    char host[128] = {0};
    char zero[64] = {0};
    uint64_t ptr = allocate(dev, 64);
    memset(host, 0x55, sizeof host);
    assert_int_equal(chip_device_copy_to(dev, ptr + 1, host, 64, NULL), CHIP_E_DEVICE);
    assert_int_equal(chip_device_copy_to(dev, ptr, host, 65, NULL), CHIP_E_DEVICE);
    assert_int_equal(chip_device_copy_to(dev, ptr + 8, host, UINT64_MAX - 4, NULL), CHIP_E_DEVICE);
    assert_int_equal(chip_device_copy_to(dev, ptr - 1, host, 1, NULL), CHIP_E_DEVICE);
    assert_int_equal(chip_device_copy_to(dev, 0, host, 1, NULL), CHIP_E_DEVICE);
    assert_int_equal(chip_device_copy_to(dev, ptr, NULL, 1, NULL), CHIP_E_VALUE);
    assert_int_equal(chip_device_copy_from(dev, host, ptr, 64, NULL), CHIP_OK);
    assert_memory_equal(host, zero, 64);
    chip_device_finalize(dev, NULL);
}

static void unknown_double_and_interior_frees_are_errors(void **state) {
    (void)state;
    struct chip_device *dev = device(0, 0);
    struct chip_device *other = device(0, 0);
    struct chip_error err;
    uint64_t ptr = allocate(dev, 64);
    uint64_t local;
    assert_int_equal(chip_device_free(dev, chip__addr(&local), &err), CHIP_E_DEVICE);
    assert_int_equal(chip_device_free(dev, 0, &err), CHIP_E_DEVICE);
    assert_int_equal(chip_device_free(dev, ptr + 8, &err), CHIP_E_DEVICE);
    assert_non_null(strstr(err.text, "inside"));
    assert_int_equal(chip_device_free(other, ptr, &err), CHIP_E_DEVICE);
    assert_int_equal(chip_device_free(dev, ptr, &err), CHIP_OK);
    assert_int_equal(chip_device_free(dev, ptr, &err), CHIP_E_DEVICE);
    assert_non_null(strstr(err.text, "double free"));
    assert_int_equal(chip_device_copy_to(dev, ptr, "x", 1, &err), CHIP_E_DEVICE);
    assert_non_null(strstr(err.text, "freed"));
    chip_device_finalize(dev, NULL);
    chip_device_finalize(other, NULL);
}

static void the_entry_is_revoked_before_the_memory_is_freed(void **state) {
    (void)state;
    struct chip_device *dev = device(0, 0);
    watched_ptr = allocate(dev, 4096);
    watched = dev;
    assert_int_equal(chip__device_check(dev, watched_ptr, 1, NULL), CHIP_OK);
    assert_int_equal(chip_device_free(dev, watched_ptr, NULL), CHIP_OK);
    watched = NULL;
    assert_int_equal(seen_in_munmap, CHIP_E_DEVICE);
    chip_device_finalize(dev, NULL);
}

static void a_pointer_belongs_to_one_extent(void **state) {
    (void)state;
    struct chip_device *dev = device(0, 0);
    uint64_t ptr[40];
    char host[8192];
    for (size_t i = 0; i < 40; i++)
        ptr[i] = allocate(dev, 4096);
    /* Allocations may be neighbours in memory; a copy across their border is still wrong. */
    for (size_t i = 0; i < 40; i++)
        assert_int_equal(chip_device_copy_from(dev, host, ptr[i], 4097, NULL), CHIP_E_DEVICE);
    for (size_t i = 0; i < 40; i += 2)
        assert_int_equal(chip_device_free(dev, ptr[i], NULL), CHIP_OK);
    for (size_t i = 0; i < 40; i++)
        assert_int_equal(chip_device_copy_from(dev, host, ptr[i], 4096, NULL),
                         i % 2 ? CHIP_OK : CHIP_E_DEVICE);
    chip_device_finalize(dev, NULL);
}

static void zero_bytes_are_legal(void **state) {
    (void)state;
    struct chip_device *dev = device(0, 4096);
    uint64_t empty = allocate(dev, 0);
    uint64_t ptr = allocate(dev, 8);
    assert_int_equal(chip_device_copy_to(dev, empty, NULL, 0, NULL), CHIP_OK);
    assert_int_equal(chip_device_copy_to(dev, ptr + 8, NULL, 0, NULL), CHIP_OK);
    assert_int_equal(chip_device_copy_to(dev, empty, "x", 1, NULL), CHIP_E_DEVICE);
    assert_int_equal(chip_device_free(dev, empty, NULL), CHIP_OK);
    assert_int_equal(chip_device_free(dev, empty, NULL), CHIP_E_DEVICE);
    chip_device_finalize(dev, NULL);
}

static void capacity_is_a_limit_and_comes_back(void **state) {
    (void)state;
    struct chip_device *dev = device(100, 0);
    uint64_t ptr = allocate(dev, 60);
    uint64_t more;
    assert_int_equal(chip_device_malloc(dev, 41, &more, NULL), CHIP_E_MEMORY);
    assert_int_equal(chip_device_malloc(dev, UINT64_MAX, &more, NULL), CHIP_E_MEMORY);
    assert_int_equal(chip_device_free(dev, ptr, NULL), CHIP_OK);
    allocate(dev, 100);
    chip_device_finalize(dev, NULL);
}

static void windows_are_device_memory_that_cannot_be_freed(void **state) {
    (void)state;
    struct chip_device *dev = device(0, 0);
    static char window[256];
    char host[4] = "win";
    uint64_t base = chip__addr(window);
    assert_int_equal(chip_device_add_window(dev, base, 256, NULL), CHIP_OK);
    assert_int_equal(chip_device_add_window(dev, base + 255, 8, NULL), CHIP_E_VALUE);
    assert_int_equal(chip_device_add_window(dev, base - 8, 9, NULL), CHIP_E_VALUE);
    assert_int_equal(chip_device_add_window(dev, UINT64_MAX, 2, NULL), CHIP_E_VALUE);
    assert_int_equal(chip_device_add_window(dev, 0, 0, NULL), CHIP_OK);
    assert_int_equal(chip_device_copy_to(dev, base + 252, host, 4, NULL), CHIP_OK);
    assert_string_equal(window + 252, "win");
    assert_int_equal(chip_device_free(dev, base, NULL), CHIP_E_DEVICE);
    assert_int_equal(chip_device_remove_window(dev, base, NULL), CHIP_OK);
    assert_int_equal(chip_device_remove_window(dev, base, NULL), CHIP_E_DEVICE);
    assert_int_equal(chip_device_copy_to(dev, base, host, 4, NULL), CHIP_E_DEVICE);
    chip_device_finalize(dev, NULL);
}

struct chunks {
    uint64_t count;
    uint64_t bytes;
    uint64_t moved_ahead; /* bytes seen at the destination that were not announced */
    unsigned char *dst;
};

static void on_chunk(void *arg, uint64_t index, uint64_t nbytes) {
    struct chunks *c = arg;
    assert_int_equal(index, c->count);
    c->moved_ahead += c->dst[c->bytes] != 0; /* M3: before it moves */
    c->count++;
    c->bytes += nbytes;
}

static void every_transfer_can_be_seen_under_way(void **state) {
    (void)state;
    static const uint64_t sizes[] = {0, 1, 2, 3, 7, 64, 4095, 4096, 4097, 1 << 20};
    static unsigned char dst[1 << 20];
    struct chip_device *dev = device(0, 4096);
    uint64_t ptr = allocate(dev, sizeof dst);
    memset(chip__ptr(ptr), 0xff, sizeof dst);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct chunks c = {.dst = dst};
        memset(dst, 0, sizeof dst);
        assert_int_equal(
            chip__dma_run(dev, CHIP_DEVICE_OP_D2H, ptr, dst, sizes[i], on_chunk, &c, NULL),
            CHIP_OK);
        assert_int_equal(c.bytes, sizes[i]);
        assert_int_equal(c.moved_ahead, 0);
        assert_true(sizes[i] < 2 ? c.count == sizes[i] : c.count >= 2);
        assert_true(c.count <= sizes[i] / 4096 + 3);
        if (sizes[i])
            assert_memory_equal(dst, chip__ptr(ptr), sizes[i]);
    }
    chip_device_finalize(dev, NULL);
    dev = device(0, 0);
    ptr = allocate(dev, 64);
    struct chunks whole = {.dst = dst};
    memset(dst, 0, sizeof dst);
    assert_int_equal(chip__dma_run(dev, CHIP_DEVICE_OP_D2H, ptr, dst, 64, on_chunk, &whole, NULL),
                     CHIP_OK);
    assert_int_equal(whole.count, 1);
    chip_device_finalize(dev, NULL);
}

static void errors_can_be_injected_once_at_the_nth_operation(void **state) {
    (void)state;
    struct chip_device *dev = device(0, 8);
    struct chip_error err;
    char host[64] = {0};
    char zero[64] = {0};
    uint64_t ptr = allocate(dev, 64);
    uint64_t more = 0;
    assert_int_equal(chip_device_inject(dev, CHIP_DEVICE_OP_D2H, 2, CHIP_E_DEVICE), CHIP_OK);
    memset(chip__ptr(ptr), 1, 64);
    assert_int_equal(chip_device_copy_from(dev, host, ptr, 8, NULL), CHIP_OK);
    memset(host, 0, sizeof host);
    assert_int_equal(chip_device_copy_to(dev, ptr, host, 1, NULL), CHIP_OK);
    assert_int_equal(chip_device_copy_from(dev, host, ptr, 64, &err), CHIP_E_DEVICE);
    assert_memory_equal(host, zero, 64);
    assert_int_equal(err.code, CHIP_E_DEVICE);
    assert_int_equal(chip_device_copy_from(dev, host, ptr, 64, NULL), CHIP_OK);
    assert_int_equal(chip_device_inject(dev, CHIP_DEVICE_OP_MALLOC, 1, CHIP_E_MEMORY), CHIP_OK);
    assert_int_equal(chip_device_malloc(dev, 8, &more, NULL), CHIP_E_MEMORY);
    assert_int_equal(more, 0);
    allocate(dev, 8);
    assert_int_equal(chip_device_inject(dev, CHIP_DEVICE_OP_H2D, 1, CHIP_E_DEVICE), CHIP_OK);
    assert_int_equal(chip_device_inject(dev, CHIP_DEVICE_OP_H2D, 0, CHIP_E_DEVICE), CHIP_OK);
    assert_int_equal(chip_device_copy_to(dev, ptr, host, 64, NULL), CHIP_OK);
    assert_int_equal(chip_device_inject(dev, CHIP_DEVICE_OP_COUNT, 1, CHIP_E_DEVICE), CHIP_E_VALUE);
    assert_int_equal(chip_device_inject(dev, CHIP_DEVICE_OP_H2D, 1, CHIP_OK), CHIP_E_VALUE);
    assert_int_equal(chip_device_inject(dev, CHIP_DEVICE_OP_H2D, 1, CHIP_STATUS_COUNT),
                     CHIP_E_VALUE);
    chip_device_finalize(dev, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_device_must_come_first),
        cmocka_unit_test(bytes_make_the_round_trip_and_start_zero),
        cmocka_unit_test(interior_copies_are_legal),
        cmocka_unit_test(copies_out_of_range_are_refused_whole),
        cmocka_unit_test(unknown_double_and_interior_frees_are_errors),
        cmocka_unit_test(the_entry_is_revoked_before_the_memory_is_freed),
        cmocka_unit_test(a_pointer_belongs_to_one_extent),
        cmocka_unit_test(zero_bytes_are_legal),
        cmocka_unit_test(capacity_is_a_limit_and_comes_back),
        cmocka_unit_test(windows_are_device_memory_that_cannot_be_freed),
        cmocka_unit_test(every_transfer_can_be_seen_under_way),
        cmocka_unit_test(errors_can_be_injected_once_at_the_nth_operation),
    };
    return cmocka_run_group_tests_name("device", tests, NULL, NULL);
}
