/* SPDX-License-Identifier: Apache-2.0 */
/*
 * judge.h - from a record to findings: the oracles.
 *
 * One row of ORACLES is one oracle: always on, or working on what the scenario expects. A run that
 * has no finding passed. Vacuity is judged last and only where nothing else was found.
 */
#ifndef HARNESS_JUDGE_H
#define HARNESS_JUDGE_H

#include "harness/run/run.h"
#include "reports/report.h"

/* X(id, "word", "what it finds"): the order is the order of findings; the first one names the
 * run's verdict. */
#define ORACLES(X)                                                                            \
    X(trouble, "harness", "the harness could not do its job, or somebody else killed a rank") \
    X(outside, "outside_control", "an actor that reaches no point")                           \
    X(diverged, "diverged", "a replay that no longer fits")                                   \
    X(crash, "crash", "a process that ended by a signal of its own making")                   \
    X(order, "order", "two events in the wrong order")                                        \
    X(content, "content", "bytes that differ")                                                \
    X(never, "never", "a point that must not be reached")                                     \
    X(error, "error", "a step that failed, or failed otherwise than expected")                \
    X(hang, "hang", "all wait, or a limit was passed")                                        \
    X(leak, "leak", "segments and processes left behind")                                     \
    X(reached, "reached", "a point not reached often enough")                                 \
    X(exit, "exit", "a process that ended in another way than expected")                      \
    X(vacuous, "vacuous", "holds, faults and points that never took effect")

enum oracle {
#define X_ID(id, word, help) ORACLE_##id,
    ORACLES(X_ID)
#undef X_ID
        ORACLE_COUNT
};
const char *oracle_word(int oracle);
const char *oracle_help(int oracle);

enum { JUDGE_MAX_FINDINGS = 64 };

struct judgement {
    struct chr_finding findings[JUDGE_MAX_FINDINGS];
    int verdicts[JUDGE_MAX_FINDINGS]; /* enum chs_verdict */
    size_t count;
    char *texts[6 * JUDGE_MAX_FINDINGS]; /* what the findings point to */
    size_t text_count;
};

/* without: bit mask of oracles that are switched off (to show that a gate depends on them).
 * rec may be NULL if the record holds no recording that can be read. */
void judge(const struct chs_scenario *s, const struct run_record *record,
           const struct chr_recording *rec, uint32_t without, struct judgement *out);
void judgement_free(struct judgement *j);
/* PASS without findings, else the first one's. */
int judgement_verdict(const struct judgement *j);

/* ---- inside ---- */

struct judging {
    const struct chs_scenario *s;
    const struct run_record *record;
    const struct chip_control *c;
    const struct chr_recording *rec;
    struct judgement *out;
};
/* Adds a finding and returns it for more; never NULL (beyond the limit it is a scratch one). */
struct chr_finding *judge_add(struct judging *j, int verdict, const char *expectation,
                              uint32_t line);
const char *judge_text(struct judging *j, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Event number `from` or later (index into the merged sequence) that matches; NULL if none.
 * *index gets its index. */
const struct chip_event *judge_find(const struct judging *j, const struct chip_match *m,
                                    size_t from, size_t *index);

#define X_PROTOTYPE(id, word, help) void oracle_##id(struct judging *j);
ORACLES(X_PROTOTYPE)
#undef X_PROTOTYPE

#endif
