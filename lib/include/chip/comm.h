/* SPDX-License-Identifier: Apache-2.0 */
/*
 * comm.h - communicators: windows of memory that every rank of a group maps, and a barrier.
 *
 * The first part is the comm_* C ABI. Its names, types and the layout of CommContext are fixed:
 * a program written for another implementation of it links against this one. The second part,
 * chip_comm_*, is this library's own: who a communicator belongs to (the nonce), timeouts, error
 * texts, and the guard that keeps a communicator alive while a task uses it. (runtime.md E)
 *
 * Errors: the ABI says only 0 or -1 (NULL from comm_init). The reason is then in
 * chip_comm_last_error(), and it is the same on every rank of the group.
 *
 * Threads: a handle may be used from several threads; calls on one handle that change it (alloc,
 * destroy) exclude each other and everything else, the loser is refused. comm_barrier on one
 * handle is for one thread at a time: a rank arrives once in a round.
 * Processes: a handle belongs to the process that called comm_init and means nothing elsewhere.
 */
#ifndef CHIP_COMM_H
#define CHIP_COMM_H

#include <chip/error.h>
#include <chip/export.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CHIP_COMM_MAX_RANKS       64
#define CHIP_COMM_HEADER_BYTES    4096
#define CHIP_COMM_MAX_HANDLES     128             /* live communicators of one process */
#define CHIP_COMM_DEFAULT_TIMEOUT 120000000000ull /* ns; of each wait in alloc and barrier */
#define CHIP_COMM_NAME_LEN        64

/* Not a pointer that can be followed: a token. One that was destroyed is never valid again. */
typedef struct CommHandle_ *CommHandle;

/* What device code sees; its address is what comm_alloc_windows hands out. All addresses are of
 * the calling process: windowsIn[i] is where this process maps the window of rank i. */
typedef struct CommContext {
    uint64_t workSpace;     /* 0 here */
    uint64_t workSpaceSize; /* 0 here */
    uint32_t rankId;
    uint32_t rankNum;
    uint64_t winSize; /* bytes that each rank may use, as asked for */
    uint64_t windowsIn[CHIP_COMM_MAX_RANKS];
    uint64_t windowsOut[CHIP_COMM_MAX_RANKS]; /* equal to windowsIn here */
} CommContext;

#ifdef __cplusplus
#define CHIP_COMM_ASSERT(cond) static_assert(cond, #cond)
#else
#define CHIP_COMM_ASSERT(cond) _Static_assert(cond, #cond)
#endif
CHIP_COMM_ASSERT(sizeof(CommContext) == 1056);
CHIP_COMM_ASSERT(offsetof(CommContext, workSpace) == 0);
CHIP_COMM_ASSERT(offsetof(CommContext, workSpaceSize) == 8);
CHIP_COMM_ASSERT(offsetof(CommContext, rankId) == 16);
CHIP_COMM_ASSERT(offsetof(CommContext, rankNum) == 20);
CHIP_COMM_ASSERT(offsetof(CommContext, winSize) == 24);
CHIP_COMM_ASSERT(offsetof(CommContext, windowsIn) == 32);
CHIP_COMM_ASSERT(offsetof(CommContext, windowsOut) == 544);
#undef CHIP_COMM_ASSERT

/* ---- the fixed ABI ---------------------------------------------------------------------- */

/* Makes a communicator object of this process; meets nobody yet. 0 <= rank < nranks <= 64;
 * rootinfo_path names the group (it is only compared, never opened; copied). `stream` is not used.
 * Returns the handle, owned by the caller until comm_destroy, or NULL. */
CHIP_API CommHandle comm_init(int rank, int nranks, void *stream, const char *rootinfo_path);

/* Collective: every rank calls it once with the same win_size (bytes; 0 gives a communicator that
 * has only a barrier). Waits for the others, each wait at most the timeout. On success every
 * rank's window is zero, the segment has no name any more, and *device_ctx_out is the address of
 * a CommContext, valid until comm_destroy. On failure all ranks fail with the same reason and
 * nothing stays behind; the handle can then only be destroyed. A second call is refused. */
CHIP_API int comm_alloc_windows(CommHandle handle, size_t win_size, uint64_t *device_ctx_out);

/* Address and size in bytes of the caller's own window; -1 before a successful alloc. */
CHIP_API int comm_get_local_window_base(CommHandle handle, uint64_t *base_out);
CHIP_API int comm_get_window_size(CommHandle handle, size_t *win_size_out);

/* Collective. Returns 0 when all ranks have arrived: what each wrote before is seen by all after.
 * If a rank gives up (timeout), dies or leaves, the barrier is broken: every rank of that round
 * and every later call gets -1 with the same text (CHIP_E_BROKEN), until the communicator is
 * re-created. */
CHIP_API int comm_barrier(CommHandle handle);

/* Unmaps this process's view and ends the handle. Not collective. Refused (-1, nothing changes)
 * for a handle that is not alive and while a task or another call still uses it. */
CHIP_API int comm_destroy(CommHandle handle);

/* ---- this library's own ----------------------------------------------------------------- */

/* Mints the identity of a group: a random nonce that the children forked afterwards inherit, so
 * that only they find each other's segments, and a page (inherited too) by which they learn at
 * once that a rank failed before there was a segment. Called by the parent before it forks, once
 * for each start; replaces the nonce of an earlier start. Not thread-safe against comm_init.
 * CHIP_E_OS, CHIP_E_MEMORY. */
CHIP_API int chip_comm_mint(struct chip_error *err);

/* Sets the nonce by hand (ranks that were exec'd and got it by other means). 0: none. Without a
 * nonce one is derived from rootinfo_path, the pid of the parent and its start time. */
CHIP_API void chip_comm_set_nonce(uint64_t nonce);
CHIP_API uint64_t chip_comm_nonce(void);

/* The name in shared memory (leading slash included) that a group of this path and of the present
 * nonce uses while it forms. For messages, and for tests. */
CHIP_API void chip_comm_segment_name(const char *rootinfo_path, char name[CHIP_COMM_NAME_LEN]);

/* Removes that name if it is still there: for the parent, after all ranks of a start were killed
 * and none could do it. A name that is not there is no error. CHIP_E_VALUE, CHIP_E_OS. */
CHIP_API int chip_comm_discard(const char *rootinfo_path, struct chip_error *err);

/* How long each wait of alloc and barrier may take, in ns; > 0. CHIP_E_VALUE, CHIP_E_STATE. */
CHIP_API int chip_comm_set_timeout_ns(CommHandle handle, uint64_t timeout_ns);

/* Copies why the calling thread's last failed call of this header failed, and returns its code, if
 * that call was on this handle (NULL: whatever it was on, comm_init included); else 0 and an empty
 * error. A call that succeeds changes nothing here. err may be NULL. */
CHIP_API int chip_comm_last_error(CommHandle handle, struct chip_error *err);

/* The CommContext, valid until comm_destroy; NULL before a successful alloc. */
CHIP_API const CommContext *chip_comm_context(CommHandle handle);

/* Brackets a task that uses the communicator: comm_destroy is refused in between. Nest freely;
 * begin returns CHIP_E_STATE for a handle that is not alive, and then end must not follow. */
CHIP_API int chip_comm_task_begin(CommHandle handle);
CHIP_API void chip_comm_task_end(CommHandle handle);

#ifdef __cplusplus
}
#endif
#endif
