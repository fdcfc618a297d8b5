/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checks.c - comparisons of bytes, at a step or at the moment the parent passes a point.
 */
#include "harness/driver/driver.h"
#include "harness/agent/arm.h"
#include "harness/control/control.h"

#include <string.h>

static struct driver *watched;

void drv_compare(struct driver *d, uint32_t index, const struct chs_content *content,
                 const struct chs_buffer *buffer, uint32_t rank, uint64_t offset, const void *seen,
                 size_t bytes) {
    struct chip_check_result *r = &d->c->checks[index];
    struct chip_check_result now = {0};
    bool equal = chs_content_compare(content, buffer, rank, d->s->ranks, offset, seen, bytes, &now);
    uint64_t seq = d->c->seq;
    chipharness_note(CHIP_EV_CHECK, index, equal, now.bad_offset, now.bytes);
    now.done = r->done + 1;
    now.failed = r->failed + !equal;
    now.seq = seq;
    if (equal || r->failed) { /* the first failing comparison is the one that is kept */
        r->done = now.done;
        r->failed = now.failed;
        if (!r->failed)
            r->bytes = now.bytes;
        return;
    }
    *r = now;
}

/* Whether field 0 of a point is a rank. */
static bool has_rank(uint32_t point_kind, uint32_t point) {
    static const char *const first_field[CHIP_POINT_COUNT] = {
#define CHIP_X(id, name, a, ...) [CHIP_POINT_##id] = #a,
        CHIP_POINTS(CHIP_X)
#undef CHIP_X
    };
    return point_kind == CHIP_KIND_PROBE && strcmp(first_field[point], "rank") == 0;
}

static void compare_staging(struct driver *d, const struct chs_expect *e, uint32_t rank) {
    const struct drv_staging *st = drv_staging(d, rank, e->buffer);
    uint64_t end = e->bytes == CHS_REST ? st->bytes : e->offset + e->bytes;
    if (end > st->bytes || e->offset > end)
        end = st->bytes;
    uint64_t offset = e->offset < end ? e->offset : end;
    if (st->at || offset == end)
        drv_compare(d, e->check, &e->content, &d->s->buffers[e->buffer], rank, offset,
                    st->at ? st->at + offset : NULL, end - offset);
}

void drv_watch_start(struct driver *d) {
    watched = d;
}

void drv_watch(uint32_t point_kind, uint32_t point, uint64_t occurrence, const uint64_t *field) {
    struct driver *d = watched;
    for (size_t i = 0; i < d->s->expect_count; i++) {
        const struct chs_expect *e = &d->s->expects[i];
        if (e->kind != CHS_EXPECT_CONTENT ||
            !ctl_match(&e->moment, &d->c->actors[0], point_kind, point, occurrence, field))
            continue;
        /* A point that speaks of one rank is a moment of that rank's buffer only. */
        bool one = has_rank(point_kind, point);
        for (uint32_t rank = 0; rank < d->s->ranks; rank++)
            if (e->ranks >> rank & 1 && (!one || field[0] == rank))
                compare_staging(d, e, rank);
    }
}
