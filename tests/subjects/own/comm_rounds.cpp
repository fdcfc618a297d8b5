/* SPDX-License-Identifier: Apache-2.0 */
/*
 * comm_rounds.cpp - a workload (chip/workload.h): the ranks of a communicator count rounds in
 * their windows and meet in its barrier after each. As a program of its own it forks the ranks
 * itself.
 */
#include "tests/subjects/own/comm_own.hpp"

#include <chip/workload.h>

#include <cstdio>

#include <sys/wait.h>
#include <unistd.h>

namespace {
constexpr int kRanks = 3, kRounds = 3;
}

int chip_workload_rank(int rank) {
    uint64_t context = 0, base = 0;
    CommHandle comm = comm_init(rank, kRanks, nullptr, "rounds");
    if (!comm || comm_alloc_windows(comm, 64, &context) || comm_get_local_window_base(comm, &base))
        return 2;
    const auto *windows = reinterpret_cast<const CommContext *>(context)->windowsIn;
    auto *mine = reinterpret_cast<volatile uint32_t *>(base);
    int bad = 0;
    for (uint32_t round = 1; round <= kRounds; round++) {
        *mine = round;
        if (comm_barrier(comm) != 0)
            return 2;
        for (int other = 0; other < kRanks; other++) {
            auto *there = reinterpret_cast<const volatile uint32_t *>(windows[other]);
            if (*there < round) {
                printf("rank %d is in round %u, rank %d only in %u\n", rank, round, other, *there);
                bad = 1;
            }
        }
    }
    comm_destroy(comm);
    return bad;
}

int main() {
    int bad = 0, status;
    for (int rank = 0; rank < kRanks; rank++)
        if (fork() == 0) {
            int r = chip_workload_rank(rank);
            fflush(nullptr);
            _exit(r);
        }
    while (wait(&status) > 0)
        bad |= status != 0;
    return bad;
}
