/* SPDX-License-Identifier: Apache-2.0 */
/* use.c - what those who run a scenario ask of it. */
#include "harness/scenario/scenario.h"
#include "harness/scenario/words.h"

#include <stdlib.h>
#include <string.h>

uint32_t chs_buffer_index(const struct chs_scenario *s, uint32_t buffer, uint32_t rank) {
    uint32_t index = 0;

    if (buffer >= s->buffer_count || rank >= CHS_MAX_RANKS ||
        !(s->buffers[buffer].ranks >> rank & 1))
        return CHS_NONE;
    for (uint32_t i = 0; i < buffer; i++)
        index += (uint32_t)(s->buffers[i].ranks >> rank & 1);
    return index;
}

/* Whether `word` stands in text, followed by ": " and not inside a longer word. */
static bool names_type(const char *text, const char *word) {
    size_t length = strlen(word);

    for (const char *p = strstr(text, word); p; p = strstr(p + 1, word)) {
        if ((p == text || p[-1] == ' ') && !strncmp(p + length, ": ", 2))
            return true;
    }
    return false;
}

static bool has_code(const char *text, int64_t code) {
    static const char before[] = "child failed (code=";
    const char *p = strstr(text, before);
    char *end;

    if (!p)
        return false;
    return strtoll(p + sizeof(before) - 1, &end, 10) == code && *end == ')';
}

bool chs_error_matches(const struct chs_want_error *want, int status, const char *text, char *why,
                       size_t length) {
    const char *type = chs__word_of(CHS_W_STATUS, (uint64_t)want->status);

    why[0] = 0;
    if (status == CHIP_OK) {
        snprintf(why, length, "no error came");
        return false;
    }
    if (want->status != CHIP_OK && !names_type(text, type)) {
        snprintf(why, length, "the text does not name %s", type);
        return false;
    }
    if (want->code >= 0 && !has_code(text, want->code)) {
        snprintf(why, length, "the text has no 'child failed (code=%lld)'", (long long)want->code);
        return false;
    }
    if (want->says && !strstr(text, want->says)) {
        snprintf(why, length, "the text does not say '%s'", want->says);
        return false;
    }
    if (want->prefix && strncmp(text, want->prefix, strlen(want->prefix))) {
        snprintf(why, length, "the text does not begin with '%s'", want->prefix);
        return false;
    }
    return true;
}
