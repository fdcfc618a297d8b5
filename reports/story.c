/* SPDX-License-Identifier: Apache-2.0 */
/*
 * story.c - what a run looks like on a terminal: the headline, expected against observed, the few
 * steps that matter, the stacks, the plan, and the line that repeats it all.
 */
#include "reports/story.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_WIDTH = 100, LABEL_WIDTH = 15 };

/* ---- ink and lines ---- */

const char *chr__ink(const struct story *st, enum story_ink ink) {
    static const char *const codes[] = {"",         "\033[2m",  "\033[1m",
                                        "\033[31m", "\033[33m", "\033[32m"};
    return st->color ? codes[ink] : "";
}

const char *chr__ink_end(const struct story *st, enum story_ink ink) {
    return st->color && ink != INK_PLAIN ? "\033[0m" : "";
}

void chr__wrap(const struct story *st, size_t used, size_t indent, const char *text) {
    size_t at = used;
    bool fresh = true; /* no word stands in the line yet */
    while (*text) {
        size_t blanks = strspn(text, " \n");
        text += blanks;
        size_t bytes = strcspn(text, " \n");
        if (bytes == 0)
            break;
        char word[512];
        snprintf(word, sizeof word, "%.*s", (int)(bytes < sizeof word ? bytes : sizeof word - 1),
                 text);
        size_t columns = chr__columns(word);
        if (!fresh && at + 1 + columns > st->width) {
            fprintf(st->out, "\n%*s", (int)indent, "");
            at = indent;
            fresh = true;
        }
        fprintf(st->out, "%s%s", fresh ? "" : " ", word);
        at += columns + !fresh;
        fresh = false;
        text += bytes;
    }
    putc('\n', st->out);
}

static void labelled(const struct story *st, const char *label, const char *text) {
    if (!text)
        return;
    fprintf(st->out, "  %s%-*s%s", chr__ink(st, INK_BOLD), LABEL_WIDTH - 2, label,
            chr__ink_end(st, INK_BOLD));
    chr__wrap(st, LABEL_WIDTH, LABEL_WIDTH, text);
}

static void section(const struct story *st, const char *title) {
    fprintf(st->out, "\n%s%s%s\n", chr__ink(st, INK_BOLD), title, chr__ink_end(st, INK_BOLD));
}

/* ---- the headline ---- */

const char *chr_run_title(const struct chr_run *run, char *buf, size_t len) {
    size_t n = chr__append(buf, len, 0, "%s", run->scenario ? run->scenario : "?");
    for (size_t i = 0; i < run->param_count; i++)
        n = chr__append(buf, len, n, "%s%s=%s", i ? " " : " [", run->params[i].name,
                        run->params[i].value);
    if (run->param_count > 0)
        n = chr__append(buf, len, n, "]");
    if (run->defect)
        n = chr__append(buf, len, n, " defect %s", run->defect);
    chr__append(buf, len, n, " seed %" PRIu64, run->seed);
    return buf;
}

static const char *status_word(const struct chr_run *run, enum story_ink *ink) {
    switch (run->status) {
    case CHR_PASSED:
        *ink = INK_GREEN;
        return "PASS";
    case CHR_FAILED:
        *ink = INK_RED;
        return "FAIL";
    case CHR_SKIPPED:
        *ink = INK_YELLOW;
        return "SKIP";
    case CHR_VACUOUS:
        *ink = INK_YELLOW;
        return "VACUOUS";
    case CHR_BROKEN:
        break;
    }
    *ink = INK_RED;
    return "ERROR";
}

static void headline(const struct story *st) {
    char title[512];
    enum story_ink ink;
    const char *word = status_word(st->run, &ink);
    fprintf(st->out, "%s%s%s %s", chr__ink(st, ink), word, chr__ink_end(st, ink),
            chr_run_title(st->run, title, sizeof title));
    bool plain = st->run->status == CHR_PASSED || st->run->status == CHR_SKIPPED;
    if (st->run->verdict && !plain)
        fprintf(st->out, ": %s%s%s", chr__ink(st, INK_BOLD), st->run->verdict,
                chr__ink_end(st, INK_BOLD));
}

/* ---- findings ---- */

static size_t place_of(const struct chr_finding *f, char *buf, size_t size) {
    buf[0] = 0;
    return f->file && f->line ? chr__append(buf, size, 0, "%s:%u: ", f->file, f->line) : 0;
}

static void write_finding(const struct story *st, const struct chr_finding *f) {
    char text[2048];
    size_t n = place_of(f, text, sizeof text);
    chr__append(text, sizeof text, n, "%s", f->expectation ? f->expectation : "");
    if (*text)
        labelled(st, "expectation", text);
    labelled(st, "expected", f->expected);
    labelled(st, "observed", f->observed);
}

/* What else was found is most often a consequence: where it stands, and what came instead. */
static void write_consequence(const struct story *st, const struct chr_finding *f) {
    char text[2048], place[512];
    const struct chr_finding *first = st->run->findings;
    if (f->file && f->line && first->file && strcmp(f->file, first->file) == 0)
        chr__append(place, sizeof place, 0, "line %u: ", f->line);
    else
        place_of(f, place, sizeof place);
    const char *what = f->expectation ? f->expectation : f->expected;
    size_t n = chr__append(text, sizeof text, 0, "%s%s%s%s", f->verdict ? f->verdict : "",
                           f->verdict ? ": " : "", place, what ? what : "");
    if (f->observed)
        chr__append(text, sizeof text, n, "%s%s", what ? ": " : "", f->observed);
    labelled(st, "also", text);
}

static void write_findings(const struct story *st) {
    enum { SHOWN = 6 };
    char text[64];
    size_t count = st->run->finding_count, shown = count > SHOWN ? SHOWN - 1 : count;
    for (size_t i = 0; i < shown; i++) {
        if (i == 0)
            write_finding(st, &st->run->findings[i]);
        else
            write_consequence(st, &st->run->findings[i]);
    }
    if (shown < count) {
        chr__append(text, sizeof text, 0, "%zu more, see result.json", count - shown);
        labelled(st, "also", text);
    }
    labelled(st, "note", st->run->note);
}

static void add_decisive(struct story *st, uint64_t seq) {
    size_t index = seq == CHR_NO_SEQ ? SIZE_MAX : chr_event_index(st->rec, seq);
    if (index == SIZE_MAX || st->decisive_count == STORY_DECISIVE || chr__is_decisive(st, index))
        return;
    size_t at = st->decisive_count++;
    for (; at > 0 && st->decisive[at - 1] > index; at--)
        st->decisive[at] = st->decisive[at - 1];
    st->decisive[at] = index;
}

/* In which order the two events of the first finding should have come, if that is what it says. */
static void set_order(struct story *st) {
    const struct chr_finding *f = st->run->findings;
    st->should[0] = st->should[1] = SIZE_MAX;
    if (st->run->finding_count == 0 || !f->verdict || strcmp(f->verdict, "order") != 0)
        return;
    for (int k = 0; k < 2; k++)
        if (f->seq[k] != CHR_NO_SEQ)
            st->should[k] = chr_event_index(st->rec, f->seq[k]);
}

static bool one_rank(const struct chip_control *c) {
    for (uint32_t i = 0; i < c->actor_count; i++)
        if (c->actors[i].kind == CHIP_ACTOR_RANK && c->actors[i].index != 0)
            return false;
    return true;
}

bool chr__is_decisive(const struct story *st, size_t event) {
    for (size_t i = 0; i < st->decisive_count; i++)
        if (st->decisive[i] == event)
            return true;
    return false;
}

/* ---- the whole ---- */

static void write_plan(const struct story *st) {
    const struct chr_run *run = st->run;
    if (!run->measure.known || run->hold_count + run->fault_count == 0)
        return;
    section(st, "what the plan did");
    chr__holds_write(st);
    chr__faults_write(st);
}

static void write_events(struct story *st) {
    size_t rows[STORY_ROWS], count = chr__pick(st, rows);
    if (count == 0)
        return;
    section(st, st->should[1] != SIZE_MAX ? "what happened (1st and 2nd: the order expected)"
                : st->decisive_count > 0  ? "what happened (> decides)"
                                          : "what happened");
    chr__columns_write(st, rows, count);
}

static void write_recording(struct story *st) {
    for (size_t i = 0; i < st->run->finding_count; i++)
        for (int k = 0; k < 2; k++)
            add_decisive(st, st->run->findings[i].seq[k]);
    set_order(st);
    st->one_rank = one_rank(chr_control(st->rec));
    write_events(st);
    if (chr__has_stacks(st)) {
        section(st, "stacks");
        chr__stacks_write(st);
    }
    if (chr__stuck(st->rec)) {
        section(st, "who waits for what");
        chr__waits_write(st);
    } else if (chr__has_deaths(st)) {
        section(st, "who died");
        chr__waits_write(st);
    }
    uint64_t lost = chr_events_lost(st->rec) + chr_events_missing(st->rec);
    if (lost > 0)
        fprintf(st->out, "\n  %" PRIu64 " events are missing: a log was full or its writer died\n",
                lost);
}

static struct story begin(FILE *out, const struct chr_style *style, const struct chr_run *run) {
    return (struct story){.out = out,
                          .color = style->color,
                          .width = style->width ? style->width : DEFAULT_WIDTH,
                          .run = run};
}

void chr_story(FILE *out, const struct chr_style *style, const struct chr_run *run,
               const struct chr_recording *rec, struct chr_symbols *sym) {
    struct story st = begin(out, style, run);
    struct chr_symbols *own = sym ? NULL : chr_symbols_new();
    st.rec = rec;
    st.sym = sym ? sym : own;
    headline(&st);
    fputs("\n\n", out);
    write_findings(&st);
    if (rec && st.sym && chr__polls_find(&st)) {
        write_recording(&st);
        chr__polls_free(&st);
    }
    write_plan(&st);
    if (run->replay)
        fprintf(out, "\n%sreplay: %s%s\n", chr__ink(&st, INK_BOLD), run->replay,
                chr__ink_end(&st, INK_BOLD));
    chr_symbols_free(own);
}

void chr_story_short(FILE *out, const struct chr_style *style, const struct chr_run *run) {
    struct story st = begin(out, style, run);
    char time[CHR_LABEL_LEN];
    const struct chr_measure *m = &run->measure;
    headline(&st);
    if (m->known)
        fprintf(out, "  %s%" PRIu64 " steps, %" PRIu64 " switches, %s virtual%s",
                chr__ink(&st, INK_DIM), m->steps, m->switches,
                chr_duration_text(m->virtual_ns, time), chr__ink_end(&st, INK_DIM));
    putc('\n', out);
    if (run->status == CHR_PASSED)
        return;
    write_findings(&st);
    if (m->known && run->status == CHR_VACUOUS) {
        chr__holds_write(&st);
        chr__faults_write(&st);
    }
}
