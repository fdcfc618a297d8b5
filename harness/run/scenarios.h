/* SPDX-License-Identifier: Apache-2.0 */
/* scenarios.h - finding and loading scenario files, and the defects that were built. */
#ifndef HARNESS_SCENARIOS_H
#define HARNESS_SCENARIOS_H

#include "harness/run/run.h"

/* A scenario as it was at the moment of loading: the driver reads the same bytes. */
struct scenario_file {
    char *path;
    int fd; /* memfd; -1: made of a command */
    struct chs_file *file;
    bool made; /* of a command: there is no file, and replay files hold the command */
};

struct scenario_list {
    struct scenario_file *items;
    size_t count;
};

/* A built defect, with the header of its patch. */
struct defect {
    char *name;
    char *puts_back;
    char *source;
    char *breaks;
};
struct defect_list {
    struct defect *items;
    size_t count;
};

/* In the order of their names. An empty list if none was built. CHIP_E_MEMORY. */
int defects_find(const struct run_companions *where, struct defect_list *out,
                 struct chip_error *err);
void defects_free(struct defect_list *list);
const struct defect *defects_get(const struct defect_list *list, const char *name);

/* Loads every path; a folder stands for the *.yaml in it, in the order of their names. All errors
 * of all files go to errs; 0 if there is none. */
int scenarios_load(char *const *paths, size_t count, const struct defect_list *defects,
                   struct scenario_list *out, struct chs_errors *errs);
/* A list of one scenario, made of a command; as chs_load_command(). */
int scenarios_make(const char *const *argv, size_t argc, const char *time_limit,
                   struct scenario_list *out, struct chs_errors *errs);
void scenarios_free(struct scenario_list *list);

#endif
