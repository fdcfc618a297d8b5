/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event_text.c - what an event says, in words that are the same in every equal run (P1).
 *
 * Processes are shown by their actor's label, and pids in the names of objects become labels too.
 */
#include "reports/internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- pids ---- */

/* The actor that ever had this pid, or CHIP_NO_ACTOR. */
static uint32_t actor_of_pid(const struct chr_recording *rec, int64_t pid) {
    for (uint32_t i = 0; pid > 0 && i < rec->control->actor_count; i++)
        if (rec->control->actors[i].pid == pid)
            return i;
    return CHIP_NO_ACTOR;
}

/* Whom a call made, took or met: the shims record the actor's number; what is a pid all the same
 * becomes the actor's label, or a word that is the same in every run. */
size_t chr__add_actor(const struct chr_recording *rec, char *buf, size_t n, uint64_t value) {
    char label[CHR_LABEL_LEN];
    if (value > INT64_MAX)
        return chr__add_number(buf, n, value);
    uint32_t actor =
        value < rec->control->actor_count ? (uint32_t)value : actor_of_pid(rec, (int64_t)value);
    if (actor == CHIP_NO_ACTOR)
        return chr__append(buf, CHR_TEXT_LEN, n, "another-process");
    return chr__append(buf, CHR_TEXT_LEN, n, "%s", chr_actor_label(rec, actor, label));
}

const char *chr__object_name(const struct chr_recording *rec, uint64_t object,
                             char buf[CHR_TEXT_LEN]) {
    buf[0] = 0;
    if (object >= rec->control->object_count)
        return buf;
    const char *name = rec->control->objects[object].name;
    size_t left = strnlen(name, CHIP_NAME_LEN), n = 0;
    while (left > 0) {
        size_t digits = 0;
        while (digits < left && name[digits] >= '0' && name[digits] <= '9')
            digits++;
        char number[CHIP_NAME_LEN + 1] = {0};
        memcpy(number, name, digits);
        uint32_t actor = digits > 1 ? actor_of_pid(rec, strtoll(number, NULL, 10)) : CHIP_NO_ACTOR;
        char label[CHR_LABEL_LEN];
        size_t take = digits ? digits : 1;
        if (actor != CHIP_NO_ACTOR)
            n = chr__append(buf, CHR_TEXT_LEN, n, "<%s>", chr_actor_label(rec, actor, label));
        else
            n = chr__append(buf, CHR_TEXT_LEN, n, "%.*s", (int)take, name);
        name += take;
        left -= take;
    }
    return buf;
}

/* Length of a name without "-" and eight or more hexadecimal digits at its end. */
static size_t without_nonce(const char *name) {
    size_t n = strlen(name), at = n;
    while (at > 0 && strchr("0123456789abcdef", name[at - 1]))
        at--;
    return n - at >= 8 && at > 1 && name[at - 1] == '-' ? at - 1 : n;
}

const char *chr__object_words(const struct chr_recording *rec, uint64_t object,
                              char buf[CHR_TEXT_LEN]) {
    char name[CHR_TEXT_LEN];
    chr__object_name(rec, object, name);
    size_t n = chr__append(buf, CHR_TEXT_LEN, 0, "%.*s%s", (int)without_nonce(name), name,
                           *name ? " " : "");
    chr__append(buf, CHR_TEXT_LEN, n, "object %" PRIu64, object);
    return buf;
}

/* ---- events ---- */

static size_t add_call(const struct chr_recording *rec, const struct chip_event *ev, char *buf) {
    const char *name = chr_call_name(ev->point);
    bool gives_actor = ev->point == CHIP_CALL_fork || ev->point == CHIP_CALL_waitpid;
    size_t n = chr__append(buf, CHR_TEXT_LEN, 0, "%s result=", name ? name : "?");
    n = gives_actor && ev->f[0] ? chr__add_actor(rec, buf, n, ev->f[0])
                                : chr__add_number(buf, n, ev->f[0]);
    if (ev->f[1] != 0) {
        const char *error = ev->f[1] < 4096 ? strerrorname_np((int)ev->f[1]) : NULL;
        n = chr__append(buf, CHR_TEXT_LEN, n, " errno=");
        n = error ? chr__append(buf, CHR_TEXT_LEN, n, "%s", error)
                  : chr__add_number(buf, n, ev->f[1]);
    }
    n = chr__append(buf, CHR_TEXT_LEN, n, " a=");
    n = ev->point == CHIP_CALL_kill ? chr__add_actor(rec, buf, n, ev->f[2])
                                    : chr__add_number(buf, n, ev->f[2]);
    n = chr__append(buf, CHR_TEXT_LEN, n, " b=");
    return chr__add_number(buf, n, ev->f[3]);
}

static size_t add_deadline(char *buf, size_t n, uint64_t deadline) {
    char text[CHR_LABEL_LEN];
    return chr__append(buf, CHR_TEXT_LEN, n, " deadline=%s",
                       deadline == CHIP_NO_DEADLINE ? "none" : chr_duration_text(deadline, text));
}

/* The bits of enum chip_access and the memory order that stand in an access's third field. */
static size_t add_how(char *buf, uint64_t field) {
    static const char *const orders[] = {"relaxed", "consume", "acquire",
                                         "release", "acq_rel", "seq_cst"};
    uint32_t how = (uint32_t)(field >> 16) & 0xff, order = (uint32_t)(field >> 24) & 0xff;
    size_t n = 0;
    if (how & CHIP_ACCESS_VOLATILE)
        n = chr__append(buf, CHR_TEXT_LEN, n, "volatile ");
    if (how & CHIP_ACCESS_ATOMIC)
        n = chr__append(buf, CHR_TEXT_LEN, n, "%s ",
                        order < sizeof orders / sizeof orders[0] ? orders[order] : "?");
    const char *word = how & CHIP_ACCESS_FENCE                            ? "fence "
                       : !(~how & (CHIP_ACCESS_READ | CHIP_ACCESS_WRITE)) ? "read-write "
                       : how & CHIP_ACCESS_WRITE                          ? "write "
                       : how & CHIP_ACCESS_READ                           ? "read "
                                                                          : "";
    return chr__append(buf, CHR_TEXT_LEN, n, "%s", word);
}

static void add_access(const struct chip_event *ev, char *buf) {
    uint32_t how = (uint32_t)(ev->f[2] >> 16) & 0xff;
    uint64_t size = ev->f[2] >> 32 ? ev->f[2] >> 32 : ev->f[2] & 0xffff;
    size_t n = add_how(buf, ev->f[2]);
    if (how & CHIP_ACCESS_FENCE)
        return;
    n = chr__append(buf, CHR_TEXT_LEN, n, "object=%" PRIu64 " offset=%" PRIu64 " size=%" PRIu64,
                    ev->f[0], ev->f[1], size);
    if (!(how & CHIP_ACCESS_WRITE) || how & CHIP_ACCESS_READ)
        chr__append(buf, CHR_TEXT_LEN, n, " %s=%" PRIu64, size > 8 ? "hash" : "value", ev->f[3]);
}

static size_t add_wait(const struct chr_recording *rec, const struct chip_event *ev, char *buf) {
    const char *kind = chr_wait_kind_name(ev->point);
    char label[CHR_LABEL_LEN];
    size_t n = chr__append(buf, CHR_TEXT_LEN, 0, "%s", kind ? kind : "?");
    bool of_actor = ev->point == CHIP_WAIT_CHILD || ev->point == CHIP_WAIT_JOIN;
    bool of_lock = ev->point == CHIP_WAIT_MUTEX || ev->point == CHIP_WAIT_RWLOCK ||
                   ev->point == CHIP_WAIT_ONCE;
    if (of_actor && ev->f[0] < rec->control->actor_count)
        n = chr__append(buf, CHR_TEXT_LEN, n, " of=%s",
                        chr_actor_label(rec, (uint32_t)ev->f[0], label));
    else if (ev->point == CHIP_WAIT_IO)
        n = chr__append(buf, CHR_TEXT_LEN, n, " fd=%" PRIu64, ev->f[1]);
    else if (!of_actor && ev->point != CHIP_WAIT_SLEEP)
        n = chr__append(buf, CHR_TEXT_LEN, n, " object=%" PRIu64 " offset=%" PRIu64, ev->f[0],
                        ev->f[1]);
    bool ended = ev->kind == CHIP_EV_TIMEOUT;
    if (!ended && of_lock && ev->f[2] < rec->control->actor_count)
        n = chr__append(buf, CHR_TEXT_LEN, n, " owner=%s",
                        chr_actor_label(rec, (uint32_t)ev->f[2], label));
    if (!ended && (ev->point == CHIP_WAIT_FUTEX || ev->point == CHIP_WAIT_POLL ||
                   ev->point == CHIP_WAIT_SPIN)) {
        n = chr__append(buf, CHR_TEXT_LEN, n, " value=");
        n = chr__add_number(buf, n, ev->f[2]);
    }
    return add_deadline(buf, n, ev->f[ended ? 2 : 3]);
}

static void add_fault(const struct chip_event *ev, char *buf) {
#define CHIP_X(id, name) name,
    static const char *const actions[] = {CHIP_FAULT_ACTIONS(CHIP_X)};
#undef CHIP_X
    const char *action = ev->f[1] < CHIP_FAULT_ACTION_COUNT ? actions[ev->f[1]] : NULL;
    size_t n = chr__append(buf, CHR_TEXT_LEN, 0, "fault %" PRIu64 " %s", ev->f[0] + 1,
                           action ? action : "?");
    const char *error =
        ev->f[1] == CHIP_FAULT_ERRNO && ev->f[2] < 4096 ? strerrorname_np((int)ev->f[2]) : NULL;
    char text[CHR_LABEL_LEN];
    if (error)
        chr__append(buf, CHR_TEXT_LEN, n, " %s", error);
    else if (ev->f[1] == CHIP_FAULT_DELAY)
        chr__append(buf, CHR_TEXT_LEN, n, " %s", chr_duration_text(ev->f[2], text));
}

static void add_point(const struct chip_event *ev, char *buf) {
    const char *name = chr_point_name(ev->point);
    size_t n = chr__append(buf, CHR_TEXT_LEN, 0, "%s", name ? name : "?");
    for (unsigned i = 0; i < CHIP_MATCH_FIELDS; i++) {
        const char *field = chr_field_name(ev->point, i);
        if (field)
            n = chr__add_field(buf, n, ev->point, field, ev->f[i]);
    }
}

static void add_check(const struct chip_event *ev, char *buf) {
    size_t n = chr__append(buf, CHR_TEXT_LEN, 0, "check %" PRIu64 " %s", ev->f[0] + 1,
                           ev->f[1] ? "equal" : "unequal");
    if (!ev->f[1])
        chr__append(buf, CHR_TEXT_LEN, n, " offset=%" PRIu64 " differing=%" PRIu64, ev->f[2],
                    ev->f[3]);
}

static void add_crash(const struct chip_event *ev, char *buf) {
    const char *name = ev->f[0] < 65 ? sigabbrev_np((int)ev->f[0]) : NULL;
    if (name)
        chr__append(buf, CHR_TEXT_LEN, 0, "SIG%s", name);
    else
        chr__append(buf, CHR_TEXT_LEN, 0, "signal %" PRIu64, ev->f[0]);
}

static void add_life(const struct chr_recording *rec, const struct chip_event *ev, char *buf) {
    char who[CHR_LABEL_LEN], other[CHR_LABEL_LEN];
    chr_actor_label(rec, ev->f[0] < CHIP_NO_ACTOR ? (uint32_t)ev->f[0] : CHIP_NO_ACTOR, who);
    if (ev->kind == CHIP_EV_START) {
        uint32_t by = ev->f[1] < CHIP_NO_ACTOR ? (uint32_t)ev->f[1] : CHIP_NO_ACTOR;
        chr__append(buf, CHR_TEXT_LEN, 0, "%s by=%s", who, chr_actor_label(rec, by, other));
    } else {
        chr__append(buf, CHR_TEXT_LEN, 0, "%s status=%s", who, chr__status_text(ev->f[1], other));
    }
}

const char *chr_event_text(const struct chr_recording *rec, const struct chip_event *ev,
                           char buf[CHR_TEXT_LEN]) {
    const uint64_t *f = ev->f;
    char t0[CHR_LABEL_LEN], t1[CHR_LABEL_LEN];
    buf[0] = 0;
    switch ((enum chip_event_kind)ev->kind) {
    case CHIP_EV_POINT:
        add_point(ev, buf);
        break;
    case CHIP_EV_CALL:
        add_call(rec, ev, buf);
        break;
    case CHIP_EV_WAIT:
    case CHIP_EV_TIMEOUT:
        add_wait(rec, ev, buf);
        break;
    case CHIP_EV_WAKE:
        chr__append(buf, CHR_TEXT_LEN, 0, "object=%" PRIu64 " offset=%" PRIu64 " woken=%" PRIu64,
                    f[0], f[1], f[2]);
        break;
    case CHIP_EV_CLOCK:
        chr__append(buf, CHR_TEXT_LEN, 0, "from=%s to=%s", chr_duration_text(f[0], t0),
                    chr_duration_text(f[1], t1));
        break;
    case CHIP_EV_HOLD:
    case CHIP_EV_HOLD_MET:
    case CHIP_EV_HOLD_ENDED:
        chr__append(buf, CHR_TEXT_LEN, 0, "hold %" PRIu64, f[0] + 1);
        break;
    case CHIP_EV_FAULT:
        add_fault(ev, buf);
        break;
    case CHIP_EV_START:
    case CHIP_EV_EXIT:
        add_life(rec, ev, buf);
        break;
    case CHIP_EV_STEP:
        chr__append(buf, CHR_TEXT_LEN, 0, "step %" PRIu64, f[0] + 1);
        break;
    case CHIP_EV_RESULT:
        chr__append(buf, CHR_TEXT_LEN, 0, "step %" PRIu64 " code=%" PRId64, f[0] + 1,
                    (int64_t)f[1]);
        break;
    case CHIP_EV_CHECK:
        add_check(ev, buf);
        break;
    case CHIP_EV_ACCESS:
        add_access(ev, buf);
        break;
    case CHIP_EV_CRASH:
        add_crash(ev, buf);
        break;
    case CHIP_EV_COUNT:
        break;
    }
    return buf;
}
