/* SPDX-License-Identifier: Apache-2.0 */
/* switch.c - what a controlled switch costs: time between two points of different actors. */
#include "harness/run/run.h"
#include "tests/bench/bench.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The build folder is one above the benchmark's own. */
static int find_files(struct run_companions *w) {
    ssize_t n = readlink("/proc/self/exe", w->dir, sizeof w->dir - 1);
    if (n <= 0)
        return -1;
    w->dir[n] = 0;
    *strrchr(w->dir, '/') = 0;
    snprintf(w->driver, sizeof w->driver, "%s/chip-bench-switch", w->dir);
    *strrchr(w->dir, '/') = 0;
    snprintf(w->agent, sizeof w->agent, "%s/libchipagent.so", w->dir);
    snprintf(w->shim, sizeof w->shim, "%s/libchipshim.so", w->dir);
    snprintf(w->inst, sizeof w->inst, "%s/inst", w->dir);
    return 0;
}

double bench_harness_switch(void) {
    struct run_companions where = {.dir = ""};
    struct chs_scenario s = {.file = "switch", .name = "switch"};
    struct run_request q = {
        .where = &where, .scenario = &s, .seed = 1, .scenario_fd = STDIN_FILENO};
    struct run_record record;
    s.time_limit_ns = 1000000000;
    s.step_limit = 1000000;
    s.watchdog_ns = 10000000000ull;
    if (find_files(&where) != 0 || run_once(&q, &record, NULL) != CHIP_OK)
        return BENCH_FAILED;
    uint64_t took, switches;
    memcpy(&took, record.control->results[0].text, sizeof took);
    memcpy(&switches, record.control->results[0].text + 8, sizeof switches);
    bool good = record.control->results[0].done && record.control->outcome == CHIP_OUT_FINISHED &&
                switches > 0;
    run_record_free(&record);
    guardian_stop();
    return good ? (double)took / (double)switches : BENCH_FAILED;
}
