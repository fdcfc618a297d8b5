/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chsched.c - replay files: making one of a run, and printing it. The format: chsched.h.
 */
#include "reports/chsched.h"

#include "reports/internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- how often: a hash table of (actor, point) ---- */

struct tally_entry {
    uint64_t key; /* from, kind, point; 0 is free: every key carries bit 63 */
    size_t count;
};

struct chr__tally {
    struct tally_entry *entries;
    size_t size, used;
};

struct chr__tally *chr__tally_new(void) {
    struct chr__tally *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->size = 256;
    t->entries = calloc(t->size, sizeof *t->entries);
    if (!t->entries) {
        free(t);
        return NULL;
    }
    return t;
}

void chr__tally_free(struct chr__tally *t) {
    if (!t)
        return;
    free(t->entries);
    free(t);
}

static struct tally_entry *tally_find(struct tally_entry *entries, size_t size, uint64_t key) {
    size_t i = (size_t)(key * 0x9e3779b97f4a7c15ull >> 20) % size;
    while (entries[i].key && entries[i].key != key)
        i = (i + 1) % size;
    return &entries[i];
}

static bool tally_grow(struct chr__tally *t) {
    size_t size = 2 * t->size;
    struct tally_entry *more = calloc(size, sizeof *more);
    if (!more)
        return false;
    for (size_t i = 0; i < t->size; i++)
        if (t->entries[i].key)
            *tally_find(more, size, t->entries[i].key) = t->entries[i];
    free(t->entries);
    t->entries = more;
    t->size = size;
    return true;
}

size_t chr__tally_next(struct chr__tally *t, const struct chip_choice *c) {
    if (2 * t->used >= t->size && !tally_grow(t))
        return SIZE_MAX;
    uint64_t key = 1ull << 63 | (uint64_t)c->from << 32 | (uint32_t)c->point_kind << 16 | c->point;
    struct tally_entry *e = tally_find(t->entries, t->size, key);
    if (!e->key) {
        e->key = key;
        t->used++;
    }
    return e->count++;
}

/* ---- making ---- */

static bool take(char **to, const char *from) {
    *to = strdup(from ? from : "unknown");
    return *to;
}

static bool take_params(struct chr_schedule *s, const struct chr_run *run) {
    s->params = calloc(run->param_count + 1, sizeof *s->params);
    if (!s->params)
        return false;
    for (; s->param_count < run->param_count; s->param_count++) {
        struct chr_param *p = &s->params[s->param_count];
        p->name = strdup(run->params[s->param_count].name);
        p->value = strdup(run->params[s->param_count].value);
        if (!p->name || !p->value) {
            s->param_count++;
            return false;
        }
    }
    return true;
}

static bool take_command(struct chr_schedule *s, const struct chr_run *run) {
    s->command = calloc(run->command_count + 1, sizeof *s->command);
    if (!s->command)
        return false;
    s->time_limit_ns = run->time_limit_ns;
    for (; s->command_count < run->command_count; s->command_count++)
        if (!(s->command[s->command_count] = strdup(run->command[s->command_count])))
            return false;
    return true;
}

static bool take_comments(struct chr_schedule *s, const char *what, const struct chr_plan *plan,
                          size_t count) {
    for (size_t i = 0; i < count; i++) {
        char *text;
        if (asprintf(&text, "%s %zu (line %u): %s", what, i + 1, plan[i].line, plan[i].text) < 0)
            return false;
        s->comments[s->comment_count++] = text;
    }
    return true;
}

static bool known_label(const struct chr_schedule *s, const char *label) {
    for (size_t i = 0; i < s->actor_count; i++)
        if (strcmp(s->actors[i], label) == 0)
            return true;
    return false;
}

/* Labels are the only names that actors have in the file, so a second one of the same name (two
 * processes that died before they said who they are) gets its number behind it. */
static bool take_actors(struct chr_schedule *s, const struct chr_recording *rec) {
    uint32_t n = rec->control->actor_count;
    char label[CHR_LABEL_LEN];
    s->actors = calloc(n + 1, sizeof *s->actors);
    if (!s->actors)
        return false;
    for (; s->actor_count < n; s->actor_count++) {
        chr_actor_label(rec, (uint32_t)s->actor_count, label);
        if (known_label(s, label))
            chr__append(label, sizeof label, strlen(label), " #%zu", s->actor_count);
        if (!(s->actors[s->actor_count] = strdup(label)))
            return false;
    }
    return true;
}

/* What the reader will ask for. */
static int check_choices(const struct chr_schedule *s, struct chip_error *err) {
    for (size_t i = 0; i < s->choice_count; i++) {
        const struct chip_choice *c = &s->choices[i];
        bool known = (c->from < s->actor_count || c->from == CHR_SCHED_NO_ACTOR) &&
                     (c->to < s->actor_count || c->to == CHR_SCHED_NO_ACTOR);
        if (!known || (i > 0 && c->step < s->choices[i - 1].step))
            return chr__fail(err, CHIP_E_PROTOCOL, "choice %zu of the recording cannot be", i);
    }
    return CHIP_OK;
}

int chr_schedule_make(const struct chr_run *run, const struct chr_recording *rec,
                      struct chr_schedule **out, struct chip_error *err) {
    struct chr_schedule *s = calloc(1, sizeof *s);
    *out = NULL;
    if (!s)
        return chr__fail(err, CHIP_E_MEMORY, "no memory for a schedule");
    int rc = CHIP_E_MEMORY;
    s->seed = run->seed;
    s->log_hash = run->measure.log_hash;
    s->no_script = run->no_script;
    s->accesses = run->accesses;
    s->comments = calloc(run->hold_count + run->fault_count + 1, sizeof *s->comments);
    s->choices = calloc(rec->choice_count + 1, sizeof *s->choices);
    if (!s->comments || !s->choices || !take_command(s, run) ||
        (!run->command_count && !take(&s->scenario_path, run->scenario_path)) ||
        !take(&s->scenario, run->scenario) || (run->defect && !take(&s->defect, run->defect)) ||
        !take(&s->build_id, run->build_id) || !take(&s->verdict, run->verdict) ||
        !take_params(s, run) || !take_comments(s, "hold", run->holds, run->hold_count) ||
        !take_comments(s, "fault", run->faults, run->fault_count) || !take_actors(s, rec)) {
        chr__fail(err, CHIP_E_MEMORY, "no memory for a schedule");
        goto fail;
    }
    s->choice_count = rec->choice_count;
    memcpy(s->choices, rec->choices, rec->choice_count * sizeof *s->choices);
    rc = check_choices(s, err);
    if (rc != CHIP_OK)
        goto fail;
    *out = s;
    return CHIP_OK;

fail:
    chr_schedule_free(s);
    return rc;
}

void chr_schedule_free(struct chr_schedule *s) {
    if (!s)
        return;
    for (size_t i = 0; i < s->param_count; i++) {
        free((void *)(uintptr_t)s->params[i].name);
        free((void *)(uintptr_t)s->params[i].value);
    }
    for (size_t i = 0; i < s->comment_count; i++)
        free(s->comments[i]);
    for (size_t i = 0; i < s->actor_count; i++)
        free(s->actors[i]);
    for (size_t i = 0; i < s->command_count; i++)
        free(s->command[i]);
    free(s->command);
    free(s->params);
    free(s->comments);
    free(s->actors);
    free(s->choices);
    free(s->scenario_path);
    free(s->scenario);
    free(s->defect);
    free(s->build_id);
    free(s->verdict);
    free(s);
}

/* ---- printing ---- */

static void write_value(FILE *out, const char *s) {
    for (; *s; s++) {
        unsigned char b = (unsigned char)*s;
        if (b == '\\')
            fputs("\\\\", out);
        else if (b == '\n')
            fputs("\\n", out);
        else if (b < 0x20 || b == 0x7f)
            fprintf(out, "\\x%02x", b);
        else
            putc(b, out);
    }
}

static void write_key(FILE *out, const char *key, const char *value) {
    if (!value)
        return;
    fprintf(out, "%s: ", key);
    write_value(out, value);
    putc('\n', out);
}

static void write_point(FILE *out, const struct chip_choice *c) {
    const char *name = c->point_kind == CHIP_KIND_PROBE  ? chr_point_name(c->point)
                       : c->point_kind == CHIP_KIND_CALL ? chr_call_name(c->point)
                                                         : NULL;
    if (name)
        fprintf(out, "%s%s", c->point_kind == CHIP_KIND_CALL ? "call:" : "", name);
    else if (c->point_kind == CHIP_KIND_ACCESS)
        fprintf(out, "access:%u", c->point);
    else
        fprintf(out, "raw:%u:%u", c->point_kind, c->point);
}

static const char *actor_word(const struct chr_schedule *s, uint16_t actor) {
    return actor < s->actor_count ? s->actors[actor] : CHR_SCHED_NOBODY;
}

static void write_choices(FILE *out, const struct chr_schedule *s) {
    struct chr__tally *tally = chr__tally_new();
    fprintf(out, "choices: %zu\n", s->choice_count);
    for (size_t i = 0; i < s->choice_count; i++) {
        const struct chip_choice *c = &s->choices[i];
        fprintf(out, "%" PRIu64 " %s ", c->step, actor_word(s, c->from));
        write_point(out, c);
        fprintf(out, "[%zu] -> %s\n", tally ? chr__tally_next(tally, c) : 0, actor_word(s, c->to));
    }
    chr__tally_free(tally);
}

void chr_schedule_print(FILE *out, const struct chr_schedule *s) {
    fprintf(out, "%s %d\n", CHR_SCHED_MAGIC, CHR_SCHED_VERSION);
    write_key(out, "scenario", s->scenario_path);
    write_key(out, "name", s->scenario);
    for (size_t i = 0; i < s->command_count; i++)
        write_key(out, "command", s->command[i]);
    if (s->time_limit_ns)
        fprintf(out, "time_limit: %" PRIu64 "\n", s->time_limit_ns);
    for (size_t i = 0; i < s->param_count; i++) {
        fprintf(out, "param: ");
        write_value(out, s->params[i].name);
        putc('=', out);
        write_value(out, s->params[i].value);
        putc('\n', out);
    }
    write_key(out, "defect", s->defect);
    if (s->no_script)
        fprintf(out, "script: ignored\n");
    if (s->accesses)
        fprintf(out, "accesses: visible\n");
    fprintf(out, "seed: %" PRIu64 "\n", s->seed);
    write_key(out, "build", s->build_id);
    write_key(out, "verdict", s->verdict);
    fprintf(out, "log: %016" PRIx64 "\n", s->log_hash);
    for (size_t i = 0; i < s->comment_count; i++) {
        fputs("# ", out);
        write_value(out, s->comments[i]);
        putc('\n', out);
    }
    for (size_t i = 0; i < s->actor_count; i++)
        fprintf(out, "actor: %zu %s\n", i, s->actors[i]);
    write_choices(out, s);
}
