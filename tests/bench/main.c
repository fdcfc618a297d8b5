/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - chip-bench [--references] [--strict] [--rounds=N]
 *
 * Prints one row a measurement: the runtime's figure, the reference's, their ratio, the target and
 * the verdict; or, with --references, the references alone. Figures are medians of N rounds
 * (default 5); in each round every measurement runs once, next to its reference. Exit status: 0; 1
 * a target missed, with --strict; 2 bad usage; 3 a measurement could not be made.
 */
#include "tests/bench/bench.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS_MAX = 99 };

struct options {
    bool references;
    bool strict;
    int rounds;
};

struct reference {
    const char *name;
    double (*measure)(void);
};

static const struct reference references[] = {
    {"cache-line ping-pong, 2 cores", bench_ref_pingpong},
    {"futex round trip, 1 core", bench_ref_futex_one_core},
    {"futex hand-over, 1 core", bench_ref_futex_handover},
    {"futex round trip, 2 cores", bench_ref_futex_two_cores},
    {"futex round trip, 4 peers and a busy process", bench_ref_futex_loaded},
    {"futex barrier, 2 ranks", bench_ref_barrier_2},
    {"futex barrier, 4 ranks", bench_ref_barrier_4},
    {"futex barrier, 8 ranks", bench_ref_barrier_8},
    {"memcpy of 64 MiB, shared mapping", bench_ref_memcpy},
};
enum { REFERENCE_COUNT = sizeof references / sizeof references[0] };

/* A row holds when runtime / reference is at most `limit`, or, for a throughput, when
 * reference / runtime is at least that. */
struct row {
    const char *name;
    const char *against;
    double (*runtime)(void);
    double (*reference)(void);
    double limit;
    bool at_least;
};

static const struct row rows[] = {
    {"barrier, 2 ranks, one a core", "cache-line ping-pong", bench_chip_barrier_2,
     bench_ref_pingpong, 4, false},
    {"barrier, 4 ranks", "futex barrier", bench_chip_barrier_4, bench_ref_barrier_4, 2, false},
    {"barrier, 8 ranks", "futex barrier", bench_chip_barrier_8, bench_ref_barrier_8, 2, false},
    {"mailbox, empty task", "cache-line ping-pong", bench_chip_mailbox, bench_ref_pingpong, 6,
     false},
    {"mailbox, 4 children + busy process", "futex, same load", bench_chip_mailbox_loaded,
     bench_ref_futex_loaded, 3, false},
    {"CPU time of an idle child, in 1 s", "one CPU", bench_chip_idle, bench_ref_second, 0.001,
     false},
    {"flush of 64 MiB to the host", "memcpy", bench_chip_flush, bench_ref_memcpy, 0.9, true},
    {"controlled switch", "futex hand-over, 1 core", bench_harness_switch, bench_ref_futex_handover,
     2, false},
};
enum { ROW_COUNT = sizeof rows / sizeof rows[0] };

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Median, or BENCH_FAILED when one of the measurements failed. Sorts the values. */
static double median(double *values, int count) {
    qsort(values, (size_t)count, sizeof *values, by_value);
    if (values[0] < 0)
        return BENCH_FAILED;
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

/* "1.23 us" and the like, in a buffer of the caller. */
static const char *show_ns(double ns, char *text, size_t size) {
    if (ns < 1e3)
        snprintf(text, size, "%.0f ns", ns);
    else if (ns < 1e6)
        snprintf(text, size, "%.2f us", ns / 1e3);
    else
        snprintf(text, size, "%.2f ms", ns / 1e6);
    return text;
}

static int show_references(const struct options *o) {
    static double values[REFERENCE_COUNT][ROUNDS_MAX];
    for (int round = 0; round < o->rounds; round++) {
        for (int r = 0; r < REFERENCE_COUNT; r++)
            values[r][round] = references[r].measure();
    }
    int status = 0;
    for (int r = 0; r < REFERENCE_COUNT; r++) {
        char text[32];
        double ns = median(values[r], o->rounds);
        if (ns < 0)
            status = 3;
        printf("%-48s %12s\n", references[r].name,
               ns < 0 ? "not measured" : show_ns(ns, text, sizeof text));
    }
    return status;
}

/* Prints one row; 0, 1 for a missed target, 3 for a figure that could not be taken. */
static int show_row(const struct row *row, double runtime, double reference) {
    char target[32];
    snprintf(target, sizeof target, "%s %g", row->at_least ? ">=" : "<=", row->limit);
    if (runtime < 0 || reference <= 0) {
        printf("%-36s %-22s %12s %12s %8s %9s  not measured\n", row->name, row->against, "-", "-",
               "-", target);
        return 3;
    }
    char a[32];
    char b[32];
    double ratio = row->at_least ? reference / runtime : runtime / reference;
    bool held = row->at_least ? ratio >= row->limit : ratio <= row->limit;
    printf("%-36s %-22s %12s %12s %8.*f %9s  %s\n", row->name, row->against,
           show_ns(runtime, a, sizeof a), show_ns(reference, b, sizeof b), ratio < 0.01 ? 5 : 2,
           ratio, target, held ? "met" : "MISSED");
    return held ? 0 : 1;
}

static int show_rows(const struct options *o) {
    static double runtime[ROW_COUNT][ROUNDS_MAX];
    static double reference[ROW_COUNT][ROUNDS_MAX];
    for (int round = 0; round < o->rounds; round++) {
        for (int r = 0; r < ROW_COUNT; r++) {
            reference[r][round] = rows[r].reference();
            runtime[r][round] = rows[r].runtime();
        }
    }
    int missed = 0;
    int unmeasured = 0;
    printf("%-36s %-22s %12s %12s %8s %9s  %s\n", "libchip", "against", "libchip", "reference",
           "ratio", "target", "verdict");
    for (int r = 0; r < ROW_COUNT; r++) {
        int status =
            show_row(&rows[r], median(runtime[r], o->rounds), median(reference[r], o->rounds));
        missed += status == 1;
        unmeasured += status == 3;
    }
    if (unmeasured)
        return 3;
    return missed && o->strict ? 1 : 0;
}

static bool parse(int argc, char **argv, struct options *o) {
    *o = (struct options){.rounds = 5};
    for (int i = 1; i < argc; i++) {
        char *end = NULL;
        if (strcmp(argv[i], "--references") == 0) {
            o->references = true;
        } else if (strcmp(argv[i], "--strict") == 0) {
            o->strict = true;
        } else if (strncmp(argv[i], "--rounds=", 9) == 0) {
            long rounds = strtol(argv[i] + 9, &end, 10);
            if (*end != '\0' || rounds < 1 || rounds > ROUNDS_MAX)
                return false;
            o->rounds = (int)rounds;
        } else {
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv) {
    struct options options;
    if (!parse(argc, argv, &options)) {
        fprintf(stderr, "usage: chip-bench [--references] [--strict] [--rounds=1..%d]\n",
                ROUNDS_MAX);
        return 2;
    }
    return options.references ? show_references(&options) : show_rows(&options);
}
