/* SPDX-License-Identifier: Apache-2.0 */
/* control.c - names of the control commands; the child's side is child_control.c. */
#include <chip/control.h>

const char *chip_control_name(uint64_t command) {
    switch (command) {
#define CHIP_X(id, value, word) \
    case CHIP_CONTROL_##id:     \
        return word;
        CHIP_CONTROLS(CHIP_X)
#undef CHIP_X
    default:
        return "unknown";
    }
}
