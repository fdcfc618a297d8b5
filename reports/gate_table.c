/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_table.c - what a gate found: each scenario against lib/ and against the defects it claims,
 * as a table for a terminal and as gate.json.
 */
#include "reports/internal.h"
#include "reports/json.h"
#include "reports/results.h"

#include <string.h>

#define GATE_SCHEMA "chipharness-gate/1"

/* The word for a row: what its status means depends on whether a defect was in. */
static const char *row_word(const struct chr_gate_row *r) {
    switch (r->status) {
    case CHR_PASSED:
        return r->defect ? "caught" : "ok";
    case CHR_FAILED:
        return r->defect ? "MISSED" : "FAIL";
    case CHR_SKIPPED:
        return "skipped";
    case CHR_VACUOUS:
        return "VACUOUS";
    case CHR_BROKEN:
        return "ERROR";
    }
    return "ERROR";
}

static const char *row_color(const struct chr_gate_row *r) {
    return r->status == CHR_PASSED    ? "\033[32m"
           : r->status == CHR_SKIPPED ? "\033[33m"
                                      : "\033[31m";
}

struct widths {
    size_t scenario, against, expected, got;
};

static void widen(size_t *w, const char *s) {
    size_t n = s ? chr__columns(s) : 0;
    if (n > *w)
        *w = n;
}

static const char *against(const struct chr_gate_row *r, char *buf, size_t size) {
    size_t n = chr__append(buf, size, 0, "%s", r->defect ? r->defect : "lib/");
    if (r->variant && *r->variant)
        chr__append(buf, size, n, " [%s]", r->variant);
    return buf;
}

static void cell(FILE *out, const char *s, size_t width) {
    size_t n = s ? chr__columns(s) : 0;
    fputs(s ? s : "", out);
    fprintf(out, "%*s", (int)(width > n ? width - n : 0) + 2, "");
}

static void write_row(FILE *out, bool color, const struct widths *w, const struct chr_gate_row *r,
                      const char *scenario) {
    char text[CHR_TEXT_LEN], seeds[32];
    snprintf(seeds, sizeof seeds, "%u/%u", r->as_expected, r->seeds);
    cell(out, scenario, w->scenario);
    cell(out, against(r, text, sizeof text), w->against);
    cell(out, r->expected, w->expected);
    cell(out, r->got, w->got);
    cell(out, seeds, 5);
    fprintf(out, "%s%s%s\n", color ? row_color(r) : "", row_word(r), color ? "\033[0m" : "");
    if (r->status == CHR_PASSED)
        return;
    if (r->note)
        fprintf(out, "    %s\n", r->note);
    if (r->replay)
        fprintf(out, "    replay: %s\n", r->replay);
}

void chr_gate_table(FILE *out, const struct chr_style *style, const struct chr_gate_row *rows,
                    size_t count) {
    struct widths w = {strlen("scenario"), strlen("against"), strlen("expected"), strlen("got")};
    size_t clean = 0, caught = 0, wrong = 0, skipped = 0;
    char text[CHR_TEXT_LEN];
    for (size_t i = 0; i < count; i++) {
        const struct chr_gate_row *r = &rows[i];
        widen(&w.scenario, r->scenario);
        widen(&w.against, against(r, text, sizeof text));
        widen(&w.expected, r->expected);
        widen(&w.got, r->got);
        clean += r->status == CHR_PASSED && !r->defect;
        caught += r->status == CHR_PASSED && r->defect;
        skipped += r->status == CHR_SKIPPED;
        wrong += r->status != CHR_PASSED && r->status != CHR_SKIPPED;
    }
    cell(out, "scenario", w.scenario);
    cell(out, "against", w.against);
    cell(out, "expected", w.expected);
    cell(out, "got", w.got);
    cell(out, "seeds", 5);
    fputs("result\n", out);
    for (size_t i = 0; i < count; i++) {
        bool again = i > 0 && strcmp(rows[i].scenario, rows[i - 1].scenario) == 0;
        write_row(out, style->color, &w, &rows[i], again ? "" : rows[i].scenario);
    }
    fprintf(out, "\n%zu clean, %zu caught, %zu wrong, %zu skipped\n", clean, caught, wrong,
            skipped);
}

void chr_gate_json(FILE *out, const struct chr_gate_row *rows, size_t count, const char *build_id) {
    struct chr_json j;
    chr_json_begin(&j, out);
    chr_json_object(&j, NULL);
    chr_json_string(&j, "schema", GATE_SCHEMA);
    chr_json_string(&j, "build_id", build_id);
    chr_json_array(&j, "rows");
    for (size_t i = 0; i < count; i++) {
        const struct chr_gate_row *r = &rows[i];
        chr_json_object(&j, NULL);
        chr_json_string(&j, "scenario", r->scenario);
        chr_json_string(&j, "variant", r->variant);
        chr_json_string(&j, "defect", r->defect);
        chr_json_string(&j, "expected", r->expected);
        chr_json_string(&j, "got", r->got);
        chr_json_number(&j, "seeds", r->seeds);
        chr_json_number(&j, "as_expected", r->as_expected);
        chr_json_string(&j, "status", chr__status_name(r->status));
        chr_json_string(&j, "note", r->note);
        chr_json_string(&j, "replay", r->replay);
        chr_json_close(&j);
    }
    chr_json_close(&j);
    chr_json_close(&j);
    chr_json_end(&j);
}
