/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_channel.c - the bootstrap channel (runtime.md C; B1 to B3 of bootstrap_channel.c).
 */
#include "ranks.h"

#include <chip/bootstrap.h>

static struct chip_bootstrap_page page;

static struct chip_bootstrap_channel fresh(size_t max) {
    struct chip_bootstrap_channel ch;
    memset(&page, 0xee, sizeof page);
    assert_int_equal(chip_bootstrap_channel_init(&ch, &page, max, 0, NULL), CHIP_OK);
    chip_bootstrap_channel_reset(&ch);
    return ch;
}

static void offsets_are_fixed(void **state) {
    (void)state;
    assert_int_equal(sizeof(struct chip_bootstrap_page), 4096);
    assert_int_equal(offsetof(struct chip_bootstrap_page, state), 0);
    assert_int_equal(offsetof(struct chip_bootstrap_page, error_code), 4);
    assert_int_equal(offsetof(struct chip_bootstrap_page, buffer_count), 8);
    assert_int_equal(offsetof(struct chip_bootstrap_page, device_ctx), 16);
    assert_int_equal(offsetof(struct chip_bootstrap_page, local_window_base), 24);
    assert_int_equal(offsetof(struct chip_bootstrap_page, actual_window_size), 32);
    assert_int_equal(offsetof(struct chip_bootstrap_page, buffer_ptrs), 64);
    assert_int_equal(offsetof(struct chip_bootstrap_page, error_msg), 3072);
    assert_int_equal(sizeof page.buffer_ptrs / sizeof page.buffer_ptrs[0], 376);
    assert_int_equal(sizeof page.error_msg, 1024);
    /* The same bytes whatever max_buffer_count is. */
    uint64_t ptr = 7;
    struct chip_bootstrap_channel one = fresh(1);
    assert_int_equal(chip_bootstrap_channel_write_success(&one, 1, 2, 3, &ptr, 1, NULL), CHIP_OK);
    struct chip_bootstrap_page first = page;
    struct chip_bootstrap_channel all = fresh(376);
    assert_int_equal(chip_bootstrap_channel_write_success(&all, 1, 2, 3, &ptr, 1, NULL), CHIP_OK);
    assert_memory_equal(&first, &page, sizeof page);
}

static void the_constructor_refuses_what_does_not_fit(void **state) {
    (void)state;
    struct chip_bootstrap_channel ch;
    assert_int_equal(chip_bootstrap_channel_init(&ch, NULL, 1, 0, NULL), CHIP_E_VALUE);
    assert_int_equal(chip_bootstrap_channel_init(&ch, &page, 377, 0, NULL), CHIP_E_VALUE);
    assert_int_equal(chip_bootstrap_channel_init(&ch, &page, 376, 0, NULL), CHIP_OK);
    assert_int_equal(chip_bootstrap_channel_init(&ch, (char *)&page + 1, 1, 0, NULL), CHIP_E_VALUE);
}

static void reset_zeroes_everything(void **state) {
    (void)state;
    static const struct chip_bootstrap_page zero;
    struct chip_bootstrap_channel ch = fresh(4);
    assert_memory_equal(&page, &zero, sizeof zero);
    assert_int_equal(chip_bootstrap_channel_state(&ch), CHIP_BOOTSTRAP_IDLE);
}

static void success_carries_the_whole_payload(void **state) {
    (void)state;
    struct chip_bootstrap_channel ch = fresh(376);
    struct chip_bootstrap_result r;
    uint64_t ptrs[376];
    for (uint64_t i = 0; i < 376; i++)
        ptrs[i] = i * 3;
    assert_int_equal(chip_bootstrap_channel_read(&ch, &r, NULL), CHIP_OK);
    assert_int_equal(r.state, CHIP_BOOTSTRAP_IDLE);
    assert_int_equal(chip_bootstrap_channel_write_success(&ch, 11, 22, 33, ptrs, 376, NULL),
                     CHIP_OK);
    assert_int_equal(chip_bootstrap_channel_read(&ch, &r, NULL), CHIP_OK);
    assert_int_equal(r.state, CHIP_BOOTSTRAP_SUCCESS);
    assert_int_equal(r.device_ctx, 11);
    assert_int_equal(r.local_window_base, 22);
    assert_int_equal(r.actual_window_size, 33);
    assert_int_equal(r.buffer_count, 376);
    assert_memory_equal(r.buffer_ptrs, ptrs, sizeof ptrs);
}

static void too_many_pointers_write_nothing(void **state) {
    (void)state;
    static const struct chip_bootstrap_page zero;
    struct chip_bootstrap_channel ch = fresh(2);
    uint64_t ptrs[3] = {1, 2, 3};
    assert_int_equal(chip_bootstrap_channel_write_success(&ch, 1, 1, 1, ptrs, 3, NULL),
                     CHIP_E_VALUE);
    assert_int_equal(chip_bootstrap_channel_write_success(&ch, 1, 1, 1, NULL, 1, NULL),
                     CHIP_E_VALUE);
    assert_memory_equal(&page, &zero, sizeof zero);
    assert_int_equal(chip_bootstrap_channel_write_success(&ch, 1, 1, 1, ptrs, 2, NULL), CHIP_OK);
}

static void an_error_text_is_cut_whole_and_terminated(void **state) {
    (void)state;
    char longer[2000];
    struct chip_bootstrap_result r;
    struct chip_bootstrap_channel ch = fresh(1);
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    memcpy(longer + 1022, "\xe2\x82\xac", 3); /* a character across the border */
    assert_int_equal(chip_bootstrap_channel_write_error(&ch, 1, longer, NULL), CHIP_OK);
    assert_int_equal(chip_bootstrap_channel_read(&ch, &r, NULL), CHIP_OK);
    assert_int_equal(r.state, CHIP_BOOTSTRAP_ERROR);
    assert_int_equal(r.error_code, 1);
    assert_int_equal(strlen(r.error_msg), 1022);
    assert_int_equal(page.error_msg[1023], 0);
    ch = fresh(1);
    memset(longer, 'y', 1500);
    assert_int_equal(chip_bootstrap_channel_write_error(&ch, 1, longer, NULL), CHIP_OK);
    assert_int_equal(strlen(page.error_msg), 1023);
}

static void a_second_write_is_refused(void **state) {
    (void)state;
    struct chip_bootstrap_channel ch = fresh(1);
    struct chip_bootstrap_page before;
    uint64_t ptr = 5;
    assert_int_equal(chip_bootstrap_channel_write_error(&ch, 1, "first", NULL), CHIP_OK);
    before = page;
    assert_int_equal(chip_bootstrap_channel_write_error(&ch, 2, "second", NULL), CHIP_E_STATE);
    assert_int_equal(chip_bootstrap_channel_write_success(&ch, 1, 1, 1, &ptr, 1, NULL),
                     CHIP_E_STATE);
    assert_memory_equal(&before, &page, sizeof page);
    ch = fresh(1);
    assert_int_equal(chip_bootstrap_channel_write_success(&ch, 1, 1, 1, &ptr, 1, NULL), CHIP_OK);
    assert_int_equal(chip_bootstrap_channel_write_error(&ch, 1, "late", NULL), CHIP_E_STATE);
    assert_int_equal(chip_bootstrap_channel_state(&ch), CHIP_BOOTSTRAP_SUCCESS);
}

static void the_reader_trusts_no_count_and_no_terminator(void **state) {
    (void)state;
    struct chip_bootstrap_result r;
    struct chip_bootstrap_channel ch = fresh(3);
    memset(page.error_msg, 'z', sizeof page.error_msg);
    page.buffer_count = INT32_MAX;
    page.state = CHIP_BOOTSTRAP_SUCCESS;
    assert_int_equal(chip_bootstrap_channel_read(&ch, &r, NULL), CHIP_OK);
    assert_int_equal(r.buffer_count, 3);
    assert_int_equal(strlen(r.error_msg), 1023);
    page.buffer_count = -1;
    assert_int_equal(chip_bootstrap_channel_read(&ch, &r, NULL), CHIP_OK);
    assert_int_equal(r.buffer_count, 0);
    page.state = 9;
    assert_int_equal(chip_bootstrap_channel_read(&ch, &r, NULL), CHIP_E_PROTOCOL);
}

/* B1 across processes: at the moment the state is seen, so is the last byte written before it. */
static struct chip_bootstrap_page *shared_page;

static void write_many(int rank, struct ranks *rs) {
    (void)rank;
    struct chip_bootstrap_channel ch;
    chip_bootstrap_channel_init(&ch, shared_page, 376, 0, NULL);
    for (uint64_t round = 1; round <= 2000; round++) {
        char text[1024];
        memset(text, 'a' + (int)(round % 26), 1023);
        text[1023] = '\0';
        chip_bootstrap_channel_write_error(&ch, (int)round, text, NULL);
        while (__atomic_load_n(&rs->shared[0], __ATOMIC_ACQUIRE) < round) {
        }
    }
}

static void the_state_is_written_last_and_read_first(void **state) {
    (void)state;
    struct ranks rs;
    struct chip_bootstrap_channel ch;
    ranks_open(&rs, 1);
    shared_page = ranks_map(4096);
    chip_bootstrap_channel_init(&ch, shared_page, 376, 0, NULL);
    ranks_start(&rs, write_many);
    for (uint64_t round = 1; round <= 2000; round++) {
        struct chip_bootstrap_result r;
        while (chip_bootstrap_channel_state(&ch) == CHIP_BOOTSTRAP_IDLE) {
        }
        assert_int_equal(chip_bootstrap_channel_read(&ch, &r, NULL), CHIP_OK);
        assert_int_equal(r.error_code, round);
        assert_int_equal(r.error_msg[1022], 'a' + (int)(round % 26));
        chip_bootstrap_channel_reset(&ch);
        __atomic_store_n(&rs.shared[0], round, __ATOMIC_RELEASE);
    }
    ranks_reap(&rs);
    assert_int_equal(rs.report[0].status, 0);
    munmap(shared_page, 4096);
    ranks_close(&rs);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offsets_are_fixed),
        cmocka_unit_test(the_constructor_refuses_what_does_not_fit),
        cmocka_unit_test(reset_zeroes_everything),
        cmocka_unit_test(success_carries_the_whole_payload),
        cmocka_unit_test(too_many_pointers_write_nothing),
        cmocka_unit_test(an_error_text_is_cut_whole_and_terminated),
        cmocka_unit_test(a_second_write_is_refused),
        cmocka_unit_test(the_reader_trusts_no_count_and_no_terminator),
        cmocka_unit_test(the_state_is_written_last_and_read_first),
    };
    return cmocka_run_group_tests_name("channel", tests, NULL, NULL);
}
