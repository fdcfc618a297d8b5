/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schema_json.c - the tables as JSON Schema (draft 2020-12), for editors and other checkers.
 *
 * It accepts every scenario that chs_load() accepts. It cannot say what holds between values (a
 * rank in range, the errnos of a call): those errors only chs_load() finds.
 */
#include "harness/scenario/scenario.h"
#include "harness/scenario/schema.h"
#include "harness/scenario/words.h"

#include <string.h>

/* Definitions that rows refer to; every one but `param` also accepts a matrix parameter. */
#define NUMBER                                                                                   \
    "{\"type\":\"integer\",\"minimum\":0},{\"type\":\"string\",\"pattern\":\"^(0|[1-9][0-9]*|0[" \
    "xX][0-9a-fA-F]+)$\"}"
#define NAME  "\"type\":\"string\",\"pattern\":\"^[A-Za-z][A-Za-z0-9_.-]*$\",\"maxLength\":63"
#define PARAM ",{\"$ref\":\"#/$defs/param\"}]}"

static const struct {
    const char *name;
    const char *json;
} defs[] = {
    {"param", "{\"type\":\"string\",\"pattern\":\"\\\\$\\\\{[a-z][a-z0-9_]*\\\\}\"}"},
    {"digits", "{\"type\":\"string\",\"pattern\":\"^(0|[1-9][0-9]*|0[xX][0-9a-fA-F]+)$\"}"},
    {"name", "{" NAME "}"},
    {"text", "{\"type\":[\"string\",\"number\",\"boolean\"]}"},
    {"boolean", "{\"anyOf\":[{\"type\":\"boolean\"}" PARAM},
    {"number", "{\"anyOf\":[" NUMBER PARAM},
    {"integer", "{\"anyOf\":[{\"type\":\"integer\"},{\"type\":\"string\",\"pattern\":\"^-?(0|[1-9]["
                "0-9]*|0[xX][0-9a-fA-F]+)$\"}" PARAM},
    {"size", "{\"anyOf\":[{\"type\":\"integer\",\"minimum\":0},{\"type\":\"string\",\"pattern\":\"^"
             "(0|[1-9][0-9]*|0[xX][0-9a-fA-F]+)(B|KiB|MiB|GiB)?$\"}" PARAM},
    {"duration", "{\"anyOf\":[{\"type\":\"string\",\"pattern\":\"^(0|[1-9][0-9]*|0[xX][0-9a-fA-F]+)"
                 "(ns|us|ms|s|min|h)$\"}" PARAM},
    {"times", "{\"anyOf\":[{\"const\":\"all\"},{\"$ref\":\"#/$defs/number\"}]}"},
    {"ranks",
     "{\"anyOf\":[{\"const\":\"all\"},{\"$ref\":\"#/$defs/"
     "number\"},{\"type\":\"array\",\"minItems\":1,\"items\":{\"$ref\":\"#/$defs/number\"}}]}"},
    {"names", "{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/name\"}}"},
    {"buffer_name", "{\"type\":\"string\"}"},
    {"buffer_names", "{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/buffer_name\"}}"},
    {"argv", "{\"type\":\"array\",\"minItems\":1,\"items\":{\"type\":[\"string\",\"number\","
             "\"boolean\"]}}"},
    {"sizes", "{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/size\"}}"},
    {"seeds",
     "{\"anyOf\":[{\"$ref\":\"#/$defs/"
     "number\"},{\"type\":\"array\",\"minItems\":1,\"items\":{\"$ref\":\"#/$defs/number\"}}]}"},
    {"actor", "{\"anyOf\":[{\"type\":\"string\",\"pattern\":\"^(parent|any|rank [0-9]+)$\"}" PARAM},
    {"matrix", "{\"type\":\"object\",\"minProperties\":1,\"maxProperties\":8,\"propertyNames\":{"
               "\"pattern\":\"^[a-z][a-z0-9_]*$\"},"
               "\"additionalProperties\":{\"type\":\"array\",\"minItems\":1,\"items\":{\"type\":["
               "\"string\",\"number\",\"boolean\"]}}}"},
};

static const char *const type_def[CHS_T_COUNT] = {
    [CHS_T_MATRIX] = "matrix",
    [CHS_T_BOOL] = "boolean",
    [CHS_T_UINT] = "number",
    [CHS_T_INT] = "integer",
    [CHS_T_SIZE] = "size",
    [CHS_T_DURATION] = "duration",
    [CHS_T_STATUS] = "number",
    [CHS_T_TEXT] = "text",
    [CHS_T_NAME] = "name",
    [CHS_T_STEM] = "name",
    [CHS_T_ID] = "name",
    [CHS_T_DEFECT] = "name",
    [CHS_T_NAMES] = "names",
    [CHS_T_ARGV] = "argv",
    [CHS_T_SEEDS] = "seeds",
    [CHS_T_SIZES] = "sizes",
    [CHS_T_RANKS] = "ranks",
    [CHS_T_RANK] = "number",
    [CHS_T_BUFFER] = "buffer_name",
    [CHS_T_BUFFERS] = "buffer_names",
    [CHS_T_STEP_REF] = "name",
    [CHS_T_ACTOR] = "actor",
    [CHS_T_POINT] = "point",
    [CHS_T_WHERE] = "where",
    [CHS_T_TIMES] = "times",
    [CHS_T_GLOB] = "text",
};

static void string(FILE *out, const char *text) {
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

static void words(FILE *out, int id) {
    const struct chs_words *list = chs__words(id);

    fputs("{\"enum\":[", out);
    for (size_t i = 0; i < list->count; i++) {
        if (i)
            fputc(',', out);
        string(out, list->list[i].word);
    }
    fputs("]}", out);
}

static void word_or_param(FILE *out, int id) {
    fputs("\"anyOf\":[", out);
    words(out, id);
    fputs(",{\"$ref\":\"#/$defs/param\"}]", out);
}

static void object_ref(FILE *out, int object) {
    if (object == CHS_O_CONTENT)
        fputs("\"anyOf\":[{\"const\":\"initial\"},{\"$ref\":\"#/$defs/content\"}]", out);
    else
        fprintf(out, "\"$ref\":\"#/$defs/%s\"", chs__objects[object].name);
}

static void row_type(FILE *out, const struct chs_row *row) {
    switch (row->type) {
    case CHS_T_VERSION:
        fputs("\"const\":1", out);
        break;
    case CHS_T_WORD:
    case CHS_T_FLAG:
    case CHS_T_TEXT_WORD:
    case CHS_T_CALL:
    case CHS_T_ERRNO:
        word_or_param(out, row->arg);
        break;
    case CHS_T_UINT:
    case CHS_T_STATUS:
        fprintf(out,
                "\"anyOf\":[{\"type\":\"integer\",\"minimum\":%llu,\"maximum\":%llu},"
                "{\"$ref\":\"#/$defs/digits\"},{\"$ref\":\"#/$defs/param\"}]",
                (unsigned long long)row->min, (unsigned long long)row->max);
        break;
    case CHS_T_COMMAND:
        fputs("\"anyOf\":[{\"$ref\":\"#/$defs/number\"},", out);
        words(out, row->arg);
        fputs("]", out);
        break;
    case CHS_T_OBJECT:
        object_ref(out, row->arg);
        break;
    case CHS_T_LIST:
        fprintf(out, "\"type\":\"array\",\"minItems\":%llu,\"maxItems\":%llu,\"items\":{",
                (unsigned long long)row->min, (unsigned long long)row->max);
        object_ref(out, row->arg);
        fputs("}", out);
        break;
    case CHS_T_FAMILY:
        fprintf(out,
                "\"type\":\"array\",\"minItems\":%llu,\"maxItems\":%llu,"
                "\"items\":{\"$ref\":\"#/$defs/any_%s\"}",
                (unsigned long long)row->min, (unsigned long long)row->max,
                chs__families[row->arg].name);
        break;
    default:
        fprintf(out, "\"$ref\":\"#/$defs/%s\"", type_def[row->type]);
        break;
    }
}

static void row_json(FILE *out, const struct chs_row *row) {
    string(out, row->key);
    fputs(":{\"description\":", out);
    string(out, row->help);
    if (row->def) { /* numbers and truth values as such, the rest as text */
        bool plain = row->type == CHS_T_BOOL || row->type == CHS_T_UINT ||
                     row->type == CHS_T_SEEDS || !strcmp(row->def, "0");

        fputs(",\"default\":", out);
        if (plain)
            fputs(row->def, out);
        else
            string(out, row->def);
    }
    fputc(',', out);
    row_type(out, row);
    fputc('}', out);
}

static void object_json(FILE *out, int object) {
    const char *comma = "";

    fputs("\"type\":\"object\",\"additionalProperties\":false,\"required\":[", out);
    for (size_t i = 0; i < chs__row_count; i++) {
        if (chs__rows[i].parent != object || !(chs__rows[i].flags & CHS_REQUIRED) ||
            chs__rows[i].flags & CHS_STEPS_ONLY)
            continue;
        fputs(comma, out);
        string(out, chs__rows[i].key);
        comma = ",";
    }
    fputs("],\"properties\":{", out);
    comma = "";
    for (size_t i = 0; i < chs__row_count; i++) {
        if (chs__rows[i].parent != object)
            continue;
        fprintf(out, "%s\n  ", comma);
        row_json(out, &chs__rows[i]);
        comma = ",";
    }
    fputs("}", out);
}

static void member_json(FILE *out, const struct chs_member *member) {
    string(out, member->key);
    fputs(":{\"description\":", out);
    string(out, member->help);
    fprintf(out, ",\"anyOf\":[{\"$ref\":\"#/$defs/%s\"}", chs__objects[member->object].name);
    if (member->bare)
        fputs(",{\"type\":\"null\"}", out);
    for (size_t i = 0; member->short_key && i < chs__row_count; i++) {
        if (chs__rows[i].parent != member->object || strcmp(chs__rows[i].key, member->short_key))
            continue;
        fputs(",{", out);
        row_type(out, &chs__rows[i]);
        fputs("}", out);
    }
    fputs("]}", out);
}

static void family_json(FILE *out, int family) {
    const char *comma = "";

    fprintf(out, ",\n\"any_%s\":{\"anyOf\":[", chs__families[family].name);
    for (size_t i = 0; i < chs__member_count; i++) {
        if (chs__members[i].family != family || !chs__members[i].bare)
            continue;
        fputs("{\"const\":", out);
        string(out, chs__members[i].key);
        fputs("},", out);
    }
    fputs("{\"type\":\"object\",\"minProperties\":1,\"maxProperties\":1,"
          "\"additionalProperties\":false,\"properties\":{",
          out);
    for (size_t i = 0; i < chs__member_count; i++) {
        if (chs__members[i].family != family)
            continue;
        fprintf(out, "%s\n  ", comma);
        member_json(out, &chs__members[i]);
        comma = ",";
    }
    fputs("}}]}", out);
}

/* Every name that some point has as a field. */
static void where_json(FILE *out) {
    const char *seen[64];
    size_t count = 0;

    fputs(",\n\"where\":{\"type\":\"object\",\"minProperties\":1,\"additionalProperties\":false,"
          "\"properties\":{",
          out);
    for (uint32_t point = 0; point < CHIP_POINT_COUNT; point++) {
        for (int i = 0; i < CHIP_MATCH_FIELDS; i++) {
            const char *field = chs__point_fields(point)[i];
            size_t known = 0;

            while (known < count && strcmp(seen[known], field))
                known++;
            if (known < count || !strcmp(field, "_") || count == 64)
                continue;
            fprintf(out, "%s\"%s\":{\"type\":[\"string\",\"integer\"]}", count ? "," : "", field);
            seen[count++] = field;
        }
    }
    fputs("}}", out);
}

static void point_json(FILE *out) {
    const struct chs_words *probes = chs__words(CHS_W_PROBE), *calls = chs__words(CHS_W_CALL);

    fputs(",\n\"point\":{\"anyOf\":[{\"type\":\"string\",\"pattern\":\"^(", out);
    for (size_t i = 0; i < probes->count + calls->count; i++) {
        const char *word =
            i < probes->count ? probes->list[i].word : calls->list[i - probes->count].word;

        if (i)
            fputc('|', out);
        for (; *word; word++) {
            if (*word == '.')
                fputs("\\\\", out);
            fputc(*word, out);
        }
    }
    fputs(")(\\\\[[0-9]+\\\\])?$\"},{\"$ref\":\"#/$defs/param\"}]}", out);
}

void chs_schema_json(FILE *out) {
    fputs("{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\n"
          "\"title\":\"chipharness scenario, version 1\",\n",
          out);
    object_json(out, CHS_O_ROOT);
    fputs(",\n\"oneOf\":[{\"required\":[\"steps\"]},{\"required\":[\"command\"]},"
          "{\"required\":[\"library\"]}]",
          out);
    fputs(",\n\"$defs\":{", out);
    for (size_t i = 0; i < sizeof(defs) / sizeof(defs[0]); i++)
        fprintf(out, "%s\n\"%s\":%s", i ? "," : "", defs[i].name, defs[i].json);
    point_json(out);
    where_json(out);
    for (int object = CHS_O_ROOT + 1; object < CHS_O_COUNT; object++) {
        fprintf(out, ",\n\"%s\":{", chs__objects[object].name);
        object_json(out, object);
        fputs("}", out);
    }
    for (int family = 0; family < CHS_F_COUNT; family++)
        family_json(out, family);
    fputs("}}\n", out);
}
