/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run.h - one run of a scenario on real processes: set up, supervise, clean up.
 *
 * Guarantees
 *   R1  When run_once() returns, no process of the run is alive and no name of it is in /dev/shm.
 *   R2  The same holds shortly after the supervisor itself was killed, at any moment: the guardian
 *       does it (guardian.c).
 *   R3  Nothing that happens to a process of the subject makes run_once() wait for longer than the
 *       scenario's watchdog.
 *   R4  No temporary file is made anywhere; what is shared lies in memfds.
 * Not thread-safe: one run at a time in a process.
 */
#ifndef HARNESS_RUN_H
#define HARNESS_RUN_H

#include "harness/scenario/scenario.h"

#include <chip/contract.h>
#include <chip/error.h>
#include <sys/types.h>

/* Where the harness's own files are: the folder of its executable. */
struct run_companions {
    char dir[3072];
    char agent[3200];
    char shim[3200];
    char driver[3200];
    char inst[3200];    /* folder of the instrumented libchip */
    char defects[3200]; /* folder of the defective ones */
    bool accesses;      /* run_companions_accesses() was called */
};
/* Finds them and checks that all are there. CHIP_E_OS, CHIP_E_LOOKUP. */
int run_companions_find(struct run_companions *out, struct chip_error *err);
/* From here on libchip is the one whose single accesses to shared memory are points. CHIP_E_LOOKUP:
 * it was not built. */
int run_companions_accesses(struct run_companions *where, struct chip_error *err);
/* The libchip folder for a defect (NULL: none). CHIP_E_LOOKUP: no such defect was built. */
int run_library_dir(const struct run_companions *where, const char *defect, char *out, size_t bytes,
                    struct chip_error *err);
/* 16 hex digits over the bytes of everything that runs inside the subject: own is the user's
 * program or library, NULL for none. out holds 17. */
int run_build_id(const struct run_companions *where, const char *library_dir, const char *own,
                 char out[17], struct chip_error *err);
/* The file that a command's first word means: as it is if it has a slash, else found in PATH.
 * CHIP_E_LOOKUP: there is none that can be executed. */
int run_find_program(const char *word, char *out, size_t bytes, struct chip_error *err);

struct run_request {
    const struct run_companions *where;
    const struct chs_scenario *scenario;
    size_t variant;
    int scenario_fd;    /* a memfd with the file's bytes; the driver reads it */
    const char *defect; /* NULL: none */
    uint64_t seed;
    const struct chip_choice *choices; /* NULL: not a replay */
    size_t choice_count;
    enum chip_strategy strategy;        /* RANDOM with choices: a replay */
    uint32_t depth;                     /* of PCT */
    uint64_t steps;                     /* of PCT: how many a run has */
    bool quiet;                         /* no stacks, no real times (contract.h) */
    const struct chip_switch *switches; /* of GUIDED */
    size_t switch_count;
    int output_fd; /* where the subject's stdout and stderr go; 0: to the harness's own */
};

struct run_record {
    struct chip_control *control; /* the recording, mapped; run_record_free() unmaps */
    size_t bytes;
    uint64_t wall_ns;
    int driver_status;           /* wait status of the driver */
    char trouble[CHIP_TEXT_LEN]; /* why the harness could not do its job; "" if it could */
    char outside[CHIP_TEXT_LEN]; /* what the watchdog saw; "" if it did not bark */
    char leaked[CHIP_TEXT_LEN];  /* names left in /dev/shm and processes left; "" if none */
    uint64_t killed_outside;     /* bit i: actor i was killed by nobody of the run */
};

/* Runs it. 0 and a record (also when the run failed); CHIP_E_OS, CHIP_E_LOOKUP when it could not
 * even start. */
int run_once(const struct run_request *request, struct run_record *out, struct chip_error *err);
void run_record_free(struct run_record *record);

/* A signal asked the harness to stop; the run in progress ends as INTERRUPTED. */
void run_interrupt_install(void);
bool run_interrupted(void);

/* ---- inside ---- */

/* The subject finds its descriptors under these numbers in every run: numbers get recorded. */
enum { RUN_FD_CONTROL = 3, RUN_FD_DOORBELL, RUN_FD_SCENARIO, RUN_FD_ZYGOTE };

/* block.c: the memfd. Returns the mapped block; *fd stays open for the subject. */
struct chip_control *run_block_make(const struct run_request *request, uint64_t run_id,
                                    int doorbell_fd, int *fd, size_t *bytes,
                                    struct chip_error *err);

/* Writes the plan of a request into a fresh or cleared block. CHIP_E_VALUE: it does not fit. */
int run_block_plan(struct chip_control *c, const struct run_request *request,
                   struct chip_error *err);
/* As run_block_make() left it, without a plan; steps and checks: of the plan it had. */
void run_block_clear(struct chip_control *c, size_t steps, size_t checks);

/* spawn.c: the driver, stopped by nothing, in a session of its own. zygote_fd: -1, or the end of a
 * socket by which it is told to fork (zygote.h). */
int run_spawn(const struct run_request *request, int control_fd, int doorbell_fd, int zygote_fd,
              pid_t *pid, struct chip_error *err);

/* supervise.c: until the run is over. */
struct supervision {
    struct chip_control *c;
    int doorbell_fd;
    pid_t driver;
    uint64_t watchdog_ns;
    int pidfd[CHIP_MAX_ACTORS]; /* -1: none */
    int driver_pidfd;
    bool driver_gone;
    bool own; /* the first process is a program of the user's own, not the driver */
    uint64_t last_steps;
    uint64_t last_change_ns;
    struct run_record *record;
};
void run_supervise(struct supervision *s);

/* cleanup.c */
/* Processes of the session, other than the caller, and not yet dead; kills them if asked to. */
unsigned cleanup_session(pid_t session, bool kill_them);
/* Names of the run in /dev/shm: appends them to list ("" if none) and unlinks them if asked to. */
unsigned cleanup_segments(uint64_t run_id, bool unlink_them, char *list, size_t bytes);
/* Removes the host stagings of a run: the scenario's own, made by the driver. */
void cleanup_stagings(uint64_t run_id);
uint64_t run_now_ns(void);

/* guardian.c: there while runs are made. Told of each run before it starts and after it ended. */
int guardian_ensure(struct chip_error *err);
void guardian_run_begins(uint64_t run_id);
void guardian_run_session(pid_t session);
void guardian_run_over(void);
void guardian_stop(void);
pid_t guardian_pid(void);
/* In a child that the harness forked of itself: the guardian is the parent's. */
void guardian_forget(void);

#endif
