/* SPDX-License-Identifier: Apache-2.0 */
/* errors.h - the list behind the public struct chs_errors: one sink for each load. */
#ifndef CHS_ERRORS_H
#define CHS_ERRORS_H

#include "harness/scenario/diag.h"

struct chs_errors {
    struct chs_sink *first;
    struct chs_sink *last;
};

#endif
