/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stacks.c - call stacks by libunwind, each distinct one stored once for the whole run.
 *
 * A stack is stored as module and offset, which mean the same in every process and every run. A
 * cache private to the process, keyed by the raw return addresses, keeps the usual case at one
 * unwind and one compare; it is inherited over fork like the mappings it speaks of.
 */
#define UNW_LOCAL_ONLY
#include "harness/agent/agent.h"

#include <libunwind.h>
#include <link.h>
#include <string.h>
#include <unistd.h>

enum { CACHE = 1024, SKIP = 2 /* unw_backtrace's caller and the agent's entry */ };

struct cached {
    uint32_t id; /* index + 1; 0: empty */
    uint32_t depth;
    uintptr_t pc[CHIP_MAX_FRAMES];
};
static struct cached cache[CACHE];

static uint32_t hash_words(const uint64_t *w, uint32_t n) {
    uint64_t h = 0xcbf29ce484222325ull;
    for (uint32_t i = 0; i < n; i++)
        h = (h ^ w[i]) * 0x100000001b3ull ^ (h >> 29);
    return (uint32_t)(h ^ (h >> 32));
}

struct find {
    uintptr_t pc;
    struct chip_module found;
};

static int find_module(struct dl_phdr_info *info, size_t size, void *arg) {
    struct find *f = arg;
    (void)size;
    uintptr_t end = 0;
    bool inside = false;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        if (p->p_type != PT_LOAD)
            continue;
        uintptr_t lo = info->dlpi_addr + p->p_vaddr;
        if (f->pc >= lo && f->pc < lo + p->p_memsz)
            inside = true;
        if (lo + p->p_memsz > end)
            end = lo + p->p_memsz;
    }
    if (!inside)
        return 0;
    f->found.base = info->dlpi_addr;
    f->found.end = end;
    strncpy(f->found.path, info->dlpi_name, sizeof f->found.path - 1);
    if (!f->found.path[0] && /* the executable itself has no name here */
        readlink("/proc/self/exe", f->found.path, sizeof f->found.path - 1) < 0)
        f->found.path[0] = '?';
    return 1;
}

/* The modules that this process is known to have. Not all of the run's: after an exec another
 * program may lie at the same addresses. Inherited over fork. */
static uint32_t mine[CHIP_MAX_MODULES];
static uint32_t mine_count;

static uint32_t module_row(struct chip_control *c, const struct chip_module *found) {
    for (uint32_t i = 0; i < c->module_count; i++)
        if (c->modules[i].base == found->base && strcmp(c->modules[i].path, found->path) == 0)
            return i;
    if (c->module_count >= CHIP_MAX_MODULES)
        return UINT32_MAX;
    c->modules[c->module_count] = *found;
    return c->module_count++;
}

static uint32_t module_of(uintptr_t pc) {
    struct chip_control *c = agent__.c;
    for (uint32_t i = 0; i < mine_count; i++)
        if (pc >= c->modules[mine[i]].base && pc < c->modules[mine[i]].end)
            return mine[i];
    struct find f = {.pc = pc};
    if (!dl_iterate_phdr(find_module, &f))
        return UINT32_MAX;
    uint32_t row = module_row(c, &f.found);
    if (row != UINT32_MAX && mine_count < CHIP_MAX_MODULES)
        mine[mine_count++] = row;
    return row;
}

static uint32_t store(const uintptr_t *pc, uint32_t depth) {
    struct chip_control *c = agent__.c;
    struct chip_stack s;
    memset(&s, 0, sizeof s);
    s.depth = depth;
    for (uint32_t i = 0; i < depth; i++) {
        s.module[i] = module_of(pc[i]);
        s.offset[i] = s.module[i] == UINT32_MAX ? pc[i] : pc[i] - c->modules[s.module[i]].base;
    }
    s.hash = hash_words(s.offset, depth);
    struct chip_stack *all = chip_control_stacks(c);
    for (uint32_t i = 0; i < c->stack_count; i++)
        if (all[i].hash == s.hash && memcmp(&all[i], &s, sizeof s) == 0)
            return i + 1;
    if (c->stack_count >= CHIP_MAX_STACKS) {
        c->stack_lost++;
        return 0;
    }
    all[c->stack_count] = s;
    return ++c->stack_count;
}

void agent__stack_prepare(void) {
    void *raw[SKIP];
    unw_backtrace(raw, SKIP);
}

uint32_t agent__stack(void) {
    void *raw[CHIP_MAX_FRAMES + SKIP];
    if (agent__.c->quiet)
        return 0;
    int n = unw_backtrace(raw, CHIP_MAX_FRAMES + SKIP);
    if (n <= SKIP)
        return 0;
    uint32_t depth = (uint32_t)n - SKIP;
    uint64_t words[CHIP_MAX_FRAMES];
    for (uint32_t i = 0; i < depth; i++)
        words[i] = (uintptr_t)raw[i + SKIP];
    struct cached *e = &cache[hash_words(words, depth) % CACHE];
    if (e->id && e->depth == depth && memcmp(e->pc, words, depth * sizeof words[0]) == 0)
        return e->id;
    e->depth = depth;
    memcpy(e->pc, words, depth * sizeof words[0]);
    e->id = store(e->pc, depth);
    return e->id;
}
