/* SPDX-License-Identifier: Apache-2.0 */
/* check.c - the verb `check`: validates scenario files and runs nothing. */
#include "harness/cmd/cmd.h"

#include <stdio.h>

int cmd_check(int argc, char **argv) {
    struct session session;
    bool helped;
    int r = options_parse("check", NULL, 0, NULL, &argc, argv, &helped);
    if (r || helped)
        return r;
    if (argc == 0)
        return complain(EXIT_USAGE, "check: which scenario?");
    r = session_open(&session, argv, argc);
    if (r)
        return r;
    for (size_t i = 0; i < session.scenarios.count; i++) {
        const struct scenario_file *f = &session.scenarios.items[i];
        size_t n = chs_variant_count(f->file);
        printf("%s: valid, %zu variant%s\n", f->path, n, n == 1 ? "" : "s");
    }
    session_close(&session);
    return EXIT_PASSED;
}
