/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker_task.c - transactions on a mailbox: tasks and control commands (G3, G4, G5).
 *
 * A transaction is open, fill, publish, close. Close reads the answer and gives the turn back; if
 * no valid answer came the mailbox is poisoned, or the chip is dead, for good.
 */
#include "worker_internal.h"

#include <chip/probe.h>
#include <string.h>

/* ---- the transaction -------------------------------------------------------------------- */

int chip__transaction_open(struct chip__chip *chip, struct chip_error *err) {
    switch (chip->state) {
    case CHIP_WORKER_READY:
        break;
    case CHIP_WORKER_POISONED:
        return chip_error_set(err, CHIP_E_POISONED,
                              "chip %u: transaction %u was given up; nothing more is sent to it",
                              chip->index, chip->generation);
    case CHIP_WORKER_DEAD:
        return chip__chip_death_error(chip, "before", err);
    case CHIP_WORKER_CLOSED:
        return chip_error_set(err, CHIP_E_STATE, "the worker is closed");
    default:
        return chip_error_set(err, CHIP_E_STATE, "the worker is not started");
    }
    struct chip_mailbox *mb = chip->box.mb;
    if (++chip->generation == 0) /* 0 means untagged */
        chip->generation = 1;
    CHIP_PROBE(MAILBOX_CLEAR, chip->index, chip->generation, 0, 0);
    mb->error = 0;
    memset(mb->error_msg, 0, sizeof mb->error_msg);
    mb->generation = chip->generation;
    return CHIP_OK;
}

void chip__transaction_publish(struct chip__chip *chip, int32_t state) {
    chip__mailbox_publish(&chip->box, state, chip->generation, 0);
}

static void poison(struct chip__chip *chip) {
    CHIP_PROBE(MAILBOX_POISON, chip->index, chip->generation, 0, 0);
    chip->state = CHIP_WORKER_POISONED;
}

/* An answer must be the one that was waited for: its state, and its generation echoed (a peer of
 * another make echoes nothing). */
static int check_answer(struct chip__chip *chip, int32_t state, int32_t done,
                        struct chip_error *err) {
    const struct chip_mailbox *mb = chip->box.mb;
    if (state == CHIP_MAILBOX_SHUTDOWN)
        return chip_error_set(err, CHIP_E_STATE, "the worker was closed while chip %u worked",
                              chip->index);
    if (state != done)
        return chip_error_set(err, CHIP_E_PROTOCOL, "chip %u answered with state %d (%s), not %s",
                              chip->index, state, chip_mailbox_state_name(state),
                              chip_mailbox_state_name(done));
    uint32_t echo = mb->done_generation;
    bool untagged = chip->worker->config.foreign_children && echo == 0;
    if (echo != chip->generation && !untagged)
        return chip_error_set(err, CHIP_E_PROTOCOL,
                              "chip %u answered transaction %u while %u was open", chip->index,
                              echo, chip->generation);
    return CHIP_OK;
}

/* The first ": "-separated part of the text that is a Type. */
static int status_named_in(const char *text) {
    for (const char *part = text; part; part = strstr(part, ": ")) {
        part += part == text ? 0 : 2;
        size_t len = strcspn(part, ":");
        for (int code = 1; part[len] && code < CHIP_STATUS_COUNT; code++) {
            const char *type = chip_status_type(code);
            if (strlen(type) == len && memcmp(type, part, len) == 0)
                return code;
        }
    }
    return CHIP_E_TASK;
}

int chip__child_failed(struct chip_error *err, int code, const char *prefix, const char *text,
                       size_t cap) {
    struct chip_error whole = {0};
    chip__text_get(whole.text, sizeof whole.text, text, cap);
    if (!whole.text[0])
        chip__text_put(whole.text, sizeof whole.text, "no message");
    whole.code = status_named_in(whole.text);
    chip_error_prefix(&whole, "child failed (code=%d): %s", code, prefix);
    if (err)
        *err = whole;
    return whole.code;
}

/* The child's own verdict, and what it gives back. */
static int read_answer(struct chip__chip *chip, struct chip__reply *reply, struct chip_error *err) {
    const struct chip_mailbox *mb = chip->box.mb;
    CHIP_PROBE(MAILBOX_READ, chip->index, chip->generation, mb->error, 0);
    int32_t error = mb->error;
    if (error)
        return chip__child_failed(err, error, "", mb->error_msg, sizeof mb->error_msg);
    if (reply) {
        reply->result = mb->u.control.result;
        if (reply->bytes)
            memcpy(reply->bytes, mb->args, reply->byte_count);
    }
    return CHIP_OK;
}

int chip__transaction_close(struct chip__chip *chip, int32_t from, int32_t done,
                            uint64_t deadline_ns, const char *doing, struct chip__reply *reply,
                            struct chip_error *err) {
    int32_t state;
    int rc = chip__mailbox_await(&chip->box, from, deadline_ns, chip__chip_alive, chip, &state);
    if (rc == CHIP_E_CHILD_DIED) {
        chip->state = CHIP_WORKER_DEAD;
        return chip__chip_death_error(chip, doing, err);
    }
    if (rc) {
        poison(chip);
        return chip_error_set(err, rc, "chip %u (device %d) gave no answer in time %s", chip->index,
                              chip->worker->config.chips[chip->index].device_id, doing);
    }
    rc = check_answer(chip, state, done, err);
    if (rc) {
        poison(chip);
        return rc;
    }
    CHIP_PROBE(MAILBOX_OBSERVE, chip->index, state, chip->generation, 0);
    rc = read_answer(chip, reply, err);
    chip__mailbox_publish(&chip->box, CHIP_MAILBOX_IDLE, chip->generation, 0);
    return rc;
}

/* ---- tasks ------------------------------------------------------------------------------- */

/* Takes the answer of the task in flight out of the mailbox and keeps it. Lock held. */
static void collect(struct chip__chip *chip) {
    CHIP_ASSERT(chip->in_flight && !chip->has_result);
    chip->kept = (struct chip_error){0};
    int rc = chip__transaction_close(chip, CHIP_MAILBOX_TASK_READY, CHIP_MAILBOX_TASK_DONE,
                                     chip->task_deadline, "while it ran a task", NULL, &chip->kept);
    CHIP_ASSERT(rc == chip->kept.code);
    chip->in_flight = false;
    chip->has_result = true;
}

static int take_result(struct chip__chip *chip, struct chip_error *err) {
    if (chip->in_flight)
        collect(chip);
    CHIP_ASSERT(chip->has_result);
    chip->has_result = false;
    if (chip->kept.code && err)
        *err = chip->kept;
    return chip->kept.code;
}

static int32_t positive_or(int32_t value, int32_t fallback) {
    return value ? value : fallback;
}

static int submit_locked(struct chip__chip *chip, const struct chip_task *task,
                         struct chip_error *err) {
    if (chip->in_flight || chip->has_result)
        return chip_error_set(err, CHIP_E_STATE, "chip %u has a task whose result nobody collected",
                              chip->index);
    struct chip_mailbox *mb = chip->box.mb;
    int rc = chip_blob_check(&task->args, sizeof mb->args, err);
    if (!rc)
        rc = chip__transaction_open(chip, err);
    if (rc)
        return rc;
    mb->callable = task->callable;
    mb->u.task = (struct chip_mailbox_task){
        .block_dim = positive_or(task->block_dim, CHIP_DEFAULT_BLOCK_DIM),
        .aicpu_thread_num = positive_or(task->aicpu_thread_num, CHIP_DEFAULT_AICPU_THREADS),
        .enable_profiling = task->enable_profiling,
        .enable_dump_tensor = task->enable_dump_tensor,
    };
    rc = chip_blob_write(mb->args, sizeof mb->args, &task->args, NULL, err);
    CHIP_ASSERT(rc == CHIP_OK); /* checked above */
    chip->task_deadline = chip__deadline_in(chip->worker->config.task_timeout_ns);
    chip__transaction_publish(chip, CHIP_MAILBOX_TASK_READY);
    chip->in_flight = true;
    return CHIP_OK;
}

int chip_worker_submit(struct chip_worker *worker, uint32_t index, const struct chip_task *task,
                       struct chip_error *err) {
    struct chip__chip *chip = chip__worker_chip(worker, index, err);
    if (!chip)
        return CHIP_E_VALUE;
    pthread_mutex_lock(&chip->lock);
    int rc = submit_locked(chip, task, err);
    pthread_mutex_unlock(&chip->lock);
    return rc;
}

int chip_worker_wait(struct chip_worker *worker, uint32_t index, struct chip_error *err) {
    struct chip__chip *chip = chip__worker_chip(worker, index, err);
    if (!chip)
        return CHIP_E_VALUE;
    int rc;
    pthread_mutex_lock(&chip->lock);
    if (chip->in_flight || chip->has_result)
        rc = take_result(chip, err);
    else
        rc = chip_error_set(err, CHIP_E_STATE, "chip %u has no task", index);
    pthread_mutex_unlock(&chip->lock);
    return rc;
}

int chip_worker_drain(struct chip_worker *worker, struct chip_error *err) {
    int first = CHIP_OK;
    for (uint32_t i = 0; i < worker->config.chip_count; i++) {
        struct chip__chip *chip = &worker->chips[i];
        pthread_mutex_lock(&chip->lock);
        if (chip->in_flight || chip->has_result) {
            int rc = take_result(chip, first ? NULL : err);
            first = first ? first : rc;
        }
        pthread_mutex_unlock(&chip->lock);
    }
    return first;
}

int chip_worker_run(struct chip_worker *worker, uint32_t chip, const struct chip_task *task,
                    struct chip_error *err) {
    int rc = chip_worker_submit(worker, chip, task, err);
    return rc ? rc : chip_worker_wait(worker, chip, err);
}

/* ---- control ----------------------------------------------------------------------------- */

static int control_locked(struct chip__chip *chip, uint64_t command, const uint64_t arg[3],
                          const void *payload, size_t payload_bytes, struct chip__reply *reply,
                          struct chip_error *err) {
    if (chip->in_flight)
        collect(chip); /* G4: the task first */
    int rc = chip__transaction_open(chip, err);
    if (rc)
        return rc;
    struct chip_mailbox *mb = chip->box.mb;
    mb->callable = command;
    mb->u.control = (struct chip_mailbox_control){.arg = {arg[0], arg[1], arg[2]}};
    memset(mb->args, 0, CHIP_SEGMENT_NAME_MAX + 1); /* no older name or byte is taken for one */
    if (payload_bytes)
        memcpy(mb->args, payload, payload_bytes);
    chip__transaction_publish(chip, CHIP_MAILBOX_CONTROL_REQUEST);
    return chip__transaction_close(chip, CHIP_MAILBOX_CONTROL_REQUEST, CHIP_MAILBOX_CONTROL_DONE,
                                   chip__deadline_in(chip->worker->config.control_timeout_ns),
                                   "while it ran a control command", reply, err);
}

int chip__control(struct chip_worker *worker, uint32_t index, uint64_t command,
                  const uint64_t arg[3], const void *payload, size_t payload_bytes,
                  struct chip__reply *reply, struct chip_error *err) {
    struct chip__chip *chip = chip__worker_chip(worker, index, err);
    if (!chip)
        return CHIP_E_VALUE;
    if (payload_bytes > CHIP_MAILBOX_ARGS_BYTES || (payload_bytes && !payload))
        return chip_error_set(err, CHIP_E_VALUE, "a payload of %zu bytes, at most %d are legal",
                              payload_bytes, CHIP_MAILBOX_ARGS_BYTES);
    pthread_mutex_lock(&chip->lock);
    int rc = control_locked(chip, command, arg, payload, payload_bytes, reply, err);
    pthread_mutex_unlock(&chip->lock);
    return rc;
}

int chip_worker_control(struct chip_worker *worker, uint32_t chip, uint64_t command,
                        const uint64_t arg[3], const void *payload, size_t payload_bytes,
                        uint64_t *result, struct chip_error *err) {
    struct chip__reply reply = {0};
    int rc = chip__control(worker, chip, command, arg, payload, payload_bytes, &reply, err);
    if (!rc && result)
        *result = reply.result;
    return rc;
}

int chip_worker_broadcast(struct chip_worker *worker, uint64_t command, const uint64_t arg[3],
                          const void *payload, size_t payload_bytes,
                          struct chip_broadcast_result *results, struct chip_error *err) {
    int first = CHIP_OK;
    for (uint32_t i = 0; i < worker->config.chip_count; i++) {
        struct chip_broadcast_result *out = &results[i];
        memset(out, 0, sizeof *out);
        out->id = i;
        int rc = chip_worker_control(worker, i, command, arg, payload, payload_bytes, &out->result,
                                     &out->error);
        out->ok = rc == CHIP_OK;
        if (rc && !first) {
            first = rc;
            if (err)
                *err = out->error;
        }
    }
    return first;
}
