/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recording.c - the bytes of a finished run, checked once, as one sequence of events.
 *
 * Every count and offset that later code follows is checked here (P2), so that the other files
 * index the tables without asking again.
 */
#include "reports/internal.h"

#include <stdlib.h>
#include <string.h>

static bool fits(uint64_t offset, uint64_t count, uint64_t size, uint64_t total) {
    return offset % 8 == 0 && offset <= total && count <= (total - offset) / size;
}

static int check_head(const struct chip_control *c, size_t bytes, struct chip_error *err) {
    if (bytes < offsetof(struct chip_control, off_choices) || c->magic != CHIP_CONTRACT_MAGIC)
        return chr__fail(err, CHIP_E_PROTOCOL, "this is not a recording of chipharness");
    if (c->version != CHIP_CONTRACT_VERSION)
        return chr__fail(err, CHIP_E_PROTOCOL,
                         "the recording has version %u, this chipharness reads version %u",
                         c->version, CHIP_CONTRACT_VERSION);
    if (bytes < sizeof *c || c->bytes_control != sizeof *c)
        return chr__fail(err, CHIP_E_PROTOCOL,
                         "the recording is damaged: its control block has %u bytes, not %zu",
                         bytes < sizeof *c ? (unsigned)bytes : c->bytes_control, sizeof *c);
    return CHIP_OK;
}

static size_t recorded_choices(const struct chip_control *c) {
    return c->strategy == CHIP_STRATEGY_REPLAY ? c->replay_next : c->choice_count;
}

static int check_tables(const struct chip_control *c, size_t bytes, struct chip_error *err) {
    const struct {
        const char *what;
        uint64_t count, most;
    } counts[] = {
        {"actors", c->actor_count, CHIP_MAX_ACTORS},
        {"holds", c->hold_count, CHIP_MAX_HOLDS},
        {"faults", c->fault_count, CHIP_MAX_FAULTS},
        {"objects", c->object_count, CHIP_MAX_OBJECTS},
        {"segments", c->segment_count, CHIP_MAX_SEGMENTS},
        {"modules", c->module_count, CHIP_MAX_MODULES},
        {"stacks", c->stack_count, CHIP_MAX_STACKS},
        {"choices", recorded_choices(c), CHIP_MAX_CHOICES},
    };
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        if (counts[i].count > counts[i].most)
            return chr__fail(err, CHIP_E_PROTOCOL,
                             "the recording is damaged: it counts %llu %s where %llu is the most",
                             (unsigned long long)counts[i].count, counts[i].what,
                             (unsigned long long)counts[i].most);
    uint64_t log_bytes = (uint64_t)CHIP_LOG_EVENTS * sizeof(struct chip_event);
    if (!fits(c->off_choices, recorded_choices(c), sizeof(struct chip_choice), bytes) ||
        !fits(c->off_stacks, c->stack_count, sizeof(struct chip_stack), bytes) ||
        !fits(c->off_logs, c->actor_count, log_bytes, bytes))
        return chr__fail(err, CHIP_E_PROTOCOL,
                         "the recording is damaged: a table lies outside its %zu bytes", bytes);
    for (uint32_t i = 0; i < c->actor_count; i++)
        if (c->actors[i].log_count > CHIP_LOG_EVENTS)
            return chr__fail(err, CHIP_E_PROTOCOL,
                             "the recording is damaged: the log of actor %u is overfull", i);
    return CHIP_OK;
}

static int by_seq(const void *a, const void *b) {
    const struct chip_event *x = *(const struct chip_event *const *)a;
    const struct chip_event *y = *(const struct chip_event *const *)b;
    return (x->seq > y->seq) - (x->seq < y->seq);
}

static const struct chip_event *log_of(const struct chip_control *c, uint32_t actor) {
    return (const struct chip_event *)(const void *)((const char *)c + c->off_logs) +
           (size_t)actor * CHIP_LOG_EVENTS;
}

/* Events of all logs by seq; refuses numbers that occur twice or were never given out. */
static int merge(struct chr_recording *rec, struct chip_error *err) {
    const struct chip_control *c = rec->control;
    size_t n = 0;
    for (uint32_t a = 0; a < c->actor_count; a++) {
        const struct chip_event *log = log_of(c, a);
        for (uint64_t i = 0; i < c->actors[a].log_count; i++) {
            if (log[i].actor >= c->actor_count || log[i].seq >= c->seq)
                return chr__fail(err, CHIP_E_PROTOCOL,
                                 "the recording is damaged: event %llu of actor %u cannot be",
                                 (unsigned long long)i, a);
            rec->events[n++] = &log[i];
        }
        rec->lost += c->actors[a].log_lost;
    }
    qsort(rec->events, n, sizeof rec->events[0], by_seq);
    for (size_t i = 1; i < n; i++)
        if (rec->events[i]->seq == rec->events[i - 1]->seq)
            return chr__fail(err, CHIP_E_PROTOCOL,
                             "the recording is damaged: event number %llu occurs twice",
                             (unsigned long long)rec->events[i]->seq);
    rec->event_count = n;
    uint64_t gone = c->seq - n;
    rec->missing = gone > rec->lost ? gone - rec->lost : 0;
    return CHIP_OK;
}

int chr_recording_open(const void *map, size_t bytes, struct chr_recording **out,
                       struct chip_error *err) {
    const struct chip_control *c = map;
    *out = NULL;
    if ((uintptr_t)map % _Alignof(struct chip_control) != 0)
        return chr__fail(err, CHIP_E_VALUE, "a recording must be mapped at an aligned address");
    int rc = check_head(c, bytes, err);
    if (rc == CHIP_OK)
        rc = check_tables(c, bytes, err);
    if (rc != CHIP_OK)
        return rc;

    size_t total = 0;
    for (uint32_t i = 0; i < c->actor_count; i++)
        total += c->actors[i].log_count;
    struct chr_recording *rec = calloc(1, sizeof *rec);
    if (!rec)
        return chr__fail(err, CHIP_E_MEMORY, "no memory for the recording");
    rec->control = c;
    rec->stacks = (const void *)((const char *)c + c->off_stacks);
    rec->choices = (const void *)((const char *)c + c->off_choices);
    rec->choice_count = recorded_choices(c);
    rec->events = malloc((total + 1) * sizeof *rec->events);
    if (!rec->events) {
        rc = chr__fail(err, CHIP_E_MEMORY, "no memory for %zu events", total);
        goto fail_events;
    }
    rc = merge(rec, err);
    if (rc != CHIP_OK)
        goto fail_merge;
    *out = rec;
    return CHIP_OK;

fail_merge:
    free(rec->events);
fail_events:
    free(rec);
    return rc;
}

void chr_recording_close(struct chr_recording *rec) {
    if (!rec)
        return;
    free(rec->events);
    free(rec);
}

const struct chip_control *chr_control(const struct chr_recording *rec) {
    return rec->control;
}

size_t chr_event_count(const struct chr_recording *rec) {
    return rec->event_count;
}

const struct chip_event *chr_event(const struct chr_recording *rec, size_t i) {
    return rec->events[i];
}

size_t chr_event_index(const struct chr_recording *rec, uint64_t seq) {
    size_t low = 0, high = rec->event_count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (rec->events[mid]->seq < seq)
            low = mid + 1;
        else
            high = mid;
    }
    return low < rec->event_count && rec->events[low]->seq == seq ? low : SIZE_MAX;
}

uint64_t chr_events_lost(const struct chr_recording *rec) {
    return rec->lost;
}

uint64_t chr_events_missing(const struct chr_recording *rec) {
    return rec->missing;
}

const struct chip_stack *chr_stack(const struct chr_recording *rec, uint32_t id) {
    if (id == 0 || id > rec->control->stack_count)
        return NULL;
    const struct chip_stack *s = &rec->stacks[id - 1];
    return s->depth <= CHIP_MAX_FRAMES ? s : NULL;
}

const struct chip_choice *chr_choices(const struct chr_recording *rec, size_t *count) {
    *count = rec->choice_count;
    return rec->choices;
}

/* Ended by the death of its actor: a hold that was let go leaves an event, this one does not. */
static bool hold_died(const struct chr_recording *rec, uint32_t hold) {
    const struct chip_hold *h = &rec->control->holds[hold];
    if (!h->ended || h->met || h->held_actor >= rec->control->actor_count ||
        rec->control->actors[h->held_actor].state != CHIP_STATE_DEAD)
        return false;
    for (size_t i = 0; i < rec->event_count; i++)
        if (rec->events[i]->kind == CHIP_EV_HOLD_ENDED && rec->events[i]->f[0] == hold)
            return false;
    return true;
}

void chr_run_measure(struct chr_run *run, const struct chr_recording *rec) {
    const struct chip_control *c = rec->control;
    struct chr_measure *m = &run->measure;
    m->known = true;
    m->steps = c->steps;
    m->switches = c->switches;
    m->choices = rec->choice_count;
    m->events = rec->event_count;
    m->lost = rec->lost + rec->missing;
    m->virtual_ns = c->clock_ns;
    m->log_hash = chr_eventlog_hash(rec);
    m->hold_count = c->hold_count;
    m->fault_count = c->fault_count;
    for (uint32_t i = 0; i < c->hold_count; i++) {
        const struct chip_hold *h = &c->holds[i];
        m->holds[i] = (struct chr_hold_end){.reached = h->reached != 0,
                                            .held = h->reached == 2,
                                            .met = h->met,
                                            .ended = h->ended,
                                            .died = hold_died(rec, i),
                                            .steps_while_held = h->steps_while_held};
    }
    for (uint32_t i = 0; i < c->fault_count; i++)
        m->faults[i] =
            (struct chr_fault_end){.fired = c->faults[i].fired, .seen = c->faults[i].seen};
}
