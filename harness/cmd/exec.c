/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec.c - the verb `exec`: a program of the user's own under control, seed after seed, until one
 * of them makes it fail.
 */
#include "harness/cmd/cmd.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { DEFAULT_SEEDS = 100 };

struct exec_options {
    const char *time_limit;
    const char *out;
    uint64_t seed;
    uint64_t seeds;
    bool keep_going;
    bool verbose;
};

static const struct option_row rows[] = {
    {"seed", "N", "only this seed", OPTION_NUMBER, offsetof(struct exec_options, seed)},
    {"seeds", "N", "seeds 1 to N (default: 100)", OPTION_NUMBER,
     offsetof(struct exec_options, seeds)},
    {"time-limit", "TIME", "virtual time after which it counts as hung (default: 300s)",
     OPTION_TEXT, offsetof(struct exec_options, time_limit)},
    {"keep-going", NULL, "go on after a seed that fails", OPTION_FLAG,
     offsetof(struct exec_options, keep_going)},
    {"out", "DIR", "where results go (default: out)", OPTION_TEXT,
     offsetof(struct exec_options, out)},
    {"verbose", NULL, "a line for every seed, also for those that pass", OPTION_FLAG,
     offsetof(struct exec_options, verbose)},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

struct execution {
    const struct exec_options *o;
    struct session *session;
    struct chr_style style;
    struct chr_symbols *symbols;
    struct tally tally;
    struct chr_results *results;
    unsigned number; /* of the next kept run */
};

static void tell(struct execution *x, const struct case_result *result, bool bad) {
    if (bad && x->number == 1) {
        chr_story(stdout, &x->style, &result->run, result->rec, x->symbols);
        session_print_output(stdout, result);
    } else if (bad || x->o->verbose) {
        chr_story_short(stdout, &x->style, &result->run);
    }
}

static int run_seed(struct execution *x, uint64_t seed, bool *failed) {
    struct case_spec spec = {
        .where = &x->session->where, .scenario = &x->session->scenarios.items[0], .seed = seed};
    struct case_result result;
    struct chip_error err = {0};
    if (case_run(&spec, &result, &err))
        return complain(EXIT_HARNESS, "%s", err.text);
    int r = 0;
    *failed = result.run.status != CHR_PASSED;
    if (*failed && !run_interrupted() && case_write(&result, x->o->out, ++x->number, &err))
        r = complain(EXIT_HARNESS, "%s", err.text);
    tell(x, &result, *failed);
    tally_add(&x->tally, result.run.status);
    if (chr_results_add(x->results, &result.run))
        r = complain(EXIT_HARNESS, "out of memory");
    case_free(&result);
    return r;
}

static int run_seeds(struct execution *x) {
    uint64_t first = x->o->seed ? x->o->seed : 1;
    uint64_t count = x->o->seed ? 1 : x->o->seeds ? x->o->seeds : DEFAULT_SEEDS;
    int r = 0;
    for (uint64_t i = 0; i < count && !r && !run_interrupted(); i++) {
        bool failed = false;
        r = run_seed(x, first + i, &failed);
        if (failed && !x->o->keep_going)
            break;
    }
    return r;
}

static bool is_duration(const char *text) {
    size_t digits = strspn(text, "0123456789");
    for (const char *p = text + digits; *p; p++)
        if (!isalpha((unsigned char)*p))
            return false;
    return digits > 0 && strlen(text) < 24;
}

int cmd_exec(int argc, char **argv) {
    struct exec_options o = {.out = "out"};
    struct session session;
    bool helped;
    int r = options_parse("exec", rows, ROWS, &o, &argc, argv, &helped);
    if (r || helped)
        return r;
    if (argc == 0)
        return complain(EXIT_USAGE,
                        "exec: which program? (chipharness exec -- ./prog ARGUMENT...)");
    if (o.seed && o.seeds)
        return complain(EXIT_USAGE, "exec: --seed and --seeds exclude each other");
    if (o.time_limit && !is_duration(o.time_limit))
        return complain(EXIT_USAGE, "exec: --time-limit: '%s' is not a duration such as 5s",
                        o.time_limit);
    r = session_open_command(&session, (const char *const *)argv, (size_t)argc, o.time_limit);
    if (r)
        return r;
    const struct scenario_file *file = &session.scenarios.items[0];
    const struct chs_scenario *s = chs_variant(file->file, 0);
    struct execution x = {.o = &o,
                          .session = &session,
                          .style = cmd_style(),
                          .symbols = chr_symbols_new(),
                          .results = chr_results_new(s->name, file->path, s->about)};
    r = x.results ? run_seeds(&x) : complain(EXIT_HARNESS, "out of memory");
    if (!r && chr_results_count(x.results))
        r = session_write_results(x.results, o.out, s->name);
    chr_results_free(x.results);
    chr_symbols_free(x.symbols);
    session_close(&session);
    return r ? r : tally_end(&x.tally, stdout);
}
