/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_fixture.c - see report_fixture.h.
 */
#include "tests/unit/report_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cmocka.h>

uint64_t fix_real_ns = 5000000;

static size_t aligned(size_t n) {
    return (n + 63) / 64 * 64;
}

static size_t off_stacks(void) {
    return aligned(sizeof(struct chip_control)) + FIX_CHOICES * sizeof(struct chip_choice);
}

static size_t off_logs(void) {
    return aligned(off_stacks() + FIX_STACKS * sizeof(struct chip_stack));
}

size_t fix_bytes(void) {
    return off_logs() + (size_t)FIX_ACTORS * CHIP_LOG_EVENTS * sizeof(struct chip_event);
}

struct chip_control *fix_new(void) {
    struct chip_control *c = mmap(NULL, fix_bytes(), PROT_READ | PROT_WRITE,
                                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_ptr_not_equal(c, MAP_FAILED);
    c->magic = CHIP_CONTRACT_MAGIC;
    c->version = CHIP_CONTRACT_VERSION;
    c->bytes_control = sizeof *c;
    c->off_choices = aligned(sizeof *c);
    c->off_stacks = off_stacks();
    c->off_logs = off_logs();
    c->bytes_total = fix_bytes();
    c->outcome = CHIP_OUT_FINISHED;
    return c;
}

void fix_free(struct chip_control *c) {
    munmap(c, fix_bytes());
}

uint32_t fix_actor(struct chip_control *c, uint32_t kind, uint32_t index, uint32_t incarnation,
                   int32_t pid) {
    struct chip_actor *a = &c->actors[c->actor_count];
    a->kind = kind;
    a->index = index;
    a->incarnation = incarnation;
    a->pid = pid;
    a->state = CHIP_STATE_RUNNABLE;
    a->wait_deadline = CHIP_NO_DEADLINE;
    return c->actor_count++;
}

uint32_t fix_module(struct chip_control *c, const char *path) {
    snprintf(c->modules[c->module_count].path, sizeof c->modules[0].path, "%s", path);
    return c->module_count++;
}

uint32_t fix_stack(struct chip_control *c, uint32_t depth, const uint32_t *modules,
                   const uint64_t *offsets) {
    struct chip_stack *s = chip_control_stacks(c) + c->stack_count;
    s->depth = depth;
    memcpy(s->module, modules, depth * sizeof *modules);
    memcpy(s->offset, offsets, depth * sizeof *offsets);
    return ++c->stack_count;
}

void fix_choice(struct chip_control *c, uint64_t step, uint16_t from, uint16_t kind, uint16_t point,
                uint16_t to) {
    assert_true(c->choice_count < FIX_CHOICES);
    chip_control_choices(c)[c->choice_count++] = (struct chip_choice){
        .step = step, .from = from, .to = to, .point_kind = kind, .point = point};
}

uint64_t fix_event(struct chip_control *c, uint32_t actor, uint32_t kind, uint32_t point,
                   uint32_t stack, uint64_t f0, uint64_t f1, uint64_t f2, uint64_t f3) {
    struct chip_event *e = chip_control_log(c, actor) + c->actors[actor].log_count++;
    uint32_t occurrence = 0;
    for (struct chip_event *b = chip_control_log(c, actor); b < e; b++)
        occurrence += b->kind == kind && b->point == point;
    *e = (struct chip_event){.seq = c->seq++,
                             .virtual_ns = c->clock_ns,
                             .real_ns = fix_real_ns,
                             .actor = (uint16_t)actor,
                             .kind = (uint16_t)kind,
                             .point = point,
                             .stack = stack,
                             .occurrence = occurrence,
                             .f = {f0, f1, f2, f3}};
    fix_real_ns += 1700;
    c->steps += kind == CHIP_EV_POINT || kind == CHIP_EV_CALL;
    return e->seq;
}

/* ---- the flush race ---- */

enum { PARENT, RANK, IDLE = 0, TASK_READY = 1, TASK_DONE = 2 };

static uint64_t point(struct chip_control *c, uint32_t actor, uint32_t id, uint32_t stack,
                      uint64_t f1, uint64_t f2, uint64_t f3) {
    return fix_event(c, actor, CHIP_EV_POINT, id, stack, 0, f1, f2, f3);
}

static void flush_race_plan(struct chip_control *c) {
    c->hold_count = 2;
    c->holds[0] = (struct chip_hold){.reached = 2, .met = 1, .steps_while_held = 3};
    c->holds[1] = (struct chip_hold){.reached = 2, .ended = 1, .steps_while_held = 14};
    c->fault_count = 1;
    c->faults[0] = (struct chip_fault){.fired = 0, .seen = 2};
    fix_choice(c, 1, PARENT, CHIP_KIND_PROBE, CHIP_POINT_START_FORK, RANK);
    fix_choice(c, 3, RANK, CHIP_KIND_PROBE, CHIP_POINT_CHILD_READY, PARENT);
    fix_choice(c, 5, PARENT, CHIP_KIND_CALL, CHIP_CALL_futex, RANK);
    fix_choice(c, 9, RANK, CHIP_KIND_PROBE, CHIP_POINT_D2H_CHUNK, PARENT);
    fix_choice(c, 12, PARENT, CHIP_KIND_CALL, CHIP_CALL_futex, RANK);
}

struct fix_flush fix_flush_race(struct chip_control *c) {
    fix_actor(c, CHIP_ACTOR_PARENT, 0, 0, 41001);
    fix_actor(c, CHIP_ACTOR_RANK, 0, 0, 41002);
    uint32_t agent = fix_module(c, "/opt/none/libchipagent.so");
    uint32_t chip = fix_module(c, "/opt/none/libchip.so.0");
    uint32_t publish =
        fix_stack(c, 3, (uint32_t[]){agent, chip, chip}, (uint64_t[]){0x100, 0x1234, 0x2345});
    uint32_t flush = fix_stack(c, 2, (uint32_t[]){chip, chip}, (uint64_t[]){0x1300, 0x2345});
    uint32_t observe = fix_stack(c, 2, (uint32_t[]){agent, chip}, (uint64_t[]){0x200, 0x3456});
    struct fix_flush seqs;

    fix_event(c, PARENT, CHIP_EV_STEP, 0, 0, 0, 0, 0, 0);
    point(c, PARENT, CHIP_POINT_START_FORK, 0, 0, 0, 0);
    fix_event(c, PARENT, CHIP_EV_CALL, CHIP_CALL_fork, 0, 41002, 0, 0, 0);
    fix_event(c, RANK, CHIP_EV_START, 0, 0, RANK, PARENT, 0, 0);
    point(c, RANK, CHIP_POINT_CHILD_READY, 0, 0, 0, 0);
    point(c, PARENT, CHIP_POINT_MAILBOX_PUBLISH, 0, TASK_READY, 7, 0);
    fix_event(c, PARENT, CHIP_EV_WAIT, CHIP_WAIT_FUTEX, observe, 0, 0, TASK_READY, 120000000000);
    point(c, RANK, CHIP_POINT_MAILBOX_OBSERVE, 0, TASK_READY, 7, 0);
    c->clock_ns = 10500;
    seqs.publish = point(c, RANK, CHIP_POINT_MAILBOX_PUBLISH, publish, TASK_DONE, 7, 0);
    fix_event(c, RANK, CHIP_EV_WAKE, 0, 0, 0, 0, 1, 1);
    point(c, RANK, CHIP_POINT_D2H_BEGIN, flush, 0, 8192, 0);
    point(c, RANK, CHIP_POINT_D2H_CHUNK, flush, 0, 0, 4096);
    fix_event(c, RANK, CHIP_EV_HOLD, 0, 0, 0, 0, 0, 0);
    c->clock_ns = 20500;
    point(c, PARENT, CHIP_POINT_MAILBOX_OBSERVE, observe, TASK_DONE, 7, 0);
    fix_event(c, RANK, CHIP_EV_HOLD_MET, 0, 0, 0, 0, 0, 0);
    fix_event(c, PARENT, CHIP_EV_CHECK, 0, 0, 0, 0, 4096, 4096);
    point(c, RANK, CHIP_POINT_D2H_CHUNK, flush, 0, 1, 4096);
    seqs.flush_end = point(c, RANK, CHIP_POINT_D2H_END, flush, 0, 8192, 0);
    fix_event(c, RANK, CHIP_EV_EXIT, 0, 0, RANK, 0, 0, 0);
    c->actors[RANK].state = CHIP_STATE_DEAD;
    c->actors[PARENT].state = CHIP_STATE_DEAD;
    c->switches = 6;
    flush_race_plan(c);
    return seqs;
}

/* ---- golden files ---- */

static char *read_text(const char *path) {
    FILE *in = fopen(path, "re");
    char *text = NULL;
    size_t size = 0;
    if (!in)
        return NULL;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    for (int ch; (ch = getc(in)) != EOF;)
        putc(ch, out);
    fclose(out);
    fclose(in);
    return text;
}

void fix_golden(const char *name, const char *text) {
    char path[512];
    snprintf(path, sizeof path, "%s/tests/golden/reports/%s", CHIP_TEST_SOURCE_DIR, name);
    const char *update = getenv("CHIP_UPDATE_GOLDEN");
    if (update && strcmp(update, "1") == 0) {
        FILE *out = fopen(path, "we");
        assert_non_null(out);
        fputs(text, out);
        assert_int_equal(fclose(out), 0);
        return;
    }
    char *wanted = read_text(path);
    if (!wanted)
        fail_msg("%s is missing; run with CHIP_UPDATE_GOLDEN=1", name);
    if (strcmp(wanted, text) != 0)
        print_error("---- expected (%s)\n%s---- got\n%s----\n", name, wanted, text);
    assert_string_equal(text, wanted);
    free(wanted);
}
