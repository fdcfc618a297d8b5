/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_report_json.c - the emitter, and result.json as a whole.
 */
#include "reports/json.h"
#include "reports/report.h"
#include "tests/unit/report_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *one_string(const char *value) {
    struct chr_json j;
    FIX_TEXT(text, out, {
        chr_json_begin(&j, out);
        chr_json_string(&j, NULL, value);
        chr_json_end(&j);
    });
    return text;
}

static void strings_are_escaped(void **state) {
    (void)state;
    static const char *const table[][2] = {
        {"plain", "\"plain\"\n"},
        {"", "\"\"\n"},
        {"a\"b\\c", "\"a\\\"b\\\\c\"\n"},
        {"\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\"\n"},
        {"\x01\x1f\x7f", "\"\\u0001\\u001f\\u007f\"\n"},
        {"\xc3\xa9\xf0\x9f\x98\x80", "\"\xc3\xa9\xf0\x9f\x98\x80\"\n"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char *text = one_string(table[i][0]);
        assert_string_equal(text, table[i][1]);
        free(text);
    }
}

/* A stray continuation, a cut sequence, an overlong slash, a surrogate, above U+10FFFF. */
static void bytes_that_are_no_utf8_are_replaced(void **state) {
    (void)state;
#define BAD "\xef\xbf\xbd"
    static const char *const table[][2] = {
        {"a\x80z", "\"a" BAD "z\"\n"},
        {"\xc3", "\"" BAD "\"\n"},
        {"\xe2\x82z", "\"" BAD BAD "z\"\n"},
        {"\xc0\xaf", "\"" BAD BAD "\"\n"},
        {"\xe0\x80\xaf", "\"" BAD BAD BAD "\"\n"},
        {"\xed\xa0\x80", "\"" BAD BAD BAD "\"\n"},
        {"\xf4\x90\x80\x80", "\"" BAD BAD BAD BAD "\"\n"},
        {"\xff", "\"" BAD "\"\n"},
    };
#undef BAD
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char *text = one_string(table[i][0]);
        assert_string_equal(text, table[i][1]);
        free(text);
    }
}

static void nesting_and_commas(void **state) {
    (void)state;
    struct chr_json j;
    FIX_TEXT(text, out, {
        chr_json_begin(&j, out);
        chr_json_object(&j, NULL);
        chr_json_array(&j, "empty");
        chr_json_close(&j);
        chr_json_array(&j, "list");
        chr_json_number(&j, NULL, UINT64_MAX);
        chr_json_bool(&j, NULL, true);
        chr_json_object(&j, NULL);
        chr_json_close(&j);
        chr_json_close(&j);
        chr_json_string(&j, "none", NULL);
        chr_json_close(&j);
        chr_json_end(&j);
    });
    assert_string_equal(text, "{\n"
                              "  \"empty\": [],\n"
                              "  \"list\": [\n"
                              "    18446744073709551615,\n"
                              "    true,\n"
                              "    {}\n"
                              "  ],\n"
                              "  \"none\": null\n"
                              "}\n");
    free(text);
}

static struct chr_results *some_results(void) {
    struct chr_results *res =
        chr_results_new("flush_race", "scenarios/flush_race.yaml", "flush before \"done\"");
    char name[] = "size", text[] = "rank 0 before d2h.chunk[1]", word[] = "order";
    struct chr_param param = {name, "64"};
    struct chr_plan hold = {text, 20}, fault = {"shm_open fails", 27};
    struct chr_finding finding = {.verdict = "order",
                                  .expectation = "a before b",
                                  .file = "scenarios/flush_race.yaml",
                                  .line = 31,
                                  .expected = "a, then b",
                                  .observed = "b, then a",
                                  .seq = {8, CHR_NO_SEQ}};
    struct chr_run run = {.scenario = "flush_race",
                          .params = &param,
                          .param_count = 1,
                          .defect = "task-done-before-flush",
                          .seed = 3,
                          .build_id = "6b1f",
                          .verdict = word,
                          .status = CHR_FAILED,
                          .findings = &finding,
                          .finding_count = 1,
                          .holds = &hold,
                          .hold_count = 1,
                          .faults = &fault,
                          .fault_count = 1,
                          .replay = "chipharness replay out/flush_race/1.chsched",
                          .schedule_path = "out/flush_race/1.chsched"};
    assert_non_null(res);
    run.measure = (struct chr_measure){.known = true,
                                       .steps = 38,
                                       .switches = 18,
                                       .virtual_ns = 20500,
                                       .wall_ns = 1234567,
                                       .log_hash = 0xabcdef,
                                       .hold_count = 1,
                                       .fault_count = 1,
                                       .holds = {{.reached = true, .held = true, .met = true}},
                                       .faults = {{.fired = 1, .seen = 2}}};
    assert_int_equal(chr_results_add(res, &run), CHIP_OK);
    memset(&run, 0, sizeof run);
    run.status = CHR_SKIPPED;
    run.note = "no /dev/shm";
    assert_int_equal(chr_results_add(res, &run), CHIP_OK);
    /* What was handed in may go now. */
    memset(&finding, 0xff, sizeof finding);
    memset(&hold, 0xff, sizeof hold);
    memset(name, 'x', sizeof name - 1);
    memset(text, 'x', sizeof text - 1);
    memset(word, 'x', sizeof word - 1);
    return res;
}

static void result_json_is_as_it_was(void **state) {
    (void)state;
    struct chr_results *res = some_results();
    FIX_TEXT(text, out, chr_result_json(out, res));
    fix_golden("result.json", text);
    assert_int_equal(chr_results_count(res), 2);
    assert_int_equal(chr_results_run(res, 0)->seed, 3);
    free(text);
    chr_results_free(res);
}

static void many_runs_are_kept(void **state) {
    (void)state;
    struct chr_results *res = chr_results_new("x", NULL, NULL);
    for (uint64_t i = 0; i < 1000; i++) {
        struct chr_run run = {.seed = i, .verdict = "pass"};
        assert_int_equal(chr_results_add(res, &run), CHIP_OK);
    }
    assert_int_equal(chr_results_run(res, 999)->seed, 999);
    assert_string_equal(chr_results_run(res, 500)->verdict, "pass");
    chr_results_free(res);
    chr_results_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_are_escaped),
        cmocka_unit_test(bytes_that_are_no_utf8_are_replaced),
        cmocka_unit_test(nesting_and_commas),
        cmocka_unit_test(result_json_is_as_it_was),
        cmocka_unit_test(many_runs_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
