/* SPDX-License-Identifier: Apache-2.0 */
/* trial.c - see trial.h. */
#include "harness/run/trial.h"

#include <string.h>

bool trial_same(const struct trial_finding *a, const struct trial_finding *b) {
    return a->verdict == b->verdict && a->line == b->line && a->outcome == b->outcome;
}

bool trial_alike(const struct trial_finding *a, const struct trial_finding *b) {
    return a->verdict == b->verdict && a->text == b->text && a->outcome == b->outcome;
}

static uint64_t hash(const char *text) { /* FNV-1a */
    uint64_t h = 0xcbf29ce484222325ull;
    for (; text && *text; text++)
        h = (h ^ (unsigned char)*text) * 0x100000001b3ull;
    return h;
}

static struct run_request request(const struct trials *t) {
    return (struct run_request){.where = t->what.where,
                                .scenario = &t->s,
                                .variant = t->what.variant,
                                .scenario_fd = t->what.file->fd,
                                .defect = t->what.defect,
                                .quiet = true};
}

int trials_open(struct trials *t, const struct trial_case *what, struct chip_error *err) {
    *t = (struct trials){.what = *what, .s = *chs_variant(what->file->file, what->variant)};
    if (what->no_script)
        t->s.hold_count = 0;
    if (t->s.hold_count > CHIP_MAX_HOLDS)
        return chip_error_set(err, CHIP_E_VALUE, "the plan is larger than a control block holds");
    if (t->s.hold_count)
        memcpy(t->holds, t->s.holds, t->s.hold_count * sizeof *t->holds);
    t->s.holds = t->holds;
    struct run_request q = request(t);
    return run_zygote_open(&q, &t->zygote, err);
}

static void find(const struct trials *t, struct trial_finding *found) {
    struct chr_recording *rec = NULL;
    struct judgement j;
    chr_recording_open(t->record.control, t->record.bytes, &rec, NULL);
    judge(&t->s, &t->record, rec, 0, &j);
    *found = (struct trial_finding){.verdict = judgement_verdict(&j)};
    if (j.count) {
        found->line = j.findings[0].line;
        found->text = j.findings[0].expectation ? hash(j.findings[0].expectation) : 0;
        found->outcome = found->line ? 0 : t->record.control->outcome;
        memcpy(found->seq, j.findings[0].seq, sizeof found->seq);
    }
    judgement_free(&j);
    chr_recording_close(rec);
}

int trials_make(struct trials *t, const struct trial *how, struct trial_finding *found,
                struct chip_error *err) {
    struct run_request q = request(t);
    q.strategy = how->strategy;
    q.seed = how->seed;
    q.choices = how->choices;
    q.choice_count = how->choice_count;
    q.switches = how->switches;
    q.switch_count = how->switch_count;
    int r = run_zygote_run(t->zygote, &q, &t->record, err);
    if (r)
        return r;
    if (run_interrupted())
        return chip_error_set(err, CHIP_E_OS, "interrupted");
    find(t, found);
    return CHIP_OK;
}

void trials_close(struct trials *t) {
    run_zygote_close(t->zygote);
    t->zygote = NULL;
}
