/* SPDX-License-Identifier: Apache-2.0 */
/*
 * results.h - the runs of one scenario, kept for the files that are written at the end.
 */
#ifndef CHIP_REPORTS_RESULTS_H
#define CHIP_REPORTS_RESULTS_H

#include "reports/report.h"

/* Memory of copied strings and arrays: freed all at once. */
struct chr__block {
    struct chr__block *next;
    max_align_t bytes[];
};

struct chr_results {
    const char *scenario, *path, *about;
    struct chr_run *runs;
    size_t count, room;
    struct chr__block *blocks;
};

/* "passed", "failed", "skipped", "vacuous", "broken". */
const char *chr__status_name(enum chr_status status);
/* How many runs have that status. */
size_t chr__count_status(const struct chr_results *res, enum chr_status status);

#endif
