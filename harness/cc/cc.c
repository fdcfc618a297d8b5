/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cc.c - the options that make accesses visible, and becoming the compiler.
 *
 * -fsanitize=thread must reach the compiler proper and not the driver, which would link libtsan:
 * for gcc by a spec file (gcc.specs), for clang by -Xclang.
 */
#include "harness/cc/cc.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS = 16, EXIT_CANNOT = 3, ROOM = PATH_MAX + 64 };

/* Before the user's own, which may say otherwise. */
static const char *const compile_options[] = {
    "-g",
    "-fno-omit-frame-pointer",
    /* A bulk copy has to stay a call: only then is it seen. */
    "-fno-builtin-memcpy",
    "-fno-builtin-memmove",
    "-fno-builtin-memset",
    "-fno-builtin-mempcpy",
};

static const char *const clang_options[] = {
    "--start-no-unused-arguments",
    "-Xclang",
    "-fsanitize=thread",
    "-mllvm",
    "-tsan-distinguish-volatile=1",
    "-mllvm",
    "-tsan-instrument-func-entry-exit=0",
    "--end-no-unused-arguments",
};

/* References to these in what is linked become __wrap_NAME (harness/tsan/memory.c). */
static const char *const wrapped[] = {
    "memcpy",       "memmove",       "mempcpy",       "memset",
    "__memcpy_chk", "__memmove_chk", "__mempcpy_chk", "__memset_chk",
};

struct list {
    char **items;
    size_t count, room;
    bool failed;
};

static void add(struct list *l, const char *prefix, const char *value) {
    char *text = NULL;
    if (l->count + 1 >= l->room) {
        size_t room = l->room ? l->room * 2 : 64;
        char **items = realloc(l->items, room * sizeof *items);
        if (!items) {
            l->failed = true;
            return;
        }
        l->items = items;
        l->room = room;
    }
    size_t bytes = strlen(prefix) + strlen(value) + 1;
    text = malloc(bytes);
    if (!text) {
        l->failed = true;
        return;
    }
    snprintf(text, bytes, "%s%s", prefix, value);
    l->items[l->count++] = text;
    l->items[l->count] = NULL;
}

static void add_all(struct list *l, const char *const *words, size_t n) {
    for (size_t i = 0; i < n; i++)
        add(l, "", words[i]);
}

static void add_linker(struct list *l, const char *prefix, const char *value) {
    add(l, "-Xlinker", "");
    add(l, prefix, value);
}

/* -Xlinker and not the bare name: an input would be taken as source after -x. Nothing can be
 * preloaded into a fully static program: there the functions only have to be there. */
static void add_link(struct list *l, const struct cc_plan *plan, const char *dir) {
    if (plan->fixed) {
        add_linker(l, dir, "/libchiptsan.a");
        return;
    }
    for (size_t i = 0; i < sizeof wrapped / sizeof wrapped[0]; i++)
        add_linker(l, "--wrap=", wrapped[i]);
    add_linker(l, dir, "/libchiptsan.so");
    add_linker(l, "-rpath", "");
    add_linker(l, dir, "");
}

char **cc_arguments(const char *const *words, size_t word_count, enum cc_family family,
                    const char *dir, int argc, char **argv) {
    struct list l = {.items = NULL};
    struct cc_plan plan = cc_plan(argc, argv);
    char specs[ROOM];
    snprintf(specs, sizeof specs, "-specs=%s", dir);
    add_all(&l, words, word_count);
    if (!plan.untouched) {
        if (plan.compiles)
            add_all(&l, compile_options, sizeof compile_options / sizeof compile_options[0]);
        /* Not only where source is named: link-time optimisation compiles as well. */
        if (family == CC_CLANG)
            add_all(&l, clang_options, sizeof clang_options / sizeof clang_options[0]);
        else
            add(&l, specs, "/cc/gcc.specs");
    }
    for (int i = 0; i < argc; i++)
        if (plan.untouched || strcmp(argv[i], "-fsanitize=thread") != 0)
            add(&l, argv[i], "");
    if (plan.links)
        add_link(&l, &plan, dir);
    if (!l.failed)
        return l.items;
    for (size_t i = 0; i < l.count; i++)
        free(l.items[i]);
    free(l.items);
    return NULL;
}

bool cc_family_of(const char *name, enum cc_family *family) {
    const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;
    bool clang = strstr(base, "clang") != NULL;
    *family = clang ? CC_CLANG : CC_GCC;
    return clang || strstr(base, "gcc") || strstr(base, "g++");
}

/* Where the shell would find it; false: nowhere. */
static bool find_program(const char *name, char *out) {
    const char *path = getenv("PATH");
    char candidate[ROOM];
    if (strchr(name, '/'))
        return realpath(name, out) != NULL;
    for (const char *p = path ? path : "/usr/bin:/bin"; *p; p += *p == ':') {
        size_t n = strcspn(p, ":");
        snprintf(candidate, sizeof candidate, "%.*s/%s", (int)n, p, name);
        if (n && access(candidate, X_OK) == 0)
            return realpath(candidate, out) != NULL;
        p += n;
    }
    return false;
}

/* A name that tells nothing, here or where its links lead: ask the compiler. */
static enum cc_family ask(const char *name) {
    char command[PATH_MAX + 32], text[4096];
    snprintf(command, sizeof command, "'%s' --version 2>/dev/null", name);
    FILE *in = strchr(name, '\'') ? NULL : popen(command, "re");
    if (!in)
        return CC_GCC;
    size_t n = fread(text, 1, sizeof text - 1, in);
    text[n] = 0;
    pclose(in);
    return strstr(text, "clang") ? CC_CLANG : CC_GCC;
}

static enum cc_family family_of(const char *name) {
    char real[PATH_MAX];
    enum cc_family family;
    if (cc_family_of(name, &family) || (find_program(name, real) && cc_family_of(real, &family)))
        return family;
    return ask(name);
}

static size_t split(char *text, const char **words) {
    size_t n = 0;
    char *rest = NULL;
    for (char *w = strtok_r(text, " \t", &rest); w && n < WORDS; w = strtok_r(NULL, " \t", &rest))
        words[n++] = w;
    return n;
}

int cc_become(bool cxx, int argc, char **argv) {
    char dir[PATH_MAX], chosen[PATH_MAX];
    const char *words[WORDS], *variable = cxx ? "CHIPHARNESS_CXX" : "CHIPHARNESS_CC";
    const char *value = getenv(variable);
    ssize_t n = readlink("/proc/self/exe", dir, sizeof dir - 1);
    if (n <= 0) {
        fprintf(stderr, "chipharness: cannot find the harness's own folder: %s\n", strerror(errno));
        return EXIT_CANNOT;
    }
    dir[n] = 0;
    snprintf(chosen, sizeof chosen, "%s", value && *value ? value : cxx ? "c++" : "cc");
    size_t count = split(chosen, words);
    if (count == 0) {
        fprintf(stderr, "chipharness: %s names no compiler\n", variable);
        return EXIT_CANNOT;
    }
    char **all = cc_arguments(words, count, family_of(words[count - 1]), dirname(dir), argc, argv);
    if (!all) {
        fprintf(stderr, "chipharness: out of memory\n");
        return EXIT_CANNOT;
    }
    execvp(all[0], all);
    fprintf(stderr, "chipharness: cannot start the compiler '%s': %s\n", all[0], strerror(errno));
    return EXIT_CANNOT;
}
