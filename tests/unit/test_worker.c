/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the parent of N chips, G1 to G6 of chip/worker.h (runtime.md A, B). */
#include "tests/unit/worker_support.h"

#include <pthread.h>

static struct chip_worker_chip chips[4] = {
    {.device_id = 0}, {.device_id = 1}, {.device_id = 2}, {.device_id = 3}};

static struct chip_worker_config config_of(uint32_t n) {
    return (struct chip_worker_config){.chip_count = n,
                                       .chips = chips,
                                       .kernels = test_kernels,
                                       .kernel_count = TEST_KERNEL_COUNT};
}

static struct chip_worker *create(const struct chip_worker_config *config) {
    struct chip_worker *w = NULL;
    struct chip_error err = {0};
    if (chip_worker_create(config, &w, &err))
        fail_msg("%s", err.text);
    return w;
}

static struct chip_worker *start(const struct chip_worker_config *config) {
    struct chip_worker *w = create(config);
    struct chip_error err = {0};
    if (chip_worker_start(w, &err))
        fail_msg("%s", err.text);
    return w;
}

static int run(struct chip_worker *w, uint32_t chip, uint64_t callable, struct chip_error *err) {
    struct chip_task task = {.callable = callable};
    return chip_worker_run(w, chip, &task, err);
}

static int submit(struct chip_worker *w, uint32_t chip, uint64_t callable) {
    struct chip_task task = {.callable = callable};
    return chip_worker_submit(w, chip, &task, NULL);
}

static void close_well(struct chip_worker *w) {
    struct chip_error err = {0};
    if (chip_worker_close(w, &err))
        fail_msg("%s", err.text);
    chip_worker_destroy(w);
}

/* ---- start ------------------------------------------------------------------------------- */

static void bad_configurations_are_refused(void **state) {
    (void)state;
    struct chip_worker *w;
    struct chip_worker_config config = config_of(0);
    assert_int_equal(chip_worker_create(&config, &w, NULL), CHIP_E_VALUE);
    config = config_of(65);
    assert_int_equal(chip_worker_create(&config, &w, NULL), CHIP_E_VALUE);
    const struct chip_kernel twice[] = {{1, "a", kernel_nop}, {1, "b", kernel_nop}};
    config = config_of(1);
    config.kernels = twice;
    config.kernel_count = 2;
    assert_int_equal(chip_worker_create(&config, &w, NULL), CHIP_E_VALUE);
    assert_null(w);
}

static void g1_all_are_ready_after_start_and_work(void **state) {
    (void)state;
    struct chip_worker_config config = config_of(4);
    struct chip_worker *w = start(&config);
    struct chip_error err;
    for (uint32_t i = 0; i < 4; i++) {
        const struct chip_mailbox *mb = chip_worker_mailbox(w, i);
        assert_int_equal(mb->child_status, CHIP_CHILD_READY);
        struct chip_worker_info info;
        assert_int_equal(chip_worker_info(w, i, &info, &err), 0);
        assert_int_equal(info.state, CHIP_WORKER_READY);
        assert_int_equal(getpgid(info.pid), info.pid); /* a group of its own */
        assert_int_equal(run(w, i, KERNEL_NOP, &err), 0);
    }
    assert_int_equal(chip_worker_start(w, &err), CHIP_E_STATE);
    assert_int_equal(chip_worker_info(w, 4, &(struct chip_worker_info){0}, &err), CHIP_E_VALUE);
    close_well(w);
}

/* Chip 2 fails until common->gate is set; what it does is in common->order. */
static int faulty_child(void *mailbox, void *channel, const struct chip_child_config *config) {
    if (config->chip != 2 || get(&common->gate))
        return chip_child_main(mailbox, channel, config);
    struct chip_bootstrap_channel ch;
    chip_bootstrap_channel_init(&ch, channel, 376, config->chip, NULL);
    uint64_t ptr = 0;
    switch (get(&common->order)) {
    case 0:
        chip_bootstrap_channel_write_error(&ch, 1, "ValueError: buffer 'x' is wrong", NULL);
        return 1;
    case 1:
        raise(SIGKILL);
        return 1;
    case 2:
        return 5;
    case 3:
        for (;;)
            pause();
    case 4: /* one buffer more than configured */
        chip_bootstrap_channel_write_success(&ch, 0, 0, 0, &ptr, 1, NULL);
        for (;;)
            pause();
    default: /* success on the channel, and then no ready */
        chip_bootstrap_channel_write_success(&ch, 0, 0, 0, NULL, 0, NULL);
        if (get(&common->order) == 6)
            raise(SIGKILL);
        for (;;)
            pause();
    }
}

static void g1_a_failed_start_leaves_nothing_and_a_second_one_works(void **state) {
    (void)state;
    static const struct {
        int code;
        const char *text;
    } expected[] = {
        {CHIP_E_VALUE,
         "child failed (code=1): chip_process dev=2: ValueError: buffer 'x' is wrong"},
        {CHIP_E_CHILD_DIED, "ChildProcessError: chip 2 (device 2) was killed by signal 9 (Killed) "
                            "during its bootstrap"},
        {CHIP_E_CHILD_DIED,
         "ChildProcessError: chip 2 (device 2) exited with status 5 during its bootstrap"},
        {CHIP_E_TIMEOUT, "TimeoutError: pending chips: 2: have not bootstrapped within 1500 ms"},
        {CHIP_E_PROTOCOL, "ProtocolError: chip 2 (device 2) published 1 buffers, 0 are configured"},
        {CHIP_E_TIMEOUT, "TimeoutError: pending chips: 2: have not said ready within 1500 ms"},
        {CHIP_E_CHILD_DIED, NULL}, /* seen in the one round or the other */
    };
    struct chip_worker_config config = config_of(4);
    config.child_main = faulty_child;
    config.bootstrap_timeout_ns = 1500 * MS; /* enough for the others under any tool */
    struct chip_worker *w = create(&config);
    for (uint32_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        struct chip_error err;
        set(&common->order, i);
        assert_int_equal(chip_worker_start(w, &err), expected[i].code);
        if (expected[i].text)
            assert_string_equal(err.text, expected[i].text);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
        assert_int_equal(errno, ECHILD);
        assert_int_equal(submit(w, 0, KERNEL_NOP), CHIP_E_STATE);
    }
    set(&common->gate, 1);
    chip_worker_destroy(w);
    config.bootstrap_timeout_ns = 0;
    w = create(&config);
    set(&common->gate, 0);
    set(&common->order, 1);
    assert_int_equal(chip_worker_start(w, NULL), CHIP_E_CHILD_DIED);
    set(&common->gate, 1);
    struct chip_error err;
    assert_int_equal(chip_worker_start(w, &err), 0);
    assert_int_equal(run(w, 2, KERNEL_NOP, &err), 0);
    close_well(w);
}

/* Chip 0 has a child that ignores SIGTERM, and ignores it itself if common->order says so. */
static int stubborn_starter(void *mailbox, void *channel, const struct chip_child_config *config) {
    (void)mailbox;
    (void)channel;
    if (config->chip == 1) {
        (void)until(&common->entered, 1);
        return 9;
    }
    signal(SIGTERM, SIG_IGN);
    pid_t grandchild = fork();
    if (grandchild == 0) {
        for (;;)
            pause();
    }
    if (!get(&common->order))
        signal(SIGTERM, SIG_DFL);
    common->pid[0] = grandchild;
    __atomic_add_fetch(&common->entered, 1, __ATOMIC_SEQ_CST);
    for (;;)
        pause();
}

/* Gone, or dead and waiting for whoever adopted it. */
static int is_gone(pid_t pid) {
    char path[64];
    char stat[256] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *f = fopen(path, "r");
    if (!f)
        return 1;
    int gone = !fgets(stat, sizeof stat, f) || strstr(stat, ") Z ") != NULL;
    fclose(f);
    return gone;
}

static void g1_no_grandchild_is_left_either(void **state) {
    (void)state;
    for (uint32_t deaf = 0; deaf < 2; deaf++) {
        struct chip_worker_config config = config_of(2);
        config.child_main = stubborn_starter;
        config.close_timeout_ns = 100 * MS;
        set(&common->order, deaf);
        set(&common->entered, 0);
        struct chip_worker *w = create(&config);
        assert_int_equal(chip_worker_start(w, NULL), CHIP_E_CHILD_DIED);
        int gone = 0;
        for (int i = 0; i < 5000 && !gone; i++) {
            gone = is_gone(common->pid[0]);
            nap();
        }
        if (!gone)
            kill(common->pid[0], SIGKILL);
        assert_true(gone);
        chip_worker_destroy(w);
    }
}

/* Chip 1 says ready late: start may not return before. */
static int slow_child(void *mailbox, void *channel, const struct chip_child_config *config) {
    if (config->chip == 1) {
        for (int i = 0; i < 100; i++)
            nap();
        set(&common->entered, 1);
    }
    return chip_child_main(mailbox, channel, config);
}

static void g2_no_work_before_all_are_ready(void **state) {
    (void)state;
    struct chip_worker_config config = config_of(2);
    config.child_main = slow_child;
    struct chip_worker *w = create(&config);
    assert_int_equal(submit(w, 0, KERNEL_NOP), CHIP_E_STATE);
    assert_int_equal(chip_worker_start(w, NULL), 0);
    assert_int_equal(get(&common->entered), 1);
    close_well(w);
}

/* ---- tasks ------------------------------------------------------------------------------- */

static void a_failed_task_leaves_the_worker_usable(void **state) {
    (void)state;
    struct chip_worker_config config = config_of(2);
    struct chip_worker *w = start(&config);
    struct chip_error err;
    assert_int_equal(run(w, 1, KERNEL_FAIL, &err), CHIP_E_TASK);
    assert_string_equal(
        err.text, "child failed (code=1): chip_process dev=1: TaskError: kernel of chip 1 says no");
    assert_int_equal(run(w, 1, 4711, &err), CHIP_E_LOOKUP); /* the status the child named */
    assert_int_equal(err.code, CHIP_E_LOOKUP);
    assert_int_equal(run(w, 1, KERNEL_NOP, &err), 0);
    const struct chip_mailbox *mb = chip_worker_mailbox(w, 1);
    for (int i = 0; i < CHIP_MAILBOX_ERROR_MSG_BYTES; i++) /* no older text can be read again */
        assert_int_equal(mb->error_msg[i], 0);
    close_well(w);
}

static void drain_waits_for_all_and_returns_the_first_error(void **state) {
    (void)state;
    struct chip_worker_config config = config_of(4);
    struct chip_worker *w = start(&config);
    struct chip_error err;
    assert_int_equal(submit(w, 0, KERNEL_GATE), 0);
    assert_int_equal(submit(w, 1, KERNEL_FAIL), 0);
    assert_int_equal(submit(w, 2, 4711), 0);
    assert_int_equal(submit(w, 3, KERNEL_GATE), 0);
    assert_true(until(&common->entered, 2)); /* they run at the same time */
    set(&common->gate, 1);
    assert_int_equal(chip_worker_drain(w, &err), CHIP_E_TASK);
    assert_non_null(strstr(err.text, "kernel of chip 1"));
    assert_int_equal(get(&common->left), 2);
    assert_int_equal(chip_worker_drain(w, &err), 0); /* errors belong to their run */
    assert_int_equal(chip_worker_wait(w, 0, &err), CHIP_E_STATE);
    close_well(w);
}

static void one_task_at_a_time_for_a_chip(void **state) {
    (void)state;
    struct chip_worker_config config = config_of(1);
    struct chip_worker *w = start(&config);
    struct chip_error err;
    assert_int_equal(submit(w, 0, KERNEL_NOP), 0);
    assert_int_equal(submit(w, 0, KERNEL_NOP), CHIP_E_STATE);
    assert_int_equal(chip_worker_wait(w, 0, &err), 0);
    assert_int_equal(submit(w, 1, KERNEL_NOP), CHIP_E_VALUE);
    close_well(w);
}

static void limits_are_refused_at_submit_with_the_mailbox_untouched(void **state) {
    (void)state;
    struct chip_worker_config config = config_of(1);
    struct chip_worker *w = start(&config);
    static struct chip_tensor tensors[65];
    static uint64_t scalars[129];
    unsigned char before[4096];
    struct chip_task task = {.callable = KERNEL_NOP, .args = {tensors, scalars, 65, 0}};
    memcpy(before, chip_worker_mailbox(w, 0), sizeof before);
    assert_int_equal(chip_worker_submit(w, 0, &task, NULL), CHIP_E_VALUE);
    task.args = (struct chip_blob_view){tensors, scalars, 0, 129};
    assert_int_equal(chip_worker_submit(w, 0, &task, NULL), CHIP_E_VALUE);
    tensors[0] = (struct chip_tensor){.shape = {~0u, ~0u, ~0u}, .ndims = 3};
    task.args = (struct chip_blob_view){tensors, scalars, 1, 0};
    assert_int_equal(chip_worker_submit(w, 0, &task, NULL), CHIP_E_OVERFLOW);
    assert_memory_equal(before, chip_worker_mailbox(w, 0), sizeof before);
    memset(tensors, 0, sizeof tensors);
    task.args = (struct chip_blob_view){tensors, scalars, 64, 128};
    assert_int_equal(chip_worker_run(w, 0, &task, NULL), 0);
    close_well(w);
}

static void task_configuration_has_its_defaults(void **state) {
    (void)state;
    struct chip_worker_config config = config_of(1);
    struct chip_worker *w = start(&config);
    struct chip_task task = {.callable = KERNEL_DIM};
    assert_int_equal(chip_worker_run(w, 0, &task, NULL), 0);
    assert_int_equal(common->seen[0], 24);
    assert_int_equal(common->seen[1], 3);
    task.block_dim = 8;
    task.aicpu_thread_num = 1;
    assert_int_equal(chip_worker_run(w, 0, &task, NULL), 0);
    assert_int_equal(common->seen[0], 8);
    assert_int_equal(common->seen[1], 1);
    close_well(w);
}

/* ---- death ------------------------------------------------------------------------------- */

static void g3_a_death_ends_the_wait_by_name(void **state) {
    (void)state;
    struct chip_worker_config config = config_of(2);
    struct chip_worker *w = start(&config);
    struct chip_error err;
    assert_int_equal(run(w, 1, KERNEL_DIE, &err), CHIP_E_CHILD_DIED);
    assert_string_equal(err.text, "ChildProcessError: chip 1 (device 1) was killed by signal 9 "
                                  "(Killed) while it ran a task");
    assert_int_equal(run(w, 1, KERNEL_NOP, &err), CHIP_E_CHILD_DIED);
    assert_int_equal(run(w, 0, KERNEL_NOP, &err), 0);
    struct chip_worker_info info;
    assert_int_equal(chip_worker_info(w, 1, &info, NULL), 0);
    assert_int_equal(info.state, CHIP_WORKER_DEAD);
    assert_int_equal(info.exit_status, SIGKILL);
    assert_int_equal(chip_worker_close(w, NULL), 0); /* that death has been reported */
    assert_int_equal(chip_worker_close(w, NULL), 0);
    chip_worker_destroy(w);
}

/* A child of another make: knows states 0..5, and answers as common->order says. */
static int foreign_child(void *mailbox, void *channel, const struct chip_child_config *config) {
    unsigned char *box = mailbox;
    int32_t *word = mailbox;
    struct chip_bootstrap_channel ch;
    chip_bootstrap_channel_init(&ch, channel, 376, config->chip, NULL);
    chip_bootstrap_channel_write_success(&ch, 0, 0, 0, NULL, 0, NULL);
    for (;;) {
        int32_t state = __atomic_load_n(word, __ATOMIC_ACQUIRE);
        if (state == CHIP_MAILBOX_SHUTDOWN)
            return 0;
        if (state != CHIP_MAILBOX_TASK_READY && state != CHIP_MAILBOX_CONTROL_REQUEST) {
            nap();
            continue;
        }
        uint64_t callable;
        memcpy(&callable, box + 8, 8);
        if (callable == KERNEL_GATE) {
            __atomic_add_fetch(&common->entered, 1, __ATOMIC_SEQ_CST);
            (void)until(&common->gate, 1);
        }
        int32_t error = callable == KERNEL_FAIL ? 3 : 0;
        memcpy(box + 4, &error, 4);
        int32_t done =
            state == CHIP_MAILBOX_TASK_READY ? CHIP_MAILBOX_TASK_DONE : CHIP_MAILBOX_CONTROL_DONE;
        if (callable == KERNEL_MUTE)
            done = CHIP_MAILBOX_IDLE; /* not what was asked */
        if (callable == KERNEL_DIM)
            memset(box + 56, 0x11, 4); /* a generation that nobody gave */
        __atomic_store_n(word, done, __ATOMIC_RELEASE);
        if (callable == KERNEL_DIE)
            raise(SIGKILL);
    }
}

static struct chip_worker *start_foreign(uint32_t n) {
    struct chip_worker_config config = config_of(n);
    config.child_main = foreign_child;
    config.foreign_children = 1;
    return start(&config);
}

static void m4_our_parent_drives_a_child_that_knows_only_states(void **state) {
    (void)state;
    struct chip_worker *w = start_foreign(2);
    struct chip_error err;
    for (int i = 0; i < 3; i++)
        assert_int_equal(run(w, 1, KERNEL_NOP, &err), 0);
    assert_int_equal(run(w, 1, KERNEL_FAIL, &err), CHIP_E_TASK);
    assert_string_equal(err.text, "child failed (code=3): no message");
    uint64_t arg[3] = {0};
    assert_int_equal(chip_worker_control(w, 1, 0, arg, NULL, 0, NULL, &err), 0);
    close_well(w);
}

static void g3_a_result_completed_before_death_counts(void **state) {
    (void)state;
    struct chip_worker *w = start_foreign(1);
    struct chip_error err;
    struct chip_worker_info info;
    assert_int_equal(submit(w, 0, KERNEL_DIE), 0);
    assert_int_equal(chip_worker_info(w, 0, &info, NULL), 0);
    siginfo_t dead; /* dead for sure, and not reaped */
    assert_int_equal(waitid(P_PID, (id_t)info.pid, &dead, WEXITED | WNOWAIT), 0);
    assert_int_equal(chip_worker_wait(w, 0, &err), 0);
    assert_int_equal(run(w, 0, KERNEL_NOP, &err), CHIP_E_CHILD_DIED);
    close_well(w);
}

static void g3_a_death_that_nobody_saw_is_reported_by_close(void **state) {
    (void)state;
    struct chip_worker_config config = config_of(2);
    struct chip_worker *w = start(&config);
    struct chip_worker_info info;
    struct chip_error err;
    assert_int_equal(chip_worker_info(w, 1, &info, NULL), 0);
    kill(info.pid, SIGKILL);
    siginfo_t dead;
    assert_int_equal(waitid(P_PID, (id_t)info.pid, &dead, WEXITED | WNOWAIT), 0);
    assert_int_equal(chip_worker_close(w, &err), CHIP_E_CHILD_DIED);
    assert_string_equal(err.text, "ChildProcessError: chip 1 (device 1) was killed by signal 9 "
                                  "(Killed) before it was closed");
    chip_worker_destroy(w);
}

/* ---- poison ------------------------------------------------------------------------------ */

static void g5_a_timeout_poisons_and_the_state_is_not_reset(void **state) {
    (void)state;
    struct chip_worker_config config = config_of(2);
    config.task_timeout_ns = 500 * MS; /* chip 1 must be able to answer in it */
    struct chip_worker *w = start(&config);
    struct chip_error err;
    const struct chip_mailbox *mb = chip_worker_mailbox(w, 0);
    assert_int_equal(run(w, 0, KERNEL_GATE, &err), CHIP_E_TIMEOUT);
    assert_int_equal(chip_mailbox_load_acquire(mb), CHIP_MAILBOX_TASK_READY);
    uint32_t generation = mb->generation;
    assert_int_equal(run(w, 0, KERNEL_NOP, &err), CHIP_E_POISONED);
    uint64_t address;
    assert_int_equal(chip_worker_malloc(w, 0, 8, &address, &err), CHIP_E_POISONED);
    /* The late answer comes, and is nobody's. */
    set(&common->gate, 1);
    for (int i = 0; i < 100000 && chip_mailbox_load_acquire(mb) != CHIP_MAILBOX_TASK_DONE; i++)
        nap();
    assert_int_equal(mb->done_generation, generation);
    assert_int_equal(run(w, 0, KERNEL_NOP, &err), CHIP_E_POISONED);
    assert_int_equal(chip_mailbox_load_acquire(mb), CHIP_MAILBOX_TASK_DONE);
    assert_int_equal(mb->generation, generation);
    assert_int_equal(run(w, 1, KERNEL_NOP, &err), 0); /* the others go on */
    close_well(w);
}

static void g5_a_control_timeout_poisons_as_well(void **state) {
    (void)state;
    struct chip_worker_config config = config_of(1);
    config.child_main = foreign_child;
    config.foreign_children = 1;
    config.control_timeout_ns = 30 * MS;
    struct chip_worker *w = start(&config);
    struct chip_error err;
    uint64_t arg[3] = {0};
    assert_int_equal(chip_worker_control(w, 0, KERNEL_GATE, arg, NULL, 0, NULL, &err),
                     CHIP_E_TIMEOUT);
    assert_int_equal(run(w, 0, KERNEL_NOP, &err), CHIP_E_POISONED);
    set(&common->gate, 1);
    close_well(w);
}

static void g5_an_answer_to_another_transaction_is_never_taken(void **state) {
    (void)state;
    struct chip_worker *w = start_foreign(2);
    struct chip_error err;
    assert_int_equal(run(w, 0, KERNEL_DIM, &err), CHIP_E_PROTOCOL);
    assert_string_equal(err.text, "ProtocolError: chip 0 answered transaction 286331153 while 1 "
                                  "was open");
    assert_int_equal(run(w, 0, KERNEL_NOP, &err), CHIP_E_POISONED);
    assert_int_equal(run(w, 1, KERNEL_MUTE, &err), CHIP_E_PROTOCOL);
    assert_string_equal(err.text,
                        "ProtocolError: chip 1 answered with state 0 (IDLE), not TASK_DONE");
    close_well(w);
}

/* A child of ours may not leave its answer untagged. */
static int untagged_child(void *mailbox, void *channel, const struct chip_child_config *config) {
    struct chip_mailbox *mb = mailbox;
    __atomic_store_n(&mb->child_status, CHIP_CHILD_READY, __ATOMIC_RELEASE);
    return foreign_child(mailbox, channel, config);
}

static void g5_our_own_child_must_echo_the_generation(void **state) {
    (void)state;
    struct chip_worker_config config = config_of(1);
    config.child_main = untagged_child;
    struct chip_worker *w = start(&config);
    assert_int_equal(run(w, 0, KERNEL_NOP, NULL), CHIP_E_PROTOCOL);
    close_well(w);
}

/* ---- control ----------------------------------------------------------------------------- */

static void memory_goes_to_the_device_and_back_at_every_size(void **state) {
    (void)state;
    static const size_t sizes[] = {0, 1, 3776, 3777, 100000};
    struct chip_worker_config config = config_of(1);
    struct chip_worker *w = start(&config);
    struct chip_error err;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t n = sizes[i];
        unsigned char *out = malloc(n + 1);
        unsigned char *in = calloc(1, n + 1);
        for (size_t k = 0; k < n; k++)
            out[k] = (unsigned char)(k * 7 + i);
        uint64_t address = 0;
        assert_int_equal(chip_worker_malloc(w, 0, n, &address, &err), 0);
        assert_int_equal(chip_worker_copy_to(w, 0, address, out, n, &err), 0);
        assert_int_equal(chip_worker_copy_from(w, 0, in, address, n, &err), 0);
        assert_memory_equal(in, out, n);
        assert_int_equal(chip_worker_copy_to(w, 0, address, out, n + 1, &err), CHIP_E_DEVICE);
        assert_int_equal(chip_worker_copy_from(w, 0, in, address + 1, n + 1, &err), CHIP_E_DEVICE);
        assert_int_equal(chip_worker_free(w, 0, address, &err), 0);
        assert_int_equal(chip_worker_free(w, 0, address, &err), CHIP_E_DEVICE);
        assert_non_null(strstr(err.text, "child failed (code=1): chip_process dev=0 ctrl=1: "));
        free(out);
        free(in);
    }
    char byte = 0;
    assert_int_equal(chip_worker_copy_to(w, 0, 64, &byte, 1ull << 62, &err), CHIP_E_OS);
    assert_int_equal(chip_worker_copy_to(w, 0, 64, &byte, UINT64_MAX, &err), CHIP_E_OVERFLOW);
    close_well(w); /* teardown looks for segments */
}

struct controller {
    struct chip_worker *worker;
    int rc;
    uint32_t left_when_done;
};

static void *control_thread(void *arg) {
    struct controller *c = arg;
    uint64_t address;
    c->rc = chip_worker_malloc(c->worker, 0, 64, &address, NULL);
    c->left_when_done = get(&common->left);
    return NULL;
}

static void g4_a_control_waits_for_the_task_and_its_result_is_kept(void **state) {
    (void)state;
    struct chip_worker_config config = config_of(1);
    struct chip_worker *w = start(&config);
    struct controller c = {.worker = w};
    pthread_t thread;
    const struct chip_mailbox *mb = chip_worker_mailbox(w, 0);
    assert_int_equal(submit(w, 0, KERNEL_GATE), 0);
    assert_true(until(&common->entered, 1));
    pthread_create(&thread, NULL, control_thread, &c);
    for (int i = 0; i < 20; i++) { /* while the task runs the mailbox is the task's */
        nap();
        assert_int_equal(chip_mailbox_load_acquire(mb), CHIP_MAILBOX_TASK_READY);
    }
    set(&common->gate, 1);
    pthread_join(thread, NULL);
    assert_int_equal(c.rc, 0);
    assert_int_equal(c.left_when_done, 1);
    assert_int_equal(submit(w, 0, KERNEL_NOP), CHIP_E_STATE); /* the result is still to be had */
    assert_int_equal(chip_worker_wait(w, 0, NULL), 0);
    assert_int_equal(submit(w, 0, KERNEL_FAIL), 0); /* one thread: the same, with an error */
    uint64_t address;
    struct chip_error err;
    assert_int_equal(chip_worker_malloc(w, 0, 64, &address, &err), 0);
    assert_int_equal(chip_worker_wait(w, 0, &err), CHIP_E_TASK);
    assert_non_null(strstr(err.text, "kernel of chip 0"));
    close_well(w);
}

static void broadcast_gives_a_result_for_each_child(void **state) {
    (void)state;
    struct chip_worker_config config = config_of(3);
    struct chip_worker *w = start(&config);
    struct chip_broadcast_result results[3];
    struct chip_error err;
    uint64_t arg[3] = {32, 0, 0};
    assert_int_equal(run(w, 1, KERNEL_DIE, NULL), CHIP_E_CHILD_DIED);
    int rc = chip_worker_broadcast(w, CHIP_CONTROL_MALLOC, arg, NULL, 0, results, &err);
    assert_int_equal(rc, CHIP_E_CHILD_DIED);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(results[i].id, i);
        assert_int_equal(results[i].ok, i != 1);
    }
    assert_true(results[0].result != 0 && results[2].result != 0);
    assert_int_equal(results[1].error.code, CHIP_E_CHILD_DIED);
    assert_int_equal(chip_worker_broadcast(w, 99, arg, NULL, 0, results, &err), CHIP_E_LOOKUP);
    assert_non_null(strstr(results[2].error.text, "dev=2 ctrl=99: LookupError: "));
    close_well(w);
}

/* ---- close ------------------------------------------------------------------------------- */

static void *close_thread(void *arg) {
    struct controller *c = arg;
    c->rc = chip_worker_close(c->worker, NULL);
    return NULL;
}

static void g6_close_twice_and_from_two_threads_gives_one_answer(void **state) {
    (void)state;
    struct chip_worker_config config = config_of(2);
    struct chip_worker *w = start(&config);
    struct chip_worker_info info;
    assert_int_equal(chip_worker_info(w, 1, &info, NULL), 0);
    kill(info.pid, SIGKILL);
    siginfo_t dead;
    assert_int_equal(waitid(P_PID, (id_t)info.pid, &dead, WEXITED | WNOWAIT), 0);
    struct controller c[2] = {{.worker = w}, {.worker = w}};
    pthread_t thread[2];
    for (int i = 0; i < 2; i++)
        pthread_create(&thread[i], NULL, close_thread, &c[i]);
    for (int i = 0; i < 2; i++)
        pthread_join(thread[i], NULL);
    assert_int_equal(c[0].rc, CHIP_E_CHILD_DIED);
    assert_int_equal(c[1].rc, CHIP_E_CHILD_DIED);
    struct chip_error err;
    assert_int_equal(chip_worker_close(w, &err), CHIP_E_CHILD_DIED);
    assert_true(strlen(err.text) > 0);
    assert_int_equal(run(w, 0, KERNEL_NOP, &err), CHIP_E_STATE);
    assert_int_equal(chip_worker_start(w, &err), CHIP_E_STATE);
    assert_null(chip_worker_mailbox(w, 0));
    chip_worker_destroy(w);
}

static void g6_close_before_start_and_after_a_failed_start(void **state) {
    (void)state;
    struct chip_worker_config config = config_of(3);
    struct chip_worker *w = create(&config);
    close_well(w);
    config.child_main = faulty_child;
    w = create(&config);
    assert_int_equal(chip_worker_start(w, NULL), CHIP_E_VALUE);
    close_well(w);
    chip_worker_destroy(NULL);
}

/* Deaf to SHUTDOWN; to SIGTERM too if common->order says so. */
static int deaf_child(void *mailbox, void *channel, const struct chip_child_config *config) {
    struct chip_mailbox *mb = mailbox;
    if (config->chip != 0)
        return chip_child_main(mailbox, channel, config);
    if (get(&common->order))
        signal(SIGTERM, SIG_IGN);
    struct chip_bootstrap_channel ch;
    chip_bootstrap_channel_init(&ch, channel, 376, config->chip, NULL);
    chip_bootstrap_channel_write_success(&ch, 0, 0, 0, NULL, 0, NULL);
    __atomic_store_n(&mb->child_status, CHIP_CHILD_READY, __ATOMIC_RELEASE);
    for (;;)
        pause();
}

static void g6_a_child_that_does_not_obey_is_ended_and_reported(void **state) {
    (void)state;
    for (uint32_t deaf = 0; deaf < 2; deaf++) {
        struct chip_worker_config config = config_of(2);
        config.child_main = deaf_child;
        config.close_timeout_ns = 1000 * MS; /* chip 1 must be able to obey in it */
        set(&common->order, deaf);
        struct chip_worker *w = start(&config);
        struct chip_worker_info info;
        struct chip_error err;
        assert_int_equal(chip_worker_close(w, &err), CHIP_E_TIMEOUT);
        assert_string_equal(err.text,
                            "TimeoutError: chip 0 (device 0) did not obey SHUTDOWN in time");
        assert_int_equal(chip_worker_info(w, 0, &info, NULL), 0);
        assert_int_equal(WTERMSIG(info.exit_status), deaf ? SIGKILL : SIGTERM);
        assert_int_equal(chip_worker_info(w, 1, &info, NULL), 0);
        assert_int_equal(info.exit_status, 0); /* the others stopped as asked */
        chip_worker_destroy(w);
    }
}

static void g6_shutdown_is_told_to_all_before_any_is_reaped(void **state) {
    (void)state;
    struct chip_worker_config config = config_of(3);
    config.child_main = deaf_child; /* chip 0 never ends by itself */
    config.close_timeout_ns = 2000 * MS;
    struct chip_worker *w = start(&config);
    struct chip_worker_info info;
    struct controller c = {.worker = w};
    pthread_t thread;
    assert_int_equal(chip_worker_info(w, 2, &info, NULL), 0);
    pthread_create(&thread, NULL, close_thread, &c);
    int gone = 0; /* chip 2 ends while chip 0 is still waited for */
    for (int i = 0; i < 100000 && !gone; i++) {
        gone = kill(info.pid, 0) != 0;
        nap();
    }
    assert_int_equal(chip_worker_info(w, 0, &info, NULL), 0);
    int first_lives = kill(info.pid, 0) == 0;
    pthread_join(thread, NULL);
    assert_true(gone);
    assert_true(first_lives);
    assert_int_equal(c.rc, CHIP_E_TIMEOUT);
    chip_worker_destroy(w);
}

static void *wait_thread(void *arg) {
    struct controller *c = arg;
    c->rc = chip_worker_wait(c->worker, 0, NULL);
    return NULL;
}

static void g6_close_while_a_task_runs_ends_the_wait_too(void **state) {
    (void)state;
    struct chip_worker_config config = config_of(1);
    config.close_timeout_ns = 50 * MS;
    struct chip_worker *w = start(&config);
    struct controller c = {.worker = w};
    pthread_t thread;
    assert_int_equal(submit(w, 0, KERNEL_GATE), 0);
    assert_true(until(&common->entered, 1));
    pthread_create(&thread, NULL, wait_thread, &c);
    nap();
    assert_int_equal(chip_worker_close(w, NULL), CHIP_E_TIMEOUT); /* the gate stays shut */
    pthread_join(thread, NULL);
    assert_true(c.rc == CHIP_E_CHILD_DIED || c.rc == CHIP_E_STATE);
    chip_worker_destroy(w);
}

static void g6_a_task_that_ends_in_time_is_let_finish(void **state) {
    (void)state;
    struct chip_worker_config config = config_of(1);
    struct chip_worker *w = start(&config);
    struct controller c = {.worker = w};
    pthread_t thread;
    assert_int_equal(submit(w, 0, KERNEL_GATE), 0);
    assert_true(until(&common->entered, 1));
    pthread_create(&thread, NULL, close_thread, &c);
    for (int i = 0; i < 20; i++)
        nap();
    set(&common->gate, 1);
    pthread_join(thread, NULL);
    assert_int_equal(c.rc, 0);
    assert_int_equal(get(&common->left), 1);
    chip_worker_destroy(w);
}

static void m4_a_busy_foreign_child_gets_shutdown_after_its_answer(void **state) {
    (void)state;
    struct chip_worker *w = start_foreign(1);
    struct controller c = {.worker = w};
    pthread_t thread;
    assert_int_equal(submit(w, 0, KERNEL_GATE), 0);
    assert_true(until(&common->entered, 1));
    pthread_create(&thread, NULL, close_thread, &c);
    for (int i = 0; i < 20; i++)
        nap();
    set(&common->gate, 1);
    pthread_join(thread, NULL);
    assert_int_equal(c.rc, 0);
    chip_worker_destroy(w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(bad_configurations_are_refused),
        TEST(g1_all_are_ready_after_start_and_work),
        TEST(g1_a_failed_start_leaves_nothing_and_a_second_one_works),
        TEST(g1_no_grandchild_is_left_either),
        TEST(g2_no_work_before_all_are_ready),
        TEST(a_failed_task_leaves_the_worker_usable),
        TEST(drain_waits_for_all_and_returns_the_first_error),
        TEST(one_task_at_a_time_for_a_chip),
        TEST(limits_are_refused_at_submit_with_the_mailbox_untouched),
        TEST(task_configuration_has_its_defaults),
        TEST(g3_a_death_ends_the_wait_by_name),
        TEST(m4_our_parent_drives_a_child_that_knows_only_states),
        TEST(g3_a_result_completed_before_death_counts),
        TEST(g3_a_death_that_nobody_saw_is_reported_by_close),
        TEST(g5_a_timeout_poisons_and_the_state_is_not_reset),
        TEST(g5_a_control_timeout_poisons_as_well),
        TEST(g5_an_answer_to_another_transaction_is_never_taken),
        TEST(g5_our_own_child_must_echo_the_generation),
        TEST(memory_goes_to_the_device_and_back_at_every_size),
        TEST(g4_a_control_waits_for_the_task_and_its_result_is_kept),
        TEST(broadcast_gives_a_result_for_each_child),
        TEST(g6_close_twice_and_from_two_threads_gives_one_answer),
        TEST(g6_close_before_start_and_after_a_failed_start),
        TEST(g6_a_child_that_does_not_obey_is_ended_and_reported),
        TEST(g6_shutdown_is_told_to_all_before_any_is_reaped),
        TEST(g6_close_while_a_task_runs_ends_the_wait_too),
        TEST(g6_a_task_that_ends_in_time_is_let_finish),
        TEST(m4_a_busy_foreign_child_gets_shutdown_after_its_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
