/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rescript_file.c - a scenario file with another name, one variant, and the script that was found.
 * The bytes of the file that was loaded are kept but for the top-level keys that change.
 */
#include "harness/run/rescript.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void write_match(FILE *out, const struct chip_match *m, const char *key) {
    static const char *const actors[] = {[CHIP_ACTOR_PARENT] = "parent", [CHIP_ACTOR_ANY] = "any"};
    if (m->actor_kind == CHIP_ACTOR_RANK)
        fprintf(out, "actor: rank %u, ", m->actor_index);
    else
        fprintf(out, "actor: %s, ", actors[m->actor_kind]);
    fprintf(out, "%s: \"%s[%llu]\"", key, chs_point_name(m->point_kind, m->point),
            (unsigned long long)m->occurrence);
}

static void write_script(FILE *out, const struct rescript *script) {
    if (script->count)
        fputs("script:\n", out);
    for (size_t i = 0; i < script->count; i++) {
        fputs("  - hold: {", out);
        write_match(out, &script->holds[i].before, "before");
        fputs(", until: {", out);
        write_match(out, &script->holds[i].until, "passed");
        fputs("}}\n", out);
    }
}

static void write_catches(FILE *out, const struct shrink_plan *plan,
                          const struct shrink_result *shrunk) {
    if (plan->what.defect)
        fprintf(out, "catches:\n  - {defect: %s, verdict: %s}\n", plan->what.defect,
                chs_verdict_word(shrunk->finding.verdict));
}

static void write_head(FILE *out, const struct chs_scenario *s, const char *name) {
    fprintf(out, "name: %s\n", name);
    if (s->param_count)
        fputs("matrix:\n", out);
    for (size_t i = 0; i < s->param_count; i++)
        fprintf(out, "  %s: [%s]\n", s->params[i].name, s->params[i].value);
}

/* Is this line one of the top-level keys that are written anew? */
static bool is_replaced(const char *line) {
    static const char *const keys[] = {"name", "matrix", "seeds", "script", "catches", "canary"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        size_t n = strlen(keys[i]);
        if (strncmp(line, keys[i], n) == 0 && line[n] == ':')
            return true;
    }
    return false;
}

/* Everything but those keys and what is below them; comments before the first key go too. */
static void copy_rest(FILE *out, const char *text, const struct chs_scenario *s, const char *name) {
    bool skipping = true, named = false;
    for (const char *line = text; *line;) {
        size_t n = strcspn(line, "\n");
        n += line[n] == '\n';
        bool top = *line != ' ' && *line != '\n' && *line != '#' && *line != '-';
        if (top)
            skipping = is_replaced(line);
        if (!skipping)
            fwrite(line, 1, n, out);
        if (top && !named && strncmp(line, "chipharness:", 12) == 0) {
            write_head(out, s, name);
            named = true;
        }
        line += n;
    }
}

/* A run of a command had no file. */
static void write_command(FILE *out, const struct chs_scenario *s, const char *name) {
    fprintf(out, "chipharness: 1\nname: %s\nabout: a schedule of %s that fails\nranks: %llu\n",
            name, s->name, (unsigned long long)(s->ranks ? s->ranks : 1));
    char limit[CHR_LABEL_LEN];
    fprintf(out, "time_limit: %s\ncommand: [", chr_duration_text(s->time_limit_ns, limit));
    for (size_t i = 0; i < s->command_count; i++) {
        fputs(i ? ", '" : "'", out);
        for (const char *p = s->command[i]; *p; p++)
            fputs(*p == '\'' ? "''" : (char[]){*p, 0}, out);
        fputc('\'', out);
    }
    fputs("]\n", out);
}

static char *read_all(int fd) {
    off_t end = lseek(fd, 0, SEEK_END);
    char *text = calloc(1, end > 0 ? (size_t)end + 1 : 1);
    if (text && end > 0 && pread(fd, text, (size_t)end, 0) != end)
        text[0] = 0;
    return text;
}

int rescript_file(const struct shrink_plan *plan, const struct shrink_result *shrunk,
                  const struct rescript *script, const char *name, bool catches, char **text,
                  struct chip_error *err) {
    const struct scenario_file *file = plan->what.file;
    const struct chs_scenario *s = chs_variant(file->file, shrunk->variant);
    size_t bytes;
    *text = NULL;
    if (!plan->what.no_script && s->hold_count)
        return chip_error_set(err, CHIP_E_VALUE, "the scenario has a script of its own");
    char *from = file->made ? NULL : read_all(file->fd);
    FILE *out = from || file->made ? open_memstream(text, &bytes) : NULL;
    if (!out) {
        free(from);
        return chip_error_set(err, CHIP_E_MEMORY, "out of memory");
    }
    fprintf(out,
            "# SPDX-License-Identifier: Apache-2.0\n"
            "# Made by `chipharness shrink` of %s: %zu switches, of which %zu are needed.\n",
            s->name, shrunk->before, shrunk->count);
    if (file->made)
        write_command(out, s, name);
    else
        copy_rest(out, from, s, name);
    fprintf(out, "seeds: %d\n", RESCRIPT_SEEDS);
    write_script(out, script);
    if (catches)
        write_catches(out, plan, shrunk);
    free(from);
    if (fclose(out) == 0)
        return CHIP_OK;
    free(*text);
    *text = NULL;
    return chip_error_set(err, CHIP_E_MEMORY, "out of memory");
}

static int count_runs(const struct trial_case *what, const struct trial_finding *wanted,
                      unsigned *count, struct chip_error *err) {
    struct trials t;
    *count = 0;
    int r = trials_open(&t, what, err);
    for (unsigned i = 0; i < RESCRIPT_SEEDS && !r; i++) {
        struct trial how = {.strategy = CHIP_STRATEGY_RANDOM, .seed = i + 1};
        struct trial_finding found;
        r = trials_make(&t, &how, &found, err);
        *count += !r && trial_alike(&found, wanted);
    }
    trials_close(&t);
    return r;
}

int rescript_check(const struct shrink_plan *plan, const struct shrink_result *shrunk,
                   const char *path, const char *text, unsigned *have, unsigned *pass,
                   struct chip_error *err) {
    struct chs_errors *errors = chs_errors_new();
    struct scenario_file made = {.fd = memfd_create("scenario", MFD_CLOEXEC)};
    struct trial_case what = {
        .where = plan->what.where, .file = &made, .defect = plan->what.defect};
    const struct trial_finding none = {.verdict = CHS_VERDICT_PASS};
    size_t n = strlen(text);
    int r = CHIP_OK;
    *have = *pass = 0;
    if (made.fd < 0 || write(made.fd, text, n) != (ssize_t)n)
        r = chip_error_set(err, CHIP_E_OS, "cannot keep a scenario in memory");
    else if (chs_load_bytes(text, n, path, NULL, &made.file, errors) != 0) {
        chs_errors_print(errors, stderr);
        r = chip_error_set(err, CHIP_E_VALUE, "the scenario with its new script is not valid");
    }
    if (!r)
        r = count_runs(&what, &shrunk->finding, have, err);
    what.defect = NULL;
    if (!r && plan->what.defect)
        r = count_runs(&what, &none, pass, err);
    chs_free(made.file);
    chs_errors_free(errors);
    if (made.fd >= 0)
        close(made.fd);
    return r;
}

const char *rescript_event_text(const struct rescript_event *e, bool any_actor,
                                char buf[CHR_TEXT_LEN]) {
    struct chip_match m = e->match;
    if (any_actor)
        m.actor_kind = CHIP_ACTOR_ANY;
    return chr_match_text(&m, buf);
}
