/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control.h - the control commands that a parent may send to a child (runtime.md B, "Control").
 *
 * `callable` holds the sub-command, arg[0..2] and the args area what the table says:
 *   MALLOC     arg0 bytes                                   result: device address
 *   FREE       arg0 device address
 *   COPY_TO    arg0 device address, arg1 payload, arg2 bytes
 *   COPY_FROM  arg0 device address, arg1 payload, arg2 bytes
 * Payload: 0 = a shared memory segment whose NUL-terminated name lies in the args area, made,
 * sized and unlinked by the parent, opened once by the child; 1 = the args area itself (at most
 * 3776 bytes); anything else = the address of memory that the child has (inherited over fork), the
 * form that parents use which know nothing of the other two.
 * MAP_HOST and UNMAP_HOST have their numbers; this version's child answers them as it answers
 * every number that it does not serve: with an error, never with silence.
 */
#ifndef CHIP_CONTROL_H
#define CHIP_CONTROL_H

#include <chip/export.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* X(ID, value, "word") */
#define CHIP_CONTROLS(X)         \
    X(MALLOC, 0, "malloc")       \
    X(FREE, 1, "free")           \
    X(COPY_TO, 2, "copy_to")     \
    X(COPY_FROM, 3, "copy_from") \
    X(MAP_HOST, 14, "map_host")  \
    X(UNMAP_HOST, 15, "unmap_host")

enum chip_control_command {
#define CHIP_X(id, value, word) CHIP_CONTROL_##id = (value),
    CHIP_CONTROLS(CHIP_X)
#undef CHIP_X
};

/* Values of arg1 of a copy that are no address. */
#define CHIP_PAYLOAD_SEGMENT 0u
#define CHIP_PAYLOAD_INLINE  1u

/* The longest name of a one-shot segment, its slash counted, its NUL not. */
#define CHIP_SEGMENT_NAME_MAX 63

/* Static string; "unknown" for a number outside the table. */
CHIP_API const char *chip_control_name(uint64_t command);

#ifdef __cplusplus
}
#endif
#endif
