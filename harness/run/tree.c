/* SPDX-License-Identifier: Apache-2.0 */
/* tree.c - see tree.h. Only the current path is kept. */
#include "harness/run/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tree {
    uint32_t bound;
    bool pruned;
    size_t depth, room;
    struct chip_choice *choices; /* of the path */
    struct chip_option *todo;    /* of each: alternatives not yet gone */
};

struct tree *tree_new(uint32_t bound) {
    struct tree *t = calloc(1, sizeof *t);
    if (t)
        t->bound = bound;
    return t;
}

void tree_free(struct tree *t) {
    if (!t)
        return;
    free(t->choices);
    free(t->todo);
    free(t);
}

const struct chip_choice *tree_prefix(const struct tree *t, size_t *count) {
    static const struct chip_choice none;
    *count = t->depth;
    return t->depth ? t->choices : &none;
}

bool tree_pruned(const struct tree *t) {
    return t->pruned;
}

static bool has(const struct chip_option *o, uint32_t actor) {
    return o->mask[actor / 64] >> actor % 64 & 1;
}

static void drop(struct chip_option *o, uint32_t actor) {
    o->mask[actor / 64] &= ~(1ull << actor % 64);
}

static bool preempts(const struct chip_choice *c, const struct chip_option *o, uint32_t to) {
    bool yields = c->point_kind == CHIP_KIND_CALL && c->point == CHIP_CALL_sched_yield;
    return to != c->from && has(o, c->from) && !yields;
}

static void grow(struct tree *t, size_t count) {
    if (count <= t->room)
        return;
    t->room = 2 * count;
    t->choices = reallocarray(t->choices, t->room, sizeof *t->choices);
    t->todo = reallocarray(t->todo, t->room, sizeof *t->todo);
    if (!t->choices || !t->todo) {
        fprintf(stderr, "chipharness: out of memory\n");
        exit(3);
    }
}

/* What else there was at a choice, within the bound. */
static struct chip_option alternatives(struct tree *t, const struct chip_choice *c,
                                       const struct chip_option *o, uint32_t preemptions) {
    struct chip_option todo = *o;
    drop(&todo, c->to);
    for (uint32_t a = 0; a < CHIP_MAX_ACTORS; a++) {
        if (has(&todo, a) && preempts(c, o, a) && preemptions >= t->bound) {
            drop(&todo, a);
            t->pruned = true;
        }
    }
    return todo;
}

bool tree_learn(struct tree *t, const struct chip_choice *choices,
                const struct chip_option *options, size_t count) {
    size_t known = t->depth;
    grow(t, count);
    uint32_t preemptions = 0;
    for (size_t i = 0; i < count; i++) {
        t->choices[i] = choices[i];
        if (i >= known)
            t->todo[i] = alternatives(t, &choices[i], &options[i], preemptions);
        preemptions += preempts(&choices[i], &options[i], choices[i].to);
    }
    for (size_t i = count; i-- > 0;) {
        for (uint32_t a = 0; a < CHIP_MAX_ACTORS; a++) {
            if (!has(&t->todo[i], a))
                continue;
            drop(&t->todo[i], a);
            t->choices[i].to = (uint16_t)a;
            t->depth = i + 1;
            return true;
        }
    }
    return false;
}
