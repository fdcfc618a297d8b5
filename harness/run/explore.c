/* SPDX-License-Identifier: Apache-2.0 */
/* explore.c - see explore.h: the worker's side. */
#include "harness/run/explore.h"
#include "harness/control/control.h"
#include "harness/run/tree.h"
#include "harness/run/zygote.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_KNOWN = 256 };

struct worker {
    const struct explore_plan *plan;
    struct chs_scenario s;
    struct run_zygote *zygote; /* NULL: a new driver for each schedule */
    struct tree *tree;         /* of dfs */
    uint64_t steps;            /* of schedule 0, which pct measures by */
    uint64_t known[MAX_KNOWN]; /* fingerprints told of */
    size_t known_count;
    int fd;
    int output_fd; /* of programs of the user's own: nobody reads it. 0: none */
};

uint64_t explore_seed(const struct explore_plan *plan, uint64_t index) {
    uint64_t state = plan->seed + index * 0xd1342543de82ef95ull;
    return index == 0 ? plan->seed : ctl_random(&state);
}

/* ---- what a schedule came to ---- */

static uint64_t mix(uint64_t h, uint64_t v) {
    h = (h ^ v) * 0x9e3779b97f4a7c15ull;
    return h ^ h >> 32;
}

static uint64_t mix_text(uint64_t h, const char *text) {
    for (; text && *text; text++)
        h = mix(h, (unsigned char)*text);
    return h;
}

static uint64_t mix_actor(uint64_t h, const struct chip_actor *a) {
    return mix(mix(mix(h, a->kind), a->index), a->incarnation);
}

uint64_t explore_behaviour(const struct chr_recording *rec) {
    uint64_t h = 1;
    for (size_t i = 0; i < chr_event_count(rec); i++) {
        const struct chip_event *e = chr_event(rec, i);
        if (e->kind != CHIP_EV_POINT)
            continue;
        h = mix(mix_actor(h, &chr_control(rec)->actors[e->actor]), e->point);
        for (int k = 0; k < CHIP_MATCH_FIELDS; k++)
            h = mix(h, e->f[k]);
    }
    return h;
}

/* A hang is where everybody is; a loop that passes a limit is found anywhere. */
static uint64_t mix_places(uint64_t h, const struct chip_control *c) {
    for (uint32_t i = 0; i < c->actor_count; i++) {
        const struct chip_actor *a = &c->actors[i];
        bool waits = a->state == CHIP_STATE_WAITING;
        if (a->state != CHIP_STATE_DEAD)
            h = mix(mix(mix_actor(h, a), waits ? a->wait_kind : a->point_kind),
                    waits ? 0 : a->point);
    }
    return h;
}

uint64_t explore_fingerprint(const struct judgement *j, const struct chr_recording *rec) {
    if (j->count == 0 || j->verdicts[0] == CHS_VERDICT_VACUOUS)
        return 0;
    const struct chr_finding *f = &j->findings[0];
    uint64_t h = mix_text(mix(1, (uint64_t)j->verdicts[0]), f->expectation);
    h = mix(h, f->line);
    if (!rec)
        return h | 1;
    for (int i = 0; i < 2; i++) {
        size_t at = f->seq[i] == CHR_NO_SEQ ? SIZE_MAX : chr_event_index(rec, f->seq[i]);
        if (at == SIZE_MAX)
            continue;
        const struct chip_event *e = chr_event(rec, at);
        h = mix(mix(mix_actor(h, &chr_control(rec)->actors[e->actor]), e->kind), e->point);
    }
    if (j->verdicts[0] == CHS_VERDICT_HANG && chr_control(rec)->outcome == CHIP_OUT_HANG)
        h = mix_places(h, chr_control(rec));
    return h | 1;
}

/* ---- telling ---- */

static void tell(const struct worker *w, const struct explore_record *r,
                 const struct chip_choice *choices) {
    const struct {
        const void *at;
        size_t bytes;
    } parts[] = {{r, sizeof *r}, {choices, r->choice_count * sizeof *choices}};
    for (int i = 0; i < 2; i++) {
        for (size_t done = 0; done < parts[i].bytes;) {
            ssize_t n = write(w->fd, (const char *)parts[i].at + done, parts[i].bytes - done);
            if (n < 0 && errno == EINTR && !run_interrupted())
                continue;
            if (n < 0) { /* nobody wants to know any more */
                run_zygote_close(w->zygote);
                guardian_stop();
                _exit(0);
            }
            done += (size_t)n;
        }
    }
}

static void tell_trouble(const struct worker *w, uint64_t index, const char *text) {
    struct explore_record r = {.note = EXPLORE_TROUBLE, .index = index};
    snprintf(r.text, sizeof r.text, "%.*s", (int)sizeof r.text - 1, text);
    tell(w, &r, NULL);
}

static bool is_known(struct worker *w, uint64_t fingerprint) {
    for (size_t i = 0; i < w->known_count; i++)
        if (w->known[i] == fingerprint)
            return true;
    if (w->known_count < MAX_KNOWN)
        w->known[w->known_count++] = fingerprint;
    return false;
}

/* ---- one schedule ---- */

static void choose_strategy(const struct worker *w, uint64_t index, struct run_request *q) {
    const struct explore_plan *p = w->plan;
    int strategy = p->strategy;
    q->depth = p->depth;
    if (strategy == EXPLORE_PORTFOLIO) {
        static const int turn[] = {EXPLORE_RANDOM, EXPLORE_PCT, EXPLORE_POS, EXPLORE_PCT};
        strategy = turn[index % 4];
        q->depth += index % 4 == 3;
    }
    /* The first is a walk in any case: it tells pct how long a run is. */
    if (strategy == EXPLORE_PCT && index > 0) {
        q->strategy = CHIP_STRATEGY_PCT;
        q->steps = w->steps;
    } else if (strategy == EXPLORE_POS) {
        q->strategy = CHIP_STRATEGY_POS;
    } else if (strategy == EXPLORE_DFS) {
        q->strategy = CHIP_STRATEGY_DFS;
        q->choices = tree_prefix(w->tree, &q->choice_count);
    }
}

static int make(struct worker *w, uint64_t index, struct run_record *record,
                struct chip_error *err) {
    struct run_request q = {.where = w->plan->where,
                            .scenario = &w->s,
                            .variant = w->plan->variant,
                            .scenario_fd = w->plan->file->fd,
                            .defect = w->plan->defect,
                            .seed = explore_seed(w->plan, index),
                            .quiet = true,
                            .output_fd = w->output_fd};
    choose_strategy(w, index, &q);
    int r = w->zygote ? run_zygote_run(w->zygote, &q, record, err) : run_once(&q, record, err);
    if (!r && index == 0)
        w->steps = record->control->steps;
    return r;
}

static void judge_and_tell(struct worker *w, uint64_t index, const struct run_record *record) {
    struct chip_control *c = record->control;
    struct chr_recording *rec = NULL;
    struct judgement j;
    chr_recording_open(c, record->bytes, &rec, NULL);
    judge(&w->s, record, rec, 0, &j);
    struct explore_record r = {.index = index,
                               .seed = explore_seed(w->plan, index),
                               .behaviour = rec ? explore_behaviour(rec) : 0,
                               .fingerprint = explore_fingerprint(&j, rec),
                               .steps = c->steps,
                               .verdict = judgement_verdict(&j)};
    if (r.fingerprint && !is_known(w, r.fingerprint))
        r.choice_count = (uint32_t)c->choice_count;
    tell(w, &r, chip_control_choices(c));
    judgement_free(&j);
    chr_recording_close(rec);
}

/* dfs: true if the tree has another path; tells if not. */
static bool next_path(struct worker *w, uint64_t index, struct chip_control *c) {
    if (c->outcome == CHIP_OUT_DIVERGED) {
        tell_trouble(w, index, "the same choices did not lead to the same points");
        return false;
    }
    if (tree_learn(w->tree, chip_control_choices(c), chip_control_options(c), c->choice_count))
        return true;
    struct explore_record r = {.note = tree_pruned(w->tree) ? EXPLORE_PRUNED : EXPLORE_EXHAUSTED,
                               .index = index};
    tell(w, &r, NULL);
    return false;
}

static void work(struct worker *w, unsigned number) {
    bool measures = w->plan->strategy == EXPLORE_PCT || w->plan->strategy == EXPLORE_PORTFOLIO;
    uint64_t first = number > 0 && measures ? 0 : number;
    for (uint64_t i = first; !run_interrupted(); i = i < number ? number : i + w->plan->jobs) {
        struct run_record record;
        struct chip_error err = {0};
        if (make(w, i, &record, &err)) {
            tell_trouble(w, i, err.text);
            return;
        }
        if (run_interrupted())
            return;
        bool more = true;
        if (i >= number)
            judge_and_tell(w, i, &record);
        if (w->tree)
            more = next_path(w, i, record.control);
        if (!w->zygote)
            run_record_free(&record);
        if (!more)
            return;
    }
}

/* ---- the process ---- */

/* Workers side by side on processors of their own, as far as there are any. */
static void pin(unsigned number) {
    cpu_set_t all, one;
    if (sched_getaffinity(0, sizeof all, &all) != 0)
        return;
    unsigned skip = number % (unsigned)CPU_COUNT(&all);
    for (size_t cpu = CPU_SETSIZE; cpu-- > 0;) {
        if (!CPU_ISSET(cpu, &all) || skip-- > 0)
            continue;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        sched_setaffinity(0, sizeof one, &one);
        return;
    }
}

/* The other workers' pipes above all: while we hold their ends they would not notice that nobody
 * reads any more (X3). */
static void keep_only(int a, int b) {
    unsigned low = (unsigned)(a < b ? a : b), high = (unsigned)(a < b ? b : a);
    if (low > 3)
        syscall(SYS_close_range, 3u, low - 1, 0);
    if (high > low + 1)
        syscall(SYS_close_range, low + 1, high - 1, 0);
    syscall(SYS_close_range, high + 1, ~0u, 0);
}

static void worker_main(const struct explore_plan *plan, unsigned number, int fd) {
    struct worker w = {.plan = plan, .fd = fd, .s = *chs_variant(plan->file->file, plan->variant)};
    struct chip_error err = {0};
    signal(SIGPIPE, SIG_IGN);
    guardian_forget();
    keep_only(fd, plan->file->fd < 0 ? fd : plan->file->fd);
    if (plan->jobs > 1)
        pin(number);
    if (!plan->script)
        w.s.hold_count = 0;
    if (plan->fresh && chs_own_program(&w.s))
        w.output_fd = memfd_create("output", MFD_CLOEXEC);
    struct run_request q = {.where = plan->where,
                            .scenario = &w.s,
                            .variant = plan->variant,
                            .scenario_fd = plan->file->fd,
                            .defect = plan->defect,
                            .quiet = true};
    if (plan->strategy == EXPLORE_DFS && !(w.tree = tree_new(plan->bound)))
        tell_trouble(&w, 0, "out of memory");
    else if (!plan->fresh && run_zygote_open(&q, &w.zygote, &err))
        tell_trouble(&w, number, err.text);
    else
        work(&w, number);
    run_zygote_close(w.zygote);
    tree_free(w.tree);
    guardian_stop();
}

int explore_start(const struct explore_plan *plan, unsigned number, pid_t *pid, int *fd,
                  struct chip_error *err) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return chip_error_sys(err, errno, "pipe2");
    *pid = fork();
    if (*pid == 0) {
        close(ends[0]);
        worker_main(plan, number, ends[1]);
        _exit(0);
    }
    close(ends[1]);
    *fd = ends[0];
    if (*pid > 0)
        return CHIP_OK;
    close(ends[0]);
    return chip_error_sys(err, errno, "cannot fork a worker");
}

void explore_stop(pid_t pid, int fd) {
    close(fd);
    kill(pid, SIGTERM); /* it may be in the middle of a long run (run_interrupted()) */
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
    }
}
