/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the status codes, the error texts and the text helpers they rest on. */
#include "lib/src/internal.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void every_status_has_a_type_and_a_text(void **state) {
    (void)state;
    for (int code = 0; code < CHIP_STATUS_COUNT; code++) {
        assert_string_not_equal(chip_status_type(code), "UnknownError");
        assert_string_not_equal(chip_status_text(code), "unknown error");
    }
    assert_string_equal(chip_status_type(CHIP_E_VALUE), "ValueError");
    assert_string_equal(chip_status_type(CHIP_STATUS_COUNT), "UnknownError");
    assert_string_equal(chip_status_text(-1), "unknown error");
}

static void set_gives_type_message_and_returns_the_code(void **state) {
    (void)state;
    struct chip_error err;
    memset(&err, 0x5a, sizeof err);
    errno = EINTR;
    int rc = chip_error_set(&err, CHIP_E_VALUE, "buffer '%s' has %d", "x", 7);
    assert_int_equal(rc, CHIP_E_VALUE);
    assert_int_equal(errno, EINTR);
    assert_int_equal(err.code, CHIP_E_VALUE);
    assert_int_equal(err.sys_errno, 0);
    assert_string_equal(err.text, "ValueError: buffer 'x' has 7");
}

static void null_error_still_returns_the_code(void **state) {
    (void)state;
    assert_int_equal(chip_error_set(NULL, CHIP_E_STATE, "x"), CHIP_E_STATE);
    assert_int_equal(chip_error_sys(NULL, ENOSPC, "x"), CHIP_E_OS);
    assert_int_equal(chip_error_prefix(NULL, "x"), CHIP_OK);
}

static void sys_adds_errno_and_its_text(void **state) {
    (void)state;
    struct chip_error err;
    errno = EAGAIN;
    assert_int_equal(chip_error_sys(&err, ENOSPC, "segment '%s'", "/s"), CHIP_E_OS);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(err.sys_errno, ENOSPC);
    char expected[128];
    snprintf(expected, sizeof expected, "OSError: segment '/s': %s", strerror(ENOSPC));
    assert_string_equal(err.text, expected);
}

static void prefixes_nest_outer_first(void **state) {
    (void)state;
    struct chip_error err;
    chip_error_set(&err, CHIP_E_DEVICE, "dma");
    assert_int_equal(chip_error_prefix(&err, "chip_process dev=%d: ", 3), CHIP_E_DEVICE);
    chip_error_prefix(&err, "child failed (code=%d): ", 1);
    assert_string_equal(err.text, "child failed (code=1): chip_process dev=3: DeviceError: dma");
    chip_error_prefix(&err, "100%%");
    assert_non_null(strstr(err.text, "100%child failed"));
}

/* A text of two-byte characters that is too long must end with a whole one. */
static void long_texts_are_cut_at_a_character(void **state) {
    (void)state;
    char text[3000];
    for (size_t i = 0; i + 2 < sizeof text; i += 2)
        memcpy(text + i, "\xc3\xa9", 2);
    text[2998] = '\0';
    for (int shift = 0; shift < 2; shift++) {
        struct chip_error err;
        chip_error_set(&err, CHIP_E_OS, "%s%s", shift ? "x" : "", text);
        size_t len = strlen(err.text);
        assert_true(len >= CHIP_ERROR_TEXT - 3 && len < CHIP_ERROR_TEXT);
        assert_memory_equal(err.text + len - 2, "\xc3\xa9", 2);
        chip_error_prefix(&err, "%s", "ab");
        len = strlen(err.text);
        assert_true(len >= CHIP_ERROR_TEXT - 3 && len < CHIP_ERROR_TEXT);
        assert_memory_equal(err.text + len - 2, "\xc3\xa9", 2);
    }
}

static void utf8_cut_keeps_every_sequence_whole(void **state) {
    (void)state;
    static const char s[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z"; /* 1+2+3+4+1 */
    static const size_t expected[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11};
    for (size_t max = 0; max < sizeof expected / sizeof expected[0]; max++)
        assert_int_equal(chip__utf8_cut(s, sizeof s - 1, max), expected[max]);
    /* No UTF-8: cut where asked, and never before the start. */
    assert_int_equal(chip__utf8_cut("\x80\x80\x80\x80\x80\x80", 6, 3), 3);
    assert_int_equal(chip__utf8_cut("\x80\x80", 2, 1), 1);
    assert_int_equal(chip__utf8_cut("\xff\xff\xff", 3, 2), 2);
}

static void put_fills_the_rest_with_zeros(void **state) {
    (void)state;
    char dst[8];
    memset(dst, 'o', sizeof dst);
    chip__text_put(dst, sizeof dst, "ab");
    assert_memory_equal(dst, "ab\0\0\0\0\0\0", 8);
    memset(dst, 'o', sizeof dst);
    chip__text_put(dst, sizeof dst, "abcdef\xc3\xa9");
    assert_memory_equal(dst, "abcdef\0\0", 8);
}

static void get_trusts_no_nul(void **state) {
    (void)state;
    char *src = malloc(4); /* a sanitizer or valgrind sees a read past it */
    memcpy(src, "wxyz", 4);
    char dst[16];
    chip__text_get(dst, sizeof dst, src, 4);
    assert_string_equal(dst, "wxyz");
    chip__text_get(dst, 3, src, 4);
    assert_string_equal(dst, "wx");
    free(src);
}

static void checked_arithmetic_refuses_what_does_not_fit(void **state) {
    (void)state;
    uint64_t out = 77;
    assert_false(chip__add_u64(UINT64_MAX, 1, &out));
    assert_false(chip__mul_u64(1ull << 33, 1ull << 31, &out));
    assert_int_equal(out, 77);
    assert_true(chip__add_u64(UINT64_MAX - 1, 1, &out));
    assert_true(out == UINT64_MAX);
    assert_true(chip__range_ok(4, 4, 8));
    assert_false(chip__range_ok(4, 5, 8));
    assert_false(chip__range_ok(4, UINT64_MAX, 8));
    assert_true(chip__range_ok(8, 0, 8));
    assert_false(chip__range_ok(9, 0, 8));
}

static void a_broken_invariant_aborts_and_says_where(void **state) {
    (void)state;
    int fd[2];
    assert_int_equal(pipe(fd), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(fd[1], STDERR_FILENO);
        chip__assert_failed("a == b", "file.c", 12, "fn");
    }
    close(fd[1]);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    char text[256] = "";
    ssize_t n = read(fd[0], text, sizeof text - 1);
    close(fd[0]);
    assert_true(n > 0);
    assert_string_equal(text, "libchip: invariant broken: a == b (file.c:12, fn)\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_a_type_and_a_text),
        cmocka_unit_test(set_gives_type_message_and_returns_the_code),
        cmocka_unit_test(null_error_still_returns_the_code),
        cmocka_unit_test(sys_adds_errno_and_its_text),
        cmocka_unit_test(prefixes_nest_outer_first),
        cmocka_unit_test(long_texts_are_cut_at_a_character),
        cmocka_unit_test(utf8_cut_keeps_every_sequence_whole),
        cmocka_unit_test(put_fills_the_rest_with_zeros),
        cmocka_unit_test(get_trusts_no_nul),
        cmocka_unit_test(checked_arithmetic_refuses_what_does_not_fit),
        cmocka_unit_test(a_broken_invariant_aborts_and_says_where),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
