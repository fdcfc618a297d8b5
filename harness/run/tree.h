/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree.h - the tree of a depth-first search over schedules: which choices come next.
 *
 * An execution is a path; a node of it is a choice with what else could have been chosen. A switch
 * away from an actor that could have gone on (and did not yield) is a preemption, and paths with
 * more than `bound` of them are left out.
 */
#ifndef HARNESS_TREE_H
#define HARNESS_TREE_H

#include <chip/contract.h>
#include <stdbool.h>
#include <stddef.h>

struct tree;

struct tree *tree_new(uint32_t bound); /* NULL: no memory */
void tree_free(struct tree *t);        /* NULL is a no-op */

/* The choices that the next execution begins with; none for the first. Valid until tree_learn(). */
const struct chip_choice *tree_prefix(const struct tree *t, size_t *count);
/* Takes in an execution that began with the prefix, from its recorded choices and options, and
 * moves on. False: every path was gone. */
bool tree_learn(struct tree *t, const struct chip_choice *choices,
                const struct chip_option *options, size_t count);
/* Whether paths were left out because of the bound. */
bool tree_pruned(const struct tree *t);

#endif
