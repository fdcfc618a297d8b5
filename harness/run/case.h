/* SPDX-License-Identifier: Apache-2.0 */
/* case.h - one case: a variant of a scenario, a defect or none, a seed; run, judged, described. */
#ifndef HARNESS_CASE_H
#define HARNESS_CASE_H

#include "harness/run/judge.h"
#include "harness/run/scenarios.h"

struct case_spec {
    const struct run_companions *where;
    const struct scenario_file *scenario;
    size_t variant;
    const char *defect; /* NULL: none */
    uint64_t seed;
    const struct chr_schedule *replay; /* NULL: not a replay */
    uint32_t without;                  /* oracles switched off */
    bool no_script;                    /* leave out the scenario's script */
    bool guided;                       /* without preemption but for these switches */
    const struct chip_switch *switches;
    size_t switch_count;
};

/* Everything about a case; all pointers inside live until case_free(). */
struct case_result {
    const struct chs_scenario *s;
    struct chs_scenario plain; /* what s is where the script is left out */
    struct run_record record;
    struct chr_recording *rec; /* NULL: unreadable */
    struct judgement judgement;
    int verdict; /* enum chs_verdict */
    struct chr_run run;
    char build_id[17];
    struct chr_param *params;
    struct chr_plan *holds, *faults, *steps, *checks;
    char *schedule_path, *log_path, *replay_line;
    char *output; /* what an own program printed, its last 64 KiB; NULL: no own program */
};

/* 0, also when the case failed; CHIP_E_OS, CHIP_E_LOOKUP when it could not start. */
int case_run(const struct case_spec *spec, struct case_result *out, struct chip_error *err);
void case_free(struct case_result *r);

/* Does a finding with this verdict stand in the result, one that mentions `says` (NULL: any)? */
bool case_has(const struct case_result *r, int verdict, const char *says);

/* Writes the replay file and the event log (NUMBER.chsched, NUMBER.log) into out_dir/SCENARIO and
 * lets run point to them. */
int case_write(struct case_result *r, const char *out_dir, unsigned number, struct chip_error *err);
/* The replay file alone, at this path. */
int case_write_schedule(struct case_result *r, const char *path, struct chip_error *err);

#endif
