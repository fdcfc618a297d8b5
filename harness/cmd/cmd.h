/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd.h - the command line: one table of verbs, one table of options for each verb.
 *
 * Rules: `--key=value` or `--key value`; an option given twice, an unknown one, a value for a flag
 * or a missing value is an error with the nearest valid word, and nothing runs.
 */
#ifndef HARNESS_CMD_H
#define HARNESS_CMD_H

#include "harness/run/case.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit status, frozen (README, "Exit status"). */
enum cmd_exit {
    EXIT_PASSED = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_HARNESS = 3,
    EXIT_VACUOUS = 4,
    EXIT_NEW_FINDING = 6,
    EXIT_NOTHING = 7,
    EXIT_BUDGET = 124,
    EXIT_INTERRUPTED = 130
};

/* X(id, "word", "summary", "arguments"): a verb is cmd_<id>() in harness/cmd/<id>.c. */
#define VERBS(X)                                                                           \
    X(run, "run", "run scenarios and judge them", "SCENARIO...")                           \
    X(gate, "gate", "every scenario on lib/ and on every defect it catches",               \
      "SCENARIO...|FOLDER...")                                                             \
    X(explore, "explore", "many schedules of a scenario, without its script",              \
      "SCENARIO|-- PROGRAM [ARGUMENT]...")                                                 \
    X(replay, "replay", "repeat a recorded run", "FILE.chsched")                           \
    X(shrink, "shrink", "the fewest switches that give the finding of a recorded run",     \
      "FILE.chsched")                                                                      \
    X(exec, "exec", "run a program of your own under control, with many seeds",            \
      "-- PROGRAM [ARGUMENT]...")                                                          \
    X(cc, "cc", "the C compiler, with every access to memory made visible", "ARGUMENT...") \
    X(cxx, "c++", "the C++ compiler, likewise", "ARGUMENT...")                             \
    X(check, "check", "validate scenario files; runs nothing", "SCENARIO...|FOLDER...")    \
    X(list, "list",                                                                        \
      "what there is: scenarios defects points calls kernels oracles verdicts verbs",      \
      "WHAT [FOLDER]")                                                                     \
    X(schema, "schema", "print the JSON Schema of the scenario language", "")              \
    X(help, "help", "explain a verb, or the scenario language", "[VERB|scenario]")         \
    X(version, "version", "print the version", "")

#define X_VERB(id, word, summary, args) int cmd_##id(int argc, char **argv);
VERBS(X_VERB)
#undef X_VERB

enum option_type { OPTION_FLAG, OPTION_TEXT, OPTION_NUMBER };

struct option_row {
    const char *name;  /* without the dashes */
    const char *value; /* name of the value in help; NULL for a flag */
    const char *help;
    enum option_type type;
    size_t offset; /* into the verb's options: bool, const char *, uint64_t */
};

/* Fills *options from argv and leaves the other words in argv[0 .. *argc). 0, or EXIT_USAGE after
 * the message was printed. `verb` is for messages and for --help (then *helped is set). */
int options_parse(const char *verb, const struct option_row *rows, size_t count, void *options,
                  int *argc, char **argv, bool *helped);

/* The verb's help: summary, usage, options. */
void verb_help(const char *verb, const struct option_row *rows, size_t count, FILE *out);
const char *const *verb_words(size_t *count);

/* "500ms", "60s", "5min", "2h"; 0 if it is none of these. */
uint64_t option_duration_ns(const char *text);

/* "chipharness: " + message + newline on stderr; returns status. */
int complain(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* complain() with the nearest of the valid words and the list of them. */
int complain_word(const char *what, const char *word, const char *const *valid, size_t count);

/* Colour on a terminal, unless NO_COLOR or TERM=dumb say otherwise. */
struct chr_style cmd_style(void);

/* Companions, defects and scenarios of a verb that runs something. */
struct session {
    struct run_companions where;
    struct defect_list defects;
    struct scenario_list scenarios;
};
/* 0, or an exit status after the message was printed. */
int session_open(struct session *s, char **paths, int count);
void session_close(struct session *s);
/* Single accesses of libchip become points. 0, or an exit status after the message was printed and
 * the session closed. */
int session_accesses(struct session *s);

/* The same for a command instead of scenarios. */
int session_open_command(struct session *s, const char *const *argv, size_t argc,
                         const char *time_limit);
/* What the schedule was recorded of, and the index of its variant. 0, or an exit status after the
 * message was printed. */
int session_open_schedule(struct session *s, const struct chr_schedule *recorded, size_t *variant);
/* What an own program printed, each line behind "| "; nothing if it printed nothing. */
void session_print_output(FILE *out, const struct case_result *result);

/* OUT_DIR/NAME/result.json and junit.xml. 0, or an exit status after the message was printed. */
int session_write_results(const struct chr_results *results, const char *out_dir, const char *name);

/* A tally of runs, and the exit status and last line that it means. */
struct tally {
    unsigned passed, failed, skipped, vacuous, broken;
};
void tally_add(struct tally *t, enum chr_status status);
/* Prints "N passed, N failed, N skipped" and returns the exit status. */
int tally_end(const struct tally *t, FILE *out);

/* Opens PATH for writing as a whole; NULL after the message was printed. */
struct chr_out *out_begin(const char *path);
int out_end(struct chr_out *out, const char *path);

#endif
