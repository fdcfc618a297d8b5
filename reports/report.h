/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report.h - what a finished run looks like to a user: the interface of the reports library.
 *
 * Input is a recording (the bytes of chip/contract.h, mapped, no process of the run alive any
 * more) and a descriptor `struct chr_run` in which the caller says what was planned and what it
 * judged. Output goes to a FILE or, whole or not at all, to a path (struct chr_out).
 *
 * Guarantees
 *   P1  Nothing here shows a pid or, except where it says "real", a real time: two equal runs
 *       give the same bytes.
 *   P2  A damaged recording or replay file is refused with one sentence; it never makes a reader
 *       walk outside the bytes it was given.
 *   P3  No file is ever seen half written under its final name.
 *
 * Functions that can fail return 0 or an enum chip_status and fill a struct chip_error (NULL
 * allowed), whose text is one sentence without a type prefix. Strings handed in are borrowed for
 * the call unless a function says that it copies. Nothing is thread-safe; different objects may
 * be used from different threads. FILE writers leave error checking to the caller's ferror() or
 * to chr_out_commit().
 */
#ifndef CHIP_REPORTS_REPORT_H
#define CHIP_REPORTS_REPORT_H

#include <chip/contract.h>
#include <chip/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* ---- what the caller says about a run ------------------------------------------------------ */

#define CHR_NO_SEQ UINT64_MAX

/* A parameter of the variant: size = 64. */
struct chr_param {
    const char *name;
    const char *value;
};

/* One line of the plan, as the scenario wrote it. holds[i], faults[i], steps[i] and checks[i] of a
 * chr_run belong to entry i of the same table of the contract. */
struct chr_plan {
    const char *text; /* "rank 0 before d2h.chunk[1] until parent passed mailbox.observe ..." */
    uint32_t line;    /* in the scenario file, 0 unknown */
};

/* One thing that is wrong (or, in a vacuous run, that never happened). */
struct chr_finding {
    const char *verdict;     /* the word: "order", "content", "hang" ... */
    const char *expectation; /* what the scenario asked for; NULL for a check that is always on */
    const char *file;        /* scenario file of the expectation, NULL none */
    uint32_t line;           /* in that file, 0 none */
    const char *expected;    /* one sentence, NULL none */
    const char *observed;    /* one sentence, NULL none */
    uint64_t seq[2];         /* the two decisive events, CHR_NO_SEQ where there is none; of an
                                "order" the one that should have been first, then the other */
};

/* How the caller counts the run. A gate run on a defect that was caught is PASSED. */
enum chr_status { CHR_PASSED, CHR_FAILED, CHR_SKIPPED, CHR_VACUOUS, CHR_BROKEN };

/* How a hold and a fault of the plan went; taken from a recording. */
struct chr_hold_end {
    bool reached; /* the actor came to the point */
    bool held;    /* and was kept there; false: the condition was true already */
    bool met, ended;
    bool died; /* ended because the actor that was held died */
    uint64_t steps_while_held;
};
struct chr_fault_end {
    uint32_t fired;
    uint64_t seen;
};

/* Numbers of a run. Filled by chr_run_measure(), except wall_ns. */
struct chr_measure {
    bool known; /* a recording was there to measure */
    uint64_t steps, switches, choices, events, lost;
    uint64_t virtual_ns;
    uint64_t wall_ns; /* filled by the caller */
    uint64_t log_hash;
    uint32_t hold_count, fault_count;
    struct chr_hold_end holds[CHIP_MAX_HOLDS];
    struct chr_fault_end faults[CHIP_MAX_FAULTS];
};

/* One run of one variant with one seed. Zero-initialise it: every pointer may be NULL. */
struct chr_run {
    const char *scenario;      /* name: "flush_race" */
    const char *scenario_path; /* as the user should see it: "scenarios/flush_race.yaml" */
    const struct chr_param *params;
    size_t param_count;
    const char *defect; /* NULL: lib/ as it is */
    uint64_t seed;
    const char *build_id;
    const char *verdict;          /* the word of the first finding, or "pass" */
    const char *expected_verdict; /* what a gate wanted; NULL outside a gate */
    const char *note;             /* why it was skipped or broken; NULL none */
    enum chr_status status;
    const struct chr_finding *findings;
    size_t finding_count;
    const struct chr_plan *holds;
    size_t hold_count;
    const struct chr_plan *faults;
    size_t fault_count;
    const struct chr_plan *steps; /* of the parent */
    size_t step_count;
    const struct chr_plan *checks;
    size_t check_count;
    const char *replay;        /* "chipharness replay out/flush_race/1.chsched" */
    const char *schedule_path; /* the same file; NULL if none was written */
    const char *log_path;
    struct chr_measure measure;
    const char *const *command; /* of a run without a scenario file: what it ran; else NULL */
    size_t command_count;
    uint64_t time_limit_ns; /* of such a run */
    bool no_script;         /* the scenario's script was left out */
    bool accesses;          /* single accesses of libchip were points */
};

/* ---- recording.c: the bytes of a run as one sequence --------------------------------------- */

struct chr_recording;

/* Checks the bytes at `map` and merges the actors' logs. The map is borrowed until close and is
 * not written. CHIP_E_PROTOCOL: not a recording, another version, or damaged. */
int chr_recording_open(const void *map, size_t bytes, struct chr_recording **out,
                       struct chip_error *err);
void chr_recording_close(struct chr_recording *rec); /* NULL is a no-op */

const struct chip_control *chr_control(const struct chr_recording *rec);
size_t chr_event_count(const struct chr_recording *rec);
/* Event i of the merged sequence, ordered by seq; i < chr_event_count(). */
const struct chip_event *chr_event(const struct chr_recording *rec, size_t i);
/* Index of the event with that seq, or SIZE_MAX. */
size_t chr_event_index(const struct chr_recording *rec, uint64_t seq);
/* Events that did not fit into a log, and numbers given to nobody's log (a rank that died while
 * it wrote): over all actors. */
uint64_t chr_events_lost(const struct chr_recording *rec);
uint64_t chr_events_missing(const struct chr_recording *rec);
/* Stack id as events carry it (index + 1); NULL for 0 or an id that is not there. */
const struct chip_stack *chr_stack(const struct chr_recording *rec, uint32_t id);
const struct chip_choice *chr_choices(const struct chr_recording *rec, size_t *count);

/* Fills run->measure (all but wall_ns) from the recording, the log's hash included. */
void chr_run_measure(struct chr_run *run, const struct chr_recording *rec);

/* ---- names.c: words for numbers ------------------------------------------------------------ */

enum { CHR_LABEL_LEN = 48, CHR_TEXT_LEN = 256 };

/* "parent", "rank 0", "rank 0 (2nd)"; "nobody" for an actor that is not there. Returns buf. */
const char *chr_actor_label(const struct chr_recording *rec, uint32_t actor,
                            char buf[CHR_LABEL_LEN]);
/* Static strings, NULL for a number outside the table. Fields that are not used are NULL. */
const char *chr_point_name(uint32_t point);
const char *chr_call_name(uint32_t call);
const char *chr_field_name(uint32_t point, unsigned field);
const char *chr_event_kind_name(uint32_t kind);
const char *chr_wait_kind_name(uint32_t kind);
const char *chr_outcome_name(uint32_t outcome);
const char *chr_mailbox_state_name(uint64_t state);
/* "d2h.chunk", "futex()", "access 12"; "?" for what is unknown. */
const char *chr_any_point_text(uint32_t kind, uint32_t point, char buf[CHR_LABEL_LEN]);
/* "rank 0 d2h.chunk[1] buffer=0" */
const char *chr_match_text(const struct chip_match *m, char buf[CHR_TEXT_LEN]);
/* "mailbox.publish rank=0 state=TASK_DONE": kind, point and fields of an event, no pid. */
const char *chr_event_text(const struct chr_recording *rec, const struct chip_event *ev,
                           char buf[CHR_TEXT_LEN]);
/* "0", "250ns", "10us", "1.5ms", "120s": exact to the ns, shortest unit that is. */
const char *chr_duration_text(uint64_t ns, char buf[CHR_LABEL_LEN]);

/* ---- eventlog.c ---------------------------------------------------------------------------- */

/* The canonical log: one line an event, then stacks as module+offset, then what was lost. */
void chr_eventlog_write(FILE *out, const struct chr_recording *rec);
/* The same lines with the real time (ns since the first event) of each, and the objects' names. */
void chr_eventlog_write_real(FILE *out, const struct chr_recording *rec);
/* FNV-1a, 64 bit, of the canonical log. */
uint64_t chr_eventlog_hash(const struct chr_recording *rec);

/* ---- symbols.c: addresses to functions and lines ------------------------------------------- */

struct chr_symbols; /* a cache: module files and addresses looked up once */

struct chr_frame {
    const char *function; /* NULL unknown */
    const char *file;     /* project path ("lib/src/child.c"), NULL unknown */
    int line;             /* 0 unknown */
    bool inlined;         /* expanded into the next frame */
    bool own;             /* belongs to the harness's agent or shims */
    bool system;          /* libc, the loader */
    const char *module;   /* last part of the path, "?" unknown */
    uint64_t offset;
};

struct chr_symbols *chr_symbols_new(void); /* NULL: no memory */
void chr_symbols_free(struct chr_symbols *sym);
/* Frames, inlined ones first, of a return address at `offset` into `module_path`. At least one
 * and at most max (>= 1). Strings belong to sym. */
size_t chr_symbols_look(struct chr_symbols *sym, const char *module_path, uint64_t offset,
                        struct chr_frame *frames, size_t max);
/* The frames of a stack, innermost first, without the harness's own ones at the top. */
size_t chr_symbols_stack(struct chr_symbols *sym, const struct chr_recording *rec, uint32_t stack,
                         struct chr_frame *frames, size_t max);
/* The innermost frame that is neither the harness's nor libc's; false if there is none. */
bool chr_symbols_user_frame(struct chr_symbols *sym, const struct chr_recording *rec,
                            uint32_t stack, struct chr_frame *frame);
/* "chip_child_serve lib/src/child.c:88", "libchip.so.0+0x1234". */
const char *chr_frame_text(const struct chr_frame *frame, char buf[CHR_TEXT_LEN]);
/* "…/build/defects/x/lib/src/child.c" -> "lib/src/child.c"; points into path. */
const char *chr_source_path(const char *path);

/* ---- story.c: a run on a terminal ---------------------------------------------------------- */

struct chr_style {
    bool color;
    unsigned width; /* columns; 0: 100 */
};

/* The whole story of a failed run. rec NULL: the harness has no recording; sym NULL: a cache of
 * its own for this call. */
void chr_story(FILE *out, const struct chr_style *style, const struct chr_run *run,
               const struct chr_recording *rec, struct chr_symbols *sym);
/* One line (a vacuous or skipped run: with the reasons below it). */
void chr_story_short(FILE *out, const struct chr_style *style, const struct chr_run *run);
/* "flush_race [size=64] defect task-done-before-flush seed 1", cut to len. Returns buf. */
const char *chr_run_title(const struct chr_run *run, char *buf, size_t len);

/* ---- results.c, result_json.c, junit.c: files for machines --------------------------------- */

struct chr_results; /* the runs of one scenario */

/* Both copy all they are given, so that recordings and plans may go. */
struct chr_results *chr_results_new(const char *scenario, const char *path, const char *about);
int chr_results_add(struct chr_results *res, const struct chr_run *run); /* CHIP_E_MEMORY */
size_t chr_results_count(const struct chr_results *res);
const struct chr_run *chr_results_run(const struct chr_results *res, size_t i);
void chr_results_free(struct chr_results *res);

/* out/SCENARIO/result.json, schema "chipharness-result/1". */
void chr_result_json(FILE *out, const struct chr_results *res);
/* JUnit XML, Jenkins dialect: a suite for each scenario, a case for each run. */
void chr_junit(FILE *out, const struct chr_results *const *suites, size_t count);

/* ---- gate_table.c -------------------------------------------------------------------------- */

/* A scenario (one variant or all) against lib/ or one defect, all its seeds together. */
struct chr_gate_row {
    const char *scenario;
    const char *variant;  /* "size=64"; NULL all or none */
    const char *defect;   /* NULL: lib/ as it is */
    const char *expected; /* verdict word */
    const char *got;      /* verdict word; the first that was not expected, if any */
    uint32_t seeds;       /* runs made */
    uint32_t as_expected; /* of them */
    enum chr_status status;
    const char *note;   /* e.g. which seed, NULL none */
    const char *replay; /* of the first that was not expected, NULL none */
};

void chr_gate_table(FILE *out, const struct chr_style *style, const struct chr_gate_row *rows,
                    size_t count);
/* gate.json, schema "chipharness-gate/1". */
void chr_gate_json(FILE *out, const struct chr_gate_row *rows, size_t count, const char *build_id);

/* ---- chsched.c, chsched_read.c: the replay file -------------------------------------------- */

/* Everything that makes a run happen again. Strings and arrays are owned by the schedule. */
struct chr_schedule {
    char *scenario_path; /* NULL: command instead */
    char **command;      /* of a run without a scenario: a program and its arguments */
    size_t command_count;
    uint64_t time_limit_ns; /* of such a run; 0: the default */
    char *scenario;
    struct chr_param *params;
    size_t param_count;
    char *defect;   /* NULL: none */
    bool no_script; /* the scenario's script was left out */
    bool accesses;  /* single accesses of libchip were points */
    uint64_t seed;
    char *build_id;
    char *verdict;
    uint64_t log_hash; /* of the recorded run */
    char **comments;   /* holds and faults, for a human; not read back */
    size_t comment_count;
    char **actors; /* labels by actor number */
    size_t actor_count;
    struct chip_choice *choices; /* as the contract's replay array wants them */
    size_t choice_count;
};

/* Of a run and its recording (run->measure filled). CHIP_E_MEMORY; CHIP_E_PROTOCOL: the choices
 * name actors that are not there or run backwards. */
int chr_schedule_make(const struct chr_run *run, const struct chr_recording *rec,
                      struct chr_schedule **out, struct chip_error *err);
void chr_schedule_print(FILE *out, const struct chr_schedule *s);
/* err->text: "file:line:col: error: …", the line, a caret, the nearest word. CHIP_E_VALUE,
 * CHIP_E_MEMORY, CHIP_E_OS. */
int chr_schedule_parse(const char *text, size_t len, const char *name, struct chr_schedule **out,
                       struct chip_error *err);
int chr_schedule_load(const char *path, struct chr_schedule **out, struct chip_error *err);
void chr_schedule_free(struct chr_schedule *s);

/* ---- out_file.c: files that appear whole --------------------------------------------------- */

struct chr_out;

/* Opens a nameless file in the folder of `path`, making the folders that are missing. A kill at
 * any moment leaves no temporary file (where the file system has no O_TMPFILE: a ".name.tmp-*"
 * may be left). CHIP_E_OS, CHIP_E_MEMORY. */
int chr_out_open(const char *path, struct chr_out **out, struct chip_error *err);
FILE *chr_out_stream(struct chr_out *out);
/* Flushes and gives the file its name, replacing what was there. Frees out in every case; on
 * an error nothing new is at path. */
int chr_out_commit(struct chr_out *out, struct chip_error *err);
void chr_out_abort(struct chr_out *out); /* NULL is a no-op */

#endif
