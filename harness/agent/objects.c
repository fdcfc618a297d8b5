/* SPDX-License-Identifier: Apache-2.0 */
/*
 * objects.c - which shared object, and where in it, an address of this process is.
 *
 * A mapping of a shared object sits at another address in each process; (object, offset) is the
 * same for all. Objects are numbered in the order of their first sight, which the turn makes the
 * same in every run. The table of mappings is private to the process and inherited over fork, as
 * the mappings are.
 */
#include "harness/agent/agent.h"
#include "faults/shim/hooks.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { MAPPINGS = 512 };
#define PRIVATE_OBJECT AGENT_PRIVATE_OBJECT

struct mapping {
    uintptr_t lo;
    uintptr_t hi;
    uint64_t offset;
    uint32_t object;
};
static struct mapping mappings[MAPPINGS];
static uint32_t mapping_count;
AGENT_EXPORT struct chipharness_gate chipharness_gate;

static uint32_t object_new(uint64_t dev, uint64_t ino, uint64_t bytes, const char *name) {
    struct chip_control *c = agent__.c;
    if (c->object_count >= CHIP_MAX_OBJECTS) {
        c->overfull = CHIP_MAX_OBJECTS;
        ctl_end(c, CHIP_OUT_OVERFULL);
        return PRIVATE_OBJECT;
    }
    struct chip_object *o = &c->objects[c->object_count];
    o->dev = dev;
    o->ino = ino;
    o->bytes = bytes;
    snprintf(o->name, sizeof o->name, "%s", name);
    return c->object_count++;
}

static uint32_t object_of(const struct stat *st) {
    struct chip_control *c = agent__.c;
    for (uint32_t i = c->object_count; i-- > 0;)
        if (c->objects[i].dev == st->st_dev && c->objects[i].ino == st->st_ino)
            return i;
    return object_new(st->st_dev, st->st_ino, (uint64_t)st->st_size, "file");
}

/* The table is sorted by address, and its entries do not overlap. */
static void insert(uint32_t at, struct mapping m) {
    if (mapping_count >= MAPPINGS)
        return;
    memmove(&mappings[at + 1], &mappings[at], (mapping_count - at) * sizeof m);
    mappings[at] = m;
    mapping_count++;
}

/* The first mapping that ends after p. */
static uint32_t first_after(uintptr_t p) {
    uint32_t lo = 0, hi = mapping_count;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (mappings[mid].hi <= p)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static bool several_threads;

/* Private memory is shared where the process has several threads. */
static void gate_update(void) {
    uintptr_t lo = 0, hi = 0;
    if (several_threads) {
        hi = UINTPTR_MAX;
    } else if (mapping_count) {
        lo = mappings[0].lo;
        hi = mappings[mapping_count - 1].hi;
    }
    chipharness_gate = (struct chipharness_gate){lo, hi - lo};
}

bool agent__is_threaded(void) {
    return several_threads;
}

void agent__several_threads(bool several) {
    several_threads = several;
    gate_update();
}

void chipharness_unmapped(void *at, size_t bytes) {
    uintptr_t lo = (uintptr_t)at, hi = lo + bytes;
    if (!agent__.c || agent__depth)
        return;
    for (uint32_t i = first_after(lo); i < mapping_count && mappings[i].lo < hi;) {
        struct mapping *m = &mappings[i], rest = *m;
        if (lo > m->lo) {
            m->hi = lo; /* what lies before stays */
            i++;
        } else {
            memmove(m, m + 1, (--mapping_count - i) * sizeof *m);
        }
        if (rest.hi > hi) {
            rest.offset += hi - rest.lo;
            rest.lo = hi;
            insert(i, rest);
            break;
        }
    }
    gate_update();
}

int64_t chipharness_mapped(void *at, size_t bytes, int flags, int fd, off_t offset) {
    if (!agent__.c || agent__depth)
        return -1;
    chipharness_unmapped(at, bytes); /* MAP_FIXED replaces */
    int type = flags & MAP_TYPE;
    if (type != MAP_SHARED && type != MAP_SHARED_VALIDATE)
        return -1;
    struct agent_in in = agent__enter();
    uint32_t object;
    struct stat st;
    if (flags & MAP_ANONYMOUS)
        object = object_new(0, 0, bytes, "anonymous");
    else if (fstat(fd, &st) == 0)
        object = object_of(&st);
    else
        object = PRIVATE_OBJECT;
    uintptr_t lo = (uintptr_t)at;
    if (object < PRIVATE_OBJECT)
        insert(first_after(lo), (struct mapping){lo, lo + bytes, (uint64_t)offset, object});
    gate_update();
    agent__leave(in);
    return object < PRIVATE_OBJECT ? (int64_t)object : -1;
}

void chipharness_remapped(void *from, size_t old_bytes, void *to, size_t bytes) {
    uintptr_t lo = (uintptr_t)to;
    if (!agent__.c || agent__depth)
        return;
    uint32_t i = first_after((uintptr_t)from);
    bool shared = i < mapping_count && mappings[i].lo <= (uintptr_t)from;
    struct mapping moved = {.lo = lo, .hi = lo + bytes};
    if (shared) {
        moved.object = mappings[i].object;
        moved.offset = mappings[i].offset + ((uintptr_t)from - mappings[i].lo);
    }
    chipharness_unmapped(from, old_bytes);
    chipharness_unmapped(to, bytes);
    if (shared)
        insert(first_after(lo), moved);
    gate_update();
}

/* No device has this number. */
#define SYSTEM_V UINT64_MAX

void chipharness_attached(void *at, size_t bytes, int id) {
    struct chip_control *c = agent__.c;
    uintptr_t lo = (uintptr_t)at;
    uint32_t object = 0;
    if (!c || agent__depth)
        return;
    chipharness_unmapped(at, bytes);
    struct agent_in in = agent__enter();
    while (object < c->object_count &&
           (c->objects[object].dev != SYSTEM_V || c->objects[object].ino != (uint64_t)id))
        object++;
    if (object == c->object_count)
        object = object_new(SYSTEM_V, (uint64_t)id, bytes, "System V");
    if (object < PRIVATE_OBJECT)
        insert(first_after(lo), (struct mapping){lo, lo + bytes, 0, object});
    gate_update();
    agent__leave(in);
}

void chipharness_detached(const void *at) {
    uint32_t i = first_after((uintptr_t)at);
    if (agent__.c && !agent__depth && i < mapping_count && mappings[i].lo == (uintptr_t)at)
        chipharness_unmapped((void *)(uintptr_t)at, mappings[i].hi - mappings[i].lo);
}

void agent__locate(const void *at, uint32_t *object, uint64_t *offset) {
    static uint32_t last;
    uintptr_t p = (uintptr_t)at;
    if (last >= mapping_count || p < mappings[last].lo || p >= mappings[last].hi)
        last = first_after(p);
    if (last < mapping_count && p >= mappings[last].lo) {
        *object = mappings[last].object;
        *offset = mappings[last].offset + (p - mappings[last].lo);
        return;
    }
    *object = PRIVATE_OBJECT + (agent__self ? agent__actor()->process : 0);
    *offset = p;
}

const char *chipharness_segment_name(const char *name, char *buf, size_t bytes) {
    if (!agent__.c || agent__depth || name[0] != '/')
        return name;
    int n = snprintf(buf, bytes, "/" CHIP_SEGMENT_PREFIX "%016llx-%s",
                     (unsigned long long)agent__.c->run_id, name + 1);
    return n > 0 && (size_t)n < bytes ? buf : name;
}

void chipharness_segment_made(const char *name, int fd) {
    struct chip_control *c = agent__.c;
    struct stat st;
    if (!c || agent__depth)
        return;
    struct agent_in in = agent__enter();
    if (fstat(fd, &st) == 0) {
        bool known = false;
        for (uint32_t i = 0; i < c->segment_count; i++)
            known |= c->segments[i].ino == st.st_ino && strcmp(c->segments[i].name, name) == 0;
        if (!known && c->segment_count < CHIP_MAX_SEGMENTS) {
            struct chip_segment *s = &c->segments[c->segment_count];
            s->creator = agent__self ? agent__self - 1 : CHIP_NO_ACTOR;
            s->ino = st.st_ino;
            snprintf(s->name, sizeof s->name, "%s", name);
            object_new(st.st_dev, st.st_ino, 0, name);
            s->state = 1;
            c->segment_count++;
        } else if (!known) {
            c->overfull = CHIP_MAX_SEGMENTS;
            ctl_end(c, CHIP_OUT_OVERFULL);
        }
    }
    agent__leave(in);
}

void chipharness_segment_gone(const char *name) {
    struct chip_control *c = agent__.c;
    if (!c || agent__depth)
        return;
    for (uint32_t i = c->segment_count; i-- > 0;) {
        struct chip_segment *s = &c->segments[i];
        if (s->state == 1 && strcmp(s->name, name) == 0) {
            s->state = 2;
            return;
        }
    }
}
