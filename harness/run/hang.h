/* SPDX-License-Identifier: Apache-2.0 */
/* hang.h - why nobody can go on: the class of a hang, from what each actor waits for. */
#ifndef HARNESS_HANG_H
#define HARNESS_HANG_H

#include "harness/run/judge.h"

/* X(ID, "word"). The word begins what is observed of a hang. */
#define HANG_CLASSES(X)                \
    X(CYCLE, "deadlock cycle")         \
    X(DEAD, "waiting for a dead rank") \
    X(LOST, "lost wake-up")            \
    X(LIVELOCK, "livelock")            \
    X(MISSING, "missing wake-up") /* nothing shows that there ever was one */

enum hang_class {
#define CHIP_X(id, word) HANG_##id,
    HANG_CLASSES(CHIP_X)
#undef CHIP_X
        HANG_CLASS_COUNT
};

struct hang_finding {
    enum hang_class kind;
    const char *why; /* one clause, made with judge_text() */
    uint64_t seq[2]; /* events that show it; CHR_NO_SEQ */
};

const char *hang_class_word(enum hang_class kind);

/* Of a run that ended with HANG, TIME_LIMIT or STEP_LIMIT. */
void hang_classify(struct judging *j, struct hang_finding *out);

/* Reads the words that actors wait on in their futexes, while the processes are still there. */
void hang_read_words(struct chip_control *c);

#endif
