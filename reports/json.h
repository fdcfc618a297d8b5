/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.h - JSON written as it comes: no tree, no memory.
 *
 * Strings may hold any bytes: control characters are escaped, bytes that are no UTF-8 become
 * U+FFFD. The caller closes what it opens; key is NULL inside an array and at the top.
 */
#ifndef CHIP_REPORTS_JSON_H
#define CHIP_REPORTS_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { CHR_JSON_DEPTH = 32 };

struct chr_json {
    FILE *out;
    unsigned depth;
    bool filled[CHR_JSON_DEPTH]; /* something stands in the object or array of that depth */
    char close[CHR_JSON_DEPTH];
};

void chr_json_begin(struct chr_json *j, FILE *out);
/* Ends the document with a newline; aborts if something is still open. */
void chr_json_end(struct chr_json *j);

void chr_json_object(struct chr_json *j, const char *key);
void chr_json_array(struct chr_json *j, const char *key);
void chr_json_close(struct chr_json *j); /* the innermost object or array */

void chr_json_string(struct chr_json *j, const char *key, const char *value); /* NULL: null */
void chr_json_number(struct chr_json *j, const char *key, uint64_t value);
void chr_json_bool(struct chr_json *j, const char *key, bool value);
void chr_json_null(struct chr_json *j, const char *key);

#endif
