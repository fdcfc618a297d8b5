/* SPDX-License-Identifier: Apache-2.0 */
/* case.c - see case.h. */
#include "harness/run/case.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { OUTPUT_MAX = 64 << 10 };

static void *array(size_t count, size_t size) {
    void *p = calloc(count ? count : 1, size);
    if (!p) {
        fprintf(stderr, "chipharness: out of memory\n");
        exit(3);
    }
    return p;
}

static void describe_plan(struct case_result *r) {
    const struct chs_scenario *s = r->s;
    r->params = array(s->param_count, sizeof *r->params);
    for (size_t i = 0; i < s->param_count; i++)
        r->params[i] = (struct chr_param){s->params[i].name, s->params[i].value};
    r->holds = array(s->hold_count, sizeof *r->holds);
    for (size_t i = 0; i < s->hold_count; i++)
        r->holds[i] = (struct chr_plan){s->holds[i].text, s->holds[i].at.line};
    r->faults = array(CHIP_MAX_FAULTS, sizeof *r->faults);
    for (size_t i = 0; i < s->fault_count; i++)
        if (s->faults[i].plan_index != CHS_NONE)
            r->faults[s->faults[i].plan_index] =
                (struct chr_plan){s->faults[i].text, s->faults[i].at.line};
    r->steps = array(s->step_count, sizeof *r->steps);
    r->checks = array(s->check_count, sizeof *r->checks);
    for (size_t i = 0; i < s->step_count; i++) {
        r->steps[i] = (struct chr_plan){s->steps[i].text, s->steps[i].at.line};
        if (s->steps[i].check != CHS_NONE)
            r->checks[s->steps[i].check] = r->steps[i];
    }
    for (size_t i = 0; i < s->expect_count; i++)
        if (s->expects[i].kind == CHS_EXPECT_CONTENT)
            r->checks[s->expects[i].check] =
                (struct chr_plan){s->expects[i].text, s->expects[i].at.line};
}

static enum chr_status status_of(int verdict) {
    switch (verdict) {
    case CHS_VERDICT_PASS:
        return CHR_PASSED;
    case CHS_VERDICT_VACUOUS:
        return CHR_VACUOUS;
    case CHS_VERDICT_HARNESS:
    case CHS_VERDICT_DIVERGED:
    case CHS_VERDICT_OUTSIDE:
        return CHR_BROKEN;
    default:
        return CHR_FAILED;
    }
}

static void describe(const struct case_spec *spec, struct case_result *r) {
    describe_plan(r);
    r->run = (struct chr_run){
        .scenario = r->s->name,
        .scenario_path = spec->scenario->path,
        .params = r->params,
        .param_count = r->s->param_count,
        .defect = spec->defect,
        .seed = spec->seed,
        .build_id = r->build_id,
        .verdict = chs_verdict_word(r->verdict),
        .status = status_of(r->verdict),
        .findings = r->judgement.findings,
        .finding_count = r->judgement.count,
        .holds = r->holds,
        .hold_count = r->s->hold_count,
        .faults = r->faults,
        .fault_count = r->record.control->fault_count,
        .steps = r->steps,
        .step_count = r->s->step_count,
        .checks = r->checks,
        .check_count = r->s->check_count,
        .no_script = spec->no_script,
        .accesses = spec->where->accesses,
    };
    if (spec->scenario->made) {
        r->run.command = r->s->command;
        r->run.command_count = r->s->command_count;
        r->run.time_limit_ns = r->s->time_limit_ns;
    }
    if (r->rec)
        chr_run_measure(&r->run, r->rec);
    r->run.measure.wall_ns = r->record.wall_ns;
}

/* The file of the user's own that runs, "" for none, and a place for what it prints. */
static int own_program(const struct chs_scenario *s, char own[4096], int *output_fd,
                       struct chip_error *err) {
    if (!chs_own_program(s))
        return CHIP_OK;
    int r = CHIP_OK;
    if (s->library)
        snprintf(own, 4096, "%s", s->library);
    else
        r = run_find_program(s->command[0], own, 4096, err);
    if (r)
        return r;
    *output_fd = memfd_create("output", MFD_CLOEXEC);
    return *output_fd < 0 ? chip_error_sys(err, errno, "memfd_create") : CHIP_OK;
}

/* The last OUTPUT_MAX bytes of what the subject printed. */
static char *output_text(int fd) {
    off_t end = lseek(fd, 0, SEEK_END);
    off_t from = end > OUTPUT_MAX ? end - OUTPUT_MAX : 0;
    char *text = array((size_t)(end - from) + 1, 1);
    ssize_t n = pread(fd, text, (size_t)(end - from), from);
    text[n > 0 ? n : 0] = 0;
    return text;
}

int case_run(const struct case_spec *spec, struct case_result *out, struct chip_error *err) {
    char library_dir[4096], own[4096] = "";
    memset(out, 0, sizeof *out);
    out->s = chs_variant(spec->scenario->file, spec->variant);
    if (spec->no_script) {
        out->plain = *out->s;
        out->plain.hold_count = 0;
        out->s = &out->plain;
    }
    struct run_request q = {
        .where = spec->where,
        .scenario = out->s,
        .variant = spec->variant,
        .scenario_fd = spec->scenario->fd,
        .defect = spec->defect,
        .seed = spec->seed,
    };
    if (spec->replay) {
        q.choices = spec->replay->choices;
        q.choice_count = spec->replay->choice_count;
    }
    if (spec->guided) {
        q.strategy = CHIP_STRATEGY_GUIDED;
        q.switches = spec->switches;
        q.switch_count = spec->switch_count;
    }
    int r = own_program(out->s, own, &q.output_fd, err);
    if (!r)
        r = run_library_dir(spec->where, spec->defect, library_dir, sizeof library_dir, err);
    if (!r)
        r = run_build_id(spec->where, library_dir, *own ? own : NULL, out->build_id, err);
    if (!r)
        r = run_once(&q, &out->record, err);
    if (q.output_fd > 0) {
        out->output = output_text(q.output_fd);
        close(q.output_fd);
    }
    if (r) {
        free(out->output);
        return r;
    }
    chr_recording_open(out->record.control, out->record.bytes, &out->rec, NULL);
    judge(out->s, &out->record, out->rec, spec->without, &out->judgement);
    out->verdict = judgement_verdict(&out->judgement);
    describe(spec, out);
    return CHIP_OK;
}

void case_free(struct case_result *r) {
    free(r->params);
    free(r->holds);
    free(r->faults);
    free(r->steps);
    free(r->checks);
    free(r->schedule_path);
    free(r->log_path);
    free(r->replay_line);
    free(r->output);
    judgement_free(&r->judgement);
    chr_recording_close(r->rec);
    run_record_free(&r->record);
}

bool case_has(const struct case_result *r, int verdict, const char *says) {
    for (size_t i = 0; i < r->judgement.count; i++) {
        const struct chr_finding *f = &r->judgement.findings[i];
        if (r->judgement.verdicts[i] != verdict)
            continue;
        if (!says || (f->observed && strstr(f->observed, says)) ||
            (f->expected && strstr(f->expected, says)) ||
            (f->expectation && strstr(f->expectation, says)))
            return true;
    }
    return false;
}

static int write_log(const struct case_result *r, struct chip_error *err) {
    struct chr_out *out;
    int e = chr_out_open(r->log_path, &out, err);
    if (e)
        return e;
    chr_eventlog_write(chr_out_stream(out), r->rec);
    return chr_out_commit(out, err);
}

static int write_schedule(const struct case_result *r, struct chip_error *err) {
    struct chr_schedule *schedule;
    struct chr_out *out;
    int e = chr_schedule_make(&r->run, r->rec, &schedule, err);
    if (e)
        return e;
    e = chr_out_open(r->schedule_path, &out, err);
    if (!e) {
        chr_schedule_print(chr_out_stream(out), schedule);
        e = chr_out_commit(out, err);
    }
    chr_schedule_free(schedule);
    return e;
}

int case_write(struct case_result *r, const char *out_dir, unsigned number,
               struct chip_error *err) {
    if (!r->rec)
        return CHIP_OK;
    if (asprintf(&r->schedule_path, "%s/%s/%u.chsched", out_dir, r->s->name, number) < 0 ||
        asprintf(&r->log_path, "%s/%s/%u.log", out_dir, r->s->name, number) < 0 ||
        asprintf(&r->replay_line, "chipharness replay %s", r->schedule_path) < 0)
        return chip_error_set(err, CHIP_E_MEMORY, "out of memory");
    int e = write_schedule(r, err);
    if (!e)
        e = write_log(r, err);
    if (!e) {
        r->run.schedule_path = r->schedule_path;
        r->run.log_path = r->log_path;
        r->run.replay = r->replay_line;
    }
    return e;
}

int case_write_schedule(struct case_result *r, const char *path, struct chip_error *err) {
    if (!r->rec)
        return chip_error_set(err, CHIP_E_PROTOCOL, "the run left no recording");
    r->schedule_path = strdup(path);
    if (!r->schedule_path || asprintf(&r->replay_line, "chipharness replay %s", path) < 0)
        return chip_error_set(err, CHIP_E_MEMORY, "out of memory");
    int e = write_schedule(r, err);
    if (!e) {
        r->run.schedule_path = r->schedule_path;
        r->run.replay = r->replay_line;
    }
    return e;
}
