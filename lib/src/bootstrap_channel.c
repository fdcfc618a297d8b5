/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bootstrap_channel.c - the one-shot page by which a child says how its bootstrap went.
 *
 *   B1  The state is the last write and the first read: who reads SUCCESS or ERROR reads the whole
 *       payload.
 *   B2  Written once: a channel that is not IDLE is refused, so the first verdict stands. There is
 *       one writer, the child.
 *   B3  A reader trusts no count and no terminator of the page.
 */
#include "internal.h"
#include "wait.h"

#include <chip/bootstrap.h>
#include <chip/probe.h>
#include <limits.h>
#include <string.h>

static int32_t load_state(const struct chip_bootstrap_page *page) {
    /* ORDER: acquire; pairs with store_state(). Publishes the payload (B1). Relaxed, the parent
     * could read an empty text with the error that it belongs to. */
    return __atomic_load_n(&page->state, __ATOMIC_ACQUIRE);
}

static void store_state(struct chip_bootstrap_page *page, int32_t state) {
    /* ORDER: release; pairs with load_state(). The payload comes before the state (B1). */
    __atomic_store_n(&page->state, state, __ATOMIC_RELEASE);
}

int chip_bootstrap_channel_init(struct chip_bootstrap_channel *ch, void *page,
                                size_t max_buffer_count, uint32_t rank, struct chip_error *err) {
    if (!ch || !page)
        return chip_error_set(err, CHIP_E_VALUE, "the channel's mailbox is NULL");
    if (chip__addr(page) % _Alignof(struct chip_bootstrap_page) != 0)
        return chip_error_set(err, CHIP_E_VALUE, "the channel's mailbox is not 8-byte aligned");
    if (max_buffer_count > CHIP_BOOTSTRAP_MAX_BUFFERS)
        return chip_error_set(err, CHIP_E_VALUE, "max_buffer_count %zu is above %d",
                              max_buffer_count, CHIP_BOOTSTRAP_MAX_BUFFERS);
    ch->page = page;
    ch->max_buffer_count = (uint32_t)max_buffer_count;
    ch->rank = rank;
    return CHIP_OK;
}

void chip_bootstrap_channel_reset(struct chip_bootstrap_channel *ch) {
    char *payload = (char *)ch->page + sizeof ch->page->state;
    memset(payload, 0, sizeof *ch->page - sizeof ch->page->state);
    store_state(ch->page, CHIP_BOOTSTRAP_IDLE);
}

static int refuse_second(const struct chip_bootstrap_channel *ch, struct chip_error *err) {
    if (load_state(ch->page) == CHIP_BOOTSTRAP_IDLE)
        return CHIP_OK;
    return chip_error_set(err, CHIP_E_STATE, "the bootstrap channel has been written already");
}

static void publish(struct chip_bootstrap_channel *ch, int32_t state, int code) {
    CHIP_PROBE(BOOT_PUBLISH, ch->rank, state, code, 0);
    store_state(ch->page, state);
    chip__wake((uint32_t *)&ch->page->state, INT_MAX);
}

int chip_bootstrap_channel_write_success(struct chip_bootstrap_channel *ch, uint64_t device_ctx,
                                         uint64_t local_window_base, uint64_t actual_window_size,
                                         const uint64_t *buffer_ptrs, size_t buffer_count,
                                         struct chip_error *err) {
    struct chip_bootstrap_page *page = ch->page;
    if (buffer_count > ch->max_buffer_count || (buffer_count && !buffer_ptrs))
        return chip_error_set(err, CHIP_E_VALUE, "%zu buffer pointers, the channel takes %u",
                              buffer_count, ch->max_buffer_count);
    int rc = refuse_second(ch, err);
    if (rc)
        return rc;
    page->error_code = 0;
    page->buffer_count = (int32_t)buffer_count;
    page->device_ctx = device_ctx;
    page->local_window_base = local_window_base;
    page->actual_window_size = actual_window_size;
    if (buffer_count)
        memcpy(page->buffer_ptrs, buffer_ptrs, buffer_count * sizeof *buffer_ptrs);
    memset(page->error_msg, 0, sizeof page->error_msg);
    publish(ch, CHIP_BOOTSTRAP_SUCCESS, 0);
    return CHIP_OK;
}

int chip_bootstrap_channel_write_error(struct chip_bootstrap_channel *ch, int code, const char *msg,
                                       struct chip_error *err) {
    int rc = refuse_second(ch, err);
    if (rc)
        return rc;
    ch->page->error_code = code;
    chip__text_put(ch->page->error_msg, sizeof ch->page->error_msg, msg ? msg : "");
    publish(ch, CHIP_BOOTSTRAP_ERROR, code);
    return CHIP_OK;
}

int chip_bootstrap_channel_state(const struct chip_bootstrap_channel *ch) {
    return load_state(ch->page);
}

const uint32_t *chip_bootstrap_channel_word(const struct chip_bootstrap_channel *ch) {
    return (const uint32_t *)&ch->page->state;
}

int chip_bootstrap_channel_read(const struct chip_bootstrap_channel *ch,
                                struct chip_bootstrap_result *out, struct chip_error *err) {
    const struct chip_bootstrap_page *page = ch->page;
    memset(out, 0, sizeof *out);
    out->state = load_state(page);
    if (out->state == CHIP_BOOTSTRAP_IDLE)
        return CHIP_OK;
    CHIP_PROBE(BOOT_OBSERVE, ch->rank, out->state, page->error_code, 0);
    if (out->state != CHIP_BOOTSTRAP_SUCCESS && out->state != CHIP_BOOTSTRAP_ERROR)
        return chip_error_set(err, CHIP_E_PROTOCOL, "a bootstrap channel has state %d", out->state);
    int32_t count = page->buffer_count;
    out->buffer_count = count < 0 ? 0 : (uint32_t)count;
    if (out->buffer_count > ch->max_buffer_count)
        out->buffer_count = ch->max_buffer_count;
    out->error_code = page->error_code;
    out->device_ctx = page->device_ctx;
    out->local_window_base = page->local_window_base;
    out->actual_window_size = page->actual_window_size;
    memcpy(out->buffer_ptrs, page->buffer_ptrs, out->buffer_count * sizeof out->buffer_ptrs[0]);
    chip__text_get(out->error_msg, sizeof out->error_msg, page->error_msg, sizeof page->error_msg);
    return CHIP_OK;
}
