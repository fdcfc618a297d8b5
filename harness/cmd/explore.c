/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explore.c - the verb `explore`: many schedules of a scenario without its script. Workers make
 * them (harness/run/explore.h); here they are counted in order, and each distinct finding is made
 * once more with everything recorded, told, and filed.
 */
#include "harness/cmd/cmd.h"
#include "harness/run/explore.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_JOBS = 64, MAX_FINDINGS = 64, TICK_MS = 200, PLAIN_TICK_NS = 1000000000 };

struct explore_options {
    const char *defect, *variant, *strategy, *budget, *out;
    uint64_t depth, preemptions, schedules, jobs, max_fail, seed;
    bool script, accesses, fresh, shrink;
};

#define AT(field) offsetof(struct explore_options, field)
static const struct option_row rows[] = {
    {"defect", "NAME", "explore this defective library instead of lib/", OPTION_TEXT, AT(defect)},
    {"variant", "TEXT", "this variant of the matrix, as in \"size=64\" (default: the first)",
     OPTION_TEXT, AT(variant)},
    {"strategy", "WORD", "random, pct, pos, dfs or portfolio (default: portfolio)", OPTION_TEXT,
     AT(strategy)},
    {"depth", "D", "pct: bugs that need D ordering constraints (default: 2)", OPTION_NUMBER,
     AT(depth)},
    {"preemptions", "N", "dfs: schedules with at most N preemptions (default: 2)", OPTION_NUMBER,
     AT(preemptions)},
    {"schedules", "N", "end after N schedules", OPTION_NUMBER, AT(schedules)},
    {"budget", "TIME",
     "end after this much real time: 500ms, 60s, 5min (default: 60s if there is "
     "no --schedules)",
     OPTION_TEXT, AT(budget)},
    {"jobs", "N", "worker processes, also -j N (default: 1)", OPTION_NUMBER, AT(jobs)},
    {"max-fail", "N", "end after N distinct findings (default: 1; 0: never)", OPTION_NUMBER,
     AT(max_fail)},
    {"seed", "N", "all chance comes from it (default: 1)", OPTION_NUMBER, AT(seed)},
    {"script", NULL, "keep the scenario's script: explore around it", OPTION_FLAG, AT(script)},
    {"accesses", NULL, "single accesses of libchip to shared memory are points too", OPTION_FLAG,
     AT(accesses)},
    {"fresh", NULL, "start anew for each schedule instead of forking (slow)", OPTION_FLAG,
     AT(fresh)},
    {"shrink", NULL, "then shrink the first finding", OPTION_FLAG, AT(shrink)},
    {"out", "DIR", "where results go (default: out)", OPTION_TEXT, AT(out)},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

struct finding {
    uint64_t fingerprint, first, count; /* first: number of the schedule */
    char *verdict, *replay;
};

struct exploring {
    const struct explore_options *o;
    struct explore_plan plan;
    const struct chs_scenario *s;
    struct chr_style style;
    struct chr_symbols *symbols;
    struct chr_results *results;
    pid_t pid[MAX_JOBS]; /* of those that run */
    int fd[MAX_JOBS];
    unsigned running;
    uint64_t start_ns, deadline_ns, shown_ns;
    uint64_t made, vacuous;
    uint64_t *behaviours; /* a hash table, 0 is free */
    size_t behaviour_count, behaviour_size;
    struct finding findings[MAX_FINDINGS];
    size_t finding_count;
    enum explore_note end; /* MADE: by the budget or by a finding */
    bool broken;           /* a finding about the harness, not about the subject */
};

/* ---- progress ---- */

static double seconds(const struct exploring *x) {
    return (double)(run_now_ns() - x->start_ns) / 1e9;
}

static void progress(struct exploring *x, bool last) {
    bool terminal = isatty(STDERR_FILENO);
    uint64_t now = run_now_ns();
    if (!last && now - x->shown_ns < (terminal ? TICK_MS * 1000000ull : 5ull * PLAIN_TICK_NS))
        return;
    x->shown_ns = now;
    double s = seconds(x);
    fprintf(stderr, "%s%llu schedules, %.0f/s, %zu behaviours, %zu findings",
            terminal ? "\r\033[K" : "", (unsigned long long)x->made,
            s > 0 ? (double)x->made / s : 0, x->behaviour_count, x->finding_count);
    double left = -1;
    if (x->o->schedules && x->made && x->made < x->o->schedules)
        left = s / (double)x->made * (double)(x->o->schedules - x->made);
    if (x->deadline_ns > now && (left < 0 || left > (double)(x->deadline_ns - now) / 1e9))
        left = (double)(x->deadline_ns - now) / 1e9;
    if (last)
        fprintf(stderr, ", %.2f s\n", s);
    else if (left >= 0)
        fprintf(stderr, ", %.0f s left%s", left, terminal ? "" : "\n");
    else if (!terminal)
        fputc('\n', stderr);
}

static void clear_line(void) {
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
}

/* ---- distinct behaviours ---- */

static void behaviour_put(uint64_t *table, size_t size, uint64_t h) {
    size_t i = h % size;
    while (table[i] && table[i] != h)
        i = (i + 1) % size;
    table[i] = h;
}

static bool behaviour_known(const struct exploring *x, uint64_t h) {
    if (!x->behaviour_size)
        return false;
    size_t i = h % x->behaviour_size;
    while (x->behaviours[i] && x->behaviours[i] != h)
        i = (i + 1) % x->behaviour_size;
    return x->behaviours[i] == h;
}

static void behaviour_add(struct exploring *x, uint64_t h) {
    h |= !h;
    if (behaviour_known(x, h))
        return;
    if (2 * (x->behaviour_count + 1) > x->behaviour_size) {
        size_t size = x->behaviour_size ? 4 * x->behaviour_size : 1024;
        uint64_t *more = calloc(size, sizeof *more);
        if (!more)
            exit(complain(EXIT_HARNESS, "out of memory"));
        for (size_t i = 0; i < x->behaviour_size; i++)
            if (x->behaviours[i])
                behaviour_put(more, size, x->behaviours[i]);
        free(x->behaviours);
        x->behaviours = more;
        x->behaviour_size = size;
    }
    behaviour_put(x->behaviours, x->behaviour_size, h);
    x->behaviour_count++;
}

/* ---- findings ---- */

static void stop_workers(struct exploring *x) {
    while (x->running > 0) {
        x->running--;
        explore_stop(x->pid[x->running], x->fd[x->running]);
    }
}

/* The failing schedule again, with everything recorded. */
static int repeat(struct exploring *x, const struct explore_record *r, struct chip_choice *choices,
                  struct finding *f) {
    struct chr_schedule schedule = {.choices = choices, .choice_count = r->choice_count};
    struct case_spec spec = {.where = x->plan.where,
                             .scenario = x->plan.file,
                             .variant = x->plan.variant,
                             .defect = x->plan.defect,
                             .seed = r->seed,
                             .replay = &schedule,
                             .no_script = !x->plan.script};
    struct case_result result;
    struct chip_error err = {0};
    if (case_run(&spec, &result, &err))
        return complain(EXIT_HARNESS, "%s", err.text);
    int e = 0;
    if (run_interrupted())
        goto out;
    if (explore_fingerprint(&result.judgement, result.rec) != r->fingerprint)
        e = complain(EXIT_HARNESS, "schedule %llu was '%s', and '%s' when it was repeated",
                     (unsigned long long)r->index + 1, chs_verdict_word(r->verdict),
                     result.run.verdict);
    if (case_write(&result, x->o->out, (unsigned)x->finding_count, &err))
        e = complain(EXIT_HARNESS, "%s", err.text);
    clear_line();
    chr_story(stdout, &x->style, &result.run, result.rec, x->symbols);
    session_print_output(stdout, &result);
    printf("found by schedule %llu\n\n", (unsigned long long)r->index + 1);
    fflush(stdout);
    x->broken |= result.run.status == CHR_BROKEN;
    f->verdict = strdup(result.run.verdict);
    f->replay = strdup(result.run.replay ? result.run.replay : "");
    if (chr_results_add(x->results, &result.run))
        e = complain(EXIT_HARNESS, "out of memory");
out:
    case_free(&result);
    return e;
}

static int take_finding(struct exploring *x, const struct explore_record *r,
                        struct chip_choice *choices) {
    for (size_t i = 0; i < x->finding_count; i++) {
        if (x->findings[i].fingerprint == r->fingerprint) {
            x->findings[i].count++;
            return 0;
        }
    }
    if (x->finding_count == MAX_FINDINGS)
        return 0;
    struct finding *f = &x->findings[x->finding_count++];
    *f = (struct finding){.fingerprint = r->fingerprint, .first = r->index + 1, .count = 1};
    if (x->finding_count == x->o->max_fail)
        stop_workers(x); /* it is the last, and they would only be in the way */
    return repeat(x, r, choices, f);
}

/* ---- reading what the workers tell ---- */

static bool over(const struct exploring *x) {
    return run_interrupted() || (x->deadline_ns && run_now_ns() >= x->deadline_ns);
}

/* 1: there is something to read; 0: the budget is used up. */
static int await(struct exploring *x, int fd) {
    for (;;) {
        if (over(x))
            return 0;
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int left = TICK_MS;
        if (x->deadline_ns) {
            uint64_t ms = (x->deadline_ns - run_now_ns()) / 1000000 + 1;
            left = ms < TICK_MS ? (int)ms : TICK_MS;
        }
        if (poll(&p, 1, left) > 0)
            return 1;
        progress(x, false);
    }
}

static bool read_all(int fd, void *to, size_t bytes) {
    for (size_t done = 0; done < bytes;) {
        ssize_t n = read(fd, (char *)to + done, bytes - done);
        if (n == 0 || (n < 0 && errno != EINTR))
            return false;
        done += n > 0 ? (size_t)n : 0;
    }
    return true;
}

/* One schedule. *more: go on. */
static int take_one(struct exploring *x, bool *more) {
    int fd = x->fd[x->made % x->plan.jobs];
    struct explore_record r;
    *more = false;
    if (!await(x, fd))
        return 0;
    if (!read_all(fd, &r, sizeof r))
        return run_interrupted() ? 0 : complain(EXIT_HARNESS, "a worker ended unexpectedly");
    if (r.note == EXPLORE_TROUBLE)
        return complain(EXIT_HARNESS, "%s", r.text);
    x->end = (enum explore_note)r.note;
    if (r.note != EXPLORE_MADE)
        return 0;
    struct chip_choice *choices = calloc(r.choice_count + 1u, sizeof *choices);
    if (!choices)
        return complain(EXIT_HARNESS, "out of memory");
    int e = 0;
    if (!read_all(fd, choices, r.choice_count * sizeof *choices))
        e = complain(EXIT_HARNESS, "a worker ended unexpectedly");
    x->made++;
    x->vacuous += r.verdict == CHS_VERDICT_VACUOUS;
    behaviour_add(x, r.behaviour);
    if (!e && r.fingerprint)
        e = take_finding(x, &r, choices);
    free(choices);
    progress(x, false);
    *more = !e && !(x->o->max_fail && x->finding_count >= x->o->max_fail) &&
            !(x->o->schedules && x->made >= x->o->schedules);
    return e;
}

static int take_all(struct exploring *x) {
    struct chip_error err = {0};
    for (; x->running < x->plan.jobs; x->running++) {
        unsigned w = x->running;
        if (explore_start(&x->plan, w, &x->pid[w], &x->fd[w], &err)) {
            stop_workers(x);
            return complain(EXIT_HARNESS, "%s", err.text);
        }
    }
    int r = 0;
    for (bool more = true; more && !r;)
        r = take_one(x, &more);
    stop_workers(x);
    return r;
}

/* ---- results ---- */

static const char *const strategy_words[] = {
#define X_WORD(id, word, help) word,
    EXPLORE_STRATEGIES(X_WORD)
#undef X_WORD
};

static const char *end_word(const struct exploring *x) {
    if (x->end == EXPLORE_EXHAUSTED)
        return "exhausted";
    if (x->end == EXPLORE_PRUNED)
        return "exhausted within the bound";
    return x->finding_count ? "found" : "bound reached";
}

static json_t *finding_json(const struct finding *f) {
    char fingerprint[17];
    snprintf(fingerprint, sizeof fingerprint, "%016llx", (unsigned long long)f->fingerprint);
    return json_pack("{s:s, s:s?, s:I, s:I, s:s?}", "fingerprint", fingerprint, "verdict",
                     f->verdict, "first_schedule", (json_int_t)f->first, "schedules",
                     (json_int_t)f->count, "replay", f->replay);
}

static int write_json(const struct exploring *x, double took) {
    char path[4096];
    json_t *findings = json_array();
    for (size_t i = 0; i < x->finding_count; i++)
        json_array_append_new(findings, finding_json(&x->findings[i]));
    json_t *root = json_pack(
        "{s:s, s:s, s:s, s:s?, s:s, s:I, s:I, s:b, s:I, s:I, s:I, s:s, s:f, s:o}", "schema",
        "chipharness-explore/1", "scenario", x->s->name, "variant", x->s->variant, "defect",
        x->plan.defect, "strategy", strategy_words[x->plan.strategy], "depth",
        (json_int_t)x->plan.depth, "seed", (json_int_t)x->plan.seed, "script", x->plan.script,
        "schedules", (json_int_t)x->made, "behaviours", (json_int_t)x->behaviour_count, "vacuous",
        (json_int_t)x->vacuous, "end", end_word(x), "wall_s", took, "findings", findings);
    if (!root)
        return complain(EXIT_HARNESS, "out of memory");
    snprintf(path, sizeof path, "%s/%s/explore.json", x->o->out, x->s->name);
    struct chr_out *out = out_begin(path);
    int r = EXIT_HARNESS;
    if (out) {
        json_dumpf(root, chr_out_stream(out), JSON_INDENT(2));
        fputc('\n', chr_out_stream(out));
        r = out_end(out, path);
    }
    json_decref(root);
    snprintf(path, sizeof path, "%s/%s/result.json", x->o->out, x->s->name);
    out = r ? NULL : out_begin(path);
    if (!out)
        return EXIT_HARNESS;
    chr_result_json(chr_out_stream(out), x->results);
    return out_end(out, path);
}

/* The last line, and the exit status that it means. */
static int conclude(const struct exploring *x) {
    unsigned long long n = x->made;
    const char *s = n == 1 ? "" : "s", *b = x->behaviour_count == 1 ? "" : "s";
    if (x->end == EXPLORE_EXHAUSTED)
        printf("exhausted %llu execution%s\n", n, s);
    else if (x->end == EXPLORE_PRUNED)
        printf("exhausted %llu execution%s with at most %u preemptions\n", n, s, x->plan.bound);
    else if (x->plan.strategy == EXPLORE_DFS && !x->finding_count)
        printf("bound reached after %llu execution%s\n", n, s);
    if (x->finding_count)
        printf("%llu schedule%s, %zu behaviour%s, %zu finding%s\n", n, s, x->behaviour_count, b,
               x->finding_count, x->finding_count == 1 ? "" : "s");
    else
        printf("%llu schedule%s, %zu behaviour%s, no finding\n", n, s, x->behaviour_count, b);
    if (run_interrupted())
        return EXIT_INTERRUPTED;
    if (x->broken)
        return EXIT_HARNESS;
    if (x->finding_count)
        return EXIT_FAILED;
    if (n == 0)
        return EXIT_BUDGET;
    if (x->vacuous == n) {
        puts("every one of them was vacuous: what the scenario plans or expects never happened");
        return EXIT_VACUOUS;
    }
    return EXIT_PASSED;
}

static int explore(struct exploring *x) {
    x->results = chr_results_new(x->s->name, x->plan.file->path, x->s->about);
    x->symbols = chr_symbols_new();
    if (!x->results)
        return complain(EXIT_HARNESS, "out of memory");
    int r = take_all(x);
    double took = seconds(x);
    if (isatty(STDERR_FILENO) || !r)
        progress(x, true);
    if (!r)
        r = write_json(x, took);
    if (!r)
        r = conclude(x);
    for (size_t i = 0; i < x->finding_count; i++) {
        free(x->findings[i].verdict);
        free(x->findings[i].replay);
    }
    free(x->behaviours);
    chr_results_free(x->results);
    chr_symbols_free(x->symbols);
    return r;
}

/* ---- options ---- */

static int check_options(const struct explore_options *o, struct exploring *x) {
    x->plan.strategy = EXPLORE_STRATEGY_COUNT;
    for (int i = 0; i < EXPLORE_STRATEGY_COUNT; i++)
        if (strcmp(o->strategy, strategy_words[i]) == 0)
            x->plan.strategy = i;
    if (x->plan.strategy == EXPLORE_STRATEGY_COUNT)
        return complain_word("strategy", o->strategy, strategy_words, EXPLORE_STRATEGY_COUNT);
    if (o->depth < 1 || o->depth >= CHIP_MAX_CHANGES)
        return complain(EXIT_USAGE, "explore: --depth is from 1 to %d", CHIP_MAX_CHANGES - 1);
    if (o->preemptions > 64)
        return complain(EXIT_USAGE, "explore: --preemptions is from 0 to 64");
    if (o->jobs < 1 || o->jobs > MAX_JOBS)
        return complain(EXIT_USAGE, "explore: --jobs is from 1 to %d", MAX_JOBS);
    if (o->jobs > 1 && x->plan.strategy == EXPLORE_DFS)
        return complain(EXIT_USAGE, "explore: dfs goes through one tree; it takes no --jobs");
    if (o->accesses && o->defect)
        return complain(EXIT_USAGE, "explore: --accesses and --defect exclude each other");
    if (o->max_fail > MAX_FINDINGS)
        return complain(EXIT_USAGE, "explore: --max-fail is at most %d", MAX_FINDINGS);
    uint64_t budget = o->budget ? option_duration_ns(o->budget) : o->schedules ? 0 : 60000000000ull;
    if (o->budget && !budget)
        return complain(EXIT_USAGE, "explore: --budget: '%s' is not a time such as 60s", o->budget);
    x->deadline_ns = budget ? x->start_ns + budget : 0;
    return 0;
}

static int select_case(struct exploring *x, struct session *session) {
    const struct explore_options *o = x->o;
    if (session->scenarios.count != 1)
        return complain(EXIT_USAGE, "explore: one scenario at a time, not %zu",
                        session->scenarios.count);
    const struct scenario_file *file = &session->scenarios.items[0];
    if (o->defect && !defects_get(&session->defects, o->defect)) {
        const char **names = calloc(session->defects.count + 1, sizeof *names);
        for (size_t i = 0; names && i < session->defects.count; i++)
            names[i] = session->defects.items[i].name;
        int r = complain_word("defect", o->defect, names, session->defects.count);
        free(names);
        return r;
    }
    size_t v = 0, n = chs_variant_count(file->file);
    while (o->variant && v < n && strcmp(chs_variant(file->file, v)->variant, o->variant) != 0)
        v++;
    if (v == n)
        return complain(EXIT_NOTHING, "explore: %s has no variant '%s'", file->path, o->variant);
    x->s = chs_variant(file->file, v);
    x->plan.where = &session->where;
    x->plan.file = file;
    x->plan.variant = v;
    return 0;
}

/* The one short option: -j N, -jN. */
static void spell_out(int argc, char **argv) {
    static char joined[32], word[] = "--jobs";
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "-j") == 0) {
            argv[i] = word;
        } else if (strncmp(argv[i], "-j", 2) == 0) {
            snprintf(joined, sizeof joined, "--jobs=%s", argv[i] + 2);
            argv[i] = joined;
        }
    }
}

/* The replay file of the first finding, as case_write() names it. */
static int shrink_first(const char *out_dir, const char *scenario) {
    char path[4096];
    char *words[] = {path, NULL};
    snprintf(path, sizeof path, "%s/%s/1.chsched", out_dir, scenario);
    return cmd_shrink(1, words);
}

int cmd_explore(int argc, char **argv) {
    struct explore_options o = {.strategy = "portfolio",
                                .out = "out",
                                .depth = 2,
                                .preemptions = 2,
                                .jobs = 1,
                                .max_fail = 1,
                                .seed = 1};
    struct session session;
    bool helped;
    struct exploring x = {.o = &o, .start_ns = run_now_ns(), .style = cmd_style()};
    int own = 0; /* where the words of a command begin, after "--" */
    while (own < argc && strcmp(argv[own], "--") != 0)
        own++;
    int words = own;
    spell_out(words, argv);
    int r = options_parse("explore", rows, ROWS, &o, &words, argv, &helped);
    if (r || helped)
        return r;
    if (own + 1 < argc ? words > 0 : words != 1)
        return complain(EXIT_USAGE, "explore: one scenario, or -- and a program, is needed");
    r = check_options(&o, &x);
    if (!r && words == 1)
        r = session_open(&session, argv, words);
    else if (!r)
        r = session_open_command(&session, (const char *const *)argv + own + 1,
                                 (size_t)(argc - own - 1), NULL);
    if (r)
        return r;
    x.shown_ns = x.start_ns;
    x.plan.defect = o.defect;
    x.plan.depth = (uint32_t)o.depth;
    x.plan.bound = (uint32_t)o.preemptions;
    x.plan.seed = o.seed;
    x.plan.jobs = (unsigned)o.jobs;
    x.plan.script = o.script;
    x.plan.fresh = o.fresh;
    r = select_case(&x, &session);
    if (!r && o.accesses)
        r = session_accesses(&session);
    if (!r)
        r = explore(&x);
    char *name = strdup(chs_variant(session.scenarios.items[0].file, 0)->name);
    session_close(&session);
    if (r == EXIT_FAILED && o.shrink)
        r = name ? shrink_first(o.out, name) : complain(EXIT_HARNESS, "out of memory");
    free(name);
    return r;
}
