/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader.c - libyaml's events to a tree of located nodes.
 *
 * What the language does not have is refused here, by name: anchors, aliases, tags, several
 * documents, keys that are not words. Depth and counts are bounded before memory is spent.
 */
#include "harness/scenario/node.h"

#include <string.h>
#include <yaml.h>

struct reader {
    struct chs_arena *arena;
    struct chs_sink *sink;
    yaml_parser_t parser;
    size_t nodes;
    bool failed; /* an error after which reading cannot go on */
};

static struct chs_pos place(yaml_mark_t mark) {
    return (struct chs_pos){.line = (uint32_t)mark.line + 1, .col = (uint32_t)mark.column + 1};
}

static uint32_t span(const yaml_event_t *event) {
    if (event->start_mark.line != event->end_mark.line ||
        event->end_mark.column <= event->start_mark.column)
        return 1;
    return (uint32_t)(event->end_mark.column - event->start_mark.column);
}

/* Whether the line has, before `col`, a word directly followed by an opening bracket: "${a}" or
 * "d2h.chunk[1]" without quotes inside a flow collection. */
static bool unquoted_bracket(const char *line, size_t length, size_t col) {
    if (col > length)
        col = length;
    for (size_t i = 1; i < length && i <= col; i++) {
        if (line[i] == '{' && line[i - 1] == '$')
            return true;
        if (line[i] == '[' && line[i - 1] != ' ' && line[i - 1] != '[' && line[i - 1] != '{')
            return true;
    }
    return false;
}

static bool tab_indents(const char *line, size_t length) {
    for (size_t i = 0; i < length && (line[i] == ' ' || line[i] == '\t'); i++) {
        if (line[i] == '\t')
            return true;
    }
    return false;
}

/* libyaml's own error, with a hint for the mistakes that its wording does not explain. */
static void syntax_error(struct reader *r) {
    const yaml_parser_t *p = &r->parser;
    const char *problem = p->problem ? p->problem : "cannot be read as YAML";
    struct chs_pos at = place(p->problem_mark);
    struct chs_diag *diag;
    const char *line;
    size_t length = 0;

    r->failed = true;
    if (p->error == YAML_MEMORY_ERROR)
        chs__die("out of memory");
    if (p->error == YAML_READER_ERROR) {
        chs__diag(r->sink, chs__source_place(r->sink, p->problem_offset), 1,
                  "not text in UTF-8: %s", problem);
        return;
    }
    line = chs__source_line(r->sink, at.line, &length);
    if (line && tab_indents(line, length)) {
        diag = chs__diag(r->sink, at, 1, "a tab cannot indent in YAML");
        chs__diag_expected(r->sink, diag, "spaces");
        return;
    }
    if (p->context)
        diag = chs__diag(r->sink, at, 1, "YAML: %s (%s that began at line %zu)", problem,
                         p->context, p->context_mark.line + 1);
    else
        diag = chs__diag(r->sink, at, 1, "YAML: %s", problem);
    if (line && unquoted_bracket(line, length, at.col))
        chs__diag_note(r->sink, diag,
                       "inside { } and [ ] a word with brackets needs quotes: "
                       "\"${size}\", \"d2h.chunk[1]\"");
}

static bool next(struct reader *r, yaml_event_t *event) {
    if (r->failed)
        return false;
    if (!yaml_parser_parse(&r->parser, event)) {
        syntax_error(r);
        return false;
    }
    return true;
}

static void refuse(struct reader *r, const yaml_event_t *event, const char *what) {
    struct chs_diag *diag = chs__diag(r->sink, place(event->start_mark), span(event), "%s", what);

    chs__diag_note(r->sink, diag,
                   "the scenario language has no anchors, aliases or tags; use "
                   "matrix: and ${name} for what varies");
}

static void check_properties(struct reader *r, const yaml_event_t *event) {
    const yaml_char_t *anchor = NULL, *tag = NULL;

    if (event->type == YAML_SCALAR_EVENT) {
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
    } else if (event->type == YAML_MAPPING_START_EVENT) {
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
    }
    if (anchor)
        refuse(r, event, "an anchor (&) cannot be used here");
    else if (tag)
        refuse(r, event, "a tag (!) cannot be used here");
}

static struct chs_node *node_new(struct reader *r, const yaml_event_t *event, int kind) {
    struct chs_node *node;

    if (++r->nodes > CHS_MAX_NODES) {
        chs__diag(r->sink, place(event->start_mark), 1, "more than %d values in one scenario",
                  CHS_MAX_NODES);
        r->failed = true;
        return NULL;
    }
    node = chs__arena_alloc(r->arena, sizeof(*node));
    node->kind = kind;
    node->at = place(event->start_mark);
    node->width = span(event);
    return node;
}

static struct chs_node *read_scalar(struct reader *r, const yaml_event_t *event) {
    struct chs_node *node = node_new(r, event, CHS_SCALAR);
    const char *text = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;

    if (!node)
        return NULL;
    if (memchr(text, 0, length)) {
        chs__diag(r->sink, node->at, node->width, "a NUL character cannot be used here");
        node->bad = true;
        length = strlen(text);
    }
    node->text = chs__arena_copy(r->arena, text, length);
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    return node;
}

static struct chs_node *read_value(struct reader *r, yaml_event_t *event, unsigned depth);

/* A growing array of pointers; what it outgrew stays in the arena until that is freed. */
static void *grown(struct chs_arena *arena, const void *old, size_t count, size_t bytes) {
    void *bigger;

    if (count && (count < 8 || (count & (count - 1))))
        return NULL;
    bigger = chs__arena_array(arena, count ? count * 2 : 8, bytes);
    if (count)
        memcpy(bigger, old, count * bytes);
    return bigger;
}

static struct chs_node *read_list(struct reader *r, const yaml_event_t *start, unsigned depth) {
    struct chs_node *node = node_new(r, start, CHS_LIST);
    yaml_event_t event;

    while (node && next(r, &event)) {
        struct chs_node *item;
        void *bigger;

        if (event.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&event);
            return node;
        }
        item = read_value(r, &event, depth);
        yaml_event_delete(&event);
        if (!item)
            return NULL;
        if (node->count == CHS_MAX_ITEMS) {
            chs__diag(r->sink, item->at, item->width, "more than %d items in one list",
                      CHS_MAX_ITEMS);
            r->failed = true;
            return NULL;
        }
        bigger = grown(r->arena, node->items, node->count, sizeof(struct chs_node *));
        if (bigger)
            node->items = bigger;
        node->items[node->count++] = item;
    }
    return NULL;
}

static void add_pair(struct reader *r, struct chs_node *map, struct chs_node *key,
                     struct chs_node *value) {
    void *bigger;

    for (size_t i = 0; i < map->count; i++) {
        const struct chs_node *first = map->pairs[i].key;

        if (!strcmp(first->text, key->text)) {
            struct chs_diag *diag = chs__diag(r->sink, key->at, key->width, "duplicate key '%s'",
                                              chs__shown(&r->sink->arena, key->text));
            chs__diag_note(r->sink, diag, "it was given before, in line %u", first->at.line);
            return;
        }
    }
    if (map->count == CHS_MAX_KEYS) {
        chs__diag(r->sink, key->at, key->width, "more than %d keys in one mapping", CHS_MAX_KEYS);
        r->failed = true;
        return;
    }
    bigger = grown(r->arena, map->pairs, map->count, sizeof(struct chs_pair));
    if (bigger)
        map->pairs = bigger;
    map->pairs[map->count++] = (struct chs_pair){key, value};
}

static struct chs_node *read_map(struct reader *r, const yaml_event_t *start, unsigned depth) {
    struct chs_node *node = node_new(r, start, CHS_MAP);
    yaml_event_t event;

    while (node && next(r, &event)) {
        struct chs_node *key, *value;

        if (event.type == YAML_MAPPING_END_EVENT) {
            yaml_event_delete(&event);
            return node;
        }
        key = read_value(r, &event, depth);
        yaml_event_delete(&event);
        if (!key || !next(r, &event))
            return NULL;
        value = read_value(r, &event, depth);
        yaml_event_delete(&event);
        if (!value)
            return NULL;
        if (key->kind != CHS_SCALAR)
            chs__diag(r->sink, key->at, key->width, "a key must be a word, not %s",
                      chs__what(&r->sink->arena, key));
        else
            add_pair(r, node, key, value);
    }
    return NULL;
}

static struct chs_node *read_value(struct reader *r, yaml_event_t *event, unsigned depth) {
    check_properties(r, event);
    if (event->type == YAML_ALIAS_EVENT) {
        struct chs_node *node = node_new(r, event, CHS_SCALAR);

        refuse(r, event, "an alias (*) cannot be used here");
        if (node) {
            node->text = "";
            node->bad = true;
        }
        return node;
    }
    if (event->type == YAML_SCALAR_EVENT)
        return read_scalar(r, event);
    if (depth == CHS_MAX_DEPTH) {
        chs__diag(r->sink, place(event->start_mark), 1, "nested more than %d levels deep",
                  CHS_MAX_DEPTH);
        r->failed = true;
        return NULL;
    }
    if (event->type == YAML_SEQUENCE_START_EVENT)
        return read_list(r, event, depth + 1);
    if (event->type == YAML_MAPPING_START_EVENT)
        return read_map(r, event, depth + 1);
    chs__die("an event that libyaml does not send here");
}

/* After the first document: nothing more may come. */
static void expect_end(struct reader *r) {
    yaml_event_t event;

    while (next(r, &event)) {
        yaml_event_type_t type = event.type;

        if (type == YAML_DOCUMENT_START_EVENT) {
            chs__diag(r->sink, place(event.start_mark), span(&event),
                      "a second document: a scenario file holds one");
            r->failed = true;
        }
        yaml_event_delete(&event);
        if (type == YAML_STREAM_END_EVENT || r->failed)
            return;
    }
}

static struct chs_node *read_document(struct reader *r) {
    struct chs_node *root = NULL;
    yaml_event_t event;

    while (!root && next(r, &event)) {
        yaml_event_type_t type = event.type;

        if (type == YAML_STREAM_END_EVENT)
            chs__diag(r->sink, (struct chs_pos){1, 1}, 1, "the file is empty: it has no scenario");
        else if (type != YAML_STREAM_START_EVENT && type != YAML_DOCUMENT_START_EVENT)
            root = read_value(r, &event, 0);
        yaml_event_delete(&event);
        if (type == YAML_STREAM_END_EVENT || r->failed)
            return NULL;
    }
    if (root)
        expect_end(r);
    return r->failed ? NULL : root;
}

struct chs_node *chs__read(struct chs_arena *arena, struct chs_sink *sink, const char *bytes,
                           size_t length) {
    struct reader r = {.arena = arena, .sink = sink};
    struct chs_node *root;

    if (length >= 2 && (!memcmp(bytes, "\xff\xfe", 2) || !memcmp(bytes, "\xfe\xff", 2))) {
        chs__diag(sink, (struct chs_pos){0, 0}, 1, "the file is UTF-16; a scenario is UTF-8");
        return NULL;
    }
    if (!yaml_parser_initialize(&r.parser))
        chs__die("out of memory");
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    if (length >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3)) {
        bytes += 3;
        length -= 3;
    }
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)bytes, length);
    root = read_document(&r);
    yaml_parser_delete(&r.parser);
    return root;
}

struct chs_node *chs__get(const struct chs_node *map, const char *key) {
    if (!map || map->kind != CHS_MAP)
        return NULL;
    for (size_t i = 0; i < map->count; i++) {
        if (!strcmp(map->pairs[i].key->text, key))
            return map->pairs[i].value;
    }
    return NULL;
}

bool chs__is_null(const struct chs_node *node) {
    return node->kind == CHS_SCALAR && !node->quoted &&
           (!*node->text || !strcmp(node->text, "~") || !strcmp(node->text, "null"));
}

const char *chs__what(struct chs_arena *arena, const struct chs_node *node) {
    if (node->kind == CHS_LIST)
        return "a list";
    if (node->kind == CHS_MAP)
        return "a mapping";
    if (chs__is_null(node))
        return "nothing";
    return chs__arena_format(arena, "'%s'", chs__shown(arena, node->text));
}
