/* SPDX-License-Identifier: Apache-2.0 */
/*
 * type.h - from located nodes to typed structures: what the parts of the typer share.
 *
 * A typer writes its value and returns; if the node is wrong it reports and leaves the default, so
 * that the rest of the file is still checked. Nothing typed is used once an error was reported.
 */
#ifndef CHS_TYPE_H
#define CHS_TYPE_H

#include "harness/scenario/node.h"
#include "harness/scenario/schema.h"
#include "harness/scenario/words.h"

#define CHS_NO_POINT UINT32_MAX /* in a match: the point is missing or wrong; reported already */

struct chs_seen_id {
    const char *id;
    struct chs_pos at;
    struct chs_seen_id *next;
};

struct chs_ctx {
    struct chs_arena *arena;
    struct chs_sink *sink;
    const struct chs_options *options; /* may be NULL */
    struct chs_scenario *s;
    const char *variant; /* "size=64", NULL without a matrix */
    size_t variant_index;
    bool ranks_known;   /* s->ranks is what the file says */
    bool buffers_known; /* no buffer is wrong: names and sizes can be relied on */
    struct chs_seen_id *ids;
    bool created, started;  /* while the steps are typed: what the steps so far have made */
    bool steps_unsure;      /* a step so far was wrong: nothing is said about what they made */
    uint64_t submitted;     /* ranks with a task that was not waited for */
    struct chs_step *steps; /* while the steps are typed */
    size_t steps_done;
};

typedef void (*chs_typer)(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
                          void *base);

/* Reports an error at the node and marks it bad. */
struct chs_diag *chs__bad(struct chs_ctx *ctx, struct chs_node *node, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The same, but what the node says stays usable for later checks. */
struct chs_diag *chs__complain(struct chs_ctx *ctx, const struct chs_node *node, const char *fmt,
                               ...) __attribute__((format(printf, 3, 4)));
void chs__expected(struct chs_ctx *ctx, struct chs_diag *diag, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The usual error: "'key' is WHAT WAS READ; expected what the row wants". */
struct chs_diag *chs__bad_value(struct chs_ctx *ctx, struct chs_node *node,
                                const struct chs_row *row);

/* The structure of an object from a mapping: unknown and missing keys, rows, cross-checks. */
void chs__type_object(struct chs_ctx *ctx, struct chs_node *node, int object, void *base);
/* One value by its row; dispatch over all types. */
void chs__type_value(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
                     void *base);
/* What must hold between the keys of an object; after all of them were typed. */
void chs__finish(struct chs_ctx *ctx, struct chs_node *node, int object, void *base);

/* type_value.c */
void chs__type_version(struct chs_ctx *, struct chs_node *, const struct chs_row *, void *);
void chs__type_bool(struct chs_ctx *, struct chs_node *, const struct chs_row *, void *);
void chs__type_uint(struct chs_ctx *, struct chs_node *, const struct chs_row *, void *);
void chs__type_int(struct chs_ctx *, struct chs_node *, const struct chs_row *, void *);
void chs__type_size(struct chs_ctx *, struct chs_node *, const struct chs_row *, void *);
void chs__type_duration(struct chs_ctx *, struct chs_node *, const struct chs_row *, void *);
void chs__type_status(struct chs_ctx *, struct chs_node *, const struct chs_row *, void *);
void chs__type_times(struct chs_ctx *, struct chs_node *, const struct chs_row *, void *);
/* A number with an optional unit of size: false and an error if it is none. */
bool chs__size(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
               uint64_t *value);
bool chs__number(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
                 uint64_t *value);

/* type_word.c */
void chs__type_word(struct chs_ctx *, struct chs_node *, const struct chs_row *, void *);
void chs__type_flag(struct chs_ctx *, struct chs_node *, const struct chs_row *, void *);
void chs__type_text_word(struct chs_ctx *, struct chs_node *, const struct chs_row *, void *);
void chs__type_text(struct chs_ctx *, struct chs_node *, const struct chs_row *, void *);
void chs__type_name(struct chs_ctx *, struct chs_node *, const struct chs_row *, void *);
void chs__type_stem(struct chs_ctx *, struct chs_node *, const struct chs_row *, void *);
void chs__type_id(struct chs_ctx *, struct chs_node *, const struct chs_row *, void *);
void chs__type_defect(struct chs_ctx *, struct chs_node *, const struct chs_row *, void *);
void chs__type_command(struct chs_ctx *, struct chs_node *, const struct chs_row *, void *);
void chs__type_glob(struct chs_ctx *, struct chs_node *, const struct chs_row *, void *);
/* The word of a list, NULL and an error if it is none. */
const struct chs_word *chs__word(struct chs_ctx *ctx, struct chs_node *node, int words);

/* type_list.c */
void chs__type_names(struct chs_ctx *, struct chs_node *, const struct chs_row *, void *);
void chs__type_argv(struct chs_ctx *, struct chs_node *, const struct chs_row *, void *);
void chs__type_seeds(struct chs_ctx *, struct chs_node *, const struct chs_row *, void *);
void chs__type_sizes(struct chs_ctx *, struct chs_node *, const struct chs_row *, void *);
void chs__type_ranks(struct chs_ctx *, struct chs_node *, const struct chs_row *, void *);
void chs__type_rank(struct chs_ctx *, struct chs_node *, const struct chs_row *, void *);
void chs__type_buffer(struct chs_ctx *, struct chs_node *, const struct chs_row *, void *);
void chs__type_buffers(struct chs_ctx *, struct chs_node *, const struct chs_row *, void *);
void chs__type_step_ref(struct chs_ctx *, struct chs_node *, const struct chs_row *, void *);
/* The index of a rank, false and an error if there is no such rank. */
bool chs__rank(struct chs_ctx *ctx, struct chs_node *node, uint32_t *rank);
/* The index of a buffer by its name, CHS_NONE and an error if there is none. */
uint32_t chs__buffer(struct chs_ctx *ctx, struct chs_node *node);

/* type_select.c */
void chs__type_actor(struct chs_ctx *, struct chs_node *, const struct chs_row *, void *);
void chs__type_point(struct chs_ctx *, struct chs_node *, const struct chs_row *, void *);
void chs__type_call(struct chs_ctx *, struct chs_node *, const struct chs_row *, void *);
void chs__type_where(struct chs_ctx *, struct chs_node *, const struct chs_row *, void *);
void chs__type_errno(struct chs_ctx *, struct chs_node *, const struct chs_row *, void *);

/* reach.c: reports a selector that no run of this scenario can meet. `map` holds the keys, `key`
 * is the one that names the point. */
void chs__check_reachable(struct chs_ctx *ctx, struct chs_node *map, const char *key,
                          const struct chip_match *match);

/* describe.c: fills every `text` of a scenario without errors. */
void chs__describe(struct chs_ctx *ctx);

/* finish_steps.c, finish_plan.c: the parts of chs__finish(). */
void chs__finish_step(struct chs_ctx *ctx, struct chs_node *node, int object,
                      struct chs_step *step);
void chs__finish_fault(struct chs_ctx *ctx, struct chs_node *node, int object,
                       struct chs_fault *fault);
void chs__finish_expect(struct chs_ctx *ctx, struct chs_node *node, int object,
                        struct chs_expect *expect);
void chs__finish_hold(struct chs_ctx *ctx, struct chs_node *node, struct chs_hold *hold);
/* Every rank of the mask has the buffer; `all` means those that have it. False and an error if
 * not. */
bool chs__ranks_have(struct chs_ctx *ctx, struct chs_node *map, uint64_t *ranks, uint32_t buffer);
/* A comparison of [offset, offset + bytes) lies in the buffer, and its place can be read. */
void chs__check_bytes(struct chs_ctx *ctx, struct chs_node *map, uint32_t buffer, uint64_t offset,
                      uint64_t bytes, bool staging);

/* A mask with a bit for each rank of the scenario. */
uint64_t chs__all_ranks(const struct chs_ctx *ctx);

static inline void *chs__at(void *base, const struct chs_row *row) {
    return (char *)base + row->offset;
}

#endif
