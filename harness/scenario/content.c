/* SPDX-License-Identifier: Apache-2.0 */
/*
 * content.c - the bytes that a content stands for, made and compared element by element, so that
 * nothing of a buffer's size is allocated. Integers wrap to the dtype; floats are rounded to
 * nearest, ties to even.
 */
#include "harness/scenario/scenario.h"

#include <string.h>

enum { FLOAT32, FLOAT16, INT32, INT16, INT8, UINT8, BFLOAT16, INT64, UINT64, UINT16, UINT32 };
enum { PIECE = 4096, SHOWN = 16 };

static uint32_t float_bits(float value) {
    uint32_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

/* Drops `drop` low bits, to nearest, ties to even. */
static uint32_t round_off(uint32_t bits, unsigned drop) {
    uint32_t half = UINT32_C(1) << (drop - 1), odd = bits >> drop & 1;

    return (bits + half - 1 + odd) >> drop;
}

static uint16_t to_bfloat16(float value) {
    return (uint16_t)round_off(float_bits(value), 16);
}

/* Whole numbers only: no NaN, and nothing between zero and one. */
static uint16_t to_float16(float value) {
    uint32_t bits = float_bits(value), sign = bits >> 16 & 0x8000;

    bits &= 0x7fffffff;
    if (!bits)
        return (uint16_t)sign;
    bits = round_off(bits - (UINT32_C(112) << 23), 13);
    return (uint16_t)(sign | (bits > 0x7c00 ? 0x7c00 : bits));
}

static int64_t pattern_value(const struct chs_content *content, uint64_t i, uint32_t rank,
                             uint64_t ranks) {
    uint64_t value = 0;

    switch ((enum chs_pattern)content->pattern) {
    case CHS_PATTERN_ZERO:
    case CHS_PATTERN_COUNT:
        break;
    case CHS_PATTERN_INDEX:
        value = i;
        break;
    case CHS_PATTERN_RANK_INDEX:
        value = i + 100 * (uint64_t)rank;
        break;
    case CHS_PATTERN_ALLREDUCE:
        value = ranks ? ranks * i + 100 * (ranks * (ranks - 1) / 2) : 0;
        break;
    }
    return (int64_t)((uint64_t)content->times * value + (uint64_t)content->plus);
}

/* The element's bytes, little-endian, at most 8. */
static void element(int64_t value, const struct chs_buffer *buffer, uint8_t *bytes) {
    float as_float = (float)value;
    uint64_t bits = (uint64_t)value;

    if (buffer->dtype == FLOAT32)
        bits = float_bits(as_float);
    else if (buffer->dtype == FLOAT16)
        bits = to_float16(as_float);
    else if (buffer->dtype == BFLOAT16)
        bits = to_bfloat16(as_float);
    for (uint32_t i = 0; i < buffer->dtype_size; i++)
        bytes[i] = (uint8_t)(bits >> (8 * i));
}

void chs_content_write(const struct chs_content *content, const struct chs_buffer *buffer,
                       uint32_t rank, uint64_t ranks, uint64_t offset, void *dst, size_t bytes) {
    uint32_t size = buffer->dtype_size ? buffer->dtype_size : 1;
    uint8_t *out = dst, one[8];

    if (content->form == CHS_CONTENT_INITIAL)
        content = &buffer->host;
    if (content->form != CHS_CONTENT_PATTERN) {
        memset(dst, content->form == CHS_CONTENT_FILL ? (int)content->fill : 0, bytes);
        return;
    }
    while (bytes) {
        size_t skip = offset % size, part = size - skip < bytes ? size - skip : bytes;

        element(pattern_value(content, offset / size, rank, ranks), buffer, one);
        memcpy(out, one + skip, part);
        out += part;
        offset += part;
        bytes -= part;
    }
}

static void first_difference(struct chip_check_result *result, uint64_t offset,
                             const uint8_t *expected, const uint8_t *seen, size_t left) {
    size_t shown = left < SHOWN ? left : SHOWN;

    result->bad_offset = offset;
    memcpy(result->expected, expected, shown);
    memcpy(result->observed, seen, shown);
}

bool chs_content_compare(const struct chs_content *content, const struct chs_buffer *buffer,
                         uint32_t rank, uint64_t ranks, uint64_t offset, const void *seen,
                         size_t bytes, struct chip_check_result *result) {
    const uint8_t *p = seen;
    uint8_t expected[PIECE + SHOWN];

    result->bytes = bytes;
    result->bad_offset = 0;
    result->bad_bytes = 0;
    memset(result->expected, 0, sizeof(result->expected));
    memset(result->observed, 0, sizeof(result->observed));
    for (size_t at = 0; at < bytes; at += PIECE) {
        size_t left = bytes - at, piece = left < PIECE ? left : PIECE;
        size_t made = left < PIECE + SHOWN ? left : PIECE + SHOWN;

        chs_content_write(content, buffer, rank, ranks, offset + at, expected, made);
        if (!memcmp(expected, p + at, piece))
            continue;
        for (size_t i = 0; i < piece; i++) {
            if (expected[i] == p[at + i])
                continue;
            if (!result->bad_bytes++)
                first_difference(result, offset + at + i, expected + i, p + at + i, made - i);
        }
    }
    return result->bad_bytes == 0;
}
