/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan.c - reads a compiler's command line just far enough to know what comes out of it.
 */
#include "harness/cc/cc.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH = 8 /* of response files that name response files */ };

struct scan {
    struct cc_plan plan;
    bool stops;   /* an option says that nothing is linked */
    bool input;   /* something to compile or link was named */
    bool header;  /* some input is a header: a precompiled one comes out */
    bool source;  /* -x says that what follows is source */
    bool options; /* the last word was an option that takes the next as its value */
    bool language;
};

static bool in(const char *word, const char *const *list, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(word, list[i]) == 0)
            return true;
    return false;
}
#define IN(word, list) in(word, list, sizeof(list) / sizeof(list)[0])

/* Options whose value is the next word: it is no input, whatever it looks like. */
static bool takes_next(const char *word) {
    static const char *const list[] = {
        "-o",
        "-I",
        "-D",
        "-U",
        "-L",
        "-l",
        "-T",
        "-u",
        "-z",
        "-e",
        "-h",
        "-A",
        "-B",
        "-G",
        "-include",
        "-imacros",
        "-isystem",
        "-iquote",
        "-idirafter",
        "-iprefix",
        "-isysroot",
        "-iwithprefix",
        "-iwithprefixbefore",
        "-imultilib",
        "-include-pch",
        "-cxx-isystem",
        "-MF",
        "-MT",
        "-MQ",
        "-MJ",
        "-Xlinker",
        "-Xassembler",
        "-Xpreprocessor",
        "-Xclang",
        "-mllvm",
        "-Xanalyzer",
        "-arch",
        "-target",
        "--param",
        "-aux-info",
        "-dumpbase",
        "-dumpbase-ext",
        "-dumpdir",
        "-wrapper",
        "--sysroot",
        "-gcc-toolchain",
        "-ivfsoverlay",
        "-rpath",
        "-soname",
        "-working-directory",
        "--serialize-diagnostics",
        "-framework",
        "-F",
        "-stdlib++-isystem",
        "-Xarch_host",
    };
    return IN(word, list);
}

static bool stops_before_link(const char *word) {
    static const char *const list[] = {
        "-c",
        "-S",
        "-E",
        "-M",
        "-MM",
        "-r",
        "-fsyntax-only",
        "--preprocess",
        "--compile",
        "--assemble",
        "-emit-ast",
        "--precompile",
        "--analyze",
        "-emit-pch",
        "-Wl,-r",
        "-Wl,--relocatable",
    };
    return IN(word, list);
}

static const char *extension(const char *word) {
    const char *slash = strrchr(word, '/'), *dot = strrchr(slash ? slash : word, '.');
    return dot ? dot : "";
}

static void see_input(struct scan *s, const char *word) {
    static const char *const linked[] = {".o",  ".a",   ".so", ".lo",  ".la", ".obj",
                                         ".ld", ".lds", ".t",  ".res", ".s",  ".S"};
    static const char *const headers[] = {".h", ".hh", ".hpp", ".hxx", ".H", ".h++"};
    const char *dot = extension(word);
    s->input = true;
    if (s->source || (!IN(dot, linked) && !strstr(word, ".so.") && dot[0]) ||
        strcmp(word, "-") == 0)
        s->plan.compiles = true;
    if (!s->source && IN(dot, headers))
        s->header = true;
}

static void see_language(struct scan *s, const char *language) {
    s->source = strcmp(language, "none") != 0 && strncmp(language, "assembler", 9) != 0;
    if (s->source && strstr(language, "-header"))
        s->header = true;
}

static void see_file(struct scan *s, const char *path, int depth);

static void see(struct scan *s, const char *word, int depth) {
    static const char *const fixed[] = {"-static", "-static-pie", "--static"};
    if (s->options) {
        if (s->language)
            see_language(s, word);
        s->options = s->language = false;
    } else if (word[0] == '@' && depth < DEPTH) {
        see_file(s, word + 1, depth + 1);
    } else if (word[0] != '-' || !word[1]) {
        see_input(s, word);
    } else if (strcmp(word, "-x") == 0) {
        s->options = s->language = true;
    } else if (strncmp(word, "-x", 2) == 0) {
        see_language(s, word + 2);
    } else if (takes_next(word)) {
        s->options = true;
    } else if (stops_before_link(word)) {
        s->stops = true;
    } else if (IN(word, fixed)) {
        s->plan.fixed = true;
    } else if (strncmp(word, "-l", 2) == 0 || strncmp(word, "-Wl,", 4) == 0) {
        s->input |= word[1] == 'l';
    }
}

/* A response file, by the rules of gcc: words between blanks, quotes of both kinds, and a
 * backslash before any character. What cannot be read is no response file but a name. */
static void see_file(struct scan *s, const char *path, int depth) {
    FILE *in = fopen(path, "re");
    char word[8192];
    size_t n = 0;
    int c, quote = 0;
    bool any = false;
    if (!in) {
        see_input(s, path);
        return;
    }
    do {
        c = getc(in);
        if (c == EOF || (!quote && isspace(c))) {
            word[n] = 0;
            if (any)
                see(s, word, depth);
            n = 0;
            any = false;
            continue;
        }
        any = true;
        if (quote ? c == quote : c == '\'' || c == '"') {
            quote = quote ? 0 : c;
            continue;
        }
        if (c == '\\' && (c = getc(in)) == EOF)
            c = '\\';
        if (n < sizeof word - 1)
            word[n++] = (char)c;
    } while (c != EOF);
    fclose(in);
}

struct cc_plan cc_plan(int argc, char **argv) {
    struct scan s = {.stops = false};
    if (argc > 0 && (strcmp(argv[0], "-cc1") == 0 || strcmp(argv[0], "-cc1as") == 0))
        return (struct cc_plan){.untouched = true};
    for (int i = 0; i < argc; i++)
        see(&s, argv[i], 0);
    s.plan.links = s.input && !s.stops && !s.header;
    return s.plan;
}
