/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_report_command.c - replay files of runs that had no scenario hold the command instead, and
 * nothing of a scenario beside it.
 */
#include "reports/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEAD "chipharness-schedule 1\n"
#define REST                                                                   \
    "name: ring\nseed: 3\nbuild: 6b1f\nverdict: exit\nlog: 0123456789abcdef\n" \
    "actor: 0 parent\nactor: 1 rank 0\nchoices: 1\n4 parent mark[0] -> rank 0\n"

static struct chr_schedule *parsed(const char *text) {
    struct chr_schedule *s = NULL;
    struct chip_error err = {0};
    if (chr_schedule_parse(text, strlen(text), "x.chsched", &s, &err) != CHIP_OK)
        fail_msg("%s", err.text);
    return s;
}

static void refused(const char *text, const char *says) {
    struct chr_schedule *s = NULL;
    struct chip_error err = {0};
    assert_int_not_equal(chr_schedule_parse(text, strlen(text), "x.chsched", &s, &err), CHIP_OK);
    assert_null(s);
    if (!strstr(err.text, says))
        fail_msg("'%s' does not say '%s'", err.text, says);
}

static void a_command_comes_back_word_by_word(void **state) {
    (void)state;
    struct chr_schedule *s = parsed(HEAD "command: ./ring\ncommand: a\\\\b\\nc\ncommand: \n"
                                         "time_limit: 5000000000\n" REST);
    char *text = NULL, *again = NULL;
    size_t length;
    FILE *out;

    assert_null(s->scenario_path);
    assert_int_equal(s->command_count, 3);
    assert_string_equal(s->command[0], "./ring");
    assert_string_equal(s->command[1], "a\\b\nc");
    assert_string_equal(s->command[2], "");
    assert_int_equal(s->time_limit_ns, 5000000000);
    out = open_memstream(&text, &length);
    chr_schedule_print(out, s);
    fclose(out);
    chr_schedule_free(s);
    assert_non_null(strstr(text, "\ncommand: a\\\\b\\nc\ncommand: \ntime_limit: 5000000000\n"));
    assert_null(strstr(text, "scenario:"));
    s = parsed(text);
    out = open_memstream(&again, &length);
    chr_schedule_print(out, s);
    fclose(out);
    chr_schedule_free(s);
    assert_string_equal(again, text);
    free(text);
    free(again);
}

static void without_a_time_limit_it_is_the_default(void **state) {
    (void)state;
    struct chr_schedule *s = parsed(HEAD "command: ./ring\n" REST);
    assert_int_equal(s->time_limit_ns, 0);
    chr_schedule_free(s);
}

static void neither_or_both_is_refused(void **state) {
    (void)state;
    refused(HEAD REST, "the key 'scenario' is missing");
    refused(HEAD "scenario: x.yaml\ncommand: ./ring\n" REST, "both");
    refused(HEAD "scenario: x.yaml\ntime_limit: 5\n" REST, "both");
}

static void a_wrong_time_limit_is_refused(void **state) {
    (void)state;
    refused(HEAD "command: ./ring\ntime_limit: 5s\n" REST, "expected a number");
    refused(HEAD "command: ./ring\ntime_limit: 0\n" REST, "1 or more");
    refused(HEAD "command: ./ring\ntime_limit: 5\ntime_limit: 5\n" REST, "second time");
}

static void a_misspelt_key_is_told_the_right_one(void **state) {
    (void)state;
    refused(HEAD "comand: ./ring\n" REST, "did you mean 'command'?");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_comes_back_word_by_word),
        cmocka_unit_test(without_a_time_limit_it_is_the_default),
        cmocka_unit_test(neither_or_both_is_refused),
        cmocka_unit_test(a_wrong_time_limit_is_refused),
        cmocka_unit_test(a_misspelt_key_is_told_the_right_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
