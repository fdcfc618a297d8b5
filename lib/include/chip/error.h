/* SPDX-License-Identifier: Apache-2.0 */
/*
 * error.h - status codes and error texts of libchip.
 *
 * Every fallible function returns 0 (CHIP_OK) or a positive `enum chip_status`, and fills the
 * `struct chip_error` it was given (NULL is allowed: the code alone is returned). The text has
 * the form "<Type>: <message>", Type being the second column of the table; a caller that adds
 * context puts a prefix in front, outermost first (runtime.md B, "Error text").
 */
#ifndef CHIP_ERROR_H
#define CHIP_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

/* X(ID, "Type", "what it means") */
#define CHIP_ERRORS(X)                                                                      \
    X(OK, "OK", "no error")                                                                 \
    X(E_VALUE, "ValueError", "an argument or a configuration that cannot be")               \
    X(E_OVERFLOW, "OverflowError", "a size or a count that does not fit")                   \
    X(E_MEMORY, "MemoryError", "no memory, or no room in a window")                         \
    X(E_OS, "OSError", "a system call failed; sys_errno says why")                          \
    X(E_TIMEOUT, "TimeoutError", "a wait ran past its deadline")                            \
    X(E_CHILD_DIED, "ChildProcessError", "a child ended before it answered")                \
    X(E_PARENT_DIED, "ParentProcessError", "the parent of this child is gone")              \
    X(E_STATE, "RuntimeError", "the object is not in a state that allows this")             \
    X(E_PROTOCOL, "ProtocolError", "the peer broke the layout or the order of states")      \
    X(E_BROKEN, "BrokenBarrierError", "a rank gave up; the barrier fails until re-created") \
    X(E_STALE, "StaleSegmentError", "the segment is not the one this run made")             \
    X(E_POISONED, "PoisonedError", "an earlier command timed out on this mailbox")          \
    X(E_DEVICE, "DeviceError", "the device or its DMA engine refused or failed")            \
    X(E_LOOKUP, "LookupError", "no such callable, buffer or command")                       \
    X(E_TASK, "TaskError", "the kernel itself returned a failure")

enum chip_status {
#define CHIP_X(id, type, text) CHIP_##id,
    CHIP_ERRORS(CHIP_X)
#undef CHIP_X
        CHIP_STATUS_COUNT
};

/* Room for the longest text: the 1023 bytes of the bootstrap channel and its NUL. */
#define CHIP_ERROR_TEXT 1024

/* Filled by the callee, owned by the caller; valid until the caller reuses it. */
struct chip_error {
    int code;                   /* enum chip_status */
    int sys_errno;              /* errno of the system call that failed, else 0 */
    char text[CHIP_ERROR_TEXT]; /* "<Type>: <message>", NUL-terminated, UTF-8 kept whole */
};

/* Static strings, never NULL; "UnknownError" / "unknown error" for a code outside the table. */
const char *chip_status_type(int code);
const char *chip_status_text(int code);

/* Sets code and text ("<Type>: " + the formatted message, cut at a UTF-8 boundary) and returns
 * code, so that `return chip_error_set(...)` works. err may be NULL. Keeps errno. */
int chip_error_set(struct chip_error *err, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with sys_errno = saved_errno and ": <strerror>" at the end of the message. */
int chip_error_sys(struct chip_error *err, int saved_errno, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts a formatted prefix in front of the text that is there; returns err->code (0 for NULL). */
int chip_error_prefix(struct chip_error *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#ifdef __cplusplus
}
#endif
#endif
