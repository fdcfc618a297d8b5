/* SPDX-License-Identifier: Apache-2.0 */
/*
 * internal.h - what the files of the reports library share and nobody else sees.
 */
#ifndef CHIP_REPORTS_INTERNAL_H
#define CHIP_REPORTS_INTERNAL_H

#include "reports/report.h"

struct chr_recording {
    const struct chip_control *control;
    const struct chip_stack *stacks;
    const struct chip_choice *choices;
    size_t choice_count;
    const struct chip_event **events; /* ordered by seq */
    size_t event_count;
    uint64_t lost;
    uint64_t missing;
};

/* Fills err (NULL allowed) with the formatted sentence and returns code. Keeps errno. */
int chr__fail(struct chip_error *err, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The next code point of s (at most len bytes, len > 0), its size in *size; U+FFFD with size 1 for
 * a byte that starts no valid sequence (overlong forms and surrogates are not valid). */
uint32_t chr__utf8_next(const char *s, size_t len, size_t *size);
/* Screen columns of s: one for each code point. */
size_t chr__columns(const char *s);

/* Edit distance of a and b, or 3 for anything above 2: the limit of a useful suggestion. */
unsigned chr__distance(const char *a, const char *b);
/* Keeps in *best the nearest word so far; *distance starts at 3. */
void chr__nearer(const char *word, const char *candidate, const char **best, unsigned *distance);

/* Appends the formatted text to buf, cutting at size; returns the new length (< size). */
size_t chr__append(char *buf, size_t size, size_t used, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Label of an actor by what it is: chr_actor_label() without a recording. */
const char *chr__label(uint32_t kind, uint32_t index, uint32_t incarnation,
                       char buf[CHR_LABEL_LEN]);
/* Append a value to an event's text: a number (what is above INT64_MAX as negative), and
 * " field=value" with the word of a state or command. */
size_t chr__add_number(char *buf, size_t n, uint64_t value);
size_t chr__add_field(char *buf, size_t n, uint32_t point, const char *field, uint64_t value);
/* The word of a state of that point; NULL for an unknown one. */
const char *chr__state_name(uint32_t point, uint64_t state);
/* Last part of a path. */
const char *chr__basename(const char *path);
/* "exit 1", "SIGKILL" of a wait status. */
const char *chr__status_text(uint64_t status, char buf[CHR_LABEL_LEN]);
/* The label of the actor that a field of a call names, by number or pid. */
size_t chr__add_actor(const struct chr_recording *rec, char *buf, size_t n, uint64_t value);
/* An object's name with the pids in it replaced by labels. */
const char *chr__object_name(const struct chr_recording *rec, uint64_t object,
                             char buf[CHR_TEXT_LEN]);
/* "anonymous object 0", "/chip-comm object 2": the name without what differs from run to run. */
const char *chr__object_words(const struct chr_recording *rec, uint64_t object,
                              char buf[CHR_TEXT_LEN]);

/* chr_symbols_stack() without the `without` outermost addresses. crash: the stack was taken where
 * a signal struck. */
size_t chr__symbols_part(struct chr_symbols *sym, const struct chr_recording *rec, uint32_t stack,
                         bool crash, uint32_t without, struct chr_frame *frames, size_t max);
/* chr_symbols_user_frame() of an event. */
bool chr__event_frame(struct chr_symbols *sym, const struct chr_recording *rec,
                      const struct chip_event *ev, struct chr_frame *frame);

#endif
