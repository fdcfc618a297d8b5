/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_scenario_golden.c - the corpus of broken scenarios: each file of tests/golden/scenario is
 * refused, with exactly the messages of its .expected file. CHIP_UPDATE_GOLDEN=1 writes them anew.
 */
#include "harness/scenario/scenario.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { CORPUS_MIN = 40, NAME_SIZE = 300 };

static int enter_corpus(void **state) {
    (void)state;
    return chdir(CHIP_TEST_SOURCE_DIR "/tests/golden/scenario");
}

/* All of a file, NUL-terminated, the caller's to free; NULL if there is none. */
static char *file_text(const char *name) {
    FILE *in = fopen(name, "rb");
    char *text;
    size_t length;

    if (!in)
        return NULL;
    text = calloc(1, 1 << 20);
    assert_non_null(text);
    length = fread(text, 1, (1 << 20) - 1, in);
    text[length] = 0;
    fclose(in);
    return text;
}

static char *messages_of(const char *name) {
    struct chs_errors *errs = chs_errors_new();
    struct chs_file *file;
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);

    assert_non_null(out);
    if (!chs_load(name, NULL, &file, errs))
        fail_msg("%s was accepted", name);
    assert_null(file);
    assert_true(chs_errors_count(errs) > 0);
    chs_errors_print(errs, out);
    fclose(out);
    chs_errors_free(errs);
    return text;
}

static void write_expected(const char *name, const char *text) {
    FILE *out = fopen(name, "wb");

    assert_non_null(out);
    fputs(text, out);
    assert_int_equal(fclose(out), 0);
}

static void compare_one(const char *name) {
    char expected_name[NAME_SIZE];
    char *seen = messages_of(name), *expected;

    snprintf(expected_name, sizeof(expected_name), "%.*s.expected", (int)(strlen(name) - 5), name);
    if (getenv("CHIP_UPDATE_GOLDEN"))
        write_expected(expected_name, seen);
    expected = file_text(expected_name);
    if (!expected)
        fail_msg("%s is missing; run with CHIP_UPDATE_GOLDEN=1", expected_name);
    assert_string_equal(seen, expected);
    free(expected);
    free(seen);
}

static bool ends_with(const char *name, const char *end) {
    size_t n = strlen(name), m = strlen(end);

    return n > m && !strcmp(name + n - m, end);
}

static void every_broken_file_gives_exactly_its_messages(void **state) {
    DIR *dir = opendir(".");
    const struct dirent *entry;
    unsigned count = 0;

    (void)state;
    assert_non_null(dir);
    while ((entry = readdir(dir))) {
        if (!ends_with(entry->d_name, ".yaml"))
            continue;
        compare_one(entry->d_name);
        count++;
    }
    closedir(dir);
    assert_true(count >= CORPUS_MIN);
}

static void every_expected_file_has_a_scenario(void **state) {
    DIR *dir = opendir(".");
    const struct dirent *entry;

    (void)state;
    assert_non_null(dir);
    while ((entry = readdir(dir))) {
        char name[NAME_SIZE];

        if (!ends_with(entry->d_name, ".expected"))
            continue;
        snprintf(name, sizeof(name), "%.*s.yaml", (int)(strlen(entry->d_name) - 9), entry->d_name);
        if (access(name, R_OK))
            fail_msg("%s has no %s", entry->d_name, name);
    }
    closedir(dir);
}

/* The same text twice: nothing of an address, a clock or the environment is in a message. */
static void messages_are_the_same_every_time(void **state) {
    char *first = messages_of("many_errors.yaml"), *second = messages_of("many_errors.yaml");

    (void)state;
    assert_string_equal(first, second);
    free(first);
    free(second);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_broken_file_gives_exactly_its_messages),
        cmocka_unit_test(every_expected_file_has_a_scenario),
        cmocka_unit_test(messages_are_the_same_every_time),
    };

    return cmocka_run_group_tests(tests, enter_corpus, NULL);
}
