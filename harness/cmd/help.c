/* SPDX-License-Identifier: Apache-2.0 */
/* help.c - the verb `help`. */
#include "harness/cmd/cmd.h"

#include <stdio.h>
#include <string.h>

static void overview(void) {
    puts("chipharness: makes orderings of processes over shared memory happen on purpose\n\n"
         "usage: chipharness VERB [OPTION]... ARGUMENT...\n\nverbs:");
#define X_LINE(id, word, summary, args) printf("  %-8s %s\n", word, summary);
    VERBS(X_LINE)
#undef X_LINE
    puts("\nchipharness help VERB explains a verb, chipharness help scenario the language.\n"
         "exit status: 0 passed, 1 a bug was found, 2 bad usage or scenario, 3 the harness could\n"
         "not do its job, 4 vacuous, 6 new against the baseline, 7 nothing selected, "
         "124 budget over\nbefore a verdict, 130 interrupted");
}

int cmd_help(int argc, char **argv) {
    if (argc == 0) {
        overview();
        return EXIT_PASSED;
    }
    if (argc == 1 && strcmp(argv[0], "scenario") == 0) {
        chs_help(stdout);
        return EXIT_PASSED;
    }
    /* These have no options of their own: all arguments of a compiler are the compiler's. */
    static const char *const plain[] = {"help", "version", "cc", "c++"};
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        if (strcmp(argv[0], plain[i]) == 0) {
            verb_help(argv[0], NULL, 0, stdout);
            return EXIT_PASSED;
        }
    }
    char flag[] = "--help";
    char *ask[] = {flag, NULL};
#define X_ASK(id, word, summary, args) \
    if (strcmp(argv[0], word) == 0)    \
        return cmd_##id(1, ask);
    VERBS(X_ASK)
#undef X_ASK
    size_t count;
    const char *const *words = verb_words(&count);
    return complain_word("verb", argv[0], words, count);
}
