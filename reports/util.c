/* SPDX-License-Identifier: Apache-2.0 */
/*
 * util.c - error texts, UTF-8, and the nearest word, for the files of this library.
 */
#include "reports/internal.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

int chr__fail(struct chip_error *err, int code, const char *fmt, ...) {
    int saved = errno;
    if (err) {
        va_list ap;
        va_start(ap, fmt);
        err->code = code;
        err->sys_errno = code == CHIP_E_OS ? saved : 0;
        vsnprintf(err->text, sizeof err->text, fmt, ap);
        va_end(ap);
    }
    errno = saved;
    return code;
}

size_t chr__append(char *buf, size_t size, size_t used, const char *fmt, ...) {
    if (used + 1 >= size)
        return used;
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(buf + used, size - used, fmt, ap);
    va_end(ap);
    if (n < 0)
        return used;
    return (size_t)n < size - used ? used + (size_t)n : size - 1;
}

static size_t sequence_length(unsigned char lead) {
    if (lead < 0x80)
        return 1;
    if (lead >= 0xc2 && lead <= 0xdf)
        return 2;
    if (lead >= 0xe0 && lead <= 0xef)
        return 3;
    if (lead >= 0xf0 && lead <= 0xf4)
        return 4;
    return 0;
}

uint32_t chr__utf8_next(const char *s, size_t len, size_t *size) {
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *u = (const unsigned char *)s;
    size_t n = sequence_length(u[0]);
    *size = 1;
    if (n == 1)
        return u[0];
    if (n == 0 || n > len)
        return 0xfffd;
    uint32_t cp = u[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((u[i] & 0xc0) != 0x80)
            return 0xfffd;
        cp = cp << 6 | (u[i] & 0x3fu);
    }
    if (cp < smallest[n] || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
        return 0xfffd;
    *size = n;
    return cp;
}

size_t chr__columns(const char *s) {
    size_t left = strlen(s), n = 0, size;
    for (; left > 0; s += size, left -= size, n++)
        chr__utf8_next(s, left, &size);
    return n;
}

unsigned chr__distance(const char *a, const char *b) {
    enum { LONGEST = 64, FAR = 3 };
    size_t la = strlen(a), lb = strlen(b);
    if (la > LONGEST || lb > LONGEST || la > lb + 2 || lb > la + 2)
        return FAR;
    unsigned row[LONGEST + 1];
    for (size_t j = 0; j <= lb; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= la; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= lb; j++) {
            unsigned change = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            unsigned least = row[j] + 1 < row[j - 1] + 1 ? row[j] + 1 : row[j - 1] + 1;
            row[j] = change < least ? change : least;
        }
    }
    return row[lb] < FAR ? row[lb] : FAR;
}

void chr__nearer(const char *word, const char *candidate, const char **best, unsigned *distance) {
    unsigned d = candidate ? chr__distance(word, candidate) : 3;
    if (d < *distance) {
        *distance = d;
        *best = candidate;
    }
}
