/* SPDX-License-Identifier: Apache-2.0 */
/*
 * comm_cpus.c - may a rank that waits in a barrier spin?
 *
 * Only if each rank can have a CPU to itself: else it may hold the one that a rank it waits for
 * needs. No rank can tell from its own affinity (each may be pinned to one CPU, all to the same or
 * each to another), so every rank adds its set to the segment before it is counted, and after
 * READY all look at the same union. Ranks that share one CPU, as under a harness that
 * runs them one at a time, never spin.
 */
#include "comm_internal.h"

#include <sched.h>
#include <string.h>

_Static_assert(sizeof(cpu_set_t) == sizeof(uint64_t) * CHIP__CPU_WORDS, "a CPU set fits");

void chip__cpus_join(struct chip__segment *seg) {
    uint64_t words[CHIP__CPU_WORDS];
    cpu_set_t set;
    CPU_ZERO(&set);
    /* A machine with more CPUs than the set holds refuses; then nobody needs to be careful. */
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        memset(&set, 0xff, sizeof set);
    memcpy(words, &set, sizeof words);
    for (size_t i = 0; i < CHIP__CPU_WORDS; i++) {
        if (words[i])
            __atomic_fetch_or(&seg->cpus[i], words[i], __ATOMIC_RELAXED);
    }
}

bool chip__cpus_suffice(const struct chip__segment *seg) {
    uint32_t cpus = 0;
    for (size_t i = 0; i < CHIP__CPU_WORDS; i++)
        cpus += (uint32_t)__builtin_popcountll(__atomic_load_n(&seg->cpus[i], __ATOMIC_RELAXED));
    return cpus >= seg->nranks;
}
