/* SPDX-License-Identifier: Apache-2.0 */
/*
 * story_columns.c - the picked events side by side: a column for each actor, time downwards, and
 * at the right where in the code it is.
 *
 *          event  time  parent                           | rank 0                     where
 *       >     41  10us  mailbox.observe state=TASK_DONE  |                            mailbox.c:54
 *
 * Columns are as wide as their texts if the line is long enough; else places lose their folders
 * (the stacks have them), then texts are wrapped. With more actors than the width can hold, one
 * line an event with the actor's name.
 */
#include "reports/story.h"

#include <inttypes.h>
#include <string.h>

enum { COLUMN_MIN = 20, COLUMNS_MAX = 8, LINES_MAX = 8, BETWEEN = 3, BEFORE_PLACE = 2 };

struct cell {
    char words[STORY_WORDS], place[STORY_WORDS];
};

struct layout {
    size_t mark, seq, time; /* widths of what stands before the columns */
    uint32_t actors[COLUMNS_MAX];
    size_t count;
    size_t width[COLUMNS_MAX]; /* of a column's text */
    size_t place;              /* of the places, 0 none */
    size_t label;              /* of a list's names */
};

static size_t max_of(size_t a, size_t b) {
    return a > b ? a : b;
}

static size_t prefix_of(const struct layout *lay) {
    return lay->mark + 1 + lay->seq + 2 + lay->time + 2;
}

static void measure_prefix(const struct story *st, const size_t *rows, size_t count,
                           struct layout *lay) {
    char text[CHR_LABEL_LEN];
    lay->mark = st->should[1] != SIZE_MAX ? strlen("1st>") : strlen(">");
    lay->seq = strlen("event");
    lay->time = strlen("time");
    lay->label = 0;
    for (size_t i = 0; i < count; i++) {
        const struct chip_event *ev = chr_event(st->rec, rows[i]);
        size_t digits = chr__append(text, sizeof text, 0, "%" PRIu64, ev->seq);
        lay->seq = max_of(lay->seq, digits);
        lay->time = max_of(lay->time, strlen(chr__story_time(ev->virtual_ns, text)));
        lay->label = max_of(lay->label, strlen(chr_actor_label(st->rec, ev->actor, text)));
    }
}

static void measure_columns(const struct story *st, const size_t *rows, const struct cell *cells,
                            size_t count, struct layout *lay) {
    char label[CHR_LABEL_LEN];
    for (size_t c = 0; c < lay->count; c++) {
        lay->width[c] = chr__columns(chr_actor_label(st->rec, lay->actors[c], label));
        for (size_t i = 0; i < count; i++)
            if (chr_event(st->rec, rows[i])->actor == lay->actors[c])
                lay->width[c] = max_of(lay->width[c], chr__columns(cells[i].words));
    }
}

static void measure_places(const struct cell *cells, size_t count, struct layout *lay) {
    lay->place = 0;
    for (size_t i = 0; i < count; i++)
        lay->place = max_of(lay->place, chr__columns(cells[i].place));
}

static size_t total_of(const struct layout *lay) {
    size_t n = prefix_of(lay) + (lay->place ? BEFORE_PLACE + lay->place : 0);
    for (size_t c = 0; c < lay->count; c++)
        n += lay->width[c] + (c ? BETWEEN : 0);
    return n;
}

/* Takes the columns that do not fit down to what the others leave them. */
static bool shrink(struct layout *lay, size_t width) {
    size_t fixed = total_of(lay), least = COLUMN_MIN * lay->count;
    for (size_t c = 0; c < lay->count; c++)
        fixed -= lay->width[c];
    if (fixed + least > width)
        return false;
    size_t room = width - fixed, left = lay->count;
    bool settled[COLUMNS_MAX] = {false};
    for (bool more = true; more && left > 0;) {
        more = false;
        for (size_t c = 0; c < lay->count; c++)
            if (!settled[c] && lay->width[c] <= room / left) {
                settled[c] = more = true;
                room -= lay->width[c];
                if (--left == 0)
                    break;
            }
    }
    for (size_t c = 0; c < lay->count; c++)
        if (!settled[c])
            lay->width[c] = room / left;
    return true;
}

static void drop_folders(struct cell *cells, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const char *name = chr__basename(cells[i].place);
        memmove(cells[i].place, name, strlen(name) + 1);
    }
}

/* False: too many actors for the width. */
static bool lay_out(const struct story *st, const size_t *rows, struct cell *cells, size_t count,
                    struct layout *lay) {
    bool seen[CHIP_MAX_ACTORS] = {false};
    measure_prefix(st, rows, count, lay);
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
    measure_columns(st, rows, cells, count, lay);
    measure_places(cells, count, lay);
    if (total_of(lay) <= st->width)
        return true;
    if (prefix_of(lay) + lay->count * (COLUMN_MIN + BETWEEN) > st->width)
        return false;
    drop_folders(cells, count);
    measure_places(cells, count, lay);
    return total_of(lay) <= st->width || shrink(lay, st->width);
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

static enum story_ink ink_of(const struct story *st, size_t event) {
    const struct chip_event *ev = chr_event(st->rec, event);
    if (chr__is_decisive(st, event))
        return INK_RED;
    bool plan = ev->kind == CHIP_EV_HOLD || ev->kind == CHIP_EV_HOLD_MET ||
                ev->kind == CHIP_EV_HOLD_ENDED || ev->kind == CHIP_EV_FAULT;
    return plan ? INK_YELLOW : INK_PLAIN;
}

static void write_prefix(const struct story *st, const struct layout *lay, size_t event) {
    char time[CHR_LABEL_LEN];
    const struct chip_event *ev = chr_event(st->rec, event);
    const char *mark = event == st->should[0]        ? "1st>"
                       : event == st->should[1]      ? "2nd>"
                       : chr__is_decisive(st, event) ? ">"
                                                     : "";
    enum story_ink ink = *mark ? INK_RED : INK_PLAIN;
    fprintf(st->out, "%s%*s %*" PRIu64 "%s  %*s  ", chr__ink(st, ink), (int)lay->mark, mark,
            (int)lay->seq, ev->seq, chr__ink_end(st, ink), (int)lay->time,
            chr__story_time(ev->virtual_ns, time));
}

/* One line of an event: blank columns before and after its own, then the place. */
static void write_line(const struct story *st, const struct layout *lay, size_t event,
                       const char *line, const char *place) {
    uint32_t actor = chr_event(st->rec, event)->actor;
    enum story_ink ink = ink_of(st, event);
    for (size_t c = 0; c < lay->count; c++) {
        bool here = lay->actors[c] == actor, last = c + 1 == lay->count;
        size_t used = here ? chr__columns(line) : 0;
        if (here)
            fprintf(st->out, "%s%s%s", chr__ink(st, ink), line, chr__ink_end(st, ink));
        if (!last || *place)
            fprintf(st->out, "%*s", (int)(lay->width[c] - used), "");
        if (!last)
            fputs(c + 2 == lay->count && !*place && lay->actors[c + 1] != actor ? " |" : " | ",
                  st->out);
    }
    if (*place)
        fprintf(st->out, "  %s%s%s", chr__ink(st, INK_DIM), place, chr__ink_end(st, INK_DIM));
    putc('\n', st->out);
}

static void write_row(const struct story *st, const struct layout *lay, size_t event,
                      const struct cell *cell) {
    uint32_t actor = chr_event(st->rec, event)->actor;
    size_t width = 0;
    for (size_t c = 0; c < lay->count; c++)
        if (lay->actors[c] == actor)
            width = lay->width[c];
    const char *rest = cell->words;
    char line[STORY_WORDS];
    for (int k = 0; k < LINES_MAX && (k == 0 || *rest); k++) {
        take_line(&rest, width, line, sizeof line);
        if (k == 0)
            write_prefix(st, lay, event);
        else
            fprintf(st->out, "%*s", (int)prefix_of(lay), "");
        write_line(st, lay, event, line, k == 0 ? cell->place : "");
        while (*rest == ' ')
            rest++;
    }
}

static void write_head(const struct story *st, const struct layout *lay) {
    char label[CHR_LABEL_LEN];
    fprintf(st->out, "%s%*s %*s  %*s  ", chr__ink(st, INK_BOLD), (int)lay->mark, "", (int)lay->seq,
            "event", (int)lay->time, "time");
    for (size_t c = 0; c < lay->count; c++) {
        bool padded = c + 1 < lay->count || lay->place > 0;
        chr_actor_label(st->rec, lay->actors[c], label);
        fprintf(st->out, "%s%-*s", c ? " | " : "", padded ? (int)lay->width[c] : 0, label);
    }
    fprintf(st->out, "%s%s\n", lay->place ? "  where" : "", chr__ink_end(st, INK_BOLD));
}

static void write_list_row(const struct story *st, const struct layout *lay, size_t event,
                           const struct cell *cell) {
    const struct chip_event *ev = chr_event(st->rec, event);
    char label[CHR_LABEL_LEN], all[sizeof *cell + 4];
    size_t indent = prefix_of(lay) + lay->label + 2;
    chr__append(all, sizeof all, 0, "%s%s%s%s", cell->words, *cell->place ? " (" : "", cell->place,
                *cell->place ? ")" : "");
    write_prefix(st, lay, event);
    fprintf(st->out, "%-*s  ", (int)lay->label, chr_actor_label(st->rec, ev->actor, label));
    chr__wrap(st, indent, indent, all);
}

/* What is not shown of the events [from, to). */
static void write_gap(const struct story *st, const struct layout *lay, const size_t *rows,
                      size_t count, size_t from, size_t to) {
    char label[CHR_LABEL_LEN];
    size_t one = 0, n = chr__left_out(st, rows, count, from, to, &one);
    if (n == 0)
        return;
    fprintf(st->out, "%s%*s  %zu more", chr__ink(st, INK_DIM), (int)(lay->mark + 1 + lay->seq),
            "...", n);
    if (n == 1)
        fprintf(st->out, " of %s", chr_actor_label(st->rec, chr_event(st->rec, one)->actor, label));
    fprintf(st->out, "%s\n", chr__ink_end(st, INK_DIM));
}

void chr__columns_write(const struct story *st, const size_t *rows, size_t count) {
    struct layout lay;
    struct cell cells[STORY_ROWS];
    for (size_t i = 0; i < count; i++) {
        chr__words(st, rows[i], cells[i].words);
        chr__place(st, rows[i], cells[i].place);
    }
    bool columns = lay_out(st, rows, cells, count, &lay);
    if (columns)
        write_head(st, &lay);
    for (size_t i = 0; i < count; i++) {
        write_gap(st, &lay, rows, count, i > 0 ? rows[i - 1] + 1 : 0, rows[i]);
        if (columns)
            write_row(st, &lay, rows[i], &cells[i]);
        else
            write_list_row(st, &lay, rows[i], &cells[i]);
    }
    if (count > 0)
        write_gap(st, &lay, rows, count, rows[count - 1] + 1, chr_event_count(st->rec));
}
