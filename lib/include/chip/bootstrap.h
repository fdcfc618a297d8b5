/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bootstrap.h - how a chip child comes up: the one-shot channel by which it tells its parent how
 * that went, the bootstrap itself, and the flush of its output buffers. (runtime.md C, D)
 */
#ifndef CHIP_BOOTSTRAP_H
#define CHIP_BOOTSTRAP_H

#include <chip/comm.h>
#include <chip/device.h>
#include <chip/error.h>
#include <chip/export.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- the channel ------------------------------------------------------------------------ */

#define CHIP_BOOTSTRAP_CHANNEL_BYTES 4096
#define CHIP_BOOTSTRAP_MAX_BUFFERS   376
#define CHIP_BOOTSTRAP_MSG_BYTES     1024

enum chip_bootstrap_state {
    CHIP_BOOTSTRAP_IDLE = 0,
    CHIP_BOOTSTRAP_SUCCESS = 1,
    CHIP_BOOTSTRAP_ERROR = 2
};

/* The shared page. The child writes the payload and then `state` (release), once; the parent reads
 * `state` (acquire) and then the payload. Offsets never depend on a parameter. */
struct chip_bootstrap_page {
    int32_t state; /* enum chip_bootstrap_state; futex word */
    int32_t error_code;
    int32_t buffer_count;
    int32_t reserved0;
    uint64_t device_ctx;
    uint64_t local_window_base;
    uint64_t actual_window_size;
    uint64_t reserved1[3];
    uint64_t buffer_ptrs[CHIP_BOOTSTRAP_MAX_BUFFERS];
    char error_msg[CHIP_BOOTSTRAP_MSG_BYTES]; /* at most 1023 B and a NUL */
};

#ifdef __cplusplus
#define CHIP_BOOT_ASSERT(cond) static_assert(cond, #cond)
#else
#define CHIP_BOOT_ASSERT(cond) _Static_assert(cond, #cond)
#endif
CHIP_BOOT_ASSERT(sizeof(struct chip_bootstrap_page) == CHIP_BOOTSTRAP_CHANNEL_BYTES);
CHIP_BOOT_ASSERT(offsetof(struct chip_bootstrap_page, state) == 0);
CHIP_BOOT_ASSERT(offsetof(struct chip_bootstrap_page, error_code) == 4);
CHIP_BOOT_ASSERT(offsetof(struct chip_bootstrap_page, buffer_count) == 8);
CHIP_BOOT_ASSERT(offsetof(struct chip_bootstrap_page, device_ctx) == 16);
CHIP_BOOT_ASSERT(offsetof(struct chip_bootstrap_page, local_window_base) == 24);
CHIP_BOOT_ASSERT(offsetof(struct chip_bootstrap_page, actual_window_size) == 32);
CHIP_BOOT_ASSERT(offsetof(struct chip_bootstrap_page, buffer_ptrs) == 64);
CHIP_BOOT_ASSERT(offsetof(struct chip_bootstrap_page, error_msg) == 3072);
#undef CHIP_BOOT_ASSERT

/* One side's view of a channel. A plain value; the page stays the property of who mapped it. */
struct chip_bootstrap_channel {
    struct chip_bootstrap_page *page;
    uint32_t max_buffer_count;
    uint32_t rank; /* index of the chip child; only for probes */
};

/* What a bootstrap came to: filled by chip_bootstrap_context in the child and by
 * chip_bootstrap_channel_read in the parent. */
struct chip_bootstrap_result {
    int state;                   /* enum chip_bootstrap_state */
    int error_code;              /* 0, or what the child wrote (1) */
    uint32_t buffer_count;       /* entries of buffer_ptrs that are valid */
    uint64_t device_ctx;         /* address, in the child, of its CommContext; 0 without comm */
    uint64_t local_window_base;  /* address in the child; 0 without comm */
    uint64_t actual_window_size; /* bytes */
    uint64_t buffer_ptrs[CHIP_BOOTSTRAP_MAX_BUFFERS]; /* device addresses, in the buffers' order */
    char error_msg[CHIP_BOOTSTRAP_MSG_BYTES];         /* always NUL-terminated */
};

/* Binds a view to a page of CHIP_BOOTSTRAP_CHANNEL_BYTES, 8-byte aligned. Touches no byte of it.
 * CHIP_E_VALUE: page NULL or max_buffer_count above CHIP_BOOTSTRAP_MAX_BUFFERS. */
CHIP_API int chip_bootstrap_channel_init(struct chip_bootstrap_channel *ch, void *page,
                                         size_t max_buffer_count, uint32_t rank,
                                         struct chip_error *err);

/* Parent, before the fork: zeroes the page, then releases IDLE. */
CHIP_API void chip_bootstrap_channel_reset(struct chip_bootstrap_channel *ch);

/* Child, once: payload, then SUCCESS (release), then wakes the parent. CHIP_E_VALUE: more pointers
 * than max_buffer_count, nothing is written. CHIP_E_STATE: the channel has been written. */
CHIP_API int chip_bootstrap_channel_write_success(struct chip_bootstrap_channel *ch,
                                                  uint64_t device_ctx, uint64_t local_window_base,
                                                  uint64_t actual_window_size,
                                                  const uint64_t *buffer_ptrs, size_t buffer_count,
                                                  struct chip_error *err);

/* Child, once: code and text (cut to 1023 B at a UTF-8 boundary), then ERROR (release), then
 * wakes the parent. CHIP_E_STATE as above. */
CHIP_API int chip_bootstrap_channel_write_error(struct chip_bootstrap_channel *ch, int code,
                                                const char *msg, struct chip_error *err);

/* The state (acquire). A value outside the enum is returned as it is. */
CHIP_API int chip_bootstrap_channel_state(const struct chip_bootstrap_channel *ch);

/* The futex word to wait on until it is no longer CHIP_BOOTSTRAP_IDLE. */
CHIP_API const uint32_t *chip_bootstrap_channel_word(const struct chip_bootstrap_channel *ch);

/* Reads the state (acquire) and, unless it is IDLE, the payload, trusting no count in it: the
 * count is clamped to max_buffer_count, the text is terminated. Returns CHIP_OK, also for IDLE and
 * ERROR (look at out->state); CHIP_E_PROTOCOL for a state that does not exist. */
CHIP_API int chip_bootstrap_channel_read(const struct chip_bootstrap_channel *ch,
                                         struct chip_bootstrap_result *out, struct chip_error *err);

/* ---- the bootstrap ---------------------------------------------------------------------- */

struct chip_bootstrap_comm {
    int rank;
    int nranks;
    const char *rootinfo_path;
    uint64_t window_size; /* bytes for each rank */
    uint64_t timeout_ns;  /* of each wait; 0: CHIP_COMM_DEFAULT_TIMEOUT */
};

struct chip_bootstrap_buffer {
    const char *name;
    uint32_t dtype;        /* code of the table in runtime.md B (0 = FLOAT32 ... 10 = UINT32) */
    uint64_t count;        /* elements; count x element size must fit in nbytes */
    const char *placement; /* "window" is the only one there is */
    uint64_t nbytes;       /* may be 0 */
    bool load_from_host;   /* needs a host_inputs entry of that name, of exactly nbytes */
    bool store_to_host;    /* needs a host_outputs entry of that name, of exactly nbytes */
};

struct chip_bootstrap_staging {
    const char *name;     /* the buffer's */
    const char *shm_name; /* as shm_open takes it; not looked at when size is 0 */
    uint64_t size;        /* bytes */
};

/* All arrays and strings stay the caller's and must live until chip_shutdown_bootstrap. */
struct chip_bootstrap_config {
    uint32_t chip;                          /* index of the chip child; for probes */
    const struct chip_bootstrap_comm *comm; /* NULL: no communicator */
    const struct chip_bootstrap_buffer *buffers;
    size_t buffer_count;
    const struct chip_bootstrap_staging *host_inputs;
    size_t host_input_count;
    const struct chip_bootstrap_staging *host_outputs;
    size_t host_output_count;
};

/* What one bootstrap holds: the communicator and the mapped output stagings. */
struct chip_bootstrap;

/* An empty one over a device that the caller keeps alive until chip_bootstrap_free.
 * CHIP_E_VALUE, CHIP_E_MEMORY. */
CHIP_API int chip_bootstrap_new(struct chip_device *dev, struct chip_bootstrap **out,
                                struct chip_error *err);

/* Shuts down if that was not done, and frees the object. NULL is harmless. */
CHIP_API void chip_bootstrap_free(struct chip_bootstrap *boot);

/* Validates the whole configuration before any device or communicator state is touched; then
 * set_device, communicator, carving of the buffers out of the window, loading of the inputs, and
 * success on the channel (NULL: no channel). On any failure the channel gets error 1 with
 * "<Type>: <message>", the same that is returned; what was acquired by then stays with `boot` until
 * chip_shutdown_bootstrap. result may be NULL. One bootstrap at a time: CHIP_E_STATE (also when
 * the channel has been written already). */
CHIP_API int chip_bootstrap_context(struct chip_bootstrap *boot,
                                    const struct chip_bootstrap_config *config,
                                    struct chip_bootstrap_channel *channel,
                                    struct chip_bootstrap_result *result, struct chip_error *err);

/* Only the validation of the above: for a parent that wants to know before it forks. */
CHIP_API int chip_bootstrap_validate(const struct chip_bootstrap_config *config,
                                     struct chip_error *err);

/* Unmaps the stagings and destroys the communicator, once: the handle is cleared even if destroy
 * fails (that failure is returned), a second call does nothing. The device stays. */
CHIP_API int chip_shutdown_bootstrap(struct chip_bootstrap *boot, struct chip_error *err);

/* The communicator's handle; NULL without one. Owned by `boot`. */
CHIP_API CommHandle chip_bootstrap_comm_handle(const struct chip_bootstrap *boot);

/* ---- the flush of outputs --------------------------------------------------------------- */

/* Copies buffer `index` of the configuration from the device into its host_outputs staging. The
 * segment is attached by name at the first flush (its size checked, its memory reserved, so that a
 * short or sparse one is an error and not a SIGBUS) and stays mapped until
 * chip_shutdown_bootstrap; it is never unlinked. A buffer of 0 bytes: nothing happens, CHIP_OK.
 * CHIP_E_STATE (not bootstrapped), CHIP_E_LOOKUP (no such buffer, or not store_to_host), CHIP_E_OS,
 * CHIP_E_VALUE (short segment), CHIP_E_DEVICE or what the DMA engine says. The caller adds
 * store_to_host='name'. */
CHIP_API int chip_staging_flush(struct chip_bootstrap *boot, size_t index, struct chip_error *err);

#ifdef __cplusplus
}
#endif
#endif
