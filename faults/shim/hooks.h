/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hooks.h - what the shims ask of the agent.
 *
 * All symbols are weak: a shim without an agent passes every call straight on. All functions keep
 * errno unless they return an error number, allocate nothing, and may be called from any process
 * of the run. "Under control" means: this thread is an actor, control is armed, and the thread is
 * not inside the agent itself.
 */
#ifndef FAULTS_SHIM_HOOKS_H
#define FAULTS_SHIM_HOOKS_H

#include <chip/contract.h>
#include <stdbool.h>
#include <sys/types.h>

#define CHIP_HOOK __attribute__((weak, visibility("default")))

/* True if the calling thread is under control; every other hook requires it unless it says so. */
CHIP_HOOK bool chipharness_controlled(void);

/* A libc call is about to be made: a point. Gives the turn away where the schedule says so, and
 * returns 0, or the errno that the fault plan wants the call to fail with. path may be NULL. */
CHIP_HOOK int chipharness_call_enter(uint32_t call, const char *path);
/* Calls too frequent and too harmless to be points (clocks) are points only where the fault plan
 * names them: this says whether it does. */
CHIP_HOOK bool chipharness_call_planned(uint32_t call);
/* It was made (or failed by plan): recorded with result, errno (0 if none) and two arguments. */
CHIP_HOOK void chipharness_call_leave(uint32_t call, int64_t result, int error, uint64_t arg0,
                                      uint64_t arg1);

/* A load, store or read-modify-write is about to be made (enum chip_access, C11 memory order as in
 * __ATOMIC_*) by the code at pc. A point if more than one actor can reach the bytes; next to
 * nothing otherwise. A reader that reads the same again is parked until somebody writes there.
 * Under control or not. */
CHIP_HOOK void chipharness_access(const void *at, size_t bytes, uint32_t how, int order,
                                  const void *pc);
/* The read-modify-write announced last was made; changed: the bytes are others than before. */
CHIP_HOOK void chipharness_access_done(const void *at, size_t bytes, bool changed);
/* Addresses outside of [lo, lo + span) are reached by nobody but the calling thread: an access
 * there need not be announced. Kept by the agent, read by everybody; span 0: nothing is shared. */
struct chipharness_gate {
    uintptr_t lo;
    uintptr_t span;
};
extern CHIP_HOOK struct chipharness_gate chipharness_gate;

/* Virtual time since the start of the run, ns. */
CHIP_HOOK uint64_t chipharness_clock_ns(void);
/* Waits in virtual time. */
CHIP_HOOK void chipharness_sleep(uint64_t ns);
/* Gives the turn away if the schedule says so. */
CHIP_HOOK void chipharness_yield(void);

/* FUTEX_WAIT on a word: 0, EAGAIN, ETIMEDOUT or what the fault plan wants. timeout_ns is relative;
 * CHIP_NO_DEADLINE: none. */
CHIP_HOOK int chipharness_futex_wait(const void *word, uint32_t value, uint64_t timeout_ns);
/* FUTEX_WAKE: how many were woken, or minus the errno that the fault plan wants. */
CHIP_HOOK int chipharness_futex_wake(const void *word, uint32_t n);
/* ---- threads and what they wait for ---- */

/* Around pthread_create(): prepare returns 0 or an errno, and the new actor's number; created is
 * told what the call came to. The new thread calls begin first, which returns when it has the
 * turn; its end is seen by itself. */
CHIP_HOOK int chipharness_thread_prepare(uint32_t *actor);
CHIP_HOOK void chipharness_thread_created(uint32_t actor, int error);
CHIP_HOOK void chipharness_thread_begin(uint32_t actor);
/* Waits until that thread of this process has ended: 0, or until the deadline: ETIMEDOUT. EDEADLK:
 * it is the caller, or waits for it. EAGAIN: not yet; the caller may have been cancelled. */
CHIP_HOOK int chipharness_thread_wait(uint32_t actor, uint64_t deadline);
/* That thread was cancelled: it wakes up to see it, if it waits where cancellation is seen. */
CHIP_HOOK void chipharness_thread_cancelled(uint32_t actor);
/* True if that actor is another thread of the caller's process, also one that has ended. */
CHIP_HOOK bool chipharness_thread_here(uint32_t actor);

/* An operation on a synchronisation object is about to be made. False: no other actor can reach
 * the object, and the plan does not name the call: let it pass unseen. Else it is a point, and
 * *planned is 0 or the errno that the plan wants. */
CHIP_HOOK bool chipharness_sync_enter(uint32_t call, const void *object, int *planned);
/* It was made: recorded as by chipharness_call_leave(), with the object and offset. */
CHIP_HOOK void chipharness_sync_leave(uint32_t call, int64_t result, int error, const void *object);
/* Waits on an object (enum chip_wait_kind) until it is woken: 0, or until the deadline (virtual
 * ns, CHIP_NO_DEADLINE): ETIMEDOUT. owner_tid: the kernel's id of the thread that has it, 0 if
 * unknown. */
CHIP_HOOK int chipharness_sync_wait(uint32_t kind, const void *object, pid_t owner_tid,
                                    uint64_t deadline);
/* Wakes up to n of those that wait on it, first come first; how many. */
CHIP_HOOK uint32_t chipharness_sync_wake(uint32_t kind, const void *object, uint32_t n);
/* Arrives at a barrier of count; true for the one that completes it. */
CHIP_HOOK bool chipharness_barrier(const void *object, uint32_t count);
/* The caller's thread id, as the kernel knows it. */
CHIP_HOOK pid_t chipharness_tid(void);

/* Waits (IO or POLL) until somebody may have changed what descriptors are ready for: 0 or
 * ETIMEDOUT. Spurious returns are normal. */
CHIP_HOOK int chipharness_io_wait(uint32_t kind, int fd, uint64_t deadline);
/* The caller wrote, read or closed. */
CHIP_HOOK void chipharness_io_changed(void);

/* Waits until some child of this process may have ended. False: it has none that lives. */
CHIP_HOOK bool chipharness_wait_child(void);

/* A mapping came or went. Called under control or not (before arming too); cheap for private ones.
 * mapped: the shared object's number, or -1 for memory that no other process can reach. */
CHIP_HOOK int64_t chipharness_mapped(void *at, size_t bytes, int flags, int fd, off_t offset);
CHIP_HOOK void chipharness_unmapped(void *at, size_t bytes);
/* A mapping moved or changed its size (old_bytes 0: the old one stays); System V segment id was
 * attached, or what was attached at this address went. Under control or not. */
CHIP_HOOK void chipharness_remapped(void *from, size_t old_bytes, void *to, size_t bytes);
CHIP_HOOK void chipharness_attached(void *at, size_t bytes, int id);
CHIP_HOOK void chipharness_detached(const void *at);

/* The name that the run really uses for the subject's shm name (contract.h, run_id); name itself
 * without a run, or if the result would be too long for buf. Under control or not. */
CHIP_HOOK const char *chipharness_segment_name(const char *name, char *buf, size_t bytes);
/* A name in /dev/shm was opened with O_CREAT (fd: the result) or unlinked. Under control or not. */
CHIP_HOOK void chipharness_segment_made(const char *name, int fd);
CHIP_HOOK void chipharness_segment_gone(const char *name);

/* Around fork(): prepare returns 0 or an errno; exactly one of parent and child follows it.
 * The child's hook returns when the child has the turn. pid < 0: the fork failed. */
CHIP_HOOK int chipharness_fork_prepare(void);
CHIP_HOOK void chipharness_fork_parent(pid_t pid);
CHIP_HOOK void chipharness_fork_child(void);

/* A signal was sent: returns when those whom it kills are dead. pid as for kill(). */
CHIP_HOOK void chipharness_signalled(pid_t pid, int signal);
/* The process is about to _exit(). */
CHIP_HOOK void chipharness_exiting(void);

/* The number of the actor that is this process (records never hold pids); -1 if it is none. */
CHIP_HOOK int64_t chipharness_actor_of(pid_t pid);

/* Fills buf from the run's seeded generator. */
CHIP_HOOK void chipharness_random(void *buf, size_t bytes);
/* True for descriptors of the harness, which the subject must not close. Callable at any time. */
CHIP_HOOK bool chipharness_own_fd(int fd);

#endif
