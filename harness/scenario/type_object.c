/* SPDX-License-Identifier: Apache-2.0 */
/*
 * type_object.c - walks a mapping along the rows of its object, a list along its object or family.
 *
 * Arrays have one element for each item of the file's list, wrong ones included, so that indices
 * of elements and of items agree.
 */
#include "harness/scenario/type.h"

#include <string.h>

static struct chs_diag *complain(struct chs_ctx *ctx, const struct chs_node *node, const char *fmt,
                                 va_list args) {
    struct chs_diag *diag = chs__diag(ctx->sink, node->at, node->width, "%s",
                                      chs__arena_vformat(ctx->arena, fmt, args));

    if (ctx->variant && (node->substituted || ctx->variant_index > 0))
        chs__diag_note(ctx->sink, diag, "in the variant %s", ctx->variant);
    return diag;
}

struct chs_diag *chs__bad(struct chs_ctx *ctx, struct chs_node *node, const char *fmt, ...) {
    struct chs_diag *diag;
    va_list args;

    node->bad = true;
    va_start(args, fmt);
    diag = complain(ctx, node, fmt, args);
    va_end(args);
    return diag;
}

struct chs_diag *chs__complain(struct chs_ctx *ctx, const struct chs_node *node, const char *fmt,
                               ...) {
    struct chs_diag *diag;
    va_list args;

    va_start(args, fmt);
    diag = complain(ctx, node, fmt, args);
    va_end(args);
    return diag;
}

void chs__expected(struct chs_ctx *ctx, struct chs_diag *diag, const char *fmt, ...) {
    va_list args;

    va_start(args, fmt);
    diag->expected = chs__arena_vformat(&ctx->sink->arena, fmt, args);
    va_end(args);
}

struct chs_diag *chs__bad_value(struct chs_ctx *ctx, struct chs_node *node,
                                const struct chs_row *row) {
    struct chs_diag *diag =
        chs__bad(ctx, node, "'%s' cannot be %s", row->key, chs__what(ctx->arena, node));

    chs__expected(ctx, diag, "%s", chs__type_what(row->type));
    return diag;
}

/* Selectors begin as "no point, any actor, any occurrence, any field". */
static void prepare_matches(int object, void *base) {
    for (size_t i = 0; i < chs__row_count; i++) {
        const struct chs_row *row = &chs__rows[i];
        struct chip_match *match;

        if (row->parent != object || (row->type != CHS_T_POINT && row->type != CHS_T_CALL))
            continue;
        match = chs__at(base, row);
        *match = (struct chip_match){
            .actor_kind = CHIP_ACTOR_ANY, .point = CHS_NO_POINT, .occurrence = CHIP_ANY};
        for (int field = 0; field < CHIP_MATCH_FIELDS; field++)
            match->field[field] = CHIP_ANY;
    }
}

/* Members whose "not given" is not zero and that have no default as text. */
static void prepare(int object, void *base) {
    prepare_matches(object, base);
    if (object == CHS_O_CONTENT) {
        ((struct chs_content *)base)->times = 1;
    } else if (object == CHS_O_ERROR) {
        ((struct chs_want_error *)base)->code = -1;
    } else if (object == CHS_O_HOLD) {
        ((struct chs_hold *)base)->plan.until_time_ns = CHIP_NO_DEADLINE;
    } else if (object == CHS_O_REACHED) {
        ((struct chs_expect *)base)->at_most = CHIP_ANY;
    } else if (object == CHS_O_EXPECT_CONTENT) {
        ((struct chs_expect *)base)->bytes = CHS_REST;
    } else if (object == CHS_O_STEP_CONTROL || object == CHS_O_STEP_CHECK) {
        ((struct chs_step *)base)->bytes = CHS_REST;
    }
}

/* Indices of an element of a family begin as "none". */
static void prepare_element(int family, void *element) {
    if (family == CHS_F_STEP) {
        struct chs_step *step = element;

        step->buffer = step->of = step->check = CHS_NONE;
    } else if (family == CHS_F_EXPECT) {
        struct chs_expect *expect = element;

        expect->buffer = expect->check = expect->rank = CHS_NONE;
    } else if (family == CHS_F_FAULT) {
        ((struct chs_fault *)element)->plan_index = CHS_NONE;
    }
}

static void type_default(struct chs_ctx *ctx, const struct chs_row *row, void *base) {
    struct chs_node node = {.kind = row->def ? CHS_SCALAR : CHS_MAP, .text = row->def, .width = 1};

    chs__type_value(ctx, &node, row, base);
}

static void unknown_key(struct chs_ctx *ctx, struct chs_node *key, int object) {
    const char *names[CHS_MAX_KEYS], *list = "";
    struct chs_diag *diag;
    size_t count = 0;

    for (size_t i = 0; i < chs__row_count && count < CHS_MAX_KEYS; i++) {
        if (chs__rows[i].parent != object)
            continue;
        list = chs__arena_format(ctx->arena, "%s%s%s", list, count ? ", " : "", chs__rows[i].key);
        names[count++] = chs__rows[i].key;
    }
    diag = chs__bad(ctx, key, "unknown key '%s' in %s", chs__shown(ctx->arena, key->text),
                    chs__objects[object].what);
    chs__expected(ctx, diag, "%s", list);
    diag->nearest = chs_nearest(key->text, names, count);
}

static bool has_row(int object, const char *key) {
    for (size_t i = 0; i < chs__row_count; i++) {
        if (chs__rows[i].parent == object && !strcmp(chs__rows[i].key, key))
            return true;
    }
    return false;
}

static void type_row(struct chs_ctx *ctx, struct chs_node *map, const struct chs_row *row,
                     void *base) {
    struct chs_node *node = chs__get(map, row->key);

    if (node)
        chs__type_value(ctx, node, row, base);
    else if (row->def || row->flags & CHS_DEFAULTED)
        type_default(ctx, row, base);
}

/* All required keys that are not there, in one message. */
static void missing_keys(struct chs_ctx *ctx, struct chs_node *map, int object) {
    const char *list = "", *first = NULL;
    struct chs_diag *diag;
    size_t count = 0;

    for (size_t i = 0; i < chs__row_count; i++) {
        const struct chs_row *row = &chs__rows[i];

        if (row->parent != object || !(row->flags & CHS_REQUIRED) || chs__get(map, row->key))
            continue;
        if (row->flags & CHS_STEPS_ONLY && (chs__get(map, "command") || chs__get(map, "library")))
            continue;
        list = chs__arena_format(ctx->arena, "%s%s'%s'", list, count ? ", " : "", row->key);
        if (!count++)
            first = chs__arena_format(ctx->arena, "%s: %s", row->key, row->help);
    }
    if (!count)
        return;
    diag = chs__bad(ctx, map, "%s needs the key%s %s", chs__objects[object].what,
                    count > 1 ? "s" : "", list);
    if (count == 1)
        chs__expected(ctx, diag, "%s", first);
}

/* After `ranks` and `buffers`: whether later rows may rely on them. */
static void note_known(struct chs_ctx *ctx, const struct chs_node *map, const struct chs_row *row) {
    const struct chs_node *node = chs__get(map, row->key);

    if (row->parent != CHS_O_ROOT)
        return;
    if (!strcmp(row->key, "ranks"))
        ctx->ranks_known = node && !node->bad;
    if (!strcmp(row->key, "buffers")) {
        ctx->buffers_known = !node || (node->kind == CHS_LIST && !node->bad);
        for (size_t i = 0; node && node->kind == CHS_LIST && i < node->count; i++)
            ctx->buffers_known &= !node->items[i]->bad;
    }
}

static bool any_bad(const struct chs_node *node) {
    bool bad = node->bad;

    for (size_t i = 0; !bad && node->kind == CHS_LIST && i < node->count; i++)
        bad = any_bad(node->items[i]);
    for (size_t i = 0; !bad && node->kind == CHS_MAP && i < node->count; i++)
        bad = node->pairs[i].key->bad || any_bad(node->pairs[i].value);
    return bad;
}

void chs__type_object(struct chs_ctx *ctx, struct chs_node *node, int object, void *base) {
    const struct chs_object *o = &chs__objects[object];

    prepare(object, base);
    if (o->pos != SIZE_MAX)
        memcpy((char *)base + o->pos, &node->at, sizeof(node->at));
    for (size_t i = 0; i < node->count; i++) {
        if (!node->pairs[i].key->bad && !has_row(object, node->pairs[i].key->text))
            unknown_key(ctx, node->pairs[i].key, object);
    }
    missing_keys(ctx, node, object);
    for (size_t i = 0; i < chs__row_count; i++) {
        if (chs__rows[i].parent != object)
            continue;
        type_row(ctx, node, &chs__rows[i], base);
        note_known(ctx, node, &chs__rows[i]);
    }
    if (!any_bad(node))
        chs__finish(ctx, node, object, base);
}

static void type_object(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
                        void *base) {
    void *place = chs__at(base, row);
    const struct chs_word *word;
    struct chs_diag *diag;

    if (row->arg == CHS_O_CONTENT && node->kind == CHS_SCALAR) {
        word = chs__word_find(CHS_W_INITIAL, node->text);
        if (word) {
            ((struct chs_content *)place)->form = (int)word->value;
            return;
        }
        diag = chs__bad_value(ctx, node, row);
        chs__expected(ctx, diag, "{fill: BYTE}, {pattern: WORD} or initial");
        diag->nearest = chs__word_nearest(CHS_W_INITIAL, node->text);
    } else if (node->kind != CHS_MAP) {
        chs__bad_value(ctx, node, row);
    } else {
        chs__type_object(ctx, node, row->arg, place);
    }
}

/* A list within its limits: an array with room for each item. NULL and an error otherwise. */
static char *list_open(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
                       void *base, size_t bytes) {
    size_t count = node->count;
    char *items;

    if (node->kind != CHS_LIST) {
        chs__bad_value(ctx, node, row);
        return NULL;
    }
    if (count < row->min || count > row->max) {
        chs__expected(ctx, chs__bad(ctx, node, "'%s' has %zu items", row->key, count),
                      "%llu to %llu", (unsigned long long)row->min, (unsigned long long)row->max);
        return NULL;
    }
    items = chs__arena_array(ctx->arena, count, bytes);
    memcpy(chs__at(base, row), &items, sizeof(items));
    memcpy((char *)chs__at(base, row) + sizeof(items), &count, sizeof(count));
    return items;
}

static void type_list(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
                      void *base) {
    size_t bytes = chs__objects[row->arg].bytes;
    char *items = list_open(ctx, node, row, base, bytes);

    for (size_t i = 0; items && i < node->count; i++) {
        struct chs_node *item = node->items[i];

        if (item->kind == CHS_MAP) {
            chs__type_object(ctx, item, row->arg, items + i * bytes);
        } else {
            chs__expected(ctx,
                          chs__bad(ctx, item, "%s cannot be %s", chs__objects[row->arg].what,
                                   chs__what(ctx->arena, item)),
                          "a mapping of its keys");
        }
        /* what is wrong inside makes the element wrong */
        item->bad |= any_bad(item);
    }
}

static const struct chs_member *find_member(struct chs_ctx *ctx, struct chs_node *key, int family) {
    const char *names[CHS_MAX_KEYS], *list = "";
    struct chs_diag *diag;
    size_t count = 0;

    for (size_t i = 0; i < chs__member_count; i++) {
        if (chs__members[i].family != family)
            continue;
        if (!strcmp(chs__members[i].key, key->text))
            return &chs__members[i];
        list =
            chs__arena_format(ctx->arena, "%s%s%s", list, count ? ", " : "", chs__members[i].key);
        names[count++] = chs__members[i].key;
    }
    diag = chs__bad(ctx, key, "unknown word '%s' for %s", chs__shown(ctx->arena, key->text),
                    chs__families[family].what);
    chs__expected(ctx, diag, "%s", list);
    diag->nearest = chs_nearest(key->text, names, count);
    return NULL;
}

static void type_member(struct chs_ctx *ctx, struct chs_node *item, struct chs_node *value,
                        const struct chs_member *member, void *element) {
    struct chs_pair pair;
    struct chs_node map = {.kind = CHS_MAP, .at = item->at, .width = item->width};

    if (value && value->kind == CHS_MAP) {
        chs__type_object(ctx, value, member->object, element);
        return;
    }
    if (member->bare && (!value || chs__is_null(value))) {
        chs__type_object(ctx, &map, member->object, element);
        item->bad |= map.bad;
        return;
    }
    if (member->short_key && value && value->kind == CHS_SCALAR && !chs__is_null(value)) {
        struct chs_node key = {.kind = CHS_SCALAR, .at = item->at, .text = member->short_key};

        pair = (struct chs_pair){&key, value};
        map.pairs = &pair;
        map.count = 1;
        chs__type_object(ctx, &map, member->object, element);
        item->bad |= map.bad;
        return;
    }
    chs__expected(ctx,
                  chs__bad(ctx, value ? value : item, "'%s' cannot be %s", member->key,
                           value ? chs__what(ctx->arena, value) : "alone"),
                  "a mapping of its keys: - %s: {...}", member->key);
}

/* An item of a family: a bare word, or a mapping of exactly one key. */
static void type_item(struct chs_ctx *ctx, struct chs_node *item, int family, void *element) {
    const struct chs_family *f = &chs__families[family];
    const struct chs_member *member;
    struct chs_node *key = item, *value = NULL;

    memcpy((char *)element + f->pos, &item->at, sizeof(item->at));
    if (item->kind == CHS_LIST || chs__is_null(item) || (item->kind == CHS_MAP && !item->count)) {
        chs__expected(ctx,
                      chs__bad(ctx, item, "%s cannot be %s", f->what, chs__what(ctx->arena, item)),
                      "a word, or a mapping of one key");
        return;
    }
    if (item->kind == CHS_MAP) {
        key = item->pairs[0].key;
        value = item->pairs[0].value;
    }
    member = find_member(ctx, key, family);
    if (item->kind == CHS_MAP && item->count > 1) {
        struct chs_diag *diag =
            chs__bad(ctx, item->pairs[1].key, "a second key '%s' in one item of the list",
                     chs__shown(ctx->arena, item->pairs[1].key->text));
        chs__expected(ctx, diag, "%s with one key: indent what belongs to it, or begin a new '- '",
                      f->what);
    } else if (member) {
        if (f->kind != SIZE_MAX)
            memcpy((char *)element + f->kind, &member->kind, sizeof(member->kind));
        type_member(ctx, item, value, member, element);
        memcpy((char *)element + f->pos, &item->at, sizeof(item->at));
    }
}

static void type_family(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
                        void *base) {
    const struct chs_family *f = &chs__families[row->arg];
    char *items = list_open(ctx, node, row, base, f->bytes);

    for (size_t i = 0; items && i < node->count; i++) {
        char *element = items + i * f->bytes;

        prepare_element(row->arg, element);
        if (row->arg == CHS_F_STEP) {
            ctx->steps = (void *)items;
            ctx->steps_done = i;
        }
        type_item(ctx, node->items[i], row->arg, element);
        if (row->arg == CHS_F_STEP)
            ctx->steps_unsure |= any_bad(node->items[i]);
    }
}

static void type_nothing(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
                         void *base) {
    (void)ctx;
    (void)node;
    (void)row;
    (void)base;
}

static const chs_typer typers[CHS_T_COUNT] = {
    [CHS_T_VERSION] = chs__type_version,
    [CHS_T_MATRIX] = type_nothing,
    [CHS_T_BOOL] = chs__type_bool,
    [CHS_T_UINT] = chs__type_uint,
    [CHS_T_INT] = chs__type_int,
    [CHS_T_SIZE] = chs__type_size,
    [CHS_T_DURATION] = chs__type_duration,
    [CHS_T_STATUS] = chs__type_status,
    [CHS_T_WORD] = chs__type_word,
    [CHS_T_FLAG] = chs__type_flag,
    [CHS_T_TEXT_WORD] = chs__type_text_word,
    [CHS_T_TEXT] = chs__type_text,
    [CHS_T_NAME] = chs__type_name,
    [CHS_T_STEM] = chs__type_stem,
    [CHS_T_ID] = chs__type_id,
    [CHS_T_DEFECT] = chs__type_defect,
    [CHS_T_NAMES] = chs__type_names,
    [CHS_T_ARGV] = chs__type_argv,
    [CHS_T_SEEDS] = chs__type_seeds,
    [CHS_T_SIZES] = chs__type_sizes,
    [CHS_T_RANKS] = chs__type_ranks,
    [CHS_T_RANK] = chs__type_rank,
    [CHS_T_BUFFER] = chs__type_buffer,
    [CHS_T_BUFFERS] = chs__type_buffers,
    [CHS_T_STEP_REF] = chs__type_step_ref,
    [CHS_T_COMMAND] = chs__type_command,
    [CHS_T_ACTOR] = chs__type_actor,
    [CHS_T_POINT] = chs__type_point,
    [CHS_T_CALL] = chs__type_call,
    [CHS_T_WHERE] = chs__type_where,
    [CHS_T_ERRNO] = chs__type_errno,
    [CHS_T_TIMES] = chs__type_times,
    [CHS_T_GLOB] = chs__type_glob,
    [CHS_T_OBJECT] = type_object,
    [CHS_T_LIST] = type_list,
    [CHS_T_FAMILY] = type_family,
};

void chs__type_value(struct chs_ctx *ctx, struct chs_node *node, const struct chs_row *row,
                     void *base) {
    bool substituted = node->substituted;

    if (node->bad)
        return;
    for (size_t i = 0; node->kind == CHS_LIST && i < node->count; i++)
        substituted |= node->items[i]->substituted;
    if (substituted && row->flags & CHS_FIXED) {
        chs__bad(ctx, node, "a matrix parameter cannot stand in '%s'", row->key);
        return;
    }
    typers[row->type](ctx, node, row, base);
}
