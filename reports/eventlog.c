/* SPDX-License-Identifier: Apache-2.0 */
/*
 * eventlog.c - the event log as text: one line an event.
 *
 *     seq  virtual-ns  actor  kind  point field=value ...  #stack
 *
 * The canonical form holds nothing that two equal runs do not share: no real time, no pid, no name
 * of a shared object (those hold pids), no folder of a module. Its hash stands in replay files.
 */
#include "reports/internal.h"

#include <inttypes.h>

static void write_event(FILE *out, const struct chr_recording *rec, const struct chip_event *ev,
                        const uint64_t *first_real) {
    char label[CHR_LABEL_LEN], text[CHR_TEXT_LEN];
    const char *kind = chr_event_kind_name(ev->kind);
    fprintf(out, "%7" PRIu64 " %13" PRIu64, ev->seq, ev->virtual_ns);
    if (first_real)
        fprintf(out, " %13" PRIu64, ev->real_ns - *first_real);
    fprintf(out, "  %-8s  %-10s  %s", chr_actor_label(rec, ev->actor, label), kind ? kind : "?",
            chr_event_text(rec, ev, text));
    if (ev->kind == CHIP_EV_POINT || ev->kind == CHIP_EV_CALL)
        fprintf(out, " [%u]", ev->occurrence);
    if (ev->stack)
        fprintf(out, " #%u", ev->stack);
    putc('\n', out);
}

static void write_stacks(FILE *out, const struct chr_recording *rec) {
    const struct chip_control *c = rec->control;
    for (uint32_t id = 1; id <= c->stack_count; id++) {
        const struct chip_stack *s = chr_stack(rec, id);
        fprintf(out, "stack #%u", id);
        for (uint32_t i = 0; s && i < s->depth; i++) {
            if (s->module[i] < c->module_count) {
                const struct chip_module *m = &c->modules[s->module[i]];
                char path[sizeof m->path + 1];
                snprintf(path, sizeof path, "%.*s", (int)sizeof m->path, m->path);
                fprintf(out, " %s+0x%" PRIx64, chr__basename(path), s->offset[i]);
            } else {
                fputs(" ?", out);
            }
        }
        putc('\n', out);
    }
}

static void write_losses(FILE *out, const struct chr_recording *rec) {
    const struct chip_control *c = rec->control;
    char label[CHR_LABEL_LEN];
    for (uint32_t i = 0; i < c->actor_count; i++)
        if (c->actors[i].log_lost)
            fprintf(out, "lost %" PRIu64 " events of %s: its log was full\n", c->actors[i].log_lost,
                    chr_actor_label(rec, i, label));
    if (rec->missing)
        fprintf(out, "lost %" PRIu64 " events that nobody finished writing\n", rec->missing);
    if (c->stack_lost)
        fprintf(out, "lost %u stacks: the table was full\n", c->stack_lost);
    if (c->choice_lost)
        fprintf(out, "lost %" PRIu64 " choices: the table was full\n", c->choice_lost);
}

static void write_tail(FILE *out, const struct chr_recording *rec) {
    const struct chip_control *c = rec->control;
    const char *outcome = chr_outcome_name(c->outcome);
    write_stacks(out, rec);
    write_losses(out, rec);
    fprintf(out, "end %s, %" PRIu64 " steps, %" PRIu64 " switches, %" PRIu64 " ns\n",
            outcome ? outcome : "?", c->steps, c->switches, c->clock_ns);
}

void chr_eventlog_write(FILE *out, const struct chr_recording *rec) {
    fputs("chipharness-log 1\n", out);
    for (size_t i = 0; i < rec->event_count; i++)
        write_event(out, rec, rec->events[i], NULL);
    write_tail(out, rec);
}

void chr_eventlog_write_real(FILE *out, const struct chr_recording *rec) {
    char name[CHR_TEXT_LEN];
    uint64_t first = UINT64_MAX;
    for (size_t i = 0; i < rec->event_count; i++)
        if (rec->events[i]->real_ns < first)
            first = rec->events[i]->real_ns;
    fputs("chipharness-log 1 with real times\n", out);
    for (size_t i = 0; i < rec->event_count; i++)
        write_event(out, rec, rec->events[i], &first);
    for (uint32_t i = 0; i < rec->control->object_count; i++)
        fprintf(out, "object %u %s %" PRIu64 " bytes\n", i, chr__object_name(rec, i, name),
                rec->control->objects[i].bytes);
    write_tail(out, rec);
}

static ssize_t hash_write(void *cookie, const char *buf, size_t size) {
    uint64_t h = *(uint64_t *)cookie;
    for (size_t i = 0; i < size; i++)
        h = (h ^ (unsigned char)buf[i]) * 0x100000001b3ull;
    *(uint64_t *)cookie = h;
    return (ssize_t)size;
}

uint64_t chr_eventlog_hash(const struct chr_recording *rec) {
    uint64_t hash = 0xcbf29ce484222325ull;
    FILE *out = fopencookie(&hash, "w", (cookie_io_functions_t){.write = hash_write});
    if (!out)
        return 0;
    chr_eventlog_write(out, rec);
    fclose(out);
    return hash;
}
