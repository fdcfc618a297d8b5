/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the argument blob and the mailbox's layout (runtime.md B). */
#include "lib/src/internal.h"

#include <chip/blob.h>
#include <chip/mailbox.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct chip_tensor tensor(uint32_t n, uint8_t dtype) {
    return (struct chip_tensor){
        .data = 0x1122334455667788ull, .shape = {n}, .ndims = 1, .dtype = dtype};
}

static void blob_has_the_fixed_offsets(void **state) {
    (void)state;
    struct chip_tensor t = {.data = 0x0807060504030201ull,
                            .shape = {0x11, 0x22, 0x33, 0x44, 0x55},
                            .ndims = 5,
                            .dtype = CHIP_UINT32,
                            .child_memory = 1};
    uint64_t scalars[2] = {0xa1, 0xa2};
    struct chip_blob_view view = {&t, scalars, 1, 2};
    unsigned char bytes[64];
    size_t written;
    assert_int_equal(chip_blob_write(bytes, sizeof bytes, &view, &written, NULL), 0);
    assert_int_equal(written, 8 + 40 + 16);
    static const unsigned char expected[64] = {
        1,    0, 0, 0, 2,    0, 0, 0,                                              /* T, S */
        1,    2, 3, 4, 5,    6, 7, 8,                                              /* data */
        0x11, 0, 0, 0, 0x22, 0, 0, 0, 0x33, 0, 0, 0, 0x44, 0, 0, 0, 0x55, 0, 0, 0, /* shape */
        5,    0, 0, 0, 10,   1, 0, 0, 0,    0, 0, 0,                               /* ndims.. */
        0xa1, 0, 0, 0, 0,    0, 0, 0, 0xa2, 0, 0, 0, 0,    0, 0, 0};
    assert_memory_equal(bytes, expected, sizeof expected);
}

static void what_is_written_is_read_at_any_alignment(void **state) {
    (void)state;
    struct chip_tensor t[3] = {tensor(4, CHIP_FLOAT32), tensor(0, CHIP_INT8),
                               tensor(9, CHIP_UINT64)};
    uint64_t scalars[4] = {1, 2, 3, UINT64_MAX};
    struct chip_blob_view in = {t, scalars, 3, 4};
    unsigned char bytes[512];
    for (size_t shift = 0; shift < 8; shift++) {
        struct chip_blob blob;
        struct chip_blob_view out;
        size_t n;
        assert_int_equal(chip_blob_write(bytes + shift, 400, &in, &n, NULL), 0);
        assert_int_equal(chip_blob_read(bytes + shift, n, &blob, &out, NULL), 0);
        assert_int_equal(out.tensor_count, 3);
        assert_int_equal(out.scalar_count, 4);
        assert_memory_equal(out.tensors, t, sizeof t);
        assert_memory_equal(out.scalars, scalars, sizeof scalars);
    }
}

static void reader_takes_a_capacity_and_trusts_no_count(void **state) {
    (void)state;
    static const int32_t bad[][2] = {{-1, 0},        {0, -1},  {65, 0},        {0, 129},
                                     {1, 0},         {0, 5},   {INT32_MAX, 0}, {0, INT32_MAX},
                                     {INT32_MIN, 0}, {64, 128}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        /* Exactly as long as said: any read beyond the capacity is seen by the tools. */
        unsigned char *bytes = calloc(1, 40);
        memcpy(bytes, bad[i], 8);
        struct chip_blob blob;
        struct chip_blob_view view;
        struct chip_error err;
        assert_int_equal(chip_blob_read(bytes, 40, &blob, &view, &err), CHIP_E_VALUE);
        assert_int_equal(view.tensor_count + view.scalar_count, 0);
        free(bytes);
    }
    struct chip_blob blob;
    struct chip_blob_view view;
    unsigned char few[7] = {0};
    for (size_t n = 0; n <= sizeof few; n++)
        assert_int_equal(chip_blob_read(few, n, &blob, &view, NULL), CHIP_E_VALUE);
}

static void reader_refuses_tensors_that_cannot_be(void **state) {
    (void)state;
    struct chip_tensor t = tensor(1, CHIP_FLOAT32);
    struct chip_blob_view in = {&t, NULL, 1, 0};
    unsigned char bytes[48];
    struct chip_blob blob;
    struct chip_blob_view view;
    struct chip_error err;
    assert_int_equal(chip_blob_write(bytes, sizeof bytes, &in, NULL, NULL), 0);
    bytes[8 + 32] = 11;
    assert_int_equal(chip_blob_read(bytes, sizeof bytes, &blob, &view, &err), CHIP_E_VALUE);
    assert_string_equal(err.text, "ValueError: argument 0: unknown dtype 11");
    bytes[8 + 32] = 0;
    bytes[8 + 28] = 6;
    assert_int_equal(chip_blob_read(bytes, sizeof bytes, &blob, &view, &err), CHIP_E_VALUE);
    assert_string_equal(err.text,
                        "ValueError: argument 0: tensor has 6 dimensions, at most 5 are legal");
}

static void limits_are_refused_before_anything_is_written(void **state) {
    (void)state;
    static struct chip_tensor t[65];
    static uint64_t s[129];
    for (size_t i = 0; i < 65; i++)
        t[i] = tensor(1, CHIP_INT8);
    const struct {
        uint32_t tensors, scalars;
        size_t capacity;
        int expected;
    } cases[] = {{64, 128, 3776, CHIP_OK},
                 {65, 0, 3776, CHIP_E_VALUE},
                 {0, 129, 3776, CHIP_E_VALUE},
                 {64, 128, 3591, CHIP_E_VALUE},
                 {64, 128, 3592, CHIP_OK},
                 {0, 0, 7, CHIP_E_VALUE},
                 {UINT32_MAX, 0, SIZE_MAX, CHIP_E_VALUE}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct chip_blob_view view = {t, s, cases[i].tensors, cases[i].scalars};
        unsigned char bytes[3776];
        memset(bytes, 0xee, sizeof bytes);
        int rc = chip_blob_write(bytes, cases[i].capacity, &view, NULL, NULL);
        assert_int_equal(rc, cases[i].expected);
        for (size_t k = 0; rc && k < sizeof bytes; k++)
            assert_int_equal(bytes[k], 0xee);
    }
    struct chip_blob_view none = {NULL, NULL, 1, 0};
    assert_int_equal(chip_blob_check(&none, 3776, NULL), CHIP_E_VALUE);
}

static void sizes_are_computed_by_checked_arithmetic(void **state) {
    (void)state;
    struct chip_tensor t = {.shape = {UINT32_MAX, UINT32_MAX, UINT32_MAX}, .ndims = 3};
    struct chip_error err;
    uint64_t out = 5;
    assert_int_equal(chip_tensor_elements(&t, &out, &err), CHIP_E_OVERFLOW);
    t.shape[0] = 1u << 31;
    t.shape[1] = 1u << 31;
    t.shape[2] = 2; /* 2^63 elements fit, 2^65 bytes do not */
    assert_int_equal(chip_tensor_elements(&t, &out, &err), CHIP_OK);
    assert_true(out == 1ull << 63);
    assert_int_equal(chip_tensor_bytes(&t, &out, &err), CHIP_E_OVERFLOW);
    assert_true(out == 1ull << 63);
    t.shape[0] = 0; /* an empty tensor is empty, whatever the rest says */
    t.shape[1] = t.shape[2] = UINT32_MAX;
    assert_int_equal(chip_tensor_bytes(&t, &out, &err), CHIP_OK);
    assert_true(out == 0);
    t.ndims = 0;
    assert_int_equal(chip_tensor_bytes(&t, &out, &err), CHIP_OK);
    assert_int_equal(out, 4);
    struct chip_blob_view view = {&t, NULL, 1, 0};
    t.ndims = 2;
    t.shape[0] = t.shape[1] = UINT32_MAX;
    t.dtype = CHIP_INT64;
    assert_int_equal(chip_blob_check(&view, 3776, &err), CHIP_E_OVERFLOW);
}

static void dtypes_have_the_fixed_codes_and_sizes(void **state) {
    (void)state;
    static const size_t sizes[] = {4, 2, 4, 2, 1, 1, 2, 8, 8, 2, 4};
    for (int i = 0; i < 11; i++)
        assert_int_equal(chip_dtype_size(i), sizes[i]);
    assert_int_equal(chip_dtype_size(11), 0);
    assert_int_equal(chip_dtype_size(-1), 0);
    assert_int_equal(CHIP_BFLOAT16, 6);
    assert_int_equal(CHIP_UINT16, 9);
}

/* The same numbers as the table of runtime.md B, written out once more. */
static void mailbox_has_the_fixed_layout(void **state) {
    (void)state;
    assert_int_equal(sizeof(struct chip_mailbox), 4096);
    assert_int_equal(offsetof(struct chip_mailbox, state), 0);
    assert_int_equal(offsetof(struct chip_mailbox, error), 4);
    assert_int_equal(offsetof(struct chip_mailbox, callable), 8);
    assert_int_equal(offsetof(struct chip_mailbox, u.task.block_dim), 16);
    assert_int_equal(offsetof(struct chip_mailbox, u.task.aicpu_thread_num), 20);
    assert_int_equal(offsetof(struct chip_mailbox, u.task.enable_profiling), 24);
    assert_int_equal(offsetof(struct chip_mailbox, u.task.enable_dump_tensor), 28);
    assert_int_equal(offsetof(struct chip_mailbox, u.control.arg[0]), 16);
    assert_int_equal(offsetof(struct chip_mailbox, u.control.arg[1]), 24);
    assert_int_equal(offsetof(struct chip_mailbox, u.control.arg[2]), 32);
    assert_int_equal(offsetof(struct chip_mailbox, u.control.result), 40);
    assert_int_equal(offsetof(struct chip_mailbox, shutdown), 48);
    assert_int_equal(offsetof(struct chip_mailbox, generation), 52);
    assert_int_equal(offsetof(struct chip_mailbox, done_generation), 56);
    assert_int_equal(offsetof(struct chip_mailbox, child_status), 60);
    assert_int_equal(offsetof(struct chip_mailbox, args), 64);
    assert_int_equal(offsetof(struct chip_mailbox, error_msg), 3840);
    static const char *const names[] = {"IDLE",     "TASK_READY",      "TASK_DONE",
                                        "SHUTDOWN", "CONTROL_REQUEST", "CONTROL_DONE"};
    for (int i = 0; i < 6; i++)
        assert_string_equal(chip_mailbox_state_name(i), names[i]);
    assert_string_equal(chip_mailbox_state_name(6), "?");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blob_has_the_fixed_offsets),
        cmocka_unit_test(what_is_written_is_read_at_any_alignment),
        cmocka_unit_test(reader_takes_a_capacity_and_trusts_no_count),
        cmocka_unit_test(reader_refuses_tensors_that_cannot_be),
        cmocka_unit_test(limits_are_refused_before_anything_is_written),
        cmocka_unit_test(sizes_are_computed_by_checked_arithmetic),
        cmocka_unit_test(dtypes_have_the_fixed_codes_and_sizes),
        cmocka_unit_test(mailbox_has_the_fixed_layout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
