/* SPDX-License-Identifier: Apache-2.0 */
/* variants.c - see variants.h. Substitution is textual, in scalar values only, and not repeated. */
#include "harness/scenario/variants.h"

#include <string.h>

static bool is_param_name(const char *text, size_t length) {
    if (!length || length > 32 || text[0] < 'a' || text[0] > 'z')
        return false;
    for (size_t i = 1; i < length; i++) {
        if (!(text[i] >= 'a' && text[i] <= 'z') && !(text[i] >= '0' && text[i] <= '9') &&
            text[i] != '_')
            return false;
    }
    return true;
}

static struct chs_diag *bad(struct chs_sink *sink, struct chs_node *node, const char *text,
                            const char *expected) {
    struct chs_diag *diag =
        chs__diag(sink, node->at, node->width, "%s: %s", text, chs__what(&sink->arena, node));

    node->bad = true;
    diag->expected = expected;
    return diag;
}

static bool check_values(struct chs_sink *sink, struct chs_node *list) {
    bool good = true;

    if (list->kind != CHS_LIST || !list->count || list->count > CHS_MAX_VALUES) {
        bad(sink, list, "a parameter of the matrix has no list of values",
            "a list of 1 to 64 values, such as [64, 1MiB]");
        return false;
    }
    for (size_t i = 0; i < list->count; i++) {
        struct chs_node *value = list->items[i];

        if (value->kind != CHS_SCALAR || chs__is_null(value)) {
            bad(sink, value, "not a single value", "a word or a number");
            good = false;
            continue;
        }
        if (strlen(value->text) > CHS_MAX_VALUE) {
            bad(sink, value, "too long for a value of the matrix", "at most 200 bytes");
            good = false;
        } else if (strstr(value->text, "${")) {
            bad(sink, value, "a value of the matrix cannot use a parameter", NULL);
            good = false;
        }
        for (size_t j = 0; j < i; j++) {
            if (list->items[j]->kind == CHS_SCALAR && !strcmp(list->items[j]->text, value->text)) {
                bad(sink, value, "this value stands twice", "different values");
                good = false;
                break;
            }
        }
    }
    return good;
}

static void add_param(struct chs_sink *sink, struct chs_matrix *matrix,
                      const struct chs_pair *pair) {
    if (!is_param_name(pair->key->text, strlen(pair->key->text))) {
        bad(sink, pair->key, "not the name of a parameter",
            "a small letter, then small letters, digits or '_'");
        return;
    }
    if (!check_values(sink, pair->value))
        return;
    if (matrix->params == CHS_MAX_PARAMS) {
        bad(sink, pair->key, "one parameter too many", "at most 8 parameters");
        return;
    }
    if (matrix->variants * pair->value->count > CHS_MAX_VARIANTS) {
        bad(sink, pair->key, "this parameter makes too many variants", "at most 64 combinations");
        return;
    }
    matrix->variants *= pair->value->count;
    matrix->param[matrix->params].key = pair->key;
    matrix->param[matrix->params].values = pair->value->items;
    matrix->param[matrix->params].count = pair->value->count;
    matrix->param[matrix->params].used = false;
    matrix->params++;
}

void chs__matrix_read(struct chs_sink *sink, struct chs_node *root, struct chs_matrix *matrix) {
    struct chs_node *node = chs__get(root, "matrix");

    matrix->node = node;
    matrix->unsure = false;
    matrix->params = 0;
    matrix->variants = 1;
    if (!node)
        return;
    if (node->kind != CHS_MAP || !node->count) {
        bad(sink, node, "'matrix' has no parameters",
            "a mapping of names to lists of values, such as {size: [64, 1MiB]}");
        return;
    }
    for (size_t i = 0; i < node->count; i++)
        add_param(sink, matrix, &node->pairs[i]);
}

/* The value of parameter p in a variant: the last parameter changes fastest. */
static const struct chs_node *value_of(const struct chs_matrix *matrix, size_t p, size_t index) {
    for (size_t i = matrix->params - 1; i > p; i--)
        index /= matrix->param[i].count;
    return matrix->param[p].values[index % matrix->param[p].count];
}

static void unknown_param(struct chs_sink *sink, struct chs_node *node, const char *name,
                          struct chs_matrix *matrix) {
    const char *names[CHS_MAX_PARAMS];
    struct chs_diag *diag;

    node->bad = true;
    matrix->unsure = true;
    if (chs__get(matrix->node, name) || (matrix->node && matrix->node->bad))
        return; /* its row is wrong: reported there */
    for (size_t i = 0; i < matrix->params; i++)
        names[i] = matrix->param[i].key->text;
    diag = chs__diag(sink, node->at, node->width, "unknown parameter '${%s}'",
                     chs__shown(&sink->arena, name));
    chs__diag_expected(sink, diag, "a name under matrix:%s",
                       matrix->params ? "" : ", which this scenario does not have");
    diag->nearest = chs_nearest(name, names, matrix->params);
    if (diag->nearest)
        diag->nearest = chs__arena_copy(&sink->arena, diag->nearest, strlen(diag->nearest));
}

struct apply {
    struct chs_arena *arena;
    struct chs_sink *sink;
    struct chs_matrix *matrix;
    size_t index;
};

/* The value that stands for "${name}" at text; *length gets the length of the whole. NULL and an
 * error if there is none. */
static const char *lookup(struct apply *a, struct chs_node *node, const char *text,
                          size_t *length) {
    const char *end = strchr(text, '}');
    char *name;

    if (!end || !is_param_name(text + 2, (size_t)(end - text) - 2)) {
        struct chs_diag *diag =
            chs__diag(a->sink, node->at, node->width, "'${' is not followed by a name and '}': %s",
                      chs__what(&a->sink->arena, node));
        node->bad = true;
        a->matrix->unsure = true;
        diag->expected = "${name} with a name under matrix:";
        return NULL;
    }
    *length = (size_t)(end - text) + 1;
    name = chs__arena_copy(a->arena, text + 2, *length - 3);
    for (size_t p = 0; p < a->matrix->params; p++) {
        if (!strcmp(a->matrix->param[p].key->text, name)) {
            a->matrix->param[p].used = true;
            return value_of(a->matrix, p, a->index)->text;
        }
    }
    unknown_param(a->sink, node, name, a->matrix);
    return NULL;
}

static struct chs_node *apply_scalar(struct apply *a, struct chs_node *node) {
    const char *text = node->text, *result = "", *open;
    struct chs_node *copy;
    size_t length = 0;

    if (node->bad || !strstr(text, "${"))
        return node;
    if (strlen(text) > CHS_MAX_PARAM_TEXT) {
        a->matrix->unsure = true;
        bad(a->sink, node, "too long for parameters", "at most 1000 bytes");
        return node;
    }
    while ((open = strstr(text, "${"))) {
        const char *value = lookup(a, node, open, &length);

        if (!value)
            return node;
        result = chs__arena_format(a->arena, "%s%.*s%s", result, (int)(open - text), text, value);
        text = open + length;
    }
    copy = chs__arena_alloc(a->arena, sizeof(*copy));
    *copy = *node;
    copy->text = chs__arena_format(a->arena, "%s%s", result, text);
    copy->substituted = true;
    return copy;
}

static struct chs_node *apply(struct apply *a, struct chs_node *node);

static struct chs_node *apply_list(struct apply *a, struct chs_node *node) {
    struct chs_node *copy = node;

    for (size_t i = 0; i < node->count; i++) {
        struct chs_node *item = apply(a, node->items[i]);

        if (item == node->items[i])
            continue;
        if (copy == node) {
            copy = chs__arena_alloc(a->arena, sizeof(*copy));
            *copy = *node;
            copy->items = chs__arena_array(a->arena, node->count, sizeof(struct chs_node *));
            memcpy(copy->items, node->items, node->count * sizeof(struct chs_node *));
        }
        copy->items[i] = item;
    }
    return copy;
}

static struct chs_node *apply_map(struct apply *a, struct chs_node *node) {
    struct chs_node *copy = node;

    for (size_t i = 0; i < node->count; i++) {
        struct chs_node *value = apply(a, node->pairs[i].value);

        if (value == node->pairs[i].value)
            continue;
        if (copy == node) {
            copy = chs__arena_alloc(a->arena, sizeof(*copy));
            *copy = *node;
            copy->pairs = chs__arena_array(a->arena, node->count, sizeof(struct chs_pair));
            memcpy(copy->pairs, node->pairs, node->count * sizeof(struct chs_pair));
        }
        copy->pairs[i].value = value;
    }
    return copy;
}

static struct chs_node *apply(struct apply *a, struct chs_node *node) {
    if (node->kind == CHS_SCALAR)
        return apply_scalar(a, node);
    return node->kind == CHS_LIST ? apply_list(a, node) : apply_map(a, node);
}

struct chs_node *chs__matrix_apply(struct chs_arena *arena, struct chs_sink *sink,
                                   struct chs_node *root, struct chs_matrix *matrix, size_t index) {
    struct apply a = {arena, sink, matrix, index};

    return apply(&a, root);
}

void chs__matrix_check_used(struct chs_sink *sink, const struct chs_matrix *matrix) {
    for (size_t i = 0; i < matrix->params && !matrix->unsure; i++) {
        const struct chs_node *key = matrix->param[i].key;
        struct chs_diag *diag;

        if (matrix->param[i].used)
            continue;
        diag = chs__diag(sink, key->at, key->width, "no value uses the parameter '%s'", key->text);
        chs__diag_expected(sink, diag, "${%s} in a value", key->text);
    }
}

const char *chs__matrix_name(struct chs_arena *arena, const struct chs_matrix *matrix, size_t index,
                             struct chs_param *params) {
    const char *text = "";

    for (size_t p = 0; p < matrix->params; p++) {
        params[p].name = matrix->param[p].key->text;
        params[p].value = value_of(matrix, p, index)->text;
        text = chs__arena_format(arena, "%s%s%s=%s", text, p ? " " : "", params[p].name,
                                 params[p].value);
    }
    return text;
}
