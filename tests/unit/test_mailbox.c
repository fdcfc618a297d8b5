/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the mailbox protocol (runtime.md B, M1 to M4), the child driven by a parent that knows
 * nothing but the layout: the test itself, with plain stores of bytes at offsets.
 */
#include "lib/src/mailbox_internal.h"
#include "tests/unit/worker_support.h"

#include <sys/prctl.h>

/* The foreign parent's view. */
static unsigned char *box;
static pid_t child;

static void put32(size_t off, int32_t v) {
    memcpy(box + off, &v, sizeof v);
}

static void put64(size_t off, uint64_t v) {
    memcpy(box + off, &v, sizeof v);
}

static int32_t get32(size_t off) {
    int32_t v;
    memcpy(&v, box + off, sizeof v);
    return v;
}

static uint64_t get64(size_t off) {
    uint64_t v;
    memcpy(&v, box + off, sizeof v);
    return v;
}

static int32_t load_state(void) {
    return __atomic_load_n((int32_t *)(void *)box, __ATOMIC_ACQUIRE);
}

/* Stores without waking: the child must look by itself. */
static void store_state(int32_t v) {
    __atomic_store_n((int32_t *)(void *)box, v, __ATOMIC_RELEASE);
}

static void start_child(pid_t parent) {
    struct chip_child_config config = {.chip = 1,
                                       .device_id = 7,
                                       .kernels = test_kernels,
                                       .kernel_count = TEST_KERNEL_COUNT,
                                       .parent_pid = parent};
    box = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(box != MAP_FAILED);
    child = fork();
    if (child == 0)
        _exit(chip_child_main(box, NULL, &config));
}

static int end_of_child(void) {
    int status = -1;
    for (int i = 0; i < 100000 && waitpid(child, &status, WNOHANG) == 0; i++)
        nap();
    munmap(box, 4096);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -status;
}

static void await(int32_t state) {
    for (int i = 0; i < 100000 && load_state() != state; i++)
        nap();
    assert_int_equal(load_state(), state);
}

/* One transaction; returns the error word. */
static int32_t transact(int32_t ask, int32_t done, uint64_t callable) {
    put32(4, 0);
    memset(box + 3840, 0, 256);
    put64(8, callable);
    store_state(ask);
    await(done);
    int32_t error = get32(4);
    store_state(CHIP_MAILBOX_IDLE);
    return error;
}

static int32_t run_task(uint64_t callable) {
    struct chip_blob_view none = {0};
    chip_blob_write(box + 64, 3776, &none, NULL, NULL);
    put32(16, 24);
    put32(20, 3);
    return transact(CHIP_MAILBOX_TASK_READY, CHIP_MAILBOX_TASK_DONE, callable);
}

static int32_t run_control(uint64_t command, uint64_t a0, uint64_t a1, uint64_t a2) {
    put64(16, a0);
    put64(24, a1);
    put64(32, a2);
    return transact(CHIP_MAILBOX_CONTROL_REQUEST, CHIP_MAILBOX_CONTROL_DONE, command);
}

static void shut_down(void) {
    store_state(CHIP_MAILBOX_SHUTDOWN);
    assert_int_equal(end_of_child(), CHIP_CHILD_EXIT_OK);
}

static void m4_a_parent_that_knows_only_states_drives_the_child(void **state) {
    (void)state;
    start_child(0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(run_task(KERNEL_NOP), 0);
        assert_int_equal(get32(56), 0); /* untagged stays untagged */
    }
    assert_int_equal(get32(48), 0);
    shut_down();
}

static void m4_a_generation_is_echoed(void **state) {
    (void)state;
    start_child(0);
    put32(52, 77);
    assert_int_equal(run_task(KERNEL_NOP), 0);
    assert_int_equal(get32(56), 77);
    assert_int_equal(get32(60), CHIP_CHILD_READY);
    put32(52, 78);
    assert_int_equal(run_control(99, 0, 0, 0), 1);
    assert_int_equal(get32(56), 78);
    shut_down();
}

static void controls_by_address_work_as_other_parents_send_them(void **state) {
    (void)state;
    start_child(0);
    assert_int_equal(run_control(CHIP_CONTROL_MALLOC, 16, 0, 0), 0);
    uint64_t address = get64(40);
    assert_true(address != 0);
    memcpy(common->seen, "0123456789abcdef", 16); /* memory that the child inherited */
    uint64_t host = (uint64_t)(uintptr_t)common->seen;
    assert_int_equal(run_control(CHIP_CONTROL_COPY_TO, address, host, 16), 0);
    memset(common->seen, 0, 16);
    assert_int_equal(run_control(CHIP_CONTROL_COPY_FROM, address + 4, host, 8), 0);
    assert_memory_equal(common->seen, "456789ab\0\0\0\0\0\0\0\0", 16);
    assert_int_equal(run_control(CHIP_CONTROL_FREE, address, 0, 0), 0);
    shut_down();
}

static void unknown_controls_are_errors(void **state) {
    (void)state;
    static const uint64_t unknown[] = {4, CHIP_CONTROL_MAP_HOST, CHIP_CONTROL_UNMAP_HOST, 16,
                                       UINT64_MAX};
    start_child(0);
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        char text[256];
        snprintf(text, sizeof text,
                 "chip_process dev=7 ctrl=%llu: LookupError: control command %llu is not served",
                 (unsigned long long)unknown[i], (unsigned long long)unknown[i]);
        assert_int_equal(run_control(unknown[i], 0, 0, 0), 1);
        assert_string_equal((char *)box + 3840, text);
    }
    shut_down();
}

static void errors_have_their_prefixes_and_the_child_serves_on(void **state) {
    (void)state;
    start_child(0);
    assert_int_equal(run_task(5000), 1);
    assert_string_equal((char *)box + 3840,
                        "chip_process dev=7: LookupError: callable id 5000 not registered");
    assert_int_equal(run_task(KERNEL_FAIL), 1);
    assert_string_equal((char *)box + 3840,
                        "chip_process dev=7: TaskError: kernel of chip 1 says no");
    assert_int_equal(run_task(KERNEL_MUTE), 1);
    assert_string_equal((char *)box + 3840,
                        "chip_process dev=7: TaskError: kernel 'mute' returned 42");
    assert_int_equal(run_control(CHIP_CONTROL_FREE, 12345, 0, 0), 1);
    assert_memory_equal(box + 3840, "chip_process dev=7 ctrl=1: DeviceError: ", 40);
    assert_int_equal(run_task(KERNEL_NOP), 0);
    assert_int_equal(box[3840], 0); /* no older text stands there */
    shut_down();
}

static void error_text_is_cut_whole_and_zero_padded(void **state) {
    (void)state;
    start_child(0);
    assert_int_equal(run_task(KERNEL_LONG_TEXT), 1);
    size_t len = strnlen((char *)box + 3840, 256);
    /* "chip_process dev=7: ValueError: " is 32 bytes: 223 are left, and 222 hold whole characters.
     */
    assert_int_equal(len, 254);
    assert_memory_equal(box + 3840 + len - 2, "\xc3\xa9", 2);
    assert_int_equal(box[4094] | box[4095], 0);
    uint64_t one = 1;
    struct chip_blob_view args = {.scalars = &one, .scalar_count = 1};
    chip_blob_write(box + 64, 3776, &args, NULL, NULL);
    assert_int_equal(transact(CHIP_MAILBOX_TASK_READY, CHIP_MAILBOX_TASK_DONE, KERNEL_LONG_TEXT),
                     1);
    assert_int_equal(strnlen((char *)box + 3840, 256), 255);
    shut_down();
}

static void a_blob_of_nonsense_is_refused(void **state) {
    (void)state;
    start_child(0);
    put32(64, 1 << 30);
    put32(68, -1);
    assert_int_equal(transact(CHIP_MAILBOX_TASK_READY, CHIP_MAILBOX_TASK_DONE, KERNEL_NOP), 1);
    assert_memory_equal(box + 3840, "chip_process dev=7: ValueError: ", 32);
    put32(64, 64);
    put32(68, 129);
    assert_int_equal(transact(CHIP_MAILBOX_TASK_READY, CHIP_MAILBOX_TASK_DONE, KERNEL_NOP), 1);
    assert_int_equal(run_task(KERNEL_NOP), 0);
    shut_down();
}

static void m3_shutdown_cannot_be_lost(void **state) {
    (void)state;
    start_child(0);
    struct chip_blob_view none = {0};
    chip_blob_write(box + 64, 3776, &none, NULL, NULL);
    put64(8, KERNEL_GATE);
    store_state(CHIP_MAILBOX_TASK_READY);
    assert_true(until(&common->entered, 1));
    /* The parent stops it while it works; the child's DONE then overwrites SHUTDOWN. */
    __atomic_store_n((uint32_t *)(void *)(box + 48), 1, __ATOMIC_RELEASE);
    store_state(CHIP_MAILBOX_SHUTDOWN);
    set(&common->gate, 1);
    int32_t last = 0;
    for (int i = 0; i < 100000 && (last = load_state()) != CHIP_MAILBOX_TASK_DONE; i++)
        nap();
    assert_int_equal(last, CHIP_MAILBOX_TASK_DONE);
    assert_int_equal(end_of_child(), CHIP_CHILD_EXIT_OK);
}

static void an_orphan_ends_by_itself(void **state) {
    (void)state;
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    box = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t parent = fork();
    if (parent == 0) {
        start_child(getpid());
        memcpy(common->pid, &child, sizeof child);
        for (int i = 0; i < 100000 && get32(60) != CHIP_CHILD_READY; i++)
            nap();
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(parent, &status, 0), parent);
    child = common->pid[0];
    assert_int_equal(end_of_child(), CHIP_CHILD_EXIT_ORPHANED);
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
}

static int answer_and_die(void *arg) {
    (void)arg;
    store_state(CHIP_MAILBOX_TASK_DONE);
    return CHIP_E_CHILD_DIED;
}

static int just_die(void *arg) {
    (void)arg;
    return CHIP_E_CHILD_DIED;
}

static void g3_an_answer_between_the_last_look_and_the_death_counts(void **state) {
    (void)state;
    struct chip_mailbox mb = {.state = CHIP_MAILBOX_TASK_READY};
    struct chip__box view = {.mb = &mb};
    int32_t seen;
    box = (unsigned char *)&mb;
    assert_int_equal(
        chip__mailbox_await(&view, CHIP_MAILBOX_TASK_READY, CHIP__NEVER, just_die, NULL, &seen),
        CHIP_E_CHILD_DIED);
    assert_int_equal(chip__mailbox_await(&view, CHIP_MAILBOX_TASK_READY, CHIP__NEVER,
                                         answer_and_die, NULL, &seen),
                     CHIP_OK);
    assert_int_equal(seen, CHIP_MAILBOX_TASK_DONE);
}

/* The parent died before the child even looked: it is then somebody else's child. */
static void a_parent_that_died_early_is_noticed(void **state) {
    (void)state;
    start_child(1 << 30); /* a pid that getppid() does not give */
    assert_int_equal(end_of_child(), CHIP_CHILD_EXIT_ORPHANED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(m4_a_parent_that_knows_only_states_drives_the_child),
        TEST(m4_a_generation_is_echoed),
        TEST(controls_by_address_work_as_other_parents_send_them),
        TEST(unknown_controls_are_errors),
        TEST(errors_have_their_prefixes_and_the_child_serves_on),
        TEST(error_text_is_cut_whole_and_zero_padded),
        TEST(a_blob_of_nonsense_is_refused),
        TEST(m3_shutdown_cannot_be_lost),
        TEST(an_orphan_ends_by_itself),
        TEST(g3_an_answer_between_the_last_look_and_the_death_counts),
        TEST(a_parent_that_died_early_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
