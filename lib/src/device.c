/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device.c - device memory: allocation, the table of extents, and what a pointer may be used for.
 *
 *   D1  Extents are disjoint; an address belongs to at most one.
 *   D2  An entry leaves the table before its memory is unmapped, and enters it after the memory is
 *       there: an address that passes the check is backed.
 *   D3  A refused call changes nothing.
 */
#include "device_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

int chip_device_create(int device_id, const struct chip_device_config *config,
                       struct chip_device **out, struct chip_error *err) {
    if (!out)
        return chip_error_set(err, CHIP_E_VALUE, "out is NULL");
    *out = NULL;
    if (device_id < 0)
        return chip_error_set(err, CHIP_E_VALUE, "device id %d is negative", device_id);
    struct chip_device *dev = calloc(1, sizeof *dev);
    if (!dev)
        return chip_error_set(err, CHIP_E_MEMORY, "no memory for device %d", device_id);
    dev->id = device_id;
    if (config)
        dev->config = *config;
    if (dev->config.capacity == 0)
        dev->config.capacity = CHIP_DEVICE_DEFAULT_CAPACITY;
    *out = dev;
    return CHIP_OK;
}

int chip_device_set(struct chip_device *dev, struct chip_error *err) {
    if (!dev)
        return chip_error_set(err, CHIP_E_VALUE, "the device is NULL");
    dev->set = true;
    return CHIP_OK;
}

int chip_device_id(const struct chip_device *dev) {
    return dev ? dev->id : -1;
}

int chip_device_finalize(struct chip_device *dev, struct chip_error *err) {
    int first = 0;
    if (!dev)
        return CHIP_OK;
    while (dev->count) {
        struct chip__extent last = dev->extents[--dev->count];
        if (last.kind == CHIP__EXTENT_ALLOC &&
            munmap(chip__ptr(last.base), last.nbytes ? last.nbytes : 1) != 0 && !first)
            first = errno;
    }
    int id = dev->id;
    free(dev->extents);
    free(dev);
    return first ? chip_error_sys(err, first, "device %d could not give all memory back", id)
                 : CHIP_OK;
}

int chip__device_ready(const struct chip_device *dev, struct chip_error *err) {
    if (!dev)
        return chip_error_set(err, CHIP_E_VALUE, "the device is NULL");
    if (!dev->set)
        return chip_error_set(err, CHIP_E_STATE, "set_device was not called for device %d",
                              dev->id);
    return CHIP_OK;
}

int chip_device_inject(struct chip_device *dev, enum chip_device_op op, uint64_t nth, int code) {
    if (!dev || (unsigned)op >= CHIP_DEVICE_OP_COUNT || code <= CHIP_OK ||
        code >= CHIP_STATUS_COUNT)
        return CHIP_E_VALUE;
    dev->plan[op].nth = nth;
    dev->plan[op].code = code;
    return CHIP_OK;
}

int chip__device_due(struct chip_device *dev, enum chip_device_op op, struct chip_error *err) {
    static const char *const what[CHIP_DEVICE_OP_COUNT] = {"copy to the device",
                                                           "copy from the device", "allocation"};
    if (dev->plan[op].nth == 0 || --dev->plan[op].nth != 0)
        return CHIP_OK;
    return chip_error_set(err, dev->plan[op].code, "device %d failed a %s (injected)", dev->id,
                          what[op]);
}

/* Index of the first extent whose base is above ptr; the one before it is the only candidate. */
static size_t upper_bound(const struct chip_device *dev, uint64_t ptr) {
    size_t lo = 0;
    size_t hi = dev->count;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (dev->extents[mid].base <= ptr)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* The extent that ptr lies in, or at the very end of; NULL if none. */
static const struct chip__extent *extent_of(const struct chip_device *dev, uint64_t ptr) {
    size_t above = upper_bound(dev, ptr);
    if (above == 0)
        return NULL;
    const struct chip__extent *e = &dev->extents[above - 1];
    return ptr - e->base <= e->nbytes ? e : NULL;
}

static bool was_freed(const struct chip_device *dev, uint64_t ptr) {
    for (size_t i = 0; i < CHIP__FREED_KEPT; i++) {
        if (ptr && dev->freed[i] == ptr)
            return true;
    }
    return false;
}

static int no_extent(const struct chip_device *dev, uint64_t ptr, struct chip_error *err) {
    return chip_error_set(err, CHIP_E_DEVICE, "0x%llx is no memory of device %d%s",
                          (unsigned long long)ptr, dev->id,
                          was_freed(dev, ptr) ? " any more: it was freed" : "");
}

int chip__device_check(const struct chip_device *dev, uint64_t ptr, uint64_t nbytes,
                       struct chip_error *err) {
    const struct chip__extent *e = extent_of(dev, ptr);
    if (!e)
        return no_extent(dev, ptr, err);
    if (!chip__range_ok(ptr - e->base, nbytes, e->nbytes))
        return chip_error_set(err, CHIP_E_DEVICE,
                              "%llu bytes at offset %llu leave the extent of %llu bytes at 0x%llx",
                              (unsigned long long)nbytes, (unsigned long long)(ptr - e->base),
                              (unsigned long long)e->nbytes, (unsigned long long)e->base);
    return CHIP_OK;
}

/* Makes room for one more entry, so that adding it cannot fail. */
static int make_room(struct chip_device *dev, struct chip_error *err) {
    if (dev->count < dev->room)
        return CHIP_OK;
    size_t room = dev->room ? dev->room * 2 : 16;
    struct chip__extent *grown = realloc(dev->extents, room * sizeof *grown);
    if (!grown)
        return chip_error_set(err, CHIP_E_MEMORY, "no memory for the extents of device %d",
                              dev->id);
    dev->extents = grown;
    dev->room = room;
    return CHIP_OK;
}

static bool overlaps(const struct chip_device *dev, uint64_t base, uint64_t nbytes) {
    size_t above = upper_bound(dev, base);
    if (above < dev->count && dev->extents[above].base - base < nbytes)
        return true;
    if (above == 0)
        return false;
    const struct chip__extent *below = &dev->extents[above - 1];
    return below->base == base || base - below->base < below->nbytes;
}

static void insert(struct chip_device *dev, struct chip__extent e) {
    size_t at = upper_bound(dev, e.base);
    CHIP_ASSERT(dev->count < dev->room);
    CHIP_ASSERT(!overlaps(dev, e.base, e.nbytes)); /* D1 */
    memmove(&dev->extents[at + 1], &dev->extents[at], (dev->count - at) * sizeof e);
    dev->extents[at] = e;
    dev->count++;
}

/* Takes out the extent that begins at base; false if there is none of that kind. */
static bool revoke(struct chip_device *dev, uint64_t base, enum chip__extent_kind kind,
                   struct chip__extent *out) {
    size_t above = upper_bound(dev, base);
    if (above == 0 || dev->extents[above - 1].base != base || dev->extents[above - 1].kind != kind)
        return false;
    *out = dev->extents[above - 1];
    memmove(&dev->extents[above - 1], &dev->extents[above],
            (dev->count - above) * sizeof *dev->extents);
    dev->count--;
    return true;
}

int chip_device_malloc(struct chip_device *dev, uint64_t nbytes, uint64_t *ptr_out,
                       struct chip_error *err) {
    int rc = chip__device_ready(dev, err);
    if (rc)
        return rc;
    if (!ptr_out)
        return chip_error_set(err, CHIP_E_VALUE, "ptr_out is NULL");
    if ((rc = chip__device_due(dev, CHIP_DEVICE_OP_MALLOC, err)))
        return rc;
    if (!chip__range_ok(dev->used, nbytes, dev->config.capacity))
        return chip_error_set(err, CHIP_E_MEMORY, "device %d has %llu of %llu bytes left, not %llu",
                              dev->id, (unsigned long long)(dev->config.capacity - dev->used),
                              (unsigned long long)dev->config.capacity, (unsigned long long)nbytes);
    if ((rc = make_room(dev, err)))
        return rc;
    void *p =
        mmap(NULL, nbytes ? nbytes : 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return chip_error_sys(err, errno, "device %d cannot allocate %llu bytes", dev->id,
                              (unsigned long long)nbytes);
    insert(dev, (struct chip__extent){chip__addr(p), nbytes, CHIP__EXTENT_ALLOC});
    dev->used += nbytes;
    for (size_t i = 0; i < CHIP__FREED_KEPT; i++) {
        if (dev->freed[i] == chip__addr(p))
            dev->freed[i] = 0;
    }
    *ptr_out = chip__addr(p);
    return CHIP_OK;
}

/* Says why ptr cannot be freed. */
static int refuse_free(const struct chip_device *dev, uint64_t ptr, struct chip_error *err) {
    const struct chip__extent *e = extent_of(dev, ptr);
    if (was_freed(dev, ptr) && (!e || e->base != ptr))
        return chip_error_set(err, CHIP_E_DEVICE, "double free of 0x%llx on device %d",
                              (unsigned long long)ptr, dev->id);
    if (!e || ptr - e->base == (e->nbytes ? e->nbytes : 1))
        return no_extent(dev, ptr, err);
    if (e->kind == CHIP__EXTENT_WINDOW)
        return chip_error_set(err, CHIP_E_DEVICE, "0x%llx is in a window and cannot be freed",
                              (unsigned long long)ptr);
    return chip_error_set(err, CHIP_E_DEVICE, "0x%llx is inside the allocation at 0x%llx",
                          (unsigned long long)ptr, (unsigned long long)e->base);
}

int chip_device_free(struct chip_device *dev, uint64_t ptr, struct chip_error *err) {
    struct chip__extent e;
    int rc = chip__device_ready(dev, err);
    if (rc)
        return rc;
    if (!revoke(dev, ptr, CHIP__EXTENT_ALLOC, &e))
        return refuse_free(dev, ptr, err);
    dev->used -= e.nbytes;
    dev->freed[dev->freed_next] = ptr;
    dev->freed_next = (dev->freed_next + 1) % CHIP__FREED_KEPT;
    if (munmap(chip__ptr(ptr), e.nbytes ? e.nbytes : 1) != 0)
        return chip_error_sys(err, errno, "device %d cannot give 0x%llx back", dev->id,
                              (unsigned long long)ptr);
    return CHIP_OK;
}

int chip_device_add_window(struct chip_device *dev, uint64_t base, uint64_t nbytes,
                           struct chip_error *err) {
    uint64_t end;
    int rc = chip__device_ready(dev, err);
    if (rc || nbytes == 0)
        return rc;
    if (base == 0 || !chip__add_u64(base, nbytes, &end) || overlaps(dev, base, nbytes))
        return chip_error_set(err, CHIP_E_VALUE, "a window of %llu bytes cannot be at 0x%llx",
                              (unsigned long long)nbytes, (unsigned long long)base);
    if ((rc = make_room(dev, err)))
        return rc;
    insert(dev, (struct chip__extent){base, nbytes, CHIP__EXTENT_WINDOW});
    return CHIP_OK;
}

int chip_device_remove_window(struct chip_device *dev, uint64_t base, struct chip_error *err) {
    struct chip__extent e;
    int rc = chip__device_ready(dev, err);
    if (rc)
        return rc;
    return revoke(dev, base, CHIP__EXTENT_WINDOW, &e) ? CHIP_OK : no_extent(dev, base, err);
}
