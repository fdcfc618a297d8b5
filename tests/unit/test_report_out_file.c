/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_report_out_file.c - P3: a file appears whole or not at all, and nothing else stays behind.
 */
#include "reports/report.h"
#include "tests/unit/report_fixture.h"

#include <dirent.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[256];

static int make_folder(void **state) {
    (void)state;
    const char *base = getenv("TMPDIR");
    int n = snprintf(folder, sizeof folder, "%s/chip-test-out-XXXXXX", base ? base : P_tmpdir);
    return n < (int)sizeof folder && mkdtemp(folder) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int remove_folder(void **state) {
    (void)state;
    return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static const char *in_folder(const char *name) {
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static size_t entries(const char *path) {
    DIR *dir = opendir(path);
    size_t n = 0;
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir));)
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    closedir(dir);
    return n;
}

static void assert_content(const char *path, const char *wanted) {
    char got[64] = "";
    FILE *in = fopen(path, "re");
    assert_non_null(in);
    size_t n = fread(got, 1, sizeof got - 1, in);
    fclose(in);
    got[n] = 0;
    assert_string_equal(got, wanted);
}

static void write_whole(const char *path, const char *text) {
    struct chr_out *out = NULL;
    struct chip_error err = {0};
    if (chr_out_open(path, &out, &err) != CHIP_OK)
        fail_msg("%s", err.text);
    fputs(text, chr_out_stream(out));
    assert_int_equal(chr_out_commit(out, &err), CHIP_OK);
}

static void folders_are_made_and_files_replaced(void **state) {
    (void)state;
    char path[512];
    snprintf(path, sizeof path, "%s", in_folder("a/b/result.json"));
    write_whole(path, "one");
    assert_content(path, "one");
    write_whole(path, "two");
    assert_content(path, "two");
    assert_int_equal(entries(in_folder("a/b")), 1);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0600, 0600);
}

static void an_aborted_file_leaves_the_old_one(void **state) {
    (void)state;
    struct chr_out *out = NULL;
    char path[512];
    snprintf(path, sizeof path, "%s", in_folder("x"));
    write_whole(path, "old");
    assert_int_equal(chr_out_open(path, &out, NULL), CHIP_OK);
    fputs("new", chr_out_stream(out));
    fflush(chr_out_stream(out));
    assert_content(path, "old");
    chr_out_abort(out);
    chr_out_abort(NULL);
    assert_content(path, "old");
    assert_int_equal(entries(folder), 1);
}

static void a_killed_writer_leaves_nothing(void **state) {
    (void)state;
    char path[512];
    snprintf(path, sizeof path, "%s", in_folder("x"));
    pid_t pid = fork();
    assert_int_not_equal(pid, -1);
    if (pid == 0) {
        struct chr_out *out = NULL;
        if (chr_out_open(path, &out, NULL) != CHIP_OK)
            _exit(1);
        fputs("half", chr_out_stream(out));
        fflush(chr_out_stream(out));
        kill(getpid(), SIGKILL);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(entries(folder), 0);
}

static void a_place_that_cannot_be_is_an_error(void **state) {
    (void)state;
    struct chr_out *out = NULL;
    struct chip_error err = {0};
    write_whole(in_folder("file"), "x");
    assert_int_equal(chr_out_open(in_folder("file/below"), &out, &err), CHIP_E_OS);
    assert_null(out);
    assert_non_null(strstr(err.text, "cannot write "));
    /* A folder in the way of the name itself shows at the end. */
    assert_int_equal(mkdir(in_folder("dir"), 0777), 0);
    assert_int_equal(chr_out_open(in_folder("dir"), &out, &err), CHIP_OK);
    assert_int_equal(chr_out_commit(out, &err), CHIP_E_OS);
    assert_int_equal(entries(folder), 2);
}

static void a_full_device_is_an_error(void **state) {
    (void)state;
    struct chr_out *out = NULL;
    struct chip_error err = {0};
    assert_int_equal(chr_out_open(in_folder("x"), &out, &err), CHIP_OK);
    FILE *full = freopen("/dev/full", "we", chr_out_stream(out));
    assert_non_null(full);
    fputs("x", full);
    assert_int_equal(chr_out_commit(out, &err), CHIP_E_OS);
    assert_non_null(strstr(err.text, "No space left"));
    assert_int_equal(entries(folder), 0);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_FOLDER(folders_are_made_and_files_replaced),
        IN_FOLDER(an_aborted_file_leaves_the_old_one),
        IN_FOLDER(a_killed_writer_leaves_nothing),
        IN_FOLDER(a_place_that_cannot_be_is_an_error),
        IN_FOLDER(a_full_device_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
