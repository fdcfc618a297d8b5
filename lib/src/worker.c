/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker.c - making and unmaking the parent's object, and what can be asked about a chip.
 *
 * All memory that parent and children share is one anonymous mapping made here, before any fork:
 * N mailboxes, N bootstrap channels, N counts of sleepers a cache line apart.
 */
#include "worker_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { SLEEPERS_STRIDE = 64 };

static uint64_t or_default(uint64_t ns, uint64_t fallback) {
    return ns ? ns : fallback;
}

static int check_config(const struct chip_worker_config *config, struct chip_error *err) {
    if (!config || config->chip_count < 1 || config->chip_count > CHIP_MAX_CHIPS)
        return chip_error_set(err, CHIP_E_VALUE, "a worker has 1 to %d chips, not %u",
                              CHIP_MAX_CHIPS, config ? config->chip_count : 0);
    if (!config->chips)
        return chip_error_set(err, CHIP_E_VALUE, "chips is NULL");
    if (config->kernel_count && !config->kernels)
        return chip_error_set(err, CHIP_E_VALUE, "kernel_count without kernels");
    for (size_t i = 0; i < config->kernel_count; i++) {
        if (!config->kernels[i].fn || !config->kernels[i].name)
            return chip_error_set(err, CHIP_E_VALUE, "kernel %zu has no function or no name", i);
        for (size_t k = 0; k < i; k++)
            if (config->kernels[i].id == config->kernels[k].id)
                return chip_error_set(err, CHIP_E_VALUE,
                                      "kernels %zu and %zu have the same id %llu", k, i,
                                      (unsigned long long)config->kernels[i].id);
    }
    return CHIP_OK;
}

/* The arrays become the worker's own; NULL if there is no memory. */
static void *copy_array(const void *src, size_t count, size_t size) {
    void *p = calloc(count, size);
    if (p)
        memcpy(p, src, count * size);
    return p;
}

static int copy_config(struct chip_worker *w, const struct chip_worker_config *config) {
    struct chip_worker_config *c = &w->config;
    *c = *config;
    if (!c->kernels)
        c->kernels = chip_kernels(&c->kernel_count);
    c->chips = copy_array(config->chips, config->chip_count, sizeof *config->chips);
    c->kernels = copy_array(c->kernels, c->kernel_count, sizeof *c->kernels);
    c->bootstrap_timeout_ns =
        or_default(c->bootstrap_timeout_ns, CHIP_DEFAULT_BOOTSTRAP_TIMEOUT_NS);
    c->task_timeout_ns = or_default(c->task_timeout_ns, CHIP_DEFAULT_TASK_TIMEOUT_NS);
    c->control_timeout_ns = or_default(c->control_timeout_ns, CHIP_DEFAULT_CONTROL_TIMEOUT_NS);
    c->close_timeout_ns = or_default(c->close_timeout_ns, CHIP_DEFAULT_CLOSE_TIMEOUT_NS);
    if (!c->child_main)
        c->child_main = chip_child_main;
    return c->chips && c->kernels ? CHIP_OK : CHIP_E_MEMORY;
}

static int map_shared(struct chip_worker *w, struct chip_error *err) {
    size_t n = w->config.chip_count;
    w->shared_bytes = n * (CHIP_MAILBOX_BYTES + CHIP_BOOTSTRAP_CHANNEL_BYTES) + n * SLEEPERS_STRIDE;
    void *p =
        mmap(NULL, w->shared_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return chip_error_sys(err, errno, "mailboxes of %zu chips cannot be mapped", n);
    w->shared = p;
    return CHIP_OK;
}

static int init_chip(struct chip_worker *w, uint32_t i, struct chip_error *err) {
    struct chip__chip *chip = &w->chips[i];
    size_t n = w->config.chip_count;
    unsigned char *channels = w->shared + n * CHIP_MAILBOX_BYTES;
    unsigned char *sleepers = channels + n * CHIP_BOOTSTRAP_CHANNEL_BYTES;
    chip->worker = w;
    chip->index = i;
    chip->box.mb = (void *)(w->shared + (size_t)i * CHIP_MAILBOX_BYTES);
    chip->box.chip = i;
    /* A child of another make may sleep without counting: then every store must wake. */
    if (!w->config.foreign_children)
        chip->box.sleepers = (void *)(sleepers + (size_t)i * SLEEPERS_STRIDE);
    /* Recursive: an observer at a probe may ask chip_worker_info() in the middle of a wait. */
    pthread_mutexattr_t attr;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&chip->lock, &attr);
    pthread_mutexattr_destroy(&attr);
    pthread_mutex_init(&chip->reap_lock, NULL);
    return chip_bootstrap_channel_init(&chip->channel,
                                       channels + (size_t)i * CHIP_BOOTSTRAP_CHANNEL_BYTES,
                                       CHIP_BOOTSTRAP_MAX_BUFFERS, i, err);
}

static void free_worker(struct chip_worker *w) {
    free((void *)(uintptr_t)w->config.chips);
    free((void *)(uintptr_t)w->config.kernels);
    free(w->chips);
    free(w);
}

int chip_worker_create(const struct chip_worker_config *config, struct chip_worker **out,
                       struct chip_error *err) {
    *out = NULL;
    int rc = check_config(config, err);
    if (rc)
        return rc;
    struct chip_worker *w = calloc(1, sizeof *w);
    if (!w)
        return chip_error_set(err, CHIP_E_MEMORY, "no memory for a worker");
    rc = copy_config(w, config);
    w->chips = calloc(config->chip_count, sizeof *w->chips);
    if (rc || !w->chips) {
        rc = chip_error_set(err, CHIP_E_MEMORY, "no memory for %u chips", config->chip_count);
        goto free_all;
    }
    rc = map_shared(w, err);
    if (rc)
        goto free_all;
    for (uint32_t i = 0; !rc && i < config->chip_count; i++)
        rc = init_chip(w, i, err);
    if (rc)
        goto unmap;
    pthread_mutex_init(&w->close_lock, NULL);
    *out = w;
    return CHIP_OK;

unmap:
    munmap(w->shared, w->shared_bytes);
free_all:
    free_worker(w);
    return rc;
}

void chip_worker_destroy(struct chip_worker *worker) {
    if (!worker)
        return;
    chip_worker_close(worker, NULL);
    for (uint32_t i = 0; i < worker->config.chip_count; i++) {
        pthread_mutex_destroy(&worker->chips[i].lock);
        pthread_mutex_destroy(&worker->chips[i].reap_lock);
    }
    pthread_mutex_destroy(&worker->close_lock);
    free_worker(worker);
}

struct chip__chip *chip__worker_chip(struct chip_worker *worker, uint32_t index,
                                     struct chip_error *err) {
    CHIP_ASSERT(worker);
    if (index < worker->config.chip_count)
        return &worker->chips[index];
    chip_error_set(err, CHIP_E_VALUE, "chip %u of %u", index, worker->config.chip_count);
    return NULL;
}

uint32_t chip_worker_count(const struct chip_worker *worker) {
    return worker->config.chip_count;
}

int chip_worker_info(struct chip_worker *worker, uint32_t index, struct chip_worker_info *out,
                     struct chip_error *err) {
    struct chip__chip *chip = chip__worker_chip(worker, index, err);
    if (!chip)
        return CHIP_E_VALUE;
    pthread_mutex_lock(&chip->reap_lock);
    memset(out, 0, sizeof *out);
    out->pid = chip->pid;
    out->exit_status = chip->reaped ? chip->wait_status : 0;
    pthread_mutex_unlock(&chip->reap_lock);
    pthread_mutex_lock(&chip->lock);
    out->state = chip->state;
    out->device_ctx = chip->boot.device_ctx;
    out->window_base = chip->boot.local_window_base;
    out->window_size = chip->boot.actual_window_size;
    out->buffer_ptrs = chip->boot.buffer_ptrs;
    out->buffer_count = chip->boot.buffer_count;
    pthread_mutex_unlock(&chip->lock);
    return CHIP_OK;
}

const void *chip_worker_mailbox(struct chip_worker *worker, uint32_t index) {
    struct chip__chip *chip = chip__worker_chip(worker, index, NULL);
    if (!chip)
        return NULL;
    pthread_mutex_lock(&chip->lock);
    const void *mailbox = chip->box.mb;
    pthread_mutex_unlock(&chip->lock);
    return mailbox;
}
