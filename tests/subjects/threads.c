/* SPDX-License-Identifier: Apache-2.0 */
/*
 * threads.c - threads and processes that share locks, conditions, semaphores, barriers and pipes.
 * Each known bug has a twin, NAME_right, that does the same without it.
 */
#include "tests/subjects/mode.h"

#include <chip/probe.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

static struct shared {
    pthread_mutex_t mutex, other, robust;
    pthread_cond_t cond;
    pthread_barrier_t barrier;
    pthread_rwlock_t rwlock;
    sem_t sem, other_sem;
    int count;
    volatile int flag; /* a futex word; the turn orders what is done to it */
} * shared;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER, other = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int ready;

/* What a subject asserts: a broken one is a crash. */
static void must(bool holds) {
    if (!holds)
        abort();
}

static pthread_t start(void *(*run)(void *), void *arg) {
    pthread_t id;
    must(pthread_create(&id, NULL, run, arg) == 0);
    return id;
}

static void *join(pthread_t id) {
    void *result;
    must(pthread_join(id, &result) == 0);
    return result;
}

static pid_t child(void (*body)(void)) {
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    CHIP_PROBE(CHILD_START, 0, 0, 0, 0);
    body();
    _exit(0);
}

static void reap(pid_t pid, int status) {
    int seen = -1;
    must(waitpid(pid, &seen, 0) == pid && seen == status);
}

/* ---- two locks in two orders ---- */

static void both(pthread_mutex_t *first, pthread_mutex_t *second) {
    pthread_mutex_lock(first);
    pthread_mutex_lock(second);
    pthread_mutex_unlock(second);
    pthread_mutex_unlock(first);
}

static void *forwards(void *arg) {
    both(&mutex, &other);
    return arg;
}

static void *backwards(void *arg) {
    both(&other, &mutex);
    return arg;
}

static void mode_lock_order(void) {
    pthread_t a = start(forwards, NULL), b = start(backwards, NULL);
    join(a);
    join(b);
}

static void mode_lock_order_right(void) {
    pthread_t a = start(forwards, NULL), b = start(forwards, NULL);
    join(a);
    join(b);
}

/* The same between processes. */
static void backwards_shared(void) {
    both(&shared->other, &shared->mutex);
}

static void forwards_shared(void) {
    both(&shared->mutex, &shared->other);
}

static void mode_lock_order_ranks(void) {
    pid_t pid = child(backwards_shared);
    forwards_shared();
    reap(pid, 0);
}

static void mode_lock_order_ranks_right(void) {
    pid_t pid = child(forwards_shared);
    forwards_shared();
    reap(pid, 0);
}

/* ---- who waits must look with the lock held ---- */

static void *announce(void *arg) {
    pthread_mutex_lock(&mutex);
    ready = 1;
    pthread_cond_signal(&cond);
    pthread_mutex_unlock(&mutex);
    return arg;
}

static bool is_ready(void) {
    pthread_mutex_lock(&mutex);
    bool yes = ready != 0;
    pthread_mutex_unlock(&mutex);
    return yes;
}

static void mode_lost_wakeup(void) {
    pthread_t id = start(announce, NULL);
    if (!is_ready()) {
        pthread_mutex_lock(&mutex); /* it may have become ready in between */
        pthread_cond_wait(&cond, &mutex);
        pthread_mutex_unlock(&mutex);
    }
    join(id);
}

static void mode_lost_wakeup_right(void) {
    pthread_t id = start(announce, NULL);
    pthread_mutex_lock(&mutex);
    while (!ready)
        pthread_cond_wait(&cond, &mutex);
    pthread_mutex_unlock(&mutex);
    join(id);
}

/* ---- a word must change before it is told ---- */

static void tell(void) {
    syscall(SYS_futex, &shared->flag, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void tell_then_set(void) {
    tell();
    CHIP_PROBE(KERNEL_STEP, 0, 1, 0, 0);
    shared->flag = 1;
}

static void set_then_tell(void) {
    shared->flag = 1;
    CHIP_PROBE(KERNEL_STEP, 0, 1, 0, 0);
    tell();
}

static void await_flag(void (*other_side)(void)) {
    pid_t pid = child(other_side);
    while (!shared->flag)
        syscall(SYS_futex, &shared->flag, FUTEX_WAIT, 0, NULL, NULL, 0);
    reap(pid, 0);
}

static void mode_told_too_early(void) {
    await_flag(tell_then_set);
}

static void mode_told_too_early_right(void) {
    await_flag(set_then_tell);
}

/* ---- a lock's owner that dies ---- */

static void die_with_lock(void) {
    must(pthread_mutex_lock(&shared->mutex) == 0);
    shared->count++;
}

static void mode_dead_holder(void) {
    pid_t pid = child(die_with_lock);
    reap(pid, 0);
    pthread_mutex_lock(&shared->mutex);
}

static void die_with_robust(void) {
    must(pthread_mutex_lock(&shared->robust) == 0);
    shared->count++;
}

static void lock_after_death(void) {
    int error = pthread_mutex_lock(&shared->robust);
    must(error == 0 || error == EOWNERDEAD);
    if (error)
        must(pthread_mutex_consistent(&shared->robust) == 0);
    pthread_mutex_unlock(&shared->robust);
}

static void mode_dead_holder_right(void) {
    pid_t pid = child(die_with_robust);
    lock_after_death();
    reap(pid, 0);
    lock_after_death();
}

static void *thread_with_robust(void *arg) {
    die_with_robust();
    return arg;
}

static void mode_dead_thread_right(void) {
    pthread_t id = start(thread_with_robust, NULL);
    lock_after_death();
    join(id);
    lock_after_death();
}

/* ---- a barrier that one never reaches ---- */

static void arrive(void) {
    pthread_barrier_wait(&shared->barrier);
}

static void sleep_long(void) {
    sleep(1000);
}

static void mode_dead_arrival(void) {
    pid_t pid = child(sleep_long);
    usleep(1000);
    kill(pid, SIGKILL);
    arrive();
    reap(pid, SIGKILL);
}

static void mode_dead_arrival_right(void) {
    pid_t pid = child(arrive);
    arrive();
    reap(pid, 0);
}

/* ---- going round for ever ---- */

static void *give_way(void *arg) {
    pthread_mutex_t *mine = arg ? &mutex : &other, *theirs = arg ? &other : &mutex;
    for (bool done = false; !done;) {
        pthread_mutex_lock(mine);
        ready++; /* never 0 again: the other one gives way as well */
        done = ready == 1 && pthread_mutex_trylock(theirs) == 0;
        if (done)
            pthread_mutex_unlock(theirs);
        pthread_mutex_unlock(mine);
        sched_yield();
    }
    return NULL;
}

static void mode_livelock(void) {
    ready = 1;
    pthread_t id = start(give_way, NULL);
    give_way(&ready);
    join(id);
}

static void *give_way_once(void *arg) {
    pthread_mutex_t *mine = arg ? &mutex : &other, *theirs = arg ? &other : &mutex;
    for (bool done = false; !done;) {
        pthread_mutex_lock(mine);
        done = pthread_mutex_trylock(theirs) == 0;
        if (done)
            pthread_mutex_unlock(theirs);
        pthread_mutex_unlock(mine);
        sched_yield();
    }
    return NULL;
}

static void mode_livelock_right(void) {
    pthread_t id = start(give_way_once, NULL);
    give_way_once(&ready);
    join(id);
}

/* ---- a thread that waits for its own joiner ---- */

static pthread_t first;

static void *join_first(void *arg) {
    pthread_mutex_lock(&mutex); /* held by who joins this one */
    pthread_mutex_unlock(&mutex);
    return arg;
}

static void mode_join_cycle(void) {
    pthread_mutex_lock(&mutex);
    first = start(join_first, NULL);
    join(first);
    pthread_mutex_unlock(&mutex);
}

static void mode_join_cycle_right(void) {
    pthread_mutex_lock(&mutex);
    first = start(join_first, NULL);
    pthread_mutex_unlock(&mutex);
    join(first);
}

/* ---- a semaphore that is posted once too seldom ---- */

static void *take_and_post(void *arg) {
    must(sem_wait(&shared->sem) == 0);
    shared->count++;
    must(sem_post(&shared->other_sem) == 0);
    return arg;
}

static void semaphores(int posts) {
    pthread_t a = start(take_and_post, NULL), b = start(take_and_post, NULL);
    for (int i = 0; i < posts; i++)
        must(sem_post(&shared->sem) == 0);
    for (int i = 0; i < 2; i++)
        must(sem_wait(&shared->other_sem) == 0);
    join(a);
    join(b);
    must(shared->count == 2);
}

static void mode_semaphore(void) {
    semaphores(1);
}

static void mode_semaphore_right(void) {
    semaphores(2);
}

/* A name is the same semaphore in every process. */
static void post_named(void) {
    sem_t *s = sem_open("/turn", 0);
    must(s != SEM_FAILED && sem_post(s) == 0 && sem_close(s) == 0);
}

static void mode_named_left(void) {
    sem_t *s = sem_open("/turn", O_CREAT | O_EXCL, 0600, 0);
    must(s != SEM_FAILED);
    pid_t pid = child(post_named);
    must(sem_wait(s) == 0 && sem_close(s) == 0);
    reap(pid, 0);
}

static void mode_named_right(void) {
    mode_named_left();
    must(sem_unlink("/turn") == 0);
}

/* ---- pipes ---- */

static int ends[2], ready_fd;

static void *drain(void *arg) {
    char buf[5000];
    size_t all = 0;
    for (ssize_t n; (n = read(ends[0], buf, sizeof buf)) > 0;)
        all += (size_t)n;
    return (void *)(all + (arg != NULL));
}

/* More than a pipe holds; nobody closes it: the reader waits for more. */
static void fill_pipe(bool close_it) {
    static const char much[200000];
    must(pipe(ends) == 0);
    pthread_t id = start(drain, NULL);
    must(write(ends[1], much, sizeof much) == sizeof much);
    if (close_it)
        close(ends[1]);
    must(join(id) == (void *)sizeof much);
}

static void mode_open_pipe(void) {
    fill_pipe(false);
}

static void mode_open_pipe_right(void) {
    fill_pipe(true);
}

/* ---- all kinds at once, and right ---- */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int initialised;

static void initialise(void) {
    usleep(1000); /* others come here while it runs */
    initialised++;
}

static void *use_once(void *arg) {
    pthread_once(&once, initialise);
    must(initialised == 1);
    pthread_rwlock_rdlock(&shared->rwlock);
    int seen = shared->count;
    pthread_rwlock_unlock(&shared->rwlock);
    pthread_rwlock_wrlock(&shared->rwlock);
    must(shared->count >= seen);
    shared->count++;
    pthread_rwlock_unlock(&shared->rwlock);
    return arg;
}

static void mode_once_right(void) {
    pthread_t a = start(use_once, NULL), b = start(use_once, NULL);
    use_once(NULL);
    join(a);
    join(b);
    must(shared->count == 3);
}

static void *post_event(void *arg) {
    uint64_t one = 1;
    usleep(1000);
    must(write(ready_fd, &one, sizeof one) == sizeof one);
    return arg;
}

static void await_event(int how) {
    uint64_t n;
    struct pollfd p = {.fd = ready_fd, .events = POLLIN};
    struct epoll_event event = {.events = EPOLLIN};
    const struct timespec minute = {60, 0};
    fd_set set;
    FD_ZERO(&set);
    FD_SET(ready_fd, &set);
    int epoll = epoll_create1(0);
    must(epoll >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, ready_fd, &event) == 0);
    must((how == 0   ? poll(&p, 1, -1)
          : how == 1 ? ppoll(&p, 1, &minute, NULL)
          : how == 2 ? select(ready_fd + 1, &set, NULL, NULL, NULL)
                     : epoll_wait(epoll, &event, 1, 60000)) == 1);
    must(read(ready_fd, &n, sizeof n) == sizeof n && n == 1);
    must(poll(&p, 1, 5) == 0);
    close(epoll);
}

static void mode_event_right(void) {
    ready_fd = eventfd(0, 0);
    for (int how = 0; how < 4; how++) {
        pthread_t id = start(post_event, NULL);
        await_event(how);
        join(id);
    }
}

/* A condition with a time: the clock jumps, and the time is the run's. */
static void mode_timeout_right(void) {
    struct timespec t, after;
    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_sec += 60;
    pthread_mutex_lock(&mutex);
    must(pthread_cond_timedwait(&cond, &mutex, &t) == ETIMEDOUT);
    clock_gettime(CLOCK_REALTIME, &after);
    must(after.tv_sec == t.tv_sec);
    t.tv_sec += 60;
    must(pthread_cond_clockwait(&cond, &mutex, CLOCK_REALTIME, &t) == ETIMEDOUT);
    t.tv_sec += 1;
    must(sem_timedwait(&shared->sem, &t) == -1 && errno == ETIMEDOUT);
    must(pthread_mutex_timedlock(&mutex, &t) == ETIMEDOUT);
    pthread_mutex_unlock(&mutex);
}

/* A thread that is joined with a time, and in vain the first time. */
static void *sleep_two(void *arg) {
    sleep(2);
    return arg;
}

static void mode_timed_join_right(void) {
    struct timespec t;
    pthread_t id = start(sleep_two, &ready);
    void *result = NULL;
    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_sec++;
    must(pthread_timedjoin_np(id, &result, &t) == ETIMEDOUT);
    t.tv_sec += 10;
    must(pthread_timedjoin_np(id, &result, &t) == 0 && result == &ready);
}

/* ---- C11 ---- */

static mtx_t c11_mutex;
static cnd_t c11_cond;
static once_flag c11_once = ONCE_FLAG_INIT;

static int c11_announce(void *arg) {
    const struct timespec second = {1, 0};
    call_once(&c11_once, initialise);
    must(thrd_sleep(&second, NULL) == 0);
    mtx_lock(&c11_mutex);
    *(int *)arg = 1;
    cnd_signal(&c11_cond);
    mtx_unlock(&c11_mutex);
    return -5;
}

static void mode_c11_right(void) {
    thrd_t id;
    int result = 0;
    must(mtx_init(&c11_mutex, mtx_plain) == thrd_success && cnd_init(&c11_cond) == thrd_success);
    must(thrd_create(&id, c11_announce, &ready) == thrd_success);
    call_once(&c11_once, initialise);
    must(initialised == 1);
    while (mtx_trylock(&c11_mutex) == thrd_busy)
        thrd_yield();
    while (!ready)
        must(cnd_wait(&c11_cond, &c11_mutex) == thrd_success);
    mtx_unlock(&c11_mutex);
    must(thrd_join(id, &result) == thrd_success && result == -5);
}

/* Errors that a lock of one's own gives. */
static void mode_own_lock_right(void) {
    pthread_mutex_t checked, recursive;
    pthread_mutexattr_t a;
    pthread_mutexattr_init(&a);
    pthread_mutexattr_settype(&a, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_init(&checked, &a);
    pthread_mutexattr_settype(&a, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&recursive, &a);
    must(pthread_mutex_lock(&checked) == 0 && pthread_mutex_lock(&checked) == EDEADLK);
    must(pthread_mutex_unlock(&checked) == 0 && pthread_mutex_unlock(&checked) == EPERM);
    must(pthread_mutex_lock(&recursive) == 0 && pthread_mutex_lock(&recursive) == 0);
    must(pthread_mutex_unlock(&recursive) == 0 && pthread_mutex_unlock(&recursive) == 0);
    must(pthread_rwlock_wrlock(&shared->rwlock) == 0);
    must(pthread_rwlock_wrlock(&shared->rwlock) == EDEADLK);
    must(pthread_rwlock_unlock(&shared->rwlock) == 0);
    must(pthread_join(pthread_self(), NULL) == EDEADLK);
}

static void mode_own_lock(void) {
    pthread_mutex_lock(&shared->mutex);
    pthread_mutex_lock(&shared->mutex);
}

/* ---- cancelling ---- */

static void unlock(void *m) {
    pthread_mutex_unlock(m);
}

static void *cancelled_in_cond(void *arg) {
    pthread_mutex_lock(&mutex);
    pthread_cleanup_push(unlock, &mutex);
    for (;;)
        pthread_cond_wait(&cond, &mutex);
    pthread_cleanup_pop(1);
    return arg;
}

static void *cancelled_in_sleep(void *arg) {
    for (;;)
        sleep(1000);
    return arg;
}

static void *cancelled_in_read(void *arg) {
    char byte;
    while (read(ends[0], &byte, 1) != 0) {
    }
    return arg;
}

static void *cancelled_in_join(void *arg) {
    pthread_join(*(pthread_t *)arg, NULL);
    return arg;
}

static void mode_cancel_right(void) {
    void *(*const runs[])(void *) = {cancelled_in_cond, cancelled_in_sleep, cancelled_in_read};
    must(pipe(ends) == 0);
    pthread_t sleeper = start(cancelled_in_sleep, NULL),
              joiner = start(cancelled_in_join, &sleeper);
    usleep(1000);
    must(pthread_cancel(joiner) == 0 && join(joiner) == PTHREAD_CANCELED);
    must(pthread_cancel(sleeper) == 0 && join(sleeper) == PTHREAD_CANCELED);
    for (int i = 0; i < 3; i++) {
        pthread_t id = start(runs[i], NULL);
        usleep(1000);
        must(pthread_cancel(id) == 0);
        must(join(id) == PTHREAD_CANCELED);
    }
    must(pthread_mutex_trylock(&mutex) == 0);
}

/* ---- threads and processes together ---- */

static void *nothing(void *arg) {
    return arg;
}

static void threads_of_child(void) {
    must(join(start(nothing, &ready)) == &ready);
}

static void *fork_one(void *arg) {
    reap(child(threads_of_child), 0);
    return arg;
}

static void *wait_long(void *arg) {
    pthread_mutex_lock(&mutex);
    while (!ready)
        pthread_cond_wait(&cond, &mutex);
    pthread_mutex_unlock(&mutex);
    return arg;
}

/* Of a process with three threads only the one that forks is in the child. */
static void mode_fork_right(void) {
    pthread_t waiter = start(wait_long, NULL), forker = start(fork_one, NULL);
    join(forker);
    announce(NULL);
    join(waiter);
}

static void die_with_threads(void) {
    start(wait_long, NULL);
    start(wait_long, NULL);
    usleep(1000);
    _exit(5);
}

static void mode_exit_right(void) {
    reap(child(die_with_threads), 5 << 8);
}

static pthread_key_t key;
static int destroyed;

static void destroy(void *arg) {
    usleep(1000); /* a point, in a thread on its way out */
    destroyed += arg == &key;
}

static void *leave_early(void *arg) {
    pthread_setspecific(key, &key);
    pthread_exit(arg);
}

static void mode_destructor_right(void) {
    must(pthread_key_create(&key, destroy) == 0);
    pthread_t a = start(leave_early, &ready), b = start(leave_early, NULL);
    must(join(a) == &ready);
    join(b);
    must(destroyed == 2);
}

static void *finish_alone(void *arg) {
    usleep(1000);
    exit(9);
    return arg;
}

static void leave_main(void) {
    start(finish_alone, NULL);
    pthread_exit(NULL);
}

static void mode_main_leaves_right(void) {
    reap(child(leave_main), 9 << 8);
}

static void *detach_self(void *arg) {
    pthread_detach(pthread_self());
    must(sem_post(&shared->sem) == 0);
    return arg;
}

static void last_one_ends(void) {
    start(detach_self, NULL);
    pthread_exit(NULL);
}

static void mode_detached_right(void) {
    pid_t pid = child(last_one_ends);
    must(sem_wait(&shared->sem) == 0);
    reap(pid, 0);
}

/* clang-format off */
#define MODES(X)                                                                                \
    X(lock_order) X(lock_order_right) X(lock_order_ranks) X(lock_order_ranks_right)             \
    X(lost_wakeup) X(lost_wakeup_right) X(dead_holder) X(dead_holder_right)                     \
    X(dead_thread_right) X(dead_arrival) X(dead_arrival_right) X(livelock) X(livelock_right)    \
    X(join_cycle) X(join_cycle_right) X(semaphore) X(semaphore_right) X(open_pipe)              \
    X(open_pipe_right) X(once_right) X(event_right) X(timeout_right) X(own_lock)                \
    X(own_lock_right) X(fork_right) X(exit_right) X(destructor_right) X(main_leaves_right)      \
    X(detached_right) X(named_left) X(named_right) X(timed_join_right) X(c11_right)  \
    X(told_too_early) X(told_too_early_right) X(cancel_right)
/* clang-format on */

static const struct subject_mode modes[] = {MODES(SUBJECT_MODE)};

static bool prepare(void) {
    pthread_mutexattr_t m, r;
    pthread_condattr_t c;
    pthread_barrierattr_t b;
    pthread_rwlockattr_t l;
    shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return false;
    pthread_mutexattr_init(&m);
    pthread_mutexattr_setpshared(&m, PTHREAD_PROCESS_SHARED);
    r = m;
    pthread_mutexattr_setrobust(&r, PTHREAD_MUTEX_ROBUST);
    pthread_condattr_init(&c);
    pthread_condattr_setpshared(&c, PTHREAD_PROCESS_SHARED);
    pthread_barrierattr_init(&b);
    pthread_barrierattr_setpshared(&b, PTHREAD_PROCESS_SHARED);
    pthread_rwlockattr_init(&l);
    pthread_rwlockattr_setpshared(&l, PTHREAD_PROCESS_SHARED);
    return !pthread_mutex_init(&shared->mutex, &m) && !pthread_mutex_init(&shared->other, &m) &&
           !pthread_mutex_init(&shared->robust, &r) && !pthread_cond_init(&shared->cond, &c) &&
           !pthread_barrier_init(&shared->barrier, &b, 2) &&
           !pthread_rwlock_init(&shared->rwlock, &l) && !sem_init(&shared->sem, 1, 0) &&
           !sem_init(&shared->other_sem, 1, 0);
}

int main(int argc, char **argv) {
    return subject_main(argc, argv, prepare(), modes, sizeof modes / sizeof modes[0]);
}
