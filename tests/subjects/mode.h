/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mode.h - a subject that behaves in the one way (mode) that its second argument names: a table of
 * X(id) with a function mode_<id>() for each, and one main() for all such subjects.
 */
#ifndef TESTS_SUBJECTS_MODE_H
#define TESTS_SUBJECTS_MODE_H

#include "harness/agent/arm.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct subject_mode {
    const char *name;
    void (*run)(void);
};
#define SUBJECT_MODE(id) {#id, mode_##id},

/* Arms, runs the mode, says that it came to its end. Returns main()'s status: 3 if it could not. */
static inline int subject_main(int argc, char **argv, bool prepared,
                               const struct subject_mode *modes, size_t count) {
    if (argc != 4 || !prepared || !chipharness_arm || chipharness_arm(NULL) != 0)
        return 3;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(modes[i].name, argv[2]) != 0)
            continue;
        modes[i].run();
        chipharness_control()->driver_done = 1;
        return 0;
    }
    return 3;
}

#endif
