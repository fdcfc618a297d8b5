/* SPDX-License-Identifier: Apache-2.0 */
/*
 * comm_nonce.c - who belongs together: the nonce, the name made from it, and the roster.
 *
 * The nonce is minted by the parent before it forks, so ranks of another start, alive or dead,
 * cannot be met: the segment's name and its header both carry it. A program that never mints
 * gets a nonce from what all its ranks share anyway: the path, the parent and its start time.
 *
 * The roster is an anonymous shared page that the same mint makes. It answers the two questions
 * that cannot be asked through a segment that does not exist yet: is the rank alive that is to
 * create it, and has some rank failed already. Without a roster (no mint) those answers are
 * the deadline's.
 *
 *   R1  A slot's text is complete before `failed` is not 0, and is written once.
 *   R2  Slots are keyed by path, nonce and how often this process allocated on that path, so
 *       that a later attempt never reads an earlier one's failure.
 */
#include "comm_internal.h"
#include "wait.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

enum { ATTEMPT_PATHS = 16 };

/* Of this process; set before ranks exist or by their only thread (see chip_comm_mint). */
static uint64_t set_nonce;
static pid_t minted_by;
static struct chip__roster *roster;

static pthread_mutex_t attempts_lock = PTHREAD_MUTEX_INITIALIZER; /* guards attempts; leaf */
static struct {
    uint64_t path_hash;
    uint64_t count;
} attempts[ATTEMPT_PATHS];

uint64_t chip__hash(const void *bytes, size_t n, uint64_t seed) {
    const unsigned char *p = bytes;
    uint64_t h = 0xcbf29ce484222325ull ^ seed;
    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * 0x100000001b3ull;
    h ^= h >> 32;
    return h * 0x9e3779b97f4a7c15ull;
}

static int random_nonce(uint64_t *out, struct chip_error *err) {
    uint64_t value = 0;
    while (value == 0) {
        ssize_t n = getrandom(&value, sizeof value, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n != (ssize_t)sizeof value)
            return chip_error_sys(err, n < 0 ? errno : EIO, "no random bytes for the nonce");
    }
    *out = value;
    return CHIP_OK;
}

int chip_comm_mint(struct chip_error *err) {
    uint64_t nonce = 0;
    int rc = random_nonce(&nonce, err);
    if (rc)
        return rc;
    void *page = mmap(NULL, CHIP_COMM_HEADER_BYTES, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return chip_error_sys(err, errno, "no page for the ranks' roster");
    if (roster)
        munmap(roster, CHIP_COMM_HEADER_BYTES);
    roster = page;
    roster->nonce = nonce;
    set_nonce = nonce;
    minted_by = getpid();
    return CHIP_OK;
}

void chip_comm_set_nonce(uint64_t nonce) {
    set_nonce = nonce;
    minted_by = 0;
}

uint64_t chip_comm_nonce(void) {
    return set_nonce;
}

/* When `pid` started, in the kernel's ticks; 0 if it cannot be known. */
static uint64_t start_time(pid_t pid) {
    char path[64];
    char text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    if (n <= 0)
        return 0;
    text[n] = '\0';
    /* Field 2 is "(name)" and may hold anything: count the fields behind its last ')'. */
    const char *p = strrchr(text, ')');
    for (int field = 2; p && field < 22; field++)
        p = strchr(p + 1, ' ');
    unsigned long long start = 0;
    return p && sscanf(p, " %llu", &start) == 1 ? start : 0;
}

static uint64_t present_nonce(const char *rootinfo_path) {
    if (set_nonce)
        return set_nonce;
    pid_t parent = getppid();
    uint64_t shared[2] = {(uint64_t)parent, start_time(parent)};
    return chip__hash(rootinfo_path, strlen(rootinfo_path), chip__hash(shared, sizeof shared, 0));
}

static void name_for(uint64_t path_hash, uint64_t nonce, char name[CHIP_COMM_NAME_LEN]) {
    uint64_t key = chip__hash(&path_hash, sizeof path_hash, nonce);
    snprintf(name, CHIP_COMM_NAME_LEN, "/chip-comm-%016llx", (unsigned long long)key);
}

void chip__comm_identify(struct chip__comm *c, const char *rootinfo_path) {
    c->nonce = present_nonce(rootinfo_path);
    c->path_hash = chip__hash(rootinfo_path, strlen(rootinfo_path), 0);
    name_for(c->path_hash, c->nonce, c->name);
    /* Only a direct child of the minting process may take that process's end for its own. */
    c->parent = minted_by && getppid() == minted_by ? minted_by : 0;
}

void chip_comm_segment_name(const char *rootinfo_path, char name[CHIP_COMM_NAME_LEN]) {
    name_for(chip__hash(rootinfo_path, strlen(rootinfo_path), 0), present_nonce(rootinfo_path),
             name);
}

int chip_comm_discard(const char *rootinfo_path, struct chip_error *err) {
    char name[CHIP_COMM_NAME_LEN];
    if (!rootinfo_path)
        return chip_error_set(err, CHIP_E_VALUE, "rootinfo_path is NULL");
    chip_comm_segment_name(rootinfo_path, name);
    if (shm_unlink(name) != 0 && errno != ENOENT)
        return chip_error_sys(err, errno, "cannot unlink %s", name);
    return CHIP_OK;
}

/* How often this process has allocated on this path before (R2); counts this time. */
static bool count_attempt(uint64_t path_hash, uint64_t *before) {
    bool counted = false;
    pthread_mutex_lock(&attempts_lock);
    for (size_t i = 0; i < ATTEMPT_PATHS && !counted; i++) {
        if (attempts[i].path_hash != path_hash && attempts[i].count != 0)
            continue;
        attempts[i].path_hash = path_hash;
        *before = attempts[i].count++;
        counted = true;
    }
    pthread_mutex_unlock(&attempts_lock);
    return counted;
}

void chip__roster_join(struct chip__comm *c) {
    uint64_t before;
    c->roster = NULL;
    if (!roster || roster->nonce != c->nonce || !count_attempt(c->path_hash, &before))
        return;
    uint64_t key = chip__hash(&before, sizeof before, c->path_hash) | 1;
    for (size_t i = 0; i < CHIP__ROSTER_SLOTS; i++) {
        struct chip__roster_slot *slot = &roster->slot[i];
        uint64_t seen = 0;
        if (__atomic_compare_exchange_n(&slot->key, &seen, key, false, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED) ||
            seen == key) {
            c->roster = slot;
            return;
        }
    }
}

void chip__roster_fail(struct chip__comm *c, const struct chip_error *why) {
    uint32_t seen = 0;
    if (!c->roster || !__atomic_compare_exchange_n(&c->roster->failing, &seen, 1, false,
                                                   __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        return;
    chip__text_put(c->roster->text, sizeof c->roster->text, why->text);
    /* ORDER: release; pairs with chip__roster_failed(). Publishes the text (R1). Relaxed, a rank
     * could report half a reason. */
    __atomic_store_n(&c->roster->failed, (uint32_t)why->code, __ATOMIC_RELEASE);
}

int chip__roster_failed(const struct chip__comm *c, struct chip_error *err) {
    if (!c->roster)
        return CHIP_OK;
    /* ORDER: acquire; pairs with chip__roster_fail(). */
    uint32_t code = __atomic_load_n(&c->roster->failed, __ATOMIC_ACQUIRE);
    if (code && err) {
        err->code = (int)code;
        err->sys_errno = 0;
        chip__text_get(err->text, sizeof err->text, c->roster->text, sizeof c->roster->text);
    }
    return (int)code;
}
