/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names.c - words for the numbers of a recording: actors, points, fields, states, times.
 *
 * All words come from the tables of the contract; a pid is never among them (P1).
 */
#include "reports/internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define CHIP_X(id, name, ...) name,
static const char *const point_names[] = {CHIP_POINTS(CHIP_X)};
static const char *const event_kinds[] = {CHIP_EVENT_KINDS(CHIP_X)};
static const char *const wait_kinds[] = {CHIP_WAIT_KINDS(CHIP_X)};
static const char *const outcomes[] = {CHIP_OUTCOMES(CHIP_X)};
static const char *const actor_kinds[] = {CHIP_ACTOR_KINDS(CHIP_X)};
#undef CHIP_X
#define CHIP_X(id) #id,
static const char *const call_names[] = {CHIP_CALLS(CHIP_X)};
#undef CHIP_X
#define CHIP_X(id, name, a, b, c, d) {#a, #b, #c, #d},
static const char *const field_names[][CHIP_MATCH_FIELDS] = {CHIP_POINTS(CHIP_X)};
#undef CHIP_X

static const char *const mailbox_states[] = {"IDLE",     "TASK_READY",      "TASK_DONE",
                                             "SHUTDOWN", "CONTROL_REQUEST", "CONTROL_DONE"};
static const char *const channel_states[] = {"IDLE", "SUCCESS", "ERROR"};

#define WORD(table, i) ((i) < sizeof(table) / sizeof(table)[0] ? (table)[i] : NULL)

const char *chr_point_name(uint32_t point) {
    return WORD(point_names, point);
}

const char *chr_call_name(uint32_t call) {
    return WORD(call_names, call);
}

const char *chr_field_name(uint32_t point, unsigned field) {
    if (point >= CHIP_POINT_COUNT || field >= CHIP_MATCH_FIELDS)
        return NULL;
    const char *name = field_names[point][field];
    return strcmp(name, "_") == 0 ? NULL : name;
}

const char *chr_event_kind_name(uint32_t kind) {
    return WORD(event_kinds, kind);
}

const char *chr_wait_kind_name(uint32_t kind) {
    return WORD(wait_kinds, kind);
}

const char *chr_outcome_name(uint32_t outcome) {
    return WORD(outcomes, outcome);
}

const char *chr_mailbox_state_name(uint64_t state) {
    return WORD(mailbox_states, state);
}

const char *chr__basename(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static const char *ordinal(uint32_t n) {
    if (n / 10 % 10 == 1)
        return "th";
    return n % 10 == 1 ? "st" : n % 10 == 2 ? "nd" : n % 10 == 3 ? "rd" : "th";
}

const char *chr__label(uint32_t kind, uint32_t index, uint32_t incarnation,
                       char buf[CHR_LABEL_LEN]) {
    const char *word = WORD(actor_kinds, kind);
    size_t n = chr__append(buf, CHR_LABEL_LEN, 0, "%s", word ? word : "actor");
    if (kind == CHIP_ACTOR_RANK || kind == CHIP_ACTOR_PROCESS || kind == CHIP_ACTOR_THREAD || !word)
        n = chr__append(buf, CHR_LABEL_LEN, n, " %u", index);
    if (incarnation > 0)
        chr__append(buf, CHR_LABEL_LEN, n, " (%u%s)", incarnation + 1, ordinal(incarnation + 1));
    return buf;
}

const char *chr_actor_label(const struct chr_recording *rec, uint32_t actor,
                            char buf[CHR_LABEL_LEN]) {
    if (actor >= rec->control->actor_count) {
        chr__append(buf, CHR_LABEL_LEN, 0, "nobody");
        return buf;
    }
    const struct chip_actor *a = &rec->control->actors[actor];
    if (a->kind != CHIP_ACTOR_THREAD || a->process >= rec->control->actor_count)
        return chr__label(a->kind, a->index, a->incarnation, buf);
    /* "rank 0 thread 2": the process may have got its name after the thread began. */
    const struct chip_actor *process = &rec->control->actors[a->process];
    char thread[CHR_LABEL_LEN];
    chr__label(process->kind, process->index, process->incarnation, buf);
    chr__append(buf, CHR_LABEL_LEN, strlen(buf), " %s", chr__label(a->kind, a->index, 0, thread));
    return buf;
}

const char *chr_any_point_text(uint32_t kind, uint32_t point, char buf[CHR_LABEL_LEN]) {
    const char *name = kind == CHIP_KIND_PROBE  ? chr_point_name(point)
                       : kind == CHIP_KIND_CALL ? chr_call_name(point)
                                                : NULL;
    if (kind == CHIP_KIND_ACCESS)
        chr__append(buf, CHR_LABEL_LEN, 0, "access %u", point);
    else
        chr__append(buf, CHR_LABEL_LEN, 0, "%s%s", name ? name : "?",
                    kind == CHIP_KIND_CALL && name ? "()" : "");
    return buf;
}

const char *chr_duration_text(uint64_t ns, char buf[CHR_LABEL_LEN]) {
    static const struct {
        const char *unit;
        uint64_t ns;
    } units[] = {{"s", 1000000000}, {"ms", 1000000}, {"us", 1000}};
    for (size_t i = 0; i < sizeof units / sizeof units[0] && ns > 0; i++) {
        uint64_t whole = ns / units[i].ns, thousandth = units[i].ns / 1000;
        if (whole == 0 || ns % thousandth != 0)
            continue;
        unsigned rest = (unsigned)(ns % units[i].ns / thousandth);
        size_t n = chr__append(buf, CHR_LABEL_LEN, 0, "%" PRIu64, whole);
        if (rest > 0) {
            n = chr__append(buf, CHR_LABEL_LEN, n, ".%03u", rest);
            while (buf[n - 1] == '0')
                n--;
        }
        chr__append(buf, CHR_LABEL_LEN, n, "%s", units[i].unit);
        return buf;
    }
    chr__append(buf, CHR_LABEL_LEN, 0, "%" PRIu64 "%s", ns, ns ? "ns" : "");
    return buf;
}

const char *chr__status_text(uint64_t status, char buf[CHR_LABEL_LEN]) {
    int s = (int)status;
    if (WIFEXITED(s)) {
        chr__append(buf, CHR_LABEL_LEN, 0, "exit %d", WEXITSTATUS(s));
    } else {
        const char *name = sigabbrev_np(WTERMSIG(s));
        if (name)
            chr__append(buf, CHR_LABEL_LEN, 0, "SIG%s", name);
        else
            chr__append(buf, CHR_LABEL_LEN, 0, "signal %d", WTERMSIG(s));
    }
    return buf;
}

/* ---- values ---- */

static bool is_bootstrap(uint32_t point) {
    return point >= CHIP_POINT_BOOT_BEGIN && point <= CHIP_POINT_BOOT_SHUTDOWN;
}

const char *chr__state_name(uint32_t point, uint64_t state) {
    return is_bootstrap(point) ? WORD(channel_states, state) : WORD(mailbox_states, state);
}

static const char *command_name(uint64_t command) {
    switch (command) {
    case 0:
        return "MALLOC";
    case 1:
        return "FREE";
    case 2:
        return "COPY_TO";
    case 3:
        return "COPY_FROM";
    case 14:
        return "MAP_HOST";
    case 15:
        return "UNMAP_HOST";
    default:
        return NULL;
    }
}

size_t chr__add_number(char *buf, size_t n, uint64_t value) {
    if (value > INT64_MAX)
        return chr__append(buf, CHR_TEXT_LEN, n, "%" PRId64, (int64_t)value);
    return chr__append(buf, CHR_TEXT_LEN, n, "%" PRIu64, value);
}

size_t chr__add_field(char *buf, size_t n, uint32_t point, const char *field, uint64_t value) {
    const char *word = NULL;
    if (strcmp(field, "state") == 0)
        word = chr__state_name(point, value);
    else if (strcmp(field, "command") == 0)
        word = command_name(value);
    n = chr__append(buf, CHR_TEXT_LEN, n, " %s=", field);
    return word ? chr__append(buf, CHR_TEXT_LEN, n, "%s", word) : chr__add_number(buf, n, value);
}

const char *chr_match_text(const struct chip_match *m, char buf[CHR_TEXT_LEN]) {
    char label[CHR_LABEL_LEN], point[CHR_LABEL_LEN];
    size_t n = chr__append(buf, CHR_TEXT_LEN, 0, "%s %s",
                           chr__label(m->actor_kind, m->actor_index, 0, label),
                           chr_any_point_text(m->point_kind, m->point, point));
    if (m->occurrence != CHIP_ANY)
        n = chr__append(buf, CHR_TEXT_LEN, n, "[%" PRIu64 "]", m->occurrence);
    for (unsigned i = 0; i < CHIP_MATCH_FIELDS && m->point_kind == CHIP_KIND_PROBE; i++) {
        const char *field = chr_field_name(m->point, i);
        if (field && m->field[i] != CHIP_ANY)
            n = chr__add_field(buf, n, m->point, field, m->field[i]);
    }
    return buf;
}
