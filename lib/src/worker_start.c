/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker_start.c - forking the children and waiting until all are ready (G1, G2).
 *
 * Two rounds under one deadline: every bootstrap channel must say SUCCESS with the configured
 * number of buffers, then every child must say that it serves. The first child that fails or dies
 * ends the start; then all children are ended and reaped, and what their communicator may have
 * left in /dev/shm is removed, so that the next start meets nothing of this one.
 */
#include "child_internal.h"
#include "worker_internal.h"

#include <chip/probe.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- one child --------------------------------------------------------------------------- */

/* In the child, never returns. The parent's handlers and mask are not the child's: SIGTERM must end
 * it. */
static _Noreturn void run_child(struct chip__chip *chip, pid_t parent) {
    chip__child_announce(chip->index);
    setpgid(0, 0);
    struct sigaction dfl = {.sa_handler = SIG_DFL};
    sigset_t none;
    sigemptyset(&none);
    sigaction(SIGTERM, &dfl, NULL);
    sigprocmask(SIG_SETMASK, &none, NULL);

    const struct chip_worker_config *config = &chip->worker->config;
    const struct chip_worker_chip *own = &config->chips[chip->index];
    struct chip_child_config child = {
        .chip = chip->index,
        .device_id = own->device_id,
        .device = own->device,
        .bootstrap = own->bootstrap,
        .kernels = config->kernels,
        .kernel_count = config->kernel_count,
        .faults = own->faults,
        .fault_count = own->fault_count,
        .parent_pid = parent,
        .sleepers = chip->box.sleepers,
    };
    _exit(config->child_main(chip->box.mb, chip->channel.page, &child));
}

static void reset_chip(struct chip__chip *chip) {
    struct chip_mailbox *mb = chip->box.mb;
    memset((char *)mb + CHIP_MAILBOX_OFF_ERROR, 0, CHIP_MAILBOX_BYTES - CHIP_MAILBOX_OFF_ERROR);
    chip_mailbox_store_release(mb, CHIP_MAILBOX_IDLE);
    if (chip->box.sleepers)
        *chip->box.sleepers = 0; /* no child exists yet */
    chip_bootstrap_channel_reset(&chip->channel);
    memset(&chip->boot, 0, sizeof chip->boot);
    chip->state = CHIP_WORKER_NEW;
    chip->generation = 0;
    chip->pid = 0;
    chip->reaped = false;
    chip->wait_status = 0;
}

static int fork_chip(struct chip__chip *chip, pid_t parent, struct chip_error *err) {
    CHIP_PROBE(START_FORK, chip->index, 0, 0, 0);
    pid_t pid = fork();
    if (pid < 0)
        return chip_error_sys(err, errno, "chip %u (device %d) cannot be forked", chip->index,
                              chip->worker->config.chips[chip->index].device_id);
    if (pid == 0)
        run_child(chip, parent);
    setpgid(pid, pid); /* here too: whoever comes first makes the group */
    pthread_mutex_lock(&chip->reap_lock);
    chip->pid = pid;
    pthread_mutex_unlock(&chip->reap_lock);
    return CHIP_OK;
}

/* ---- the two rounds ---------------------------------------------------------------------- */

/* What a round waits for: look() says whether the chip is through (*done), or why it never will
 * be; word() is where its change is seen, and `pending` that word's value until then. */
struct round {
    int (*look)(struct chip__chip *chip, bool *done, struct chip_error *err);
    const uint32_t *(*word)(const struct chip__chip *chip);
    uint32_t pending;
    const char *doing;
    const char *late;
};

static int look_bootstrap(struct chip__chip *chip, bool *done, struct chip_error *err) {
    const struct chip_worker_chip *own = &chip->worker->config.chips[chip->index];
    int rc = chip_bootstrap_channel_read(&chip->channel, &chip->boot, err);
    if (rc || chip->boot.state == CHIP_BOOTSTRAP_IDLE)
        return rc;
    if (chip->boot.state == CHIP_BOOTSTRAP_ERROR) {
        char prefix[64];
        snprintf(prefix, sizeof prefix, "chip_process dev=%d: ", own->device_id);
        return chip__child_failed(err, chip->boot.error_code, prefix, chip->boot.error_msg,
                                  sizeof chip->boot.error_msg);
    }
    size_t configured = own->bootstrap ? own->bootstrap->buffer_count : 0;
    /* The page's own count: the reader's copy is clamped to what a page can hold. */
    int32_t published = chip->channel.page->buffer_count;
    if (published < 0 || (size_t)published != configured)
        return chip_error_set(err, CHIP_E_PROTOCOL,
                              "chip %u (device %d) published %d buffers, %zu are configured",
                              chip->index, own->device_id, published, configured);
    *done = true;
    return CHIP_OK;
}

static const uint32_t *bootstrap_word(const struct chip__chip *chip) {
    return chip_bootstrap_channel_word(&chip->channel);
}

static int look_ready(struct chip__chip *chip, bool *done, struct chip_error *err) {
    uint32_t status = chip__mailbox_status(&chip->box);
    if (status == CHIP_CHILD_INIT_FAILED)
        return chip_error_set(err, CHIP_E_STATE, "chip %u (device %d) could not get ready",
                              chip->index, chip->worker->config.chips[chip->index].device_id);
    *done = status == CHIP_CHILD_READY;
    return CHIP_OK;
}

static const uint32_t *status_word(const struct chip__chip *chip) {
    return &chip->box.mb->child_status;
}

static const struct round rounds[] = {
    {look_bootstrap, bootstrap_word, CHIP_BOOTSTRAP_IDLE, "during its bootstrap", "bootstrapped"},
    {look_ready, status_word, CHIP_CHILD_STARTING, "before it was ready", "said ready"},
};

/* A death is the cause of what its peers report, so it is looked for first, with those that were
 * through already as well. A chip that spoke before it died is judged by what it said. */
static int look_deaths(struct chip_worker *w, const struct round *round, uint64_t pending,
                       uint32_t *failed, struct chip_error *err) {
    for (uint32_t i = 0; i < w->config.chip_count; i++) {
        struct chip__chip *chip = &w->chips[i];
        if (!chip__chip_ended(chip))
            continue;
        CHIP_PROBE(DEATH_SEEN, i, 0, 0, 0);
        *failed = i;
        bool done = false;
        int rc = pending >> i & 1 ? round->look(chip, &done, err) : CHIP_OK;
        return rc ? rc : chip__chip_death_error(chip, round->doing, err);
    }
    return CHIP_OK;
}

static int look_all(struct chip_worker *w, const struct round *round, uint64_t *pending,
                    uint32_t *failed, struct chip_error *err) {
    int rc = look_deaths(w, round, *pending, failed, err);
    for (uint32_t i = 0; !rc && i < w->config.chip_count; i++) {
        bool done = false;
        if (!(*pending >> i & 1))
            continue;
        *failed = i;
        rc = round->look(&w->chips[i], &done, err);
        if (!rc && done)
            *pending &= ~(1ull << i);
    }
    return rc;
}

static int late_error(struct chip_worker *w, const struct round *round, uint64_t pending,
                      struct chip_error *err) {
    char list[4 * CHIP_MAX_CHIPS + 1] = "";
    size_t len = 0;
    for (uint32_t i = 0; i < w->config.chip_count; i++)
        if (pending >> i & 1)
            len += (size_t)snprintf(list + len, sizeof list - len, "%s%u", len ? ", " : "", i);
    return chip_error_set(err, CHIP_E_TIMEOUT, "pending chips: %s: have not %s within %llu ms",
                          list, round->late,
                          (unsigned long long)(w->config.bootstrap_timeout_ns / 1000000));
}

static int wait_round(struct chip_worker *w, const struct round *round, uint64_t deadline,
                      uint32_t *failed, struct chip_error *err) {
    uint64_t pending = w->config.chip_count == 64 ? UINT64_MAX : (1ull << w->config.chip_count) - 1;
    struct chip__wait wait;
    int late = CHIP_OK;
    chip__wait_begin(&wait, deadline, NULL, NULL, NULL);
    wait.spins = wait.spins_left = 0; /* a start takes long, and each look is system calls */
    for (;;) {
        int rc = look_all(w, round, &pending, failed, err);
        if (rc || !pending)
            return rc;
        uint32_t first = (uint32_t)__builtin_ctzll(pending);
        *failed = first;
        if (late)
            return late_error(w, round, pending, err);
        /* If this one is slow, news of the others waits for at most a slice. */
        late = chip__wait_step(&wait, round->word(&w->chips[first]), round->pending);
    }
}

/* ---- start ------------------------------------------------------------------------------- */

static bool uses_comm(const struct chip_worker *w) {
    for (uint32_t i = 0; i < w->config.chip_count; i++)
        if (w->config.chips[i].bootstrap && w->config.chips[i].bootstrap->comm)
            return true;
    return false;
}

static int fork_and_wait(struct chip_worker *w, uint32_t *failed, struct chip_error *err) {
    chip__wait_learn();      /* once, and the same for all children */
    pid_t parent = getpid(); /* before any fork: a child compares it with getppid() */
    int rc = uses_comm(w) ? chip_comm_mint(err) : CHIP_OK;
    for (uint32_t i = 0; !rc && i < w->config.chip_count; i++) {
        *failed = i;
        rc = fork_chip(&w->chips[i], parent, err);
    }
    uint64_t deadline = chip__deadline_in(w->config.bootstrap_timeout_ns);
    size_t count = w->config.foreign_children ? 1 : sizeof rounds / sizeof rounds[0];
    for (size_t i = 0; !rc && i < count; i++)
        rc = wait_round(w, &rounds[i], deadline, failed, err);
    return rc;
}

/* G1: nothing of this start remains. Its own problems do not hide the first one. */
static void abort_start(struct chip_worker *w) {
    chip__worker_end_children(w, false, NULL);
    for (uint32_t i = 0; i < w->config.chip_count; i++) {
        const struct chip_bootstrap_config *boot = w->config.chips[i].bootstrap;
        if (boot && boot->comm && boot->comm->rootinfo_path)
            chip_comm_discard(boot->comm->rootinfo_path, NULL);
        reset_chip(&w->chips[i]);
    }
}

int chip_worker_start(struct chip_worker *worker, struct chip_error *err) {
    uint32_t failed = 0;
    pthread_mutex_lock(&worker->close_lock);
    bool refused = worker->closed || worker->started;
    pthread_mutex_unlock(&worker->close_lock);
    if (refused)
        return chip_error_set(err, CHIP_E_STATE, "the worker is %s",
                              worker->started ? "started" : "closed");
    for (uint32_t i = 0; i < worker->config.chip_count; i++)
        reset_chip(&worker->chips[i]);
    int rc = fork_and_wait(worker, &failed, err);
    if (rc) {
        CHIP_PROBE(START_ABORT, failed, rc, 0, 0);
        abort_start(worker);
        return rc;
    }
    CHIP_PROBE(START_READY, worker->config.chip_count, 0, 0, 0);
    for (uint32_t i = 0; i < worker->config.chip_count; i++)
        worker->chips[i].state = CHIP_WORKER_READY;
    worker->started = true;
    return CHIP_OK;
}
