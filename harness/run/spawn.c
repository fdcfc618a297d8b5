/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spawn.c - starts the driver: fixed addresses, one processor, a small fixed environment, a
 * session of its own, and nothing open but what it needs.
 */
#include "harness/run/run.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FD_PARK = 100 };

/* One processor for all actors: a hand-over is then a plain switch, and a runtime that looks how
 * many processors it has does not spin. The last of those we have, whatever it is. */
static void pin_to_one(void) {
    cpu_set_t all, one;
    if (sched_getaffinity(0, sizeof all, &all) != 0)
        return;
    for (size_t cpu = CPU_SETSIZE; cpu-- > 0;) {
        if (CPU_ISSET(cpu, &all)) {
            CPU_ZERO(&one);
            CPU_SET(cpu, &one);
            sched_setaffinity(0, sizeof one, &one);
            return;
        }
    }
}

/* Puts these under the numbers from RUN_FD_CONTROL on, leaving out those < 0, and closes the rest.
 */
static void keep_only(int *from, int count) {
    int n = 0;
    /* First out of the way of the final numbers, then to them. */
    for (int i = 0; i < count; i++)
        if (from[i] >= 0)
            from[n++] = dup2(from[i], FD_PARK + i);
    for (int i = 0; i < n; i++)
        if (dup2(from[i], RUN_FD_CONTROL + i) < 0)
            _exit(127);
    syscall(SYS_close_range, (unsigned)RUN_FD_CONTROL + (unsigned)n, ~0u, 0);
}

/* Nothing of the run exists before the guardian knows its session: a supervisor that is killed in
 * between closes the gate, and this process leaves. */
static void pass_gate(int gate) {
    char byte;
    if (read(gate, &byte, 1) != 1)
        _exit(127);
}

/* Nothing to read, and what is written goes to the run's own file. */
static void redirect(int output_fd) {
    int nothing = open("/dev/null", O_RDONLY);
    if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(output_fd, STDOUT_FILENO) < 0 ||
        dup2(output_fd, STDERR_FILENO) < 0)
        _exit(127);
}

static char **own_argv(const struct chs_scenario *s) {
    char **argv = calloc(s->command_count + 1, sizeof *argv);
    if (!argv)
        _exit(127);
    for (size_t i = 0; i < s->command_count; i++)
        argv[i] = strdup(s->command[i]);
    return argv;
}

static void child(const struct run_request *q, const char *library_dir, int control_fd,
                  int doorbell_fd, int zygote_fd, int gate) {
    bool own = q->scenario->command_count != 0;
    char preload[8192], path[4160], variant[32];
    snprintf(preload, sizeof preload, "LD_PRELOAD=%s:%s", q->where->agent, q->where->shim);
    snprintf(path, sizeof path, "LD_LIBRARY_PATH=%s", library_dir);
    snprintf(variant, sizeof variant, "%zu", q->variant);
    char control[] = CHIP_CONTROL_FD_ENV "=3", search[] = "PATH=/usr/bin:/bin",
         language[] = "LC_ALL=C.UTF-8", now[] = "LD_BIND_NOW=1", scenario[] = "5",
         program[] = "chipharness-driver", arm[] = CHIP_AUTO_ARM_ENV "=1";
    char *name = strdup(q->scenario->file);
    char *driver[] = {program, scenario, name, variant, NULL};
    /* The driver's symbols are looked up once, not again in every fork of it. */
    char *envp[] = {preload, path, control, search, language, own ? arm : now, NULL};
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    setsid();
    pass_gate(gate);
    pin_to_one();
    if (q->output_fd > 0)
        redirect(q->output_fd);
    /* A program that is no driver gets no scenario. */
    keep_only((int[]){control_fd, doorbell_fd, own ? -1 : q->scenario_fd, zygote_fd}, 4);
    personality(ADDR_NO_RANDOMIZE);
    const char *file = own ? q->scenario->command[0] : q->where->driver;
    if (own) /* found in the PATH of the user, run with that of the run */
        execvpe(file, own_argv(q->scenario), envp);
    else
        execve(file, driver, envp);
    fprintf(stderr, "chipharness: cannot start %s: %s\n", file, strerror(errno));
    _exit(127);
}

int run_spawn(const struct run_request *q, int control_fd, int doorbell_fd, int zygote_fd,
              pid_t *pid, struct chip_error *err) {
    char library_dir[4096];
    int r = run_library_dir(q->where, q->defect, library_dir, sizeof library_dir, err);
    if (r)
        return r;
    int gate[2];
    if (pipe2(gate, O_CLOEXEC) != 0)
        return chip_error_sys(err, errno, "pipe2");
    *pid = fork();
    if (*pid == 0) {
        close(gate[1]);
        child(q, library_dir, control_fd, doorbell_fd, zygote_fd, gate[0]);
    }
    if (*pid < 0) {
        r = chip_error_sys(err, errno, "cannot fork the driver");
    } else {
        guardian_run_session(*pid);
        (void)!write(gate[1], "g", 1); /* a child that is gone already is seen by its pidfd */
    }
    close(gate[0]);
    close(gate[1]);
    return r;
}
