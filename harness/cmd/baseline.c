/* SPDX-License-Identifier: Apache-2.0 */
/* baseline.c - see baseline.h. */
#include "harness/cmd/baseline.h"
#include "harness/cmd/cmd.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct baseline {
    json_t *root;
};

int baseline_load(const char *path, struct baseline **out) {
    json_error_t e;
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &e);
    if (!root)
        return complain(EXIT_USAGE, "%s:%d:%d: %s", path, e.line, e.column, e.text);
    const char *schema = json_string_value(json_object_get(root, "schema"));
    if (!schema || strcmp(schema, "chipharness-gate/1") != 0 ||
        !json_is_array(json_object_get(root, "rows"))) {
        json_decref(root);
        return complain(EXIT_USAGE, "%s: not a gate.json of schema chipharness-gate/1", path);
    }
    *out = malloc(sizeof **out);
    if (!*out) {
        json_decref(root);
        return complain(EXIT_HARNESS, "out of memory");
    }
    (*out)->root = root;
    return 0;
}

void baseline_free(struct baseline *b) {
    if (!b)
        return;
    json_decref(b->root);
    free(b);
}

static bool same(const json_t *row, const char *key, const char *want) {
    const char *is = json_string_value(json_object_get(row, key));
    return (!is && !want) || (is && want && strcmp(is, want) == 0);
}

static bool was_bad(const struct baseline *b, const struct chr_gate_row *r) {
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(b->root, "rows"), i, row) {
        if (same(row, "scenario", r->scenario) && same(row, "variant", r->variant) &&
            same(row, "defect", r->defect))
            return !same(row, "status", "passed");
    }
    return false;
}

int baseline_exit(const struct baseline *b, const struct chr_gate_row *rows, size_t count) {
    unsigned new_ones = 0, known = 0;
    for (size_t i = 0; i < count; i++) {
        if (rows[i].status == CHR_PASSED || rows[i].status == CHR_SKIPPED)
            continue;
        bool old = was_bad(b, &rows[i]);
        known += old;
        new_ones += !old;
        fprintf(stderr, "baseline: %s %s %s is %s\n", rows[i].scenario,
                rows[i].variant ? rows[i].variant : "", rows[i].defect ? rows[i].defect : "lib/",
                old ? "known" : "new");
    }
    fprintf(stderr, "baseline: %u new, %u known\n", new_ones, known);
    return new_ones ? EXIT_NEW_FINDING : EXIT_PASSED;
}
