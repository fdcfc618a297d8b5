/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scenario.h - the scenario language, version 1: a YAML file, typed and validated.
 *
 * Guarantees
 *   - chs_load() either gives a file whose every variant passed every check, or at least one error
 *     and no file. All errors of a file are found in one pass; each has line, column and width.
 *   - Nothing outside the file is touched or asked: no fork, no clock, no environment. The same
 *     bytes, name and options give the same structures and the same messages.
 *   - Any input is safe to parse, hostile bytes included: sizes, depth and counts are bounded.
 *   - Holds, faults and selectors come out as the contract's own structures (contract.h), ready to
 *     be copied into the control block; progress fields are zero.
 *
 * A scenario with a matrix is a set of variants; each is substituted, typed and checked by itself.
 * Memory: everything that is reachable from a chs_file belongs to it and lives until chs_free().
 * Not thread-safe on one object; separate objects share nothing. Out of memory ends the process.
 */
#ifndef CHS_SCENARIO_H
#define CHS_SCENARIO_H

#include <chip/contract.h>
#include <chip/error.h>
#include "harness/scenario/kernels.h"
#include "harness/scenario/verdicts.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
    CHS_MAX_FILE = 1 << 20, /* bytes of a scenario file */
    CHS_MAX_RANKS = 64,     /* a set of ranks is a bit mask */
    CHS_MAX_VARIANTS = 64,  /* of one matrix */
    CHS_MAX_SEEDS = 10000,
    CHS_MAX_BUFFERS = 64, /* as many tensors as a task may have */
    CHS_MAX_SCALARS = 128
};

/* Where something stands in the file, from 1; 0 where nothing was written (a default). */
struct chs_pos {
    uint32_t line;
    uint32_t col;
};

/* ---- contents of a buffer ------------------------------------------------------------------- */

/* X(ID, "word", "element i of rank r of n") */
/* clang-format off */
#define CHS_PATTERNS(X)                                                                            \
    X(ZERO,       "zero",       "0")                                                               \
    X(INDEX,      "index",      "i")                                                               \
    X(RANK_INDEX, "rank_index", "i + 100 r")                                                       \
    X(ALLREDUCE,  "allreduce",  "n i + 100 n (n-1) / 2: the sum of rank_index over all ranks")
/* clang-format on */
enum chs_pattern {
#define CHS_X(id, ...) CHS_PATTERN_##id,
    CHS_PATTERNS(CHS_X)
#undef CHS_X
        CHS_PATTERN_COUNT
};

enum chs_content_form {
    CHS_CONTENT_NONE = 0, /* not given */
    CHS_CONTENT_FILL,     /* every byte is `fill` */
    CHS_CONTENT_PATTERN,  /* element i is times * pattern(i) + plus, in the buffer's dtype */
    CHS_CONTENT_INITIAL   /* what the host staging held before the first step */
};
struct chs_content {
    int form; /* enum chs_content_form */
    int pattern;
    uint64_t fill; /* 0..255 */
    int64_t times;
    int64_t plus;
};

/* ---- buffers -------------------------------------------------------------------------------- */

struct chs_buffer {
    struct chs_pos at;
    const char *name;
    uint64_t bytes;
    uint64_t count;        /* elements; bytes / dtype size unless given */
    int dtype;             /* code of runtime.md B: FLOAT32 0 ... UINT32 10 */
    uint32_t dtype_size;   /* bytes of an element */
    const char *placement; /* "window", or a word that the runtime must refuse */
    bool load_from_host;
    bool store_to_host;
    bool staging;            /* false: the host_inputs / host_outputs entry is left out */
    uint64_t staging_bytes;  /* size of the staging segment; `bytes` unless given */
    struct chs_content host; /* initial bytes of the staging; form NONE: zero */
    uint64_t ranks;          /* bit r: chip r has this buffer */
};

/* ---- steps of the parent -------------------------------------------------------------------- */

/* X(ID, "word", "what it does") */
/* clang-format off */
#define CHS_STEPS(X)                                                                               \
    X(INIT,    "init",    "create, then start: staging, fork, bootstrap, ready")                   \
    X(CREATE,  "create",  "make the worker and its shared memory; no fork")                        \
    X(START,   "start",   "fork the chips, wait until all are ready")                              \
    X(SUBMIT,  "submit",  "publish a task; do not wait for it")                                    \
    X(WAIT,    "wait",    "complete the task of a chip")                                           \
    X(DRAIN,   "drain",   "complete the tasks of all chips; the first error")                      \
    X(RUN,     "run",     "submit to all its ranks, then wait for all")                                                     \
    X(CONTROL, "control", "a control command to a chip")                                           \
    X(CHECK,   "check",   "compare the bytes of a buffer")                                         \
    X(KILL,    "kill",    "send a signal to a chip's process")                                     \
    X(SLEEP,   "sleep",   "let virtual time pass in the parent")                                   \
    X(CLOSE,   "close",   "shut down and reap all chips, free everything")                         \
    X(NONE_LEFT, "expect_none_left", "no segment of this run in /dev/shm, no child process")
/* clang-format on */
enum chs_step_kind {
#define CHS_X(id, ...) CHS_STEP_##id,
    CHS_STEPS(CHS_X)
#undef CHS_X
        CHS_STEP_KIND_COUNT
};

/* The way in which a step must fail. Every part that is given must hold; chs_error_matches(). */
struct chs_want_error {
    struct chs_pos at;  /* line 0: no error is expected */
    int status;         /* type: enum chip_status whose Type the text must name; CHIP_OK: any */
    int64_t code;       /* the N of "child failed (code=N)"; -1: any */
    const char *says;   /* a part of the text; NULL: any */
    const char *prefix; /* how the text must begin; NULL: any */
};

enum chs_place { CHS_PLACE_STAGING = 0, CHS_PLACE_WINDOW };

#define CHS_NONE UINT32_MAX /* no index */

/* One step. Which members a kind uses stands at the member; the others are zero. */
struct chs_step {
    struct chs_pos at;
    int kind;                    /* enum chs_step_kind */
    const char *id;              /* NULL if not named */
    const char *text;            /* one line for reports, never NULL */
    struct chs_want_error error; /* every kind but check, sleep, kill and expect_none_left */
    uint64_t ranks;              /* submit wait run control check kill: bit r */
    int kernel;                  /* submit run: enum chs_kernel */
    const uint32_t *buffers;     /* submit run: indices into chs_scenario.buffers */
    size_t buffer_count;
    const uint64_t *scalars; /* submit run */
    size_t scalar_count;
    uint64_t block_dim; /* submit run: default 24 */
    uint64_t command;   /* control: number of the command (runtime.md B), known or not */
    uint32_t buffer;    /* control check: index into chs_scenario.buffers, CHS_NONE */
    uint32_t of;        /* control free/copy: index of the malloc step it is about, CHS_NONE */
    uint64_t offset;    /* control copy, check: bytes into the buffer */
    uint64_t bytes;     /* control, check: bytes; CHS_REST: from offset to the buffer's end */
    struct chs_content content; /* check: what must be there. control copy_to: what is sent;
                               copy_from: what must have come (form NONE: not compared) */
    int place;                  /* check: enum chs_place */
    uint32_t check;       /* check, control with equals: index into chip_control.checks, CHS_NONE */
    int signal;           /* kill: signal number */
    uint64_t duration_ns; /* sleep: virtual */
};
#define CHS_REST UINT64_MAX

/* ---- script and faults ---------------------------------------------------------------------- */

/* plan.before: without [k], occurrence is 0 if there is no `where`, else CHIP_ANY: the first that
 *   matches. A hold stands once. plan.until: actor_kind CHIP_ACTOR_NONE if only `for` is given;
 *   without [k] occurrence is CHIP_ANY. plan.until_time_ns: length of `for`, counted from the
 *   moment when the actor arrived, CHIP_NO_DEADLINE if not given. */
struct chs_hold {
    struct chs_pos at;
    const char *id;   /* NULL if not named */
    const char *text; /* one line for reports */
    struct chip_hold plan;
};

enum chs_fault_kind { CHS_FAULT_FAIL = 0, CHS_FAULT_KILL, CHS_FAULT_DMA, CHS_FAULT_DELAY };

/* plan (all kinds but DMA): at.occurrence counts, from 0, what matches actor, call or point, fields
 *   and path (chip_fault.seen): nth - 1 of a libc call, k of a point[k], CHIP_ANY (the first) of a
 *   point without [k]. The fault strikes that one and the times - 1 after it, CHIP_ANY: all. */
struct chs_fault {
    struct chs_pos at;
    int kind; /* enum chs_fault_kind */
    const char *id;
    const char *text;
    struct chip_fault plan;
    uint32_t plan_index; /* index of plan in chip_control.faults; CHS_NONE for DMA */
    /* DMA: injected through the library by the driver */
    uint32_t rank;
    bool d2h;     /* else h2d */
    uint64_t nth; /* from 1: which transfer of that direction fails */
};

/* ---- expectations --------------------------------------------------------------------------- */

enum chs_expect_kind {
    CHS_EXPECT_ORDER = 0,
    CHS_EXPECT_NEVER,
    CHS_EXPECT_REACHED,
    CHS_EXPECT_CONTENT,
    CHS_EXPECT_EXIT
};

struct chs_expect {
    struct chs_pos at;
    int kind; /* enum chs_expect_kind */
    const char *id;
    const char *text;
    struct chip_match first;    /* order: what must come first. never, reached: the point */
    struct chip_match then;     /* order: what must come after it */
    bool each;                  /* order: the k-th `first` before the k-th `then`, for every k */
    uint64_t at_least;          /* reached: default 1 */
    uint64_t at_most;           /* reached: default CHIP_ANY */
    uint64_t ranks;             /* content: bit r */
    uint32_t buffer;            /* content: index into chs_scenario.buffers */
    uint64_t offset;            /* content: bytes */
    uint64_t bytes;             /* content: bytes or CHS_REST */
    struct chs_content content; /* content: staging bytes, compared in the parent ... */
    struct chip_match moment;   /* ... each time the parent passes this point; if the point has a
                               field `rank`, only that rank's buffer, else all of `ranks` */
    uint32_t check;             /* content: index into chip_control.checks, else CHS_NONE */
    uint32_t rank;              /* exit: which rank; CHS_NONE: the parent */
    uint64_t incarnation;       /* exit: 0 for the first process with that label */
    bool by_signal;             /* exit */
    int status;                 /* exit: exit status, or the signal's number */
};

struct chs_catch {
    struct chs_pos at;
    const char *defect;
    int verdict;      /* enum chs_verdict */
    const char *says; /* part of the story; NULL: any */
};

/* ---- a scenario, one variant of it ---------------------------------------------------------- */

struct chs_param {
    const char *name;
    const char *value; /* as written in the matrix */
};

struct chs_scenario {
    const char *file; /* the name it was loaded by */
    const char *name;
    const char *about;
    const char *variant; /* "size=64 n=2", "" without a matrix */
    const struct chs_param *params;
    size_t param_count;
    const char *const *tags;
    size_t tag_count;
    int canary; /* enum chs_verdict that every run must come to; PASS: no canary */

    uint64_t ranks;  /* number of chip children */
    uint64_t window; /* bytes per rank; 0: no communicator */
    uint64_t comm_timeout_ns;
    uint64_t bootstrap_timeout_ns;
    uint64_t task_timeout_ns;
    uint64_t control_timeout_ns;
    uint64_t close_timeout_ns;
    uint64_t time_limit_ns; /* virtual */
    uint64_t step_limit;
    uint64_t watchdog_ns;    /* wall time */
    uint64_t dma_chunk;      /* bytes; 0: whole */
    uint64_t dma_latency_ns; /* virtual, per chunk */

    const uint64_t *seeds;
    size_t seed_count;
    struct chs_buffer *buffers;
    size_t buffer_count;
    struct chs_step *steps; /* step i reports into chip_control.results[i] */
    size_t step_count;
    struct chs_hold *holds;
    size_t hold_count;
    struct chs_fault *faults;
    size_t fault_count;
    struct chs_expect *expects;
    size_t expect_count;
    struct chs_catch *catches;
    size_t catch_count;
    size_t check_count; /* comparisons numbered by `check` members */

    /* What runs instead of steps on libchip; at most one of the two is given. */
    const char *const *command; /* a program and its arguments */
    size_t command_count;       /* 0: none */
    const char *library;        /* a shared object with the functions of chip/workload.h, or NULL */
};

/* Whether the scenario runs a program of the user's own; then it has no steps and no buffers. */
static inline bool chs_own_program(const struct chs_scenario *s) {
    return s->command_count != 0 || s->library != NULL;
}

/* ---- loading -------------------------------------------------------------------------------- */

struct chs_options {
    const char *const *defects; /* names that `catches:` may use; NULL: any name */
    size_t defect_count;
};

struct chs_file;
struct chs_errors;

/* An empty list; the caller frees it with chs_errors_free(). */
struct chs_errors *chs_errors_new(void);
void chs_errors_free(struct chs_errors *errs);
size_t chs_errors_count(const struct chs_errors *errs);

/* All errors in the order of the file: "file:line:col: error: text", the line, a caret, what was
 * expected, the nearest word. A file that could not be read has no line and column. */
void chs_errors_print(const struct chs_errors *errs, FILE *out);

/* Reads, expands and checks a scenario. options may be NULL.
 * Returns 0 and a file that the caller frees with chs_free(); or -1, *out NULL and at least one
 * error added to errs. errs may serve several loads. */
int chs_load(const char *path, const struct chs_options *options, struct chs_file **out,
             struct chs_errors *errs);

/* The same from an open descriptor, read from offset 0 with pread (a regular file or a memfd) and
 * left open; display_name stands in messages and its stem must equal the scenario's name. */
int chs_load_fd(int fd, const char *display_name, const struct chs_options *options,
                struct chs_file **out, struct chs_errors *errs);

/* The same from memory; nothing of it is kept. */
int chs_load_bytes(const void *bytes, size_t length, const char *display_name,
                   const struct chs_options *options, struct chs_file **out,
                   struct chs_errors *errs);

/* A scenario without a file that runs a program of the user's own; its name is made of the
 * program's. time_limit: a duration as in a file, NULL for the default. argv is copied. Ranks may
 * be as many as a scenario can have. */
int chs_load_command(const char *const *argv, size_t argc, const char *time_limit,
                     struct chs_file **out, struct chs_errors *errs);

void chs_free(struct chs_file *file);

/* At least 1. The variants stand in the order of the matrix, the last parameter fastest. */
size_t chs_variant_count(const struct chs_file *file);

/* Valid until chs_free(); NULL if there is no such variant. */
const struct chs_scenario *chs_variant(const struct chs_file *file, size_t index);

/* ---- words and help ------------------------------------------------------------------------- */

/* JSON Schema (draft 2020-12) of the language. */
void chs_schema_json(FILE *out);
/* Text of `chipharness help scenario`. */
void chs_help(FILE *out);

const char *chs_verdict_word(int verdict); /* "?" outside the table, as all of these */
const char *chs_verdict_help(int verdict);
const char *chs_kernel_word(int kernel);
const char *chs_step_word(int kind);
const char *chs_errno_name(int error);   /* "EMFILE"; "?" for one that no call of the table has */
const char *chs_signal_name(int number); /* "KILL" */
const char *chs_state_name(uint64_t state);                      /* of the mailbox: "TASK_DONE" */
const char *chs_point_name(uint32_t point_kind, uint32_t point); /* probes and libc calls */

/* The valid word nearest to `word` by edit distance (at most 2), or NULL. */
const char *chs_nearest(const char *word, const char *const *words, size_t count);

/* ---- use ------------------------------------------------------------------------------------ */

/* Index of a buffer in the list of chip `rank` (the `buffer` field of points), CHS_NONE if that
 * chip does not have it. */
uint32_t chs_buffer_index(const struct chs_scenario *s, uint32_t buffer, uint32_t rank);

/* Whether an error text is the one wanted; if not, the reason goes to why (length > 0). */
bool chs_error_matches(const struct chs_want_error *want, int status, const char *text, char *why,
                       size_t length);

/* Writes what `content` says for the bytes [offset, offset + bytes) of a buffer of rank `rank` of
 * `ranks`. INITIAL uses the buffer's `host`. dst is the caller's and need not be aligned. */
void chs_content_write(const struct chs_content *content, const struct chs_buffer *buffer,
                       uint32_t rank, uint64_t ranks, uint64_t offset, void *dst, size_t bytes);

/* Compares memory with it: fills every member of result but `done`, `failed` and `seq`; bad_offset
 * is from the buffer's start. Returns whether all bytes are equal. */
bool chs_content_compare(const struct chs_content *content, const struct chs_buffer *buffer,
                         uint32_t rank, uint64_t ranks, uint64_t offset, const void *seen,
                         size_t bytes, struct chip_check_result *result);

#endif
