/* SPDX-License-Identifier: Apache-2.0 */
/*
 * type_value.c - numbers, sizes, durations, truth values.
 *
 * A number is decimal or 0x hexadecimal, without a sign or a leading zero (which some YAML readers
 * take for octal). Sizes may have a unit, durations must; nothing is rounded.
 */
#include "harness/scenario/type.h"

#include <string.h>

struct unit {
    const char *word;
    uint64_t factor;
};

static const struct unit size_units[] = {
    {"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}};
static const struct unit time_units[] = {{"ns", 1},
                                         {"us", 1000},
                                         {"ms", 1000000},
                                         {"s", 1000000000},
                                         {"min", UINT64_C(60000000000)},
                                         {"h", UINT64_C(3600000000000)}};
enum { SIZE_UNITS = 4, TIME_UNITS = 6 };

static int digit_of(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return 16;
}

/* The digits at the start of text. NULL if there are none; *big if they do not fit. */
static const char *digits(const char *text, uint64_t *value, bool *big) {
    int base = 10;
    const char *start;

    *value = 0;
    *big = false;
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        base = 16;
        text += 2;
    }
    for (start = text; digit_of(*text) < base; text++) {
        if (__builtin_mul_overflow(*value, (uint64_t)base, value) ||
            __builtin_add_overflow(*value, (uint64_t)digit_of(*text), value))
            *big = true;
    }
    if (text == start || (base == 10 && *start == '0' && text > start + 1))
        return NULL;
    return text;
}

static const char *limit_text(struct chs_ctx *ctx, const struct chs_row *row, uint64_t value) {
    static const struct {
        uint64_t factor;
        const char *unit;
    } sizes[] = {{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}};

    if (row->type == CHS_T_DURATION) {
        for (int i = TIME_UNITS - 1; i > 0; i--) {
            if (value && value % time_units[i].factor == 0)
                return chs__arena_format(ctx->arena, "%llu%s",
                                         (unsigned long long)(value / time_units[i].factor),
                                         time_units[i].word);
        }
        return chs__arena_format(ctx->arena, "%lluns", (unsigned long long)value);
    }
    for (size_t i = 0; row->type == CHS_T_SIZE && i < 3; i++) {
        if (value && value % sizes[i].factor == 0)
            return chs__arena_format(ctx->arena, "%llu%s",
                                     (unsigned long long)(value / sizes[i].factor), sizes[i].unit);
    }
    return chs__arena_format(ctx->arena, "%llu", (unsigned long long)value);
}

/* Rows that type lists of numbers use min and max for the length. */
static bool has_range(const struct chs_row *row) {
    return row->type == CHS_T_UINT || row->type == CHS_T_SIZE || row->type == CHS_T_DURATION ||
           row->type == CHS_T_STATUS || row->type == CHS_T_TIMES;
}

static bool in_range(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
                     uint64_t value, bool big) {
    struct chs_diag *diag;

    if (!big && (!has_range(row) || (value >= row->min && value <= row->max)))
        return true;
    diag = chs__bad(ctx, node, "'%s' is out of range: %s", row->key, chs__what(ctx->arena, node));
    if (has_range(row))
        chs__expected(ctx, diag, "%s to %s", limit_text(ctx, row, row->min),
                      limit_text(ctx, row, row->max));
    else
        chs__expected(ctx, diag, "a number below 2^64");
    return false;
}

static bool is_scalar(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row) {
    if (node->kind == CHS_SCALAR && !chs__is_null(node))
        return !node->bad;
    chs__bad_value(ctx, node, row);
    return false;
}

static bool number(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
                   uint64_t *value) {
    uint64_t parsed;
    const char *end;
    bool big;

    if (!is_scalar(ctx, node, row))
        return false;
    end = digits(node->text, &parsed, &big);
    if (!end || *end) {
        struct chs_diag *diag = chs__bad_value(ctx, node, row);

        if (node->text[0] == '0' && digit_of(node->text[1]) < 10)
            chs__diag_note(ctx->sink, diag,
                           "a leading zero is read as octal by some; leave it out");
        return false;
    }
    if (!in_range(ctx, node, row, parsed, big))
        return false;
    *value = parsed;
    return true;
}

/* A number with a unit of the list. */
static bool measure(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
                    const struct unit *units, size_t count, uint64_t *value) {
    const char *words[TIME_UNITS], *end;
    struct chs_diag *diag;
    uint64_t parsed;
    bool big;

    if (!is_scalar(ctx, node, row))
        return false;
    end = digits(node->text, &parsed, &big);
    if (!end || (!*end && units == time_units)) {
        diag = chs__bad_value(ctx, node, row);
        if (end)
            chs__diag_note(ctx->sink, diag, "a duration needs a unit: ns, us, ms, s, min or h");
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        words[i] = units[i].word;
        if (!*end || !strcmp(end, units[i].word)) {
            big |= __builtin_mul_overflow(parsed, units[i].factor, &parsed);
            if (!in_range(ctx, node, row, parsed, big))
                return false;
            *value = parsed;
            return true;
        }
    }
    diag =
        chs__bad(ctx, node, "'%s' has an unknown unit '%s'", row->key, chs__shown(ctx->arena, end));
    chs__expected(ctx, diag, "%s",
                  units == time_units ? "ns, us, ms, s, min or h, after a whole number"
                                      : "B, KiB, MiB or GiB, after a whole number");
    diag->nearest = chs_nearest(end, words, count);
    return false;
}

bool chs__number(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
                 uint64_t *value) {
    return number(ctx, node, row, value);
}

bool chs__size(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
               uint64_t *value) {
    return measure(ctx, node, row, size_units, SIZE_UNITS, value);
}

void chs__type_version(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
                       void *base) {
    (void)base;
    if (node->kind == CHS_SCALAR && !strcmp(node->text, "1"))
        return;
    chs__expected(
        ctx,
        chs__bad(ctx, node, "version %s of the language is not known", chs__what(ctx->arena, node)),
        "%s", chs__type_what(row->type));
}

void chs__type_bool(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
                    void *base) {
    bool *value = chs__at(base, row);

    if (node->kind == CHS_SCALAR && !strcmp(node->text, "true"))
        *value = true;
    else if (node->kind == CHS_SCALAR && !strcmp(node->text, "false"))
        *value = false;
    else
        chs__bad_value(ctx, node, row);
}

void chs__type_uint(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
                    void *base) {
    number(ctx, node, row, chs__at(base, row));
}

/* A number with an optional minus; the size of it at most max. */
void chs__type_int(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
                   void *base) {
    int64_t *value = chs__at(base, row);
    bool minus = node->kind == CHS_SCALAR && node->text[0] == '-';
    uint64_t parsed;
    const char *end;
    bool big;

    if (!is_scalar(ctx, node, row))
        return;
    end = digits(node->text + minus, &parsed, &big);
    if (!end || *end) {
        chs__bad_value(ctx, node, row);
        return;
    }
    if (big || parsed > row->max) {
        chs__expected(
            ctx,
            chs__bad(ctx, node, "'%s' is out of range: %s", row->key, chs__what(ctx->arena, node)),
            "-%llu to %llu", (unsigned long long)row->max, (unsigned long long)row->max);
        return;
    }
    *value = minus ? -(int64_t)parsed : (int64_t)parsed;
}

void chs__type_size(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
                    void *base) {
    chs__size(ctx, node, row, chs__at(base, row));
}

void chs__type_duration(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
                        void *base) {
    measure(ctx, node, row, time_units, TIME_UNITS, chs__at(base, row));
}

void chs__type_status(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
                      void *base) {
    uint64_t value;

    if (number(ctx, node, row, &value))
        *(int *)chs__at(base, row) = (int)value;
}

void chs__type_times(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
                     void *base) {
    uint64_t *value = chs__at(base, row);

    if (node->kind == CHS_SCALAR && !strcmp(node->text, "all"))
        *value = CHIP_ANY;
    else
        number(ctx, node, row, value);
}
