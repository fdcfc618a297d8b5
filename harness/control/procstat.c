/* SPDX-License-Identifier: Apache-2.0 */
/* procstat.c - see procstat.h. */
#include "harness/control/procstat.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

bool procstat_read(pid_t pid, const char *file, char *buf, size_t bytes) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    size_t n = 0;
    ssize_t r;
    while (n < bytes - 1 && (r = syscall(SYS_read, fd, buf + n, bytes - 1 - n)) > 0)
        n += (size_t)r;
    syscall(SYS_close, fd);
    buf[n] = 0;
    return n > 0;
}

static uint64_t mask(const char *text, const char *key) {
    const char *p = strstr(text, key);
    return p ? strtoull(p + strlen(key), NULL, 16) : 0;
}

bool procstat_signals(pid_t pid, struct procstat_signals *out) {
    char text[4096];
    if (!procstat_read(pid, "status", text, sizeof text))
        return false;
    out->blocked = mask(text, "SigBlk:");
    out->ignored = mask(text, "SigIgn:");
    out->caught = mask(text, "SigCgt:");
    return true;
}

/* The fields after "pid (comm) "; comm may hold anything, so from the last ')'. */
static const char *after_comm(const char *text) {
    const char *p = strrchr(text, ')');
    return p && p[1] == ' ' ? p + 2 : NULL;
}

int procstat_exit_status(pid_t pid) {
    char text[1024];
    if (!procstat_read(pid, "stat", text, sizeof text))
        return -1;
    const char *p = after_comm(text);
    if (!p || *p != 'Z')
        return -1;
    const char *last = strrchr(p, ' '); /* exit_code is the last field */
    return last ? atoi(last + 1) : -1;
}

struct procstat_who procstat_who(pid_t pid) {
    struct procstat_who w = {0, 0, 0};
    char text[1024];
    if (!procstat_read(pid, "stat", text, sizeof text))
        return w;
    const char *p = after_comm(text);
    int parent, group, session;
    char state;
    if (p && sscanf(p, "%c %d %d %d", &state, &parent, &group, &session) == 4) {
        w.state = state;
        w.parent = parent;
        w.session = session;
    }
    return w;
}
