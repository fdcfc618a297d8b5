/* SPDX-License-Identifier: Apache-2.0 */
/* rescript.c - see rescript.h: which holds, and the proof of the pair. */
#include "harness/run/rescript.h"
#include "harness/control/control.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_AFTER = 64 }; /* candidates for Q */

/* A switch as a hold: who stood before what, and what passed meanwhile. */
struct place {
    struct rescript_event before;
    struct rescript_event after[MAX_AFTER];
    size_t after_count;
};

struct rescripting {
    const struct shrink_plan *plan;
    const struct shrink_result *shrunk;
    const struct trial_finding *finding;
    struct trials t;
    size_t base;          /* holds of the scenario's own script */
    struct place *places; /* of the switches that a scenario can say; in their order */
    size_t place_count;
    bool last; /* the last switch is one of them */
    struct rescript *out;
};

static bool out_of_time(const struct rescripting *x) {
    return x->plan->deadline_ns && run_now_ns() >= x->plan->deadline_ns;
}

/* ---- from the shrunk run ---- */

static struct rescript_event event_of(const struct chip_control *c, uint32_t actor, uint32_t kind,
                                      uint32_t point, uint32_t occurrence) {
    const struct chip_actor *a = &c->actors[actor];
    struct rescript_event e = {.actor = actor, .occurrence = occurrence};
    e.match = (struct chip_match){.actor_kind = a->kind,
                                  .actor_index = a->index,
                                  .point_kind = kind,
                                  .point = point,
                                  .occurrence = occurrence};
    for (int i = 0; i < CHIP_MATCH_FIELDS; i++)
        e.match.field[i] = CHIP_ANY;
    return e;
}

static bool is_point(const struct chip_event *e) {
    return e->kind == CHIP_EV_POINT || e->kind == CHIP_EV_CALL;
}

static struct rescript_event event_in(const struct chip_control *c, const struct chip_event *e) {
    return event_of(c, e->actor, e->kind == CHIP_EV_CALL ? CHIP_KIND_CALL : CHIP_KIND_PROBE,
                    e->point, e->occurrence);
}

/* Can a scenario name this actor? */
static bool has_name(const struct chip_control *c, uint32_t actor) {
    return c->actors[actor].kind == CHIP_ACTOR_PARENT || c->actors[actor].kind == CHIP_ACTOR_RANK;
}

/* What others passed from the switch on until D went on: probes, and if there is none calls. The
 * first ones and the last ones, if they are many. */
static void collect(const struct chip_control *c, const struct chr_recording *rec, size_t from,
                    size_t to, int kind, struct place *p) {
    for (size_t i = from; i < to; i++) {
        const struct chip_event *e = chr_event(rec, i);
        if (e->kind != kind || e->actor == p->before.actor || !has_name(c, e->actor))
            continue;
        if (p->after_count == MAX_AFTER) {
            size_t half = MAX_AFTER / 2;
            memmove(p->after + half, p->after + half + 1, (half - 1) * sizeof *p->after);
            p->after_count--;
        }
        p->after[p->after_count++] = event_in(c, e);
    }
}

static bool find_place(const struct chip_control *c, const struct chr_recording *rec,
                       const struct chip_switch *s, struct place *p) {
    size_t n = chr_event_count(rec), from = 0;
    while (from < n && chr_event(rec, from)->seq < s->seq)
        from++;
    size_t to = from, passes = from;
    while (to < n && chr_event(rec, to)->actor != s->instead)
        to++;
    p->after_count = 0;
    if (s->instead_kind == CHIP_KIND_ACCESS || !has_name(c, s->instead))
        return false;
    if (!s->instead_waits) {
        p->before =
            event_of(c, s->instead, s->instead_kind, s->instead_point, s->instead_occurrence);
    } else { /* it comes out of a wait: held before the next point */
        while (passes < n &&
               (chr_event(rec, passes)->actor != s->instead || !is_point(chr_event(rec, passes))))
            passes++;
        if (passes == n)
            return false;
        p->before = event_in(c, chr_event(rec, passes));
    }
    collect(c, rec, from, to, CHIP_EV_POINT, p);
    if (p->after_count == 0)
        collect(c, rec, from, to, CHIP_EV_CALL, p);
    return p->after_count > 0;
}

static int guided(struct rescripting *x, struct trial_finding *found, struct chip_error *err) {
    struct trial how = {.strategy = CHIP_STRATEGY_GUIDED,
                        .seed = x->plan->seed,
                        .switches = x->shrunk->switches,
                        .switch_count = x->shrunk->count};
    for (size_t i = 0; i < x->shrunk->count; i++)
        x->shrunk->switches[i].used = CHIP_SWITCH_UNMET;
    return trials_make(&x->t, &how, found, err);
}

static int find_places(struct rescripting *x, struct chip_error *err) {
    struct trial_finding found;
    struct chr_recording *rec = NULL;
    int r = guided(x, &found, err);
    if (!r)
        r = chr_recording_open(x->t.record.control, x->t.record.bytes, &rec, err);
    if (r)
        return r;
    struct chip_control *c = x->t.record.control;
    x->places = calloc(x->shrunk->count + 1, sizeof *x->places);
    for (size_t i = 0; x->places && i < x->shrunk->count; i++) {
        x->last = find_place(c, rec, &chip_control_switches(c)[i], &x->places[x->place_count]);
        x->place_count += x->last;
    }
    chr_recording_close(rec);
    return x->places ? CHIP_OK : chip_error_set(err, CHIP_E_MEMORY, "out of memory");
}

/* ---- trying holds ---- */

static struct chip_hold hold(const struct rescript_event *before,
                             const struct rescript_event *until, bool any_actor) {
    struct chip_hold h = {
        .before = before->match, .until = until->match, .until_time_ns = CHIP_NO_DEADLINE};
    if (any_actor)
        h.before.actor_kind = h.until.actor_kind = CHIP_ACTOR_ANY;
    return h;
}

/* The holds that are tried: those of the scenario, then count others. */
static void set_holds(struct rescripting *x, const struct chip_hold *holds, size_t count) {
    for (size_t i = 0; i < count; i++)
        x->t.holds[x->base + i] = (struct chs_hold){.text = "", .plan = holds[i]};
    x->t.s.hold_count = x->base + count;
}

enum what { FINDING, PASS };

/* How many of `runs` random schedules come to that, the last hold having done its work. With
 * `all`, ends at the first that does not. */
static int count_runs(struct rescripting *x, enum what what, unsigned runs, bool all,
                      unsigned *count, struct chip_error *err) {
    *count = 0;
    for (unsigned i = 0; i < runs; i++) {
        struct trial how = {.strategy = CHIP_STRATEGY_RANDOM, .seed = i + 1};
        struct trial_finding found;
        int r = trials_make(&x->t, &how, &found, err);
        if (r)
            return r;
        const struct chip_control *c = x->t.record.control;
        bool met = c->hold_count == 0 || c->holds[c->hold_count - 1].met;
        bool so = what == PASS ? found.verdict == CHS_VERDICT_PASS
                               : trial_same(&found, &x->shrunk->finding);
        *count += so && met;
        if (all && !(so && met))
            return CHIP_OK;
    }
    return CHIP_OK;
}

/* The first Q of the last place with which the script is certain. use: how many places take part,
 * the last ones; the others wait for their own last Q. */
static int try_last(struct rescripting *x, size_t use, bool any_actor, struct chip_error *err) {
    struct rescript *o = x->out;
    size_t first = x->place_count - use;
    const struct place *last = &x->places[x->place_count - 1];
    o->count = use;
    for (size_t i = 0; i + 1 < use; i++) {
        const struct place *p = &x->places[first + i];
        o->holds[i] = hold(&p->before, &p->after[p->after_count - 1], any_actor);
    }
    for (size_t q = 0; q < last->after_count && !out_of_time(x); q++) {
        unsigned have;
        o->holds[use - 1] = hold(&last->before, &last->after[q], any_actor);
        set_holds(x, o->holds, use);
        int r = count_runs(x, FINDING, RESCRIPT_SEEDS, true, &have, err);
        if (r)
            return r;
        o->found = have == RESCRIPT_SEEDS;
        if (!o->found)
            continue;
        o->any_actor = any_actor;
        o->has_pair = o->scripted = true;
        o->then = last->before;
        o->first = last->after[q];
        return CHIP_OK;
    }
    return CHIP_OK;
}

static int find_script(struct rescripting *x, struct chip_error *err) {
    struct rescript *o = x->out;
    unsigned have;
    int r = CHIP_OK;
    if (x->shrunk->count == 0) { /* perhaps every schedule has it */
        set_holds(x, NULL, 0);
        r = count_runs(x, FINDING, RESCRIPT_SEEDS, true, &have, err);
        o->found = !r && have == RESCRIPT_SEEDS;
        return r;
    }
    /* from one line for somebody to one line for each switch */
    for (size_t use = 1; !r && !o->found && use <= x->place_count; use++) {
        if (x->base + use > CHIP_MAX_HOLDS)
            break;
        r = try_last(x, use, false, err);
        if (!r && !o->found)
            r = try_last(x, use, true, err);
    }
    if (!o->found)
        o->count = 0;
    return r;
}

/* ---- the proof by holds ---- */

static int prove_by_holds(struct rescripting *x, struct chip_error *err) {
    struct rescript *o = x->out;
    struct chip_hold turned[CHIP_MAX_HOLDS];
    set_holds(x, o->holds, o->count);
    int r = count_runs(x, FINDING, RESCRIPT_PROOF, false, &o->fails, err);
    if (r)
        return r;
    memcpy(turned, o->holds, sizeof turned);
    turned[o->count - 1] = hold(&o->first, &o->then, o->any_actor);
    set_holds(x, turned, o->count);
    return count_runs(x, PASS, RESCRIPT_PROOF, false, &o->passes, err);
}

/* ---- the proof by the last switch ---- */

/* The run with the last switch or, in its place, one that leaves the turn where it would go anyway:
 * that changes nothing but tells when the place was met. */
static int with_last(struct rescripting *x, bool taken, struct trial_finding *found,
                     struct chip_error *err) {
    struct chip_switch *last = &x->shrunk->switches[x->shrunk->count - 1];
    const uint16_t to = last->to;
    last->to = taken ? to : last->instead;
    int r = guided(x, found, err);
    last->to = to;
    return r;
}

/* In the last trial, was Q passed while D stood at the last switch (!turned)? Or did D go on, and Q
 * come later or not at all (turned)? */
static bool has_order(struct rescripting *x, const struct rescript_event *q, bool turned) {
    const int kind = q->match.point_kind == CHIP_KIND_CALL ? CHIP_EV_CALL : CHIP_EV_POINT;
    const struct chip_switch *s = &chip_control_switches(x->t.record.control)[x->shrunk->count - 1];
    struct chr_recording *rec = NULL;
    uint64_t passed = CHR_NO_SEQ, went_on = CHR_NO_SEQ;
    if (s->used != (turned ? CHIP_SWITCH_IDLE : CHIP_SWITCH_TAKEN) ||
        chr_recording_open(x->t.record.control, x->t.record.bytes, &rec, NULL))
        return false;
    for (size_t i = chr_event_count(rec); i-- > 0;) {
        const struct chip_event *e = chr_event(rec, i);
        if (e->actor == s->instead && e->seq >= s->seq)
            went_on = e->seq;
        if (e->kind == kind && e->actor == q->actor && e->point == q->match.point &&
            e->occurrence == q->occurrence)
            passed = e->seq;
    }
    chr_recording_close(rec);
    return turned ? passed >= s->seq && passed > went_on : passed >= s->seq && passed < went_on;
}

/* The Q whose order to P is turned in the last trial: that of the script if it is such, else the
 * first. Index, or after_count. */
static size_t turned_by_switch(struct rescripting *x, const struct place *p) {
    size_t found = p->after_count;
    for (size_t q = p->after_count; q-- > 0;) {
        if (!has_order(x, &p->after[q], true))
            continue;
        found = q;
        if (x->out->has_pair && memcmp(&p->after[q], &x->out->first, sizeof p->after[q]) == 0)
            break;
    }
    return found;
}

/* With the last switch, and without it: which of the two has the finding and which passes depends
 * on what the switches were looked for. What it gives replaces what the holds gave only if it is a
 * proof. */
static int prove_by_switch(struct rescripting *x, struct chip_error *err) {
    struct rescript *o = x->out;
    const struct place *p = &x->places[x->place_count - 1];
    const bool passing = x->plan->passing;
    struct trial_finding found;
    unsigned fails = 0, passes = 0;
    set_holds(x, NULL, 0);
    int r = with_last(x, false, &found, err);
    size_t q = r ? p->after_count : turned_by_switch(x, p);
    if (r || q == p->after_count)
        return r;
    for (unsigned i = 0; i < RESCRIPT_PROOF && !r; i++) {
        r = with_last(x, !passing, &found, err);
        fails += !r && trial_same(&found, x->finding) && has_order(x, &p->after[q], passing);
        if (!r)
            r = with_last(x, passing, &found, err);
        passes += !r && found.verdict == CHS_VERDICT_PASS && has_order(x, &p->after[q], !passing);
    }
    if (o->has_pair && fails + passes < 2 * RESCRIPT_PROOF)
        return r;
    o->has_pair = true;
    o->scripted = false;
    o->first = passing ? p->before : p->after[q];
    o->then = passing ? p->after[q] : p->before;
    o->fails = fails;
    o->passes = passes;
    return r;
}

/* A random schedule that passes; false if none of the first ones does. */
static bool find_passing(struct rescripting *x, struct shrink_plan *plan, struct chip_error *err) {
    set_holds(x, NULL, 0);
    for (plan->seed = 1; plan->seed <= RESCRIPT_PROOF && !out_of_time(x); plan->seed++) {
        struct trial how = {.strategy = CHIP_STRATEGY_RANDOM, .seed = plan->seed};
        struct trial_finding found;
        if (trials_make(&x->t, &how, &found, err))
            return false;
        if (found.verdict != CHS_VERDICT_PASS)
            continue;
        struct chip_control *c = x->t.record.control;
        struct chip_choice *choices = calloc(c->choice_count + 1, sizeof *choices);
        if (choices)
            memcpy(choices, chip_control_choices(c), c->choice_count * sizeof *choices);
        plan->choices = choices;
        plan->choice_count = c->choice_count;
        return choices != NULL;
    }
    return false;
}

/* The finding is there without any switch, but not in every schedule: the fewest switches that make
 * it go away, and the pair of the last of them. That there are none to be found is no error. */
static int contrast(struct rescripting *x, struct chip_error *err) {
    struct shrink_plan plan = *x->plan;
    struct shrink_result fewest;
    plan.what.variant = x->shrunk->variant;
    plan.passing = true;
    if (!find_passing(x, &plan, err))
        return CHIP_OK;
    trials_close(&x->t);
    int r = shrink(&plan, &fewest, err);
    if (!r) {
        const struct shrink_plan *own_plan = x->plan;
        const struct shrink_result *own = x->shrunk;
        x->plan = &plan;
        x->shrunk = &fewest;
        free(x->places);
        x->places = NULL;
        x->place_count = 0;
        r = trials_open(&x->t, &plan.what, err);
        if (!r && fewest.count)
            r = find_places(x, err);
        if (!r && fewest.count && x->last)
            r = prove_by_switch(x, err);
        x->out->passing = fewest.switches;
        x->out->passing_count = fewest.count;
        x->plan = own_plan;
        x->shrunk = own;
    }
    free((void *)(uintptr_t)plan.choices);
    return r == CHIP_E_VALUE ? CHIP_OK : r;
}

/* What the switches do on lib/: the places are the same there as far as the code is. */
static int try_sound(struct rescripting *x, struct trial_case what, struct chip_error *err) {
    struct trial_finding found;
    trials_close(&x->t);
    what.defect = NULL;
    int r = trials_open(&x->t, &what, err);
    if (!r)
        r = guided(x, &found, err);
    if (!r)
        x->out->sound = found.verdict;
    return r;
}

int rescript(const struct shrink_plan *plan, const struct shrink_result *shrunk,
             struct rescript *out, struct chip_error *err) {
    struct rescripting x = {
        .plan = plan, .shrunk = shrunk, .finding = &shrunk->finding, .out = out};
    struct trial_case what = plan->what;
    memset(out, 0, sizeof *out);
    what.variant = shrunk->variant;
    int r = trials_open(&x.t, &what, err);
    if (r)
        return r;
    x.base = x.t.s.hold_count;
    r = find_places(&x, err);
    if (!r && (x.last || shrunk->count == 0))
        r = find_script(&x, err);
    if (!r && out->has_pair)
        r = prove_by_holds(&x, err);
    bool proved = out->fails == RESCRIPT_PROOF && out->passes == RESCRIPT_PROOF;
    if (!r && x.last && !proved)
        r = prove_by_switch(&x, err);
    if (!r && shrunk->count == 0 && !out->found)
        r = contrast(&x, err);
    out->sound = CHS_VERDICT_PASS;
    if (!r && what.defect)
        r = try_sound(&x, what, err);
    trials_close(&x.t);
    free(x.places);
    return r;
}

void rescript_free(struct rescript *s) {
    free(s->passing);
    s->passing = NULL;
}
