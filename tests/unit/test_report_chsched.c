/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_report_chsched.c - replay files give back what was recorded, and nothing else is accepted.
 */
#include "reports/report.h"
#include "tests/unit/report_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const struct chr_param params[] = {{"size", "64"}, {"odd", "a=b\\c\nd\x01 \xc3\xa9"}};
static const struct chr_plan holds[] = {{"rank 0 before d2h.chunk[1]", 20}};
static const struct chr_plan faults[] = {{"shm_open fails", 27}};

static struct chr_run a_run(void) {
    return (struct chr_run){.scenario = "flush_race",
                            .scenario_path = "scenarios/flush_race.yaml",
                            .params = params,
                            .param_count = 2,
                            .defect = "task-done-before-flush",
                            .seed = UINT64_MAX,
                            .build_id = "6b1f",
                            .verdict = "order",
                            .holds = holds,
                            .hold_count = 1,
                            .faults = faults,
                            .fault_count = 1};
}

static struct chr_schedule *made(struct chip_control *c) {
    struct chr_recording *rec = NULL;
    struct chr_schedule *s = NULL;
    struct chip_error err = {0};
    struct chr_run run = a_run();
    assert_int_equal(chr_recording_open(c, fix_bytes(), &rec, NULL), CHIP_OK);
    chr_run_measure(&run, rec);
    if (chr_schedule_make(&run, rec, &s, &err) != CHIP_OK)
        fail_msg("%s", err.text);
    chr_recording_close(rec);
    return s;
}

static char *printed(const struct chr_schedule *s) {
    FIX_TEXT(text, out, chr_schedule_print(out, s));
    return text;
}

static struct chr_schedule *parsed(const char *text) {
    struct chr_schedule *s = NULL;
    struct chip_error err = {0};
    if (chr_schedule_parse(text, strlen(text), "x.chsched", &s, &err) != CHIP_OK)
        fail_msg("%s", err.text);
    return s;
}

static void the_file_is_as_it_was(void **state) {
    (void)state;
    struct chip_control *c = fix_new();
    fix_flush_race(c);
    struct chr_schedule *s = made(c);
    char *text = printed(s);
    fix_golden("flush_race.chsched", text);
    free(text);
    chr_schedule_free(s);
    fix_free(c);
}

static void what_was_written_is_read_back(void **state) {
    (void)state;
    struct chip_control *c = fix_new();
    fix_flush_race(c);
    fix_choice(c, 12, 1, CHIP_KIND_ACCESS, 4711, 0);
    fix_choice(c, 13, 0xffff, 9, 65535, 1);
    fix_choice(c, 14, 1, CHIP_KIND_CALL, 60000, 0xffff);
    fix_choice(c, 14, 1, CHIP_KIND_PROBE, CHIP_POINT_D2H_CHUNK, 0);
    struct chr_schedule *s = made(c);
    char *text = printed(s);
    struct chr_schedule *back = parsed(text);
    assert_string_equal(back->scenario_path, "scenarios/flush_race.yaml");
    assert_string_equal(back->scenario, "flush_race");
    assert_string_equal(back->defect, "task-done-before-flush");
    assert_string_equal(back->build_id, "6b1f");
    assert_string_equal(back->verdict, "order");
    assert_true(back->seed == UINT64_MAX);
    assert_true(back->log_hash == s->log_hash && s->log_hash != 0);
    assert_int_equal(back->param_count, 2);
    assert_string_equal(back->params[1].name, "odd");
    assert_string_equal(back->params[1].value, params[1].value);
    assert_int_equal(back->actor_count, 2);
    assert_string_equal(back->actors[1], "rank 0");
    assert_int_equal(back->choice_count, c->choice_count);
    assert_memory_equal(back->choices, chip_control_choices(c),
                        c->choice_count * sizeof(struct chip_choice));
    assert_non_null(strstr(text, "14 rank 0 d2h.chunk[1] -> parent\n"));
    assert_non_null(strstr(text, "13 nobody raw:9:65535[0] -> rank 0\n"));
    free(text);
    chr_schedule_free(s);
    chr_schedule_free(back);
    fix_free(c);
}

static void without_a_defect_there_is_none(void **state) {
    (void)state;
    struct chip_control *c = fix_new();
    struct chr_recording *rec = NULL;
    struct chr_schedule *s = NULL;
    struct chr_run run = {.scenario = "x", .scenario_path = "x.yaml", .accesses = true};
    fix_flush_race(c);
    assert_int_equal(chr_recording_open(c, fix_bytes(), &rec, NULL), CHIP_OK);
    assert_int_equal(chr_schedule_make(&run, rec, &s, NULL), CHIP_OK);
    char *text = printed(s);
    struct chr_schedule *back = parsed(text);
    assert_null(back->defect);
    assert_true(back->accesses && !back->no_script);
    assert_string_equal(back->build_id, "unknown");
    free(text);
    chr_schedule_free(s);
    chr_schedule_free(back);
    chr_recording_close(rec);
    fix_free(c);
}

static void two_actors_of_one_name_stay_apart(void **state) {
    (void)state;
    struct chip_control *c = fix_new();
    fix_actor(c, CHIP_ACTOR_PARENT, 0, 0, 1);
    fix_actor(c, CHIP_ACTOR_PROCESS, 0, 0, 2);
    fix_actor(c, CHIP_ACTOR_PROCESS, 0, 0, 3);
    fix_choice(c, 1, 2, CHIP_KIND_CALL, CHIP_CALL_fork, 1);
    struct chr_schedule *s = made(c);
    char *text = printed(s);
    struct chr_schedule *back = parsed(text);
    assert_string_equal(back->actors[2], "process 0 #2");
    assert_int_equal(back->choices[0].from, 2);
    free(text);
    chr_schedule_free(s);
    chr_schedule_free(back);
    fix_free(c);
}

static void impossible_choices_are_not_written(void **state) {
    (void)state;
    for (int bad = 0; bad < 2; bad++) {
        struct chip_control *c = fix_new();
        struct chr_recording *rec = NULL;
        struct chr_schedule *s = NULL;
        struct chr_run run = a_run();
        fix_flush_race(c);
        fix_choice(c, bad ? 20 : 2, 1, CHIP_KIND_CALL, 0, bad ? 7 : 0);
        assert_int_equal(chr_recording_open(c, fix_bytes(), &rec, NULL), CHIP_OK);
        assert_int_equal(chr_schedule_make(&run, rec, &s, NULL), CHIP_E_PROTOCOL);
        assert_null(s);
        chr_recording_close(rec);
        fix_free(c);
    }
}

#define MAGIC "chipharness-schedule 1\n"
#define HEAD                                                               \
    MAGIC "scenario: x.yaml\nname: x\nseed: 1\nbuild: b\nverdict: order\n" \
          "log: 0000000000000001\nactor: 0 parent\nactor: 1 rank 0\n"

static const struct {
    const char *text, *says;
} broken[] = {
    {"", "x:1:1: error: the first line must be 'chipharness-schedule 1'"},
    {"\n" MAGIC, "the first line must be"},
    {"chipharness-schedule\n", "the first line must be"},
    {"chipharness-schedule 2\n",
     "x:1:22: error: version 2 of the format; this chipharness reads 1"},
    {"chipharness-schedule 11\n", "version 11 of the format"},
    {MAGIC, "x:2:1: error: the file ends before 'choices:'"},
    {MAGIC "choices: 0\n", "x:2:1: error: the key 'scenario' is missing above this line"},
    {MAGIC "scenaro: x\n", "unknown key 'scenaro'\n    2 | scenaro: x\n"
                           "      | ^ did you mean 'scenario'?"},
    {MAGIC "banana: x\n", "unknown key 'banana'\n    2 | banana: x\n      | ^"},
    {MAGIC "seed\n", "expected KEY: VALUE"},
    {MAGIC "seed:1\n", "x:2:6: error: expected a space and a value"},
    {MAGIC "seed: \n", "x:2:7: error: expected a number"},
    {MAGIC "seed: 12x\n", "x:2:9: error: expected a number, found '12x'"},
    {MAGIC "seed: 18446744073709551616\n", "is too big"},
    {MAGIC "seed: -1\n", "expected a number"},
    {MAGIC "seed: 1\nseed: 1\n", "x:3:1: error: seed: stands here for the second time"},
    {MAGIC "name: a\nname: b\n", "name: stands here for the second time"},
    {MAGIC "name: a\\q\n", "x:2:8: error: expected \\\\, \\n or \\x"},
    {MAGIC "name: a\\x00\n", "expected \\\\, \\n or \\x"},
    {MAGIC "name: a\tb\n", "a control character; write it as \\x09"},
    {MAGIC "log: 12\n", "expected 16 digits"},
    {MAGIC "log: 000000000000000G\n", "x:2:21: error: expected 16 digits"},
    {MAGIC "param: size\n", "expected NAME=VALUE"},
    {MAGIC "param: =1\n", "expected NAME=VALUE"},
    {MAGIC "param: a=1\nparam: a=2\n", "the parameter stands here for the second time"},
    {MAGIC "actor: 1 parent\n", "expected actor 0: they are numbered without a gap"},
    {MAGIC "actor: 0\n", "expected the name of an actor"},
    {MAGIC "actor: 0 nobody\n", "expected the name of an actor"},
    {MAGIC "actor: 0 a -> b\n", "expected the name of an actor"},
    {MAGIC "actor: 0 a\nactor: 1 a\n", "actor 0 has this name already"},
    {MAGIC "actor: 96 a\n", "is too big, 95 is the most"},
    {HEAD "choices: 262145\n", "is too big, 262144 is the most"},
    {HEAD "choices: 1\n", "x:11:1: error: the file ends after 0 of 1 choices"},
    {HEAD "choices: 0\n1 parent d2h.end[0] -> rank 0\n",
     "x:11:1: error: one line too many: 0 choices were announced"},
    {HEAD "choices: 1\njunk\n", "expected STEP ACTOR POINT[NUMBER] -> ACTOR"},
    {HEAD "choices: 1\n1 parent -> rank 0\n", "expected STEP ACTOR POINT[NUMBER] -> ACTOR"},
    {HEAD "choices: 1\nx parent d2h.end[0] -> rank 0\n", "x:11:1: error: expected a number"},
    {HEAD "choices: 1\n1 parnt d2h.end[0] -> rank 0\n",
     "x:11:3: error: no actor is called 'parnt'\n   11 | 1 parnt d2h.end[0] -> rank 0\n"
     "      |   ^ did you mean 'parent'?"},
    {HEAD "choices: 1\n1 parent d2h.edn[0] -> rank 0\n", "did you mean 'd2h.end'?"},
    {HEAD "choices: 1\n1 parent call:futx[0] -> rank 0\n", "did you mean 'futex'?"},
    {HEAD "choices: 1\n1 parent raw:1[0] -> rank 0\n", "expected raw:KIND:NUMBER"},
    {HEAD "choices: 1\n1 parent access:65536[0] -> rank 0\n", "is too big"},
    {HEAD "choices: 1\n1 parent d2h.end -> rank 0\n", "expected POINT[NUMBER]"},
    {HEAD "choices: 1\n1 parent d2h.end[1] -> rank 0\n",
     "x:11:17: error: expected [0]: a line is missing or stands here twice"},
    {HEAD "choices: 1\n1 parent d2h.end[0] -> rank 9\n", "no actor is called 'rank 9'"},
    {HEAD "choices: 2\n5 parent d2h.end[0] -> rank 0\n4 parent d2h.end[1] -> rank 0\n",
     "x:12:1: error: the step before was 5"},
};

static void junk_is_refused_where_it_stands(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct chr_schedule *s = NULL;
        struct chip_error err = {0};
        const char *text = broken[i].text;
        assert_int_equal(chr_schedule_parse(text, strlen(text), "x", &s, &err), CHIP_E_VALUE);
        assert_null(s);
        if (!strstr(err.text, broken[i].says))
            fail_msg("broken file %zu: '%s' does not say '%s'", i, err.text, broken[i].says);
    }
}

static void comments_blank_lines_and_crlf_are_harmless(void **state) {
    (void)state;
    static const char text[] = "chipharness-schedule 1\r\n# a\n\nscenario: x.yaml\r\nname: x\n"
                               "seed: 1\nbuild: b\nverdict: order\nlog: 00000000000000ff\n"
                               "actor: 0 parent\nchoices: 1\n# b\n1 parent d2h.end[0] -> parent\n"
                               "\n# c";
    struct chr_schedule *s = parsed(text);
    assert_string_equal(s->scenario_path, "x.yaml");
    assert_int_equal(s->log_hash, 255);
    chr_schedule_free(s);
}

static void a_missing_file_is_a_system_error(void **state) {
    (void)state;
    struct chr_schedule *s = NULL;
    struct chip_error err = {0};
    assert_int_equal(chr_schedule_load("/none/x.chsched", &s, &err), CHIP_E_OS);
    assert_string_equal(err.text, "cannot read /none/x.chsched: No such file or directory");
    assert_int_equal(err.sys_errno, 2);
    assert_int_equal(chr_schedule_load("/", &s, &err), CHIP_E_VALUE);
    assert_string_equal(err.text, "/ is not a file");
}

static uint64_t next_random(uint64_t *x) {
    uint64_t z = (*x += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    return z ^ (z >> 31);
}

/* P2: damaged files are refused or mean something that can be written and read again. */
static void damaged_files_do_no_harm(void **state) {
    (void)state;
    struct chip_control *c = fix_new();
    fix_flush_race(c);
    struct chr_schedule *s = made(c);
    char *good = printed(s);
    size_t len = strlen(good), accepted = 0;
    uint64_t rng = 1;
    for (int round = 0; round < 20000; round++) {
        char *bad = malloc(len);
        assert_non_null(bad);
        memcpy(bad, good, len);
        for (uint64_t hits = 1 + next_random(&rng) % 3; hits > 0; hits--) {
            size_t at = next_random(&rng) % len, from = next_random(&rng) % len;
            size_t n = 1 + next_random(&rng) % 12;
            if (next_random(&rng) % 2)
                bad[at] = (char)next_random(&rng);
            else if (at + n <= len && from + n <= len)
                memmove(bad + at, bad + from, n);
        }
        size_t cut = next_random(&rng) % 4 ? len : next_random(&rng) % len;
        struct chr_schedule *back = NULL;
        struct chip_error err = {0};
        int rc = chr_schedule_parse(bad, cut, "x", &back, &err);
        assert_int_equal(rc == CHIP_OK, back != NULL);
        if (back) {
            accepted++;
            char *once = printed(back);
            struct chr_schedule *again = parsed(once);
            char *twice = printed(again);
            assert_string_equal(once, twice);
            free(once);
            free(twice);
            chr_schedule_free(again);
        }
        chr_schedule_free(back);
        free(bad);
    }
    assert_true(accepted > 100);
    free(good);
    chr_schedule_free(s);
    fix_free(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_file_is_as_it_was),
        cmocka_unit_test(what_was_written_is_read_back),
        cmocka_unit_test(without_a_defect_there_is_none),
        cmocka_unit_test(two_actors_of_one_name_stay_apart),
        cmocka_unit_test(impossible_choices_are_not_written),
        cmocka_unit_test(junk_is_refused_where_it_stands),
        cmocka_unit_test(comments_blank_lines_and_crlf_are_harmless),
        cmocka_unit_test(a_missing_file_is_a_system_error),
        cmocka_unit_test(damaged_files_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
