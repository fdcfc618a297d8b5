/* SPDX-License-Identifier: Apache-2.0 */
/*
 * story_end.c - how a run ended: the stacks of the decisive events, what became of each hold and
 * fault, and where everybody waits when nobody can go on.
 */
#include "reports/story.h"

#include <inttypes.h>
#include <string.h>

static void write_frames(const struct story *st, uint32_t stack, int indent) {
    struct chr_frame frames[CHIP_MAX_FRAMES];
    char text[CHR_TEXT_LEN];
    size_t n = chr_symbols_stack(st->sym, st->rec, stack, frames, CHIP_MAX_FRAMES);
    bool done = false; /* below main() the C library starts the program */
    for (size_t i = 0; i < n && !done; i++) {
        const struct chr_frame *f = &frames[i];
        done = f->function && strcmp(f->function, "main") == 0;
        if (f->function && f->file && f->line > 0)
            fprintf(st->out, "%*s%-36s %s%s:%d%s%s\n", indent, "", f->function,
                    chr__ink(st, INK_DIM), f->file, f->line, f->inlined ? " (inlined)" : "",
                    chr__ink_end(st, INK_DIM));
        else
            fprintf(st->out, "%*s%s\n", indent, "", chr_frame_text(f, text));
    }
    if (n == 0)
        fprintf(st->out, "%*s(no stack was taken)\n", indent, "");
}

void chr__stacks_write(const struct story *st) {
    char label[CHR_LABEL_LEN], text[CHR_TEXT_LEN];
    for (size_t i = 0; i < st->decisive_count; i++) {
        const struct chip_event *ev = chr_event(st->rec, st->decisive[i]);
        if (!chr_stack(st->rec, ev->stack))
            continue;
        fprintf(st->out, "  %s> event %" PRIu64 ", %s: %s%s\n", chr__ink(st, INK_RED), ev->seq,
                chr_actor_label(st->rec, ev->actor, label), chr_event_text(st->rec, ev, text),
                chr__ink_end(st, INK_RED));
        write_frames(st, ev->stack, 6);
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
        chr__append(buf, size, n,
                    "what it waits for had happened before the actor came there: nothing to hold");
        return;
    }
    n = chr__append(buf, size, n, "held for %" PRIu64 " step%s; ", h->steps_while_held,
                    h->steps_while_held == 1 ? "" : "s");
    if (h->met)
        chr__append(buf, size, n, "met");
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
        n = chr__append(buf, size, 0, "waits (%s) for a change of the word", kind ? kind : "?");
        n = place(st, a, n, buf, size);
        return chr__append(buf, size, n, ", which holds %" PRIu64, a->wait_value);
    }
}

static void write_waiting(const struct story *st, uint32_t i, char *buf, size_t size) {
    const struct chip_actor *a = &chr_control(st->rec)->actors[i];
    char time[CHR_LABEL_LEN];
    size_t n = awaited(st, a, buf, size);
    const struct chip_event *since = last_event(st, i, CHIP_EV_WAIT);
    if (since)
        n = chr__append(buf, size, n, ", since %s (event %" PRIu64 ")",
                        chr_duration_text(since->virtual_ns, time), since->seq);
    if (a->wait_deadline == CHIP_NO_DEADLINE)
        chr__append(buf, size, n, ", without a deadline");
    else
        chr__append(buf, size, n, ", until %s", chr_duration_text(a->wait_deadline, time));
}

static void write_living(const struct story *st, uint32_t i) {
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
    write_frames(st, a->stack, 6);
}

static void write_crash(const struct story *st, uint32_t i) {
    char label[CHR_LABEL_LEN], how[CHR_LABEL_LEN], point[CHR_LABEL_LEN];
    const struct chip_actor *a = &chr_control(st->rec)->actors[i];
    const struct chip_event *crash = last_event(st, i, CHIP_EV_CRASH);
    fprintf(st->out, "  %s died of %s after %s\n", chr_actor_label(st->rec, i, label),
            chr__status_text((uint64_t)a->status, how),
            chr_any_point_text(a->point_kind, a->point, point));
    write_frames(st, crash ? crash->stack : a->stack, 6);
}

void chr__waits_write(const struct story *st) {
    const struct chip_control *c = chr_control(st->rec);
    bool stuck = chr__stuck(st->rec);
    for (uint32_t i = 0; i < c->actor_count; i++) {
        const struct chip_actor *a = &c->actors[i];
        bool signalled = a->state == CHIP_STATE_DEAD && (a->status & 0x7f) != 0;
        if (signalled && !a->planned_death && !stuck)
            write_crash(st, i);
        else if (stuck && a->state != CHIP_STATE_DEAD && a->state != CHIP_STATE_FREE)
            write_living(st, i);
        else if (last_event(st, i, CHIP_EV_CRASH))
            write_crash(st, i);
    }
}
