/* SPDX-License-Identifier: Apache-2.0 */
/* words.c - the lists of words, most of them made from the tables that other parts own. */
#include "harness/scenario/words.h"
#include "harness/scenario/calls.h"
#include "harness/scenario/scenario.h"

#include <signal.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
enum { SHOWN_WORDS = 24, WORDS_MAX = 128 };

static const struct chs_word dtypes[] = {
    {"float32", 0, "4 bytes"},  {"float16", 1, "2 bytes"}, {"int32", 2, "4 bytes"},
    {"int16", 3, "2 bytes"},    {"int8", 4, "1 byte"},     {"uint8", 5, "1 byte"},
    {"bfloat16", 6, "2 bytes"}, {"int64", 7, "8 bytes"},   {"uint64", 8, "8 bytes"},
    {"uint16", 9, "2 bytes"},   {"uint32", 10, "4 bytes"},
};
static const struct chs_word placements[] = {
    {"window", 0, "in the chip's communicator window"},
    {"device", 1, "in device memory: the runtime must refuse it"},
};
static const struct chs_word stagings[] = {
    {"present", 1, "the chip gets a staging segment for the buffer"},
    {"missing", 0, "the staging entry is left out"},
};
static const struct chs_word patterns[] = {
#define CHS_X(id, word, help) {word, CHS_PATTERN_##id, help},
    CHS_PATTERNS(CHS_X)
#undef CHS_X
};
static const struct chs_word initials[] = {
    {"initial", CHS_CONTENT_INITIAL, "what the host staging held before the first step"},
};
static const struct chs_word kernels[] = {
#define CHS_X(id, word, b0, b1, s0, s1, help) {word, CHS_KERNEL_##id, help},
    CHS_KERNELS(CHS_X)
#undef CHS_X
};
static const struct chs_word commands[] = {
    {"malloc", 0, "bytes"},
    {"free", 1, "of"},
    {"copy_to", 2, "buffer or of, offset, bytes, data"},
    {"copy_from", 3, "buffer or of, offset, bytes, equals"},
    {"map_host", 14, NULL},
    {"unmap_host", 15, NULL},
};
static const struct chs_word places[] = {
    {"staging", CHS_PLACE_STAGING, "the host staging segment, read by the parent"},
    {"window", CHS_PLACE_WINDOW, "the chip's memory, read by a copy_from command"},
};
static const struct chs_word signals[] = {
    {"KILL", SIGKILL, NULL}, {"TERM", SIGTERM, NULL}, {"STOP", SIGSTOP, NULL},
    {"CONT", SIGCONT, NULL}, {"ABRT", SIGABRT, NULL}, {"SEGV", SIGSEGV, NULL},
    {"BUS", SIGBUS, NULL},   {"INT", SIGINT, NULL},
};
static const struct chs_word statuses[] = {
#define CHS_X(id, type, text) {type, CHIP_##id, text},
    CHIP_ERRORS(CHS_X)
#undef CHS_X
};
static const struct chs_word verdicts[] = {
#define CHS_X(id, word, help) {word, CHS_VERDICT_##id, help},
    CHS_VERDICTS(CHS_X)
#undef CHS_X
};
static const struct chs_word clocks[] = {
    {"stops", 0, "when nobody else can run the hold ends: the order asked for cannot happen"},
    {"runs", 1, "deadlines of others may pass while the hold stands"},
};
static const struct chs_word directions[] = {
    {"d2h", 1, "device to host"},
    {"h2d", 0, "host to device"},
};
static const struct chs_word states[] = {
    {"IDLE", 0, NULL},     {"TASK_READY", 1, NULL},      {"TASK_DONE", 2, NULL},
    {"SHUTDOWN", 3, NULL}, {"CONTROL_REQUEST", 4, NULL}, {"CONTROL_DONE", 5, NULL},
};
static const struct chs_word boot_states[] = {
    {"IDLE", 0, NULL},
    {"SUCCESS", 1, NULL},
    {"ERROR", 2, NULL},
};
static const struct chs_word calls[] = {
#define CHS_X(name) {#name, CHIP_CALL_##name, NULL},
    CHIP_CALLS(CHS_X)
#undef CHS_X
};
static const struct chs_word errnos[] = {
#define CHS_X(name) {#name, name, NULL},
    CHS_ERRNOS(CHS_X)
#undef CHS_X
};
static const struct chs_word probes[] = {
#define CHS_X(id, name, ...) {name, CHIP_POINT_##id, NULL},
    CHIP_POINTS(CHS_X)
#undef CHS_X
};

static const struct chs_words lists[CHS_W_COUNT] = {
    [CHS_W_DTYPE] = {"a dtype", dtypes, COUNT(dtypes)},
    [CHS_W_PLACEMENT] = {"a placement", placements, COUNT(placements)},
    [CHS_W_STAGING] = {"a staging", stagings, COUNT(stagings)},
    [CHS_W_PATTERN] = {"a pattern", patterns, COUNT(patterns)},
    [CHS_W_INITIAL] = {"a content", initials, COUNT(initials)},
    [CHS_W_KERNEL] = {"a kernel", kernels, COUNT(kernels)},
    [CHS_W_COMMAND] = {"a control command", commands, COUNT(commands)},
    [CHS_W_PLACE] = {"a place", places, COUNT(places)},
    [CHS_W_SIGNAL] = {"a signal", signals, COUNT(signals)},
    [CHS_W_STATUS] = {"an error type", statuses, COUNT(statuses)},
    [CHS_W_VERDICT] = {"a verdict", verdicts, COUNT(verdicts)},
    [CHS_W_CLOCK] = {"a clock", clocks, COUNT(clocks)},
    [CHS_W_DIRECTION] = {"a direction", directions, COUNT(directions)},
    [CHS_W_STATE] = {"a mailbox state", states, COUNT(states)},
    [CHS_W_BOOT_STATE] = {"a bootstrap state", boot_states, COUNT(boot_states)},
    [CHS_W_CALL] = {"a libc call", calls, COUNT(calls)},
    [CHS_W_ERRNO] = {"an errno", errnos, COUNT(errnos)},
    [CHS_W_PROBE] = {"a point", probes, COUNT(probes)},
};
_Static_assert(COUNT(probes) <= WORDS_MAX, "a list longer than the arrays for suggestions");

/* The errnos of each call, and a check that no call was forgotten. */
#define CHS_X(call, ...) static const int errnos_of_##call[] = {__VA_ARGS__};
CHS_CALLS(CHS_X)
#undef CHS_X
static const struct {
    const int *list;
    size_t count;
} call_errnos[CHIP_CALL_COUNT] = {
#define CHS_X(call, ...) [CHIP_CALL_##call] = {errnos_of_##call, COUNT(errnos_of_##call)},
    CHS_CALLS(CHS_X)
#undef CHS_X
};
#define CHS_X(call, ...) +1
_Static_assert(0 CHS_CALLS(CHS_X) == CHIP_CALL_COUNT, "calls.h must have every row of CHIP_CALLS");
#undef CHS_X

static const char *const fields[CHIP_POINT_COUNT][CHIP_MATCH_FIELDS] = {
#define CHS_X(id, name, a, b, c, d) {#a, #b, #c, #d},
    CHIP_POINTS(CHS_X)
#undef CHS_X
};

const struct chs_words *chs__words(int id) {
    return &lists[id];
}

const struct chs_word *chs__word_find(int id, const char *word) {
    for (size_t i = 0; i < lists[id].count; i++) {
        if (!strcmp(lists[id].list[i].word, word))
            return &lists[id].list[i];
    }
    return NULL;
}

const char *chs__word_of(int id, uint64_t value) {
    for (size_t i = 0; i < lists[id].count; i++) {
        if (lists[id].list[i].value == value)
            return lists[id].list[i].word;
    }
    return "?";
}

const char *chs__word_nearest(int id, const char *word) {
    const char *words[WORDS_MAX];
    size_t count = lists[id].count < WORDS_MAX ? lists[id].count : WORDS_MAX;

    for (size_t i = 0; i < count; i++)
        words[i] = lists[id].list[i].word;
    return chs_nearest(word, words, count);
}

const char *chs__words_or(struct chs_arena *arena, int id) {
    size_t count = lists[id].count < SHOWN_WORDS ? lists[id].count : SHOWN_WORDS;
    const char *text = lists[id].list[0].word;

    for (size_t i = 1; i < count; i++) {
        bool last = i + 1 == lists[id].count;

        text =
            chs__arena_format(arena, "%s%s%s", text, last ? " or " : ", ", lists[id].list[i].word);
    }
    if (count < lists[id].count)
        text = chs__arena_format(arena, "%s ... (%zu in all)", text, lists[id].count);
    return text;
}

uint32_t chs__dtype_size(uint64_t dtype) {
    static const uint8_t sizes[] = {4, 2, 4, 2, 1, 1, 2, 8, 8, 2, 4};

    return dtype < COUNT(sizes) ? sizes[dtype] : 1;
}

const int *chs__call_errnos(uint32_t call, size_t *count) {
    *count = call < CHIP_CALL_COUNT ? call_errnos[call].count : 0;
    if (!*count || call_errnos[call].list[0] == NO_ERRNO) {
        *count = 0;
        return NULL;
    }
    return call_errnos[call].list;
}

const char *const *chs__point_fields(uint32_t point) {
    return fields[point];
}

const char *chs_verdict_word(int verdict) {
    return chs__word_of(CHS_W_VERDICT, (uint64_t)verdict);
}

const char *chs_verdict_help(int verdict) {
    return verdict >= 0 && verdict < CHS_VERDICT_COUNT ? verdicts[verdict].help : "?";
}

const char *chs_kernel_word(int kernel) {
    return chs__word_of(CHS_W_KERNEL, (uint64_t)kernel);
}

const char *chs_errno_name(int error) {
    return chs__word_of(CHS_W_ERRNO, (uint64_t)error);
}

const char *chs_signal_name(int number) {
    return chs__word_of(CHS_W_SIGNAL, (uint64_t)number);
}

const char *chs_state_name(uint64_t state) {
    return chs__word_of(CHS_W_STATE, state);
}

const char *chs_point_name(uint32_t point_kind, uint32_t point) {
    if (point_kind == CHIP_KIND_PROBE)
        return chs__word_of(CHS_W_PROBE, point);
    if (point_kind == CHIP_KIND_CALL)
        return chs__word_of(CHS_W_CALL, point);
    return "?";
}

const char *chs_step_word(int kind) {
    static const char *const words[] = {
#define CHS_X(id, word, help) word,
        CHS_STEPS(CHS_X)
#undef CHS_X
    };

    return kind >= 0 && kind < CHS_STEP_KIND_COUNT ? words[kind] : "?";
}
