/* SPDX-License-Identifier: Apache-2.0 */
/*
 * node.h - a scenario as a tree of located nodes, before it means anything.
 *
 * Every scalar is text; the schema types it. `bad` marks a node that already has an error, so
 * that later checks do not report its consequences.
 */
#ifndef CHS_NODE_H
#define CHS_NODE_H

#include "harness/scenario/diag.h"

enum chs_node_kind { CHS_SCALAR, CHS_LIST, CHS_MAP };

struct chs_node;
struct chs_pair {
    struct chs_node *key; /* always a scalar */
    struct chs_node *value;
};

struct chs_node {
    int kind;
    struct chs_pos at;
    uint32_t width;   /* characters that it takes on its first line */
    bool quoted;      /* a scalar in quotes or a block scalar */
    bool substituted; /* a matrix parameter stood in it */
    bool bad;         /* an error at this node was reported */
    const char *text; /* scalar: NUL-terminated, no NUL inside; else NULL */
    struct chs_node **items;
    struct chs_pair *pairs;
    size_t count; /* of items or pairs */
};

enum {
    CHS_MAX_DEPTH = 16,
    CHS_MAX_NODES = 50000,
    CHS_MAX_KEYS = 64, /* of one mapping; the largest of the language has fewer */
    CHS_MAX_ITEMS = CHS_MAX_SEEDS
};

/* Parses the bytes. NULL, and at least one error in the sink, if they are not one YAML document
 * that the language can use (no anchors, aliases, tags, second document). Duplicate keys are
 * reported and the first one kept, so that the rest can be checked. */
struct chs_node *chs__read(struct chs_arena *arena, struct chs_sink *sink, const char *bytes,
                           size_t length);

/* The value of a key, NULL if it is not there (or map is not a mapping). */
struct chs_node *chs__get(const struct chs_node *map, const char *key);

/* A plain scalar that says nothing: empty, ~ or null. */
bool chs__is_null(const struct chs_node *node);

/* "a list", "a mapping", "'text'": for messages. */
const char *chs__what(struct chs_arena *arena, const struct chs_node *node);

#endif
