/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker_reap.c - is the child alive, how did it end, and ending it.
 *
 * What must hold: a pid is waited for and signalled only until it has been reaped (reap_lock), so
 * that no other process that got the number later is hit; every step of an ending has a deadline;
 * one child that does not obey never keeps the others from being ended.
 */
#include "worker_internal.h"

#include <chip/probe.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#define POLL_FIRST_NS 1000000ull
#define POLL_LAST_NS  20000000ull

/* waitpid() says ECHILD when somebody else (SIGCHLD ignored, a foreign reaper) took the status. */
static const int STATUS_UNKNOWN = 0x7f00;

bool chip__chip_ended(struct chip__chip *chip) {
    pthread_mutex_lock(&chip->reap_lock);
    if (chip->pid > 0 && !chip->reaped) {
        int status = 0;
        pid_t got;
        do {
            got = waitpid(chip->pid, &status, WNOHANG);
        } while (got < 0 && errno == EINTR);
        if (got != 0) {
            chip->reaped = true;
            chip->wait_status = got > 0 ? status : STATUS_UNKNOWN;
        }
    }
    bool ended = chip->pid <= 0 || chip->reaped;
    pthread_mutex_unlock(&chip->reap_lock);
    return ended;
}

int chip__chip_alive(void *arg) {
    struct chip__chip *chip = arg;
    for (uint32_t i = 0; i < chip->worker->config.chip_count; i++)
        chip__chip_ended(&chip->worker->chips[i]);
    return chip__chip_ended(chip) ? CHIP_E_CHILD_DIED : CHIP_OK;
}

int chip__chip_death_error(struct chip__chip *chip, const char *doing, struct chip_error *err) {
    pthread_mutex_lock(&chip->reap_lock);
    int status = chip->wait_status;
    pthread_mutex_unlock(&chip->reap_lock);
    int device = chip->worker->config.chips[chip->index].device_id;
    if (WIFSIGNALED(status))
        return chip_error_set(err, CHIP_E_CHILD_DIED,
                              "chip %u (device %d) was killed by signal %d (%s) %s", chip->index,
                              device, WTERMSIG(status), strsignal(WTERMSIG(status)), doing);
    return chip_error_set(err, CHIP_E_CHILD_DIED, "chip %u (device %d) exited with status %d %s",
                          chip->index, device, WEXITSTATUS(status), doing);
}

void chip__chip_signal(struct chip__chip *chip, int sig) {
    pthread_mutex_lock(&chip->reap_lock);
    if (chip->pid > 0 && !chip->reaped) {
        if (sig == SIGTERM)
            CHIP_PROBE(CLOSE_TERM, chip->index, 0, 0, 0);
        else
            CHIP_PROBE(CLOSE_KILL, chip->index, 0, 0, 0);
        /* The group may not exist yet, or the child may have left it: then the child alone. */
        if (kill(-chip->pid, sig) != 0)
            kill(chip->pid, sig);
    }
    pthread_mutex_unlock(&chip->reap_lock);
}

/* What the child itself forked may have ignored SIGTERM: its group ends with it. The child is
 * reaped by now, but its number stays taken while a member of the group lives; if none does, it
 * could be another's only if the pids had wrapped around since. */
static void kill_rest_of_group(struct chip__chip *chip) {
    kill(-chip->pid, SIGKILL);
}

/* The state word is the child's while it works; then only the sticky word is set, and SHUTDOWN
 * follows when the child has given the turn back (a child that knows only states needs that). */
static void offer_shutdown(struct chip__chip *chip) {
    chip__mailbox_set_shutdown(&chip->box);
    int32_t state = chip_mailbox_load_acquire(chip->box.mb);
    if (state == CHIP_MAILBOX_IDLE || state == CHIP_MAILBOX_TASK_DONE ||
        state == CHIP_MAILBOX_CONTROL_DONE)
        chip__mailbox_publish(&chip->box, CHIP_MAILBOX_SHUTDOWN, 0, 0);
}

/* Polls all children until they ended or the deadline passed; true if all ended. */
static bool reap_all(struct chip_worker *w, bool offer, uint64_t deadline) {
    uint64_t nap = POLL_FIRST_NS;
    for (;;) {
        bool all = true;
        for (uint32_t i = 0; i < w->config.chip_count; i++) {
            struct chip__chip *chip = &w->chips[i];
            if (chip__chip_ended(chip))
                continue;
            all = false;
            if (offer)
                offer_shutdown(chip);
        }
        if (all)
            return true;
        uint64_t now = chip__now_ns();
        if (now >= deadline)
            return false;
        chip__sleep_ns(nap < deadline - now ? nap : deadline - now);
        nap = nap * 2 > POLL_LAST_NS ? POLL_LAST_NS : nap * 2;
    }
}

static void note(struct chip_error *err, int *first, int code, struct chip__chip *chip,
                 const char *what) {
    if (*first)
        return;
    *first = chip_error_set(err, code, "chip %u (device %d) %s", chip->index,
                            chip->worker->config.chips[chip->index].device_id, what);
}

static void signal_living(struct chip_worker *w, int sig, bool blame, int *first,
                          struct chip_error *err) {
    for (uint32_t i = 0; i < w->config.chip_count; i++) {
        struct chip__chip *chip = &w->chips[i];
        if (chip__chip_ended(chip))
            continue;
        if (blame)
            note(err, first, CHIP_E_TIMEOUT, chip,
                 sig == SIGTERM ? "did not obey SHUTDOWN in time" : "did not obey SIGTERM in time");
        chip__chip_signal(chip, sig);
    }
}

/* A child that had to be forced loses its whole group; one that stopped as asked is only reported.
 */
static void settle(struct chip_worker *w, bool forced, int *first, struct chip_error *err) {
    for (uint32_t i = 0; i < w->config.chip_count; i++) {
        struct chip__chip *chip = &w->chips[i];
        if (chip->pid <= 0)
            continue;
        if (!chip__chip_ended(chip)) {
            note(err, first, CHIP_E_TIMEOUT, chip, "could not be ended");
            continue;
        }
        CHIP_PROBE(CLOSE_REAPED, chip->index, 0, 0, 0);
        if (forced)
            kill_rest_of_group(chip);
    }
}

int chip__worker_end_children(struct chip_worker *w, bool ask, struct chip_error *err) {
    int first = CHIP_OK;
    bool forced = !ask;
    uint64_t patience = w->config.close_timeout_ns;
    if (ask) {
        for (uint32_t i = 0; i < w->config.chip_count; i++) {
            if (w->chips[i].pid <= 0 || chip__chip_ended(&w->chips[i]))
                continue;
            CHIP_PROBE(CLOSE_SHUTDOWN, i, 0, 0, 0);
            offer_shutdown(&w->chips[i]);
        }
    }
    if (!ask || !reap_all(w, true, chip__deadline_in(patience))) {
        forced = true;
        signal_living(w, SIGTERM, ask, &first, err);
        if (!reap_all(w, false, chip__deadline_in(patience))) {
            signal_living(w, SIGKILL, ask, &first, err);
            reap_all(w, false, chip__deadline_in(patience));
        }
    }
    settle(w, forced, &first, err);
    return first;
}
