/* SPDX-License-Identifier: Apache-2.0 */
/* type_word.c - words of a fixed list, names, ids and text. */
#include "harness/scenario/type.h"

#include <ctype.h>
#include <string.h>

enum { MAX_NAME = 63, MAX_TEXT = 400 };

const struct chs_word *chs__word(struct chs_ctx *ctx, struct chs_node *node, int words) {
    const char *what = chs__words(words)->what;
    const struct chs_word *word = NULL;
    struct chs_diag *diag;

    if (node->bad)
        return NULL;
    if (node->kind == CHS_SCALAR)
        word = chs__word_find(words, node->text);
    if (word)
        return word;
    if (node->kind != CHS_SCALAR || chs__is_null(node))
        diag = chs__bad(ctx, node, "%s cannot be %s", what, chs__what(ctx->arena, node));
    else
        diag = chs__bad(ctx, node, "unknown %s %s", strchr(what, ' ') + 1,
                        chs__what(ctx->arena, node));
    chs__expected(ctx, diag, "%s", chs__words_or(&ctx->sink->arena, words));
    if (node->kind == CHS_SCALAR)
        diag->nearest = chs__word_nearest(words, node->text);
    if (words == CHS_W_SIGNAL && node->kind == CHS_SCALAR && !strncmp(node->text, "SIG", 3)) {
        word = chs__word_find(words, node->text + 3);
        diag->nearest = word ? word->word : diag->nearest;
    }
    return NULL;
}

void chs__type_word(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
                    void *base) {
    const struct chs_word *word = chs__word(ctx, node, row->arg);

    if (word)
        *(int *)chs__at(base, row) = (int)word->value;
}

void chs__type_flag(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
                    void *base) {
    const struct chs_word *word = chs__word(ctx, node, row->arg);

    if (word)
        *(bool *)chs__at(base, row) = word->value != 0;
}

void chs__type_text_word(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
                         void *base) {
    const struct chs_word *word = chs__word(ctx, node, row->arg);

    if (word)
        *(const char **)chs__at(base, row) = word->word;
}

void chs__type_text(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
                    void *base) {
    size_t length;

    if (node->kind != CHS_SCALAR || chs__is_null(node) || !*node->text) {
        chs__bad_value(ctx, node, row);
        return;
    }
    length = strlen(node->text);
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)node->text[i] < 0x20 || node->text[i] == 0x7f) {
            chs__expected(
                ctx, chs__bad(ctx, node, "'%s' has a line break or a control character", row->key),
                "%s", chs__type_what(row->type));
            return;
        }
    }
    if (length > MAX_TEXT) {
        chs__expected(ctx, chs__bad(ctx, node, "'%s' has %zu bytes", row->key, length),
                      "at most %d", MAX_TEXT);
        return;
    }
    *(const char **)chs__at(base, row) = node->text;
}

static bool is_name(const char *text) {
    size_t i;

    if (!isalpha((unsigned char)text[0]))
        return false;
    for (i = 1; text[i]; i++) {
        if (!isalnum((unsigned char)text[i]) && !strchr("_-.", text[i]))
            return false;
    }
    return i <= MAX_NAME;
}

void chs__type_name(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
                    void *base) {
    if (node->kind == CHS_SCALAR && is_name(node->text))
        *(const char **)chs__at(base, row) = node->text;
    else if (!node->bad)
        chs__bad_value(ctx, node, row);
}

void chs__type_stem(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
                    void *base) {
    const char *file = strrchr(ctx->sink->file, '/');
    const char *dot;
    size_t length;

    file = file ? file + 1 : ctx->sink->file;
    dot = strrchr(file, '.');
    length = dot && dot != file ? (size_t)(dot - file) : strlen(file);
    if (node->kind != CHS_SCALAR || !is_name(node->text)) {
        chs__bad_value(ctx, node, row);
        return;
    }
    if (strlen(node->text) != length || strncmp(node->text, file, length)) {
        chs__expected(ctx,
                      chs__bad(ctx, node, "the name %s is not the name of the file",
                               chs__what(ctx->arena, node)),
                      "'%.*s', or another file name", (int)length, file);
        return;
    }
    *(const char **)chs__at(base, row) = node->text;
}

void chs__type_id(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
                  void *base) {
    struct chs_seen_id *seen;

    if (node->kind != CHS_SCALAR || !is_name(node->text)) {
        chs__bad_value(ctx, node, row);
        return;
    }
    for (seen = ctx->ids; seen; seen = seen->next) {
        if (!strcmp(seen->id, node->text)) {
            chs__expected(ctx,
                          chs__bad(ctx, node, "the id '%s' was used before, in line %u", node->text,
                                   seen->at.line),
                          "an id that is unique in the file");
            return;
        }
    }
    seen = chs__arena_alloc(ctx->arena, sizeof(*seen));
    *seen = (struct chs_seen_id){.id = node->text, .at = node->at, .next = ctx->ids};
    ctx->ids = seen;
    *(const char **)chs__at(base, row) = node->text;
}

void chs__type_defect(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
                      void *base) {
    const struct chs_options *options = ctx->options;
    struct chs_diag *diag;

    chs__type_name(ctx, node, row, base);
    if (node->bad || !options || !options->defects)
        return;
    for (size_t i = 0; i < options->defect_count; i++) {
        if (!strcmp(options->defects[i], node->text))
            return;
    }
    diag = chs__bad(ctx, node, "unknown defect '%s'", node->text);
    chs__expected(ctx, diag, "a name that `chipharness list defects` prints");
    diag->nearest = chs_nearest(node->text, options->defects, options->defect_count);
    if (diag->nearest) /* the options may not outlive the errors */
        diag->nearest = chs__arena_copy(&ctx->sink->arena, diag->nearest, strlen(diag->nearest));
}

void chs__type_command(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
                       void *base) {
    const struct chs_word *word;

    if (node->kind == CHS_SCALAR && isdigit((unsigned char)node->text[0])) {
        chs__number(ctx, node, row, chs__at(base, row));
        return;
    }
    word = chs__word(ctx, node, row->arg); /* a command that is not known has a number */
    if (word)
        *(uint64_t *)chs__at(base, row) = word->value;
}

void chs__type_glob(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
                    void *base) {
    if (node->kind == CHS_SCALAR && *node->text && strlen(node->text) < CHIP_NAME_LEN)
        memcpy(chs__at(base, row), node->text, strlen(node->text) + 1);
    else
        chs__bad_value(ctx, node, row);
}
