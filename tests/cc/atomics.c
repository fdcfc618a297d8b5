/* SPDX-License-Identifier: Apache-2.0 */
/* atomics.c - every size, operation and order of atomics; prints a sum of the results of each. */
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

#define ORDERS(X, type)                                           \
    X(type, __ATOMIC_RELAXED, __ATOMIC_RELAXED, __ATOMIC_RELAXED) \
    X(type, __ATOMIC_CONSUME, __ATOMIC_RELEASE, __ATOMIC_ACQ_REL) \
    X(type, __ATOMIC_ACQUIRE, __ATOMIC_RELEASE, __ATOMIC_ACQUIRE) \
    X(type, __ATOMIC_ACQUIRE, __ATOMIC_RELEASE, __ATOMIC_RELEASE) \
    X(type, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)

#define FAILED(order)                                 \
    ((order) == __ATOMIC_RELEASE   ? __ATOMIC_RELAXED \
     : (order) == __ATOMIC_ACQ_REL ? __ATOMIC_ACQUIRE \
                                   : (order))

#define ONE_ORDER(type, load, store, rmw)                                                  \
    {                                                                                      \
        type wanted = 5;                                                                   \
        __atomic_store_n(&v, 5, store);                                                    \
        sum = sum * 31 + __atomic_load_n(&v, load);                                        \
        sum = sum * 31 + __atomic_exchange_n(&v, 6, rmw);                                  \
        sum = sum * 31 + __atomic_fetch_add(&v, 100, rmw);                                 \
        sum = sum * 31 + __atomic_fetch_sub(&v, 3, rmw);                                   \
        sum = sum * 31 + __atomic_fetch_and(&v, 0x5f, rmw);                                \
        sum = sum * 31 + __atomic_fetch_or(&v, 0x21, rmw);                                 \
        sum = sum * 31 + __atomic_fetch_xor(&v, 0x0f, rmw);                                \
        sum = sum * 31 + __atomic_fetch_nand(&v, 0x33, rmw);                               \
        sum = sum * 31 + __atomic_add_fetch(&v, 7, rmw);                                   \
        sum = sum * 31 + __atomic_compare_exchange_n(&v, &wanted, 9, 0, rmw, FAILED(rmw)); \
        sum = sum * 31 + wanted;                                                           \
        sum = sum * 31 + __atomic_compare_exchange_n(&v, &wanted, 9, 1, rmw, FAILED(rmw)); \
        sum = sum * 31 + wanted + v;                                                       \
        atomic_thread_fence(memory_order_seq_cst);                                         \
        atomic_signal_fence(memory_order_acquire);                                         \
    }

#define SIZE(type)                                                  \
    static uint64_t all_##type(void) {                              \
        static type v;                                              \
        type sum = 1;                                               \
        ORDERS(ONE_ORDER, type)                                     \
        return (uint64_t)sum ^ (uint64_t)(sum >> (sizeof sum * 4)); \
    }

SIZE(uint8_t)
SIZE(uint16_t)
SIZE(uint32_t)
SIZE(uint64_t)
#ifdef __GCC_HAVE_SYNC_COMPARE_AND_SWAP_16
typedef unsigned __int128 wide_t;
SIZE(wide_t)
#endif

int main(void) {
    printf("%llu %llu %llu %llu", (unsigned long long)all_uint8_t(),
           (unsigned long long)all_uint16_t(), (unsigned long long)all_uint32_t(),
           (unsigned long long)all_uint64_t());
#ifdef __GCC_HAVE_SYNC_COMPARE_AND_SWAP_16
    printf(" %llu", (unsigned long long)all_wide_t());
#endif
    static atomic_flag flag = ATOMIC_FLAG_INIT;
    static _Bool old;
    old = atomic_flag_test_and_set(&flag);
    printf(" %d %d\n", old, atomic_flag_test_and_set(&flag));
    return 0;
}
