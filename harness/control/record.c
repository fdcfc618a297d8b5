/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record.c - the per-actor event logs: bounded, written only under the turn, never blocking.
 */
#include "harness/control/control.h"

uint64_t ctl_record(struct chip_control *c, uint32_t actor, const struct chip_event *proto) {
    struct chip_actor *a = &c->actors[actor];
    uint64_t seq = c->seq++;
    if (a->log_count >= CHIP_LOG_EVENTS) {
        a->log_lost++;
        return seq;
    }
    struct chip_event *e = chip_control_log(c, actor) + a->log_count;
    *e = *proto;
    e->seq = seq;
    e->virtual_ns = c->clock_ns;
    e->actor = (uint16_t)actor;
    /* A process that is killed here leaves an event that is not counted, never half a one. */
    a->log_count++;
    return seq;
}

void ctl_end(struct chip_control *c, uint32_t outcome) {
    if (c->outcome == CHIP_OUT_RUNNING)
        c->outcome = outcome;
}
