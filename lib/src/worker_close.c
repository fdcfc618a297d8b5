/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker_close.c - close (G6): tell all, reap all, unmap; once.
 *
 * The children are ended without any chip's lock, so that a thread that waits for a task is
 * released by the death of its child; only then are the locks taken, one by one, to make sure
 * that nobody uses the memory that is unmapped next.
 */
#include "worker_internal.h"

#include <chip/probe.h>
#include <errno.h>
#include <sys/mman.h>
#include <sys/wait.h>

/* Lets later calls fail and gives up what was in flight. */
static void retire_chip(struct chip__chip *chip) {
    pthread_mutex_lock(&chip->lock);
    chip->state = CHIP_WORKER_CLOSED;
    chip->in_flight = false;
    chip->has_result = false;
    chip->box.mb = NULL;
    pthread_mutex_unlock(&chip->lock);
}

/* A death that nobody has been told of yet must not vanish with the worker. */
static int unreported_death(struct chip__chip *chip, const char *when, struct chip_error *err) {
    if (chip->pid <= 0 || !chip__chip_ended(chip))
        return CHIP_OK;
    pthread_mutex_lock(&chip->lock);
    bool told = chip->state == CHIP_WORKER_DEAD;
    pthread_mutex_unlock(&chip->lock);
    if (told || (WIFEXITED(chip->wait_status) && WEXITSTATUS(chip->wait_status) == 0))
        return CHIP_OK;
    return chip__chip_death_error(chip, when, err);
}

static int find_deaths(struct chip_worker *w, const char *when, struct chip_error *err) {
    for (uint32_t i = 0; i < w->config.chip_count; i++) {
        int rc = unreported_death(&w->chips[i], when, err);
        if (rc)
            return rc;
    }
    return CHIP_OK;
}

static void close_locked(struct chip_worker *w) {
    struct chip_error *err = &w->close_error;
    CHIP_PROBE(CLOSE_BEGIN, w->config.chip_count, 0, 0, 0);
    int first = find_deaths(w, "before it was closed", err);
    int rc = chip__worker_end_children(w, true, first ? NULL : err);
    first = first ? first : rc;
    if (!first)
        first = find_deaths(w, "while it was closed", err);
    for (uint32_t i = 0; i < w->config.chip_count; i++)
        retire_chip(&w->chips[i]);
    if (munmap(w->shared, w->shared_bytes) != 0 && !first)
        first = chip_error_sys(err, errno, "mailboxes cannot be unmapped");
    w->shared = NULL;
    w->close_code = first;
    w->closed = true;
    CHIP_PROBE(CLOSE_END, w->config.chip_count, first, 0, 0);
}

int chip_worker_close(struct chip_worker *worker, struct chip_error *err) {
    pthread_mutex_lock(&worker->close_lock);
    if (!worker->closed)
        close_locked(worker);
    int rc = worker->close_code;
    if (rc && err)
        *err = worker->close_error;
    pthread_mutex_unlock(&worker->close_lock);
    return rc;
}
