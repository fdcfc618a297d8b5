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

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { MAPPINGS = 512 };
#define PRIVATE_OBJECT 0xffff0000u /* + actor: memory that no other process can reach */

struct mapping {
    uintptr_t lo;
    uintptr_t hi;
    uint64_t offset;
    uint32_t object;
};
static struct mapping mappings[MAPPINGS];
static uint32_t mapping_count;

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

void chipharness_unmapped(void *at, size_t bytes) {
    uintptr_t lo = (uintptr_t)at, hi = lo + bytes;
    if (!agent__.c || agent__depth)
        return;
    for (uint32_t i = 0; i < mapping_count;) {
        struct mapping *m = &mappings[i];
        if (hi <= m->lo || lo >= m->hi) {
            i++;
        } else if (lo <= m->lo && hi >= m->hi) {
            *m = mappings[--mapping_count];
        } else if (lo <= m->lo) {
            m->offset += hi - m->lo;
            m->lo = hi;
            i++;
        } else {
            struct mapping rest = {hi, m->hi, m->offset + (hi - m->lo), m->object};
            m->hi = lo;
            if (rest.lo < rest.hi && mapping_count < MAPPINGS)
                mappings[mapping_count++] = rest;
            i++;
        }
    }
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
    if (object < PRIVATE_OBJECT && mapping_count < MAPPINGS)
        mappings[mapping_count++] =
            (struct mapping){(uintptr_t)at, (uintptr_t)at + bytes, (uint64_t)offset, object};
    agent__leave(in);
    return object < PRIVATE_OBJECT ? (int64_t)object : -1;
}

void agent__locate(const void *at, uint32_t *object, uint64_t *offset) {
    uintptr_t p = (uintptr_t)at;
    for (uint32_t i = 0; i < mapping_count; i++) {
        if (p >= mappings[i].lo && p < mappings[i].hi) {
            *object = mappings[i].object;
            *offset = mappings[i].offset + (p - mappings[i].lo);
            return;
        }
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
