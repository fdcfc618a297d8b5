/* SPDX-License-Identifier: Apache-2.0 */
/* threads.c - four threads, a lock, a condition, thread-local memory, an atomic counter. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

enum { THREADS = 4, ROUNDS = 1000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int guarded, arrived;
static atomic_int counter;
static _Thread_local int own;

static void *work(void *arg) {
    for (int i = 0; i < ROUNDS; i++) {
        own++;
        atomic_fetch_add_explicit(&counter, 1, memory_order_relaxed);
        pthread_mutex_lock(&lock);
        guarded += 2;
        pthread_mutex_unlock(&lock);
    }
    pthread_mutex_lock(&lock);
    arrived++;
    pthread_cond_broadcast(&cond);
    while (arrived < THREADS)
        pthread_cond_wait(&cond, &lock);
    pthread_mutex_unlock(&lock);
    *(int *)arg = own;
    return NULL;
}

int main(void) {
    pthread_t thread[THREADS];
    int own_of[THREADS], sum = 0;
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&thread[i], NULL, work, &own_of[i]) != 0)
            return 1;
    for (int i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
        sum += own_of[i];
    }
    printf("%d %d %d\n", guarded, atomic_load(&counter), sum);
    return 0;
}
