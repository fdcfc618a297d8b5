/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_scenario_content.c - bytes that contents stand for, comparisons, matching of error texts,
 * and the nearest word.
 */
#include "harness/scenario/scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { FLOAT32 = 0, FLOAT16 = 1, INT16 = 3, UINT8 = 5, BFLOAT16 = 6, UINT64 = 8 };

static struct chs_content pattern(int which, int64_t times, int64_t plus) {
    return (struct chs_content){
        .form = CHS_CONTENT_PATTERN, .pattern = which, .times = times, .plus = plus};
}

static struct chs_buffer of(int dtype, uint32_t size) {
    return (struct chs_buffer){.dtype = dtype, .dtype_size = size};
}

static void patterns_are_the_formulas_of_the_kernels(void **state) {
    struct chs_buffer f32 = of(FLOAT32, 4);
    struct chs_content index = pattern(CHS_PATTERN_INDEX, 1, 0);
    struct chs_content input = pattern(CHS_PATTERN_RANK_INDEX, 1, 0);
    struct chs_content sum = pattern(CHS_PATTERN_ALLREDUCE, 1, 0);
    struct chs_content scaled = pattern(CHS_PATTERN_INDEX, 2, -3);
    float a[256], b[256], total[256] = {0};

    (void)state;
    chs_content_write(&index, &f32, 0, 1, 0, a, sizeof(a));
    assert_true(a[0] == 0 && a[255] == 255);
    for (uint32_t rank = 0; rank < 4; rank++) {
        chs_content_write(&input, &f32, rank, 4, 0, b, sizeof(b));
        for (int i = 0; i < 256; i++)
            total[i] += b[i];
    }
    chs_content_write(&sum, &f32, 2, 4, 0, b, sizeof(b));
    assert_memory_equal(b, total, sizeof(b));
    chs_content_write(&scaled, &f32, 0, 1, 0, b, sizeof(b));
    assert_true(b[0] == -3 && b[10] == 17);
}

static void every_dtype_has_its_own_bytes(void **state) {
    struct chs_content index = pattern(CHS_PATTERN_INDEX, 1, 255);
    struct chs_content minus = pattern(CHS_PATTERN_INDEX, -1, 0);
    struct chs_buffer u8 = of(UINT8, 1), i16 = of(INT16, 2), u64 = of(UINT64, 8);
    struct chs_buffer f16 = of(FLOAT16, 2), bf16 = of(BFLOAT16, 2);
    uint8_t bytes[2];
    int16_t shorts[2];
    uint64_t longs[2];
    uint16_t halves[2];

    (void)state;
    chs_content_write(&index, &u8, 0, 1, 0, bytes, sizeof(bytes));
    assert_true(bytes[0] == 255 && bytes[1] == 0);
    chs_content_write(&minus, &i16, 0, 1, 0, shorts, sizeof(shorts));
    assert_true(shorts[0] == 0 && shorts[1] == -1);
    chs_content_write(&minus, &u64, 0, 1, 0, longs, sizeof(longs));
    assert_true(longs[1] == UINT64_MAX);
    chs_content_write(&index, &f16, 0, 1, 0, halves, sizeof(halves));
    assert_int_equal(halves[0], 0x5bf8); /* 255 */
    assert_int_equal(halves[1], 0x5c00); /* 256 */
    index.plus = 2049;                   /* between 2048 and 2050: to even */
    chs_content_write(&index, &f16, 0, 1, 0, halves, sizeof(halves));
    assert_int_equal(halves[0], 0x6800);
    index.plus = 70000; /* larger than a float16 can be */
    chs_content_write(&index, &f16, 0, 1, 0, halves, sizeof(halves));
    assert_int_equal(halves[0], 0x7c00);
    index.plus = -1;
    chs_content_write(&index, &bf16, 0, 1, 0, halves, sizeof(halves));
    assert_int_equal(halves[0], 0xbf80);
    assert_int_equal(halves[1], 0);
}

/* Written in pieces at any offset, it is the same as written at once. */
static void pieces_make_the_whole(void **state) {
    struct chs_content index = pattern(CHS_PATTERN_INDEX, 3, 1);
    struct chs_buffer f32 = of(FLOAT32, 4);
    uint8_t whole[64], pieces[64];

    (void)state;
    chs_content_write(&index, &f32, 0, 1, 0, whole, sizeof(whole));
    for (size_t at = 0; at < 63; at += 7)
        chs_content_write(&index, &f32, 0, 1, at, pieces + at, 7);
    chs_content_write(&index, &f32, 0, 1, 63, pieces + 63, 1);
    assert_memory_equal(whole, pieces, sizeof(whole));
}

static void a_comparison_finds_the_first_difference_and_counts_all(void **state) {
    struct chs_content fill = {.form = CHS_CONTENT_FILL, .fill = 0x5a};
    struct chs_buffer u8 = of(UINT8, 1);
    struct chip_check_result result;
    uint8_t *seen = malloc(10000);

    (void)state;
    assert_non_null(seen);
    memset(seen, 0x5a, 10000);
    assert_true(chs_content_compare(&fill, &u8, 0, 1, 0, seen, 10000, &result));
    assert_int_equal(result.bytes, 10000);
    assert_int_equal(result.bad_bytes, 0);
    seen[4094] = 1; /* its 16 bytes cross a piece */
    seen[4097] = 2;
    seen[9999] = 3;
    assert_false(chs_content_compare(&fill, &u8, 0, 1, 100, seen, 10000, &result));
    assert_int_equal(result.bad_offset, 4194);
    assert_int_equal(result.bad_bytes, 3);
    assert_int_equal(result.observed[0], 1);
    assert_int_equal(result.observed[3], 2);
    assert_int_equal(result.observed[4], 0x5a);
    assert_int_equal(result.expected[15], 0x5a);
    seen[4094] = seen[4097] = 0x5a;
    assert_false(chs_content_compare(&fill, &u8, 0, 1, 0, seen, 10000, &result));
    assert_int_equal(result.observed[0], 3);
    assert_int_equal(result.observed[1], 0); /* nothing behind the end */
    assert_true(chs_content_compare(&fill, &u8, 0, 1, 0, NULL, 0, &result));
    free(seen);
}

static void initial_is_what_the_staging_held(void **state) {
    struct chs_content initial = {.form = CHS_CONTENT_INITIAL};
    struct chs_buffer u8 = of(UINT8, 1);
    uint8_t bytes[4] = {9, 9, 9, 9};

    (void)state;
    chs_content_write(&initial, &u8, 0, 1, 0, bytes, 2); /* not given: zero */
    assert_int_equal(bytes[0], 0);
    u8.host = (struct chs_content){.form = CHS_CONTENT_FILL, .fill = 0xee};
    chs_content_write(&initial, &u8, 0, 1, 0, bytes, 2);
    assert_int_equal(bytes[1], 0xee);
    assert_int_equal(bytes[2], 9);
}

static void an_error_text_is_held_against_all_that_was_asked(void **state) {
    static const char text[] = "child failed (code=1): chip_process dev=0: ValueError: no 'out'";
    struct chs_want_error want = {.status = CHIP_E_VALUE,
                                  .code = 1,
                                  .says = "no 'out'",
                                  .prefix = "child failed (code=1): chip_process dev=0"};
    char why[100];

    (void)state;
    assert_true(chs_error_matches(&want, CHIP_E_TASK, text, why, sizeof(why)));
    assert_string_equal(why, "");
    assert_false(chs_error_matches(&want, CHIP_OK, "", why, sizeof(why)));
    assert_string_equal(why, "no error came");
    want.status = CHIP_E_TIMEOUT;
    assert_false(chs_error_matches(&want, CHIP_E_TASK, text, why, sizeof(why)));
    assert_non_null(strstr(why, "TimeoutError"));
    want.status = CHIP_OK;
    want.code = 11;
    assert_false(chs_error_matches(&want, CHIP_E_TASK, text, why, sizeof(why)));
    want.code = -1;
    want.says = "in";
    want.prefix = "chip_process";
    assert_false(chs_error_matches(&want, CHIP_E_TASK, text, why, sizeof(why)));
}

/* "Error: " inside "ValueError: " names no type; a word in the message does not either. */
static void a_type_is_a_whole_word_before_its_message(void **state) {
    struct chs_want_error want = {.status = CHIP_E_OS, .code = -1};
    char why[100];

    (void)state;
    assert_true(chs_error_matches(&want, 1, "OSError: x", why, sizeof(why)));
    assert_false(chs_error_matches(&want, 1, "MyOSError: x", why, sizeof(why)));
    assert_false(chs_error_matches(&want, 1, "ValueError: OSError", why, sizeof(why)));
}

static void the_nearest_word_is_near(void **state) {
    static const char *const words[] = {"before", "until", "actor", "KiB", "at"};

    (void)state;
    assert_string_equal(chs_nearest("befor", words, 5), "before");
    assert_string_equal(chs_nearest("beofre", words, 5), "before");
    assert_string_equal(chs_nearest("untill", words, 5), "until");
    assert_string_equal(chs_nearest("kib", words, 5), "KiB");
    assert_null(chs_nearest("hello", words, 5));
    assert_null(chs_nearest("x", words, 5));
    assert_null(chs_nearest("", words, 5));
    assert_null(chs_nearest("before", words, 1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_are_the_formulas_of_the_kernels),
        cmocka_unit_test(every_dtype_has_its_own_bytes),
        cmocka_unit_test(pieces_make_the_whole),
        cmocka_unit_test(a_comparison_finds_the_first_difference_and_counts_all),
        cmocka_unit_test(initial_is_what_the_staging_held),
        cmocka_unit_test(an_error_text_is_held_against_all_that_was_asked),
        cmocka_unit_test(a_type_is_a_whole_word_before_its_message),
        cmocka_unit_test(the_nearest_word_is_near),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
