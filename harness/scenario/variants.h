/* SPDX-License-Identifier: Apache-2.0 */
/* variants.h - the matrix of a scenario: its parameters, and a tree for each combination. */
#ifndef CHS_VARIANTS_H
#define CHS_VARIANTS_H

#include "harness/scenario/node.h"

enum {
    CHS_MAX_PARAMS = 8,
    CHS_MAX_VALUES = 64,
    CHS_MAX_VALUE = 200,      /* bytes of a parameter's value */
    CHS_MAX_PARAM_TEXT = 1000 /* bytes of a value in which parameters stand */
};

struct chs_matrix {
    const struct chs_node *node; /* what stands under matrix:, NULL if nothing */
    bool unsure; /* a value names a parameter that is not known: perhaps one that seems unused */
    size_t params;
    size_t variants; /* product; 1 without a matrix */
    struct {
        struct chs_node *key;
        struct chs_node **values;
        size_t count;
        bool used;
    } param[CHS_MAX_PARAMS];
};

/* Reads `matrix:` of the root. With errors in it, it is as if it had none of the wrong rows. */
void chs__matrix_read(struct chs_sink *sink, struct chs_node *root, struct chs_matrix *matrix);

/* The tree with ${name} replaced by the values of variant `index`; what holds no parameter is
 * shared with the original. Unknown names are reported. */
struct chs_node *chs__matrix_apply(struct chs_arena *arena, struct chs_sink *sink,
                                   struct chs_node *root, struct chs_matrix *matrix, size_t index);

/* Reports parameters that no value uses; after the variants were applied. */
void chs__matrix_check_used(struct chs_sink *sink, const struct chs_matrix *matrix);

/* The parameters of a variant; its name, "size=64 n=2". */
const char *chs__matrix_name(struct chs_arena *arena, const struct chs_matrix *matrix, size_t index,
                             struct chs_param *params);

#endif
