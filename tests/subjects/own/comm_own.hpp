/* SPDX-License-Identifier: Apache-2.0 */
/* comm_own.hpp - the comm_* ABI, as comm_own.cpp offers it. All return 0 or -1, or null. */
#ifndef COMM_OWN_HPP
#define COMM_OWN_HPP

#include <cstddef>
#include <cstdint>

/* What comm_alloc_windows() gives the address of. */
struct CommContext {
    uint64_t workSpace;
    uint64_t workSpaceSize;
    uint32_t rankId;
    uint32_t rankNum;
    uint64_t winSize;
    uint64_t windowsIn[64]; /* of each rank, as mapped here */
    uint64_t windowsOut[64];
};
static_assert(sizeof(CommContext) == 1056, "the layout is fixed");

extern "C" {
using CommHandle = void *;
/* rootinfo_path: a name that all ranks of the communicator give, and nobody else. */
CommHandle comm_init(int rank, int nranks, void *stream, const char *rootinfo_path);
int comm_alloc_windows(CommHandle handle, size_t win_size, uint64_t *device_ctx_out);
int comm_get_local_window_base(CommHandle handle, uint64_t *base_out);
int comm_get_window_size(CommHandle handle, size_t *size_out);
int comm_barrier(CommHandle handle);
int comm_destroy(CommHandle handle);
}

#endif
