/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_subject_shim.c - every libc call of the contract, under control: it works and keeps errno
 * when nothing is planned, and fails with each error that its row in harness/scenario/calls.h
 * allows. The tests come from the tables: a new row is tested without an edit here.
 */
#include "harness/scenario/calls.h"
#include "tests/unit/subjects.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

enum { MAX_ERRNOS = 32 };

static const struct {
    const char *name;
    uint32_t call;
    int errnos[MAX_ERRNOS];
} calls[] = {
#define CHS_X(name, ...) {#name, CHIP_CALL_##name, {__VA_ARGS__}},
    CHS_CALLS(CHS_X)
#undef CHS_X
};

/* Those that really cannot fail, or whose failure their own protocol swallows: no errno. */
static void works_when_nothing_is_planned(void **state) {
    (void)state;
    assert_int_equal(sizeof calls / sizeof calls[0], CHIP_CALL_COUNT);
    for (size_t i = 0; i < CHIP_CALL_COUNT; i++) {
        struct chs_scenario s = subject_scenario(calls[i].name);
        struct run_record r;
        subject_run("calls", &s, 1, &r);
        if (!r.control->results[0].done || r.control->results[0].code != 0 ||
            !r.control->results[1].code || r.control->outcome != CHIP_OUT_FINISHED || r.leaked[0])
            fail_msg("%s: done %u, error %d, errno kept %d, outcome %u, left: %s", calls[i].name,
                     r.control->results[0].done, r.control->results[0].code,
                     r.control->results[1].code, r.control->outcome, r.leaked);
        run_record_free(&r);
    }
}

static void fail_once(size_t i, int error) {
    struct chs_fault fault = {.kind = CHS_FAULT_FAIL};
    fault.plan.at = subject_match(CHIP_KIND_CALL, calls[i].call);
    fault.plan.action = CHIP_FAULT_ERRNO;
    fault.plan.error = error;
    fault.plan.times = 1;
    struct chs_scenario s = subject_scenario(calls[i].name);
    s.faults = &fault;
    s.fault_count = 1;
    struct run_record r;
    subject_run("calls", &s, 1, &r);
    if (!r.control->results[0].done || r.control->results[0].code != error ||
        r.control->faults[0].fired != 1 || r.leaked[0])
        fail_msg("%s with errno %d: done %u, error %d, fired %u, left: %s", calls[i].name, error,
                 r.control->results[0].done, r.control->results[0].code, r.control->faults[0].fired,
                 r.leaked);
    run_record_free(&r);
}

static void fails_with_each_error_of_its_row(void **state) {
    (void)state;
    unsigned tried = 0;
    int most = subject_under_valgrind() ? 1 : MAX_ERRNOS;
    for (size_t i = 0; i < CHIP_CALL_COUNT; i++)
        for (int k = 0; k < most && calls[i].errnos[k] != NO_ERRNO; k++, tried++)
            fail_once(i, calls[i].errnos[k]);
    assert_true(tried > (subject_under_valgrind() ? 20 : 100));
}

/* A delay is virtual: the clock moves by it, the wall does not. */
static void a_delay_moves_the_virtual_clock(void **state) {
    (void)state;
    struct chs_fault fault = {.kind = CHS_FAULT_DELAY};
    fault.plan.at = subject_match(CHIP_KIND_CALL, CHIP_CALL_sched_yield);
    fault.plan.action = CHIP_FAULT_DELAY;
    fault.plan.delay_ns = 90000000000ull;
    fault.plan.times = 1;
    struct chs_scenario s = subject_scenario("sched_yield");
    s.faults = &fault;
    s.fault_count = 1;
    struct run_record r;
    subject_run("calls", &s, 1, &r);
    assert_int_equal(r.control->results[0].code, 0);
    assert_int_equal(r.control->clock_ns, 90000000000ull);
    run_record_free(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(works_when_nothing_is_planned),
        cmocka_unit_test(fails_with_each_error_of_its_row),
        cmocka_unit_test(a_delay_moves_the_virtual_clock),
    };
    return cmocka_run_group_tests(tests, NULL, subject_stop_guardian);
}
