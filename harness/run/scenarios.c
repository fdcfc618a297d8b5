/* SPDX-License-Identifier: Apache-2.0 */
/* scenarios.c - see scenarios.h. */
#include "harness/run/scenarios.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void *grown(void *array, size_t count, size_t size) {
    void *p = reallocarray(array, count + 1, size);
    if (!p) {
        fprintf(stderr, "chipharness: out of memory\n");
        exit(3);
    }
    memset((char *)p + count * size, 0, size);
    return p;
}

/* The bytes of the file in a memfd; -1 if it cannot be read (the loader then says why). */
static int snapshot(const char *path) {
    int from = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* not to wait for a pipe */
    struct stat st;
    if (from < 0)
        return -1;
    int fd = -1;
    if (fstat(from, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= CHS_MAX_FILE)
        fd = memfd_create("scenario", MFD_CLOEXEC);
    char buf[65536];
    ssize_t n = 0;
    while (fd >= 0 && (n = read(from, buf, sizeof buf)) > 0)
        if (write(fd, buf, (size_t)n) != n)
            n = -1;
    if (fd >= 0 && n < 0) {
        close(fd);
        fd = -1;
    }
    close(from);
    return fd;
}

static int load_one(const char *path, const struct chs_options *options, struct scenario_list *out,
                    struct chs_errors *errs) {
    int fd = snapshot(path);
    struct chs_file *file = NULL;
    int r = fd >= 0 ? chs_load_fd(fd, path, options, &file, errs)
                    : chs_load(path, options, &file, errs);
    if (r != 0 || fd < 0) {
        chs_free(file);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    out->items = grown(out->items, out->count, sizeof *out->items);
    out->items[out->count++] = (struct scenario_file){strdup(path), fd, file, false};
    return 0;
}

static int is_yaml(const struct dirent *e) {
    size_t n = strlen(e->d_name);
    return n > 5 && e->d_name[0] != '.' && strcmp(e->d_name + n - 5, ".yaml") == 0;
}

static int load_path(const char *path, const struct chs_options *options, struct scenario_list *out,
                     struct chs_errors *errs) {
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
        return load_one(path, options, out, errs);
    struct dirent **names;
    int n = scandir(path, &names, is_yaml, alphasort);
    int r = 0;
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    for (int i = 0; i < n; i++) {
        char *one;
        if (asprintf(&one, "%.*s/%s", (int)length, path, names[i]->d_name) < 0)
            exit(3);
        r |= load_one(one, options, out, errs);
        free(one);
        free(names[i]);
    }
    if (n >= 0)
        free(names);
    return r;
}

int scenarios_load(char *const *paths, size_t count, const struct defect_list *defects,
                   struct scenario_list *out, struct chs_errors *errs) {
    const char **names = calloc(defects->count + 1, sizeof *names);
    if (!names)
        exit(3);
    for (size_t i = 0; i < defects->count; i++)
        names[i] = defects->items[i].name;
    struct chs_options options = {names, defects->count};
    memset(out, 0, sizeof *out);
    int r = 0;
    for (size_t i = 0; i < count; i++)
        r |= load_path(paths[i], &options, out, errs);
    free(names);
    return r;
}

int scenarios_make(const char *const *argv, size_t argc, const char *time_limit,
                   struct scenario_list *out, struct chs_errors *errs) {
    struct chs_file *file;
    memset(out, 0, sizeof *out);
    if (chs_load_command(argv, argc, time_limit, &file, errs) != 0)
        return -1;
    out->items = grown(NULL, 0, sizeof *out->items);
    out->items[out->count++] = (struct scenario_file){strdup(argv[0]), -1, file, true};
    return 0;
}

void scenarios_free(struct scenario_list *list) {
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].path);
        if (list->items[i].fd >= 0)
            close(list->items[i].fd);
        chs_free(list->items[i].file);
    }
    free(list->items);
}

/* A header line "Key: value" of the patch, continued by lines that begin with a space. */
static char *header(const char *text, const char *key) {
    size_t n = strlen(key);
    for (const char *line = text; line && *line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, "---", 3) == 0)
            break;
        if (strncmp(line, key, n) != 0 || line[n] != ':')
            continue;
        const char *from = line + n + 1 + strspn(line + n + 1, " ");
        return strndup(from, strcspn(from, "\n"));
    }
    return strdup("");
}

static void read_headers(const struct run_companions *where, struct defect *d) {
    char path[4096 + 512], text[8192];
    snprintf(path, sizeof path, "%s/%s/%s.patch", where->defects, d->name, d->name);
    FILE *f = fopen(path, "re");
    size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    if (f)
        fclose(f);
    text[n] = 0;
    d->puts_back = header(text, "Puts back");
    d->source = header(text, "Source");
    d->breaks = header(text, "Breaks");
}

static int is_visible(const struct dirent *e) {
    return e->d_name[0] != '.';
}

int defects_find(const struct run_companions *where, struct defect_list *out,
                 struct chip_error *err) {
    struct dirent **names;
    memset(out, 0, sizeof *out);
    int n = scandir(where->defects, &names, is_visible, alphasort);
    if (n < 0)
        return errno == ENOENT ? CHIP_OK : chip_error_sys(err, errno, "%s", where->defects);
    for (int i = 0; i < n; i++) {
        char dir[4096];
        if (run_library_dir(where, names[i]->d_name, dir, sizeof dir, NULL) == CHIP_OK) {
            out->items = grown(out->items, out->count, sizeof *out->items);
            struct defect *d = &out->items[out->count++];
            d->name = strdup(names[i]->d_name);
            read_headers(where, d);
        }
        free(names[i]);
    }
    free(names);
    return CHIP_OK;
}

const struct defect *defects_get(const struct defect_list *list, const char *name) {
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].name, name) == 0)
            return &list->items[i];
    return NULL;
}

void defects_free(struct defect_list *list) {
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].name);
        free(list->items[i].puts_back);
        free(list->items[i].source);
        free(list->items[i].breaks);
    }
    free(list->items);
}
