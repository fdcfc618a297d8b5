/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_run_block.c - a block that was used is cleared to what a new one is (zygote.h Z2), and
 * findings are told apart by what they are (explore.h).
 */
#include "harness/run/explore.h"
#include "harness/run/zygote.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
/* after the four that it needs */
#include <cmocka.h>

static const struct chs_scenario scenario = {.name = "s", .time_limit_ns = 1, .step_limit = 1};

static struct chip_control *make(size_t *bytes) {
    struct run_request q = {.scenario = &scenario, .seed = 7};
    struct chip_error err = {0};
    int fd;
    struct chip_control *c = run_block_make(&q, 0x1234, 4, &fd, bytes, &err);
    assert_non_null(c);
    close(fd);
    return c;
}

/* What the head says before the plan: kept. Everything behind it: as if it were new. */
static void z2_a_cleared_block_is_a_new_one(void **state) {
    (void)state;
    const size_t head = offsetof(struct chip_control, seed);
    size_t bytes;
    struct chip_control *used = make(&bytes), *fresh = make(&bytes);
    const int doorbell = used->doorbell_fd;
    memset((char *)used + head, 0xa5, sizeof *used - head);
    used->doorbell_fd = doorbell;
    used->supervisor_pid = fresh->supervisor_pid;
    used->zygote_fd = 0;
    used->run_id = fresh->run_id;
    used->off_options = fresh->off_options;
    used->off_switches = fresh->off_switches;
    used->actor_count = CHIP_MAX_ACTORS;
    used->object_count = CHIP_MAX_OBJECTS;
    used->segment_count = CHIP_MAX_SEGMENTS;
    used->module_count = CHIP_MAX_MODULES;
    run_block_clear(used, CHIP_MAX_RESULTS, CHIP_MAX_RESULTS);
    struct run_request q = {.scenario = &scenario, .seed = 7};
    assert_int_equal(run_block_plan(used, &q, NULL), 0);
    assert_memory_equal(used, fresh, sizeof *used);
    munmap(used, bytes);
    munmap(fresh, bytes);
}

static void one_seed_gives_other_schedules_other_seeds(void **state) {
    (void)state;
    struct explore_plan p = {.seed = 42};
    assert_int_equal(explore_seed(&p, 0), 42);
    for (uint64_t i = 0; i < 100; i++)
        for (uint64_t k = 0; k < i; k++)
            assert_true(explore_seed(&p, i) != explore_seed(&p, k));
}

static uint64_t fingerprint(int verdict, const char *expectation, uint32_t line) {
    struct judgement j = {.count = 1, .verdicts = {verdict}};
    j.findings[0].expectation = expectation;
    j.findings[0].line = line;
    return explore_fingerprint(&j, NULL);
}

static void a_fingerprint_is_verdict_and_expectation(void **state) {
    (void)state;
    struct judgement none = {0};
    uint64_t one = fingerprint(CHS_VERDICT_ORDER, "a before b", 3);
    assert_int_equal(explore_fingerprint(&none, NULL), 0);
    assert_int_equal(fingerprint(CHS_VERDICT_VACUOUS, "x", 1), 0);
    assert_true(one != 0);
    assert_true(one == fingerprint(CHS_VERDICT_ORDER, "a before b", 3));
    assert_true(one != fingerprint(CHS_VERDICT_CONTENT, "a before b", 3));
    assert_true(one != fingerprint(CHS_VERDICT_ORDER, "a before c", 3));
    assert_true(one != fingerprint(CHS_VERDICT_ORDER, "a before b", 4));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(z2_a_cleared_block_is_a_new_one),
        cmocka_unit_test(one_seed_gives_other_schedules_other_seeds),
        cmocka_unit_test(a_fingerprint_is_verdict_and_expectation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
