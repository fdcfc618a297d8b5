/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_scenario_own.c - scenarios that run a program of the user's own: command, library, and a
 * command line without a file. What such a scenario must not say: tests/golden/scenario/own_*.
 */
#include "harness/scenario/scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct chs_file *loaded(const char *text) {
    struct chs_errors *errs = chs_errors_new();
    struct chs_file *file;

    if (chs_load_bytes(text, strlen(text), "own.yaml", NULL, &file, errs)) {
        chs_errors_print(errs, stderr);
        fail_msg("not valid: %s", text);
    }
    chs_errors_free(errs);
    return file;
}

#define HEAD "chipharness: 1\nname: own\nabout: an own program\nranks: 2\n"

static void a_command_needs_no_steps(void **state) {
    struct chs_file *file = loaded(HEAD "command: [./prog, --n, 12, '']\n");
    const struct chs_scenario *s = chs_variant(file, 0);

    (void)state;
    assert_true(chs_own_program(s));
    assert_null(s->library);
    assert_int_equal(s->step_count, 0);
    assert_int_equal(s->command_count, 4);
    assert_string_equal(s->command[0], "./prog");
    assert_string_equal(s->command[2], "12");
    assert_string_equal(s->command[3], "");
    chs_free(file);
}

static void a_library_needs_no_steps(void **state) {
    struct chs_file *file = loaded(HEAD "library: build/work.so\n");
    const struct chs_scenario *s = chs_variant(file, 0);

    (void)state;
    assert_true(chs_own_program(s));
    assert_int_equal(s->command_count, 0);
    assert_string_equal(s->library, "build/work.so");
    chs_free(file);
}

/* The rules about which side of libchip passes which point are not those of an own program. */
static void any_actor_may_pass_any_point(void **state) {
    struct chs_file *file =
        loaded(HEAD "command: [./prog]\n"
                    "script:\n"
                    "  - hold: {actor: parent, before: barrier.arrive, until: {actor: rank 1, "
                    "passed: close.begin}}\n"
                    "expect:\n"
                    "  - order: {first: {actor: rank 0, point: mark, where: {id: 3, a: 7}}, "
                    "then: {actor: parent, point: d2h.end}}\n"
                    "  - exit: {actor: parent, status: 3}\n");
    const struct chs_scenario *s = chs_variant(file, 0);

    (void)state;
    assert_int_equal(s->hold_count, 1);
    assert_int_equal(s->expects[0].first.point, CHIP_POINT_MARK);
    assert_int_equal(s->expects[0].first.field[0], 3);
    assert_int_equal(s->expects[0].first.field[1], 7);
    assert_int_equal(s->expects[1].kind, CHS_EXPECT_EXIT);
    chs_free(file);
}

static struct chs_file *of_command(const char *program, const char *argument, const char *limit) {
    const char *argv[] = {program, argument};
    struct chs_errors *errs = chs_errors_new();
    struct chs_file *file = NULL;

    if (chs_load_command(argv, 2, limit, &file, errs))
        chs_errors_print(errs, stderr);
    assert_non_null(file);
    chs_errors_free(errs);
    return file;
}

/* Nothing in a command line has a meaning of its own, whatever it looks like. */
static void a_command_line_is_taken_as_it_is(void **state) {
    struct chs_file *file = of_command("./my prog+", "${x}: \"\n\x80 #", NULL);
    const struct chs_scenario *s = chs_variant(file, 0);

    (void)state;
    assert_string_equal(s->name, "my_prog_");
    assert_int_equal(s->command_count, 2);
    assert_string_equal(s->command[0], "./my prog+");
    assert_string_equal(s->command[1], "${x}: \"\n\x80 #");
    assert_int_equal(s->time_limit_ns, UINT64_C(300000000000));
    chs_free(file);
}

static void its_name_is_always_a_name(void **state) {
    static const char *const programs[] = {"./1", "/", "a/", "\xc3\xa9"};

    (void)state;
    for (int i = 0; i < 4; i++) {
        struct chs_file *file = of_command(programs[i], "", "5s");

        assert_int_equal(chs_variant(file, 0)->name[0], 'x');
        assert_int_equal(chs_variant(file, 0)->time_limit_ns, UINT64_C(5000000000));
        chs_free(file);
    }
}

static void a_wrong_time_limit_is_an_error(void **state) {
    static const char *const argv[] = {"./prog"};
    struct chs_errors *errs = chs_errors_new();
    struct chs_file *file;

    (void)state;
    assert_int_equal(chs_load_command(argv, 1, "5 parsecs", &file, errs), -1);
    assert_null(file);
    assert_int_equal(chs_errors_count(errs), 1);
    chs_errors_free(errs);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_needs_no_steps),
        cmocka_unit_test(a_library_needs_no_steps),
        cmocka_unit_test(any_actor_may_pass_any_point),
        cmocka_unit_test(a_command_line_is_taken_as_it_is),
        cmocka_unit_test(its_name_is_always_a_name),
        cmocka_unit_test(a_wrong_time_limit_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
