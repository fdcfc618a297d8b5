/* SPDX-License-Identifier: Apache-2.0 */
/*
 * comm_handle.c - handles as tokens, so that a wrong one is refused instead of followed.
 *
 *   H1  A handle that was destroyed is never valid again in this process (a slot's generation
 *       is part of the token).
 *   H2  A communicator is not ended while somebody is between enter and leave: retire succeeds only
 *       when it swaps {alive, no users} out in one step.
 *   H3  Between retire and recycle nobody finds the slot.
 *
 * The gate of a slot: bits 0..15 users, bits 16..17 life, bits 24..63 generation. A token is
 * generation << 8 | index + 1.
 */
#include "comm_internal.h"

enum life { LIFE_FREE, LIFE_BUILDING, LIFE_ALIVE, LIFE_DYING };

#define USERS_MASK       0xffffull
#define LIFE_SHIFT       16
#define LIFE_MASK        3ull
#define GENERATION_SHIFT 24
#define TOKEN_SHIFT      8

_Static_assert(sizeof(CommHandle) == 8, "a handle carries 40 bits of generation");
_Static_assert(CHIP_COMM_MAX_HANDLES < (1 << TOKEN_SHIFT), "the index must fit in a token");

static struct chip__comm pool[CHIP_COMM_MAX_HANDLES];

static uint64_t life_of(uint64_t gate) {
    return gate >> LIFE_SHIFT & LIFE_MASK;
}

static uint64_t with_life(uint64_t gate, enum life life) {
    return (gate >> GENERATION_SHIFT << GENERATION_SHIFT) | (uint64_t)life << LIFE_SHIFT;
}

static uint64_t load_gate(const struct chip__comm *c) {
    /* ORDER: acquire; pairs with chip__comm_publish(). Publishes the fields filled in before.
     * Relaxed, a user could enter a communicator and read the fields of its predecessor. */
    return __atomic_load_n(&c->gate, __ATOMIC_ACQUIRE);
}

static bool swap_gate(struct chip__comm *c, uint64_t *seen, uint64_t to) {
    /* ORDER: acq_rel; pairs with chip__comm_leave(). A user's last access must come before
     * the swap that ends the communicator, and the end's unmapping after it (H2). */
    return __atomic_compare_exchange_n(&c->gate, seen, to, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_ACQUIRE);
}

struct chip__comm *chip__comm_reserve(void) {
    for (size_t i = 0; i < CHIP_COMM_MAX_HANDLES; i++) {
        uint64_t gate = load_gate(&pool[i]);
        if (life_of(gate) == LIFE_FREE &&
            swap_gate(&pool[i], &gate, with_life(gate, LIFE_BUILDING)))
            return &pool[i];
    }
    return NULL;
}

CommHandle chip__comm_publish(struct chip__comm *c) {
    uint64_t gate = with_life(load_gate(c), LIFE_ALIVE);
    /* ORDER: release; pairs with load_gate(). Publishes the finished object. */
    __atomic_store_n(&c->gate, gate, __ATOMIC_RELEASE);
    uint64_t index = (uint64_t)(c - pool);
    return (CommHandle)chip__ptr((gate >> GENERATION_SHIFT) << TOKEN_SHIFT | (index + 1));
}

/* The slot a token names, or NULL; *generation is the one it was made with. */
static struct chip__comm *slot_of(CommHandle handle, uint64_t *generation) {
    uint64_t token = chip__addr(handle);
    uint64_t index = token & ((1u << TOKEN_SHIFT) - 1);
    *generation = token >> TOKEN_SHIFT;
    return index >= 1 && index <= CHIP_COMM_MAX_HANDLES ? &pool[index - 1] : NULL;
}

static bool alive_in(uint64_t gate, uint64_t generation) {
    return life_of(gate) == LIFE_ALIVE && gate >> GENERATION_SHIFT == generation;
}

struct chip__comm *chip__comm_enter(CommHandle handle) {
    uint64_t generation;
    struct chip__comm *c = slot_of(handle, &generation);
    if (!c)
        return NULL;
    uint64_t gate = load_gate(c);
    do {
        if (!alive_in(gate, generation) || (gate & USERS_MASK) == USERS_MASK)
            return NULL;
    } while (!swap_gate(c, &gate, gate + 1));
    return c;
}

void chip__comm_leave(struct chip__comm *c) {
    /* ORDER: release; pairs with swap_gate() in chip__comm_retire(). Everything this user did comes
     * before the end. */
    uint64_t before = __atomic_fetch_sub(&c->gate, 1, __ATOMIC_RELEASE);
    CHIP_ASSERT((before & USERS_MASK) != 0);
}

struct chip__comm *chip__comm_retire(CommHandle handle, bool *busy) {
    uint64_t generation;
    struct chip__comm *c = slot_of(handle, &generation);
    *busy = false;
    if (!c)
        return NULL;
    uint64_t gate = load_gate(c);
    do {
        if (!alive_in(gate, generation))
            return NULL;
        *busy = (gate & USERS_MASK) != 0;
        if (*busy)
            return NULL;
    } while (!swap_gate(c, &gate, with_life(gate, LIFE_DYING)));
    return c;
}

void chip__comm_recycle(struct chip__comm *c) {
    uint64_t next = ((load_gate(c) >> GENERATION_SHIFT) + 1) << GENERATION_SHIFT;
    /* ORDER: release; pairs with load_gate() in chip__comm_reserve(). The slot is clean before it
     * can be taken again. */
    __atomic_store_n(&c->gate, next, __ATOMIC_RELEASE);
}
