/* SPDX-License-Identifier: Apache-2.0 */
/*
 * junit.c - JUnit XML in the dialect that Jenkins reads: a suite for each scenario file, a case for
 * each run, <failure type="verdict">, and <error> only where the harness itself failed.
 */
#include "reports/internal.h"
#include "reports/results.h"

#include <inttypes.h>
#include <string.h>

/* Characters that XML 1.0 cannot hold, even escaped, are left out. */
static bool xml_char(uint32_t cp) {
    return cp == '\t' || cp == '\n' || cp == '\r' || (cp >= 0x20 && cp != 0xfffe && cp != 0xffff);
}

static void write_escaped(FILE *out, const char *s) {
    size_t left = strlen(s), size;
    for (; left > 0; s += size, left -= size) {
        uint32_t cp = chr__utf8_next(s, left, &size);
        if (!xml_char(cp))
            continue;
        if (cp == '<')
            fputs("&lt;", out);
        else if (cp == '>')
            fputs("&gt;", out);
        else if (cp == '&')
            fputs("&amp;", out);
        else if (cp == '"')
            fputs("&quot;", out);
        else if (cp < 0x20)
            fprintf(out, "&#%" PRIu32 ";", cp);
        else if (cp == 0xfffd)
            fputs("\xef\xbf\xbd", out);
        else
            fwrite(s, 1, size, out);
    }
}

static void attribute(FILE *out, const char *name, const char *value) {
    fprintf(out, " %s=\"", name);
    write_escaped(out, value ? value : "");
    putc('"', out);
}

static void seconds(FILE *out, uint64_t ns) {
    fprintf(out, " time=\"%" PRIu64 ".%06" PRIu64 "\"", ns / 1000000000, ns % 1000000000 / 1000);
}

static void property(FILE *out, const char *name, const char *value) {
    if (!value)
        return;
    fputs("        <property", out);
    attribute(out, "name", name);
    attribute(out, "value", value);
    fputs("/>\n", out);
}

static void line(FILE *out, const char *head, const char *text) {
    if (!text)
        return;
    write_escaped(out, head);
    write_escaped(out, text);
    putc('\n', out);
}

static void write_findings(FILE *out, const struct chr_run *run) {
    for (size_t i = 0; i < run->finding_count; i++) {
        const struct chr_finding *f = &run->findings[i];
        line(out, "verdict:     ", f->verdict);
        line(out, "expectation: ", f->expectation);
        if (f->file) {
            line(out, "file:        ", f->file);
            fprintf(out, "line:        %u\n", f->line);
        }
        line(out, "expected:    ", f->expected);
        line(out, "observed:    ", f->observed);
    }
    line(out, "note:        ", run->note);
    line(out, "replay:      ", run->replay);
}

static const char *message_of(const struct chr_run *run) {
    if (run->finding_count > 0) {
        const struct chr_finding *f = &run->findings[0];
        return f->observed ? f->observed : f->expectation;
    }
    return run->note ? run->note : run->verdict;
}

static void write_outcome(FILE *out, const struct chr_run *run) {
    if (run->status == CHR_PASSED)
        return;
    if (run->status == CHR_SKIPPED) {
        fputs("      <skipped", out);
        attribute(out, "message", run->note);
        fputs("/>\n", out);
        return;
    }
    const char *element = run->status == CHR_BROKEN ? "error" : "failure";
    fprintf(out, "      <%s", element);
    attribute(out, "type", run->verdict);
    attribute(out, "message", message_of(run));
    putc('>', out);
    write_findings(out, run);
    fprintf(out, "</%s>\n", element);
}

static void write_case(FILE *out, const struct chr_results *suite, const struct chr_run *run) {
    char title[512], seed[24];
    snprintf(seed, sizeof seed, "%" PRIu64, run->seed);
    fputs("    <testcase", out);
    attribute(out, "classname", suite->scenario);
    attribute(out, "name", chr_run_title(run, title, sizeof title));
    seconds(out, run->measure.wall_ns);
    fputs(">\n      <properties>\n", out);
    property(out, "seed", seed);
    property(out, "verdict", run->verdict);
    property(out, "expected-verdict", run->expected_verdict);
    property(out, "defect", run->defect);
    property(out, "build-id", run->build_id);
    property(out, "replay", run->replay);
    fputs("      </properties>\n", out);
    write_outcome(out, run);
    fputs("    </testcase>\n", out);
}

struct totals {
    size_t tests, failures, errors, skipped;
    uint64_t ns;
};

static void add_totals(struct totals *t, const struct chr_results *suite) {
    t->tests += suite->count;
    t->failures += chr__count_status(suite, CHR_FAILED) + chr__count_status(suite, CHR_VACUOUS);
    t->errors += chr__count_status(suite, CHR_BROKEN);
    t->skipped += chr__count_status(suite, CHR_SKIPPED);
    for (size_t i = 0; i < suite->count; i++)
        t->ns += suite->runs[i].measure.wall_ns;
}

static void write_totals(FILE *out, const struct totals *t, bool with_skipped) {
    fprintf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\"", t->tests, t->failures,
            t->errors);
    if (with_skipped)
        fprintf(out, " skipped=\"%zu\"", t->skipped);
    seconds(out, t->ns);
    fputs(">\n", out);
}

void chr_junit(FILE *out, const struct chr_results *const *suites, size_t count) {
    struct totals all = {0};
    for (size_t i = 0; i < count; i++)
        add_totals(&all, suites[i]);
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"chipharness\"", out);
    write_totals(out, &all, false);
    for (size_t i = 0; i < count; i++) {
        const struct chr_results *suite = suites[i];
        struct totals own = {0};
        add_totals(&own, suite);
        fputs("  <testsuite", out);
        attribute(out, "name", suite->path ? suite->path : suite->scenario);
        write_totals(out, &own, true);
        for (size_t k = 0; k < suite->count; k++)
            write_case(out, suite, &suite->runs[k]);
        fputs("  </testsuite>\n", out);
    }
    fputs("</testsuites>\n", out);
}
