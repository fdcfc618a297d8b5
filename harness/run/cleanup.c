/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cleanup.c - nothing is left: processes of a session, names of a run in /dev/shm. Used by the
 * supervisor after each run and by the guardian after the supervisor's death.
 */
#include "harness/run/run.h"
#include "harness/control/procstat.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

uint64_t run_now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

unsigned cleanup_session(pid_t session, bool kill_them) {
    DIR *dir = opendir("/proc");
    unsigned found = 0;
    if (!dir)
        return 0;
    for (struct dirent *e; (e = readdir(dir));) {
        if (!isdigit((unsigned char)e->d_name[0]))
            continue;
        pid_t pid = (pid_t)atoi(e->d_name);
        struct procstat_who w = procstat_who(pid);
        if (pid == getpid() || !w.state || w.state == 'Z' || w.state == 'X' || w.session != session)
            continue;
        found++;
        if (kill_them)
            kill(pid, SIGKILL);
    }
    closedir(dir);
    return found;
}

/* The names of a run that begin with `begin`. */
static unsigned sweep(uint64_t run_id, const char *begin, bool unlink_them, char *list,
                      size_t bytes) {
    char prefix[64];
    int length = snprintf(prefix, sizeof prefix, CHIP_SEGMENT_PREFIX "%016llx-%s",
                          (unsigned long long)run_id, begin);
    DIR *dir = opendir("/dev/shm");
    unsigned found = 0;
    if (!dir)
        return 0;
    for (struct dirent *e; (e = readdir(dir));) {
        bool semaphore = strncmp(e->d_name, "sem.", 4) == 0; /* a named one, by sem_open() */
        const char *name = e->d_name + (semaphore ? 4 : 0);
        if (strncmp(name, prefix, (size_t)length) != 0)
            continue;
        found++;
        size_t used = list ? strlen(list) : 0;
        if (list && used < bytes)
            snprintf(list + used, bytes - used, "%s/%s%s", used ? " " : "", semaphore ? "sem." : "",
                     name + length);
        if (unlink_them)
            unlinkat(dirfd(dir), e->d_name, 0);
    }
    closedir(dir);
    return found;
}

unsigned cleanup_segments(uint64_t run_id, bool unlink_them, char *list, size_t bytes) {
    return sweep(run_id, "", unlink_them, list, bytes);
}

void cleanup_stagings(uint64_t run_id) {
    sweep(run_id, "staging-", true, NULL, 0); /* named in harness/driver/staging.c */
}
