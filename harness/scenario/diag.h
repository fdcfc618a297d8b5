/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diag.h - how errors of a scenario are collected.
 *
 * One sink for each load. It keeps a copy of the file's bytes, so that messages can show the line
 * after the file is gone. An error is kept once: not again for the same place and text, nor at a
 * place where another variant of the matrix had one.
 */
#ifndef CHS_DIAG_H
#define CHS_DIAG_H

#include "harness/scenario/arena.h"
#include "harness/scenario/scenario.h"

struct chs_diag {
    struct chs_pos at;
    uint32_t width;       /* characters to mark, at least 1 */
    const char *text;     /* what was read and what is wrong with it */
    const char *expected; /* NULL, or what would have been right */
    const char *nearest;  /* NULL, or the valid word nearest to the one read */
    const char *note;     /* NULL, or one more sentence */
    size_t variant;       /* of the matrix, in which it was found first */
    struct chs_diag *next;
};

struct chs_sink {
    struct chs_arena arena;
    const char *file;
    const char *bytes; /* NULL if the file could not be read */
    size_t length;
    struct chs_diag *first;
    struct chs_diag *last;
    size_t variant;        /* that is being checked */
    size_t count;          /* errors kept */
    size_t dropped;        /* errors beyond the limit */
    struct chs_diag dummy; /* handed out for an error that is not kept */
    struct chs_sink *next;
};

/* A new sink at the end of errs; it belongs to errs. */
struct chs_sink *chs__sink_open(struct chs_errors *errs, const char *file);
void chs__sink_source(struct chs_sink *sink, const void *bytes, size_t length);

/* Adds an error; the result (never NULL) takes the details and is owned by the sink. */
struct chs_diag *chs__diag(struct chs_sink *sink, struct chs_pos at, uint32_t width,
                           const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void chs__diag_expected(struct chs_sink *sink, struct chs_diag *diag, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void chs__diag_note(struct chs_sink *sink, struct chs_diag *diag, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The bytes of a line of the source without its break; NULL beyond the end. */
const char *chs__source_line(const struct chs_sink *sink, uint32_t line, size_t *length);

/* The place of a byte of the source, counted behind a byte order mark. */
struct chs_pos chs__source_place(const struct chs_sink *sink, size_t offset);

/* A copy that is fit to be shown: control characters and broken UTF-8 as '?', cut after about 60
 * characters. */
const char *chs__shown(struct chs_arena *arena, const char *text);

/* Length of the valid UTF-8 sequence at p (at most `left` bytes), 0 if it is none. */
size_t chs__utf8_length(const char *p, size_t left);

#endif
