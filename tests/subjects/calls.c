/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calls.c - a subject that makes one libc call under control, in the driver's place. Its second
 * argument names the call; what the call came to goes to result 0: code is 0 if it worked, else
 * its error number. Result 1 gets 1 if errno was kept by a call that worked.
 */
#include "harness/agent/arm.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const struct timespec one_ms = {0, 1000000};
static int fd, ends[2];
static char byte;

/* In shared memory: another process could reach them, so that they are points. */
static struct shared {
    pthread_mutex_t mutex;
    pthread_rwlock_t rwlock;
    pthread_cond_t cond;
    pthread_barrier_t barrier;
    pthread_once_t once;
    sem_t sem;
} * shared;

/* Result -> error number, for calls that leave it in errno. */
static int failed(int bad) {
    return bad ? errno : 0;
}

static int call_shm_open(void) {
    int made = shm_open("/subject", O_RDWR | O_CREAT, 0600);
    int e = failed(made < 0);
    if (made >= 0) {
        shm_unlink("/subject");
        close(made);
    }
    return e;
}
static int call_shm_unlink(void) {
    close(shm_open("/subject", O_RDWR | O_CREAT, 0600));
    int e = failed(shm_unlink("/subject") != 0);
    if (e)
        shm_unlink("/subject"); /* the plan strikes once */
    return e;
}
static int call_mmap(void) {
    void *p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
    return failed(p == MAP_FAILED);
}
static int call_munmap(void) {
    return failed(munmap(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 4096));
}
static int call_ftruncate(void) {
    return failed(ftruncate(fd, 8192));
}
static int call_posix_fallocate(void) {
    return posix_fallocate(fd, 0, 8192);
}
static int call_memfd_create(void) {
    return failed(memfd_create("subject", 0) < 0);
}
static int call_fork(void) {
    pid_t pid = fork();
    int e = failed(pid < 0);
    if (pid == 0)
        _exit(0);
    if (pid > 0)
        waitpid(pid, NULL, 0);
    return e;
}
static int call_waitpid(void) {
    pid_t pid = fork();
    if (pid == 0)
        _exit(7);
    int status = 0, e = failed(waitpid(pid, &status, 0) != pid);
    if (e)
        waitpid(pid, NULL, 0);
    return e ? e : WEXITSTATUS(status) == 7 ? 0 : EPROTO;
}
static int call_kill(void) {
    return failed(kill(getpid(), 0));
}
static int call__exit(void) {
    pid_t pid = fork();
    if (pid == 0)
        _exit(3);
    int status = 0;
    return waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 3 ? 0 : EPROTO;
}
static int call_nanosleep(void) {
    return failed(nanosleep(&one_ms, NULL));
}
static int call_clock_nanosleep(void) {
    return clock_nanosleep(CLOCK_MONOTONIC, 0, &one_ms, NULL);
}
static int call_usleep(void) {
    return failed(usleep(1000));
}
static int call_clock_gettime(void) {
    struct timespec t;
    return failed(clock_gettime(CLOCK_MONOTONIC, &t));
}
static int call_gettimeofday(void) {
    struct timeval t;
    return failed(gettimeofday(&t, NULL));
}
static int call_time(void) {
    return failed(time(NULL) == (time_t)-1);
}
static int call_getrandom(void) {
    return failed(getrandom(&byte, 1, 0) != 1);
}
static int call_futex(void) {
    uint32_t word = 0;
    return failed(syscall(SYS_futex, &word, FUTEX_WAKE, 1, NULL, NULL, 0) < 0);
}
static int call_close(void) {
    return failed(close(dup(fd)));
}
static int call_open(void) {
    return failed(open("/dev/null", O_RDWR) < 0);
}
static int call_read(void) {
    return failed(read(ends[0], &byte, 1) != 1);
}
static int call_write(void) {
    return failed(write(ends[1], "x", 1) != 1);
}
static int call_pipe(void) {
    int more[2];
    return failed(pipe(more));
}
static int call_sched_yield(void) {
    return failed(sched_yield());
}
static int call_poll(void) {
    struct pollfd p = {.fd = ends[0], .events = POLLIN};
    return failed(poll(&p, 1, 10) != 1);
}
static int call_sigaction(void) {
    struct sigaction old;
    return failed(sigaction(SIGUSR1, NULL, &old));
}

static void *nothing(void *arg) {
    return arg;
}
static int call_pthread_create(void) {
    pthread_t id;
    int e = pthread_create(&id, NULL, nothing, NULL);
    if (!e)
        pthread_join(id, NULL);
    return e;
}
static int call_pthread_join(void) {
    pthread_t id;
    void *result = NULL;
    if (pthread_create(&id, NULL, nothing, &fd))
        return EPROTO;
    int e = pthread_join(id, &result);
    if (e)
        pthread_join(id, NULL);
    return e ? e : result == &fd ? 0 : EPROTO;
}
static int call_pthread_detach(void) {
    pthread_t id;
    if (pthread_create(&id, NULL, nothing, NULL))
        return EPROTO;
    int e = pthread_detach(id);
    if (e)
        pthread_detach(id);
    return e;
}
static int call_pthread_mutex_lock(void) {
    int e = pthread_mutex_lock(&shared->mutex);
    return e ? e : pthread_mutex_unlock(&shared->mutex);
}
static int call_pthread_mutex_trylock(void) {
    int e = pthread_mutex_trylock(&shared->mutex);
    return e ? e : pthread_mutex_unlock(&shared->mutex);
}
static struct timespec in_one_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_nsec += 1000000;
    return t;
}
static int call_pthread_mutex_timedlock(void) {
    struct timespec t = in_one_ms();
    int e = pthread_mutex_timedlock(&shared->mutex, &t);
    return e ? e : pthread_mutex_timedlock(&shared->mutex, &t) == ETIMEDOUT ? 0 : EPROTO;
}
static int call_pthread_mutex_unlock(void) {
    pthread_mutex_lock(&shared->mutex);
    return pthread_mutex_unlock(&shared->mutex);
}
static int rwlock_end(int e) {
    return e ? e : pthread_rwlock_unlock(&shared->rwlock);
}
static int call_pthread_rwlock_rdlock(void) {
    return rwlock_end(pthread_rwlock_rdlock(&shared->rwlock));
}
static int call_pthread_rwlock_tryrdlock(void) {
    return rwlock_end(pthread_rwlock_tryrdlock(&shared->rwlock));
}
static int call_pthread_rwlock_timedrdlock(void) {
    struct timespec t = in_one_ms();
    return rwlock_end(pthread_rwlock_timedrdlock(&shared->rwlock, &t));
}
static int call_pthread_rwlock_wrlock(void) {
    return rwlock_end(pthread_rwlock_wrlock(&shared->rwlock));
}
static int call_pthread_rwlock_trywrlock(void) {
    return rwlock_end(pthread_rwlock_trywrlock(&shared->rwlock));
}
static int call_pthread_rwlock_timedwrlock(void) {
    struct timespec t = in_one_ms();
    return rwlock_end(pthread_rwlock_timedwrlock(&shared->rwlock, &t));
}
static int call_pthread_rwlock_unlock(void) {
    pthread_rwlock_rdlock(&shared->rwlock);
    return pthread_rwlock_unlock(&shared->rwlock);
}
static void *wake_cond(void *arg) {
    pthread_mutex_lock(&shared->mutex);
    *(int *)arg = 1;
    pthread_cond_signal(&shared->cond);
    pthread_mutex_unlock(&shared->mutex);
    return NULL;
}
static int call_pthread_cond_wait(void) {
    pthread_t id;
    int set = 0, e = 0;
    pthread_mutex_lock(&shared->mutex);
    if (pthread_create(&id, NULL, wake_cond, &set))
        return EPROTO;
    while (!set && !e)
        e = pthread_cond_wait(&shared->cond, &shared->mutex);
    pthread_mutex_unlock(&shared->mutex);
    pthread_join(id, NULL);
    return e;
}
static int call_pthread_cond_timedwait(void) {
    pthread_t id;
    int set = 0, e = 0;
    struct timespec t = in_one_ms();
    t.tv_sec += 3600;
    pthread_mutex_lock(&shared->mutex);
    if (pthread_create(&id, NULL, wake_cond, &set))
        return EPROTO;
    while (!set && !e)
        e = pthread_cond_timedwait(&shared->cond, &shared->mutex, &t);
    pthread_mutex_unlock(&shared->mutex);
    pthread_join(id, NULL);
    return e;
}
static int call_pthread_cond_signal(void) {
    return pthread_cond_signal(&shared->cond);
}
static int call_pthread_cond_broadcast(void) {
    return pthread_cond_broadcast(&shared->cond);
}
static int call_pthread_barrier_wait(void) {
    int r = pthread_barrier_wait(&shared->barrier);
    return r == PTHREAD_BARRIER_SERIAL_THREAD ? 0 : r ? r : EPROTO;
}
static void once(void) {
    byte = 'o';
}
static int call_pthread_once(void) {
    int e = pthread_once(&shared->once, once);
    return e ? e : byte == 'o' ? 0 : EPROTO;
}
static int call_sem_wait(void) {
    return failed(sem_wait(&shared->sem) != 0);
}
static int call_sem_trywait(void) {
    return failed(sem_trywait(&shared->sem) != 0);
}
static int call_sem_timedwait(void) {
    struct timespec t = in_one_ms();
    return failed(sem_timedwait(&shared->sem, &t) != 0);
}
static int call_sem_post(void) {
    return failed(sem_post(&shared->sem) != 0);
}
static int call_ppoll(void) {
    struct pollfd p = {.fd = ends[0], .events = POLLIN};
    return failed(ppoll(&p, 1, &one_ms, NULL) != 1);
}
static int call_select(void) {
    struct timeval t = {1, 0};
    fd_set set;
    FD_ZERO(&set);
    FD_SET(ends[0], &set);
    return failed(select(ends[0] + 1, &set, NULL, NULL, &t) != 1);
}
static int call_epoll_wait(void) {
    struct epoll_event event = {.events = EPOLLIN};
    int set = epoll_create1(0);
    if (set < 0 || epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &event))
        return EPROTO;
    return failed(epoll_wait(set, &event, 1, 10) != 1);
}
static int call_eventfd(void) {
    return failed(eventfd(0, 0) < 0);
}
static int call_pipe2(void) {
    int more[2];
    return failed(pipe2(more, O_CLOEXEC));
}
static int call_waitid(void) {
    pid_t pid = fork();
    if (pid == 0)
        _exit(7);
    siginfo_t info = {.si_pid = 0};
    int e = failed(waitid(P_PID, (id_t)pid, &info, WEXITED) != 0);
    if (e)
        waitpid(pid, NULL, 0);
    return e ? e : info.si_pid == pid && info.si_status == 7 ? 0 : EPROTO;
}
static int call_wait4(void) {
    pid_t pid = fork();
    if (pid == 0)
        _exit(7);
    struct rusage usage;
    int status = 0, e = failed(wait4(pid, &status, 0, &usage) != pid);
    if (e)
        waitpid(pid, NULL, 0);
    return e ? e : WEXITSTATUS(status) == 7 ? 0 : EPROTO;
}

/* A name of the contract without a function here does not compile. */
static const struct {
    const char *name;
    int (*make)(void);
} calls[] = {
#define CHIP_X(name) {#name, call_##name},
    CHIP_CALLS(CHIP_X)
#undef CHIP_X
};

static int prepare_shared(void) {
    static const pthread_once_t once_init = PTHREAD_ONCE_INIT;
    shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return -1;
    shared->once = once_init;
    return pthread_mutex_init(&shared->mutex, NULL) | pthread_rwlock_init(&shared->rwlock, NULL) |
           pthread_cond_init(&shared->cond, NULL) |
           pthread_barrier_init(&shared->barrier, NULL, 1) | sem_init(&shared->sem, 1, 1);
}

static int prepare(void) {
    fd = memfd_create("prepared", 0);
    return fd < 0 || ftruncate(fd, 4096) || pipe(ends) || write(ends[1], "y", 1) != 1;
}

int main(int argc, char **argv) {
    if (argc != 4 || prepare() || prepare_shared() || !chipharness_arm ||
        chipharness_arm(NULL) != 0)
        return 3;
    struct chip_control *c = chipharness_control();
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        if (strcmp(calls[i].name, argv[2]) != 0)
            continue;
        errno = 77;
        c->results[0].code = calls[i].make();
        c->results[1].code = errno == 77;
        c->results[0].done = 1;
        c->driver_done = 1;
        return 0;
    }
    return 3;
}
