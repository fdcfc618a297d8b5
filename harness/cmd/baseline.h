/* SPDX-License-Identifier: Apache-2.0 */
/* baseline.h - an earlier gate.json: rows that were bad there are known, others are new. */
#ifndef HARNESS_BASELINE_H
#define HARNESS_BASELINE_H

#include "reports/report.h"

struct baseline;

/* 0, or EXIT_USAGE after the message was printed. *out is freed with baseline_free(). */
int baseline_load(const char *path, struct baseline **out);
void baseline_free(struct baseline *b); /* NULL is a no-op */

/* EXIT_NEW_FINDING if a bad row was not bad in the baseline, else EXIT_PASSED; says which. */
int baseline_exit(const struct baseline *b, const struct chr_gate_row *rows, size_t count);

#endif
