/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zygote.c - one process that is ready to begin, and a fork of it for each run of an exploration.
 *
 * Starting the driver anew costs some milliseconds (exec, loading, reading the scenario); a fork of
 * one that has done so costs a tenth of one. The children are the supervisor's (CLONE_PARENT), as
 * a driver that was started for one run is, and each is the leader of its process group.
 */
#include "harness/agent/agent.h"
#include "harness/agent/arm.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As fork() does it, but for the parent: libc finds the new thread's number where it keeps it. */
static pid_t fork_sibling(void) {
    unsigned long flags = CLONE_PARENT | SIGCHLD;
    void *tid = NULL;
    if (prctl(PR_GET_TID_ADDRESS, &tid) == 0 && tid)
        flags |= CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
    return (pid_t)syscall(SYS_clone, flags, NULL, NULL, tid, 0);
}

AGENT_EXPORT void chipharness_zygote(void) {
    struct chip_control *c = agent__.c;
    if (!c || c->zygote_fd <= 0)
        return;
    struct agent_in in = agent__enter();
    int fd = c->zygote_fd;
    for (;;) {
        char order;
        if (syscall(SYS_read, fd, &order, 1) != 1)
            syscall(SYS_exit_group, 0); /* the supervisor is done, or gone */
        pid_t pid = fork_sibling();
        if (pid == 0)
            break;
        int32_t answer = pid > 0 ? pid : -errno;
        if (syscall(SYS_write, fd, &answer, sizeof answer) != sizeof answer)
            syscall(SYS_exit_group, 0);
    }
    setpgid(0, 0);
    syscall(SYS_close, fd);
    agent__leave(in);
}
