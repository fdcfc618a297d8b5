/* SPDX-License-Identifier: Apache-2.0 */
/* companions.c - the files that the harness brings into a run, and their identity. */
#include "harness/run/run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int need(const char *path, struct chip_error *err) {
    if (access(path, R_OK) == 0)
        return CHIP_OK;
    return chip_error_sys(err, errno, "the harness is not complete: %s", path);
}

int run_companions_find(struct run_companions *w, struct chip_error *err) {
    ssize_t n = readlink("/proc/self/exe", w->dir, sizeof w->dir - 1);
    if (n <= 0)
        return chip_error_sys(err, errno, "cannot find the harness's own folder");
    w->dir[n] = 0;
    *strrchr(w->dir, '/') = 0;
    /* LD_PRELOAD splits at both, and has no way to quote them. */
    if (strpbrk(w->dir, " :"))
        return chip_error_set(err, CHIP_E_VALUE,
                              "the harness cannot run from a folder with a space or a colon in "
                              "its name: %s",
                              w->dir);
    snprintf(w->agent, sizeof w->agent, "%s/libchipagent.so", w->dir);
    snprintf(w->shim, sizeof w->shim, "%s/libchipshim.so", w->dir);
    snprintf(w->driver, sizeof w->driver, "%s/chipharness-driver", w->dir);
    snprintf(w->inst, sizeof w->inst, "%s/inst", w->dir);
    snprintf(w->defects, sizeof w->defects, "%s/defects", w->dir);
    int r = need(w->agent, err);
    if (!r)
        r = need(w->shim, err);
    if (!r)
        r = need(w->driver, err);
    if (!r)
        r = need(w->inst, err);
    return r;
}

int run_companions_accesses(struct run_companions *w, struct chip_error *err) {
    snprintf(w->inst, sizeof w->inst, "%s/acc", w->dir);
    w->accesses = true;
    return need(w->inst, err);
}

int run_library_dir(const struct run_companions *w, const char *defect, char *out, size_t bytes,
                    struct chip_error *err) {
    if (!defect) {
        snprintf(out, bytes, "%s", w->inst);
        return CHIP_OK;
    }
    char library[4096];
    snprintf(out, bytes, "%s/%s", w->defects, defect);
    snprintf(library, sizeof library, "%s/%s/libchip.so.0", w->defects, defect);
    if (strchr(defect, '/') || access(library, R_OK) != 0)
        return chip_error_set(err, CHIP_E_LOOKUP, "no defect '%s' was built", defect);
    return CHIP_OK;
}

static int hash_file(const char *path, uint64_t *h, struct chip_error *err) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return chip_error_sys(err, errno, "%s", path);
    unsigned char buf[65536];
    ssize_t n;
    while ((n = read(fd, buf, sizeof buf)) > 0)
        for (ssize_t i = 0; i < n; i++)
            *h = (*h ^ buf[i]) * 0x100000001b3ull;
    int r = n < 0 ? chip_error_sys(err, errno, "%s", path) : CHIP_OK;
    close(fd);
    return r;
}

static bool executable(const char *path) {
    struct stat st;
    return access(path, X_OK) == 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

int run_find_program(const char *word, char *out, size_t bytes, struct chip_error *err) {
    const char *path = getenv("PATH");
    if (strchr(word, '/')) {
        snprintf(out, bytes, "%s", word);
        if (executable(out))
            return CHIP_OK;
    }
    for (const char *p = path; p && *p && !strchr(word, '/');) {
        size_t n = strcspn(p, ":");
        snprintf(out, bytes, "%.*s/%s", (int)n, p, word);
        if (n && executable(out))
            return CHIP_OK;
        p += n + (p[n] == ':');
    }
    return chip_error_set(err, CHIP_E_LOOKUP, "there is no program '%s' that can be executed",
                          word);
}

int run_build_id(const struct run_companions *w, const char *library_dir, const char *own,
                 char out[17], struct chip_error *err) {
    char library[4096];
    snprintf(library, sizeof library, "%s/libchip.so.0", library_dir);
    const char *all[] = {library, w->driver, w->agent, w->shim, own};
    uint64_t h = 0xcbf29ce484222325ull;
    for (size_t i = 0; i < sizeof all / sizeof all[0] && all[i]; i++) {
        int r = hash_file(all[i], &h, err);
        if (r)
            return r;
    }
    snprintf(out, 17, "%016llx", (unsigned long long)h);
    return CHIP_OK;
}
