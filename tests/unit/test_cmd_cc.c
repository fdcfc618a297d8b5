/* SPDX-License-Identifier: Apache-2.0 */
/* test_cmd_cc.c - what a compiler's command line asks for, and what the wrapper adds. W1, W2. */
#include "harness/cc/cc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

enum { WORDS = 16 };

static int words_of(char *line, char **words) {
    int n = 0;
    char *rest = NULL;
    for (char *w = strtok_r(line, " ", &rest); w && n < WORDS; w = strtok_r(NULL, " ", &rest))
        words[n++] = w;
    return n;
}

static void what_comes_out_of_a_command_line(void **state) {
    static const struct {
        const char *line;
        bool compiles, links, fixed;
    } table[] = {
        {"a.c -o a", true, true, false},
        {"-o a.out a.c", true, true, false},
        {"-c a.c", true, false, false},
        {"-S a.cc -o -", true, false, false},
        {"-E a.c", true, false, false},
        {"-MM a.c", true, false, false},
        {"-fsyntax-only a.c", true, false, false},
        {"a.o b.o -o prog -lm", false, true, false},
        {"-shared a.o -o liba.so", false, true, false},
        {"a.c libb.so.2 -o a", true, true, false},
        {"-static a.c", true, true, true},
        {"a.o -static-pie", false, true, true},
        {"-r a.o b.o -o c.o", false, false, false},
        {"a.s -c", false, false, false},
        {"-x c -", true, true, false},
        {"-xc++ file", true, true, false},
        {"-x c-header a.h -o a.h.gch", true, false, false},
        {"a.h", true, false, false},
        {"-x c a.c -x none b.o", true, true, false},
        {"--version", false, false, false},
        {"-dumpversion", false, false, false},
        {"-print-file-name=libc.so", false, false, false},
        {"-v", false, false, false},
        {"-I include -D X -o out -isystem sys", false, false, false},
        {"-MF deps.d -MT a.c --version", false, false, false},
        {"-Wl,--version", false, false, false},
        {"-lfoo", false, true, false},
        {"@no-such-response-file.c", true, true, false},
        {"", false, false, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char line[128], *words[WORDS];
        snprintf(line, sizeof line, "%s", table[i].line);
        struct cc_plan p = cc_plan(words_of(line, words), words);
        if (p.compiles != table[i].compiles || p.links != table[i].links ||
            p.fixed != table[i].fixed)
            fail_msg("'%s': compiles %d links %d static %d", table[i].line, p.compiles, p.links,
                     p.fixed);
    }
}

static void a_response_file_is_read_by_the_rules_of_gcc(void **state) {
    (void)state;
    char name[] = "chip-cc-args-XXXXXX", word[64], *words[] = {word};
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    static const char text[] = "-o 'an output.c'\n\"a file\\\".cc\" -c\\\\ -O1";
    assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
    close(fd);
    snprintf(word, sizeof word, "@%s", name);
    struct cc_plan p = cc_plan(1, words);
    unlink(name);
    assert_true(p.compiles);
    assert_true(p.links); /* -c\\ is not -c */
}

/* The position of a word; -1: not there. */
static int position(char **all, const char *word) {
    for (int i = 0; all[i]; i++)
        if (strcmp(all[i], word) == 0)
            return i;
    return -1;
}

static char **arguments(enum cc_family family, const char *text) {
    static char line[128], *words[WORDS];
    static const char *const compiler[] = {"ccache", "the-compiler"};
    snprintf(line, sizeof line, "%s", text);
    char **all = cc_arguments(compiler, 2, family, "/h", words_of(line, words), words);
    assert_non_null(all);
    assert_string_equal(all[0], "ccache");
    assert_string_equal(all[1], "the-compiler");
    return all;
}

static void forget(char **all) {
    for (size_t i = 0; all[i]; i++)
        free(all[i]);
    free(all);
}

static void w1_all_arguments_arrive_in_their_order(void **state) {
    (void)state;
    char **all = arguments(CC_GCC, "-O2 -g0 a.c -fsanitize=thread -o a");
    int at = position(all, "-O2");
    assert_true(at > 0);
    assert_string_equal(all[at + 1], "-g0");
    assert_string_equal(all[at + 2], "a.c");
    assert_string_equal(all[at + 3], "-o"); /* the sanitizer's own runtime does not come */
    assert_string_equal(all[at + 4], "a");
    assert_true(position(all, "-g") < at); /* so that the user's -g0 wins */
    assert_true(position(all, "/h/libchiptsan.so") > at);
    assert_true(position(all, "-specs=/h/cc/gcc.specs") > 0);
    forget(all);
}

static void w2_what_does_not_link_gets_nothing_for_the_linker(void **state) {
    (void)state;
    char **all = arguments(CC_CLANG, "-c a.c");
    assert_int_equal(position(all, "-Xlinker"), -1);
    assert_true(position(all, "-fsanitize=thread") > 0);
    assert_string_equal(all[position(all, "-fsanitize=thread") - 1], "-Xclang");
    forget(all);
    all = arguments(CC_CLANG, "-cc1 -emit-obj a.c");
    assert_int_equal(position(all, "-cc1"), 2);
    assert_int_equal(position(all, "-Xclang"), -1);
    forget(all);
    all = arguments(CC_GCC, "-static a.o");
    assert_true(position(all, "/h/libchiptsan.a") > 0);
    assert_int_equal(position(all, "--wrap=memcpy"), -1);
    assert_int_equal(position(all, "-g"), -1);
    forget(all);
}

static void a_name_tells_the_family_or_does_not(void **state) {
    (void)state;
    enum cc_family family;
    assert_true(cc_family_of("/usr/bin/clang++-14", &family) && family == CC_CLANG);
    assert_true(cc_family_of("x86_64-linux-gnu-gcc-12", &family) && family == CC_GCC);
    assert_true(cc_family_of("g++", &family) && family == CC_GCC);
    assert_false(cc_family_of("/opt/clang/bin/cc", &family));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_comes_out_of_a_command_line),
        cmocka_unit_test(a_response_file_is_read_by_the_rules_of_gcc),
        cmocka_unit_test(w1_all_arguments_arrive_in_their_order),
        cmocka_unit_test(w2_what_does_not_link_gets_nothing_for_the_linker),
        cmocka_unit_test(a_name_tells_the_family_or_does_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
