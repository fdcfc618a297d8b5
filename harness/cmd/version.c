/* SPDX-License-Identifier: Apache-2.0 */
/* version.c - the verb `version`. */
#include "harness/cmd/cmd.h"

#include <stdio.h>

int cmd_version(int argc, char **argv) {
    (void)argv;
    if (argc)
        return complain(EXIT_USAGE, "version takes no arguments");
    printf("chipharness %s, contract %u\n", CHIPHARNESS_VERSION, CHIP_CONTRACT_VERSION);
    return EXIT_PASSED;
}
