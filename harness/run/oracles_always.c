/* SPDX-License-Identifier: Apache-2.0 */
/* oracles_always.c - what is wrong whatever the scenario says. */
#include "harness/run/hang.h"
#include "harness/run/judge.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

static const char *label(struct judging *j, uint32_t actor) {
    char buf[CHR_LABEL_LEN];
    return j->rec ? judge_text(j, "%s", chr_actor_label(j->rec, actor, buf)) : "an actor";
}

void oracle_trouble(struct judging *j) {
    if (j->record->trouble[0])
        judge_add(j, CHS_VERDICT_HARNESS, NULL, 0)->observed = j->record->trouble;
    else if (!j->rec)
        judge_add(j, CHS_VERDICT_HARNESS, NULL, 0)->observed = "the recording cannot be read";
    if (j->c->outcome == CHIP_OUT_OVERFULL)
        judge_add(j, CHS_VERDICT_HARNESS, NULL, 0)->observed =
            judge_text(j, "a table of the control block is full (%u rows)", j->c->overfull);
    if (j->c->outcome == CHIP_OUT_INTERRUPTED)
        judge_add(j, CHS_VERDICT_HARNESS, NULL, 0)->observed = "the run was interrupted";
    for (uint32_t i = 0; i < 64; i++)
        if (j->record->killed_outside >> i & 1)
            judge_add(j, CHS_VERDICT_HARNESS, NULL, 0)->observed =
                judge_text(j, "%s was killed by somebody outside the run", label(j, i));
    int status = j->record->driver_status;
    if (j->c->armed && j->c->driver_done && WIFEXITED(status) && WEXITSTATUS(status) != 0)
        judge_add(j, CHS_VERDICT_HARNESS, NULL, 0)->observed =
            judge_text(j, "the driver ended with status %d", WEXITSTATUS(status));
    uint64_t lost = j->rec ? chr_events_lost(j->rec) : 0;
    /* A run that went past a limit is a hang whatever the log says of its beginning or end. */
    bool limit = j->c->outcome == CHIP_OUT_TIME_LIMIT || j->c->outcome == CHIP_OUT_STEP_LIMIT;
    if (lost && !limit)
        judge_add(j, CHS_VERDICT_HARNESS, NULL, 0)->observed =
            judge_text(j,
                       "%llu events did not fit into the log: what they say about order and "
                       "reach is unknown",
                       (unsigned long long)lost);
}

void oracle_outside(struct judging *j) {
    if (j->c->outcome != CHIP_OUT_OUTSIDE)
        return;
    struct chr_finding *f = judge_add(j, CHS_VERDICT_OUTSIDE, NULL, 0);
    f->expected = "a point at least once within the watchdog's time";
    f->observed = j->record->outside;
}

void oracle_diverged(struct judging *j) {
    const struct chip_control *c = j->c;
    bool unused = c->strategy == CHIP_STRATEGY_REPLAY && c->outcome == CHIP_OUT_FINISHED &&
                  c->replay_next < c->replay_count;
    if (c->outcome != CHIP_OUT_DIVERGED && !unused)
        return;
    struct chr_finding *f = judge_add(j, CHS_VERDICT_DIVERGED, NULL, 0);
    f->expected = judge_text(j, "the %llu recorded choices, each at its point",
                             (unsigned long long)c->replay_count);
    if (unused) {
        f->observed =
            judge_text(j, "the run ended after %llu of them", (unsigned long long)c->replay_next);
        return;
    }
    const struct chip_actor *a = &c->actors[c->running];
    char at[CHR_LABEL_LEN];
    f->observed =
        judge_text(j, "at step %llu, after %llu choices, %s stands at %s",
                   (unsigned long long)c->diverged_step, (unsigned long long)c->replay_next,
                   label(j, c->running), chr_any_point_text(a->point_kind, a->point, at));
}

static uint64_t crash_event(const struct judging *j, uint32_t actor) {
    for (size_t i = j->rec ? chr_event_count(j->rec) : 0; i-- > 0;) {
        const struct chip_event *e = chr_event(j->rec, i);
        if (e->actor == actor && e->kind == CHIP_EV_CRASH)
            return e->seq;
    }
    return CHR_NO_SEQ;
}

static bool fatal(int signal) {
    return signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE || signal == SIGILL ||
           signal == SIGABRT || signal == SIGSYS || signal == SIGTRAP;
}

void oracle_crash(struct judging *j) {
    for (uint32_t i = 0; i < j->c->actor_count; i++) {
        const struct chip_actor *a = &j->c->actors[i];
        int status = i == 0 ? j->record->driver_status : a->status;
        if (a->state != CHIP_STATE_DEAD || a->process != i || status == -1 ||
            !WIFSIGNALED(status) || a->planned_death || !fatal(WTERMSIG(status)))
            continue;
        struct chr_finding *f = judge_add(j, CHS_VERDICT_CRASH, NULL, 0);
        f->expected = "no process ends by a signal of its own making";
        f->observed =
            judge_text(j, "%s ended by SIG%s", label(j, i), sigabbrev_np(WTERMSIG(status)));
        f->seq[0] = crash_event(j, i);
    }
}

static const char *where_it_is(const struct chip_actor *a, char point[CHR_LABEL_LEN]) {
    if (a->state != CHIP_STATE_WAITING)
        return chr_any_point_text(a->point_kind, a->point, point);
    switch (a->wait_kind) {
    case CHIP_WAIT_SLEEP:
        return "sleeps";
    case CHIP_WAIT_CHILD:
        return "waits for a child's exit";
    case CHIP_WAIT_FUTEX:
    case CHIP_WAIT_SPIN:
        return "waits for a word to change";
    default:
        snprintf(point, CHR_LABEL_LEN, "waits for the %s", chr_wait_kind_name(a->wait_kind));
        return point;
    }
}

static const char *where_each_waits(struct judging *j) {
    char text[CHIP_TEXT_LEN] = "";
    size_t n = 0;
    for (uint32_t i = 0; i < j->c->actor_count && n < sizeof text; i++) {
        const struct chip_actor *a = &j->c->actors[i];
        char point[CHR_LABEL_LEN];
        if (a->state == CHIP_STATE_DEAD || a->state == CHIP_STATE_FREE)
            continue;
        const char *how = a->state == CHIP_STATE_WAITING ? ""
                          : a->held_by                   ? "is held before "
                                                         : "stands at ";
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s %s%s", n ? "; " : "", label(j, i),
                              how, where_it_is(a, point));
    }
    return judge_text(j, "%s", text);
}

void oracle_hang(struct judging *j) {
    char limit[CHR_LABEL_LEN];
    const char *expected;
    switch (j->c->outcome) {
    case CHIP_OUT_HANG:
        expected = "somebody can run, or has a deadline";
        break;
    case CHIP_OUT_TIME_LIMIT:
        expected = judge_text(j, "the end within time_limit, %s of virtual time",
                              chr_duration_text(j->c->time_limit_ns, limit));
        break;
    case CHIP_OUT_STEP_LIMIT:
        expected = judge_text(j, "the end within step_limit, %llu steps",
                              (unsigned long long)j->c->step_limit);
        break;
    default:
        return;
    }
    struct chr_finding *f = judge_add(j, CHS_VERDICT_HANG, NULL, 0);
    struct hang_finding hang;
    hang_classify(j, &hang);
    f->expected = expected;
    f->observed =
        judge_text(j, "%s: %s; %s", hang_class_word(hang.kind), hang.why, where_each_waits(j));
    memcpy(f->seq, hang.seq, sizeof f->seq);
}

void oracle_leak(struct judging *j) {
    if (j->record->leaked[0]) {
        struct chr_finding *f = judge_add(j, CHS_VERDICT_LEAK, NULL, 0);
        f->expected = "no segment and no process is left after the end";
        f->observed = j->record->leaked;
    }
    bool parent_gone = j->c->actor_count > 0 && j->c->actors[0].state == CHIP_STATE_DEAD;
    if (j->c->outcome == CHIP_OUT_FINISHED || !parent_gone)
        return;
    for (uint32_t i = 1; i < j->c->actor_count; i++) {
        if (j->c->actors[i].state == CHIP_STATE_DEAD || j->c->actors[i].process != i)
            continue;
        struct chr_finding *f = judge_add(j, CHS_VERDICT_LEAK, NULL, 0);
        f->expected = "every child ends after its parent did";
        f->observed = judge_text(j, "%s lives on", label(j, i));
    }
}
