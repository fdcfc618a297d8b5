/* SPDX-License-Identifier: Apache-2.0 */
/* cc.c - the verbs `cc` and `c++`: all their arguments are the compiler's. */
#include "harness/cc/cc.h"
#include "harness/cmd/cmd.h"

int cmd_cc(int argc, char **argv) {
    return cc_become(false, argc, argv);
}

int cmd_cxx(int argc, char **argv) {
    return cc_become(true, argc, argv);
}
