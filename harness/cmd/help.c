/* SPDX-License-Identifier: Apache-2.0 */
/* help.c - the verb `help`. */
#include "harness/cmd/cmd.h"

#include <stdio.h>
#include <string.h>

static void overview(void) {
    puts("chipharness: makes orderings of processes over shared memory happen on purpose\n\n"
         "usage: chipharness VERB [OPTION]... ARGUMENT...\n\nverbs:");
#define X_LINE(id, summary, args) printf("  %-8s %s\n", #id, summary);
    VERBS(X_LINE)
#undef X_LINE
    puts("\nchipharness help VERB explains a verb, chipharness help scenario the language.\n"
         "exit status: 0 passed, 1 a bug was found, 2 bad usage or scenario, 3 the harness could\n"
         "not do its job, 4 vacuous, 6 new against the baseline, 7 nothing selected, "
         "130 interrupted");
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
    if (strcmp(argv[0], "help") == 0 || strcmp(argv[0], "version") == 0) {
        verb_help(argv[0], NULL, 0, stdout);
        return EXIT_PASSED;
    }
    char flag[] = "--help";
    char *ask[] = {flag, NULL};
#define X_ASK(id, summary, args)   \
    if (strcmp(argv[0], #id) == 0) \
        return cmd_##id(1, ask);
    VERBS(X_ASK)
#undef X_ASK
    size_t count;
    const char *const *words = verb_words(&count);
    return complain_word("verb", argv[0], words, count);
}
