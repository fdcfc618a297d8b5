/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate.c - the verb `gate`: every scenario must pass on lib/, and every defect that it claims must
 * be caught, from each of several seeds; a canary must fail. Green means that all of it is so.
 */
#include "harness/cmd/cmd.h"
#include "harness/cmd/baseline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEFECT_SEEDS_MIN = 3, DEFECT_SEEDS_MAX = 5 };

struct gate_options {
    const char *out;
    const char *without;
    const char *baseline;
    uint64_t seeds;
};

static const struct option_row rows[] = {
    {"seeds", "N", "seeds 1 to N for every row instead of the scenarios'", OPTION_NUMBER,
     offsetof(struct gate_options, seeds)},
    {"out", "DIR", "where gate.json, junit.xml and replay files go (default: out)", OPTION_TEXT,
     offsetof(struct gate_options, out)},
    {"without", "ORACLE", "switch an oracle off: the gate must turn red", OPTION_TEXT,
     offsetof(struct gate_options, without)},
    {"baseline", "FILE", "a gate.json: only rows that were good there count; exit 6 if any is bad",
     OPTION_TEXT, offsetof(struct gate_options, baseline)},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

struct gate {
    const struct gate_options *o;
    struct session *session;
    uint32_t without; /* bit mask */
    struct chr_style style;
    struct chr_symbols *symbols;
    struct chr_gate_row *table;
    size_t row_count;
    char **texts; /* what the rows point to */
    size_t text_count;
    struct chr_results **suites;
    size_t suite_count;
    struct tally tally;
    unsigned number; /* of the next kept run of the scenario in work */
    bool told;
    char build_id[17];
};

static void *grown(void *array, size_t count, size_t size) {
    void *p = reallocarray(array, count + 1, size);
    if (!p)
        exit(complain(EXIT_HARNESS, "out of memory"));
    return p;
}

static const char *keep(struct gate *g, const char *text) {
    if (!text)
        return NULL;
    g->texts = grown(g->texts, g->text_count, sizeof *g->texts);
    return g->texts[g->text_count++] = strdup(text);
}

/* One thing that a row asks for: a verdict on lib/ or on a defect. */
struct claim {
    const struct scenario_file *file;
    size_t variant;
    const struct chs_catch *caught; /* NULL: on lib/ */
};

/* Whether the run came out as the row wants it. */
static bool as_wanted(const struct claim *want, const struct case_result *r) {
    if (want->caught)
        return case_has(r, want->caught->verdict, want->caught->says);
    return r->verdict == r->s->canary; /* PASS but for a canary */
}

static const char *wanted_word(const struct claim *want, const struct chs_scenario *s) {
    if (want->caught)
        return chs_verdict_word(want->caught->verdict);
    return chs_verdict_word(s->canary);
}

static void progress(const struct gate *g, const struct claim *want, uint64_t seed) {
    if (!isatty(STDERR_FILENO))
        return;
    const struct chs_scenario *s = chs_variant(want->file->file, want->variant);
    fprintf(stderr, "\r\033[K%u runs  %s %s %s seed %llu", g->tally.passed + g->tally.failed,
            s->name, s->variant, want->caught ? want->caught->defect : "lib",
            (unsigned long long)seed);
}

/* A run that did not come out as wanted: its story once, its files always. */
static void tell(struct gate *g, struct case_result *r, struct chr_gate_row *row) {
    struct chip_error err = {0};
    if (case_write(r, g->o->out, ++g->number, &err))
        complain(EXIT_HARNESS, "%s", err.text);
    if (row->replay == NULL) {
        char note[64];
        snprintf(note, sizeof note, "seed %llu", (unsigned long long)r->run.seed);
        row->note = keep(g, note);
        row->replay = keep(g, r->run.replay);
        row->got = r->run.verdict;
    }
    if (g->told || !r->rec)
        return;
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
    if (r->run.status == CHR_PASSED || r->run.status == CHR_VACUOUS)
        chr_story_short(stdout, &g->style, &r->run);
    else
        chr_story(stdout, &g->style, &r->run, r->rec, g->symbols);
    g->told = true;
}

static int gate_run(struct gate *g, const struct claim *want, uint64_t seed,
                    struct chr_gate_row *row, struct chr_results *suite) {
    struct case_spec spec = {.where = &g->session->where,
                             .scenario = want->file,
                             .variant = want->variant,
                             .defect = want->caught ? want->caught->defect : NULL,
                             .seed = seed,
                             .without = g->without};
    struct case_result r;
    struct chip_error err = {0};
    progress(g, want, seed);
    if (case_run(&spec, &r, &err))
        return complain(EXIT_HARNESS, "%s", err.text);
    if (!want->caught)
        memcpy(g->build_id, r.build_id, sizeof g->build_id);
    bool good = as_wanted(want, &r);
    row->seeds++;
    row->as_expected += good;
    if (!row->got)
        row->got = want->caught && good ? row->expected : r.run.verdict;
    if (!good && !run_interrupted())
        tell(g, &r, row);
    /* In the files for machines a caught defect is a success. */
    enum chr_status seen = r.run.status;
    r.run.expected_verdict = row->expected;
    r.run.status = good ? CHR_PASSED : seen == CHR_PASSED ? CHR_FAILED : seen;
    tally_add(&g->tally, r.run.status);
    if (r.run.status == CHR_BROKEN || r.run.status == CHR_VACUOUS || row->status == CHR_PASSED)
        row->status = r.run.status == CHR_PASSED ? row->status : r.run.status;
    int e = chr_results_add(suite, &r.run) ? complain(EXIT_HARNESS, "out of memory") : 0;
    case_free(&r);
    return e;
}

static uint64_t seeds_of(const struct gate *g, const struct chs_scenario *s, bool defect,
                         uint64_t *list, size_t max) {
    uint64_t n = g->o->seeds ? g->o->seeds : s->seed_count;
    if (defect && !g->o->seeds && n > DEFECT_SEEDS_MAX)
        n = DEFECT_SEEDS_MAX;
    if (!g->o->seeds && n < DEFECT_SEEDS_MIN && defect)
        n = DEFECT_SEEDS_MIN;
    if (n > max)
        n = max;
    uint64_t next = 0;
    for (uint64_t i = 0; i < n; i++) {
        if (!g->o->seeds && i < s->seed_count)
            list[i] = s->seeds[i];
        else
            list[i] = g->o->seeds ? i + 1 : next + 1;
        next = list[i] > next ? list[i] : next;
    }
    return n;
}

static int gate_row(struct gate *g, const struct claim *want, struct chr_results *suite) {
    static uint64_t seeds[CHS_MAX_SEEDS];
    const struct chs_scenario *s = chs_variant(want->file->file, want->variant);
    struct chr_gate_row row = {
        .scenario = s->name,
        .variant = s->variant[0] ? s->variant : NULL,
        .defect = want->caught ? want->caught->defect : NULL,
        .expected = wanted_word(want, s),
        .status = CHR_PASSED,
    };
    uint64_t n = seeds_of(g, s, want->caught != NULL, seeds, CHS_MAX_SEEDS);
    int r = 0;
    for (uint64_t i = 0; i < n && !r && !run_interrupted(); i++)
        r = gate_run(g, want, seeds[i], &row, suite);
    g->table = grown(g->table, g->row_count, sizeof *g->table);
    g->table[g->row_count++] = row;
    return r;
}

static int gate_scenario(struct gate *g, const struct scenario_file *file) {
    const struct chs_scenario *first = chs_variant(file->file, 0);
    struct chr_results *suite = chr_results_new(first->name, file->path, first->about);
    if (!suite)
        return complain(EXIT_HARNESS, "out of memory");
    g->suites = grown(g->suites, g->suite_count, sizeof *g->suites);
    g->suites[g->suite_count++] = suite;
    g->number = 0;
    int r = 0;
    for (size_t v = 0; v < chs_variant_count(file->file) && !r; v++) {
        const struct chs_scenario *s = chs_variant(file->file, v);
        struct claim want = {file, v, NULL};
        r = gate_row(g, &want, suite);
        for (size_t k = 0; k < s->catch_count && !r && !run_interrupted(); k++) {
            want.caught = &s->catches[k];
            r = gate_row(g, &want, suite);
        }
    }
    return r;
}

/* A defect that no scenario claims tests nothing. Judged only where a whole folder was given. */
static void unclaimed_defects(struct gate *g) {
    for (size_t d = 0; d < g->session->defects.count; d++) {
        const char *name = g->session->defects.items[d].name;
        bool claimed = false;
        for (size_t i = 0; i < g->row_count; i++)
            claimed |= g->table[i].defect && strcmp(g->table[i].defect, name) == 0;
        if (claimed)
            continue;
        g->table = grown(g->table, g->row_count, sizeof *g->table);
        g->table[g->row_count++] = (struct chr_gate_row){
            .scenario = "(none)",
            .defect = name,
            .expected = "caught",
            .got = "unclaimed",
            .status = CHR_FAILED,
            .note = "no scenario claims this defect",
        };
        tally_add(&g->tally, CHR_FAILED);
    }
}

static int write_files(const struct gate *g) {
    char path[4096];
    snprintf(path, sizeof path, "%s/gate.json", g->o->out);
    struct chr_out *out = out_begin(path);
    if (!out)
        return EXIT_HARNESS;
    chr_gate_json(chr_out_stream(out), g->table, g->row_count, g->build_id);
    int r = out_end(out, path);
    snprintf(path, sizeof path, "%s/junit.xml", g->o->out);
    out = r ? NULL : out_begin(path);
    if (!out)
        return EXIT_HARNESS;
    chr_junit(chr_out_stream(out), (const struct chr_results *const *)g->suites, g->suite_count);
    return out_end(out, path);
}

static void gate_free(struct gate *g) {
    for (size_t i = 0; i < g->suite_count; i++)
        chr_results_free(g->suites[i]);
    for (size_t i = 0; i < g->text_count; i++)
        free(g->texts[i]);
    free(g->suites);
    free(g->texts);
    free(g->table);
    chr_symbols_free(g->symbols);
}

static int parse_without(const char *word, uint32_t *mask) {
    const char *words[ORACLE_COUNT];
    for (int i = 0; i < ORACLE_COUNT; i++) {
        words[i] = oracle_word(i);
        if (word && strcmp(word, words[i]) == 0)
            *mask = 1u << i;
    }
    if (*mask == 1u << ORACLE_diverged)
        return complain(EXIT_USAGE, "gate: the oracle 'diverged' works in replays, not here");
    return word && !*mask ? complain_word("oracle", word, words, ORACLE_COUNT) : 0;
}

static int finish(struct gate *g, bool whole_folder, const struct baseline *baseline) {
    if (whole_folder && !run_interrupted())
        unclaimed_defects(g);
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
    chr_gate_table(stdout, &g->style, g->table, g->row_count);
    int r = write_files(g);
    int end = tally_end(&g->tally, stdout);
    if (r)
        return r;
    return baseline && (end == EXIT_FAILED || end == EXIT_VACUOUS)
               ? baseline_exit(baseline, g->table, g->row_count)
               : end;
}

static bool path_is_folder(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int cmd_gate(int argc, char **argv) {
    struct gate_options o = {.out = "out"};
    struct session session;
    struct baseline *baseline = NULL;
    bool helped;
    int r = options_parse("gate", rows, ROWS, &o, &argc, argv, &helped);
    if (r || helped)
        return r;
    struct gate g = {.o = &o, .session = &session, .style = cmd_style()};
    r = parse_without(o.without, &g.without);
    if (!r && argc == 0)
        r = complain(EXIT_USAGE, "gate: which scenarios? (chipharness gate scenarios/)");
    if (!r && o.baseline)
        r = baseline_load(o.baseline, &baseline);
    if (!r)
        r = session_open(&session, argv, argc);
    if (r) {
        baseline_free(baseline);
        return r;
    }
    bool whole_folder = false;
    for (int i = 0; i < argc; i++)
        whole_folder |= path_is_folder(argv[i]);
    g.symbols = chr_symbols_new();
    for (size_t i = 0; i < session.scenarios.count && !r && !run_interrupted(); i++)
        r = gate_scenario(&g, &session.scenarios.items[i]);
    if (!r)
        r = finish(&g, whole_folder, baseline);
    gate_free(&g);
    baseline_free(baseline);
    session_close(&session);
    return r;
}
