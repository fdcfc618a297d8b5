/* SPDX-License-Identifier: Apache-2.0 */
/* run.c - the verb `run`: every variant and seed of the scenarios, on lib/ or on one defect. */
#include "harness/cmd/cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct run_options {
    const char *defect;
    const char *variant;
    const char *out;
    uint64_t seed;
    uint64_t seeds;
    bool log;
    bool verbose;
    bool accesses;
};

static const struct option_row rows[] = {
    {"defect", "NAME", "run on lib/ with this historical bug put back", OPTION_TEXT,
     offsetof(struct run_options, defect)},
    {"seed", "N", "only this seed", OPTION_NUMBER, offsetof(struct run_options, seed)},
    {"seeds", "N", "seeds 1 to N instead of the scenario's", OPTION_NUMBER,
     offsetof(struct run_options, seeds)},
    {"variant", "TEXT", "only this variant of the matrix, as in \"size=64\"", OPTION_TEXT,
     offsetof(struct run_options, variant)},
    {"out", "DIR", "where results go (default: out)", OPTION_TEXT,
     offsetof(struct run_options, out)},
    {"log", NULL, "keep the event log and the schedule of passing runs too", OPTION_FLAG,
     offsetof(struct run_options, log)},
    {"accesses", NULL, "single accesses of libchip to shared memory are points too", OPTION_FLAG,
     offsetof(struct run_options, accesses)},
    {"verbose", NULL, "the whole story of every failing run, not only of the first", OPTION_FLAG,
     offsetof(struct run_options, verbose)},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

struct running {
    const struct run_options *o;
    struct session *session;
    struct chr_style style;
    struct chr_symbols *symbols;
    struct tally tally;
    unsigned number; /* of the next kept run of this scenario */
    bool told;       /* the whole story of one failure was printed */
};

static int run_one(struct running *g, const struct scenario_file *file, size_t variant,
                   uint64_t seed, struct chr_results *results) {
    struct case_spec spec = {.where = &g->session->where,
                             .scenario = file,
                             .variant = variant,
                             .defect = g->o->defect,
                             .seed = seed};
    struct case_result result;
    struct chip_error err = {0};
    if (case_run(&spec, &result, &err))
        return complain(EXIT_HARNESS, "%s", err.text);
    bool bad = result.run.status != CHR_PASSED;
    int r = 0;
    if (!run_interrupted() && (bad || g->o->log) &&
        case_write(&result, g->o->out, ++g->number, &err))
        r = complain(EXIT_HARNESS, "%s", err.text);
    if (bad && result.run.status != CHR_VACUOUS && (!g->told || g->o->verbose)) {
        chr_story(stdout, &g->style, &result.run, result.rec, g->symbols);
        session_print_output(stdout, &result);
        g->told = true;
    } else {
        chr_story_short(stdout, &g->style, &result.run);
    }
    tally_add(&g->tally, result.run.status);
    if (chr_results_add(results, &result.run))
        r = complain(EXIT_HARNESS, "out of memory");
    case_free(&result);
    return r;
}

static int run_variant(struct running *g, const struct scenario_file *file, size_t variant,
                       struct chr_results *results) {
    const struct chs_scenario *s = chs_variant(file->file, variant);
    if (g->o->variant && strcmp(g->o->variant, s->variant) != 0)
        return 0;
    if (g->o->seed)
        return run_one(g, file, variant, g->o->seed, results);
    uint64_t count = g->o->seeds ? g->o->seeds : s->seed_count;
    int r = 0;
    for (uint64_t i = 0; i < count && !r && !run_interrupted(); i++)
        r = run_one(g, file, variant, g->o->seeds ? i + 1 : s->seeds[i], results);
    return r;
}

static int run_scenario(struct running *g, const struct scenario_file *file) {
    const struct chs_scenario *s = chs_variant(file->file, 0);
    struct chr_results *results = chr_results_new(s->name, file->path, s->about);
    if (!results)
        return complain(EXIT_HARNESS, "out of memory");
    int r = 0;
    g->number = 0;
    g->told = false;
    for (size_t v = 0; v < chs_variant_count(file->file) && !r && !run_interrupted(); v++)
        r = run_variant(g, file, v, results);
    if (!r && chr_results_count(results))
        r = session_write_results(results, g->o->out, s->name);
    chr_results_free(results);
    return r;
}

int cmd_run(int argc, char **argv) {
    struct run_options o = {.out = "out"};
    struct session session;
    bool helped;
    int r = options_parse("run", rows, ROWS, &o, &argc, argv, &helped);
    if (r || helped)
        return r;
    if (argc == 0)
        return complain(EXIT_USAGE, "run: which scenario? (chipharness list scenarios)");
    if (o.seed && o.seeds)
        return complain(EXIT_USAGE, "run: --seed and --seeds exclude each other");
    if (o.accesses && o.defect)
        return complain(EXIT_USAGE, "run: --accesses and --defect exclude each other");
    r = session_open(&session, argv, argc);
    if (!r && o.accesses)
        r = session_accesses(&session);
    if (r)
        return r;
    struct running g = {.o = &o, .session = &session, .style = cmd_style()};
    if (o.defect && !defects_get(&session.defects, o.defect)) {
        const char **names = calloc(session.defects.count + 1, sizeof *names);
        for (size_t i = 0; names && i < session.defects.count; i++)
            names[i] = session.defects.items[i].name;
        r = complain_word("defect", o.defect, names, session.defects.count);
        free(names);
        session_close(&session);
        return r;
    }
    g.symbols = chr_symbols_new();
    for (size_t i = 0; i < session.scenarios.count && !r && !run_interrupted(); i++)
        r = run_scenario(&g, &session.scenarios.items[i]);
    chr_symbols_free(g.symbols);
    session_close(&session);
    if (r)
        return r;
    return tally_end(&g.tally, stdout);
}
