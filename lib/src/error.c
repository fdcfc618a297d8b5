/* SPDX-License-Identifier: Apache-2.0 */
/*
 * error.c - status codes and error texts, and the text helpers they rest on.
 *
 * Texts are cut only at UTF-8 boundaries and are always NUL-terminated. Nothing here allocates,
 * and errno is the same after each call as before.
 */
#include "internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

CHIP_API const char *chip_status_type(int code) {
    switch (code) {
#define CHIP_X(id, type, text) \
    case CHIP_##id:            \
        return type;
        CHIP_ERRORS(CHIP_X)
#undef CHIP_X
    }
    return "UnknownError";
}

CHIP_API const char *chip_status_text(int code) {
    switch (code) {
#define CHIP_X(id, type, text) \
    case CHIP_##id:            \
        return text;
        CHIP_ERRORS(CHIP_X)
#undef CHIP_X
    }
    return "unknown error";
}

/* Length of the sequence that `lead` opens, 1 for anything that opens none. */
static size_t utf8_length(unsigned char lead) {
    if (lead >= 0xf0 && lead <= 0xf4)
        return 4;
    if (lead >= 0xe0 && lead < 0xf0)
        return 3;
    if (lead >= 0xc2 && lead < 0xe0)
        return 2;
    return 1;
}

size_t chip__utf8_cut(const char *s, size_t len, size_t max) {
    if (len <= max)
        return len;
    size_t back = 0;
    while (back < 3 && back < max && ((unsigned char)s[max - back] & 0xc0) == 0x80)
        back++;
    size_t start = max - back;
    /* Only a lead byte whose sequence reaches past max makes the cut move back. */
    return start + utf8_length((unsigned char)s[start]) > max && back > 0 ? start : max;
}

void chip__text_put(char *dst, size_t cap, const char *s) {
    CHIP_ASSERT(cap > 0);
    size_t len = strnlen(s, cap);
    size_t keep = chip__utf8_cut(s, len, cap - 1);
    memcpy(dst, s, keep);
    memset(dst + keep, 0, cap - keep);
}

void chip__text_get(char *dst, size_t dst_cap, const char *src, size_t src_cap) {
    CHIP_ASSERT(dst_cap > 0);
    size_t len = strnlen(src, src_cap);
    size_t keep = chip__utf8_cut(src, len, dst_cap - 1);
    memcpy(dst, src, keep);
    dst[keep] = '\0';
}

void chip__assert_failed(const char *cond, const char *file, int line, const char *func) {
    char text[512];
    int n = snprintf(text, sizeof text, "libchip: invariant broken: %s (%s:%d, %s)\n", cond, file,
                     line, func);
    if (n > 0) {
        size_t len = (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
        ssize_t written = write(STDERR_FILENO, text, len);
        (void)written;
    }
    abort();
}

/* Formats into a buffer larger than any text, so that the cut is made once and by us. */
static void format(char *out, size_t cap, const char *fmt, va_list ap) {
    int n = vsnprintf(out, cap, fmt, ap);
    if (n < 0)
        out[0] = '\0';
    else if ((size_t)n >= cap)
        out[chip__utf8_cut(out, cap, cap - 4)] = '\0';
}

static void set_text(struct chip_error *err, int code, int sys_errno, const char *message) {
    char whole[2 * CHIP_ERROR_TEXT];
    int n = snprintf(whole, sizeof whole, "%s: %s", chip_status_type(code), message);
    CHIP_ASSERT(n > 0 && (size_t)n < sizeof whole);
    err->code = code;
    err->sys_errno = sys_errno;
    chip__text_put(err->text, sizeof err->text, whole);
}

CHIP_API int chip_error_set(struct chip_error *err, int code, const char *fmt, ...) {
    if (!err)
        return code;
    int saved = errno;
    char message[CHIP_ERROR_TEXT + 8];
    va_list ap;
    va_start(ap, fmt);
    format(message, sizeof message, fmt, ap);
    va_end(ap);
    set_text(err, code, 0, message);
    errno = saved;
    return code;
}

CHIP_API int chip_error_sys(struct chip_error *err, int saved_errno, const char *fmt, ...) {
    if (!err)
        return CHIP_E_OS;
    int saved = errno;
    char message[CHIP_ERROR_TEXT + 8];
    char why[128];
    va_list ap;
    va_start(ap, fmt);
    format(message, sizeof message - sizeof why, fmt, ap);
    va_end(ap);
    /* The GNU form: it may return a static string instead of filling the buffer. */
    const char *text = strerror_r(saved_errno, why, sizeof why);
    size_t len = strlen(message);
    snprintf(message + len, sizeof message - len, ": %s", text);
    set_text(err, CHIP_E_OS, saved_errno, message);
    errno = saved;
    return CHIP_E_OS;
}

CHIP_API int chip_error_prefix(struct chip_error *err, const char *fmt, ...) {
    if (!err)
        return CHIP_OK;
    int saved = errno;
    char whole[2 * CHIP_ERROR_TEXT + 8];
    va_list ap;
    va_start(ap, fmt);
    format(whole, CHIP_ERROR_TEXT, fmt, ap);
    va_end(ap);
    size_t len = strlen(whole);
    memcpy(whole + len, err->text, strnlen(err->text, sizeof err->text - 1));
    whole[len + strnlen(err->text, sizeof err->text - 1)] = '\0';
    chip__text_put(err->text, sizeof err->text, whole);
    errno = saved;
    return err->code;
}
