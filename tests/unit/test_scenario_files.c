/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_scenario_files.c - what a scenario is read from: files that are not there, directories,
 * pipes, too large ones, descriptors.
 */
#include "harness/scenario/scenario.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char good[] = "chipharness: 1\nname: t\nabout: a test\nranks: 0\nsteps: [create]\n";

static char folder[] = "/var/tmp/chip-scenario-XXXXXX";

static int make_folder(void **state) {
    (void)state;
    return mkdtemp(folder) && !chdir(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
    (void)state;
    return chdir("/") || rmdir(folder) ? -1 : 0;
}

static void assert_not_loaded(const char *path, const char *message) {
    struct chs_errors *errs = chs_errors_new();
    struct chs_file *file;
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);

    assert_int_equal(chs_load(path, NULL, &file, errs), -1);
    assert_null(file);
    assert_int_equal(chs_errors_count(errs), 1);
    chs_errors_print(errs, out);
    fclose(out);
    assert_string_equal(text, message);
    free(text);
    chs_errors_free(errs);
}

static void write_file(const char *name, const char *text, size_t length) {
    FILE *out = fopen(name, "wb");

    assert_non_null(out);
    assert_int_equal(fwrite(text, 1, length, out), length);
    assert_int_equal(fclose(out), 0);
}

static void a_file_that_is_not_there_is_named(void **state) {
    (void)state;
    assert_not_loaded("none.yaml", "none.yaml: error: there is no such file\n");
    assert_not_loaded("", ": error: there is no such file\n");
}

static void a_directory_is_no_scenario(void **state) {
    (void)state;
    assert_not_loaded(".", ".: error: is a directory, not a scenario\n");
}

/* Opening it must not wait for a writer. */
static void a_pipe_is_no_scenario(void **state) {
    (void)state;
    assert_int_equal(mkfifo("pipe.yaml", 0600), 0);
    assert_not_loaded("pipe.yaml", "pipe.yaml: error: is not a regular file\n");
    unlink("pipe.yaml");
}

static void a_file_of_more_than_one_mebibyte_is_refused(void **state) {
    size_t length = CHS_MAX_FILE + 1;
    char *text = malloc(length);

    (void)state;
    assert_non_null(text);
    memset(text, '#', length);
    write_file("t.yaml", text, length);
    assert_not_loaded("t.yaml",
                      "t.yaml: error: the file is larger than a scenario may be (1 MiB)\n");
    unlink("t.yaml");
    free(text);
}

static void a_file_of_one_mebibyte_is_read(void **state) {
    char *text = malloc(CHS_MAX_FILE);
    struct chs_errors *errs = chs_errors_new();
    struct chs_file *file;

    (void)state;
    assert_non_null(text);
    memset(text, '#', CHS_MAX_FILE);
    memcpy(text, good, sizeof(good) - 1);
    write_file("t.yaml", text, CHS_MAX_FILE);
    assert_int_equal(chs_load("t.yaml", NULL, &file, errs), 0);
    chs_free(file);
    chs_errors_free(errs);
    unlink("t.yaml");
    free(text);
}

static void the_name_is_the_stem_of_the_path(void **state) {
    struct chs_errors *errs = chs_errors_new();
    struct chs_file *file;

    (void)state;
    write_file("t.yml", good, sizeof(good) - 1);
    assert_int_equal(chs_load("./t.yml", NULL, &file, errs), 0);
    assert_string_equal(chs_variant(file, 0)->file, "./t.yml");
    chs_free(file);
    chs_errors_free(errs);
    unlink("t.yml");
}

/* The driver reads a snapshot: twice, whatever the offset, and leaves it open. */
static void a_descriptor_is_read_from_its_start_and_left_open(void **state) {
    int fd = memfd_create("scenario", MFD_CLOEXEC);
    struct chs_errors *errs = chs_errors_new();
    struct chs_file *file;

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, good, sizeof(good) - 1), sizeof(good) - 1);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(chs_load_fd(fd, "some/where/t.yaml", NULL, &file, errs), 0);
        assert_string_equal(chs_variant(file, 0)->file, "some/where/t.yaml");
        chs_free(file);
    }
    assert_int_equal(close(fd), 0);
    assert_int_equal(chs_load_fd(fd, "t.yaml", NULL, &file, errs), -1);
    assert_int_equal(chs_errors_count(errs), 1);
    chs_errors_free(errs);
}

static void freeing_nothing_is_fine(void **state) {
    (void)state;
    chs_free(NULL);
    chs_errors_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_that_is_not_there_is_named),
        cmocka_unit_test(a_directory_is_no_scenario),
        cmocka_unit_test(a_pipe_is_no_scenario),
        cmocka_unit_test(a_file_of_more_than_one_mebibyte_is_refused),
        cmocka_unit_test(a_file_of_one_mebibyte_is_read),
        cmocka_unit_test(the_name_is_the_stem_of_the_path),
        cmocka_unit_test(a_descriptor_is_read_from_its_start_and_left_open),
        cmocka_unit_test(freeing_nothing_is_fine),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
