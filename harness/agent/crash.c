/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crash.c - where a crash happened: a handler that records the stack, then lets the signal do what
 * it would have done. Installed only where the subject has no handler of its own.
 */
#include "harness/agent/agent.h"

#include <signal.h>
#include <string.h>

static const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

static void on_crash(int signal) {
    if (agent__self && agent__depth == 0) {
        struct agent_in in = agent__enter();
        uint64_t f[CHIP_MATCH_FIELDS] = {(uint64_t)signal};
        agent__record(CHIP_EV_CRASH, agent__actor()->point, agent__stack(), f);
        agent__leave(in);
    }
    /* SA_RESETHAND has put the default action back, and the signal is blocked until we return:
     * then, where it happened, it ends the process. A fault would come again by itself, a signal
     * that was sent would not. */
    raise(signal);
}

void agent__crash_arm(void) {
    for (size_t i = 0; i < sizeof fatal / sizeof fatal[0]; i++) {
        struct sigaction old;
        if (sigaction(fatal[i], NULL, &old) != 0 || old.sa_handler != SIG_DFL)
            continue;
        struct sigaction act;
        memset(&act, 0, sizeof act);
        act.sa_handler = on_crash;
        act.sa_flags = (int)SA_RESETHAND;
        sigemptyset(&act.sa_mask);
        sigaction(fatal[i], &act, NULL);
    }
}
