/* SPDX-License-Identifier: Apache-2.0 */
/* judge.c - runs the table of oracles. */
#include "harness/run/judge.h"
#include "harness/control/control.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    void (*run)(struct judging *j);
    const char *word;
    const char *help;
} oracles[ORACLE_COUNT] = {
#define X_ROW(id, word, help) [ORACLE_##id] = {oracle_##id, word, help},
    ORACLES(X_ROW)
#undef X_ROW
};

const char *oracle_word(int oracle) {
    return oracles[oracle].word;
}

const char *oracle_help(int oracle) {
    return oracles[oracle].help;
}

const char *judge_text(struct judging *j, const char *fmt, ...) {
    struct judgement *out = j->out;
    if (out->text_count >= sizeof out->texts / sizeof out->texts[0])
        return "";
    va_list ap;
    va_start(ap, fmt);
    char *text = NULL;
    int n = vasprintf(&text, fmt, ap);
    va_end(ap);
    if (n < 0)
        return "";
    out->texts[out->text_count++] = text;
    return text;
}

struct chr_finding *judge_add(struct judging *j, int verdict, const char *expectation,
                              uint32_t line) {
    static struct chr_finding scratch;
    struct judgement *out = j->out;
    if (out->count >= JUDGE_MAX_FINDINGS)
        return &scratch;
    struct chr_finding *f = &out->findings[out->count];
    *f = (struct chr_finding){
        .verdict = chs_verdict_word(verdict),
        .expectation = expectation,
        .file = line ? j->s->file : NULL,
        .line = line,
        .seq = {CHR_NO_SEQ, CHR_NO_SEQ},
    };
    out->verdicts[out->count++] = verdict;
    return f;
}

const struct chip_event *judge_find(const struct judging *j, const struct chip_match *m,
                                    size_t from, size_t *index) {
    uint32_t kind = m->point_kind == CHIP_KIND_CALL ? CHIP_EV_CALL : CHIP_EV_POINT;
    for (size_t i = from; j->rec && i < chr_event_count(j->rec); i++) {
        const struct chip_event *e = chr_event(j->rec, i);
        if (e->kind != kind ||
            !ctl_match(m, &j->c->actors[e->actor], m->point_kind, e->point, e->occurrence, e->f))
            continue;
        if (index)
            *index = i;
        return e;
    }
    return NULL;
}

void judge(const struct chs_scenario *s, const struct run_record *record,
           const struct chr_recording *rec, uint32_t without, struct judgement *out) {
    memset(out, 0, sizeof *out);
    struct judging j = {.s = s, .record = record, .c = record->control, .rec = rec, .out = out};
    for (int i = 0; i < ORACLE_COUNT; i++)
        if (!(without >> i & 1))
            oracles[i].run(&j);
}

void judgement_free(struct judgement *j) {
    for (size_t i = 0; i < j->text_count; i++)
        free(j->texts[i]);
    j->text_count = 0;
}

int judgement_verdict(const struct judgement *j) {
    return j->count ? j->verdicts[0] : CHS_VERDICT_PASS;
}
