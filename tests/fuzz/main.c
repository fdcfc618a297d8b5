/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - chip-fuzz --seed=N --count=N FILE...: feeds damaged copies of the files to the parsers.
 *
 * A .yaml file goes to the scenario parser, a .chsched file to the schedule parser; any file also
 * to the blob codec. Nothing may crash, loop, or trip a sanitizer; in addition:
 *   P1  a scenario is either loaded or has at least one error, and every error can be printed
 *   P2  a schedule that is accepted prints to a text that is accepted and prints the same again
 *   P3  a blob that is accepted is written back byte for byte
 * All chance comes from the seed; the damage of the round that failed is told, and the same
 * arguments give it again. Exit status 0, 1 (a property does not hold), 2 (usage or files).
 */
#include "harness/scenario/scenario.h"
#include "reports/report.h"

#include <chip/blob.h>
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_MAX = 1 << 16, FILES_MAX = 512 };

struct input {
    const char *name;
    unsigned char *bytes;
    size_t length;
};

/* The next of the generator's values (splitmix64). */
static uint64_t next_random(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* 0 .. bound - 1; 0 for a bound of 0. */
static size_t below(uint64_t *state, size_t bound) {
    return bound ? (size_t)(next_random(state) % bound) : 0;
}

static bool read_input(const char *path, struct input *in) {
    FILE *file = fopen(path, "rb");
    if (!file)
        return false;
    in->name = path;
    in->bytes = malloc(INPUT_MAX);
    in->length = in->bytes ? fread(in->bytes, 1, INPUT_MAX / 2, file) : 0;
    fclose(file);
    return in->length > 0;
}

/* Puts `length` bytes of `from` into the text at `at`, as far as there is room. */
static size_t splice(unsigned char *text, size_t size, size_t at, const void *from, size_t length) {
    if (size + length > INPUT_MAX)
        return size;
    memmove(text + at + length, text + at, size - at);
    memcpy(text + at, from, length);
    return size + length;
}

static bool word_byte(unsigned char c) {
    return isalnum(c) || c == '_' || c == '.' || c == '-';
}

/* The word that covers or follows `at`: its begin and length (0 at the end of the text). */
static size_t word_at(const unsigned char *text, size_t size, size_t at, size_t *length) {
    while (at < size && !word_byte(text[at]))
        at++;
    size_t end = at;
    while (at > 0 && word_byte(text[at - 1]))
        at--;
    while (end < size && word_byte(text[end]))
        end++;
    *length = end - at;
    return at;
}

/* Puts a word of another file in the place of one here: mostly still well-formed, seldom right. */
static size_t exchange_word(unsigned char *text, size_t size, const struct input *other,
                            uint64_t *rng) {
    size_t old_length;
    size_t new_length;
    size_t at = word_at(text, size, below(rng, size), &old_length);
    size_t from = word_at(other->bytes, other->length, below(rng, other->length), &new_length);
    memmove(text + at, text + at + old_length, size - at - old_length);
    return splice(text, size - old_length, at, other->bytes + from, new_length);
}

/* One act of damage; returns the new length. */
static size_t damage(unsigned char *text, size_t size, const struct input *other, uint64_t *rng) {
    static const char *const tokens[] = {"\n",
                                         ":",
                                         "- ",
                                         "{",
                                         "}",
                                         "[",
                                         "]",
                                         "\"",
                                         "'",
                                         "${",
                                         "${x}",
                                         "&a",
                                         "*a",
                                         "!!str",
                                         "---\n",
                                         "\t",
                                         "#",
                                         "|",
                                         ">",
                                         "-1",
                                         "0",
                                         "1e99",
                                         "64K",
                                         "0x",
                                         "1KiB",
                                         "99999999999999999999",
                                         "\xff",
                                         "\xc3",
                                         "\xef\xbb\xbf",
                                         "[0]"};
    unsigned char copy[256];
    size_t at = below(rng, size + 1);
    size_t span = below(rng, 64) + 1;
    if (span > size - at)
        span = size - at;
    switch (below(rng, 12)) {
    case 0: /* a byte */
        if (at < size)
            text[at] = (unsigned char)next_random(rng);
        return size;
    case 1: /* a piece less */
        memmove(text + at, text + at + span, size - at - span);
        return size - span;
    case 2: /* a piece twice */
        memcpy(copy, text + at, span);
        return splice(text, size, below(rng, size + 1), copy, span);
    case 3: { /* a piece of another file */
        size_t from = below(rng, other->length);
        size_t length = below(rng, sizeof copy);
        if (length > other->length - from)
            length = other->length - from;
        return splice(text, size, at, other->bytes + from, length);
    }
    case 4: { /* something that means something */
        const char *token = tokens[below(rng, sizeof tokens / sizeof tokens[0])];
        return splice(text, size, at, token, strlen(token));
    }
    case 5: /* cut short, rarely */
        return below(rng, 8) ? size : at;
    default:
        return exchange_word(text, size, other, rng);
    }
}

static bool fuzz_scenario(const struct input *in, FILE *sink) {
    struct chs_errors *errors = chs_errors_new();
    struct chs_file *file = NULL;
    int rc = chs_load_bytes(in->bytes, in->length, in->name, NULL, &file, errors);
    bool holds = rc == 0 ? file != NULL && chs_errors_count(errors) == 0
                         : file == NULL && chs_errors_count(errors) > 0;
    for (size_t v = 0; rc == 0 && v < chs_variant_count(file); v++)
        holds = holds && chs_variant(file, v) != NULL;
    chs_errors_print(errors, sink);
    if (file)
        chs_free(file);
    chs_errors_free(errors);
    return holds;
}

/* The schedule's text, the caller's to free. */
static char *schedule_text(const struct chr_schedule *s, size_t *length) {
    char *text = NULL;
    FILE *out = open_memstream(&text, length);
    if (!out)
        abort();
    chr_schedule_print(out, s);
    fclose(out);
    return text;
}

static bool fuzz_schedule(const struct input *in) {
    struct chr_schedule *first = NULL;
    struct chr_schedule *second = NULL;
    struct chip_error err;
    if (chr_schedule_parse((const char *)in->bytes, in->length, in->name, &first, &err))
        return first == NULL && err.text[0] != '\0';
    size_t length;
    size_t length_again = 0;
    char *text = schedule_text(first, &length);
    char *again = NULL;
    if (chr_schedule_parse(text, length, "again", &second, &err) == 0)
        again = schedule_text(second, &length_again);
    bool holds = again && length == length_again && memcmp(text, again, length) == 0;
    chr_schedule_free(first);
    chr_schedule_free(second);
    free(text);
    free(again);
    return holds;
}

static bool fuzz_blob(const struct input *in, uint64_t *rng) {
    unsigned char bytes[4096];
    unsigned char again[4096];
    size_t capacity = in->length < sizeof bytes ? in->length : sizeof bytes;
    memcpy(bytes, in->bytes, capacity);
    if (capacity >= 8) { /* counts that have a chance */
        uint32_t counts[2] = {(uint32_t)below(rng, 70), (uint32_t)below(rng, 140)};
        memcpy(bytes, counts, sizeof counts);
    }
    static struct chip_blob blob;
    struct chip_blob_view view;
    size_t size;
    if (chip_blob_read(bytes, capacity, &blob, &view, NULL))
        return true;
    if (chip_blob_size(view.tensor_count, view.scalar_count, &size, NULL) || size > capacity)
        return false;
    memset(again, 0, sizeof again);
    size_t written = 0;
    return chip_blob_write(again, sizeof again, &view, &written, NULL) == 0 && written == size &&
           memcmp(bytes, again, size) == 0;
}

static bool fuzz_one(const struct input *in, FILE *sink, uint64_t *rng) {
    const char *dot = strrchr(in->name, '.');
    bool holds = fuzz_blob(in, rng);
    if (dot && strcmp(dot, ".yaml") == 0)
        holds = fuzz_scenario(in, sink) && holds;
    else if (dot && strcmp(dot, ".chsched") == 0)
        holds = fuzz_schedule(in) && holds;
    return holds;
}

static int fuzz(const struct input *inputs, size_t count, uint64_t seed, uint64_t rounds) {
    static unsigned char text[INPUT_MAX];
    FILE *sink = fopen("/dev/null", "w");
    if (!sink)
        return 2;
    int status = 0;
    for (uint64_t round = 0; round < rounds && status == 0; round++) {
        uint64_t rng = seed + round * 0x2545f4914f6cdd1du;
        const struct input *from = &inputs[below(&rng, count)];
        struct input damaged = {from->name, text, from->length};
        memcpy(text, from->bytes, from->length);
        for (size_t acts = below(&rng, 4) ? 1 : 1 + below(&rng, 8); acts > 0; acts--)
            damaged.length = damage(text, damaged.length, &inputs[below(&rng, count)], &rng);
        if (!fuzz_one(&damaged, sink, &rng)) {
            fprintf(stderr,
                    "chip-fuzz: a property does not hold: seed %llu, round %llu, %s:\n%.*s\n",
                    (unsigned long long)seed, (unsigned long long)round, damaged.name,
                    (int)damaged.length, (const char *)text);
            status = 1;
        }
    }
    fclose(sink);
    return status;
}

/* The number behind prefix, or false. */
static bool number(const char *arg, const char *prefix, uint64_t *out) {
    size_t length = strlen(prefix);
    char *end = NULL;
    if (strncmp(arg, prefix, length) != 0)
        return false;
    *out = strtoull(arg + length, &end, 10);
    return end != arg + length && *end == '\0';
}

int main(int argc, char **argv) {
    static struct input inputs[FILES_MAX];
    uint64_t seed = 1;
    uint64_t rounds = 1000;
    size_t count = 0;
    for (int i = 1; i < argc; i++) {
        if (number(argv[i], "--seed=", &seed) || number(argv[i], "--count=", &rounds))
            continue;
        if (argv[i][0] == '-' || count == FILES_MAX) {
            fprintf(stderr, "usage: chip-fuzz [--seed=N] [--count=N] FILE...\n");
            return 2;
        }
        if (read_input(argv[i], &inputs[count]))
            count++;
        else
            free(inputs[count].bytes);
    }
    if (count == 0) {
        fprintf(stderr, "chip-fuzz: no file to start from\n");
        return 2;
    }
    int status = fuzz(inputs, count, seed, rounds);
    for (size_t i = 0; i < count; i++)
        free(inputs[i].bytes);
    return status;
}
