/* SPDX-License-Identifier: Apache-2.0 */
/* script.h - the part of the script that ctl_choose() drives. Call with the turn. */
#ifndef HARNESS_CONTROL_SCRIPT_H
#define HARNESS_CONTROL_SCRIPT_H

#include "harness/control/control.h"

/* Holds the actor if a line of the script says so for the point it stands before. */
void ctl_holds_apply(struct chip_control *c, uint32_t actor, uint64_t real_ns);
/* Lets go every hold whose time has passed; true if any. */
bool ctl_holds_expire(struct chip_control *c, uint64_t real_ns);
/* When the first hold with a time ends; CHIP_NO_DEADLINE if none. */
uint64_t ctl_holds_deadline(const struct chip_control *c);
/* The oldest hold that stops the clock; CHIP_MAX_HOLDS if none. */
uint32_t ctl_hold_stopping_clock(const struct chip_control *c);
void ctl_hold_end(struct chip_control *c, uint32_t index, uint64_t real_ns);
/* Ends the first active hold of any kind; false if there is none. */
bool ctl_hold_end_any(struct chip_control *c, uint64_t real_ns);

#endif
