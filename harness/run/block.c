/* SPDX-License-Identifier: Apache-2.0 */
/* block.c - makes the control block of a run and writes the plan into it. */
#include "harness/run/run.h"

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
    c->off_logs = rounded(c->off_stacks + CHIP_MAX_STACKS * sizeof(struct chip_stack));
    c->bytes_total = rounded(c->off_logs + (uint64_t)CHIP_MAX_ACTORS * CHIP_LOG_EVENTS *
                                               sizeof(struct chip_event));
}

static int write_plan(struct chip_control *c, const struct run_request *q, struct chip_error *err) {
    const struct chs_scenario *s = q->scenario;
    if (s->hold_count > CHIP_MAX_HOLDS || s->step_count > CHIP_MAX_RESULTS ||
        s->check_count > CHIP_MAX_RESULTS || q->choice_count > CHIP_MAX_CHOICES)
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
    if (q->choices) {
        c->strategy = CHIP_STRATEGY_REPLAY;
        c->replay_count = q->choice_count;
        memcpy(chip_control_choices(c), q->choices, q->choice_count * sizeof *q->choices);
    }
    return CHIP_OK;
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
    if (write_plan(c, q, err) != CHIP_OK) {
        munmap(c, *bytes);
        close(*fd);
        return NULL;
    }
    return c;
}
