/* SPDX-License-Identifier: Apache-2.0 */
/*
 * story.h - the parts that a story is made of: which events, side by side, and how it all ended.
 */
#ifndef CHIP_REPORTS_STORY_H
#define CHIP_REPORTS_STORY_H

#include "reports/internal.h"

enum {
    STORY_WEIGHED = 15, /* events chosen by weight */
    STORY_STUCK = 22,   /* the same where there is no decisive event to look at */
    STORY_FILLED = 6,   /* points added in small gaps between them */
    STORY_ROWS = 48,    /* with what stands alone in a gap */
    STORY_DECISIVE = 6,
    STORY_WORDS = 512,
    STORY_STACKS = 16
};

/* An actor that looks for one thing again and again, without an event in between that tells more:
 * slices of a wait, calls that found nothing new. */
struct chr_poll {
    size_t first,
        last;       /* indexes into the recording: the first look, the last event of the series */
    uint64_t count; /* of looks */
    size_t failing; /* the call that failed between the looks, each time alike; SIZE_MAX none */
    uint32_t actor;
    bool lasting; /* nothing came after it but the actor's death */
};

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
    /* of a wrong order: the event that should have been first, and the one that should have been
     * second; SIZE_MAX: the first finding is none, or that one never came */
    size_t should[2];
    struct chr_poll *polls;
    size_t poll_count;
    uint32_t *poll_of; /* for each event: index + 1 of the poll that it is part of, 0 none */
    bool one_rank;     /* no need to say which */
    bool generations;  /* the shown events belong to more than one task */
    /* stacks that were written, and beside what */
    struct {
        uint32_t stack;
        char by[CHR_LABEL_LEN];
    } told[STORY_STACKS];
    size_t told_count;
};

enum story_ink { INK_PLAIN, INK_DIM, INK_BOLD, INK_RED, INK_YELLOW, INK_GREEN };

/* Starts and ends a colour; "" without colours. */
const char *chr__ink(const struct story *st, enum story_ink ink);
const char *chr__ink_end(const struct story *st, enum story_ink ink);
/* Writes text in lines of st->width, the first after `head` (already written, `used` columns), the
 * others behind `indent` blanks. Ends the line. */
void chr__wrap(const struct story *st, size_t used, size_t indent, const char *text);
bool chr__is_decisive(const struct story *st, size_t event);

/* story_polls.c: fills st->polls and st->poll_of; false: no memory. */
bool chr__polls_find(struct story *st);
void chr__polls_free(struct story *st);
/* A wait, its timeout, or a call that looks at something and found nothing new. */
bool chr__is_quiet(const struct chip_event *ev);
/* The poll that this actor was in when the run, or the actor, ended; NULL if none. */
const struct chr_poll *chr__poll_lasting(const struct story *st, uint32_t actor);

/* story_pick.c: the events that matter, ascending; at most STORY_ROWS. Sets st->generations. */
size_t chr__pick(struct story *st, size_t rows[STORY_ROWS]);
/* How many of the events [from, to) between two rows say something that no row says: not the
 * waiting and waking that goes with a point. *one: the last of them. */
size_t chr__left_out(const struct story *st, const size_t *rows, size_t count, size_t from,
                     size_t to, size_t *one);

/* story_words.c: what an event says in a story, and where it happened ("" unknown). */
void chr__words(const struct story *st, size_t event, char words[STORY_WORDS]);
void chr__place(const struct story *st, size_t event, char place[STORY_WORDS]);
/* A virtual time, from a second on without what is below the millisecond. Returns buf. */
const char *chr__story_time(uint64_t ns, char buf[CHR_LABEL_LEN]);
/* "anonymous object 0 + 64" */
size_t chr__word_at(const struct story *st, uint64_t object, uint64_t offset, char *buf, size_t n,
                    size_t size);

/* story_columns.c: those events, a column for each actor. */
void chr__columns_write(const struct story *st, const size_t *rows, size_t count);
/* story_end.c */
bool chr__has_stacks(const struct story *st);
void chr__stacks_write(struct story *st);
void chr__holds_write(const struct story *st);
void chr__faults_write(const struct story *st);
void chr__waits_write(struct story *st);
/* Somebody died of what no finding shows. */
bool chr__has_deaths(const struct story *st);
/* The run ended with actors that still wanted something. */
bool chr__stuck(const struct chr_recording *rec);

#endif
