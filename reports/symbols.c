/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols.c - addresses to functions and lines, by libdw, after the run.
 *
 * Addresses are return addresses; the call is the instruction before, so every look-up is at
 * offset - 1, except for the address at which a crash happened. What libdw cannot say (no debug
 * information, the file is gone) stays module+offset.
 */
#include "reports/internal.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { INLINE_MAX = 8, BUCKETS = 1024 };

struct module {
    char *path;
    Dwfl *dwfl;
    Dwfl_Module *mod; /* NULL: the file cannot be read */
    struct module *next;
};

struct place {
    const struct module *module;
    uint64_t offset;
    size_t count;
    struct chr_frame frames[INLINE_MAX];
    struct place *next;
};

struct chr_symbols {
    struct module *modules;
    struct place *places[BUCKETS];
};

/* dwfl_build_id_find_debuginfo looks into the debug folders only; the standard one would also ask
 * a debuginfod server, and a report must not wait for a network. */
static const Dwfl_Callbacks callbacks = {
    .find_elf = dwfl_build_id_find_elf,
    .find_debuginfo = dwfl_build_id_find_debuginfo,
    .section_address = dwfl_offline_section_address,
};

struct chr_symbols *chr_symbols_new(void) {
    return calloc(1, sizeof(struct chr_symbols));
}

void chr_symbols_free(struct chr_symbols *sym) {
    if (!sym)
        return;
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct place *p = sym->places[i], *next; p; p = next) {
            next = p->next;
            free(p);
        }
    for (struct module *m = sym->modules, *next; m; m = next) {
        next = m->next;
        if (m->dwfl)
            dwfl_end(m->dwfl);
        free(m->path);
        free(m);
    }
    free(sym);
}

static struct module *find_module(struct chr_symbols *sym, const char *path) {
    for (struct module *m = sym->modules; m; m = m->next)
        if (strcmp(m->path, path) == 0)
            return m;
    struct module *m = calloc(1, sizeof *m);
    if (!m || !(m->path = strdup(path))) {
        free(m);
        return NULL;
    }
    m->dwfl = dwfl_begin(&callbacks);
    if (m->dwfl) {
        dwfl_report_begin(m->dwfl);
        m->mod = dwfl_report_elf(m->dwfl, path, path, -1, 0, true);
        dwfl_report_end(m->dwfl, NULL, NULL);
    }
    m->next = sym->modules;
    sym->modules = m;
    return m;
}

static bool starts(const char *s, const char *prefix) {
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

const char *chr_source_path(const char *path) {
    static const char *const roots[] = {"/lib/src/", "/lib/include/", "/harness/",  "/faults/",
                                        "/reports/", "/tests/",       "/scenarios/"};
    const char *best = NULL;
    for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++)
        for (const char *p = path; (p = strstr(p, roots[i])); p++)
            if (!best || p > best)
                best = p;
    if (best)
        return best + 1;
    for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++)
        if (starts(path, roots[i] + 1))
            return path;
    /* Elsewhere: the last folder and the name. */
    if (path[0] != '/')
        return starts(path, "./") ? path + 2 : path;
    const char *name = chr__basename(path);
    const char *p = name - 1;
    while (p > path && p[-1] != '/')
        p--;
    return p > path ? p : name;
}

static bool is_own(const char *module) {
    return starts(module, "libchipagent") || starts(module, "libchipshim") ||
           starts(module, "libchiptsan");
}

static bool is_system(const char *module) {
    return starts(module, "libc.so") || starts(module, "libc-") || starts(module, "ld-linux") ||
           starts(module, "libpthread") || starts(module, "[vdso]");
}

/* The unit that holds addr. clang writes no .debug_aranges, so ask every unit if need be. */
static Dwarf_Die *find_unit(Dwfl_Module *mod, Dwarf_Addr addr, Dwarf_Addr *bias) {
    Dwarf_Die *unit = dwfl_module_addrdie(mod, addr, bias);
    if (unit)
        return unit;
    while ((unit = dwfl_module_nextcu(mod, unit, bias)))
        if (dwarf_haspc(unit, addr - *bias) == 1)
            return unit;
    return NULL;
}

static const char *die_name(Dwarf_Die *die) {
    Dwarf_Attribute attr;
    const char *name = dwarf_formstring(dwarf_attr_integrate(die, DW_AT_name, &attr));
    return name ? name : dwarf_diename(die);
}

/* Where the body of an inlined die was called from: place of the next frame outwards. */
static void call_site(Dwarf_Die *unit, Dwarf_Die *die, struct chr_frame *frame) {
    Dwarf_Attribute attr;
    Dwarf_Word value;
    Dwarf_Files *files;
    size_t count;
    frame->file = NULL;
    frame->line = 0;
    if (dwarf_formudata(dwarf_attr(die, DW_AT_call_line, &attr), &value) == 0)
        frame->line = (int)value;
    if (dwarf_formudata(dwarf_attr(die, DW_AT_call_file, &attr), &value) == 0 &&
        dwarf_getsrcfiles(unit, &files, &count) == 0) {
        const char *file = dwarf_filesrc(files, value, NULL, NULL);
        frame->file = file ? chr_source_path(file) : NULL;
    }
}

/* The scopes around pc, innermost first, as they nest in the code (not in the source). */
static int scopes_of(Dwarf_Die *unit, Dwarf_Addr pc, Dwarf_Die **scopes) {
    Dwarf_Die *inner = NULL;
    int n = dwarf_getscopes(unit, pc, &inner);
    if (n <= 0)
        return 0;
    n = dwarf_getscopes_die(&inner[0], scopes);
    free(inner);
    return n;
}

static size_t name_frames(Dwarf_Die *unit, Dwarf_Addr pc, struct chr_frame *frames) {
    Dwarf_Die *scopes = NULL;
    int n = scopes_of(unit, pc, &scopes);
    size_t at = 0;
    bool done = false;
    for (int i = 0; i < n && !done; i++) {
        int tag = dwarf_tag(&scopes[i]);
        if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_subprogram)
            continue;
        frames[at].function = die_name(&scopes[i]);
        done = tag == DW_TAG_subprogram || at + 1 == INLINE_MAX;
        if (!done) {
            frames[at + 1] = frames[at];
            frames[at].inlined = true;
            call_site(unit, &scopes[i], &frames[++at]);
        }
    }
    free(scopes);
    return at + 1;
}

static void look_up(struct place *p) {
    Dwfl_Module *mod = p->module->mod;
    GElf_Addr elf_bias = 0;
    if (!mod || !dwfl_module_getelf(mod, &elf_bias) || p->offset == 0)
        return;
    Dwarf_Addr addr = p->offset - 1 + elf_bias, bias = 0;
    GElf_Off within;
    GElf_Sym symbol;
    p->frames[0].function = dwfl_module_addrinfo(mod, addr, &within, &symbol, NULL, NULL, NULL);
    Dwarf_Die *unit = find_unit(mod, addr, &bias);
    if (!unit)
        return;
    Dwarf_Line *line = dwarf_getsrc_die(unit, addr - bias);
    if (line) {
        const char *file = dwarf_linesrc(line, NULL, NULL);
        p->frames[0].file = file ? chr_source_path(file) : NULL;
        dwarf_lineno(line, &p->frames[0].line);
    }
    p->count = name_frames(unit, addr - bias, p->frames);
}

static struct place *find_place(struct chr_symbols *sym, const char *path, uint64_t offset) {
    const struct module *module = find_module(sym, path);
    if (!module)
        return NULL;
    struct place **bucket = &sym->places[(offset ^ (uintptr_t)module >> 4) % BUCKETS];
    for (struct place *p = *bucket; p; p = p->next)
        if (p->module == module && p->offset == offset)
            return p;
    struct place *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->module = module;
    p->offset = offset;
    p->count = 1;
    const char *name = chr__basename(module->path);
    p->frames[0] = (struct chr_frame){
        .module = name, .offset = offset, .own = is_own(name), .system = is_system(name)};
    look_up(p);
    p->next = *bucket;
    *bucket = p;
    return p;
}

size_t chr_symbols_look(struct chr_symbols *sym, const char *module_path, uint64_t offset,
                        struct chr_frame *frames, size_t max) {
    const struct place *p = find_place(sym, module_path, offset);
    if (!p) {
        frames[0] = (struct chr_frame){.module = "?", .offset = offset};
        return 1;
    }
    size_t n = p->count < max ? p->count : max;
    memcpy(frames, p->frames, n * sizeof frames[0]);
    return n;
}

/* Frame i of a stack, as one or more frames. At a crash's innermost one stands the address that
 * failed; all others are return addresses. */
static size_t one_frame(struct chr_symbols *sym, const struct chr_recording *rec,
                        const struct chip_stack *s, uint32_t i, bool failed,
                        struct chr_frame *frames, size_t max) {
    uint64_t offset = s->offset[i];
    if (s->module[i] >= rec->control->module_count) {
        frames[0] = (struct chr_frame){.module = "?", .offset = offset};
        return 1;
    }
    const struct chip_module *m = &rec->control->modules[s->module[i]];
    char path[sizeof m->path + 1];
    snprintf(path, sizeof path, "%.*s", (int)sizeof m->path, m->path);
    size_t n = chr_symbols_look(sym, path, offset + failed, frames, max);
    for (size_t k = 0; k < n; k++)
        frames[k].offset = offset;
    return n;
}

static size_t stack_frames(struct chr_symbols *sym, const struct chr_recording *rec,
                           const struct chip_stack *s, bool crash, uint32_t depth,
                           struct chr_frame *frames, size_t max) {
    size_t n = 0;
    bool trampoline = crash, failed = crash;
    for (uint32_t i = 0; i < depth && n < max; i++) {
        size_t more = one_frame(sym, rec, s, i, failed, frames + n, max - n);
        if (n == 0 && frames[0].own)
            continue;
        /* The handler was entered through a frame of libc that no code of the subject called. */
        if (trampoline && frames[n].system) {
            trampoline = false;
            continue;
        }
        trampoline = failed = false;
        n += more;
    }
    return n;
}

size_t chr_symbols_stack(struct chr_symbols *sym, const struct chr_recording *rec, uint32_t stack,
                         struct chr_frame *frames, size_t max) {
    const struct chip_stack *s = chr_stack(rec, stack);
    return s ? stack_frames(sym, rec, s, false, s->depth, frames, max) : 0;
}

size_t chr__symbols_part(struct chr_symbols *sym, const struct chr_recording *rec, uint32_t stack,
                         bool crash, uint32_t without, struct chr_frame *frames, size_t max) {
    const struct chip_stack *s = chr_stack(rec, stack);
    if (!s)
        return 0;
    return stack_frames(sym, rec, s, crash, without < s->depth ? s->depth - without : 0, frames,
                        max);
}

static bool first_user(const struct chr_frame *frames, size_t n, struct chr_frame *frame) {
    for (size_t i = 0; i < n; i++)
        if (!frames[i].own && !frames[i].system) {
            *frame = frames[i];
            return true;
        }
    return false;
}

bool chr_symbols_user_frame(struct chr_symbols *sym, const struct chr_recording *rec,
                            uint32_t stack, struct chr_frame *frame) {
    struct chr_frame frames[CHIP_MAX_FRAMES];
    return first_user(frames, chr_symbols_stack(sym, rec, stack, frames, CHIP_MAX_FRAMES), frame);
}

bool chr__event_frame(struct chr_symbols *sym, const struct chr_recording *rec,
                      const struct chip_event *ev, struct chr_frame *frame) {
    struct chr_frame frames[CHIP_MAX_FRAMES];
    bool crash = ev->kind == CHIP_EV_CRASH;
    size_t n = chr__symbols_part(sym, rec, ev->stack, crash, 0, frames, CHIP_MAX_FRAMES);
    return first_user(frames, n, frame);
}

const char *chr_frame_text(const struct chr_frame *frame, char buf[CHR_TEXT_LEN]) {
    size_t n = 0;
    if (frame->function)
        n = chr__append(buf, CHR_TEXT_LEN, 0, "%s ", frame->function);
    if (frame->file && frame->line > 0)
        n = chr__append(buf, CHR_TEXT_LEN, n, "%s:%d", frame->file, frame->line);
    else
        n = chr__append(buf, CHR_TEXT_LEN, n, "%s+0x%" PRIx64, frame->module, frame->offset);
    if (frame->inlined)
        chr__append(buf, CHR_TEXT_LEN, n, " (inlined)");
    return buf;
}
