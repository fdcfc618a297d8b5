/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe.h - CHIP_PROBE(ID, a, b, c, d): a named point with up to four fields.
 *
 * In the shipped library a probe is a USDT note (provider `chip`, seen by perf and bpftrace):
 * one nop, no call, no branch. Built with CHIP_INSTRUMENTED (libchip-inst, and any program that
 * wants to be controlled at its own probes) it calls chipharness_point() where the harness's
 * agent is loaded, and costs one predictable branch where it is not.
 */
#ifndef CHIP_PROBE_H
#define CHIP_PROBE_H

#include <chip/points.h>
#include <stdint.h>
#ifndef CHIP_INSTRUMENTED
#include <sys/sdt.h> /* has templates for C++ */
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Supplied by the agent that the harness preloads; absent (NULL) in an ordinary run.
 * Thread-safe. Keeps errno. */
extern void chipharness_point(uint32_t point, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
    __attribute__((weak));

#ifdef CHIP_INSTRUMENTED
#define CHIP_PROBE(id, a, b, c, d)                                                          \
    do {                                                                                    \
        if (chipharness_point)                                                              \
            chipharness_point(CHIP_POINT_##id, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), \
                              (uint64_t)(d));                                               \
    } while (0)
#else
#define CHIP_PROBE(id, a, b, c, d)                                                         \
    do {                                                                                   \
        (void)CHIP_POINT_##id; /* a name that is not in the table must not compile */      \
        STAP_PROBE4(chip, id, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), (uint64_t)(d)); \
    } while (0)
#endif

#ifdef __cplusplus
}
#endif
#endif
