/* SPDX-License-Identifier: Apache-2.0 */
/*
 * result_json.c - out/SCENARIO/result.json. Members are only ever added under one schema name.
 */
#include "reports/internal.h"
#include "reports/json.h"
#include "reports/results.h"

#include <inttypes.h>

#define RESULT_SCHEMA "chipharness-result/1"

static void write_findings(struct chr_json *j, const struct chr_run *run) {
    chr_json_array(j, "findings");
    for (size_t i = 0; i < run->finding_count; i++) {
        const struct chr_finding *f = &run->findings[i];
        chr_json_object(j, NULL);
        chr_json_string(j, "verdict", f->verdict);
        chr_json_string(j, "expectation", f->expectation);
        chr_json_string(j, "file", f->file);
        chr_json_number(j, "line", f->line);
        chr_json_string(j, "expected", f->expected);
        chr_json_string(j, "observed", f->observed);
        chr_json_array(j, "events");
        for (int k = 0; k < 2; k++)
            if (f->seq[k] != CHR_NO_SEQ)
                chr_json_number(j, NULL, f->seq[k]);
        chr_json_close(j);
        chr_json_close(j);
    }
    chr_json_close(j);
}

static void write_holds(struct chr_json *j, const struct chr_run *run) {
    const struct chr_measure *m = &run->measure;
    chr_json_array(j, "holds");
    for (size_t i = 0; i < run->hold_count; i++) {
        chr_json_object(j, NULL);
        chr_json_string(j, "text", run->holds[i].text);
        chr_json_number(j, "line", run->holds[i].line);
        if (m->known && i < m->hold_count) {
            chr_json_bool(j, "reached", m->holds[i].reached);
            chr_json_bool(j, "held", m->holds[i].held);
            chr_json_bool(j, "died", m->holds[i].died);
            chr_json_bool(j, "met", m->holds[i].met);
            chr_json_bool(j, "ended", m->holds[i].ended);
            chr_json_number(j, "steps_while_held", m->holds[i].steps_while_held);
        }
        chr_json_close(j);
    }
    chr_json_close(j);
}

static void write_faults(struct chr_json *j, const struct chr_run *run) {
    const struct chr_measure *m = &run->measure;
    chr_json_array(j, "faults");
    for (size_t i = 0; i < run->fault_count; i++) {
        chr_json_object(j, NULL);
        chr_json_string(j, "text", run->faults[i].text);
        chr_json_number(j, "line", run->faults[i].line);
        if (m->known && i < m->fault_count) {
            chr_json_number(j, "fired", m->faults[i].fired);
            chr_json_number(j, "seen", m->faults[i].seen);
        }
        chr_json_close(j);
    }
    chr_json_close(j);
}

static void write_measure(struct chr_json *j, const struct chr_measure *m) {
    char hash[24];
    chr_json_number(j, "wall_ns", m->wall_ns);
    if (!m->known)
        return;
    snprintf(hash, sizeof hash, "%016" PRIx64, m->log_hash);
    chr_json_number(j, "virtual_ns", m->virtual_ns);
    chr_json_number(j, "steps", m->steps);
    chr_json_number(j, "switches", m->switches);
    chr_json_number(j, "choices", m->choices);
    chr_json_number(j, "events", m->events);
    chr_json_number(j, "events_lost", m->lost);
    chr_json_string(j, "log_hash", hash);
}

static void write_run(struct chr_json *j, const struct chr_run *run) {
    chr_json_object(j, NULL);
    chr_json_object(j, "params");
    for (size_t i = 0; i < run->param_count; i++)
        chr_json_string(j, run->params[i].name, run->params[i].value);
    chr_json_close(j);
    chr_json_string(j, "defect", run->defect);
    chr_json_number(j, "seed", run->seed);
    chr_json_string(j, "build_id", run->build_id);
    chr_json_string(j, "status", chr__status_name(run->status));
    chr_json_string(j, "verdict", run->verdict);
    chr_json_string(j, "expected_verdict", run->expected_verdict);
    chr_json_string(j, "note", run->note);
    write_findings(j, run);
    write_holds(j, run);
    write_faults(j, run);
    write_measure(j, &run->measure);
    chr_json_string(j, "schedule", run->schedule_path);
    chr_json_string(j, "log", run->log_path);
    chr_json_string(j, "replay", run->replay);
    chr_json_close(j);
}

void chr_result_json(FILE *out, const struct chr_results *res) {
    struct chr_json j;
    chr_json_begin(&j, out);
    chr_json_object(&j, NULL);
    chr_json_string(&j, "schema", RESULT_SCHEMA);
    chr_json_string(&j, "scenario", res->scenario);
    chr_json_string(&j, "path", res->path);
    chr_json_string(&j, "about", res->about);
    chr_json_object(&j, "totals");
    chr_json_number(&j, "runs", res->count);
    for (int s = CHR_PASSED; s <= CHR_BROKEN; s++)
        chr_json_number(&j, chr__status_name((enum chr_status)s),
                        chr__count_status(res, (enum chr_status)s));
    chr_json_close(&j);
    chr_json_array(&j, "runs");
    for (size_t i = 0; i < res->count; i++)
        write_run(&j, &res->runs[i]);
    chr_json_close(&j);
    chr_json_close(&j);
    chr_json_end(&j);
}
