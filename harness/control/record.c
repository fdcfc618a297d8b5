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
    /* ORDER: release; pairs with the acquire of log_count in rec_open(), and with a reader that
     * looks while the run goes on. Publishes the event; without it a reader could count an event
     * whose bytes are not there yet. */
    __atomic_store_n(&a->log_count, a->log_count + 1, __ATOMIC_RELEASE);
    return seq;
}

void ctl_end(struct chip_control *c, uint32_t outcome) {
    if (c->outcome == CHIP_OUT_RUNNING)
        c->outcome = outcome;
}
