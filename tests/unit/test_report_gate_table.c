/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_report_gate_table.c - the table of a gate and gate.json.
 */
#include "reports/report.h"
#include "tests/unit/report_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct chr_gate_row rows[] = {
    {.scenario = "flush_race",
     .expected = "pass",
     .got = "pass",
     .seeds = 5,
     .as_expected = 5,
     .status = CHR_PASSED},
    {.scenario = "flush_race",
     .variant = "size=64",
     .defect = "task-done-before-flush",
     .expected = "order",
     .got = "order",
     .seeds = 5,
     .as_expected = 5,
     .status = CHR_PASSED},
    {.scenario = "flush_race",
     .variant = "size=1MiB",
     .defect = "task-done-before-flush",
     .expected = "order",
     .got = "pass",
     .seeds = 5,
     .as_expected = 3,
     .status = CHR_FAILED,
     .note = "seed 2 and one more ended with another verdict",
     .replay = "chipharness replay out/flush_race/2.chsched"},
    {.scenario = "barrier_reuse",
     .expected = "pass",
     .got = "hang",
     .seeds = 1,
     .status = CHR_FAILED},
    {.scenario = "zero_sized",
     .expected = "pass",
     .got = "vacuous",
     .seeds = 1,
     .status = CHR_VACUOUS},
    {.scenario = "stale_segment", .expected = "pass", .status = CHR_SKIPPED, .note = "no /dev/shm"},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

static void the_table_is_as_it_was(void **state) {
    (void)state;
    struct chr_style plain = {0};
    FIX_TEXT(text, out, chr_gate_table(out, &plain, rows, ROWS));
    fix_golden("gate.txt", text);
    free(text);
}

static void only_what_is_wrong_is_red(void **state) {
    (void)state;
    struct chr_style ink = {.color = true};
    FIX_TEXT(text, out, chr_gate_table(out, &ink, rows, ROWS));
    assert_non_null(strstr(text, "\033[32mok\033[0m"));
    assert_non_null(strstr(text, "\033[32mcaught\033[0m"));
    assert_non_null(strstr(text, "\033[31mMISSED\033[0m"));
    assert_non_null(strstr(text, "\033[31mFAIL\033[0m"));
    assert_non_null(strstr(text, "\033[31mVACUOUS\033[0m"));
    assert_non_null(strstr(text, "\033[33mskipped\033[0m"));
    free(text);
}

static void gate_json_is_as_it_was(void **state) {
    (void)state;
    FIX_TEXT(text, out, chr_gate_json(out, rows, ROWS, "6b1f"));
    fix_golden("gate.json", text);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_as_it_was),
        cmocka_unit_test(only_what_is_wrong_is_red),
        cmocka_unit_test(gate_json_is_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
