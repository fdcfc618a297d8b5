/* SPDX-License-Identifier: Apache-2.0 */
/*
 * strategy_guided.c - on without preemption, but for a list of forced switches.
 *
 * Guarantees
 *   U1  A run that follows recorded choices notes down, in order, each place where they left the
 *       way without preemption; forcing the same switches makes the same run.
 *   U2  A switch whose place does not come, or whose target cannot run there, changes nothing. How
 *       each was used stands in its row; without the rows that were not taken the run is the same.
 */
#include "harness/control/strategy.h"

/* Two loops that poll each other would never end if only one of them ever ran. */
enum { TURN_STEPS = 64, AGAIN_MAX = 0xffff };

static uint32_t onwards(const struct chip_control *c, uint32_t from, const uint16_t *list,
                        uint32_t n) {
    bool others_turn = c->steps > CTL_STRICT_STEPS && c->steps % TURN_STEPS == 0;
    return ctl_pick_onwards(from, !others_turn && !ctl_yields(&c->actors[from]), list, n);
}

static uint32_t occurrence(const struct chip_actor *a) {
    if (a->point_kind == CHIP_KIND_ACCESS)
        return (uint32_t)a->steps;
    uint32_t passed = a->passed[ctl_point_slot(a->point_kind, a->point)];
    return a->pending || !passed ? passed : passed - 1;
}

/* Where `from` is now; counts its visits. priority[] holds its last place: the number of the visit
 * is in the low 16 bits. */
static struct chip_switch place(struct chip_control *c, uint32_t from) {
    const struct chip_actor *a = &c->actors[from];
    struct chip_switch s = {.from = (uint16_t)from,
                            .point_kind = (uint16_t)a->point_kind,
                            .point = (uint16_t)a->point,
                            .occurrence = occurrence(a),
                            .waits = !a->pending};
    uint64_t key = (uint64_t)s.occurrence << 32 | (uint64_t)(s.point_kind & 3) << 30 |
                   (uint64_t)(s.point & 0x1fff) << 17 | (uint64_t)s.waits << 16;
    uint64_t *last = &c->priority[from];
    bool same = (*last & ~(uint64_t)AGAIN_MAX) == key;
    uint64_t again = same ? (*last & AGAIN_MAX) + 1 : 0;
    s.again = (uint16_t)(again < AGAIN_MAX ? again : AGAIN_MAX - 1);
    *last = key | s.again;
    return s;
}

static bool is_at(const struct chip_switch *s, const struct chip_switch *here) {
    return s->from == here->from && s->point_kind == here->point_kind && s->point == here->point &&
           s->occurrence == here->occurrence && s->waits == here->waits && s->again == here->again;
}

static void note_use(struct chip_control *c, struct chip_switch *s, uint32_t to, uint32_t usual) {
    const struct chip_actor *a = &c->actors[usual];
    s->to = (uint16_t)to;
    s->used = to == usual ? CHIP_SWITCH_IDLE : CHIP_SWITCH_TAKEN;
    s->instead = (uint16_t)usual;
    s->instead_kind = (uint16_t)a->point_kind;
    s->instead_point = (uint16_t)a->point;
    s->instead_occurrence = occurrence(a);
    s->instead_waits = !a->pending;
    s->seq = c->seq;
}

/* A recorded choice, and the switch that it is, if it is one. */
static uint32_t learn(struct chip_control *c, struct chip_switch *here, const uint16_t *list,
                      uint32_t n, uint32_t usual) {
    uint32_t to = ctl_pick_recorded(c, here->from, list, n);
    if (to == CHIP_NO_ACTOR || to == usual)
        return to;
    if (c->switch_count == CHIP_MAX_SWITCHES) {
        ctl_end(c, CHIP_OUT_OVERFULL);
        return CHIP_NO_ACTOR;
    }
    note_use(c, here, to, usual);
    chip_control_switches(c)[c->switch_count++] = *here;
    return to;
}

static bool in_list(const uint16_t *list, uint32_t n, uint32_t actor) {
    for (uint32_t i = 0; i < n; i++)
        if (list[i] == actor)
            return true;
    return false;
}

static uint32_t pick_guided(struct chip_control *c, uint32_t from, const uint16_t *list,
                            uint32_t n) {
    struct chip_switch here = place(c, from);
    uint32_t usual = onwards(c, from, list, n);
    if (c->replay_count)
        return n > 1 ? learn(c, &here, list, n, usual) : usual;
    struct chip_switch *forced = chip_control_switches(c);
    for (uint32_t i = 0; i < c->switch_count; i++) {
        struct chip_switch *s = &forced[i];
        if (s->used != CHIP_SWITCH_UNMET || !is_at(s, &here))
            continue;
        if (in_list(list, n, s->to)) {
            note_use(c, s, s->to, usual);
            return s->to;
        }
        s->used = CHIP_SWITCH_CANNOT;
    }
    return usual;
}

const struct ctl_strategy ctl_strategy_guided = {.pick = pick_guided, .sees_all = true};
