/* SPDX-License-Identifier: Apache-2.0 */
/* procstat.h - what /proc says of a process. No allocation; raw reads. */
#ifndef HARNESS_CONTROL_PROCSTAT_H
#define HARNESS_CONTROL_PROCSTAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct procstat_signals {
    uint64_t blocked;
    uint64_t ignored;
    uint64_t caught;
};
/* Bit n-1 for signal n. False if the process is gone. */
bool procstat_signals(pid_t pid, struct procstat_signals *out);

/* Wait status of a process that has ended and was not reaped yet; -1 if it cannot be read. */
int procstat_exit_status(pid_t pid);

/* State letter ('R', 'S', 'Z', …; 0 if gone), parent and session. */
struct procstat_who {
    char state;
    pid_t parent;
    pid_t session;
};
struct procstat_who procstat_who(pid_t pid);

/* Reads a small file under /proc/PID into buf, NUL-terminated; false on any failure. */
bool procstat_read(pid_t pid, const char *file, char *buf, size_t bytes);

#endif
