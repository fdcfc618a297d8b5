/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_report_junit.c - JUnit XML: the dialect, what is an error, and bytes that XML cannot hold.
 */
#include "reports/report.h"
#include "tests/unit/report_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct chr_results *suite_of(const char *name, const struct chr_run *runs, size_t count) {
    struct chr_results *res = chr_results_new(name, "scenarios/x.yaml", NULL);
    assert_non_null(res);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(chr_results_add(res, &runs[i]), CHIP_OK);
    return res;
}

static char *junit_of(struct chr_results *res) {
    const struct chr_results *suites[] = {res};
    FIX_TEXT(text, out, chr_junit(out, suites, 1));
    chr_results_free(res);
    return text;
}

static void junit_is_as_it_was(void **state) {
    (void)state;
    struct chr_param param = {"size", "64"};
    struct chr_finding finding = {.verdict = "order",
                                  .expectation = "a < b & c",
                                  .file = "scenarios/x.yaml",
                                  .line = 3,
                                  .expected = "a, then b",
                                  .observed = "b \"first\"",
                                  .seq = {1, 2}};
    struct chr_run runs[] = {
        {.scenario = "x", .seed = 1, .verdict = "pass", .measure = {.wall_ns = 1500000}},
        {.scenario = "x",
         .params = &param,
         .param_count = 1,
         .defect = "early",
         .seed = 2,
         .verdict = "order",
         .status = CHR_FAILED,
         .findings = &finding,
         .finding_count = 1,
         .replay = "chipharness replay out/x/1.chsched"},
        {.scenario = "x", .seed = 3, .status = CHR_SKIPPED, .note = "no ptrace"},
        {.scenario = "x", .seed = 4, .verdict = "vacuous", .status = CHR_VACUOUS},
        {.scenario = "x",
         .seed = 5,
         .verdict = "harness",
         .status = CHR_BROKEN,
         .note = "fork: no memory"},
    };
    char *text = junit_of(suite_of("x", runs, sizeof runs / sizeof runs[0]));
    fix_golden("junit.xml", text);
    free(text);
}

static void only_harness_faults_are_errors(void **state) {
    (void)state;
    struct chr_run run = {.scenario = "x", .verdict = "hang", .status = CHR_FAILED};
    char *text = junit_of(suite_of("x", &run, 1));
    assert_non_null(strstr(text, "<failure type=\"hang\""));
    assert_null(strstr(text, "<error"));
    assert_non_null(strstr(text, "tests=\"1\" failures=\"1\" errors=\"0\" skipped=\"0\""));
    free(text);
}

static void what_xml_cannot_hold_is_left_out(void **state) {
    (void)state;
    struct chr_run run = {.scenario = "x",
                          .verdict = "error",
                          .status = CHR_FAILED,
                          .note = "a\x01\x1b[31mb\xff\xef\xbf\xbf"
                                  "c\n\t<&>\"d"};
    char *text = junit_of(suite_of("x", &run, 1));
    assert_non_null(strstr(text, "message=\"a[31mb\xef\xbf\xbd"
                                 "c&#10;&#9;&lt;&amp;&gt;&quot;d\""));
    free(text);
}

static void an_empty_list_is_still_a_document(void **state) {
    (void)state;
    FIX_TEXT(text, out, chr_junit(out, NULL, 0));
    assert_non_null(strstr(text, "tests=\"0\" failures=\"0\" errors=\"0\" time=\"0.000000\">\n"
                                 "</testsuites>\n"));
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(junit_is_as_it_was),
        cmocka_unit_test(only_harness_faults_are_errors),
        cmocka_unit_test(what_xml_cannot_hold_is_left_out),
        cmocka_unit_test(an_empty_list_is_still_a_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
