/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - chipharness: finds the verb and runs it. */
#include "harness/cmd/cmd.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} verbs[] = {
#define X_ROW(id, word, summary, args) {word, cmd_##id},
    VERBS(X_ROW)
#undef X_ROW
};

/* Under the name chipharness-VERB (a link) the verb is part of the name: for build systems that
 * take no words after a compiler's name. */
static const char *verb_of_name(const char *path) {
    static const char prefix[] = "chipharness-";
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    return strncmp(name, prefix, sizeof prefix - 1) == 0 ? name + sizeof prefix - 1 : NULL;
}

int main(int argc, char **argv) {
    const char *named = argc > 0 ? verb_of_name(argv[0]) : NULL;
    if (named && strcmp(named, "cc") == 0)
        return cmd_cc(argc - 1, argv + 1);
    if (named && strcmp(named, "c++") == 0)
        return cmd_cxx(argc - 1, argv + 1);
    if (argc < 2) {
        cmd_help(0, argv);
        return EXIT_USAGE;
    }
    const char *verb = argv[1];
    if (strcmp(verb, "--help") == 0 || strcmp(verb, "-h") == 0)
        return cmd_help(0, argv);
    if (strcmp(verb, "--version") == 0)
        return cmd_version(0, argv);
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (strcmp(verb, verbs[i].name) == 0)
            return verbs[i].run(argc - 2, argv + 2);
    size_t count;
    const char *const *words = verb_words(&count);
    return complain_word("verb", verb, words, count);
}
