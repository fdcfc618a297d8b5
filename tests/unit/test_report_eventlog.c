/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_report_eventlog.c - P1: two equal runs give the same bytes, whatever their pids and clocks.
 */
#include "reports/report.h"
#include "tests/unit/report_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct chr_recording *opened(struct chip_control *c) {
    struct chr_recording *rec = NULL;
    struct chip_error err = {0};
    if (chr_recording_open(c, fix_bytes(), &rec, &err) != CHIP_OK)
        fail_msg("%s", err.text);
    return rec;
}

static char *canonical(struct chip_control *c, uint64_t *hash) {
    struct chr_recording *rec = opened(c);
    FIX_TEXT(text, out, chr_eventlog_write(out, rec));
    *hash = chr_eventlog_hash(rec);
    chr_recording_close(rec);
    return text;
}

static void the_log_is_as_it_was(void **state) {
    (void)state;
    struct chip_control *c = fix_new();
    uint64_t hash;
    fix_flush_race(c);
    char *text = canonical(c, &hash);
    fix_golden("flush_race.log", text);
    free(text);
    fix_free(c);
}

static void equal_runs_give_equal_bytes(void **state) {
    (void)state;
    struct chip_control *a = fix_new(), *b = fix_new();
    uint64_t hash_a, hash_b;
    fix_flush_race(a);
    fix_real_ns += 123456789;
    fix_flush_race(b);
    /* The second run had other pids. */
    b->actors[0].pid = 777;
    b->actors[1].pid = 778;
    chip_control_log(b, 0)[2].f[0] = 778;
    char *text_a = canonical(a, &hash_a), *text_b = canonical(b, &hash_b);
    assert_string_equal(text_a, text_b);
    assert_true(hash_a == hash_b);
    assert_non_null(strstr(text_a, "fork result=rank 0"));
    assert_null(strstr(text_a, "41002"));
    free(text_a);
    free(text_b);
    fix_free(a);
    fix_free(b);
}

static void one_field_changes_the_hash(void **state) {
    (void)state;
    struct chip_control *c = fix_new();
    uint64_t before, after;
    fix_flush_race(c);
    free(canonical(c, &before));
    chip_control_log(c, 1)[3].f[2]++;
    free(canonical(c, &after));
    assert_true(before != after);
    fix_free(c);
}

/* The hash of the file is the hash of the bytes: FNV-1a, 64 bit. */
static void the_hash_is_fnv1a_of_the_text(void **state) {
    (void)state;
    struct chip_control *c = fix_new();
    uint64_t hash, own = 0xcbf29ce484222325ull;
    fix_flush_race(c);
    char *text = canonical(c, &hash);
    for (const char *p = text; *p; p++)
        own = (own ^ (unsigned char)*p) * 0x100000001b3ull;
    assert_true(hash == own);
    free(text);
    fix_free(c);
}

static void what_was_lost_stands_at_the_end(void **state) {
    (void)state;
    struct chip_control *c = fix_new();
    uint64_t hash;
    fix_flush_race(c);
    c->seq += 5;
    c->actors[1].log_lost = 3;
    c->stack_lost = 4;
    char *text = canonical(c, &hash);
    assert_non_null(strstr(text, "lost 3 events of rank 0: its log was full\n"));
    assert_non_null(strstr(text, "lost 2 events that nobody finished writing\n"));
    assert_non_null(strstr(text, "lost 4 stacks"));
    free(text);
    fix_free(c);
}

static void real_times_have_a_writer_of_their_own(void **state) {
    (void)state;
    struct chip_control *c = fix_new();
    fix_flush_race(c);
    c->object_count = 1;
    snprintf(c->objects[0].name, sizeof c->objects[0].name, "/chip-41001-mbx-3");
    c->objects[0].bytes = 4096;
    struct chr_recording *rec = opened(c);
    FIX_TEXT(text, out, chr_eventlog_write_real(out, rec));
    assert_non_null(strstr(text, "      1             0          1700  parent"));
    assert_non_null(strstr(text, "object 0 /chip-<parent>-mbx-3 4096 bytes\n"));
    free(text);
    chr_recording_close(rec);
    fix_free(c);
}

/* Every kind of event has words, and numbers outside the tables do no harm. */
static void every_kind_has_words(void **state) {
    (void)state;
    static const struct {
        uint32_t kind, point;
        uint64_t f[4];
        const char *text;
    } table[] = {
        {CHIP_EV_POINT, CHIP_POINT_BOOT_PUBLISH, {0, 2, 1, 0}, "state=ERROR error=1"},
        {CHIP_EV_POINT, CHIP_POINT_CONTROL_BEGIN, {0, 14, 1, 0}, "command=MAP_HOST"},
        {CHIP_EV_POINT, 60000, {0, 0, 0, 0}, "?"},
        {CHIP_EV_CALL, CHIP_CALL_shm_open, {UINT64_MAX, 24, 0, 0}, "result=-1 errno=EMFILE"},
        {CHIP_EV_CALL, CHIP_CALL_kill, {0, 0, 1, 9}, "kill result=0 a=rank 0 b=9"},
        {CHIP_EV_CALL, CHIP_CALL_kill, {0, 0, 0, 15}, "a=parent b=15"},
        {CHIP_EV_CALL, CHIP_CALL_kill, {0, 0, UINT64_MAX, 15}, "a=-1 b=15"},
        {CHIP_EV_CALL, CHIP_CALL_waitpid, {1, 0, 1, 0}, "waitpid result=rank 0 a=1"},
        {CHIP_EV_CALL, CHIP_CALL_waitpid, {0, 0, 1, 0}, "waitpid result=0 a=1"},
        {CHIP_EV_CALL, CHIP_CALL_waitpid, {12345, 0, UINT64_MAX, 0}, "result=another-process a=-1"},
        {CHIP_EV_CALL, 60000, {0, 0, 0, 0}, "? result=0"},
        {CHIP_EV_WAIT, CHIP_WAIT_SLEEP, {0, 0, 0, 5000}, "sleep deadline=5us"},
        {CHIP_EV_WAIT, CHIP_WAIT_CHILD, {1, 0, 0, UINT64_MAX}, "of=rank 0 deadline=none"},
        {CHIP_EV_WAIT, 99, {1, 2, 3, 4}, "?"},
        {CHIP_EV_TIMEOUT, CHIP_WAIT_FUTEX, {2, 8, 1000, 0}, "object=2 offset=8 deadline=1us"},
        {CHIP_EV_CLOCK, 0, {0, 1000, 0, 0}, "from=0 to=1us"},
        {CHIP_EV_FAULT, 0, {1, CHIP_FAULT_ERRNO, 28, 0}, "fault 2 errno ENOSPC"},
        {CHIP_EV_FAULT, 0, {0, CHIP_FAULT_DELAY, 1000, 0}, "fault 1 delay 1us"},
        {CHIP_EV_FAULT, 0, {0, 77, 0, 0}, "fault 1 ?"},
        {CHIP_EV_EXIT, 0, {1, 9, 0, 0}, "rank 0 status=SIGKILL"},
        {CHIP_EV_EXIT, 0, {UINT64_MAX, 256, 0, 0}, "nobody status=exit 1"},
        {CHIP_EV_CRASH, 0, {11, 0, 0, 0}, "SIGSEGV"},
        {CHIP_EV_RESULT, 0, {3, 5, 0, 0}, "step 4 code=5"},
        {CHIP_EV_CHECK, 0, {0, 1, 0, 0}, "check 1 equal"},
        {CHIP_EV_ACCESS, 0, {1, 2, 3, 4}, "object=1 offset=2 size=3 value=4"},
        {CHIP_EV_ACCESS, 0, {1, 2, 0x402050004, 7}, "acquire read object=1 offset=2 size=4"},
        {CHIP_EV_ACCESS, 0, {1, 2, 0x400070004, 7}, "relaxed read-write object=1"},
        {CHIP_EV_ACCESS, 0, {0, 0, 0x5240000, 0}, "seq_cst fence "},
        {60000, 0, {0, 0, 0, 0}, ""},
    };
    struct chip_control *c = fix_new();
    char text[CHR_TEXT_LEN];
    fix_flush_race(c);
    struct chr_recording *rec = opened(c);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct chip_event ev = {.kind = (uint16_t)table[i].kind, .point = table[i].point};
        memcpy(ev.f, table[i].f, sizeof ev.f);
        chr_event_text(rec, &ev, text);
        if (!strstr(text, table[i].text))
            fail_msg("'%s' does not hold '%s'", text, table[i].text);
    }
    chr_recording_close(rec);
    fix_free(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_log_is_as_it_was),
        cmocka_unit_test(equal_runs_give_equal_bytes),
        cmocka_unit_test(one_field_changes_the_hash),
        cmocka_unit_test(the_hash_is_fnv1a_of_the_text),
        cmocka_unit_test(what_was_lost_stands_at_the_end),
        cmocka_unit_test(real_times_have_a_writer_of_their_own),
        cmocka_unit_test(every_kind_has_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
