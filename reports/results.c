/* SPDX-License-Identifier: Apache-2.0 */
/*
 * results.c - copies of the runs of a scenario, so that recordings and plans may go before the
 * files are written.
 */
#include "reports/results.h"

#include "reports/internal.h"

#include <stdlib.h>
#include <string.h>

static void *keep(struct chr_results *res, const void *from, size_t bytes) {
    if (!from || bytes == 0)
        return NULL;
    struct chr__block *b = malloc(sizeof *b + bytes);
    if (!b)
        return NULL;
    b->next = res->blocks;
    res->blocks = b;
    return memcpy(b->bytes, from, bytes);
}

/* Copies the string behind *s in place; false when memory is short. */
static bool keep_string(struct chr_results *res, const char **s) {
    if (*s)
        *s = keep(res, *s, strlen(*s) + 1);
    else
        return true;
    return *s != NULL;
}

static bool keep_plan(struct chr_results *res, const struct chr_plan **plan, size_t count) {
    struct chr_plan *copy = keep(res, *plan, count * sizeof *copy);
    *plan = copy;
    for (size_t i = 0; copy && i < count; i++)
        if (!keep_string(res, &copy[i].text))
            return false;
    return copy || count == 0;
}

static bool keep_params(struct chr_results *res, struct chr_run *run) {
    struct chr_param *copy = keep(res, run->params, run->param_count * sizeof *copy);
    run->params = copy;
    for (size_t i = 0; copy && i < run->param_count; i++)
        if (!keep_string(res, &copy[i].name) || !keep_string(res, &copy[i].value))
            return false;
    return copy || run->param_count == 0;
}

static bool keep_findings(struct chr_results *res, struct chr_run *run) {
    struct chr_finding *copy = keep(res, run->findings, run->finding_count * sizeof *copy);
    run->findings = copy;
    for (size_t i = 0; copy && i < run->finding_count; i++) {
        struct chr_finding *f = &copy[i];
        if (!keep_string(res, &f->verdict) || !keep_string(res, &f->expectation) ||
            !keep_string(res, &f->file) || !keep_string(res, &f->expected) ||
            !keep_string(res, &f->observed))
            return false;
    }
    return copy || run->finding_count == 0;
}

static bool keep_run(struct chr_results *res, struct chr_run *run) {
    const char **strings[] = {
        &run->scenario, &run->scenario_path,    &run->defect, &run->build_id,      &run->verdict,
        &run->note,     &run->expected_verdict, &run->replay, &run->schedule_path, &run->log_path};
    for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++)
        if (!keep_string(res, strings[i]))
            return false;
    return keep_params(res, run) && keep_findings(res, run) &&
           keep_plan(res, &run->holds, run->hold_count) &&
           keep_plan(res, &run->faults, run->fault_count) &&
           keep_plan(res, &run->steps, run->step_count) &&
           keep_plan(res, &run->checks, run->check_count);
}

struct chr_results *chr_results_new(const char *scenario, const char *path, const char *about) {
    struct chr_results *res = calloc(1, sizeof *res);
    if (!res)
        return NULL;
    res->scenario = scenario;
    res->path = path;
    res->about = about;
    if (!keep_string(res, &res->scenario) || !keep_string(res, &res->path) ||
        !keep_string(res, &res->about)) {
        chr_results_free(res);
        return NULL;
    }
    return res;
}

int chr_results_add(struct chr_results *res, const struct chr_run *run) {
    if (res->count == res->room) {
        size_t room = res->room ? 2 * res->room : 16;
        struct chr_run *more = realloc(res->runs, room * sizeof *more);
        if (!more)
            return CHIP_E_MEMORY;
        res->runs = more;
        res->room = room;
    }
    res->runs[res->count] = *run;
    if (!keep_run(res, &res->runs[res->count]))
        return CHIP_E_MEMORY;
    res->count++;
    return CHIP_OK;
}

size_t chr_results_count(const struct chr_results *res) {
    return res->count;
}

const struct chr_run *chr_results_run(const struct chr_results *res, size_t i) {
    return &res->runs[i];
}

void chr_results_free(struct chr_results *res) {
    if (!res)
        return;
    for (struct chr__block *b = res->blocks, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    free(res->runs);
    free(res);
}

const char *chr__status_name(enum chr_status status) {
    switch (status) {
    case CHR_PASSED:
        return "passed";
    case CHR_FAILED:
        return "failed";
    case CHR_SKIPPED:
        return "skipped";
    case CHR_VACUOUS:
        return "vacuous";
    case CHR_BROKEN:
        return "broken";
    }
    return "broken";
}

size_t chr__count_status(const struct chr_results *res, enum chr_status status) {
    size_t n = 0;
    for (size_t i = 0; i < res->count; i++)
        n += res->runs[i].status == status;
    return n;
}
