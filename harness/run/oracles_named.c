/* SPDX-License-Identifier: Apache-2.0 */
/* oracles_named.c - what the scenario expects: orders, bytes, errors, points, exits. */
#include "harness/run/judge.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

static void wrong_order(struct judging *j, const struct chs_expect *e,
                        const struct chip_event *first, const struct chip_event *then) {
    char a[CHR_TEXT_LEN], b[CHR_TEXT_LEN];
    struct chr_finding *f = judge_add(j, CHS_VERDICT_ORDER, e->text, e->at.line);
    f->expected =
        judge_text(j, "1st %s, 2nd %s", chr_match_text(&e->first, a), chr_match_text(&e->then, b));
    f->seq[1] = then->seq;
    if (!first) {
        f->observed = judge_text(j, "the 2nd came at event %llu, the 1st never did",
                                 (unsigned long long)then->seq);
        return;
    }
    f->seq[0] = first->seq;
    f->observed = judge_text(j, "the 2nd came at event %llu, the 1st only at event %llu",
                             (unsigned long long)then->seq, (unsigned long long)first->seq);
}

/* The k-th of one before the k-th of the other; without `each` only the first of both. */
static void check_order(struct judging *j, const struct chs_expect *e) {
    size_t at_first = 0, at_then = 0;
    do {
        const struct chip_event *first = judge_find(j, &e->first, at_first, &at_first);
        const struct chip_event *then = judge_find(j, &e->then, at_then, &at_then);
        if (!then)
            return; /* it is vacuity's business whether that matters */
        if (!first || first->seq > then->seq) {
            wrong_order(j, e, first, then);
            return;
        }
        at_first++;
        at_then++;
    } while (e->each);
}

void oracle_order(struct judging *j) {
    for (size_t i = 0; i < j->s->expect_count; i++)
        if (j->s->expects[i].kind == CHS_EXPECT_ORDER)
            check_order(j, &j->s->expects[i]);
}

/* Up to 16 bytes; "5a ..." when they are all the same. */
static const char *hex(struct judging *j, const uint8_t *bytes, uint64_t count) {
    char text[16 * 3 + 1] = "";
    bool same = count > 1;
    for (uint64_t i = 0; i < count; i++) {
        snprintf(text + 3 * i, 4, "%02x ", bytes[i]);
        same = same && bytes[i] == bytes[0];
    }
    if (same)
        return judge_text(j, "%02x %02x ...", bytes[0], bytes[0]);
    if (count)
        text[3 * count - 1] = 0;
    return judge_text(j, "%s", text);
}

static void check_bytes(struct judging *j, uint32_t index, const char *text, uint32_t line) {
    const struct chip_check_result *r = &j->c->checks[index];
    if (!r->failed)
        return;
    struct chr_finding *f = judge_add(j, CHS_VERDICT_CONTENT, text, line);
    uint64_t left = r->bytes - r->bad_offset, count = left < 16 ? left : 16;
    f->seq[0] = r->seq;
    f->expected = hex(j, r->expected, count);
    f->observed = judge_text(j, "%s from offset %llu on; %llu of %llu bytes differ",
                             hex(j, r->observed, count), (unsigned long long)r->bad_offset,
                             (unsigned long long)r->bad_bytes, (unsigned long long)r->bytes);
}

void oracle_content(struct judging *j) {
    for (size_t i = 0; i < j->s->expect_count; i++) {
        const struct chs_expect *e = &j->s->expects[i];
        if (e->kind == CHS_EXPECT_CONTENT)
            check_bytes(j, e->check, e->text, e->at.line);
    }
    for (size_t i = 0; i < j->s->step_count; i++) {
        const struct chs_step *st = &j->s->steps[i];
        if (st->check != CHS_NONE)
            check_bytes(j, st->check, st->text, st->at.line);
    }
}

void oracle_never(struct judging *j) {
    for (size_t i = 0; i < j->s->expect_count; i++) {
        const struct chs_expect *e = &j->s->expects[i];
        char text[CHR_TEXT_LEN];
        if (e->kind != CHS_EXPECT_NEVER)
            continue;
        const struct chip_event *seen = judge_find(j, &e->first, 0, NULL);
        if (!seen)
            continue;
        struct chr_finding *f = judge_add(j, CHS_VERDICT_NEVER, e->text, e->at.line);
        f->expected = judge_text(j, "never %s", chr_match_text(&e->first, text));
        f->observed = judge_text(j, "event %llu: %s", (unsigned long long)seen->seq,
                                 chr_event_text(j->rec, seen, text));
        f->seq[0] = seen->seq;
    }
}

static uint64_t result_event(const struct judging *j, size_t step) {
    for (size_t i = 0; j->rec && i < chr_event_count(j->rec); i++) {
        const struct chip_event *e = chr_event(j->rec, i);
        if (e->kind == CHIP_EV_RESULT && e->f[0] == step)
            return e->seq;
    }
    return CHR_NO_SEQ;
}

/* The error that a step asks for: every part that it gives. */
static const char *wanted_error(struct judging *j, const struct chs_want_error *want) {
#define X_TYPE(id, type, text) type,
    static const char *const types[] = {CHIP_ERRORS(X_TYPE)};
#undef X_TYPE
    char text[CHIP_TEXT_LEN] = "the step fails";
    size_t n = strlen(text);
    if (want->status != CHIP_OK && want->status < CHIP_STATUS_COUNT)
        n += (size_t)snprintf(text + n, sizeof text - n, " with a %s", types[want->status]);
    if (want->code >= 0 && n < sizeof text)
        n += (size_t)snprintf(text + n, sizeof text - n, ", 'child failed (code=%lld)'",
                              (long long)want->code);
    if (want->prefix && n < sizeof text)
        n += (size_t)snprintf(text + n, sizeof text - n, ", its text begins with '%s'",
                              want->prefix);
    if (want->says && n < sizeof text)
        snprintf(text + n, sizeof text - n, ", its text says '%s'", want->says);
    return judge_text(j, "%s", text);
}

static void check_step(struct judging *j, size_t i) {
    const struct chs_step *st = &j->s->steps[i];
    const struct chip_step_result *r = &j->c->results[i];
    char why[CHIP_TEXT_LEN] = "";
    if (!r->done)
        return;
    bool wanted = st->error.at.line != 0;
    bool silent = r->code != CHIP_OK && !r->text[0];
    if (wanted ? chs_error_matches(&st->error, r->code, r->text, why, sizeof why) && !silent
               : r->code == CHIP_OK)
        return;
    struct chr_finding *f = judge_add(j, CHS_VERDICT_ERROR, st->text, st->at.line);
    f->seq[0] = result_event(j, i);
    f->expected = wanted ? wanted_error(j, &st->error) : "the step succeeds";
    if (r->code == CHIP_OK)
        f->observed = "it succeeded";
    else if (silent)
        f->observed = judge_text(j, "it failed with status %d and without a text", r->code);
    else
        f->observed =
            judge_text(j, "it failed: %s%s%s%s", r->text, *why ? " (" : "", why, *why ? ")" : "");
}

void oracle_error(struct judging *j) {
    for (size_t i = 0; i < j->s->step_count; i++)
        check_step(j, i);
}

static uint64_t times_reached(const struct judging *j, const struct chip_match *m) {
    uint64_t n = 0;
    for (size_t at = 0; judge_find(j, m, at, &at); at++)
        n++;
    return n;
}

static const char *times(struct judging *j, uint64_t n) {
    return n == 0 ? "never" : n == 1 ? "once" : judge_text(j, "%llu times", (unsigned long long)n);
}

static const char *how_often(struct judging *j, uint64_t least, uint64_t most) {
    if (most == CHIP_ANY)
        return judge_text(j, "at least %s", times(j, least));
    if (least == most)
        return judge_text(j, "exactly %s", times(j, least));
    if (least == 0)
        return judge_text(j, "at most %s", times(j, most));
    return judge_text(j, "%llu to %llu times", (unsigned long long)least, (unsigned long long)most);
}

void oracle_reached(struct judging *j) {
    for (size_t i = 0; i < j->s->expect_count; i++) {
        const struct chs_expect *e = &j->s->expects[i];
        char text[CHR_TEXT_LEN];
        if (e->kind != CHS_EXPECT_REACHED)
            continue;
        uint64_t n = times_reached(j, &e->first);
        if (n >= e->at_least && (e->at_most == CHIP_ANY || n <= e->at_most))
            continue;
        struct chr_finding *f = judge_add(j, CHS_VERDICT_REACHED, e->text, e->at.line);
        f->expected = judge_text(j, "%s %s", chr_match_text(&e->first, text),
                                 how_often(j, e->at_least, e->at_most));
        f->observed =
            n == 0 ? "it was never reached" : judge_text(j, "it was reached %s", times(j, n));
    }
}

static const struct chip_actor *find_actor(const struct chip_control *c, const struct chs_expect *e,
                                           uint32_t *index) {
    for (uint32_t i = 0; i < c->actor_count; i++) {
        const struct chip_actor *a = &c->actors[i];
        bool fits = e->rank == CHS_NONE ? a->kind == CHIP_ACTOR_PARENT
                                        : a->kind == CHIP_ACTOR_RANK && a->index == e->rank;
        if (!fits || a->incarnation != e->incarnation)
            continue;
        *index = i;
        return a;
    }
    return NULL;
}

static const char *status_text(struct judging *j, int status) {
    if (status == -1)
        return "unknown";
    return WIFSIGNALED(status) ? judge_text(j, "signal %s", chs_signal_name(WTERMSIG(status)))
                               : judge_text(j, "status %d", WEXITSTATUS(status));
}

static bool exit_expected(const struct chs_scenario *s, const struct chip_actor *a) {
    uint32_t rank = a->kind == CHIP_ACTOR_RANK ? a->index : CHS_NONE;
    for (size_t i = 0; i < s->expect_count; i++)
        if (s->expects[i].kind == CHS_EXPECT_EXIT && s->expects[i].rank == rank &&
            s->expects[i].incarnation == a->incarnation)
            return true;
    return false;
}

/* The first process of an own program, and each rank of an own library, ends with status 0 where
 * nothing else is expected. What else a program forks is its own to judge. Where a process has
 * crashed, the status of others is what came of it. */
static void own_program_exits(struct judging *j) {
    for (size_t i = 0; i < j->out->count; i++)
        if (j->out->verdicts[i] == CHS_VERDICT_CRASH)
            return;
    for (uint32_t i = 0; i < j->c->actor_count; i++) {
        const struct chip_actor *a = &j->c->actors[i];
        int status = i == 0 ? j->record->driver_status : a->status;
        char label[CHR_LABEL_LEN];
        if (i > 0 && (!j->s->library || a->kind != CHIP_ACTOR_RANK || a->process != i))
            continue;
        if (a->state != CHIP_STATE_DEAD || a->planned_death || status == -1 || status == 0 ||
            exit_expected(j->s, a))
            continue;
        struct chr_finding *f = judge_add(j, CHS_VERDICT_EXIT, NULL, 0);
        f->expected = judge_text(j, "%s ends with status 0",
                                 j->rec ? chr_actor_label(j->rec, i, label) : "the program");
        f->observed = status_text(j, status);
    }
}

void oracle_exit(struct judging *j) {
    if (chs_own_program(j->s) && j->c->outcome == CHIP_OUT_FINISHED)
        own_program_exits(j);
    for (size_t i = 0; i < j->s->expect_count; i++) {
        const struct chs_expect *e = &j->s->expects[i];
        uint32_t index = 0;
        if (e->kind != CHS_EXPECT_EXIT)
            continue;
        const struct chip_actor *a = find_actor(j->c, e, &index);
        int status = index == 0 ? j->record->driver_status : a ? a->status : -1;
        bool dead = a && a->state == CHIP_STATE_DEAD;
        if (dead && status != -1 &&
            (e->by_signal ? WIFSIGNALED(status) && WTERMSIG(status) == e->status
                          : WIFEXITED(status) && WEXITSTATUS(status) == e->status))
            continue;
        struct chr_finding *f = judge_add(j, CHS_VERDICT_EXIT, e->text, e->at.line);
        f->expected = e->by_signal ? judge_text(j, "signal %s", chs_signal_name(e->status))
                                   : judge_text(j, "status %d", e->status);
        f->observed = !a      ? "there was no such process"
                      : !dead ? "it did not end"
                              : status_text(j, status);
    }
}
