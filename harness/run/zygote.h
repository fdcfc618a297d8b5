/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zygote.h - many runs of one scenario, each a fork of one process that is ready to begin.
 *
 * Guarantees, beside those of run.h (R1 with an exception: between two runs the zygote itself is
 * alive, and ends with run_zygote_close() or its supervisor's death)
 *   Z1  A run from a zygote makes the same events and choices as one of run_once() with the same
 *       request.
 *   Z2  A run begins with a clear block, whatever the one before it did to it.
 */
#ifndef HARNESS_ZYGOTE_H
#define HARNESS_ZYGOTE_H

#include "harness/run/run.h"

struct run_zygote;

/* Starts one for this scenario, variant and defect. CHIP_E_OS, CHIP_E_LOOKUP. */
int run_zygote_open(const struct run_request *request, struct run_zygote **out,
                    struct chip_error *err);
/* One run. out->control is the zygote's own block: valid until the next run or the close, not to
 * be given to run_record_free(). CHIP_E_OS: the zygote is gone. */
int run_zygote_run(struct run_zygote *z, const struct run_request *request, struct run_record *out,
                   struct chip_error *err);
void run_zygote_close(struct run_zygote *z); /* NULL is a no-op */

#endif
