/* SPDX-License-Identifier: Apache-2.0 */
/* shrink.c - see shrink.h: delta debugging (Zeller, Hildebrandt 2002), by removal of ever smaller
 * parts, to a list from which nothing more can be taken. */
#include "harness/run/shrink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct shrinking {
    const struct shrink_plan *plan;
    struct trials t;
    struct trial_finding wanted;
    struct chip_switch *list, *part, *all;
    size_t count, all_count;
    unsigned runs;
    bool minimal;
};

static bool out_of_time(const struct shrinking *x) {
    return x->plan->deadline_ns && run_now_ns() >= x->plan->deadline_ns;
}

static int make(struct shrinking *x, struct trial *how, bool *same, struct chip_error *err) {
    struct trial_finding found;
    how->strategy = CHIP_STRATEGY_GUIDED;
    how->seed = x->plan->seed;
    x->runs++;
    int r = trials_make(&x->t, how, &found, err);
    if (r)
        return r;
    *same = trial_same(&found, &x->wanted);
    if (*same)
        memcpy(x->wanted.seq, found.seq, sizeof found.seq);
    return CHIP_OK;
}

/* The switches of the last run that made a difference; the others may go (strategy_guided.c U2). */
static void keep_used(struct shrinking *x) {
    const struct chip_switch *s = chip_control_switches(x->t.record.control);
    size_t n = x->t.record.control->switch_count;
    x->count = 0;
    for (size_t i = 0; i < n; i++)
        if (s[i].used == CHIP_SWITCH_TAKEN)
            x->list[x->count++] = s[i];
}

static int by_seq(const void *a, const void *b) {
    const struct chip_switch *x = a, *y = b;
    return (x->seq > y->seq) - (x->seq < y->seq);
}

/* A run with these switches. If it gives the finding they are what is left. */
static int attempt(struct shrinking *x, const struct chip_switch *s, size_t count, bool *same,
                   struct chip_error *err) {
    for (size_t i = 0; i < count; i++) {
        x->part[i] = s[i];
        x->part[i].used = CHIP_SWITCH_UNMET;
    }
    struct trial how = {.switches = x->part, .switch_count = count};
    int r = make(x, &how, same, err);
    if (!r && *same) {
        keep_used(x);
        qsort(x->list, x->count, sizeof *x->list, by_seq);
    }
    return r;
}

/* Without the switches [from, to) of the list. */
static int without(struct shrinking *x, size_t from, size_t to, bool *same,
                   struct chip_error *err) {
    struct chip_switch *rest = calloc(x->count + 1, sizeof *rest);
    if (!rest)
        return chip_error_set(err, CHIP_E_MEMORY, "out of memory");
    memcpy(rest, x->list, from * sizeof *rest);
    memcpy(rest + from, x->list + to, (x->count - to) * sizeof *rest);
    int r = attempt(x, rest, x->count - (to - from), same, err);
    free(rest);
    return r;
}

/* Every part of `chunk` switches once. *less: at least one could go. */
static int pass(struct shrinking *x, size_t chunk, bool *less, struct chip_error *err) {
    *less = false;
    for (size_t from = 0; from < x->count && !out_of_time(x);) {
        size_t to = from + chunk < x->count ? from + chunk : x->count;
        bool same;
        int r = without(x, from, to, &same, err);
        if (r)
            return r;
        *less |= same;
        from = same ? from : to;
    }
    return CHIP_OK;
}

static int minimise(struct shrinking *x, struct chip_error *err) {
    bool less, none;
    x->minimal = false;
    int r = without(x, 0, x->count, &none, err);
    size_t chunk = x->count > 1 ? x->count / 2 : 1;
    while (!r && !x->minimal && !out_of_time(x)) {
        r = pass(x, chunk, &less, err);
        x->minimal = !r && chunk == 1 && !less && !out_of_time(x);
        chunk = chunk > 1 ? chunk / 2 : 1;
    }
    return r;
}

/* ---- variants ---- */

/* "64", "1MiB" as numbers; 0 for what is none. */
static double size_of(const char *text) {
    static const struct {
        const char *unit;
        double factor;
    } units[] = {{"", 1}, {"B", 1}, {"KiB", 1024.0}, {"MiB", 1048576.0}, {"GiB", 1073741824.0}};
    char *end;
    double n = strtod(text, &end);
    for (size_t i = 0; end != text && i < sizeof units / sizeof units[0]; i++)
        if (strcmp(end, units[i].unit) == 0)
            return n * units[i].factor;
    return 0;
}

/* The product of all parameters relative to those of b, if none is larger; else 1. */
static double relative(const struct chs_scenario *a, const struct chs_scenario *b) {
    double product = 1;
    for (size_t i = 0; i < a->param_count; i++) {
        if (strcmp(a->params[i].value, b->params[i].value) == 0)
            continue;
        double x = size_of(a->params[i].value), y = size_of(b->params[i].value);
        if (x <= 0 || y <= 0 || x > y)
            return 1;
        product *= x / y;
    }
    return product;
}

/* The next larger one than `above` among those that are smaller than the variant of the plan. */
static size_t next_variant(const struct shrinking *x, double *above) {
    const struct chs_file *file = x->plan->what.file->file;
    const struct chs_scenario *own = chs_variant(file, x->plan->what.variant);
    size_t best = SIZE_MAX;
    double least = 1;
    for (size_t v = 0; v < chs_variant_count(file); v++) {
        double size = relative(chs_variant(file, v), own);
        if (size > *above && size < least) {
            least = size;
            best = v;
        }
    }
    *above = least;
    return best;
}

static int open_variant(struct shrinking *x, size_t variant, struct chip_error *err) {
    struct trial_case what = x->plan->what;
    what.variant = variant;
    trials_close(&x->t);
    return trials_open(&x->t, &what, err);
}

/* Does a smaller variant have the finding too, with the switches left or with those there were? */
static int smaller_variant(struct shrinking *x, size_t *variant, struct chip_error *err) {
    double above = 0;
    size_t v;
    int r = CHIP_OK;
    while (!r && !out_of_time(x) && (v = next_variant(x, &above)) != SIZE_MAX) {
        bool same = false;
        r = open_variant(x, v, err);
        if (!r)
            r = without(x, 0, 0, &same, err);
        if (!r && !same)
            r = attempt(x, x->all, x->all_count, &same, err);
        if (r || !same)
            continue;
        *variant = v;
        return minimise(x, err);
    }
    return r;
}

/* ---- all together ---- */

static int set_up(struct shrinking *x, size_t *before, struct chip_error *err) {
    struct trial how = {.choices = x->plan->choices, .choice_count = x->plan->choice_count};
    how.strategy = CHIP_STRATEGY_GUIDED;
    how.seed = x->plan->seed;
    x->runs++;
    int r = trials_make(&x->t, &how, &x->wanted, err);
    if (r)
        return r;
    const struct chip_control *c = x->t.record.control;
    if (x->wanted.verdict == CHS_VERDICT_DIVERGED)
        return chip_error_set(err, CHIP_E_VALUE,
                              "the schedule no longer fits: it leaves the record at step %llu",
                              (unsigned long long)c->diverged_step);
    bool passes = x->wanted.verdict == CHS_VERDICT_PASS;
    if (passes != x->plan->passing || x->wanted.verdict == CHS_VERDICT_VACUOUS)
        return chip_error_set(err, CHIP_E_VALUE, "the schedule has no finding any more: %s",
                              chs_verdict_word(x->wanted.verdict));
    size_t n = c->switch_count;
    x->list = calloc(n + 1, sizeof *x->list);
    x->part = calloc(n + 1, sizeof *x->part);
    x->all = calloc(n + 1, sizeof *x->all);
    if (!x->list || !x->part || !x->all)
        return chip_error_set(err, CHIP_E_MEMORY, "out of memory");
    keep_used(x);
    memcpy(x->all, x->list, x->count * sizeof *x->all);
    x->all_count = *before = x->count;
    return CHIP_OK;
}

int shrink(const struct shrink_plan *plan, struct shrink_result *out, struct chip_error *err) {
    struct shrinking x = {.plan = plan};
    bool same = false;
    *out = (struct shrink_result){.variant = plan->what.variant};
    int r = trials_open(&x.t, &plan->what, err);
    if (!r)
        r = set_up(&x, &out->before, err);
    if (!r)
        r = attempt(&x, x.all, x.all_count, &same, err);
    if (!r && !same)
        r = chip_error_set(err, CHIP_E_VALUE,
                           "the %zu switches of the schedule do not repeat its finding",
                           x.all_count);
    if (!r)
        r = minimise(&x, err);
    if (!r && !plan->passing)
        r = smaller_variant(&x, &out->variant, err);
    trials_close(&x.t);
    free(x.part);
    free(x.all);
    if (r) {
        free(x.list);
        return r;
    }
    out->finding = x.wanted;
    out->switches = x.list;
    out->count = x.count;
    out->minimal = x.minimal;
    out->runs = x.runs;
    return CHIP_OK;
}

void shrink_free(struct shrink_result *r) {
    free(r->switches);
    r->switches = NULL;
}

const char *shrink_text(const struct chr_recording *rec, const struct chip_switch *s,
                        char buf[CHR_TEXT_LEN]) {
    char from[CHR_LABEL_LEN], to[CHR_LABEL_LEN], point[CHR_LABEL_LEN], instead[CHR_LABEL_LEN];
    chr_actor_label(rec, s->from, from);
    chr_any_point_text(s->point_kind, s->point, point);
    int n =
        snprintf(buf, CHR_TEXT_LEN, "%s %s %s[%u]: on goes %s", from, s->waits ? "after" : "before",
                 point, s->occurrence, chr_actor_label(rec, s->to, to));
    if (s->instead != s->from && n > 0 && n < CHR_TEXT_LEN)
        snprintf(buf + n, (size_t)(CHR_TEXT_LEN - n), ", not %s",
                 chr_actor_label(rec, s->instead, instead));
    return buf;
}
