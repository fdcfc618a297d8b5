/* SPDX-License-Identifier: Apache-2.0 */
/* subjects.c - see subjects.h. */
#include "tests/unit/subjects.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

enum { MEMCHECK_ERROR = 99 };

bool subject_under_valgrind(void) {
    return getenv("CHIP_SUBJECT_VALGRIND") != NULL;
}

/* The build folder is one above the unit tests'. */
static void find_files(struct run_companions *w, const char *subject) {
    ssize_t n = readlink("/proc/self/exe", w->dir, sizeof w->dir - 1);
    assert_true(n > 0);
    w->dir[n] = 0;
    *strrchr(w->dir, '/') = 0;
    *strrchr(w->dir, '/') = 0;
    snprintf(w->driver, sizeof w->driver, "%s/subjects/%s%s", w->dir, subject,
             subject_under_valgrind() ? ".valgrind" : "");
    snprintf(w->agent, sizeof w->agent, "%s/libchipagent.so", w->dir);
    snprintf(w->shim, sizeof w->shim, "%s/libchipshim.so", w->dir);
    snprintf(w->inst, sizeof w->inst, "%s/inst", w->dir);
}

struct chs_scenario subject_scenario(const char *argument) {
    return (struct chs_scenario){
        .file = argument,
        .name = argument,
        .time_limit_ns = 600000000000ull,
        .step_limit = 100000,
        .watchdog_ns = 20000000000ull,
    };
}

struct chip_match subject_match(uint32_t point_kind, uint32_t point) {
    struct chip_match m = {.actor_kind = CHIP_ACTOR_ANY, .point_kind = point_kind, .point = point};
    m.occurrence = CHIP_ANY;
    for (int i = 0; i < CHIP_MATCH_FIELDS; i++)
        m.field[i] = CHIP_ANY;
    return m;
}

void subject_run(const char *subject, const struct chs_scenario *s, uint64_t seed,
                 struct run_record *out) {
    struct run_companions where = {.dir = ""};
    struct chip_error err = {0};
    struct run_request q = {
        .where = &where, .scenario = s, .seed = seed, .scenario_fd = STDIN_FILENO};
    find_files(&where, subject);
    if (run_once(&q, out, &err) != CHIP_OK)
        fail_msg("cannot run %s: %s", where.driver, err.text);
    if (WIFEXITED(out->driver_status) && WEXITSTATUS(out->driver_status) == MEMCHECK_ERROR)
        fail_msg("%s %s: memcheck found an error", where.driver, s->file);
}

int subject_stop_guardian(void **state) {
    (void)state;
    guardian_stop();
    return 0;
}
