/* SPDX-License-Identifier: Apache-2.0 */
/*
 * suggest.c - the valid word nearest to the one that was read.
 *
 * Distance: insertions, deletions, replacements and swaps of neighbours (optimal string
 * alignment); a change of case costs nothing. At most 2, and for short words less than half of
 * the word, so that "x" does not suggest "at".
 */
#include "harness/scenario/scenario.h"

#include <ctype.h>
#include <string.h>

enum { MAX_WORD = 64, MAX_DISTANCE = 2 };

static unsigned min3(unsigned a, unsigned b, unsigned c) {
    unsigned m = a < b ? a : b;

    return m < c ? m : c;
}

static int lower(char c) {
    return tolower((unsigned char)c);
}

static unsigned distance(const char *a, size_t n, const char *b, size_t m) {
    unsigned rows[3][MAX_WORD + 1];
    unsigned *before = rows[0], *last = rows[1], *now = rows[2];

    for (size_t j = 0; j <= m; j++)
        last[j] = (unsigned)j;
    for (size_t i = 1; i <= n; i++) {
        unsigned *spare = before;

        now[0] = (unsigned)i;
        for (size_t j = 1; j <= m; j++) {
            unsigned cost = lower(a[i - 1]) != lower(b[j - 1]);

            now[j] = min3(last[j] + 1, now[j - 1] + 1, last[j - 1] + cost);
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                lower(a[i - 2]) == lower(b[j - 1]) && before[j - 2] + 1 < now[j])
                now[j] = before[j - 2] + 1;
        }
        before = last;
        last = now;
        now = spare;
    }
    return last[m];
}

const char *chs_nearest(const char *word, const char *const *words, size_t count) {
    size_t n = strlen(word);
    unsigned best = MAX_DISTANCE + 1;
    const char *result = NULL;

    if (n == 0 || n > MAX_WORD)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        size_t m = strlen(words[i]);
        size_t shorter = n < m ? n : m;
        unsigned d;

        if (!strcmp(word, words[i])) /* it was read, so it is not what was meant */
            continue;
        if (m > MAX_WORD || (n > m ? n - m : m - n) > MAX_DISTANCE)
            continue;
        d = distance(word, n, words[i], m);
        if (d < best && (d == 0 || 2 * d <= shorter)) {
            best = d;
            result = words[i];
        }
    }
    return result;
}
