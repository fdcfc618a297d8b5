/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verdicts.h - the one table of verdicts: what a run of a scenario can come to.
 *
 * A row is X(ID, "word", "what it means"). The words are what `catches:` names, what reports print
 * and what the machine-readable results hold; they are part of the frozen interface.
 */
#ifndef CHS_VERDICTS_H
#define CHS_VERDICTS_H

/* clang-format off */
#define CHS_VERDICTS(X)                                                                            \
    X(PASS,      "pass",      "every expectation held and everything planned took effect")         \
    X(ORDER,     "order",     "two events came in the order that an expectation rules out")        \
    X(CONTENT,   "content",   "a buffer did not hold the bytes that it had to hold")               \
    X(ERROR,     "error",     "a step failed without being expected to, or not as expected")       \
    X(HANG,      "hang",      "every actor waits and no deadline is left, or a limit was passed")  \
    X(CRASH,     "crash",     "a process ended by a signal that the scenario did not send")        \
    X(LEAK,      "leak",      "a segment or a process was left behind")                            \
    X(NEVER,     "never",     "a point that must not be reached was reached")                      \
    X(REACHED,   "reached",   "a point was not reached as often as it had to be")                  \
    X(EXIT,      "exit",      "a process did not end in the way that was expected")                \
    X(VACUOUS,   "vacuous",   "a hold, a fault or a point never took effect: nothing was tested")  \
    X(DIVERGED,  "diverged",  "a replay met another point than the recorded one")                  \
    X(OUTSIDE,   "outside_control", "an actor is blocked in a call that the harness does not see") \
    X(HARNESS,   "harness",   "the harness itself could not do its job")
/* clang-format on */

enum chs_verdict {
#define CHS_X(id, ...) CHS_VERDICT_##id,
    CHS_VERDICTS(CHS_X)
#undef CHS_X
        CHS_VERDICT_COUNT
};

#endif
