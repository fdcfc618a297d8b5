/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_report_symbols.c - addresses of this very program become functions and lines.
 */
#include "reports/internal.h"
#include "tests/unit/report_fixture.h"

#include <dlfcn.h>
#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define KEEP(p) __asm__ volatile("" : : "r"(p) : "memory")

struct spot {
    void *address;
    int line;
};

__attribute__((noinline)) static void *return_address(void) {
    void *p = __builtin_return_address(0);
    KEEP(p);
    return p;
}

__attribute__((noinline)) static struct spot plain_caller(void) {
    struct spot s;
    s.line = __LINE__ + 1;
    s.address = return_address();
    KEEP(&s);
    return s;
}

static int inner_line;

__attribute__((always_inline)) static inline void *inlined_step(void) {
    inner_line = __LINE__ + 1;
    void *p = return_address();
    KEEP(p);
    return p;
}

__attribute__((noinline)) static struct spot holder_of_inlined(void) {
    struct spot s;
    s.line = __LINE__ + 1;
    s.address = inlined_step();
    KEEP(&s);
    return s;
}

/* Module path and offset of an address, as a recording holds them. */
static uint64_t offset_of(void *address, char path[256]) {
    Dl_info info;
    struct link_map *map = NULL;
    assert_int_not_equal(dladdr1(address, &info, (void **)&map, RTLD_DL_LINKMAP), 0);
    if (map->l_name[0]) {
        snprintf(path, 256, "%s", map->l_name);
    } else {
        ssize_t n = readlink("/proc/self/exe", path, 255);
        assert_true(n > 0);
        path[n] = 0;
    }
    return (uint64_t)(uintptr_t)address - map->l_addr;
}

static void a_call_is_found_on_its_line(void **state) {
    (void)state;
    struct chr_symbols *sym = chr_symbols_new();
    struct chr_frame frames[8];
    char path[256], text[CHR_TEXT_LEN], wanted[CHR_TEXT_LEN];
    struct spot s = plain_caller();
    uint64_t offset = offset_of(s.address, path);
    for (int again = 0; again < 2; again++) { /* the second time from the cache */
        assert_int_equal(chr_symbols_look(sym, path, offset, frames, 8), 1);
        assert_string_equal(frames[0].function, "plain_caller");
        assert_string_equal(frames[0].file, "tests/unit/test_report_symbols.c");
        assert_int_equal(frames[0].line, s.line);
        assert_false(frames[0].own || frames[0].system || frames[0].inlined);
    }
    snprintf(wanted, sizeof wanted, "plain_caller tests/unit/test_report_symbols.c:%d", s.line);
    assert_string_equal(chr_frame_text(&frames[0], text), wanted);
    chr_symbols_free(sym);
}

static void inlined_frames_come_first(void **state) {
    (void)state;
    struct chr_symbols *sym = chr_symbols_new();
    struct chr_frame frames[8];
    char path[256];
    struct spot s = holder_of_inlined();
    uint64_t offset = offset_of(s.address, path);
    assert_int_equal(chr_symbols_look(sym, path, offset, frames, 8), 2);
    assert_string_equal(frames[0].function, "inlined_step");
    assert_true(frames[0].inlined);
    assert_int_equal(frames[0].line, inner_line);
    assert_string_equal(frames[1].function, "holder_of_inlined");
    assert_false(frames[1].inlined);
    assert_int_equal(frames[1].line, s.line);
    assert_string_equal(frames[1].file, "tests/unit/test_report_symbols.c");
    assert_int_equal(chr_symbols_look(sym, path, offset, frames, 1), 1);
    chr_symbols_free(sym);
}

static void without_a_file_it_is_module_and_offset(void **state) {
    (void)state;
    struct chr_symbols *sym = chr_symbols_new();
    struct chr_frame frame;
    char text[CHR_TEXT_LEN];
    assert_int_equal(chr_symbols_look(sym, "/none/libx.so.1", 0x1234, &frame, 1), 1);
    assert_null(frame.function);
    assert_null(frame.file);
    assert_string_equal(chr_frame_text(&frame, text), "libx.so.1+0x1234");
    /* Far outside of a file that is there. */
    char path[256];
    offset_of(plain_caller().address, path);
    assert_int_equal(chr_symbols_look(sym, path, UINT64_MAX / 2, &frame, 1), 1);
    assert_null(frame.file);
    assert_int_equal(chr_symbols_look(sym, path, 0, &frame, 1), 1);
    assert_null(frame.file);
    chr_symbols_free(sym);
}

static void libc_is_named_and_marked(void **state) {
    (void)state;
    struct chr_symbols *sym = chr_symbols_new();
    struct chr_frame frame;
    char path[256];
    void *address = dlsym(RTLD_NEXT, "getenv");
    uint64_t offset = offset_of(address, path);
    if (strstr(path, "libc.so") == NULL)
        skip(); /* a sanitizer's own getenv */
    assert_int_equal(chr_symbols_look(sym, path, offset + 1, &frame, 1), 1);
    assert_true(frame.system);
    assert_string_equal(frame.function, "getenv");
    chr_symbols_free(sym);
}

/* At the top of a crash's stack stands the address that failed: the first instruction of a function
 * belongs to it, not to what lies before. Below it are return addresses again. */
static void a_crash_is_looked_up_where_it_was(void **state) {
    (void)state;
    struct chip_control *c = fix_new();
    struct chr_recording *rec = NULL;
    struct chr_symbols *sym = chr_symbols_new();
    struct chr_frame frames[8], user;
    char path[256];
    uint64_t start = offset_of((void *)(uintptr_t)plain_caller, path);
    uint32_t libc = fix_module(c, "/x/libc.so.6"), self = fix_module(c, path);
    uint32_t id =
        fix_stack(c, 3, (uint32_t[]){libc, self, self}, (uint64_t[]){0x3c050, start, start});
    assert_int_equal(chr_recording_open(c, fix_bytes(), &rec, NULL), CHIP_OK);
    struct chip_event ev = {.kind = CHIP_EV_CRASH, .stack = id};
    assert_true(chr__event_frame(sym, rec, &ev, &user));
    assert_string_equal(user.function, "plain_caller");
    assert_int_equal(user.offset, start);
    assert_int_equal(chr__symbols_part(sym, rec, id, true, 0, frames, 8), 2);
    assert_string_equal(frames[0].function, "plain_caller");
    assert_true(!frames[1].function || strcmp(frames[1].function, "plain_caller") != 0);
    ev.kind = CHIP_EV_POINT;
    assert_true(chr__event_frame(sym, rec, &ev, &user));
    assert_true(!user.function || strcmp(user.function, "plain_caller") != 0);
    assert_int_equal(chr__symbols_part(sym, rec, id, false, 1, frames, 8), 2);
    assert_int_equal(chr__symbols_part(sym, rec, id, false, 3, frames, 8), 0);
    assert_int_equal(chr__symbols_part(sym, rec, id, false, 9, frames, 8), 0);
    chr_symbols_free(sym);
    chr_recording_close(rec);
    fix_free(c);
}

static void the_harness_is_hidden_at_the_top_only(void **state) {
    (void)state;
    struct chip_control *c = fix_new();
    struct chr_recording *rec = NULL;
    struct chr_symbols *sym = chr_symbols_new();
    struct chr_frame frames[8], user;
    char path[256];
    struct spot s = plain_caller();
    uint64_t offset = offset_of(s.address, path);
    uint32_t agent = fix_module(c, "/x/libchipagent.so"), shim = fix_module(c, "/x/libchipshim.so"),
             libc = fix_module(c, "/x/libc.so.6"), self = fix_module(c, path);
    uint32_t id = fix_stack(c, 6, (uint32_t[]){agent, shim, libc, self, agent, 0xffffffffu},
                            (uint64_t[]){1, 2, 3, offset, 5, 6});
    uint32_t bare = fix_stack(c, 2, (uint32_t[]){agent, libc}, (uint64_t[]){1, 3});
    assert_int_equal(chr_recording_open(c, fix_bytes(), &rec, NULL), CHIP_OK);
    assert_int_equal(chr_symbols_stack(sym, rec, id, frames, 8), 4);
    assert_string_equal(frames[0].module, "libc.so.6");
    assert_string_equal(frames[1].function, "plain_caller");
    assert_true(frames[2].own);
    assert_string_equal(frames[3].module, "?");
    assert_true(chr_symbols_user_frame(sym, rec, id, &user));
    assert_string_equal(user.function, "plain_caller");
    assert_false(chr_symbols_user_frame(sym, rec, bare, &user));
    assert_false(chr_symbols_user_frame(sym, rec, 0, &user));
    assert_int_equal(chr_symbols_stack(sym, rec, id, frames, 2), 2);
    chr_symbols_free(sym);
    chr_recording_close(rec);
    fix_free(c);
}

static void paths_are_shown_from_the_project_on(void **state) {
    (void)state;
    static const char *const table[][2] = {
        {"/u/chip/lib/src/child.c", "lib/src/child.c"},
        {"/b/defects/x/src/lib/src/child.c", "lib/src/child.c"},
        {"/b/lib/include/chip/probe.h", "lib/include/chip/probe.h"},
        {"/harness/checkout/lib/src/barrier.c", "lib/src/barrier.c"},
        {"lib/src/child.c", "lib/src/child.c"},
        {"/c/harness/driver/main.c", "harness/driver/main.c"},
        {"./nptl/futex-internal.c", "nptl/futex-internal.c"},
        {"/usr/src/glibc/nptl/futex.c", "nptl/futex.c"},
        {"/child.c", "child.c"},
        {"child.c", "child.c"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        assert_string_equal(chr_source_path(table[i][0]), table[i][1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_is_found_on_its_line),
        cmocka_unit_test(inlined_frames_come_first),
        cmocka_unit_test(without_a_file_it_is_module_and_offset),
        cmocka_unit_test(libc_is_named_and_marked),
        cmocka_unit_test(a_crash_is_looked_up_where_it_was),
        cmocka_unit_test(the_harness_is_hidden_at_the_top_only),
        cmocka_unit_test(paths_are_shown_from_the_project_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
