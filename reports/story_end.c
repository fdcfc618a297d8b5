/* SPDX-License-Identifier: Apache-2.0 */
/*
 * story_end.c - how a run ended: the stacks of the decisive events, what became of each hold and
 * fault, and where everybody waits when nobody can go on.
 */
#include "reports/story.h"

#include <inttypes.h>
#include <string.h>
#include <sys/wait.h>

/* How many of the outermost addresses of a stack a child has from the process that forked it: those
 * that it still shares with the stack of its start. */
static uint32_t inherited(const struct story *st, uint32_t actor, uint32_t stack) {
    const struct chip_stack *s = chr_stack(st->rec, stack), *first = NULL;
    uint32_t kind = chr_control(st->rec)->actors[actor].kind;
    if (!s || (kind != CHIP_ACTOR_RANK && kind != CHIP_ACTOR_PROCESS))
        return 0;
    for (size_t i = 0; i < chr_event_count(st->rec) && !first; i++) {
        const struct chip_event *ev = chr_event(st->rec, i);
        if (ev->actor == actor && ev->kind == CHIP_EV_POINT && ev->point == CHIP_POINT_CHILD_START)
            first = chr_stack(st->rec, ev->stack);
    }
    uint32_t n = 0;
    while (first && n + 1 < first->depth && n + 1 < s->depth &&
           first->module[first->depth - 1 - n] == s->module[s->depth - 1 - n] &&
           first->offset[first->depth - 1 - n] == s->offset[s->depth - 1 - n])
        n++;
    return n;
}

/* The stack of an actor; one that was written before is named by what it stands beside. */
static void write_frames(struct story *st, uint32_t actor, uint32_t stack, bool crash,
                         const char *by) {
    enum { INDENT = 6 };
    struct chr_frame frames[CHIP_MAX_FRAMES];
    char text[CHR_TEXT_LEN];
    for (size_t i = 0; i < st->told_count; i++)
        if (stack && st->told[i].stack == stack) {
            fprintf(st->out, "%*s(the stack of %s)\n", INDENT, "", st->told[i].by);
            return;
        }
    uint32_t without = inherited(st, actor, stack);
    size_t n = chr__symbols_part(st->sym, st->rec, stack, crash, without, frames, CHIP_MAX_FRAMES);
    bool done = false; /* below main() the C library starts the program */
    for (size_t i = 0; i < n && !done; i++) {
        const struct chr_frame *f = &frames[i];
        done = f->function && strcmp(f->function, "main") == 0;
        if (f->function && f->file && f->line > 0)
            fprintf(st->out, "%*s%-36s %s%s:%d%s%s\n", INDENT, "", f->function,
                    chr__ink(st, INK_DIM), f->file, f->line, f->inlined ? " (inlined)" : "",
                    chr__ink_end(st, INK_DIM));
        else
            fprintf(st->out, "%*s%s\n", INDENT, "", chr_frame_text(f, text));
    }
    if (stack && st->told_count < STORY_STACKS) {
        st->told[st->told_count].stack = stack;
        chr__append(st->told[st->told_count++].by, CHR_LABEL_LEN, 0, "%s", by);
    }
}

static bool own_stack(const struct story *st) {
    for (size_t i = 0; i < st->decisive_count; i++)
        if (chr_stack(st->rec, chr_event(st->rec, st->decisive[i])->stack))
            return true;
    return false;
}

/* The event whose stack tells about this one: itself, or, where no decisive event has a stack, for
 * a comparison the point that its actor had just passed. NULL if none. */
static const struct chip_event *with_stack(const struct story *st, size_t event) {
    const struct chip_event *ev = chr_event(st->rec, event);
    if (chr_stack(st->rec, ev->stack))
        return ev;
    if (ev->kind != CHIP_EV_CHECK || own_stack(st))
        return NULL;
    for (size_t i = event; i-- > 0;) {
        const struct chip_event *before = chr_event(st->rec, i);
        if (before->actor == ev->actor)
            return before->kind == CHIP_EV_POINT && chr_stack(st->rec, before->stack) ? before
                                                                                      : NULL;
    }
    return NULL;
}

bool chr__has_stacks(const struct story *st) {
    for (size_t i = 0; i < st->decisive_count; i++)
        if (with_stack(st, st->decisive[i]))
            return true;
    return false;
}

void chr__stacks_write(struct story *st) {
    char label[CHR_LABEL_LEN], text[CHR_TEXT_LEN], by[CHR_LABEL_LEN];
    for (size_t i = 0; i < st->decisive_count; i++) {
        char at[CHR_LABEL_LEN] = "";
        const struct chip_event *decides = chr_event(st->rec, st->decisive[i]);
        const struct chip_event *ev = with_stack(st, st->decisive[i]);
        if (!ev)
            continue;
        chr__append(by, sizeof by, 0, "event %" PRIu64, decides->seq);
        if (ev != decides)
            chr__append(at, sizeof at, 0, "check %" PRIu64 " at ", decides->f[0] + 1);
        fprintf(st->out, "  %s> %s, %s: %s%s%s\n", chr__ink(st, INK_RED), by,
                chr_actor_label(st->rec, ev->actor, label), at, chr_event_text(st->rec, ev, text),
                chr__ink_end(st, INK_RED));
        write_frames(st, ev->actor, ev->stack, ev->kind == CHIP_EV_CRASH, by);
    }
}

/* ---- the plan ---- */

static const char *file_of(const struct chr_run *run) {
    return run->scenario_path ? chr__basename(run->scenario_path) : "script";
}

static void plan_head(const struct story *st, const char *what, size_t i,
                      const struct chr_plan *plan, char *buf, size_t size) {
    size_t n = chr__append(buf, size, 0, "%s %zu", what, i + 1);
    if (plan->line)
        n = chr__append(buf, size, n, " (%s line %u)", file_of(st->run), plan->line);
    chr__append(buf, size, n, ": %s: ", plan->text ? plan->text : "");
}

static void hold_end(const struct chr_hold_end *h, char *buf, size_t size) {
    size_t n = strlen(buf);
    if (!h->reached) {
        chr__append(buf, size, n, "never reached");
        return;
    }
    if (!h->held) {
        chr__append(buf, size, n, "the awaited point had been passed before: nothing to hold");
        return;
    }
    n = chr__append(buf, size, n, "held for %" PRIu64 " step%s; ", h->steps_while_held,
                    h->steps_while_held == 1 ? "" : "s");
    if (h->met)
        chr__append(buf, size, n, "met");
    else if (h->died)
        chr__append(buf, size, n, "ended because the actor that was held died");
    else if (h->ended)
        chr__append(buf, size, n,
                    "ended because nobody else could run: the order asked for cannot happen in "
                    "this build");
    else
        chr__append(buf, size, n, "still held when the run ended");
}

void chr__holds_write(const struct story *st) {
    const struct chr_run *run = st->run;
    char text[1024];
    for (size_t i = 0; i < run->hold_count && i < run->measure.hold_count; i++) {
        const struct chr_hold_end *h = &run->measure.holds[i];
        plan_head(st, "hold", i, &run->holds[i], text, sizeof text);
        hold_end(h, text, sizeof text);
        fputs("  ", st->out);
        chr__wrap(st, 2, 6, text);
    }
}

void chr__faults_write(const struct story *st) {
    const struct chr_run *run = st->run;
    char text[1024];
    for (size_t i = 0; i < run->fault_count && i < run->measure.fault_count; i++) {
        const struct chr_fault_end *f = &run->measure.faults[i];
        plan_head(st, "fault", i, &run->faults[i], text, sizeof text);
        size_t n = strlen(text);
        if (f->fired)
            chr__append(text, sizeof text, n, "struck %u time%s", f->fired,
                        f->fired == 1 ? "" : "s");
        else
            chr__append(text, sizeof text, n, "never struck (%" PRIu64 " of its kind seen)",
                        f->seen);
        fputs("  ", st->out);
        chr__wrap(st, 2, 6, text);
    }
}

/* ---- who waits for what ---- */

bool chr__stuck(const struct chr_recording *rec) {
    uint32_t outcome = chr_control(rec)->outcome;
    return outcome != CHIP_OUT_FINISHED && outcome != CHIP_OUT_RUNNING;
}

/* The last event of a kind by that actor, or NULL. */
static const struct chip_event *last_event(const struct story *st, uint32_t actor, uint32_t kind) {
    for (size_t i = chr_event_count(st->rec); i-- > 0;) {
        const struct chip_event *ev = chr_event(st->rec, i);
        if (ev->actor == actor && ev->kind == kind)
            return ev;
    }
    return NULL;
}

/* Where the awaited object lies: what no other process can reach has no name and a number of its
 * own. */
static size_t place(const struct story *st, const struct chip_actor *a, size_t n, char *buf,
                    size_t size) {
    char name[CHR_TEXT_LEN];
    if (a->wait_object >= CHIP_MAX_OBJECTS)
        return chr__append(buf, size, n, " at 0x%" PRIx64, a->wait_offset);
    chr__object_name(st->rec, a->wait_object, name);
    return chr__append(buf, size, n, " at offset %" PRIu64 " of object %u%s%s", a->wait_offset,
                       a->wait_object, *name ? " " : "", name);
}

static size_t awaited_lock(const struct story *st, const struct chip_actor *a, char *buf,
                           size_t size) {
    char label[CHR_LABEL_LEN];
    size_t n = chr__append(buf, size, 0, "waits for the %s", chr_wait_kind_name(a->wait_kind));
    n = place(st, a, n, buf, size);
    if (a->wait_owner >= chr_control(st->rec)->actor_count)
        return n;
    return chr__append(buf, size, n, ", which %s has",
                       chr_actor_label(st->rec, a->wait_owner, label));
}

static size_t awaited(const struct story *st, const struct chip_actor *a, char *buf, size_t size) {
    char label[CHR_LABEL_LEN];
    const char *kind = chr_wait_kind_name(a->wait_kind);
    size_t n;
    switch (a->wait_kind) {
    case CHIP_WAIT_SLEEP:
        return chr__append(buf, size, 0, "sleeps");
    case CHIP_WAIT_CHILD:
    case CHIP_WAIT_JOIN:
        return chr__append(buf, size, 0, "waits for the exit of %s",
                           a->wait_object < chr_control(st->rec)->actor_count
                               ? chr_actor_label(st->rec, a->wait_object, label)
                               : "any child");
    case CHIP_WAIT_MUTEX:
    case CHIP_WAIT_RWLOCK:
    case CHIP_WAIT_ONCE:
        return awaited_lock(st, a, buf, size);
    case CHIP_WAIT_COND:
    case CHIP_WAIT_SEM:
    case CHIP_WAIT_BARRIER:
        n = chr__append(buf, size, 0, "waits for the %s", kind);
        return place(st, a, n, buf, size);
    case CHIP_WAIT_IO:
        return chr__append(buf, size, 0, "waits for descriptor %" PRIu64, a->wait_offset);
    default:
        n = chr__append(buf, size, 0, "waits for a change of ");
        n = chr__word_at(st, a->wait_object, a->wait_offset, buf, n, size);
        return chr__append(buf, size, n, ", which holds %" PRIu64, a->wait_value);
    }
}

static void write_waiting(const struct story *st, uint32_t i, char *buf, size_t size) {
    const struct chip_actor *a = &chr_control(st->rec)->actors[i];
    char time[CHR_LABEL_LEN];
    size_t n = awaited(st, a, buf, size);
    const struct chr_poll *poll = chr__poll_lasting(st, i);
    const struct chip_event *since =
        poll ? chr_event(st->rec, poll->first) : last_event(st, i, CHIP_EV_WAIT);
    if (since)
        n = chr__append(buf, size, n, ", since %s (event %" PRIu64 ")",
                        chr__story_time(since->virtual_ns, time), since->seq);
    if (a->wait_deadline == CHIP_NO_DEADLINE)
        chr__append(buf, size, n, ", without a deadline");
    else if (poll)
        chr__append(buf, size, n, "; has looked %" PRIu64 " times, the next is due at %s",
                    poll->count, chr__story_time(a->wait_deadline, time));
    else
        chr__append(buf, size, n, ", until %s", chr__story_time(a->wait_deadline, time));
}

static void write_living(struct story *st, uint32_t i) {
    const struct chip_actor *a = &chr_control(st->rec)->actors[i];
    char label[CHR_LABEL_LEN], point[CHR_LABEL_LEN], what[1024], line[1200];
    chr_any_point_text(a->point_kind, a->point, point);
    if (a->state == CHIP_STATE_WAITING)
        write_waiting(st, i, what, sizeof what);
    else if (a->held_by)
        chr__append(what, sizeof what, 0, "is held before %s by hold %u", point, a->held_by);
    else if (a->pending)
        chr__append(what, sizeof what, 0, "can run; stands before %s", point);
    else
        chr__append(what, sizeof what, 0, "runs; last seen at %s", point);
    chr__append(line, sizeof line, 0, "%s %s", chr_actor_label(st->rec, i, label), what);
    fputs("  ", st->out);
    chr__wrap(st, 2, 6, line);
    write_frames(st, i, a->stack, false, chr_actor_label(st->rec, i, label));
}

static void write_crash(struct story *st, uint32_t i) {
    char label[CHR_LABEL_LEN], how[CHR_LABEL_LEN], point[CHR_LABEL_LEN];
    const struct chip_actor *a = &chr_control(st->rec)->actors[i];
    const struct chip_event *crash = last_event(st, i, CHIP_EV_CRASH);
    fprintf(st->out, "  %s died of %s after %s\n", chr_actor_label(st->rec, i, label),
            chr__status_text((uint64_t)a->status, how),
            chr_any_point_text(a->point_kind, a->point, point));
    write_frames(st, i, crash ? crash->stack : a->stack, crash != NULL, label);
}

/* It died of a signal that nobody planned, and no finding has shown its crash. */
static bool is_death(const struct story *st, uint32_t i) {
    const struct chip_actor *a = &chr_control(st->rec)->actors[i];
    const struct chip_event *crash = last_event(st, i, CHIP_EV_CRASH);
    bool told = crash && chr__is_decisive(st, chr_event_index(st->rec, crash->seq));
    bool signalled = a->state == CHIP_STATE_DEAD && WIFSIGNALED(a->status);
    return signalled && !a->planned_death && !told;
}

bool chr__has_deaths(const struct story *st) {
    for (uint32_t i = 0; i < chr_control(st->rec)->actor_count; i++)
        if (is_death(st, i))
            return true;
    return false;
}

void chr__waits_write(struct story *st) {
    const struct chip_control *c = chr_control(st->rec);
    bool stuck = chr__stuck(st->rec);
    for (uint32_t i = 0; i < c->actor_count; i++) {
        const struct chip_actor *a = &c->actors[i];
        if (!stuck && is_death(st, i))
            write_crash(st, i);
        else if (stuck && a->state != CHIP_STATE_DEAD && a->state != CHIP_STATE_FREE)
            write_living(st, i);
        else if (stuck && last_event(st, i, CHIP_EV_CRASH))
            write_crash(st, i);
    }
}
