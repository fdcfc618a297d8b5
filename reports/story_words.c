/* SPDX-License-Identifier: Apache-2.0 */
/*
 * story_words.c - what an event says in a story: less than in the log, in the words of a reader.
 *
 * Left out is what the story shows elsewhere (whose column it is, the only rank, the only task),
 * the field name of a state, and an error of 0, except where a process read or wrote it as a
 * result. Times are cut to the millisecond from a second on.
 */
#include "reports/story.h"

#include <inttypes.h>
#include <string.h>

const char *chr__story_time(uint64_t ns, char buf[CHR_LABEL_LEN]) {
    return chr_duration_text(ns < 1000000000 ? ns : ns - ns % 1000000, buf);
}

static bool keeps_field(const struct story *st, const struct chip_event *ev, const char *field,
                        uint64_t value) {
    const struct chip_actor *a = &chr_control(st->rec)->actors[ev->actor];
    uint32_t p = ev->point;
    if (strcmp(field, "rank") == 0)
        return !st->one_rank && !(a->kind == CHIP_ACTOR_RANK && a->index == value);
    if (strcmp(field, "generation") == 0)
        return st->generations || (p >= CHIP_POINT_BARRIER_ENTER && p <= CHIP_POINT_BARRIER_BREAK);
    if (strcmp(field, "error") == 0)
        return value != 0 || p == CHIP_POINT_MAILBOX_READ || p == CHIP_POINT_MAILBOX_RESULT;
    return true;
}

static void point_words(const struct story *st, const struct chip_event *ev,
                        char words[STORY_WORDS]) {
    char text[CHR_TEXT_LEN];
    const char *name = chr_point_name(ev->point);
    size_t n = chr__append(text, sizeof text, 0, "%s", name ? name : "?");
    for (unsigned i = 0; i < CHIP_MATCH_FIELDS; i++) {
        const char *field = chr_field_name(ev->point, i);
        if (!field || !keeps_field(st, ev, field, ev->f[i]))
            continue;
        /* "mailbox.publish TASK_DONE": the word of a state needs no name. */
        const char *state =
            strcmp(field, "state") == 0 ? chr__state_name(ev->point, ev->f[i]) : NULL;
        n = state ? chr__append(text, sizeof text, n, " %s", state)
                  : chr__add_field(text, n, ev->point, field, ev->f[i]);
    }
    chr__append(words, STORY_WORDS, 0, "%s", text);
}

static void call_words(const struct story *st, const struct chip_event *ev,
                       char words[STORY_WORDS]) {
    char text[CHR_TEXT_LEN];
    const char *name = chr_call_name(ev->point);
    size_t n = chr__append(text, sizeof text, 0, "%s(", name ? name : "?");
    if (ev->point == CHIP_CALL_kill)
        n = chr__add_actor(st->rec, text, n, ev->f[2]);
    n = chr__append(text, sizeof text, n, ")");
    if (ev->f[1] != 0) {
        const char *error = ev->f[1] < 4096 ? strerrorname_np((int)ev->f[1]) : NULL;
        n = chr__append(text, sizeof text, n, " fails: ");
        n = error ? chr__append(text, sizeof text, n, "%s", error)
                  : chr__add_number(text, n, ev->f[1]);
    } else if (ev->f[0] != 0) {
        bool actor = ev->point == CHIP_CALL_fork || ev->point == CHIP_CALL_waitpid;
        n = chr__append(text, sizeof text, n, " = ");
        n = actor ? chr__add_actor(st->rec, text, n, ev->f[0]) : chr__add_number(text, n, ev->f[0]);
    }
    chr__append(words, STORY_WORDS, 0, "%s", text);
}

size_t chr__word_at(const struct story *st, uint64_t object, uint64_t offset, char *buf, size_t n,
                    size_t size) {
    char name[CHR_TEXT_LEN];
    return chr__append(buf, size, n, "%s + %" PRIu64, chr__object_words(st->rec, object, name),
                       offset);
}

/* What is waited for: "a change of /chip-comm object 2 + 448". */
static size_t awaited(const struct story *st, const struct chip_event *ev, char *words, size_t n) {
    char label[CHR_LABEL_LEN];
    switch (ev->point) {
    case CHIP_WAIT_FUTEX:
    case CHIP_WAIT_POLL:
        n = chr__append(words, STORY_WORDS, n, "a change of ");
        return chr__word_at(st, ev->f[0], ev->f[1], words, n, STORY_WORDS);
    case CHIP_WAIT_CHILD:
        return chr__append(words, STORY_WORDS, n, "the exit of %s",
                           ev->f[0] < chr_control(st->rec)->actor_count
                               ? chr_actor_label(st->rec, (uint32_t)ev->f[0], label)
                               : "any child");
    default:
        return chr__append(words, STORY_WORDS, n, "its time");
    }
}

static void wait_words(const struct story *st, const struct chip_event *ev,
                       char words[STORY_WORDS]) {
    char time[CHR_LABEL_LEN];
    bool ended = ev->kind == CHIP_EV_TIMEOUT;
    uint64_t deadline = ev->f[ended ? 2 : 3];
    if (ev->point == CHIP_WAIT_SLEEP) {
        chr__append(words, STORY_WORDS, 0, ended ? "wakes up" : "sleeps until %s",
                    chr__story_time(deadline, time));
        return;
    }
    size_t n = chr__append(words, STORY_WORDS, 0, ended ? "waited in vain for " : "waits for ");
    n = awaited(st, ev, words, n);
    if (!ended && deadline != CHIP_NO_DEADLINE)
        chr__append(words, STORY_WORDS, n, ", until %s", chr__story_time(deadline, time));
}

static void poll_words(const struct story *st, const struct chr_poll *poll,
                       char words[STORY_WORDS]) {
    char time[CHR_LABEL_LEN];
    const struct chip_event *ev = chr_event(st->rec, poll->first);
    const char *call = ev->kind == CHIP_EV_CALL ? chr_call_name(ev->point) : NULL;
    size_t n;
    if (ev->kind == CHIP_EV_CALL) {
        n = chr__append(words, STORY_WORDS, 0, "calls %s()", call ? call : "?");
    } else if (ev->point == CHIP_WAIT_SLEEP) {
        n = chr__append(words, STORY_WORDS, 0, "sleeps");
    } else {
        n = chr__append(words, STORY_WORDS, 0, "waits for ");
        n = awaited(st, ev, words, n);
        n = chr__append(words, STORY_WORDS, n, ", looks");
    }
    n = chr__append(words, STORY_WORDS, n, " %" PRIu64 " times", poll->count);
    bool lives = chr_control(st->rec)->actors[poll->actor].state != CHIP_STATE_DEAD;
    if (poll->lasting && lives)
        n = chr__append(words, STORY_WORDS, n, " and still does at %s",
                        chr__story_time(chr_control(st->rec)->clock_ns, time));
    else
        n = chr__append(words, STORY_WORDS, n, " until %s",
                        chr__story_time(chr_event(st->rec, poll->last)->virtual_ns, time));
    if (poll->failing == SIZE_MAX)
        return;
    char failing[STORY_WORDS] = "";
    call_words(st, chr_event(st->rec, poll->failing), failing);
    chr__append(words, STORY_WORDS, n, "; each time %s", failing);
}

/* ": text" of a plan's entry, or nothing. */
static void add_plan(char words[STORY_WORDS], const struct chr_plan *plan, size_t count,
                     uint64_t i) {
    if (i < count && plan[i].text)
        chr__append(words, STORY_WORDS, strlen(words), ": %s", plan[i].text);
}

static void step_words(const struct story *st, const struct chip_event *ev,
                       char words[STORY_WORDS]) {
#define CHIP_X(id, type, text) type,
    static const char *const types[] = {CHIP_ERRORS(CHIP_X)};
#undef CHIP_X
    const struct chr_run *run = st->run;
    size_t n = chr__append(words, STORY_WORDS, 0, "step %" PRIu64, ev->f[0] + 1);
    if (ev->kind == CHIP_EV_STEP) {
        add_plan(words, run->steps, run->step_count, ev->f[0]);
        return;
    }
    if (ev->f[0] < run->step_count && run->steps[ev->f[0]].text)
        n = chr__append(words, STORY_WORDS, n, " (%s)", run->steps[ev->f[0]].text);
    const char *type = ev->f[1] < CHIP_STATUS_COUNT ? types[ev->f[1]] : "an unknown code";
    if (ev->f[1] == CHIP_OK)
        chr__append(words, STORY_WORDS, n, " succeeded");
    else
        chr__append(words, STORY_WORDS, n, " failed: %s", type);
}

static void check_words(const struct story *st, const struct chip_event *ev,
                        char words[STORY_WORDS]) {
    const struct chr_run *run = st->run;
    size_t n = chr__append(words, STORY_WORDS, 0, "check %" PRIu64, ev->f[0] + 1);
    if (ev->f[1])
        chr__append(words, STORY_WORDS, n, ": the bytes are equal");
    else
        chr__append(words, STORY_WORDS, n, ": %" PRIu64 " bytes differ", ev->f[3]);
    /* The text stands beside the finding; the line leads there. */
    if (!ev->f[1] && ev->f[0] < run->check_count && run->checks[ev->f[0]].line)
        return;
    add_plan(words, run->checks, run->check_count, ev->f[0]);
}

/* "fault 1 kill" -> "fault 1 strikes: kill" */
static void fault_words(const struct story *st, const struct chip_event *ev, const char *text,
                        char words[STORY_WORDS]) {
    size_t n = chr__append(words, STORY_WORDS, 0, "fault %" PRIu64, ev->f[0] + 1);
    const char *what = text + (strlen(text) > n ? n + 1 : n);
    const struct chip_control *c = chr_control(st->rec);
    char time[CHR_LABEL_LEN];
    n = chr__append(words, STORY_WORDS, n, " strikes: ");
    if (ev->f[1] == CHIP_FAULT_DELAY && ev->f[0] < c->fault_count)
        chr__append(words, STORY_WORDS, n, "delay %s",
                    chr_duration_text(c->faults[ev->f[0]].delay_ns, time));
    else
        chr__append(words, STORY_WORDS, n, "%s", what);
}

static void life_words(const struct story *st, const struct chip_event *ev,
                       char words[STORY_WORDS]) {
    char who[CHR_LABEL_LEN], how[CHR_LABEL_LEN];
    uint32_t actor = ev->f[0] < CHIP_NO_ACTOR ? (uint32_t)ev->f[0] : CHIP_NO_ACTOR;
    size_t n = 0;
    if (actor != ev->actor)
        n = chr__append(words, STORY_WORDS, 0, "%s ", chr_actor_label(st->rec, actor, who));
    if (ev->kind == CHIP_EV_EXIT)
        chr__append(words, STORY_WORDS, n, "ends: %s", chr__status_text(ev->f[1], how));
    else
        chr__append(words, STORY_WORDS, n, "starts");
}

void chr__words(const struct story *st, size_t event, char words[STORY_WORDS]) {
    const struct chip_event *ev = chr_event(st->rec, event);
    uint32_t poll = st->poll_of[event];
    char text[CHR_TEXT_LEN];
    words[0] = 0;
    if (poll && st->polls[poll - 1].first == event) {
        poll_words(st, &st->polls[poll - 1], words);
        return;
    }
    chr_event_text(st->rec, ev, text);
    switch ((enum chip_event_kind)ev->kind) {
    case CHIP_EV_POINT:
        point_words(st, ev, words);
        break;
    case CHIP_EV_CALL:
        call_words(st, ev, words);
        break;
    case CHIP_EV_WAIT:
    case CHIP_EV_TIMEOUT:
        wait_words(st, ev, words);
        break;
    case CHIP_EV_WAKE:
        chr__append(words, STORY_WORDS, 0, "wakes %" PRIu64 " at ", ev->f[2]);
        chr__word_at(st, ev->f[0], ev->f[1], words, strlen(words), STORY_WORDS);
        break;
    case CHIP_EV_HOLD:
        chr__append(words, STORY_WORDS, 0, "is held here (%s)", text);
        break;
    case CHIP_EV_HOLD_MET:
        chr__append(words, STORY_WORDS, 0, "%s is met", text);
        break;
    case CHIP_EV_HOLD_ENDED:
        chr__append(words, STORY_WORDS, 0, "%s ends: nobody else could run", text);
        break;
    case CHIP_EV_FAULT:
        fault_words(st, ev, text, words);
        break;
    case CHIP_EV_STEP:
    case CHIP_EV_RESULT:
        step_words(st, ev, words);
        break;
    case CHIP_EV_CHECK:
        check_words(st, ev, words);
        break;
    case CHIP_EV_START:
    case CHIP_EV_EXIT:
        life_words(st, ev, words);
        break;
    case CHIP_EV_CRASH:
        chr__append(words, STORY_WORDS, 0, "crashes: %s", text);
        break;
    case CHIP_EV_CLOCK:
    case CHIP_EV_ACCESS:
    case CHIP_EV_COUNT:
        chr__append(words, STORY_WORDS, 0, "(%s) %s", chr_event_kind_name(ev->kind), text);
        break;
    }
}

void chr__place(const struct story *st, size_t event, char place[STORY_WORDS]) {
    const struct chip_event *ev = chr_event(st->rec, event);
    const struct chr_run *run = st->run;
    const struct chr_plan *plan = NULL;
    struct chr_frame frame;
    place[0] = 0;
    if (ev->kind == CHIP_EV_CHECK && ev->f[0] < run->check_count)
        plan = &run->checks[ev->f[0]];
    else if ((ev->kind == CHIP_EV_STEP || ev->kind == CHIP_EV_RESULT) && ev->f[0] < run->step_count)
        plan = &run->steps[ev->f[0]];
    if (plan && plan->line && run->scenario_path)
        chr__append(place, STORY_WORDS, 0, "%s:%u", run->scenario_path, plan->line);
    else if (!chr__event_frame(st->sym, st->rec, ev, &frame))
        return;
    else if (frame.file && frame.line > 0)
        chr__append(place, STORY_WORDS, 0, "%s:%d", frame.file, frame.line);
    else
        chr__append(place, STORY_WORDS, 0, "%s+0x%" PRIx64, frame.module, frame.offset);
}
