/* SPDX-License-Identifier: Apache-2.0 */
/* replay.c - the verb `replay`: a recorded run again, and whether it came out the same. */
#include "harness/cmd/cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct replay_options {
    const char *out;
};

static const struct option_row rows[] = {
    {"out", "DIR", "write the event log of the repeated run there", OPTION_TEXT,
     offsetof(struct replay_options, out)},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

static int compare(const struct case_result *result, const struct chr_schedule *recorded) {
    bool same_build = strcmp(result->build_id, recorded->build_id) == 0;
    bool same_log = result->run.measure.log_hash == recorded->log_hash;
    if (!same_build)
        printf("note: recorded with build %s, this is %s\n", recorded->build_id, result->build_id);
    if (strcmp(result->run.verdict, recorded->verdict) != 0) {
        printf("replay: recorded verdict %s, now %s\n", recorded->verdict, result->run.verdict);
        return EXIT_HARNESS;
    }
    printf("replay: same verdict (%s), %s log\n", recorded->verdict, same_log ? "same" : "another");
    if (!same_log && same_build)
        return complain(EXIT_HARNESS, "the same build and schedule gave another log");
    return 0;
}

static int replay(struct session *session, size_t variant, const struct chr_schedule *recorded,
                  const struct replay_options *o) {
    const struct scenario_file *file = &session->scenarios.items[0];
    struct case_spec spec = {.where = &session->where,
                             .scenario = file,
                             .variant = variant,
                             .defect = recorded->defect,
                             .seed = recorded->seed,
                             .replay = recorded,
                             .no_script = recorded->no_script};
    struct case_result result;
    struct chip_error err = {0};
    if (case_run(&spec, &result, &err))
        return complain(EXIT_HARNESS, "%s", err.text);
    struct chr_style style = cmd_style();
    struct chr_symbols *symbols = chr_symbols_new();
    struct tally tally = {0};
    if (o->out && case_write(&result, o->out, 1, &err))
        complain(EXIT_HARNESS, "%s", err.text);
    if (result.run.status == CHR_PASSED)
        chr_story_short(stdout, &style, &result.run);
    else
        chr_story(stdout, &style, &result.run, result.rec, symbols);
    if (result.run.status != CHR_PASSED)
        session_print_output(stdout, &result);
    int r = compare(&result, recorded);
    tally_add(&tally, result.run.status);
    case_free(&result);
    chr_symbols_free(symbols);
    int end = tally_end(&tally, stdout);
    return r ? r : end;
}

int cmd_replay(int argc, char **argv) {
    struct replay_options o = {0};
    struct chr_schedule *recorded;
    struct chip_error err = {0};
    struct session session;
    bool helped;
    int r = options_parse("replay", rows, ROWS, &o, &argc, argv, &helped);
    if (r || helped)
        return r;
    if (argc != 1)
        return complain(EXIT_USAGE, "replay: one FILE.chsched is needed");
    if (chr_schedule_load(argv[0], &recorded, &err))
        return complain(EXIT_USAGE, "%s", err.text);
    size_t variant;
    r = session_open_schedule(&session, recorded, &variant);
    if (!r) {
        r = replay(&session, variant, recorded, &o);
        session_close(&session);
    }
    chr_schedule_free(recorded);
    return r;
}
