/* SPDX-License-Identifier: Apache-2.0 */
/* memory.c - bulk copies, struct copies, volatiles, unaligned and wide accesses. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct big {
    int numbers[100];
};
struct __attribute__((packed)) packed {
    char c;
    uint16_t two;
    uint32_t four;
    uint64_t eight;
    volatile uint32_t seen;
};

static volatile uint8_t v1;
static volatile uint16_t v2;
static volatile uint32_t v4;
static volatile uint64_t v8;
static unsigned __int128 wide;

static struct big twice(struct big b) {
    for (int i = 0; i < 100; i++)
        b.numbers[i] *= 2;
    return b;
}

__attribute__((noinline)) static void fill(struct packed *p, unsigned n) {
    p->two = (uint16_t)(p->two + n);
    p->four += n;
    p->eight += n;
    p->seen += n;
}

int main(int argc, char **argv) {
    (void)argv;
    size_t n = (size_t)argc * 64; /* not known to the compiler */
    struct big a, b;
    struct packed p;
    char *text = malloc(n + 1), *other = malloc(n + 1);
    if (!text || !other)
        return 1;
    memset(&a, 1, sizeof a);
    memset(&p, 0, sizeof p);
    b = a;
    a = twice(b);
    fill(&p, 77);
    memset(text, 'x', n);
    text[n] = 0;
    memcpy(other, text, n + 1);
    memmove(other + 1, other, n - 1);
    other[0] = 'y';
    memmove(text, other + 1, n);
    for (int i = 0; i < 10; i++) {
        v1 = (uint8_t)(v1 + 1);
        v2 = (uint16_t)(v2 + v1);
        v4 += v2;
        v8 += v4;
        wide += v8;
        wide <<= 3;
    }
    printf("%d %d %u %llu %u %s %u %u %u %llu %llu\n", a.numbers[7], b.numbers[99], p.four,
           (unsigned long long)p.eight, p.seen, other, v1, v2, v4, (unsigned long long)v8,
           (unsigned long long)(wide >> 16));
    free(text);
    free(other);
    return 0;
}
