/* SPDX-License-Identifier: Apache-2.0 */
/*
 * out_file.c - a file that appears whole under its name, or not at all (P3).
 *
 * The bytes go to a file without a name (O_TMPFILE), which the kernel drops when the process dies;
 * the name is made last. link(2) does not replace, so an old file is unlinked just before: a kill
 * between the two leaves no file, never half a one.
 */
#include "reports/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OUT_MODE = 0666 };

struct chr_out {
    FILE *stream;
    char *path;
    char *temporary; /* name to be renamed; NULL with O_TMPFILE */
};

/* Makes every folder above the last part of path. */
static int make_folders(const char *path) {
    char *copy = strdup(path);
    if (!copy)
        return -1;
    int rc = 0;
    for (char *p = copy + 1; rc == 0 && *copy && (p = strchr(p, '/')); p++) {
        *p = 0;
        if (mkdir(copy, 0777) != 0 && errno != EEXIST)
            rc = -1;
        *p = '/';
    }
    int saved = errno;
    free(copy);
    errno = saved;
    return rc;
}

static char *folder_of(const char *path) {
    const char *slash = strrchr(path, '/');
    if (!slash)
        return strdup(".");
    return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

/* For file systems without O_TMPFILE. */
static int open_temporary(struct chr_out *out, const char *folder) {
    for (int tries = 0; tries < 16; tries++) {
        uint64_t random;
        if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
            return -1;
        free(out->temporary);
        if (asprintf(&out->temporary, "%s/.%s.tmp-%016llx", folder, chr__basename(out->path),
                     (unsigned long long)random) < 0) {
            out->temporary = NULL;
            return -1;
        }
        int fd = open(out->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, OUT_MODE);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

static int open_nameless(struct chr_out *out) {
    char *folder = folder_of(out->path);
    if (!folder)
        return -1;
    int fd = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, OUT_MODE);
    /* An old kernel takes the flag for O_DIRECTORY and says EISDIR. */
    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL))
        fd = open_temporary(out, folder);
    int saved = errno;
    free(folder);
    errno = saved;
    return fd;
}

static void release(struct chr_out *out) {
    if (out->stream)
        fclose(out->stream);
    free(out->temporary);
    free(out->path);
    free(out);
}

int chr_out_open(const char *path, struct chr_out **result, struct chip_error *err) {
    *result = NULL;
    struct chr_out *out = calloc(1, sizeof *out);
    if (!out || !(out->path = strdup(path))) {
        free(out);
        return chr__fail(err, CHIP_E_MEMORY, "no memory to write %s", path);
    }
    int fd = -1;
    if (make_folders(path) != 0 || (fd = open_nameless(out)) < 0)
        goto fail_open;
    out->stream = fdopen(fd, "w");
    if (!out->stream) {
        close(fd);
        goto fail_open;
    }
    *result = out;
    return CHIP_OK;

fail_open:
    chr__fail(err, CHIP_E_OS, "cannot write %s: %s", path, strerror(errno));
    if (out->temporary)
        unlink(out->temporary);
    release(out);
    return CHIP_E_OS;
}

FILE *chr_out_stream(struct chr_out *out) {
    return out->stream;
}

static int give_name(struct chr_out *out) {
    if (out->temporary)
        return rename(out->temporary, out->path);
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fileno(out->stream));
    for (int tries = 0; tries < 16; tries++) {
        if (linkat(AT_FDCWD, link, AT_FDCWD, out->path, AT_SYMLINK_FOLLOW) == 0)
            return 0;
        if (errno != EEXIST || (unlink(out->path) != 0 && errno != ENOENT))
            return -1;
    }
    return -1;
}

int chr_out_commit(struct chr_out *out, struct chip_error *err) {
    int rc = CHIP_OK;
    errno = EIO;
    if (ferror(out->stream) || fflush(out->stream) != 0 || give_name(out) != 0) {
        rc = chr__fail(err, CHIP_E_OS, "cannot write %s: %s", out->path, strerror(errno));
        chr_out_abort(out);
        return rc;
    }
    release(out);
    return rc;
}

void chr_out_abort(struct chr_out *out) {
    if (!out)
        return;
    if (out->temporary)
        unlink(out->temporary);
    release(out);
}
