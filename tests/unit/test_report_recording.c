/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_report_recording.c - what is accepted as a recording, the merged sequence, and the words.
 */
#include "reports/report.h"
#include "tests/unit/report_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void refused(struct chip_control *c, size_t bytes, const char *says) {
    struct chr_recording *rec = NULL;
    struct chip_error err;
    assert_int_equal(chr_recording_open(c, bytes, &rec, &err), CHIP_E_PROTOCOL);
    assert_null(rec);
    if (!strstr(err.text, says))
        fail_msg("'%s' does not say '%s'", err.text, says);
}

static void another_version_is_one_sentence(void **state) {
    (void)state;
    struct chip_control *c = fix_new();
    c->version = CHIP_CONTRACT_VERSION + 6;
    refused(c, fix_bytes(), "the recording has version 8, this chipharness reads version 2");
    fix_free(c);
}

static void junk_is_refused(void **state) {
    (void)state;
    struct chip_control *c = fix_new();
    refused(c, 8, "not a recording");
    refused(c, sizeof *c - 8, "damaged");
    c->magic ^= 1;
    refused(c, fix_bytes(), "not a recording");
    fix_free(c);
}

/* P2: every count and offset that is followed later. */
static void damaged_tables_are_refused(void **state) {
    (void)state;
    struct chip_control *c = fix_new();
    fix_flush_race(c);
    struct chip_control good = *c;
#define DAMAGE(field, value, says)     \
    do {                               \
        c->field = (value);            \
        refused(c, fix_bytes(), says); \
        c->field = good.field;         \
    } while (0)
    DAMAGE(actor_count, CHIP_MAX_ACTORS + 1, "actors");
    DAMAGE(actor_count, FIX_ACTORS + 1, "outside");
    DAMAGE(hold_count, CHIP_MAX_HOLDS + 1, "holds");
    DAMAGE(fault_count, CHIP_MAX_FAULTS + 1, "faults");
    DAMAGE(module_count, CHIP_MAX_MODULES + 1, "modules");
    DAMAGE(object_count, CHIP_MAX_OBJECTS + 1, "objects");
    DAMAGE(stack_count, CHIP_MAX_STACKS + 1, "stacks");
    DAMAGE(choice_count, CHIP_MAX_CHOICES + 1, "choices");
    DAMAGE(off_logs, UINT64_MAX - 7, "outside");
    DAMAGE(off_stacks, fix_bytes() - 8, "outside");
    DAMAGE(off_choices, good.off_choices + 4, "outside");
    DAMAGE(actors[1].log_count, CHIP_LOG_EVENTS + 1, "overfull");
    DAMAGE(bytes_control, 12, "12 bytes");
#undef DAMAGE
    chip_control_log(c, 1)[2].seq = chip_control_log(c, 0)[1].seq;
    refused(c, fix_bytes(), "occurs twice");
    chip_control_log(c, 1)[2].actor = 99;
    refused(c, fix_bytes(), "cannot be");
    fix_free(c);
}

static void logs_merge_by_number(void **state) {
    (void)state;
    struct chip_control *c = fix_new();
    struct chr_recording *rec = NULL;
    struct fix_flush seqs = fix_flush_race(c);
    assert_int_equal(chr_recording_open(c, fix_bytes(), &rec, NULL), CHIP_OK);
    assert_int_equal(chr_event_count(rec), c->seq);
    for (size_t i = 0; i < chr_event_count(rec); i++)
        assert_int_equal(chr_event(rec, i)->seq, i);
    assert_int_equal(chr_event_index(rec, seqs.publish), seqs.publish);
    assert_true(chr_event_index(rec, c->seq) == SIZE_MAX);
    assert_int_equal(chr_events_lost(rec), 0);
    assert_int_equal(chr_events_missing(rec), 0);
    chr_recording_close(rec);
    fix_free(c);
}

static void lost_and_missing_events_are_counted(void **state) {
    (void)state;
    struct chip_control *c = fix_new();
    struct chr_recording *rec = NULL;
    fix_flush_race(c);
    c->seq += 5; /* three did not fit, two were begun by a rank that died */
    c->actors[1].log_lost = 3;
    assert_int_equal(chr_recording_open(c, fix_bytes(), &rec, NULL), CHIP_OK);
    assert_int_equal(chr_events_lost(rec), 3);
    assert_int_equal(chr_events_missing(rec), 2);
    struct chr_run run = {0};
    chr_run_measure(&run, rec);
    assert_int_equal(run.measure.lost, 5);
    chr_recording_close(rec);
    fix_free(c);
}

static void a_replay_has_the_choices_it_followed(void **state) {
    (void)state;
    struct chip_control *c = fix_new();
    struct chr_recording *rec = NULL;
    size_t n;
    fix_flush_race(c);
    c->strategy = CHIP_STRATEGY_REPLAY;
    c->choice_count = 0;
    c->replay_count = 5;
    c->replay_next = 4;
    assert_int_equal(chr_recording_open(c, fix_bytes(), &rec, NULL), CHIP_OK);
    chr_choices(rec, &n);
    assert_int_equal(n, 4);
    chr_recording_close(rec);
    fix_free(c);
}

static void stacks_are_found_by_id(void **state) {
    (void)state;
    struct chip_control *c = fix_new();
    struct chr_recording *rec = NULL;
    fix_flush_race(c);
    assert_int_equal(chr_recording_open(c, fix_bytes(), &rec, NULL), CHIP_OK);
    assert_null(chr_stack(rec, 0));
    assert_int_equal(chr_stack(rec, 1)->offset[1], 0x1234);
    assert_null(chr_stack(rec, c->stack_count + 1));
    chip_control_stacks(c)[1].depth = CHIP_MAX_FRAMES + 1;
    assert_null(chr_stack(rec, 2));
    chr_recording_close(rec);
    fix_free(c);
}

static void labels_never_show_a_pid(void **state) {
    (void)state;
    struct chip_control *c = fix_new();
    struct chr_recording *rec = NULL;
    char label[CHR_LABEL_LEN];
    static const char *const wanted[] = {"parent", "rank 0", "rank 0 (2nd)", "process 3",
                                         "rank 1 (12th)"};
    fix_actor(c, CHIP_ACTOR_PARENT, 0, 0, 500);
    fix_actor(c, CHIP_ACTOR_RANK, 0, 0, 501);
    fix_actor(c, CHIP_ACTOR_RANK, 0, 1, 502);
    fix_actor(c, CHIP_ACTOR_PROCESS, 3, 0, 503);
    fix_actor(c, CHIP_ACTOR_RANK, 1, 11, 504);
    assert_int_equal(chr_recording_open(c, fix_bytes(), &rec, NULL), CHIP_OK);
    for (uint32_t i = 0; i < 5; i++)
        assert_string_equal(chr_actor_label(rec, i, label), wanted[i]);
    assert_string_equal(chr_actor_label(rec, 5, label), "nobody");
    chr_recording_close(rec);
    fix_free(c);
}

static void durations_are_exact_and_short(void **state) {
    (void)state;
    static const struct {
        uint64_t ns;
        const char *text;
    } table[] = {{0, "0"},
                 {250, "250ns"},
                 {10000, "10us"},
                 {1500000, "1.5ms"},
                 {120000000000, "120s"},
                 {1001, "1.001us"},
                 {1000001, "1000.001us"},
                 {1000000001, "1000000.001us"},
                 {20500, "20.5us"}};
    char buf[CHR_LABEL_LEN];
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        assert_string_equal(chr_duration_text(table[i].ns, buf), table[i].text);
}

static void a_match_reads_like_the_scenario(void **state) {
    (void)state;
    char text[CHR_TEXT_LEN];
    struct chip_match m = {.actor_kind = CHIP_ACTOR_RANK,
                           .actor_index = 3,
                           .point_kind = CHIP_KIND_PROBE,
                           .point = CHIP_POINT_MAILBOX_PUBLISH,
                           .occurrence = 1,
                           .field = {CHIP_ANY, 2, CHIP_ANY, CHIP_ANY}};
    assert_string_equal(chr_match_text(&m, text), "rank 3 mailbox.publish[1] state=TASK_DONE");
    m = (struct chip_match){.actor_kind = CHIP_ACTOR_ANY,
                            .point_kind = CHIP_KIND_CALL,
                            .point = CHIP_CALL_shm_open,
                            .occurrence = CHIP_ANY};
    assert_string_equal(chr_match_text(&m, text), "any shm_open()");
}

static void names_come_from_the_tables(void **state) {
    (void)state;
    assert_string_equal(chr_point_name(CHIP_POINT_D2H_CHUNK), "d2h.chunk");
    assert_null(chr_point_name(CHIP_POINT_COUNT));
    assert_string_equal(chr_call_name(CHIP_CALL_shm_open), "shm_open");
    assert_null(chr_call_name(CHIP_CALL_COUNT));
    assert_string_equal(chr_field_name(CHIP_POINT_D2H_CHUNK, 2), "index");
    assert_null(chr_field_name(CHIP_POINT_D2H_BEGIN, 3));
    assert_null(chr_field_name(CHIP_POINT_COUNT, 0));
    assert_string_equal(chr_mailbox_state_name(5), "CONTROL_DONE");
    assert_null(chr_mailbox_state_name(6));
    assert_string_equal(chr_outcome_name(CHIP_OUT_TIME_LIMIT), "time limit");
}

static uint64_t next_random(uint64_t *x) {
    uint64_t z = (*x += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    return z ^ (z >> 31);
}

/* Words of the control block, a stack or the events become something else. */
static void damage(struct chip_control *c, uint64_t *rng) {
    struct {
        void *at;
        size_t bytes;
    } areas[] = {{c, sizeof *c},
                 {c, 240}, /* the head, again: most of what is followed stands there */
                 {c->actors, 2 * sizeof c->actors[0]},
                 {c->modules, 2 * sizeof c->modules[0]},
                 {chip_control_stacks(c), 3 * sizeof(struct chip_stack)},
                 {chip_control_log(c, 1), 10 * sizeof(struct chip_event)}};
    for (uint64_t hits = 1 + next_random(rng) % 4; hits > 0; hits--) {
        size_t area = next_random(rng) % (sizeof areas / sizeof areas[0]);
        size_t at = next_random(rng) % (areas[area].bytes / 4);
        uint32_t value = (uint32_t)next_random(rng);
        value >>= next_random(rng) % 32;
        memcpy((char *)areas[area].at + 4 * at, &value, sizeof value);
    }
}

/* All that is made of a recording. */
static void use(const struct chr_recording *rec) {
    static const struct chr_plan plan[] = {{"a", 1}, {"b", 2}};
    struct chr_style style = {.color = true};
    struct chr_finding finding = {.verdict = "order", .seq = {8, 17}};
    struct chr_run run = {.scenario = "x",
                          .verdict = "order",
                          .status = CHR_FAILED,
                          .findings = &finding,
                          .finding_count = 1,
                          .holds = plan,
                          .hold_count = 2,
                          .faults = plan,
                          .fault_count = 2,
                          .steps = plan,
                          .step_count = 2};
    struct chr_schedule *s = NULL;
    FIX_TEXT(text, out, {
        chr_run_measure(&run, rec);
        chr_eventlog_write(out, rec);
        chr_eventlog_write_real(out, rec);
        chr_story(out, &style, &run, rec, NULL);
        chr_story_short(out, &style, &run);
        if (chr_schedule_make(&run, rec, &s, NULL) == CHIP_OK)
            chr_schedule_print(out, s);
    });
    chr_schedule_free(s);
    free(text);
}

/* P2: whatever the bytes, nothing is read outside of them. */
static void damaged_recordings_do_no_harm(void **state) {
    (void)state;
    uint64_t rng = 7;
    int opened = 0;
    for (int round = 0; round < 600; round++) {
        struct chip_control *c = fix_new();
        struct chr_recording *rec = NULL;
        fix_flush_race(c);
        if (round % 2)
            c->outcome = CHIP_OUT_HANG;
        damage(c, &rng);
        if (chr_recording_open(c, fix_bytes(), &rec, NULL) == CHIP_OK) {
            opened++;
            use(rec);
        }
        chr_recording_close(rec);
        fix_free(c);
    }
    assert_true(opened > 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_version_is_one_sentence),
        cmocka_unit_test(junk_is_refused),
        cmocka_unit_test(damaged_tables_are_refused),
        cmocka_unit_test(logs_merge_by_number),
        cmocka_unit_test(lost_and_missing_events_are_counted),
        cmocka_unit_test(a_replay_has_the_choices_it_followed),
        cmocka_unit_test(stacks_are_found_by_id),
        cmocka_unit_test(labels_never_show_a_pid),
        cmocka_unit_test(durations_are_exact_and_short),
        cmocka_unit_test(a_match_reads_like_the_scenario),
        cmocka_unit_test(damaged_recordings_do_no_harm),
        cmocka_unit_test(names_come_from_the_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
