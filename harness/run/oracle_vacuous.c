/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oracle_vacuous.c - green must mean something: what was planned and never took effect.
 */
#include "harness/run/judge.h"

static void add(struct judging *j, const char *text, uint32_t line, const char *observed) {
    struct chr_finding *f = judge_add(j, CHS_VERDICT_VACUOUS, text, line);
    f->expected = "it takes effect";
    f->observed = observed;
}

static void unused_holds(struct judging *j) {
    for (size_t i = 0; i < j->s->hold_count; i++) {
        const struct chs_hold *h = &j->s->holds[i];
        if (j->c->holds[i].reached == 0)
            add(j, h->text, h->at.line, "the actor never came to that point");
        else if (j->c->holds[i].reached == 1)
            add(j, h->text, h->at.line,
                "the condition had come true before the actor came to that point");
    }
}

/* The library tells of a device fault by a transfer that ended with an error. */
static bool device_fault_fired(const struct judging *j, const struct chs_fault *f) {
    uint32_t point = f->d2h ? CHIP_POINT_D2H_END : CHIP_POINT_H2D_END;
    for (size_t i = 0; j->rec && i < chr_event_count(j->rec); i++) {
        const struct chip_event *e = chr_event(j->rec, i);
        if (e->kind == CHIP_EV_POINT && e->point == point && e->f[0] == f->rank && e->f[3] != 0)
            return true;
    }
    return false;
}

static void unused_faults(struct judging *j) {
    for (size_t i = 0; i < j->s->fault_count; i++) {
        const struct chs_fault *f = &j->s->faults[i];
        if (f->plan_index == CHS_NONE ? !device_fault_fired(j, f)
                                      : j->c->faults[f->plan_index].fired == 0)
            add(j, f->text, f->at.line, "the fault never struck");
    }
}

static void unmet_orders(struct judging *j) {
    for (size_t i = 0; i < j->s->expect_count; i++) {
        const struct chs_expect *e = &j->s->expects[i];
        if (e->kind == CHS_EXPECT_ORDER &&
            (!judge_find(j, &e->first, 0, NULL) || !judge_find(j, &e->then, 0, NULL)))
            add(j, e->text, e->at.line, "one of the two events never happened");
        if (e->kind == CHS_EXPECT_CONTENT && j->c->checks[e->check].done == 0)
            add(j, e->text, e->at.line, "the moment never came: nothing was compared");
    }
}

static void steps_not_made(struct judging *j) {
    for (size_t i = 0; i < j->s->step_count; i++) {
        const struct chs_step *st = &j->s->steps[i];
        if (!j->c->results[i].done && !j->c->actors[0].planned_death)
            add(j, st->text, st->at.line, "the parent never came to that step");
    }
}

void oracle_vacuous(struct judging *j) {
    if (j->out->count) /* something was found: the run meant something */
        return;
    unused_holds(j);
    unused_faults(j);
    unmet_orders(j);
    steps_not_made(j);
}
