/* SPDX-License-Identifier: Apache-2.0 */
/* steps.c - the steps of the parent, one function each, in a table by kind. */
#include "harness/driver/driver.h"
#include "harness/agent/arm.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef int (*step_fn)(struct driver *d, uint32_t index, struct chip_error *err);

static int no_worker(struct chip_error *err) {
    return chip_error_set(err, CHIP_E_STATE, "there is no worker: init failed or did not run");
}

static int step_create(struct driver *d, uint32_t index, struct chip_error *err) {
    (void)index;
    chip_worker_destroy(d->worker); /* of an earlier life; NULL is allowed */
    d->worker = NULL;
    return drv_worker_create(d, err);
}

static int step_start(struct driver *d, uint32_t index, struct chip_error *err) {
    (void)index;
    return d->worker ? chip_worker_start(d->worker, err) : no_worker(err);
}

static int step_init(struct driver *d, uint32_t index, struct chip_error *err) {
    int r = step_create(d, index, err);
    return r ? r : step_start(d, index, err);
}

static int submit_to(struct driver *d, const struct chs_step *st, uint32_t rank,
                     struct chip_error *err) {
    struct chip_tensor tensors[CHIP_MAX_TENSORS];
    struct chip_worker_info info;
    int r = chip_worker_info(d->worker, rank, &info, err);
    if (r)
        return r;
    memset(tensors, 0, sizeof tensors);
    for (size_t i = 0; i < st->buffer_count; i++) {
        const struct chs_buffer *b = &d->s->buffers[st->buffers[i]];
        uint32_t at = chs_buffer_index(d->s, st->buffers[i], rank);
        tensors[i].data = at < info.buffer_count ? info.buffer_ptrs[at] : 0;
        tensors[i].shape[0] = (uint32_t)b->count;
        tensors[i].ndims = 1;
        tensors[i].dtype = (uint8_t)b->dtype;
        tensors[i].child_memory = 1;
    }
    struct chip_task task = {
        .callable = drv_kernel_id(st->kernel),
        .args = {tensors, st->scalars, (uint32_t)st->buffer_count, (uint32_t)st->scalar_count},
        .block_dim = (int32_t)st->block_dim,
    };
    return chip_worker_submit(d->worker, rank, &task, err);
}

/* To each rank that the step names, in order; the first error ends it. */
static int step_submit(struct driver *d, uint32_t index, struct chip_error *err) {
    const struct chs_step *st = &d->s->steps[index];
    if (!d->worker)
        return no_worker(err);
    for (uint32_t rank = 0; rank < d->s->ranks; rank++) {
        int r = st->ranks >> rank & 1 ? submit_to(d, st, rank, err) : CHIP_OK;
        if (r)
            return r;
    }
    return CHIP_OK;
}

/* All of them are completed, whatever becomes of the first. */
static int step_wait(struct driver *d, uint32_t index, struct chip_error *err) {
    if (!d->worker)
        return no_worker(err);
    int first = CHIP_OK;
    for (uint32_t rank = 0; rank < d->s->ranks; rank++) {
        struct chip_error one = {0};
        if (!(d->s->steps[index].ranks >> rank & 1))
            continue;
        int r = chip_worker_wait(d->worker, rank, &one);
        if (r && !first) {
            first = r;
            *err = one;
        }
    }
    return first;
}

/* Submitted to all before any is waited for: a collective needs all its ranks at once. */
static int step_run(struct driver *d, uint32_t index, struct chip_error *err) {
    int r = step_submit(d, index, err);
    return r ? r : step_wait(d, index, err);
}

static int step_drain(struct driver *d, uint32_t index, struct chip_error *err) {
    (void)index;
    return d->worker ? chip_worker_drain(d->worker, err) : no_worker(err);
}

static int check_window(struct driver *d, const struct chs_step *st, uint32_t rank, uint64_t offset,
                        uint64_t bytes, struct chip_error *err) {
    struct chip_worker_info info;
    int r = d->worker ? chip_worker_info(d->worker, rank, &info, err) : no_worker(err);
    if (r)
        return r;
    uint32_t at = chs_buffer_index(d->s, st->buffer, rank);
    if (at >= info.buffer_count)
        return chip_error_set(err, CHIP_E_LOOKUP, "rank %u has no such buffer", rank);
    void *copy = malloc(bytes ? bytes : 1);
    if (!copy)
        return chip_error_set(err, CHIP_E_MEMORY, "no memory for a comparison");
    r = chip_worker_copy_from(d->worker, rank, copy, info.buffer_ptrs[at] + offset, bytes, err);
    if (!r)
        drv_compare(d, st->check, &st->content, &d->s->buffers[st->buffer], rank, offset, copy,
                    bytes);
    free(copy);
    return r;
}

static int check_rank(struct driver *d, const struct chs_step *st, uint32_t rank,
                      struct chip_error *err) {
    uint64_t size = d->s->buffers[st->buffer].bytes;
    uint64_t bytes = st->bytes == CHS_REST ? size - st->offset : st->bytes;
    if (st->place == CHS_PLACE_WINDOW)
        return check_window(d, st, rank, st->offset, bytes, err);
    const struct drv_staging *staging = drv_staging(d, rank, st->buffer);
    if (!staging->at && bytes)
        return chip_error_set(err, CHIP_E_LOOKUP, "buffer '%s' has no staging to compare",
                              d->s->buffers[st->buffer].name);
    drv_compare(d, st->check, &st->content, &d->s->buffers[st->buffer], rank, st->offset,
                staging->at ? staging->at + st->offset : NULL, bytes);
    return CHIP_OK;
}

static int step_check(struct driver *d, uint32_t index, struct chip_error *err) {
    const struct chs_step *st = &d->s->steps[index];
    for (uint32_t rank = 0; rank < d->s->ranks; rank++) {
        int r = st->ranks >> rank & 1 ? check_rank(d, st, rank, err) : CHIP_OK;
        if (r)
            return r;
    }
    return CHIP_OK;
}

static int step_kill(struct driver *d, uint32_t index, struct chip_error *err) {
    const struct chs_step *st = &d->s->steps[index];
    if (!d->worker)
        return no_worker(err);
    for (uint32_t rank = 0; rank < d->s->ranks; rank++) {
        struct chip_worker_info info;
        if (!(st->ranks >> rank & 1))
            continue;
        int r = chip_worker_info(d->worker, rank, &info, err);
        if (r)
            return r;
        if (info.pid <= 0 || kill(info.pid, st->signal) != 0)
            return chip_error_sys(err, errno, "cannot signal rank %u", rank);
    }
    return CHIP_OK;
}

static int step_sleep(struct driver *d, uint32_t index, struct chip_error *err) {
    uint64_t ns = d->s->steps[index].duration_ns;
    struct timespec t = {(time_t)(ns / 1000000000ull), (long)(ns % 1000000000ull)};
    return nanosleep(&t, NULL) == 0 ? CHIP_OK : chip_error_sys(err, errno, "nanosleep");
}

static int step_close(struct driver *d, uint32_t index, struct chip_error *err) {
    (void)index;
    return d->worker ? chip_worker_close(d->worker, err) : no_worker(err);
}

static int step_none_left(struct driver *d, uint32_t index, struct chip_error *err) {
    (void)index;
    for (uint32_t i = 0; i < d->c->segment_count; i++) {
        const struct chip_segment *s = &d->c->segments[i];
        if (s->state == 1 && !drv_staging_owns(d, s->name))
            return chip_error_set(err, CHIP_E_STATE, "segment '%s' is left", s->name);
    }
    for (uint32_t i = 1; i < d->c->actor_count; i++) {
        const struct chip_actor *a = &d->c->actors[i];
        if (a->state != CHIP_STATE_DEAD)
            return chip_error_set(err, CHIP_E_STATE, "a process of rank %u is left", a->index);
    }
    if (waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD)
        return chip_error_set(err, CHIP_E_STATE, "a child is left that nobody reaped");
    return CHIP_OK;
}

static const step_fn by_kind[CHS_STEP_KIND_COUNT] = {
    [CHS_STEP_INIT] = step_init,
    [CHS_STEP_CREATE] = step_create,
    [CHS_STEP_START] = step_start,
    [CHS_STEP_SUBMIT] = step_submit,
    [CHS_STEP_WAIT] = step_wait,
    [CHS_STEP_DRAIN] = step_drain,
    [CHS_STEP_RUN] = step_run,
    [CHS_STEP_CONTROL] = drv_step_control,
    [CHS_STEP_CHECK] = step_check,
    [CHS_STEP_KILL] = step_kill,
    [CHS_STEP_SLEEP] = step_sleep,
    [CHS_STEP_CLOSE] = step_close,
    [CHS_STEP_NONE_LEFT] = step_none_left,
};

/* After a step that did not come out as planned only these still make sense. */
static bool runs_after_failure(int kind) {
    return kind == CHS_STEP_CLOSE || kind == CHS_STEP_NONE_LEFT;
}

void drv_steps_run(struct driver *d) {
    bool failed = false;
    for (uint32_t i = 0; i < d->s->step_count; i++) {
        const struct chs_step *st = &d->s->steps[i];
        struct chip_step_result *result = &d->c->results[i];
        struct chip_error err = {0};
        char why[CHIP_TEXT_LEN];
        if (failed && !runs_after_failure(st->kind))
            continue;
        chipharness_note(CHIP_EV_STEP, i, 0, 0, 0);
        int code = by_kind[st->kind](d, i, &err);
        result->code = code;
        memcpy(result->text, err.text, sizeof result->text);
        result->done = 1;
        chipharness_note(CHIP_EV_RESULT, i, (uint64_t)code, 0, 0);
        failed |= st->error.at.line
                      ? !chs_error_matches(&st->error, code, err.text, why, sizeof why)
                      : code != CHIP_OK;
    }
}
