/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_barrier.c - the barrier, by its guarantees G1 to G5 (lib/src/barrier.c; runtime.md E).
 */
#include "ranks.h"

#include "lib/src/barrier.h"

#include <chip/points.h>

static struct chip__barrier *barrier;

#define SECOND 1000000000ull

static struct chip__barrier_party party_of(int rank, int n, uint64_t timeout_ns) {
    return (struct chip__barrier_party){
        .rank = (uint32_t)rank, .nranks = (uint32_t)n, .timeout_ns = timeout_ns};
}

static void pass_and_report(struct chip__barrier *b, struct chip__barrier_party *party,
                            struct rank_report *r) {
    struct chip_error err = {0};
    r->code = chip__barrier_pass(b, party, &err);
    memcpy(r->text, err.text, sizeof r->text);
}

static int setup(void **state) {
    (void)state;
    barrier = ranks_map(sizeof *barrier);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    return munmap(barrier, sizeof *barrier);
}

static void one_rank_never_waits(void **state) {
    (void)state;
    struct chip__barrier_party party = party_of(0, 1, 1);
    for (int i = 0; i < 70000; i++) /* more than the generation can count */
        assert_int_equal(chip__barrier_pass(barrier, &party, NULL), CHIP_OK);
}

enum { ROUNDS = 3000 };

static void many_rounds(int rank, struct ranks *rs) {
    struct chip__barrier_party party = party_of(rank, rs->n, 20 * SECOND);
    party.may_spin = rs->shared[100] != 0;
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        rs->shared[rank] = round; /* a plain write: the barrier must order it */
        pass_and_report(barrier, &party, &rs->report[rank]);
        if (rs->report[rank].code)
            return;
        for (int other = 0; other < rs->n; other++) {
            /* G1: it has entered this round. G2: it is at most one ahead. */
            uint64_t theirs = *(volatile uint64_t *)&rs->shared[other];
            rs->report[rank].value += theirs < round || theirs > round + 1;
        }
    }
}

static void check_rounds(int n, bool spinning) {
    struct ranks rs;
    ranks_open(&rs, n);
    rs.shared[100] = spinning;
    ranks_run(&rs, many_rounds);
    for (int rank = 0; rank < n; rank++) {
        assert_int_equal(rs.report[rank].status, 0);
        assert_int_equal(rs.report[rank].code, CHIP_OK);
        assert_int_equal(rs.report[rank].value, 0);
    }
    ranks_close(&rs);
}

static void G1_G2_back_to_back_rounds_sleeping(void **state) {
    (void)state;
    check_rounds(2, false);
    check_rounds(5, false);
}

static void G1_G2_back_to_back_rounds_spinning(void **state) {
    (void)state;
    check_rounds(2, true);
}

static void G2_the_generation_wraps(void **state) {
    (void)state;
    barrier->phase = 0xfffe0000u;
    check_rounds(3, false);
}

/* Rank 1 does not come; rank 0 gives up first, rank 2 learns it. */
static void one_is_missing(int rank, struct ranks *rs) {
    struct chip__barrier_party party = party_of(rank, 3, rank == 0 ? SECOND / 20 : 50 * SECOND);
    if (rank == 1)
        await_word(&rs->shared[0], 2); /* comes when both have been answered */
    pass_and_report(barrier, &party, &rs->report[rank]);
    __atomic_fetch_add(&rs->shared[0], 1, __ATOMIC_SEQ_CST);
}

static void G3_G4_the_first_timeout_breaks_it_for_everybody(void **state) {
    (void)state;
    struct ranks rs;
    struct chip__barrier_party party = party_of(0, 3, SECOND);
    struct chip_error err;
    ranks_open(&rs, 3);
    uint64_t begin = now_ns();
    ranks_run(&rs, one_is_missing);
    assert_true(now_ns() - begin < 30 * SECOND); /* nobody waited for rank 2's own timeout */
    assert_all_agree(&rs, CHIP_E_BROKEN);
    assert_non_null(strstr(rs.report[1].text, "rank 0 timed out"));
    /* All later calls fail, with the same words; the arrivals left behind release nobody. */
    for (int i = 0; i < 5; i++) {
        assert_int_equal(chip__barrier_pass(barrier, &party, &err), CHIP_E_BROKEN);
        assert_string_equal(err.text, rs.report[0].text);
    }
    ranks_close(&rs);
}

enum { RACES = 400 };
static struct chip__barrier *races;

/* A timeout races with the arrival that would end the wait, again and again. */
static void race_the_timeout(int rank, struct ranks *rs) {
    unsigned seed = 77;
    for (int i = 0; i < RACES; i++) {
        struct chip__barrier_party party = party_of(rank, 2, rank == 0 ? 60000 : 5 * SECOND);
        struct timespec ts = {0, rand_r(&seed) % 120000};
        __atomic_fetch_add(&rs->shared[0], 1, __ATOMIC_SEQ_CST);
        while (__atomic_load_n(&rs->shared[0], __ATOMIC_SEQ_CST) < 2u * (unsigned)(i + 1)) {
        }
        if (rank == 1)
            nanosleep(&ts, NULL);
        uint64_t ok = chip__barrier_pass(&races[i], &party, NULL) == CHIP_OK;
        rs->report[rank].value += ok;
        ((unsigned char *)&rs->shared[8])[i * 2 + rank] = (unsigned char)(1 + ok);
    }
}

static void G3_timeout_and_arrival_agree_on_one_outcome(void **state) {
    (void)state;
    struct ranks rs;
    ranks_open(&rs, 2);
    races = ranks_map(sizeof *races * RACES);
    ranks_run(&rs, race_the_timeout);
    const unsigned char *outcome = (const unsigned char *)&rs.shared[8];
    for (int i = 0; i < RACES; i++) {
        assert_in_range(outcome[2 * i], 1, 2);
        assert_int_equal(outcome[2 * i], outcome[2 * i + 1]);
    }
    munmap(races, sizeof *races * RACES);
    ranks_close(&rs);
}

static int lost_answer;
static uint32_t lost_rank;

static int somebody_lost(void *arg, uint32_t *who) {
    (void)arg;
    *who = lost_rank;
    return lost_answer;
}

static void G5_a_rank_that_died_or_left_ends_the_wait(void **state) {
    (void)state;
    static const struct {
        int answer;
        const char *says;
    } cases[] = {{CHIP_E_CHILD_DIED, "rank 63 died"},
                 {CHIP_E_STATE, "rank 63 left"},
                 {CHIP_E_PARENT_DIED, "the parent of rank 5 died"}};
    for (size_t i = 0; i < 3; i++) {
        struct chip_error err;
        struct chip__barrier_party party = party_of(5, 64, 50 * SECOND);
        memset(barrier, 0, sizeof *barrier);
        lost_answer = cases[i].answer;
        lost_rank = 63;
        party.lost = somebody_lost;
        assert_int_equal(chip__barrier_pass(barrier, &party, &err), CHIP_E_BROKEN);
        assert_non_null(strstr(err.text, cases[i].says));
    }
}

/* While this rank looks whether others live, the last one advances and the next round breaks. */
static int advance_then_break(void *arg, uint32_t *who) {
    (void)arg;
    *who = 1;
    __atomic_store_n(&barrier->phase, 1u << 16 | 1, __ATOMIC_SEQ_CST);
    return CHIP_E_CHILD_DIED;
}

static void G3_a_round_that_succeeded_stays_so_when_the_next_one_breaks(void **state) {
    (void)state;
    struct chip__barrier_party party = party_of(0, 2, 50 * SECOND);
    party.lost = advance_then_break;
    assert_int_equal(chip__barrier_pass(barrier, &party, NULL), CHIP_OK);
    assert_int_equal(chip__barrier_pass(barrier, &party, NULL), CHIP_E_BROKEN);
}

/* Called at each probe where the library is built with CHIP_INSTRUMENTED. */
static struct ranks *hooked;
static int hooked_rank;

void chipharness_point(uint32_t point, uint64_t a, uint64_t b, uint64_t c, uint64_t d);
void chipharness_point(uint32_t point, uint64_t a, uint64_t b, uint64_t c, uint64_t d) {
    (void)a, (void)b, (void)c, (void)d;
    if (!hooked)
        return;
    if (point == CHIP_POINT_BARRIER_WAIT && hooked_rank == 0)
        await_word(&hooked->shared[0], 1); /* arrived; and now the other one releases */
    if (point == CHIP_POINT_BARRIER_ARRIVE && hooked_rank == 1)
        await_word(&hooked->shared[1], 1);
    if (point == CHIP_POINT_BARRIER_WAIT)
        hooked->shared[2] = 1;
}

static void wait_long_after_arriving(int rank, struct ranks *rs) {
    struct chip__barrier_party party = party_of(rank, 2, 2 * SECOND);
    hooked = rs;
    hooked_rank = rank;
    if (rank == 1) {
        /* Rank 0 is counted: it stands between its arrival and its wait. */
        while (__atomic_load_n(&barrier->arrivals, __ATOMIC_SEQ_CST) == 0)
            nap_ms(1);
        __atomic_store_n(&rs->shared[1], 1, __ATOMIC_SEQ_CST);
    }
    pass_and_report(barrier, &party, &rs->report[rank]);
    __atomic_fetch_add(&rs->shared[0], 1, __ATOMIC_SEQ_CST);
    hooked = NULL;
    if (rs->report[rank].code == CHIP_OK) /* a missed release would have broken the barrier */
        pass_and_report(barrier, &party, &rs->report[rank]);
}

static void G2_a_release_between_arrival_and_wait_is_not_missed(void **state) {
    (void)state;
    struct ranks rs;
    ranks_open(&rs, 2);
    ranks_run(&rs, wait_long_after_arriving);
    bool probed = rs.shared[2] != 0;
    assert_all_agree(&rs, CHIP_OK);
    ranks_close(&rs);
    if (!probed)
        skip(); /* a library without callable probes cannot be held there */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_rank_never_waits, setup, teardown),
        cmocka_unit_test_setup_teardown(G1_G2_back_to_back_rounds_sleeping, setup, teardown),
        cmocka_unit_test_setup_teardown(G1_G2_back_to_back_rounds_spinning, setup, teardown),
        cmocka_unit_test_setup_teardown(G2_the_generation_wraps, setup, teardown),
        cmocka_unit_test_setup_teardown(G2_a_release_between_arrival_and_wait_is_not_missed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(G3_G4_the_first_timeout_breaks_it_for_everybody, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(G3_timeout_and_arrival_agree_on_one_outcome, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(G5_a_rank_that_died_or_left_ends_the_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(G3_a_round_that_succeeded_stays_so_when_the_next_one_breaks,
                                        setup, teardown),
    };
    return cmocka_run_group_tests_name("barrier", tests, NULL, NULL);
}
