/* SPDX-License-Identifier: Apache-2.0 */
/* schema.c - the verb `schema`. */
#include "harness/cmd/cmd.h"

#include <stdio.h>

int cmd_schema(int argc, char **argv) {
    bool helped;
    int r = options_parse("schema", NULL, 0, NULL, &argc, argv, &helped);
    if (r || helped)
        return r;
    if (argc)
        return complain(EXIT_USAGE, "schema takes no arguments");
    chs_schema_json(stdout);
    return EXIT_PASSED;
}
