/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_report_story.c - what a user reads, as golden files, and the rules that it must keep.
 */
#include "reports/report.h"
#include "tests/unit/report_fixture.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const struct chr_style plain = {.width = 100};

static const struct chr_param params[] = {{"size", "64"}};
static const struct chr_plan holds[] = {
    {"rank 0 before d2h.chunk[1] until parent passed mailbox.observe state=TASK_DONE", 20},
    {"rank 0 before mailbox.publish[1] until parent passed d2h.end", 24}};
static const struct chr_plan steps[] = {{"init", 12}};
static const struct chr_plan checks[] = {{"buffer out of rank 0 equals fill 0x5a", 33}};
static const struct chr_plan faults[] = {{"shm_open of rank 0 fails with EMFILE", 27}};

struct told {
    struct chip_control *c;
    struct chr_recording *rec;
    struct chr_finding findings[2];
    struct chr_run run;
};

static struct told *flush_race(void) {
    struct told *t = calloc(1, sizeof *t);
    assert_non_null(t);
    t->c = fix_new();
    struct fix_flush seqs = fix_flush_race(t->c);
    assert_int_equal(chr_recording_open(t->c, fix_bytes(), &t->rec, NULL), CHIP_OK);
    t->findings[0] = (struct chr_finding){
        .verdict = "order",
        .expectation = "rank 0 d2h.end comes before rank 0 mailbox.publish state=TASK_DONE",
        .file = "scenarios/flush_race.yaml",
        .line = 31,
        .expected = "d2h.end of rank 0 before mailbox.publish state=TASK_DONE of rank 0",
        .observed = "mailbox.publish came first: TASK_DONE was there while the flush still ran",
        .seq = {seqs.flush_end, seqs.publish}};
    t->run = (struct chr_run){.scenario = "flush_race",
                              .scenario_path = "scenarios/flush_race.yaml",
                              .params = params,
                              .param_count = 1,
                              .defect = "task-done-before-flush",
                              .seed = 1,
                              .build_id = "6b1f",
                              .verdict = "order",
                              .status = CHR_FAILED,
                              .findings = t->findings,
                              .finding_count = 1,
                              .holds = holds,
                              .hold_count = 2,
                              .faults = faults,
                              .fault_count = 1,
                              .steps = steps,
                              .step_count = 1,
                              .checks = checks,
                              .check_count = 1,
                              .replay = "chipharness replay out/flush_race/1.chsched"};
    chr_run_measure(&t->run, t->rec);
    return t;
}

static void forget(struct told *t) {
    chr_recording_close(t->rec);
    fix_free(t->c);
    free(t);
}

static void assert_width(const char *text, size_t width) {
    while (*text) {
        size_t n = strcspn(text, "\n");
        if (n > width)
            fail_msg("a line has %zu columns: %.*s", n, (int)n, text);
        text += n + (text[n] == '\n');
    }
}

static void a_failure_is_told_as_it_was(void **state) {
    (void)state;
    struct told *t = flush_race();
    FIX_TEXT(text, out, chr_story(out, &plain, &t->run, t->rec, NULL));
    assert_width(text, 100);
    assert_null(strstr(text, "41001"));
    assert_null(strstr(text, "\033"));
    fix_golden("flush_race.story", text);
    free(text);
    forget(t);
}

/* The story runs in time; what should have been first is marked, wherever it came. */
static void an_inversion_is_marked(void **state) {
    (void)state;
    struct told *t = flush_race();
    FIX_TEXT(text, out, chr_story(out, &plain, &t->run, t->rec, NULL));
    const char *second = strstr(text, "\n2nd>     8 "), *first = strstr(text, "\n1st>    17 ");
    assert_non_null(second);
    assert_non_null(first);
    assert_true(second < first);
    free(text);
    /* The first never came: the other is marked all the same. */
    t->findings[0].seq[0] = CHR_NO_SEQ;
    FIX_TEXT(alone, out2, chr_story(out2, &plain, &t->run, t->rec, NULL));
    assert_non_null(strstr(alone, "\n2nd>     8 "));
    assert_null(strstr(alone, "1st>"));
    free(alone);
    /* Only an order has a first and a second. */
    t->findings[0].verdict = "never";
    FIX_TEXT(never, out3, chr_story(out3, &plain, &t->run, t->rec, NULL));
    assert_non_null(strstr(never, "\n>     8 "));
    assert_null(strstr(never, "2nd>"));
    free(never);
    forget(t);
}

static void later_findings_take_one_entry_each(void **state) {
    (void)state;
    struct told *t = flush_race();
    struct chr_finding many[9];
    many[0] = t->findings[0];
    for (size_t i = 1; i < 9; i++)
        many[i] = (struct chr_finding){.verdict = "content",
                                       .expectation = "out holds 0x5a",
                                       .file = "scenarios/flush_race.yaml",
                                       .line = (uint32_t)(40 + i),
                                       .expected = "5a 5a ...",
                                       .observed = "64 bytes differ",
                                       .seq = {CHR_NO_SEQ, CHR_NO_SEQ}};
    t->run.findings = many;
    t->run.finding_count = 6;
    FIX_TEXT(six, out, chr_story(out, &plain, &t->run, t->rec, NULL));
    assert_non_null(strstr(six, "\n  also         content: line 41: out holds 0x5a: "
                                "64 bytes differ\n"));
    assert_non_null(strstr(six, "line 45: "));
    assert_null(strstr(six, "see result.json"));
    free(six);
    t->run.finding_count = 9;
    FIX_TEXT(nine, out2, chr_story(out2, &plain, &t->run, t->rec, NULL));
    assert_non_null(strstr(nine, "line 44: "));
    assert_null(strstr(nine, "line 45: "));
    assert_non_null(strstr(nine, "\n  also         4 more, see result.json\n"));
    free(nine);
    forget(t);
}

static size_t times_in(const char *text, const char *part) {
    size_t n = 0;
    for (const char *p = text; (p = strstr(p, part)); p++)
        n++;
    return n;
}

/* A wait in slices is one row at its beginning, and the waiting list counts from there. */
static void a_repeated_look_is_told_once(void **state) {
    (void)state;
    struct told *t = flush_race();
    struct chip_control *c = t->c;
    enum { LOOKS = 500 };
    c->object_count = 1;
    snprintf(c->objects[0].name, sizeof c->objects[0].name, "/chip-comm-f32278abe3f28e9a");
    uint64_t first = 0;
    for (uint64_t i = 0; i < LOOKS; i++) {
        uint64_t seq = fix_event(c, 0, CHIP_EV_WAIT, CHIP_WAIT_FUTEX, 3, 0, 448, 1, c->clock_ns);
        first = i == 0 ? seq : first;
        c->clock_ns += 100000000;
        fix_event(c, 0, CHIP_EV_CLOCK, 0, 0, 0, c->clock_ns, 0, 0);
        fix_event(c, 0, CHIP_EV_TIMEOUT, CHIP_WAIT_FUTEX, 0, 0, 448, c->clock_ns, 0);
        fix_event(c, 0, CHIP_EV_CALL, CHIP_CALL_waitpid, 3, 0, 0, 1, 0);
    }
    c->outcome = CHIP_OUT_TIME_LIMIT;
    c->actors[0].state = CHIP_STATE_WAITING;
    c->actors[0].wait_kind = CHIP_WAIT_FUTEX;
    c->actors[0].wait_offset = 448;
    c->actors[0].wait_deadline = c->clock_ns + 100000000;
    t->run.finding_count = 0;
    chr_recording_close(t->rec);
    assert_int_equal(chr_recording_open(c, fix_bytes(), &t->rec, NULL), CHIP_OK);
    struct chr_style wide = {.width = 200};
    FIX_TEXT(text, out, chr_story(out, &wide, &t->run, t->rec, NULL));
    char wanted[160];
    snprintf(wanted, sizeof wanted, "since 20.5us (event %llu); has looked 500 times, the next",
             (unsigned long long)first);
    assert_non_null(strstr(text, wanted));
    assert_int_equal(times_in(text, "looks 500 times"), 1);
    assert_int_equal(times_in(text, "waitpid()"), 0);
    assert_null(strstr(text, "waited in vain"));
    assert_null(strstr(text, "f32278abe3f28e9a"));
    assert_non_null(strstr(text, "mailbox.publish TASK_DONE"));
    free(text);
    forget(t);
}

/* What comes between two looks ends the series: a point, or a call that took effect. */
static void news_between_looks_is_told(void **state) {
    (void)state;
    struct told *t = flush_race();
    for (int i = 0; i < 4; i++) {
        for (int k = 0; k < 3; k++)
            fix_event(t->c, 0, CHIP_EV_WAIT, CHIP_WAIT_FUTEX, 3, 0, 448, 1, 0);
        if (i == 1)
            fix_event(t->c, 0, CHIP_EV_POINT, CHIP_POINT_DEATH_SEEN, 3, 0, 1, 0, 0);
        if (i == 2)
            fix_event(t->c, 0, CHIP_EV_CALL, CHIP_CALL_waitpid, 3, 1, 0, 1, 0);
    }
    t->c->outcome = CHIP_OUT_TIME_LIMIT;
    t->run.finding_count = 0;
    chr_recording_close(t->rec);
    assert_int_equal(chr_recording_open(t->c, fix_bytes(), &t->rec, NULL), CHIP_OK);
    struct chr_style wide = {.width = 400};
    FIX_TEXT(text, out, chr_story(out, &wide, &t->run, t->rec, NULL));
    assert_int_equal(times_in(text, "looks 6 times"), 1);
    assert_int_equal(times_in(text, "looks 3 times"), 2);
    assert_non_null(strstr(text, "death.seen TASK_READY"));
    free(text);
    forget(t);
}

/* What an actor waited for until a signal ended it, however long ago it began to. */
static void a_killed_actor_is_shown_waiting(void **state) {
    (void)state;
    struct told *t = flush_race();
    for (int k = 0; k < 4; k++)
        fix_event(t->c, 1, CHIP_EV_WAIT, CHIP_WAIT_FUTEX, 3, 0, 448, 1, 0);
    fix_event(t->c, 1, CHIP_EV_EXIT, 0, 0, 1, 15, 0, 0);
    t->c->actors[1].status = 15;
    for (int k = 0; k < 100; k++)
        fix_event(t->c, 0, CHIP_EV_POINT, CHIP_POINT_MAILBOX_CLEAR, 3, 0, 0, 0, 0);
    t->findings[0].seq[0] = t->findings[0].seq[1] =
        fix_event(t->c, 0, CHIP_EV_POINT, CHIP_POINT_CLOSE_END, 3, 0, 0, 0, 0);
    chr_recording_close(t->rec);
    assert_int_equal(chr_recording_open(t->c, fix_bytes(), &t->rec, NULL), CHIP_OK);
    struct chr_style wide = {.width = 400};
    FIX_TEXT(text, out, chr_story(out, &wide, &t->run, t->rec, NULL));
    assert_non_null(
        strstr(text, "waits for a change of object 0 + 448, looks 4 times until 20.5us"));
    free(text);
    forget(t);
}

/* What a child has from its parent's stack at the fork says nothing about the child. */
static void the_stack_of_a_child_ends_at_its_fork(void **state) {
    (void)state;
    struct told *t = flush_race();
    uint32_t start = fix_stack(t->c, 2, (uint32_t[]){1, 1}, (uint64_t[]){0x500, 0x2345});
    fix_event(t->c, 1, CHIP_EV_POINT, CHIP_POINT_CHILD_START, start, 0, 0, 0, 0);
    chr_recording_close(t->rec);
    assert_int_equal(chr_recording_open(t->c, fix_bytes(), &t->rec, NULL), CHIP_OK);
    FIX_TEXT(text, out, chr_story(out, &plain, &t->run, t->rec, NULL));
    assert_non_null(strstr(text, "      libchip.so.0+0x1300\n"));
    assert_null(strstr(text, "libchip.so.0+0x2345"));
    free(text);
    forget(t);
}

/* A call that fails between the looks belongs to the series if it fails each time; once is news. */
static void a_repeated_failure_is_part_of_a_series(void **state) {
    (void)state;
    struct told *t = flush_race();
    struct chr_style wide = {.width = 400};
    t->c->outcome = CHIP_OUT_TIME_LIMIT;
    t->run.finding_count = 0;
    for (int i = 0; i < 5; i++) {
        fix_event(t->c, 0, CHIP_EV_WAIT, CHIP_WAIT_SLEEP, 3, 0, 0, 0, 1000);
        if (i == 4)
            fix_event(t->c, 0, CHIP_EV_CALL, CHIP_CALL_shm_open, 3, UINT64_MAX, ENOENT, 0, 0);
    }
    chr_recording_close(t->rec);
    assert_int_equal(chr_recording_open(t->c, fix_bytes(), &t->rec, NULL), CHIP_OK);
    FIX_TEXT(once, out, chr_story(out, &wide, &t->run, t->rec, NULL));
    assert_null(strstr(once, "each time"));
    assert_non_null(strstr(once, "shm_open() fails: ENOENT"));
    free(once);
    for (int i = 0; i < 20; i++) {
        fix_event(t->c, 0, CHIP_EV_WAIT, CHIP_WAIT_SLEEP, 3, 0, 0, 0, 1000);
        fix_event(t->c, 0, CHIP_EV_CALL, CHIP_CALL_shm_open, 3, UINT64_MAX, ENOENT, 0, 0);
    }
    fix_event(t->c, 0, CHIP_EV_CALL, CHIP_CALL_mmap, 3, UINT64_MAX, ENOMEM, 0, 0);
    chr_recording_close(t->rec);
    assert_int_equal(chr_recording_open(t->c, fix_bytes(), &t->rec, NULL), CHIP_OK);
    FIX_TEXT(often, out2, chr_story(out2, &wide, &t->run, t->rec, NULL));
    assert_int_equal(times_in(often, "sleeps 25 times"), 1);
    assert_int_equal(times_in(often, "each time shm_open() fails: ENOENT"), 1);
    assert_int_equal(times_in(often, "shm_open()"), 1);
    assert_non_null(strstr(often, "mmap() fails: ENOMEM"));
    free(often);
    forget(t);
}

/* A comparison has no stack; where nothing else has one, the point that caused it lends its own. */
static void a_comparison_borrows_the_stack_of_its_point(void **state) {
    (void)state;
    struct told *t = flush_race();
    t->findings[0].verdict = "content";
    t->findings[0].seq[0] = 15;
    t->findings[0].seq[1] = CHR_NO_SEQ;
    FIX_TEXT(text, out, chr_story(out, &plain, &t->run, t->rec, NULL));
    assert_non_null(strstr(text,
                           "\nstacks\n  > event 15, parent: check 1 at mailbox.observe rank=0 "
                           "state=TASK_DONE generation=7\n      libchip.so.0+0x3456\n"));
    free(text);
    t->findings[0].seq[1] = 17;
    FIX_TEXT(other, out2, chr_story(out2, &plain, &t->run, t->rec, NULL));
    assert_non_null(strstr(other, "\nstacks\n  > event 17, "));
    assert_null(strstr(other, "> event 15, "));
    free(other);
    forget(t);
}

/* A hold whose actor died proves nothing about the order that it asked for. */
static void a_hold_that_died_is_no_proof(void **state) {
    (void)state;
    struct told *t = flush_race();
    FIX_TEXT(died, out, chr_story(out, &plain, &t->run, t->rec, NULL));
    assert_non_null(strstr(died, "held for 14 steps; ended because the actor that was held died"));
    assert_null(strstr(died, "nobody else could run"));
    free(died);
    /* Whoever lives on was let go, whatever became of the event that says so. */
    t->c->actors[0].state = CHIP_STATE_WAITING;
    chr_run_measure(&t->run, t->rec);
    assert_false(t->run.measure.holds[1].died);
    t->c->actors[0].state = CHIP_STATE_DEAD;
    chr_run_measure(&t->run, t->rec);
    assert_true(t->run.measure.holds[1].died);
    assert_false(t->run.measure.holds[0].died);
    fix_event(t->c, 1, CHIP_EV_HOLD_ENDED, 0, 0, 1, 0, 0, 0);
    chr_recording_close(t->rec);
    assert_int_equal(chr_recording_open(t->c, fix_bytes(), &t->rec, NULL), CHIP_OK);
    chr_run_measure(&t->run, t->rec);
    FIX_TEXT(ended, out2, chr_story(out2, &plain, &t->run, t->rec, NULL));
    assert_null(strstr(ended, "held died"));
    assert_non_null(strstr(ended, "ended because nobody else could run"));
    free(ended);
    forget(t);
}

/* A row costs no more than to say that one event is missing. */
static void one_event_is_never_left_out(void **state) {
    (void)state;
    struct told *t = flush_race();
    FIX_TEXT(text, out, chr_story(out, &plain, &t->run, t->rec, NULL));
    assert_null(strstr(text, " 1 more"));
    free(text);
    forget(t);
}

static void colour_changes_nothing_else(void **state) {
    (void)state;
    struct told *t = flush_race();
    struct chr_style ink = {.color = true, .width = 100};
    FIX_TEXT(text, out, chr_story(out, &plain, &t->run, t->rec, NULL));
    FIX_TEXT(colored, out2, chr_story(out2, &ink, &t->run, t->rec, NULL));
    assert_non_null(strstr(colored, "\033[31mFAIL\033[0m"));
    char *to = colored;
    for (char *p = colored; *p; p++) {
        if (*p == '\033')
            p = strchr(p, 'm');
        else
            *to++ = *p;
    }
    *to = 0;
    assert_string_equal(text, colored);
    free(text);
    free(colored);
    forget(t);
}

static void many_actors_become_a_list(void **state) {
    (void)state;
    struct told *t = flush_race();
    for (uint32_t i = 1; i < 4; i++) {
        uint32_t a = fix_actor(t->c, CHIP_ACTOR_RANK, i, 0, 41002 + (int32_t)i);
        fix_event(t->c, a, CHIP_EV_FAULT, 0, 0, 0, CHIP_FAULT_KILL, 9, 0);
    }
    chr_recording_close(t->rec);
    assert_int_equal(chr_recording_open(t->c, fix_bytes(), &t->rec, NULL), CHIP_OK);
    FIX_TEXT(text, out, chr_story(out, &plain, &t->run, t->rec, NULL));
    assert_width(text, 100);
    assert_null(strstr(text, " | "));
    assert_non_null(strstr(text, "rank 3  fault 1 strikes: kill"));
    assert_non_null(strstr(text, "rank 0  mailbox.publish TASK_DONE"));
    free(text);
    forget(t);
}

/* Thousands of chunks: the story stays short and keeps what decides. */
static void a_long_run_has_a_short_story(void **state) {
    (void)state;
    struct told *t = flush_race();
    for (uint64_t i = 2; i < 16384; i++)
        fix_event(t->c, 1, CHIP_EV_POINT, CHIP_POINT_D2H_CHUNK, 2, 0, 0, i, 4096);
    t->findings[0].seq[0] =
        fix_event(t->c, 1, CHIP_EV_POINT, CHIP_POINT_D2H_END, 2, 0, 0, 64 << 20, 0);
    chr_recording_close(t->rec);
    assert_int_equal(chr_recording_open(t->c, fix_bytes(), &t->rec, NULL), CHIP_OK);
    FIX_TEXT(text, out, chr_story(out, &plain, &t->run, t->rec, NULL));
    size_t lines = 0;
    for (const char *p = text; *p; p++)
        lines += *p == '\n';
    assert_true(lines < 80);
    assert_non_null(strstr(text, "2nd>     8"));
    assert_non_null(strstr(text, "bytes=67108864"));
    free(text);
    forget(t);
}

static void a_hang_says_who_waits_for_what(void **state) {
    (void)state;
    struct told *t = flush_race();
    struct chip_control *c = t->c;
    c->outcome = CHIP_OUT_HANG;
    c->object_count = 1;
    snprintf(c->objects[0].name, sizeof c->objects[0].name, "/chip-41001-mailboxes");
    c->actors[0] = (struct chip_actor){.kind = CHIP_ACTOR_PARENT,
                                       .pid = 41001,
                                       .log_count = c->actors[0].log_count,
                                       .state = CHIP_STATE_WAITING,
                                       .wait_kind = CHIP_WAIT_FUTEX,
                                       .wait_value = 1,
                                       .wait_deadline = CHIP_NO_DEADLINE,
                                       .stack = 3};
    c->actors[1].state = CHIP_STATE_RUNNABLE;
    c->actors[1].held_by = 1;
    c->actors[1].pending = 1;
    c->actors[1].point_kind = CHIP_KIND_PROBE;
    c->actors[1].point = CHIP_POINT_D2H_CHUNK;
    c->actors[1].stack = 2;
    t->findings[0] = (struct chr_finding){.verdict = "hang",
                                          .expected = "the run ends",
                                          .observed = "every actor waits and no deadline is left",
                                          .seq = {CHR_NO_SEQ, CHR_NO_SEQ}};
    t->run.verdict = "hang";
    FIX_TEXT(text, out, chr_story(out, &plain, &t->run, t->rec, NULL));
    assert_width(text, 100);
    fix_golden("hang.story", text);
    free(text);
    forget(t);
}

static void a_crash_shows_where(void **state) {
    (void)state;
    struct told *t = flush_race();
    t->c->actors[1].point = CHIP_POINT_D2H_CHUNK;
    t->c->actors[1].stack = 1;
    t->c->actors[1].status = 9; /* nobody planned it, and it could leave no note */
    FIX_TEXT(killed, out3, chr_story(out3, &plain, &t->run, t->rec, NULL));
    assert_non_null(strstr(killed, "  rank 0 died of SIGKILL after d2h.chunk\n"
                                   "      (the stack of event 8)\n"));
    free(killed);
    t->c->actors[1].status = 11;
    fix_event(t->c, 1, CHIP_EV_CRASH, 0, 3, 11, 0, 0, 0);
    chr_recording_close(t->rec);
    assert_int_equal(chr_recording_open(t->c, fix_bytes(), &t->rec, NULL), CHIP_OK);
    FIX_TEXT(text, out, chr_story(out, &plain, &t->run, t->rec, NULL));
    const char *died = strstr(text, "  rank 0 died of SIGSEGV after d2h.chunk\n");
    assert_non_null(died);
    assert_non_null(strstr(died, "libchip.so.0+0x3456"));
    free(text);
    /* Killed by the plan: nothing to tell. */
    t->c->actors[1].planned_death = 1;
    t->c->actors[1].status = 9;
    FIX_TEXT(planned, out2, chr_story(out2, &plain, &t->run, t->rec, NULL));
    assert_null(strstr(planned, "who died"));
    free(planned);
    forget(t);
}

static void without_a_recording_the_findings_remain(void **state) {
    (void)state;
    struct told *t = flush_race();
    t->run.measure.known = false;
    FIX_TEXT(text, out, chr_story(out, &plain, &t->run, NULL, NULL));
    assert_non_null(strstr(text, "FAIL flush_race [size=64] defect task-done-before-flush seed 1: "
                                 "order\n"));
    assert_non_null(strstr(text, "observed"));
    assert_non_null(strstr(text, "\nreplay: chipharness replay out/flush_race/1.chsched\n"));
    assert_null(strstr(text, "what happened"));
    free(text);
    forget(t);
}

static void short_forms(void **state) {
    (void)state;
    struct told *t = flush_race();
    struct chr_finding never = {.verdict = "vacuous",
                                .expectation = "hold 2",
                                .file = "scenarios/flush_race.yaml",
                                .line = 24,
                                .observed = "rank 0 never came to mailbox.publish[1]",
                                .seq = {CHR_NO_SEQ, CHR_NO_SEQ}};
    t->run.defect = NULL;
    t->run.status = CHR_PASSED;
    t->run.verdict = "pass";
    FIX_TEXT(passed, out, chr_story_short(out, &plain, &t->run));
    assert_string_equal(passed,
                        "PASS flush_race [size=64] seed 1  11 steps, 6 switches, 20.5us virtual\n");
    t->run.status = CHR_VACUOUS;
    t->run.verdict = "vacuous";
    t->run.findings = &never;
    t->run.measure.holds[1] = (struct chr_hold_end){.reached = false};
    FIX_TEXT(vacuous, out2, chr_story_short(out2, &plain, &t->run));
    fix_golden("vacuous.story", vacuous);
    t->run.status = CHR_SKIPPED;
    t->run.finding_count = 0;
    t->run.measure.known = false;
    t->run.note = "/dev/shm is too small";
    FIX_TEXT(skipped, out3, chr_story_short(out3, &plain, &t->run));
    assert_string_equal(skipped, "SKIP flush_race [size=64] seed 1\n"
                                 "  note         /dev/shm is too small\n");
    free(passed);
    free(vacuous);
    free(skipped);
    forget(t);
}

/* A frame of this program stands beside its event with file and line. */
__attribute__((noinline)) static void *here(void) {
    return __builtin_return_address(0);
}

static void events_carry_file_and_line(void **state) {
    (void)state;
    struct told *t = flush_race();
    Dl_info info;
    struct link_map *map = NULL;
    char path[256], wanted[128];
    int line = __LINE__ + 1;
    char *address = here();
    assert_int_not_equal(dladdr1(address, &info, (void **)&map, RTLD_DL_LINKMAP), 0);
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    assert_true(n > 0);
    path[n] = 0;
    uint32_t self = fix_module(t->c, path);
    chip_control_stacks(t->c)[1].module[0] = self;
    chip_control_stacks(t->c)[1].offset[0] = (uint64_t)(uintptr_t)address - map->l_addr;
    FIX_TEXT(text, out, chr_story(out, &plain, &t->run, t->rec, NULL));
    snprintf(wanted, sizeof wanted, "  test_report_story.c:%d\n", line);
    assert_non_null(strstr(text, wanted));
    snprintf(wanted, sizeof wanted,
             "events_carry_file_and_line           tests/unit/"
             "test_report_story.c:%d\n",
             line);
    assert_non_null(strstr(text, wanted));
    free(text);
    forget(t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_is_told_as_it_was),
        cmocka_unit_test(an_inversion_is_marked),
        cmocka_unit_test(later_findings_take_one_entry_each),
        cmocka_unit_test(a_repeated_look_is_told_once),
        cmocka_unit_test(news_between_looks_is_told),
        cmocka_unit_test(a_killed_actor_is_shown_waiting),
        cmocka_unit_test(the_stack_of_a_child_ends_at_its_fork),
        cmocka_unit_test(a_repeated_failure_is_part_of_a_series),
        cmocka_unit_test(a_comparison_borrows_the_stack_of_its_point),
        cmocka_unit_test(a_hold_that_died_is_no_proof),
        cmocka_unit_test(one_event_is_never_left_out),
        cmocka_unit_test(colour_changes_nothing_else),
        cmocka_unit_test(many_actors_become_a_list),
        cmocka_unit_test(a_long_run_has_a_short_story),
        cmocka_unit_test(a_hang_says_who_waits_for_what),
        cmocka_unit_test(a_crash_shows_where),
        cmocka_unit_test(without_a_recording_the_findings_remain),
        cmocka_unit_test(short_forms),
        cmocka_unit_test(events_carry_file_and_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
