/* SPDX-License-Identifier: Apache-2.0 */
/* block.c - makes the control block of a run and writes the plan into it. */
#include "harness/run/run.h"
#include "harness/control/control.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static uint64_t rounded(uint64_t n) {
    return (n + 4095) & ~4095ull;
}

static void lay_out(struct chip_control *c) {
    c->off_choices = rounded(sizeof *c);
    c->off_stacks = rounded(c->off_choices + CHIP_MAX_CHOICES * sizeof(struct chip_choice));
    c->off_options = rounded(c->off_stacks + CHIP_MAX_STACKS * sizeof(struct chip_stack));
    c->off_switches = rounded(c->off_options + CHIP_MAX_CHOICES * sizeof(struct chip_option));
    c->off_logs = rounded(c->off_switches + CHIP_MAX_SWITCHES * sizeof(struct chip_switch));
    c->bytes_total = rounded(c->off_logs + (uint64_t)CHIP_MAX_ACTORS * CHIP_LOG_EVENTS *
                                               sizeof(struct chip_event));
}

int run_block_plan(struct chip_control *c, const struct run_request *q, struct chip_error *err) {
    const struct chs_scenario *s = q->scenario;
    if (s->hold_count > CHIP_MAX_HOLDS || s->step_count > CHIP_MAX_RESULTS ||
        s->check_count > CHIP_MAX_RESULTS || q->choice_count > CHIP_MAX_CHOICES ||
        q->switch_count > CHIP_MAX_SWITCHES)
        return chip_error_set(err, CHIP_E_VALUE, "the plan is larger than a control block holds");
    c->seed = q->seed;
    c->rng = q->seed;
    c->rng_subject = ~q->seed;
    c->time_limit_ns = s->time_limit_ns;
    c->step_limit = s->step_limit;
    c->dma_chunk = s->dma_chunk;
    for (size_t i = 0; i < s->hold_count; i++)
        c->holds[i] = s->holds[i].plan;
    c->hold_count = (uint32_t)s->hold_count;
    for (size_t i = 0; i < s->fault_count; i++) {
        const struct chs_fault *f = &s->faults[i];
        if (f->plan_index == CHS_NONE)
            continue;
        if (f->plan_index >= CHIP_MAX_FAULTS)
            return chip_error_set(err, CHIP_E_VALUE, "more faults than a control block holds");
        c->faults[f->plan_index] = f->plan;
        if (f->plan_index >= c->fault_count)
            c->fault_count = f->plan_index + 1;
    }
    c->quiet = q->quiet;
    c->strategy = q->choices && q->strategy == CHIP_STRATEGY_RANDOM ? CHIP_STRATEGY_REPLAY
                                                                    : (uint32_t)q->strategy;
    c->pct_depth = q->depth;
    c->pct_steps = q->steps;
    if (q->choices) {
        c->replay_count = q->choice_count;
        memcpy(chip_control_choices(c), q->choices, q->choice_count * sizeof *q->choices);
    }
    c->switch_count = (uint32_t)q->switch_count;
    if (q->switch_count)
        memcpy(chip_control_switches(c), q->switches, q->switch_count * sizeof *q->switches);
    ctl_strategy_begin(c);
    return CHIP_OK;
}

#define ZERO(table, count) memset(c->table, 0, (count) * sizeof c->table[0])

/* Rows beyond the counts were never touched, and are not now: it is done once for each schedule of
 * an exploration. What stands behind the tables named here is cleared as a whole. */
void run_block_clear(struct chip_control *c, size_t steps, size_t checks) {
    const size_t from = offsetof(struct chip_control, seed);
    const size_t behind = offsetof(struct chip_control, modules) + sizeof c->modules;
    const int doorbell_fd = c->doorbell_fd, supervisor = c->supervisor_pid, zygote = c->zygote_fd;
    const uint64_t run_id = c->run_id, off_options = c->off_options, off_switches = c->off_switches;
    ZERO(actors, c->actor_count);
    ZERO(holds, CHIP_MAX_HOLDS);
    ZERO(faults, CHIP_MAX_FAULTS);
    ZERO(objects, c->object_count);
    ZERO(segments, c->segment_count);
    ZERO(modules, c->module_count);
    for (size_t i = 0; i < CHIP_MAX_RESULTS && i < steps; i++)
        memset(&c->results[i], 0, sizeof c->results[i]);
    for (size_t i = 0; i < CHIP_MAX_RESULTS && i < checks; i++)
        memset(&c->checks[i], 0, sizeof c->checks[i]);
    memset((char *)c + from, 0, offsetof(struct chip_control, actors) - from);
    memset((char *)c + behind, 0, sizeof *c - behind);
    c->doorbell_fd = doorbell_fd;
    c->supervisor_pid = supervisor;
    c->zygote_fd = zygote;
    c->run_id = run_id;
    c->off_options = off_options;
    c->off_switches = off_switches;
}

struct chip_control *run_block_make(const struct run_request *q, uint64_t run_id, int doorbell_fd,
                                    int *fd, size_t *bytes, struct chip_error *err) {
    struct chip_control head = {.magic = CHIP_CONTRACT_MAGIC};
    lay_out(&head);
    *fd = memfd_create("chipharness-control", 0); /* inherited by the subject: not CLOEXEC */
    if (*fd < 0) {
        chip_error_sys(err, errno, "memfd_create");
        return NULL;
    }
    struct chip_control *c = MAP_FAILED;
    if (ftruncate(*fd, (off_t)head.bytes_total) == 0)
        c = mmap(NULL, head.bytes_total, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
    if (c == MAP_FAILED) {
        chip_error_sys(err, errno, "cannot map a control block of %llu bytes",
                       (unsigned long long)head.bytes_total);
        close(*fd);
        return NULL;
    }
    lay_out(c);
    c->magic = CHIP_CONTRACT_MAGIC;
    c->version = CHIP_CONTRACT_VERSION;
    c->bytes_control = sizeof *c;
    c->doorbell_fd = doorbell_fd;
    c->supervisor_pid = getpid();
    c->run_id = run_id;
    *bytes = c->bytes_total;
    if (run_block_plan(c, q, err) != CHIP_OK) {
        munmap(c, *bytes);
        close(*fd);
        return NULL;
    }
    return c;
}
