/* SPDX-License-Identifier: Apache-2.0 */
/*
 * comm.c - the comm_* ABI and its chip_comm_* companions, over handles (comm_handle.c), the forming
 * of the segment (comm_segment.c) and the barrier (barrier.c).
 *
 *   C1  alloc is tried once in the life of a handle: the stage leaves INIT by one swap.
 *   C2  Every function may be given any value as a handle.
 */
#include "comm_internal.h"
#include "wait.h"

#include <chip/probe.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Why this thread's last failed call failed, and on which handle. */
static _Thread_local CommHandle failed_handle;
static _Thread_local struct chip_error failed_why;

/* Records a failure whose reason is in failed_why already. */
static int failed_on(CommHandle handle) {
    failed_handle = handle;
    return -1;
}

static int refuse(CommHandle handle, int code, const char *text) {
    chip_error_set(&failed_why, code, "%s", text);
    return failed_on(handle);
}

static int refuse_dead(CommHandle handle) {
    return refuse(handle, CHIP_E_STATE, "this handle is not alive");
}

static uint32_t stage_of(const struct chip__comm *c) {
    /* ORDER: acquire; pairs with set_stage(). Publishes mapping and context. Relaxed, a second
     * thread could find READY and no addresses. */
    return __atomic_load_n(&c->stage, __ATOMIC_ACQUIRE);
}

static void set_stage(struct chip__comm *c, enum chip__comm_stage stage) {
    /* ORDER: release; pairs with stage_of(). */
    __atomic_store_n(&c->stage, (uint32_t)stage, __ATOMIC_RELEASE);
}

/* A live communicator whose windows are there, entered; or NULL with the reason kept. */
static struct chip__comm *enter_ready(CommHandle handle) {
    struct chip__comm *c = chip__comm_enter(handle);
    if (!c) {
        refuse_dead(handle);
        return NULL;
    }
    if (stage_of(c) == CHIP__COMM_READY)
        return c;
    chip__comm_leave(c);
    refuse(handle, CHIP_E_STATE, "the windows are not allocated");
    return NULL;
}

CommHandle comm_init(int rank, int nranks, void *stream, const char *rootinfo_path) {
    (void)stream;
    struct chip_error *err = &failed_why;
    failed_handle = NULL; /* there is none, should this fail */
    if (nranks < 1 || nranks > CHIP_COMM_MAX_RANKS || rank < 0 || rank >= nranks) {
        chip_error_set(err, CHIP_E_VALUE, "rank %d of %d: 0 <= rank < nranks <= %d must hold", rank,
                       nranks, CHIP_COMM_MAX_RANKS);
        return NULL;
    }
    if (!rootinfo_path) {
        chip_error_set(err, CHIP_E_VALUE, "rootinfo_path is NULL");
        return NULL;
    }
    struct chip__comm *c = chip__comm_reserve();
    if (!c) {
        chip_error_set(err, CHIP_E_MEMORY, "more than %d communicators in one process",
                       CHIP_COMM_MAX_HANDLES);
        return NULL;
    }
    c->rank = (uint32_t)rank;
    c->nranks = (uint32_t)nranks;
    c->init_ns = chip__now_ns();
    c->timeout_ns = CHIP_COMM_DEFAULT_TIMEOUT;
    c->roster = NULL;
    c->head = NULL;
    c->map = NULL;
    memset(&c->ctx, 0, sizeof c->ctx);
    chip__comm_identify(c, rootinfo_path);
    set_stage(c, CHIP__COMM_INIT);
    return chip__comm_publish(c);
}

/* stride and total for nranks windows of win_size; every step checked. */
static int plan_sizes(struct chip__comm *c, size_t win_size, struct chip_error *err) {
    uint64_t padded;
    uint64_t windows;
    uint64_t total;
    if (!chip__add_u64(win_size, CHIP_COMM_HEADER_BYTES - 1, &padded) ||
        (padded = padded / CHIP_COMM_HEADER_BYTES * CHIP_COMM_HEADER_BYTES,
         !chip__mul_u64(padded, c->nranks, &windows)) ||
        !chip__add_u64(windows, CHIP_COMM_HEADER_BYTES, &total) || total > INT64_MAX)
        return chip_error_set(err, CHIP_E_OVERFLOW,
                              "%u windows of %llu bytes are more than a file can hold", c->nranks,
                              (unsigned long long)win_size);
    c->win_size = win_size;
    c->stride = padded;
    c->total = total;
    return CHIP_OK;
}

static void fill_context(struct chip__comm *c) {
    c->ctx.rankId = c->rank;
    c->ctx.rankNum = c->nranks;
    c->ctx.winSize = c->win_size;
    for (uint32_t i = 0; i < c->nranks; i++) {
        c->ctx.windowsIn[i] = chip__addr(c->map) + CHIP_COMM_HEADER_BYTES + i * c->stride;
        c->ctx.windowsOut[i] = c->ctx.windowsIn[i];
    }
    c->party = (struct chip__barrier_party){.rank = c->rank,
                                            .nranks = c->nranks,
                                            .timeout_ns = c->timeout_ns,
                                            .may_spin = chip__cpus_suffice(c->head),
                                            .lost = chip__comm_lost,
                                            .arg = c};
}

int comm_alloc_windows(CommHandle handle, size_t win_size, uint64_t *device_ctx_out) {
    struct chip__comm *c = chip__comm_enter(handle);
    if (!c)
        return refuse_dead(handle);
    struct chip_error err = {0};
    uint32_t init = CHIP__COMM_INIT;
    int rc;
    if (!device_ctx_out) {
        rc = chip_error_set(&err, CHIP_E_VALUE, "device_ctx_out is NULL");
    } else if (!__atomic_compare_exchange_n(&c->stage, &init, CHIP__COMM_FORMING, false,
                                            __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
        rc = chip_error_set(&err, CHIP_E_STATE, "windows were allocated on this handle before");
    } else {
        rc = plan_sizes(c, win_size, &err);
        if (rc == CHIP_OK)
            rc = chip__segment_form(c, &err);
        if (rc == CHIP_OK) {
            fill_context(c);
            *device_ctx_out = chip__addr(&c->ctx);
        }
        set_stage(c, rc == CHIP_OK ? CHIP__COMM_READY : CHIP__COMM_FAILED);
    }
    chip__comm_leave(c);
    if (rc == CHIP_OK)
        return 0;
    failed_why = err;
    return failed_on(handle);
}

int comm_get_local_window_base(CommHandle handle, uint64_t *base_out) {
    struct chip__comm *c = enter_ready(handle);
    if (!c)
        return -1;
    if (base_out)
        *base_out = c->ctx.windowsIn[c->rank];
    else
        refuse(handle, CHIP_E_VALUE, "base_out is NULL");
    chip__comm_leave(c);
    return base_out ? 0 : -1;
}

int comm_get_window_size(CommHandle handle, size_t *win_size_out) {
    struct chip__comm *c = enter_ready(handle);
    if (!c)
        return -1;
    if (win_size_out)
        *win_size_out = (size_t)c->win_size;
    else
        refuse(handle, CHIP_E_VALUE, "win_size_out is NULL");
    chip__comm_leave(c);
    return win_size_out ? 0 : -1;
}

int comm_barrier(CommHandle handle) {
    struct chip__comm *c = enter_ready(handle);
    if (!c)
        return -1;
    int rc = chip__barrier_pass(&c->head->barrier, &c->party, &failed_why);
    chip__comm_leave(c);
    return rc ? failed_on(handle) : 0;
}

int comm_destroy(CommHandle handle) {
    bool busy;
    struct chip__comm *c = chip__comm_retire(handle, &busy);
    if (!c)
        return busy ? refuse(handle, CHIP_E_STATE, "a task or a call still uses the communicator")
                    : refuse_dead(handle);
    CHIP_PROBE(WINDOW_DESTROY, c->rank, 0, 0, 0);
    if (c->head) {
        /* Ranks that wait for this one in a barrier need not wait for their deadline. */
        __atomic_store_n(&c->head->claim[c->rank], CHIP__CLAIM_LEFT, __ATOMIC_RELAXED);
    }
    int rc = chip__segment_unmap(c, &failed_why);
    chip__comm_recycle(c);
    return rc ? failed_on(handle) : 0;
}

int chip_comm_set_timeout_ns(CommHandle handle, uint64_t timeout_ns) {
    struct chip__comm *c = chip__comm_enter(handle);
    if (!c) {
        refuse_dead(handle);
        return CHIP_E_STATE;
    }
    int rc = CHIP_OK;
    if (timeout_ns == 0) {
        refuse(handle, CHIP_E_VALUE, "a timeout of 0");
        rc = CHIP_E_VALUE;
    } else {
        __atomic_store_n(&c->timeout_ns, timeout_ns, __ATOMIC_RELAXED);
        c->party.timeout_ns = timeout_ns;
    }
    chip__comm_leave(c);
    return rc;
}

int chip_comm_last_error(CommHandle handle, struct chip_error *err) {
    bool mine = handle == NULL || handle == failed_handle;
    if (err) {
        if (mine)
            *err = failed_why;
        else
            memset(err, 0, sizeof *err);
    }
    return mine ? failed_why.code : CHIP_OK;
}

const CommContext *chip_comm_context(CommHandle handle) {
    struct chip__comm *c = enter_ready(handle);
    if (!c)
        return NULL;
    chip__comm_leave(c);
    return &c->ctx;
}

int chip_comm_task_begin(CommHandle handle) {
    if (chip__comm_enter(handle))
        return CHIP_OK;
    refuse_dead(handle);
    return CHIP_E_STATE;
}

void chip_comm_task_end(CommHandle handle) {
    /* One count is the caller's: finding the communicator takes a second, both are given back. */
    struct chip__comm *c = chip__comm_enter(handle);
    CHIP_ASSERT(c != NULL);
    chip__comm_leave(c);
    chip__comm_leave(c);
}
