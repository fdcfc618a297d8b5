/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shrink.c - the verb `shrink`: a recorded failure with the fewest switches between actors
 * (harness/run/shrink.h), made once more with everything recorded, told, and filed.
 */
#include "harness/cmd/cmd.h"
#include "harness/run/rescript.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct shrink_options {
    const char *out, *budget;
};

static const struct option_row rows[] = {
    {"out", "FILE", "the smaller schedule, also -o (default: shrunk.chsched beside FILE.chsched)",
     OPTION_TEXT, offsetof(struct shrink_options, out)},
    {"budget", "TIME", "end after this much real time: 500ms, 60s, 5min (default: 60s)",
     OPTION_TEXT, offsetof(struct shrink_options, budget)},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

struct shrinking {
    const struct chr_schedule *recorded;
    struct shrink_plan plan;
    struct shrink_result result;
    struct rescript script;
    char *out; /* the smaller schedule */
};

static struct case_spec spec_of(const struct shrinking *x) {
    return (struct case_spec){.where = x->plan.what.where,
                              .scenario = x->plan.what.file,
                              .variant = x->result.variant,
                              .defect = x->plan.what.defect,
                              .seed = x->plan.seed,
                              .no_script = x->plan.what.no_script};
}

static void print_switches(const struct shrinking *x, const struct case_result *made) {
    const struct shrink_result *s = &x->result;
    const char *variant = made->s->variant;
    printf("%zu switch%s -> %zu switch%s in %u runs", s->before, s->before == 1 ? "" : "es",
           s->count, s->count == 1 ? "" : "es", s->runs);
    if (s->variant != x->plan.what.variant)
        printf(", now with %s", variant);
    putchar('\n');
    const struct chip_switch *done = chip_control_switches(made->record.control);
    for (size_t i = 0; i < s->count; i++) {
        char text[CHR_TEXT_LEN];
        printf("  %zu  %s\n", i + 1, shrink_text(made->rec, &done[i], text));
    }
    if (s->count == 0)
        puts("  it needs no switch: so it goes when each actor runs for as long as it can");
    if (x->script.passing_count)
        printf("  it takes %zu switch%s to pass:\n", x->script.passing_count,
               x->script.passing_count == 1 ? "" : "es");
    for (size_t i = 0; i < x->script.passing_count; i++) {
        char text[CHR_TEXT_LEN];
        printf("  %zu  %s\n", i + 1, shrink_text(made->rec, &x->script.passing[i], text));
    }
    if (s->count && s->minimal)
        puts("  without any one of them it is not there: each was tried");
    else if (s->count)
        puts("  the budget was used up: there may be fewer");
    if (x->plan.what.defect)
        printf("  without the defect the same switches come to: %s\n",
               chs_verdict_word(x->script.sound));
}

/* ---- the pair, and the script ---- */

/* " (chip_child_serve lib/src/child.c:88)" of the event in the recording; "" if it is not there. */
static const char *place_text(const struct case_result *made, struct chr_symbols *symbols,
                              const struct rescript_event *e, char buf[CHR_TEXT_LEN]) {
    char text[CHR_TEXT_LEN];
    struct chr_frame frame;
    int kind = e->match.point_kind == CHIP_KIND_CALL ? CHIP_EV_CALL : CHIP_EV_POINT;
    buf[0] = 0;
    for (size_t i = 0; i < chr_event_count(made->rec); i++) {
        const struct chip_event *at = chr_event(made->rec, i);
        if (at->kind == kind && at->actor == e->actor && at->point == e->match.point &&
            at->occurrence == e->occurrence &&
            chr_symbols_user_frame(symbols, made->rec, at->stack, &frame))
            snprintf(buf, CHR_TEXT_LEN, " (%.200s)", chr_frame_text(&frame, text));
    }
    return buf;
}

static void print_pair(const struct shrinking *x, const struct case_result *made,
                       struct chr_symbols *symbols) {
    const struct rescript *s = &x->script;
    char first[CHR_TEXT_LEN], then[CHR_TEXT_LEN], where[CHR_TEXT_LEN];
    if (!s->has_pair)
        return;
    bool any = s->any_actor && s->scripted;
    rescript_event_text(&s->first, any, first);
    rescript_event_text(&s->then, any, then);
    bool proved = s->fails == RESCRIPT_PROOF && s->passes == RESCRIPT_PROOF;
    printf("%s\n",
           proved ? "the order that decides:" : "the order of these two does not decide alone:");
    printf("  A  %s%s\n", first, place_text(made, symbols, &s->first, where));
    printf("  B  %s%s\n", then, place_text(made, symbols, &s->then, where));
    printf("  A before B fails %u/%d, B before A passes %u/%d", s->fails, RESCRIPT_PROOF, s->passes,
           RESCRIPT_PROOF);
    puts(s->scripted       ? " (each in other random schedules)"
         : x->result.count ? " (with the last switch, without it)"
                           : " (without a switch, with the last)");
}

/* The name of a file without folder and ".chsched" if a scenario can have it, else "shrunk". */
static void scenario_name(const char *path, char name[64]) {
    const char *slash = strrchr(path, '/'), *stem = slash ? slash + 1 : path;
    size_t n = strspn(stem, "abcdefghijklmnopqrstuvwxyz0123456789_");
    bool fits = n > 0 && n < 64 && stem[0] >= 'a' && strcmp(stem + n, ".chsched") == 0;
    snprintf(name, 64, "%.*s", fits ? (int)n : 6, fits ? stem : "shrunk");
}

static int write_text(const char *path, const char *text) {
    struct chr_out *out = out_begin(path);
    if (!out)
        return EXIT_HARNESS;
    fputs(text, chr_out_stream(out));
    return out_end(out, path);
}

static void print_scenario(const struct shrinking *x, const char *path, unsigned pass) {
    printf("scenario: %s (%d of %d seeds have it", path, RESCRIPT_SEEDS, RESCRIPT_SEEDS);
    if (x->plan.what.defect)
        printf("; without the defect %u of %d pass", pass, RESCRIPT_SEEDS);
    puts(")");
    for (size_t i = 0; i < x->script.count; i++) {
        char before[CHR_TEXT_LEN], until[CHR_TEXT_LEN];
        printf("  hold %s until %s passed\n", chr_match_text(&x->script.holds[i].before, before),
               chr_match_text(&x->script.holds[i].until, until));
    }
}

/* The scenario beside the schedule, if it has the finding as often as it is run. */
static int write_scenario(const struct shrinking *x) {
    char name[64], path[4096], *text = NULL;
    struct chip_error err = {0};
    unsigned have, pass;
    if (!x->script.found) {
        puts(x->result.count
                 ? "no script: with no holds that were tried has every schedule the finding"
                 : "no script: some schedules do not have it");
        return 0;
    }
    scenario_name(x->out, name);
    const char *slash = strrchr(x->out, '/');
    snprintf(path, sizeof path, "%.*s%s.yaml", slash ? (int)(slash - x->out) + 1 : 0, x->out, name);
    int r = rescript_file(&x->plan, &x->result, &x->script, name, true, &text, &err);
    if (!r)
        r = rescript_check(&x->plan, &x->result, path, text, &have, &pass, &err);
    if (!r && pass < RESCRIPT_SEEDS) { /* lib/ has findings there: it could claim nothing */
        free(text);
        r = rescript_file(&x->plan, &x->result, &x->script, name, false, &text, &err);
    }
    if (r) {
        printf("no scenario was written: %s\n", err.text);
        r = r == CHIP_E_VALUE ? 0 : EXIT_HARNESS;
    } else if (have < RESCRIPT_SEEDS) {
        printf("no scenario was written: %u of %d runs of it had the finding\n", have,
               RESCRIPT_SEEDS);
    } else {
        r = write_text(path, text);
        print_scenario(x, path, pass);
    }
    free(text);
    return r;
}

/* The file that was written, read and run: the same finding and log as it has been written of. */
static int check_file(const struct shrinking *x, const struct case_result *made) {
    struct chr_schedule *again;
    struct case_result result;
    struct chip_error err = {0};
    if (chr_schedule_load(x->out, &again, &err))
        return complain(EXIT_HARNESS, "%s", err.text);
    struct case_spec spec = spec_of(x);
    spec.replay = again;
    int r = case_run(&spec, &result, &err);
    if (r) {
        r = complain(EXIT_HARNESS, "%s", err.text);
    } else {
        if (strcmp(result.run.verdict, made->run.verdict) != 0 ||
            result.run.measure.log_hash != made->run.measure.log_hash)
            r = complain(EXIT_HARNESS, "%s does not repeat the run that it was written of", x->out);
        case_free(&result);
    }
    chr_schedule_free(again);
    return r;
}

static bool is_wanted(const struct shrinking *x, const struct case_result *made) {
    return made->judgement.count && made->verdict == x->result.finding.verdict &&
           made->judgement.findings[0].line == x->result.finding.line;
}

/* The shrunk run with everything recorded. */
static int tell(struct shrinking *x) {
    struct case_spec spec = spec_of(x);
    struct case_result made;
    struct chip_error err = {0};
    spec.guided = true;
    spec.switches = x->result.switches;
    spec.switch_count = x->result.count;
    for (size_t i = 0; i < x->result.count; i++)
        x->result.switches[i].used = CHIP_SWITCH_UNMET;
    if (case_run(&spec, &made, &err))
        return complain(EXIT_HARNESS, "%s", err.text);
    int r = 0;
    if (run_interrupted())
        r = EXIT_INTERRUPTED;
    else if (!is_wanted(x, &made))
        r = complain(EXIT_HARNESS, "the shrunk run was '%s' when it was repeated",
                     made.run.verdict);
    else if (case_write_schedule(&made, x->out, &err))
        r = complain(EXIT_HARNESS, "%s", err.text);
    if (!r)
        r = check_file(x, &made);
    if (!r) {
        struct chr_style style = cmd_style();
        struct chr_symbols *symbols = chr_symbols_new();
        chr_story(stdout, &style, &made.run, made.rec, symbols);
        session_print_output(stdout, &made);
        print_switches(x, &made);
        print_pair(x, &made, symbols);
        chr_symbols_free(symbols);
        r = write_scenario(x);
    }
    case_free(&made);
    return r;
}

static int shrink_it(struct shrinking *x) {
    struct chip_error err = {0};
    int r = shrink(&x->plan, &x->result, &err);
    if (!r && rescript(&x->plan, &x->result, &x->script, &err) && !run_interrupted())
        r = CHIP_E_OS;
    if (run_interrupted())
        r = EXIT_INTERRUPTED;
    else if (r)
        return complain(r == CHIP_E_VALUE ? EXIT_USAGE : EXIT_HARNESS, "shrink: %s", err.text);
    if (!r)
        r = tell(x);
    shrink_free(&x->result);
    rescript_free(&x->script);
    return r ? r : EXIT_FAILED;
}

/* "shrunk.chsched" in the folder of the file. */
static char *default_out(const char *file) {
    const char *slash = strrchr(file, '/');
    char *out;
    int folder = slash ? (int)(slash - file) + 1 : 0;
    return asprintf(&out, "%.*sshrunk.chsched", folder, file) < 0 ? NULL : out;
}

/* The one short option. */
static void spell_out(int argc, char **argv) {
    static char word[] = "--out";
    for (int i = 0; i < argc; i++)
        if (strcmp(argv[i], "-o") == 0)
            argv[i] = word;
}

int cmd_shrink(int argc, char **argv) {
    struct shrink_options o = {.budget = "60s"};
    struct shrinking x = {.recorded = NULL};
    struct chr_schedule *recorded;
    struct chip_error err = {0};
    struct session session;
    bool helped;
    spell_out(argc, argv);
    int r = options_parse("shrink", rows, ROWS, &o, &argc, argv, &helped);
    if (r || helped)
        return r;
    uint64_t budget = option_duration_ns(o.budget);
    if (argc != 1)
        return complain(EXIT_USAGE, "shrink: one FILE.chsched is needed");
    if (!budget)
        return complain(EXIT_USAGE, "shrink: --budget: '%s' is not a time such as 60s", o.budget);
    if (chr_schedule_load(argv[0], &recorded, &err))
        return complain(EXIT_USAGE, "%s", err.text);
    x.recorded = recorded;
    x.out = o.out ? strdup(o.out) : default_out(argv[0]);
    if (!x.out)
        return complain(EXIT_HARNESS, "out of memory");
    r = session_open_schedule(&session, recorded, &x.plan.what.variant);
    if (!r) {
        x.plan.what.where = &session.where;
        x.plan.what.file = &session.scenarios.items[0];
        x.plan.what.defect = recorded->defect;
        x.plan.what.no_script = recorded->no_script;
        x.plan.seed = recorded->seed;
        x.plan.choices = recorded->choices;
        x.plan.choice_count = recorded->choice_count;
        x.plan.deadline_ns = run_now_ns() + budget;
        r = shrink_it(&x);
        session_close(&session);
    }
    free(x.out);
    chr_schedule_free(recorded);
    return r;
}
