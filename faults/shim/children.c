/* SPDX-License-Identifier: Apache-2.0 */
/*
 * children.c - shims of what shells use to start children and to wait for them, beside fork() and
 * waitpid() (takeover.c).
 */
#include "faults/shim/shim.h"

#include <signal.h>
#include <unistd.h>

static bool any_pending(const sigset_t *blocked_meanwhile) {
    sigset_t pending;
    if (sigpending(&pending) != 0)
        return true;
    for (int signal = 1; signal < NSIG; signal++)
        if (sigismember(&pending, signal) == 1 && sigismember(blocked_meanwhile, signal) == 0)
            return true;
    return false;
}

/* A child that runs in its parent's memory could not have a turn of its own. */
SHIM_EXPORT pid_t vfork(void) {
    return fork();
}

/* The way to wait for SIGCHLD. The children need the turn to come to their end. Other deaths wake
 * too, so it is the signal that ends it. */
SHIM_EXPORT int sigsuspend(const sigset_t *blocked_meanwhile) {
    SHIM_REAL(sigsuspend);
    if (!real_sigsuspend)
        return errno = ENOSYS, -1;
    while (shim_controlled() && !any_pending(blocked_meanwhile) && chipharness_wait_child()) {
    }
    return real_sigsuspend(blocked_meanwhile);
}
