/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_scenario.c - what a right scenario is typed to: values, defaults, places, selectors in the
 * contract's form, variants; and rules that need options or several loads.
 */
#include "harness/scenario/scenario.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEAD "chipharness: 1\nname: t\nabout: a test\nranks: 2\nwindow: 64KiB\n"
#define BUFFERS                                                                                   \
    "buffers:\n"                                                                                  \
    "  - {name: in, bytes: 1KiB, dtype: float32, load_from_host: true, host: {pattern: index}}\n" \
    "  - {name: only1, bytes: 64, rank: 1}\n"                                                     \
    "  - {name: out, bytes: 1KiB, dtype: float32, store_to_host: true}\n"
#define STEPS "steps: [init, close]\n"

static struct chs_file *load(const char *text) {
    struct chs_errors *errs = chs_errors_new();
    struct chs_file *file;

    if (chs_load_bytes(text, strlen(text), "t.yaml", NULL, &file, errs)) {
        chs_errors_print(errs, stderr);
        fail_msg("a right scenario was refused");
    }
    assert_int_equal(chs_errors_count(errs), 0);
    chs_errors_free(errs);
    return file;
}

/* The messages of a scenario that must be refused; the caller's to free. */
static char *refused(const char *text, const struct chs_options *options) {
    struct chs_errors *errs = chs_errors_new();
    struct chs_file *file;
    char *messages = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&messages, &length);

    assert_int_equal(chs_load_bytes(text, strlen(text), "t.yaml", options, &file, errs), -1);
    assert_null(file);
    chs_errors_print(errs, out);
    fclose(out);
    chs_errors_free(errs);
    return messages;
}

static void assert_refused(const char *text, const char *says) {
    char *messages = refused(text, NULL);

    if (!strstr(messages, says))
        fail_msg("'%s' is not in: %s", says, messages);
    free(messages);
}

static void what_is_left_out_has_its_default(void **state) {
    struct chs_file *file = load("chipharness: 1\nname: t\nabout: a test\nranks: 1\n" STEPS);
    const struct chs_scenario *s = chs_variant(file, 0);

    (void)state;
    assert_int_equal(chs_variant_count(file), 1);
    assert_null(chs_variant(file, 1));
    assert_string_equal(s->variant, "");
    assert_int_equal(s->canary, CHS_VERDICT_PASS);
    assert_int_equal(s->window, 0);
    assert_int_equal(s->comm_timeout_ns, 120000000000);
    assert_int_equal(s->bootstrap_timeout_ns, 120000000000);
    assert_int_equal(s->task_timeout_ns, 120000000000);
    assert_int_equal(s->control_timeout_ns, 10000000000);
    assert_int_equal(s->close_timeout_ns, 10000000000);
    assert_int_equal(s->time_limit_ns, 300000000000);
    assert_int_equal(s->step_limit, 1000000);
    assert_int_equal(s->watchdog_ns, 10000000000);
    assert_int_equal(s->dma_chunk, 4096);
    assert_int_equal(s->dma_latency_ns, 10000);
    assert_int_equal(s->seed_count, 3);
    assert_int_equal(s->seeds[2], 3);
    assert_int_equal(s->buffer_count + s->hold_count + s->fault_count + s->expect_count, 0);
    chs_free(file);
}

static void an_object_that_is_left_out_has_the_defaults_of_its_keys(void **state) {
    struct chs_file *file = load(HEAD "timeouts: {task: 5ms}\ncomm: {}\n" STEPS);
    const struct chs_scenario *s = chs_variant(file, 0);

    (void)state;
    assert_int_equal(s->task_timeout_ns, 5000000);
    assert_int_equal(s->close_timeout_ns, 10000000000);
    assert_int_equal(s->comm_timeout_ns, 120000000000);
    chs_free(file);
}

static void numbers_sizes_and_durations_have_their_units(void **state) {
    struct chs_file *file = load(HEAD "time_limit: 2min\nwatchdog: 1500us\nstep_limit: 0x10\n"
                                      "dma: {chunk: 0, latency: 0ns}\nseeds: [7, 0xff]\n" STEPS);
    const struct chs_scenario *s = chs_variant(file, 0);

    (void)state;
    assert_int_equal(s->window, 65536);
    assert_int_equal(s->time_limit_ns, 120000000000);
    assert_int_equal(s->watchdog_ns, 1500000);
    assert_int_equal(s->step_limit, 16);
    assert_int_equal(s->dma_chunk, 0);
    assert_int_equal(s->seed_count, 2);
    assert_int_equal(s->seeds[1], 255);
    chs_free(file);
}

static void buffers_know_their_sizes_and_their_chips(void **state) {
    struct chs_file *file = load(HEAD BUFFERS STEPS);
    const struct chs_scenario *s = chs_variant(file, 0);

    (void)state;
    assert_int_equal(s->buffer_count, 3);
    assert_int_equal(s->buffers[0].count, 256);
    assert_int_equal(s->buffers[0].dtype_size, 4);
    assert_int_equal(s->buffers[0].staging_bytes, 1024);
    assert_int_equal(s->buffers[0].host.form, CHS_CONTENT_PATTERN);
    assert_int_equal(s->buffers[0].host.times, 1);
    assert_int_equal(s->buffers[0].ranks, 3);
    assert_int_equal(s->buffers[1].ranks, 2);
    assert_int_equal(s->buffers[1].host.form, CHS_CONTENT_NONE);
    assert_string_equal(s->buffers[1].placement, "window");
    assert_true(s->buffers[1].staging);
    assert_int_equal(s->buffers[2].at.line, 9);
    assert_int_equal(s->buffers[2].at.col, 5);
    assert_int_equal(chs_buffer_index(s, 2, 0), 1);
    assert_int_equal(chs_buffer_index(s, 2, 1), 2);
    assert_int_equal(chs_buffer_index(s, 1, 0), CHS_NONE);
    assert_int_equal(chs_buffer_index(s, 3, 0), CHS_NONE);
    chs_free(file);
}

static void steps_are_typed_in_order(void **state) {
    struct chs_file *file =
        load(HEAD BUFFERS "steps:\n"
                          "  - create\n"
                          "  - start: {id: up}\n"
                          "  - submit: {rank: all, kernel: fill, buffers: [out], scalars: [0x5a]}\n"
                          "  - wait: {rank: [0, 1]}\n"
                          "  - control: {rank: 0, command: malloc, bytes: 4KiB, id: m}\n"
                          "  - control: {rank: 0, command: copy_from, of: m, equals: {fill: 0}}\n"
                          "  - control: {rank: 0, command: 99, error: {type: LookupError, code: 1,"
                          " says: x, prefix: y}}\n"
                          "  - check: {buffer: out, equals: {fill: 0x5a}, where: window}\n"
                          "  - kill: {rank: 1, signal: STOP}\n"
                          "  - sleep: 5s\n"
                          "  - sleep: {for: 1ms, id: nap}\n"
                          "  - close:\n"
                          "  - expect_none_left\n");
    const struct chs_scenario *s = chs_variant(file, 0);

    (void)state;
    assert_int_equal(s->step_count, 13);
    assert_int_equal(s->steps[0].kind, CHS_STEP_CREATE);
    assert_string_equal(s->steps[1].id, "up");
    assert_int_equal(s->steps[2].ranks, 3);
    assert_int_equal(s->steps[2].kernel, CHS_KERNEL_FILL);
    assert_int_equal(s->steps[2].buffer_count, 1);
    assert_int_equal(s->steps[2].buffers[0], 2);
    assert_int_equal(s->steps[2].scalars[0], 0x5a);
    assert_int_equal(s->steps[2].block_dim, 24);
    assert_int_equal(s->steps[2].check, CHS_NONE);
    assert_int_equal(s->steps[4].command, 0);
    assert_int_equal(s->steps[5].of, 4);
    assert_int_equal(s->steps[5].check, 0);
    assert_int_equal(s->steps[6].command, 99);
    assert_int_equal(s->steps[6].error.status, CHIP_E_LOOKUP);
    assert_int_equal(s->steps[6].error.code, 1);
    assert_string_equal(s->steps[6].error.prefix, "y");
    assert_int_equal(s->steps[7].place, CHS_PLACE_WINDOW);
    assert_int_equal(s->steps[7].bytes, CHS_REST);
    assert_int_equal(s->steps[7].check, 1);
    assert_int_equal(s->steps[8].signal, SIGSTOP);
    assert_int_equal(s->steps[9].duration_ns, 5000000000);
    assert_int_equal(s->steps[10].duration_ns, 1000000);
    assert_int_equal(s->steps[12].kind, CHS_STEP_NONE_LEFT);
    assert_int_equal(s->steps[12].at.line, 23);
    assert_int_equal(s->check_count, 2);
    for (size_t i = 0; i < s->step_count; i++)
        assert_true(s->steps[i].text && *s->steps[i].text);
    chs_free(file);
}

static void holds_become_plans_of_the_contract(void **state) {
    struct chs_file *file = load(
        HEAD BUFFERS STEPS
        "script:\n"
        "  - hold: {actor: rank 1, before: d2h.chunk, where: {buffer: out, bytes: 4KiB},\n"
        "           until: {actor: parent, passed: mailbox.observe, where: {state: TASK_DONE}}}\n"
        "  - hold: {actor: rank 0, before: \"barrier.arrive[2]\", for: 130s}\n"
        "  - hold: {actor: parent, before: shm_unlink, until: {actor: any, passed: window.map},\n"
        "           clock: runs}\n");
    const struct chs_scenario *s = chs_variant(file, 0);
    const struct chip_hold *h = &s->holds[0].plan;

    (void)state;
    assert_int_equal(h->before.actor_kind, CHIP_ACTOR_RANK);
    assert_int_equal(h->before.actor_index, 1);
    assert_int_equal(h->before.point_kind, CHIP_KIND_PROBE);
    assert_int_equal(h->before.point, CHIP_POINT_D2H_CHUNK);
    assert_true(h->before.occurrence == CHIP_ANY); /* the first that matches */
    assert_true(h->before.field[0] == CHIP_ANY);
    assert_int_equal(h->before.field[1], 2); /* in the list of chip 1 */
    assert_int_equal(h->before.field[3], 4096);
    assert_int_equal(h->until.actor_kind, CHIP_ACTOR_PARENT);
    assert_int_equal(h->until.field[1], 2);
    assert_true(h->until.occurrence == CHIP_ANY);
    assert_true(h->until_time_ns == CHIP_NO_DEADLINE);
    assert_int_equal(h->clock_runs, 0);
    assert_int_equal(h->reached + h->active + h->met + h->ended, 0);
    h = &s->holds[1].plan;
    assert_int_equal(h->before.occurrence, 2);
    assert_int_equal(h->until.actor_kind, CHIP_ACTOR_NONE);
    assert_int_equal(h->until_time_ns, 130000000000);
    assert_int_equal(h->clock_runs, 1);
    h = &s->holds[2].plan;
    assert_int_equal(h->before.point_kind, CHIP_KIND_CALL);
    assert_int_equal(h->before.point, CHIP_CALL_shm_unlink);
    assert_int_equal(h->before.occurrence, 0); /* the first */
    assert_int_equal(h->clock_runs, 1);
    assert_int_equal(s->holds[2].at.line, 15);
    assert_string_equal(s->holds[1].text, "hold before rank 0 barrier.arrive[2] for 130 s");
    chs_free(file);
}

static void faults_become_plans_of_the_contract(void **state) {
    struct chs_file *file =
        load(HEAD BUFFERS STEPS
             "faults:\n"
             "  - fail: {call: shm_open, actor: rank 0, nth: 2, errno: EMFILE, path: \"/x*\"}\n"
             "  - dma: {rank: 1, direction: d2h, nth: 3}\n"
             "  - kill: {actor: rank 0, at: \"window.create[0]\"}\n"
             "  - delay: {call: mmap, for: 10ms, nth: 4, times: all}\n"
             "  - delay: {at: task.begin, actor: rank 1, for: 1s, times: 2}\n");
    const struct chs_scenario *s = chs_variant(file, 0);

    (void)state;
    assert_int_equal(s->fault_count, 5);
    assert_int_equal(s->faults[0].plan.action, CHIP_FAULT_ERRNO);
    assert_int_equal(s->faults[0].plan.error, EMFILE);
    assert_int_equal(s->faults[0].plan.at.point, CHIP_CALL_shm_open);
    assert_int_equal(s->faults[0].plan.at.occurrence, 1);
    assert_int_equal(s->faults[0].plan.times, 1);
    assert_string_equal(s->faults[0].plan.path, "/x*");
    assert_int_equal(s->faults[1].plan_index, CHS_NONE);
    assert_true(s->faults[1].d2h);
    assert_int_equal(s->faults[1].nth, 3);
    assert_int_equal(s->faults[2].plan_index, 1);
    assert_int_equal(s->faults[2].plan.action, CHIP_FAULT_KILL);
    assert_int_equal(s->faults[2].plan.at.point_kind, CHIP_KIND_PROBE);
    assert_int_equal(s->faults[2].plan.at.occurrence, 0);
    assert_int_equal(s->faults[3].plan.action, CHIP_FAULT_DELAY);
    assert_int_equal(s->faults[3].plan.delay_ns, 10000000);
    assert_int_equal(s->faults[3].plan.at.occurrence, 3);
    assert_true(s->faults[3].plan.times == CHIP_ANY);
    assert_int_equal(s->faults[3].plan.at.actor_kind, CHIP_ACTOR_ANY);
    assert_true(s->faults[4].plan.at.occurrence == CHIP_ANY);
    assert_int_equal(s->faults[4].plan.times, 2);
    chs_free(file);
}

static void expectations_are_typed(void **state) {
    struct chs_file *file =
        load(HEAD BUFFERS STEPS
             "expect:\n"
             "  - order: {first: {actor: rank 0, point: d2h.end}, each: true, then:\n"
             "            {actor: rank 0, point: mailbox.publish, where: {state: TASK_DONE}}}\n"
             "  - never: {actor: parent, point: bootstrap.observe, where: {state: ERROR}, id: n}\n"
             "  - reached: {actor: any, point: barrier.last, times: 2}\n"
             "  - reached: {actor: any, point: barrier.last, at_most: 5}\n"
             "  - content: {buffer: out, equals: initial, rank: 1, at: {actor: parent, passed: "
             "mailbox.observe}}\n"
             "  - exit: {actor: rank 1, signal: KILL, incarnation: 1}\n"
             "  - exit: {actor: parent, status: 3}\n"
             "catches: [{defect: some-defect, verdict: order, says: flush}]\n");
    const struct chs_scenario *s = chs_variant(file, 0);

    (void)state;
    assert_true(s->expects[0].each);
    assert_int_equal(s->expects[0].then.field[1], 2);
    assert_int_equal(s->expects[1].first.field[1], 2); /* ERROR of a bootstrap channel */
    assert_string_equal(s->expects[1].id, "n");
    assert_int_equal(s->expects[2].at_least, 2);
    assert_int_equal(s->expects[2].at_most, 2);
    assert_int_equal(s->expects[3].at_most, 5);
    assert_int_equal(s->expects[4].content.form, CHS_CONTENT_INITIAL);
    assert_int_equal(s->expects[4].ranks, 2);
    assert_int_equal(s->expects[4].check, 0);
    assert_true(s->expects[5].by_signal);
    assert_int_equal(s->expects[5].status, SIGKILL);
    assert_int_equal(s->expects[5].rank, 1);
    assert_int_equal(s->expects[5].incarnation, 1);
    assert_int_equal(s->expects[6].rank, CHS_NONE);
    assert_int_equal(s->expects[6].status, 3);
    assert_int_equal(s->catches[0].verdict, CHS_VERDICT_ORDER);
    assert_string_equal(s->catches[0].says, "flush");
    chs_free(file);
}

static void a_matrix_gives_every_combination_last_parameter_fastest(void **state) {
    struct chs_file *file = load("chipharness: 1\nname: t\nabout: a test\nranks: \"${n}\"\n"
                                 "matrix: {n: [1, 2], size: [64, 1KiB]}\n"
                                 "buffers: [{name: out, bytes: \"${size}\"}]\n" STEPS
                                 "expect: [{reached: {actor: any, point: task.begin, "
                                 "times: \"${n}${n}\"}}]\n");
    static const char *const names[] = {"n=1 size=64", "n=1 size=1KiB", "n=2 size=64",
                                        "n=2 size=1KiB"};

    (void)state;
    assert_int_equal(chs_variant_count(file), 4);
    for (size_t i = 0; i < 4; i++) {
        const struct chs_scenario *s = chs_variant(file, i);

        assert_string_equal(s->variant, names[i]);
        assert_int_equal(s->ranks, i < 2 ? 1 : 2);
        assert_int_equal(s->buffers[0].bytes, i % 2 ? 1024 : 64);
        assert_int_equal(s->expects[0].at_least, i < 2 ? 11 : 22);
        assert_int_equal(s->param_count, 2);
        assert_string_equal(s->params[1].name, "size");
    }
    chs_free(file);
}

static void a_defect_that_is_not_known_is_refused(void **state) {
    static const char *const defects[] = {"barrier-advance-first", "task-done-before-flush"};
    const struct chs_options options = {.defects = defects, .defect_count = 2};
    char *messages = refused(
        HEAD STEPS "catches: [{defect: task-done-befor-flush, verdict: order}]\n", &options);

    (void)state;
    assert_non_null(strstr(messages, "unknown defect 'task-done-befor-flush'"));
    assert_non_null(strstr(messages, "did you mean 'task-done-before-flush'?"));
    free(messages);
}

static void a_list_of_errors_serves_several_loads(void **state) {
    struct chs_errors *errs = chs_errors_new();
    struct chs_file *file;
    char *messages = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&messages, &length);

    (void)state;
    assert_int_equal(chs_load_bytes("", 0, "one.yaml", NULL, &file, errs), -1);
    assert_int_equal(chs_load_bytes("x", 1, "two.yaml", NULL, &file, errs), -1);
    assert_int_equal(chs_errors_count(errs), 2);
    chs_errors_print(errs, out);
    fclose(out);
    assert_true(strstr(messages, "one.yaml:1:1") < strstr(messages, "two.yaml:1:1"));
    chs_errors_free(errs);
    free(messages);
}

static void a_field_by_name_needs_one_meaning(void **state) {
    (void)state;
    assert_refused(HEAD BUFFERS STEPS
                   "expect: [{never: {actor: any, point: d2h.end, where: {buffer: out}}}]\n",
                   "has another number on other ranks");
    assert_refused(HEAD BUFFERS STEPS
                   "expect: [{never: {actor: rank 0, point: d2h.end, where: {buffer: only1}}}]\n",
                   "none of the ranks meant has a buffer 'only1'");
}

static void what_may_fail_may_be_wrong(void **state) {
    (void)state;
    chs_free(load(HEAD BUFFERS "steps:\n"
                               "  - run: {rank: 0, kernel: fill, error: {type: RuntimeError}}\n"
                               "  - init: {error: {says: x}}\n"
                               "  - drain: {error: {type: RuntimeError}}\n"));
    assert_refused(HEAD BUFFERS "steps:\n  - init: {error: {says: x}}\n  - drain\n",
                   "no chip runs at this step");
}

static void errors_of_one_place_are_not_repeated_for_each_variant(void **state) {
    char *messages =
        refused(HEAD "matrix: {n: [1, 2, 3]}\nseeds: [\"${n}\"]\nzzz: 1\n" STEPS, NULL);

    (void)state;
    assert_null(strstr(strstr(messages, "unknown key 'zzz'") + 1, "unknown key 'zzz'"));
    free(messages);
}

/* Substitution multiplies text: what it starts from is bounded. */
static void long_text_with_parameters_is_refused(void **state) {
    char *text = NULL, *messages;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);

    (void)state;
    assert_non_null(out);
    fprintf(out, HEAD STEPS "matrix: {a: [%0*d]}\ntags: [\"", 201, 0);
    for (int i = 0; i < 100000; i++)
        fputs("${a}", out);
    fputs("\"]\n", out);
    fclose(out);
    messages = refused(text, NULL);
    assert_non_null(strstr(messages, "too long for a value of the matrix"));
    assert_non_null(strstr(messages, "too long for parameters"));
    free(messages);
    free(text);
}

static void more_errors_than_are_kept_are_counted(void **state) {
    char *text = NULL, *messages;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);

    (void)state;
    assert_non_null(out);
    fputs(HEAD STEPS "script:\n", out);
    for (int i = 0; i < CHIP_MAX_HOLDS; i++)
        fputs("  - hold: {a: 1, b: 2, c: 3, d: 4, e: 5, f: 6}\n", out);
    fclose(out);
    messages = refused(text, NULL);
    assert_non_null(strstr(messages, "t.yaml: and "));
    free(messages);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_left_out_has_its_default),
        cmocka_unit_test(an_object_that_is_left_out_has_the_defaults_of_its_keys),
        cmocka_unit_test(numbers_sizes_and_durations_have_their_units),
        cmocka_unit_test(buffers_know_their_sizes_and_their_chips),
        cmocka_unit_test(steps_are_typed_in_order),
        cmocka_unit_test(holds_become_plans_of_the_contract),
        cmocka_unit_test(faults_become_plans_of_the_contract),
        cmocka_unit_test(expectations_are_typed),
        cmocka_unit_test(a_matrix_gives_every_combination_last_parameter_fastest),
        cmocka_unit_test(a_defect_that_is_not_known_is_refused),
        cmocka_unit_test(a_list_of_errors_serves_several_loads),
        cmocka_unit_test(a_field_by_name_needs_one_meaning),
        cmocka_unit_test(what_may_fail_may_be_wrong),
        cmocka_unit_test(errors_of_one_place_are_not_repeated_for_each_variant),
        cmocka_unit_test(long_text_with_parameters_is_refused),
        cmocka_unit_test(more_errors_than_are_kept_are_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
