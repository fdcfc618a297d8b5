/* SPDX-License-Identifier: Apache-2.0 */
/*
 * words.h - the fixed words of the language, one list for each set: parsing, the allowed set in
 * messages, help and the JSON Schema all read the same list.
 */
#ifndef CHS_WORDS_H
#define CHS_WORDS_H

#include "harness/scenario/arena.h"
#include <stdbool.h>
#include <stdint.h>

struct chs_word {
    const char *word;
    uint64_t value;
    const char *help; /* NULL where the word says it */
};

struct chs_words {
    const char *what; /* "a dtype" */
    const struct chs_word *list;
    size_t count;
};

enum chs_words_id {
    CHS_W_DTYPE,
    CHS_W_PLACEMENT,
    CHS_W_STAGING,
    CHS_W_PATTERN,
    CHS_W_INITIAL,
    CHS_W_KERNEL,
    CHS_W_COMMAND,
    CHS_W_PLACE,
    CHS_W_SIGNAL,
    CHS_W_STATUS,
    CHS_W_VERDICT,
    CHS_W_CLOCK,
    CHS_W_DIRECTION,
    CHS_W_STATE,      /* of a mailbox */
    CHS_W_BOOT_STATE, /* of a bootstrap channel */
    CHS_W_CALL,
    CHS_W_ERRNO,
    CHS_W_PROBE,
    CHS_W_COUNT
};

const struct chs_words *chs__words(int id);

/* Finds a word exactly; NULL if it is not in the list. */
const struct chs_word *chs__word_find(int id, const char *word);
/* The word for a value, "?" if there is none. */
const char *chs__word_of(int id, uint64_t value);
/* The word nearest to one that is not in the list, or NULL. */
const char *chs__word_nearest(int id, const char *word);
/* "a, b or c", cut to the first few of a long list. */
const char *chs__words_or(struct chs_arena *arena, int id);

/* Bytes of an element of a dtype. */
uint32_t chs__dtype_size(uint64_t dtype);

/* The errnos that a call may return; count 0 if it cannot fail. */
const int *chs__call_errnos(uint32_t call, size_t *count);

/* Names of a probe's fields in order; a field that is not used is "_". */
const char *const *chs__point_fields(uint32_t point);

#endif
