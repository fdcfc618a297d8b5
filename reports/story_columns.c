/* SPDX-License-Identifier: Apache-2.0 */
/*
 * story_columns.c - the picked events side by side: a column for each actor, time downwards.
 *
 *          seq       time  parent                      | rank 0
 *     >     41       10us  mailbox.observe rank=0      |
 *                          state=TASK_DONE             |
 *                          lib/src/worker.c:210        |
 *
 * With more actors than the width can hold, one line an event with the actor's name.
 */
#include "reports/story.h"

#include <inttypes.h>
#include <string.h>

enum { PREFIX = 22, COLUMN_MIN = 24, COLUMNS_MAX = 8, LINES_MAX = 8, CELL_LEN = 160 };

struct layout {
    uint32_t actors[COLUMNS_MAX];
    size_t count;
    size_t width; /* of a column's text */
};

/* False: too many actors for the width. */
static bool lay_out(const struct story *st, const size_t *rows, size_t count, struct layout *lay) {
    bool seen[CHIP_MAX_ACTORS] = {false};
    lay->count = 0;
    for (size_t i = 0; i < count; i++)
        seen[chr_event(st->rec, rows[i])->actor] = true;
    for (uint32_t a = 0; a < CHIP_MAX_ACTORS; a++) {
        if (!seen[a])
            continue;
        if (lay->count == COLUMNS_MAX)
            return false;
        lay->actors[lay->count++] = a;
    }
    if (lay->count == 0 || st->width < PREFIX + COLUMN_MIN)
        return false;
    lay->width = (st->width - PREFIX) / lay->count - 3;
    return lay->width >= COLUMN_MIN;
}

/* Takes as many words of *text as fit into width columns (at least one character). */
static size_t take_line(const char **text, size_t width, char *line, size_t size) {
    const char *s = *text;
    while (*s == ' ')
        s++;
    size_t left = strlen(s), bytes = 0, columns = 0, step, cut = 0;
    while (bytes < left && columns < width) {
        chr__utf8_next(s + bytes, left - bytes, &step);
        bytes += step;
        columns++;
        if (s[bytes] == ' ' || s[bytes] == 0)
            cut = bytes;
    }
    if (bytes < left && cut > 0)
        bytes = cut;
    if (bytes >= size)
        bytes = size - 1;
    memcpy(line, s, bytes);
    line[bytes] = 0;
    *text = s + bytes;
    return bytes;
}

/* ": text" of a plan's entry, or nothing. */
static void add_plan(char *buf, size_t size, const struct chr_plan *plan, size_t count,
                     uint64_t i) {
    if (i < count && plan[i].text)
        chr__append(buf, size, strlen(buf), ": %s", plan[i].text);
}

static void event_words(const struct story *st, const struct chip_event *ev, char *buf,
                        size_t size) {
    const struct chr_run *run = st->run;
    char text[CHR_TEXT_LEN];
    chr__event_text(st->rec, ev, true, text);
    switch ((enum chip_event_kind)ev->kind) {
    case CHIP_EV_POINT:
        chr__append(buf, size, 0, "%s", text);
        break;
    case CHIP_EV_HOLD:
        chr__append(buf, size, 0, "is held here (%s)", text);
        break;
    case CHIP_EV_HOLD_MET:
        chr__append(buf, size, 0, "%s is met", text);
        break;
    case CHIP_EV_HOLD_ENDED:
        chr__append(buf, size, 0, "%s ends: nobody else could run", text);
        break;
    case CHIP_EV_STEP:
        chr__append(buf, size, 0, "%s", text);
        add_plan(buf, size, run->steps, run->step_count, ev->f[0]);
        break;
    case CHIP_EV_CHECK:
        chr__append(buf, size, 0, "%s", text);
        add_plan(buf, size, run->checks, run->check_count, ev->f[0]);
        break;
    default:
        chr__append(buf, size, 0, "(%s) %s", chr_event_kind_name(ev->kind), text);
        break;
    }
}

static bool place_of(const struct story *st, const struct chip_event *ev, char *buf, size_t size) {
    struct chr_frame frame;
    if (!chr_symbols_user_frame(st->sym, st->rec, ev->stack, &frame))
        return false;
    if (frame.file && frame.line > 0)
        chr__append(buf, size, 0, "%s:%d", frame.file, frame.line);
    else
        chr__append(buf, size, 0, "%s+0x%" PRIx64, frame.module, frame.offset);
    return true;
}

static enum story_ink ink_of(const struct story *st, size_t event) {
    const struct chip_event *ev = chr_event(st->rec, event);
    if (chr__is_decisive(st, event))
        return INK_RED;
    bool plan = ev->kind == CHIP_EV_HOLD || ev->kind == CHIP_EV_HOLD_MET ||
                ev->kind == CHIP_EV_HOLD_ENDED || ev->kind == CHIP_EV_FAULT;
    return plan ? INK_YELLOW : INK_PLAIN;
}

static void write_prefix(const struct story *st, size_t event, bool first) {
    char time[CHR_LABEL_LEN];
    const struct chip_event *ev = chr_event(st->rec, event);
    if (!first) {
        fprintf(st->out, "%*s", PREFIX, "");
        return;
    }
    bool decisive = chr__is_decisive(st, event);
    fprintf(st->out, "%s%s %7" PRIu64 "%s %10s  ", chr__ink(st, decisive ? INK_RED : INK_PLAIN),
            decisive ? ">" : " ", ev->seq, chr__ink_end(st, decisive ? INK_RED : INK_PLAIN),
            chr_duration_text(ev->virtual_ns, time));
}

/* The lines of an event in its column; the last may be where in the code it is. */
static void write_cell(const struct story *st, const struct layout *lay, size_t event) {
    const struct chip_event *ev = chr_event(st->rec, event);
    char words[CELL_LEN * 2], place[CELL_LEN] = "", line[CELL_LEN];
    event_words(st, ev, words, sizeof words);
    bool placed = place_of(st, ev, place, sizeof place);
    const char *rest = words;
    bool in_place = false;
    for (int k = 0; k < LINES_MAX; k++) {
        while (*rest == ' ')
            rest++;
        if (!*rest && (in_place || !placed))
            break;
        if (!*rest) {
            rest = place;
            in_place = true;
        }
        take_line(&rest, lay->width, line, sizeof line);
        enum story_ink ink = in_place ? INK_DIM : ink_of(st, event);
        write_prefix(st, event, k == 0);
        for (size_t c = 0; c < lay->count; c++) {
            bool here = lay->actors[c] == ev->actor, last = c + 1 == lay->count;
            size_t used = here ? chr__columns(line) : 0;
            if (here)
                fprintf(st->out, "%s%s%s%s", c ? " " : "", chr__ink(st, ink), line,
                        chr__ink_end(st, ink));
            if (!last)
                fprintf(st->out, "%*s |", (int)(lay->width - used + (c && !here)), "");
        }
        putc('\n', st->out);
    }
}

static void write_head(const struct story *st, const struct layout *lay) {
    char label[CHR_LABEL_LEN];
    fprintf(st->out, "%s  %7s %10s  ", chr__ink(st, INK_BOLD), "event", "time");
    for (size_t c = 0; c < lay->count; c++) {
        chr_actor_label(st->rec, lay->actors[c], label);
        if (c + 1 < lay->count)
            fprintf(st->out, "%-*s | ", (int)lay->width, label);
        else
            fputs(label, st->out);
    }
    fprintf(st->out, "%s\n", chr__ink_end(st, INK_BOLD));
}

static void write_list_row(const struct story *st, size_t event) {
    const struct chip_event *ev = chr_event(st->rec, event);
    char label[CHR_LABEL_LEN], words[CELL_LEN * 2], place[CELL_LEN], all[CELL_LEN * 3];
    event_words(st, ev, words, sizeof words);
    size_t n = chr__append(all, sizeof all, 0, "%s", words);
    if (place_of(st, ev, place, sizeof place))
        chr__append(all, sizeof all, n, "  %s", place);
    write_prefix(st, event, true);
    fprintf(st->out, "%-14s", chr_actor_label(st->rec, ev->actor, label));
    chr__wrap(st, PREFIX + 14, PREFIX + 14, all);
}

void chr__columns_write(const struct story *st, const size_t *rows, size_t count) {
    struct layout lay;
    bool columns = lay_out(st, rows, count, &lay);
    if (columns)
        write_head(st, &lay);
    for (size_t i = 0; i < count; i++) {
        size_t left_out = i > 0 ? rows[i] - rows[i - 1] - 1 : rows[i];
        if (left_out > 0)
            fprintf(st->out, "%s  %7s   %zu more%s\n", chr__ink(st, INK_DIM), "...", left_out,
                    chr__ink_end(st, INK_DIM));
        if (columns)
            write_cell(st, &lay, rows[i]);
        else
            write_list_row(st, rows[i]);
    }
    size_t total = chr_event_count(st->rec);
    if (count > 0 && total > rows[count - 1] + 1)
        fprintf(st->out, "%s  %7s   %zu more%s\n", chr__ink(st, INK_DIM), "...",
                total - rows[count - 1] - 1, chr__ink_end(st, INK_DIM));
}
