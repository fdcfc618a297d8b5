/* SPDX-License-Identifier: Apache-2.0 */
/* session_schedule.c - what a replay file was recorded of, opened again. */
#include "harness/cmd/cmd.h"

#include <stdio.h>
#include <string.h>

static bool same_params(const struct chs_scenario *s, const struct chr_schedule *recorded) {
    if (s->param_count != recorded->param_count)
        return false;
    for (size_t i = 0; i < s->param_count; i++)
        if (strcmp(s->params[i].name, recorded->params[i].name) != 0 ||
            strcmp(s->params[i].value, recorded->params[i].value) != 0)
            return false;
    return true;
}

/* The variant that was recorded; SIZE_MAX if the scenario has none such any more. */
static size_t find_variant(const struct chs_file *file, const struct chr_schedule *recorded) {
    for (size_t v = 0; v < chs_variant_count(file); v++)
        if (same_params(chs_variant(file, v), recorded))
            return v;
    return SIZE_MAX;
}

static int open_command(struct session *session, const struct chr_schedule *recorded) {
    char limit[32];
    snprintf(limit, sizeof limit, "%lluns", (unsigned long long)recorded->time_limit_ns);
    return session_open_command(session, (const char *const *)recorded->command,
                                recorded->command_count, recorded->time_limit_ns ? limit : NULL);
}

int session_open_schedule(struct session *s, const struct chr_schedule *recorded, size_t *variant) {
    char *path = recorded->scenario_path;
    int r = recorded->command_count ? open_command(s, recorded) : session_open(s, &path, 1);
    if (!r && recorded->accesses)
        r = session_accesses(s);
    if (r)
        return r;
    const struct scenario_file *file = &s->scenarios.items[0];
    *variant = find_variant(file->file, recorded);
    if (*variant != SIZE_MAX)
        return 0;
    complain(EXIT_USAGE, "%s no longer has the recorded variant", file->path);
    session_close(s);
    return EXIT_USAGE;
}
