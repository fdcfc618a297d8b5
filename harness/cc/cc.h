/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cc.h - the compiler wrapper behind `chipharness cc` and `chipharness c++`.
 *
 * It puts options before and after those that it was given and becomes the compiler (exec): what
 * the compiler prints, writes and returns is the compiler's own.
 *
 * Guarantees
 *   W1  No option is taken from the user: all arguments reach the compiler, in their order, but for
 *       -fsanitize=thread itself, which would bring in another runtime.
 *   W2  A command that does not link gets no option of the linker, and one that does not compile
 *       none of the compiler, so that questions (--version, -print-file-name=...) are answered as
 *       without the wrapper.
 *   W3  What was built runs without the harness.
 */
#ifndef HARNESS_CC_H
#define HARNESS_CC_H

#include <stdbool.h>
#include <stddef.h>

enum cc_family { CC_GCC, CC_CLANG };

/* What a command line asks of a compiler. */
struct cc_plan {
    bool compiles;  /* some input is source */
    bool links;     /* a program or a shared library comes out */
    bool fixed;     /* fully static: no shared library can be linked */
    bool untouched; /* the compiler's inside (clang -cc1): none of our business */
};
struct cc_plan cc_plan(int argc, char **argv);

/* Which family a compiler of that name is; true if the name tells. */
bool cc_family_of(const char *name, enum cc_family *family);

/* The whole argument vector for the compiler, NULL-terminated, on the heap; NULL: out of memory.
 * words: the compiler and its own arguments ("ccache gcc"). dir: the harness's folder. */
char **cc_arguments(const char *const *words, size_t word_count, enum cc_family family,
                    const char *dir, int argc, char **argv);

/* Becomes the compiler. Returns only if that fails, with an exit status, after the message. cxx:
 * c++ instead of cc. */
int cc_become(bool cxx, int argc, char **argv);

#endif
