/* SPDX-License-Identifier: Apache-2.0 */
/*
 * story.h - the parts that a story is made of: which events, side by side, and how it all ended.
 */
#ifndef CHIP_REPORTS_STORY_H
#define CHIP_REPORTS_STORY_H

#include "reports/internal.h"

enum { STORY_ROWS = 20, STORY_DECISIVE = 6 };

struct story {
    FILE *out;
    bool color;
    unsigned width;
    const struct chr_run *run;
    const struct chr_recording *rec;
    struct chr_symbols *sym;
    /* the decisive events: indexes into the recording, ascending, no index twice */
    size_t decisive[STORY_DECISIVE];
    size_t decisive_count;
};

enum story_ink { INK_PLAIN, INK_DIM, INK_BOLD, INK_RED, INK_YELLOW, INK_GREEN };

/* Starts and ends a colour; "" without colours. */
const char *chr__ink(const struct story *st, enum story_ink ink);
const char *chr__ink_end(const struct story *st, enum story_ink ink);
/* Writes text in lines of st->width, the first after `head` (already written, `used` columns), the
 * others behind `indent` blanks. Ends the line. */
void chr__wrap(const struct story *st, size_t used, size_t indent, const char *text);
bool chr__is_decisive(const struct story *st, size_t event);

/* story_pick.c: the events that matter, ascending; at most STORY_ROWS. */
size_t chr__pick(const struct story *st, size_t rows[STORY_ROWS]);
/* story_columns.c: those events, a column for each actor. */
void chr__columns_write(const struct story *st, const size_t *rows, size_t count);
/* story_end.c */
void chr__stacks_write(const struct story *st);
void chr__holds_write(const struct story *st);
void chr__faults_write(const struct story *st);
void chr__waits_write(const struct story *st);
/* The run ended with actors that still wanted something. */
bool chr__stuck(const struct chr_recording *rec);

#endif
