/* SPDX-License-Identifier: Apache-2.0 */
/* schema.c - the tables that are the scenario language; see schema.h. */
#include "harness/scenario/schema.h"
#include "harness/scenario/scenario.h"
#include "harness/scenario/words.h"

#define NONE      SIZE_MAX
#define HOUR_NS   UINT64_C(3600000000000)
#define DAY_NS    (24 * HOUR_NS)
#define MAX_BYTES (UINT64_C(1) << 40)

#define SCN(m)  offsetof(struct chs_scenario, m)
#define BUF(m)  offsetof(struct chs_buffer, m)
#define CON(m)  offsetof(struct chs_content, m)
#define ERR(m)  offsetof(struct chs_want_error, m)
#define STEP(m) offsetof(struct chs_step, m)
#define HOLD(m) offsetof(struct chs_hold, m)
#define FLT(m)  offsetof(struct chs_fault, m)
#define EXP(m)  offsetof(struct chs_expect, m)
#define CAT(m)  offsetof(struct chs_catch, m)

/* A list is stored as a pointer and, right behind it, its length. */
#define LIST_ASSERT(type, list, count) \
    _Static_assert(offsetof(type, count) == offsetof(type, list) + sizeof(void *), #list)
LIST_ASSERT(struct chs_scenario, tags, tag_count);
LIST_ASSERT(struct chs_scenario, seeds, seed_count);
LIST_ASSERT(struct chs_scenario, buffers, buffer_count);
LIST_ASSERT(struct chs_scenario, steps, step_count);
LIST_ASSERT(struct chs_scenario, holds, hold_count);
LIST_ASSERT(struct chs_scenario, faults, fault_count);
LIST_ASSERT(struct chs_scenario, expects, expect_count);
LIST_ASSERT(struct chs_scenario, catches, catch_count);
LIST_ASSERT(struct chs_scenario, command, command_count);
LIST_ASSERT(struct chs_step, buffers, buffer_count);
LIST_ASSERT(struct chs_step, scalars, scalar_count);

/* clang-format off */
const struct chs_object chs__objects[CHS_O_COUNT] = {
    [CHS_O_ROOT]           = {"root", "a scenario",           "a scenario",                     sizeof(struct chs_scenario), NONE},
    [CHS_O_COMM]           = {"comm", "comm",                 "comm: the communicator",         sizeof(struct chs_scenario), NONE},
    [CHS_O_TIMEOUTS]       = {"timeouts", "timeouts",             "timeouts: of the runtime under test, virtual time", sizeof(struct chs_scenario), NONE},
    [CHS_O_DMA]            = {"dma", "dma",                  "dma: the simulated device's engine", sizeof(struct chs_scenario), NONE},
    [CHS_O_BUFFER]         = {"buffer", "a buffer",             "buffers: of each chip",          sizeof(struct chs_buffer), BUF(at)},
    [CHS_O_CONTENT]        = {"content", "a content",            "content: bytes of a buffer (host, equals, data)", sizeof(struct chs_content), NONE},
    [CHS_O_ERROR]          = {"error", "an expected error",    "error: the step must fail, and exactly so", sizeof(struct chs_want_error), ERR(at)},
    [CHS_O_STEP_PLAIN]     = {"step_plain", "a step",               "init, create, start, drain, close", sizeof(struct chs_step), STEP(at)},
    [CHS_O_STEP_TASK]      = {"step_task", "a task",               "submit, run",                    sizeof(struct chs_step), STEP(at)},
    [CHS_O_STEP_WAIT]      = {"step_wait", "wait",                 "wait",                           sizeof(struct chs_step), STEP(at)},
    [CHS_O_STEP_CONTROL]   = {"step_control", "control",              "control",                        sizeof(struct chs_step), STEP(at)},
    [CHS_O_STEP_CHECK]     = {"step_check", "check",                "check",                          sizeof(struct chs_step), STEP(at)},
    [CHS_O_STEP_KILL]      = {"step_kill", "kill",                 "kill (step)",                    sizeof(struct chs_step), STEP(at)},
    [CHS_O_STEP_SLEEP]     = {"step_sleep", "sleep",                "sleep",                          sizeof(struct chs_step), STEP(at)},
    [CHS_O_STEP_NONE_LEFT] = {"step_none_left", "expect_none_left",     "expect_none_left",               sizeof(struct chs_step), STEP(at)},
    [CHS_O_HOLD]           = {"hold", "a hold",               "hold",                           sizeof(struct chs_hold), HOLD(at)},
    [CHS_O_UNTIL]          = {"until", "until",                "until: what lets a held actor go", sizeof(struct chip_match), NONE},
    [CHS_O_FAIL]           = {"fail", "fail",                 "fail: a libc call fails",        sizeof(struct chs_fault), FLT(at)},
    [CHS_O_FAULT_KILL]     = {"fault_kill", "kill",                 "kill (fault): SIGKILL at a point", sizeof(struct chs_fault), FLT(at)},
    [CHS_O_FAULT_DMA]      = {"fault_dma", "dma",                  "dma (fault): the device fails a transfer", sizeof(struct chs_fault), FLT(at)},
    [CHS_O_DELAY]          = {"delay", "delay",                "delay: a call or a point takes longer", sizeof(struct chs_fault), FLT(at)},
    [CHS_O_ORDER]          = {"order", "order",                "order: one event before another", sizeof(struct chs_expect), EXP(at)},
    [CHS_O_SELECTOR]       = {"selector", "an event",             "first, then: an event",          sizeof(struct chip_match), NONE},
    [CHS_O_MOMENT]         = {"moment", "at",                   "at: when the bytes are compared", sizeof(struct chip_match), NONE},
    [CHS_O_NEVER]          = {"never", "never",                "never: a point that is not reached", sizeof(struct chs_expect), EXP(at)},
    [CHS_O_REACHED]        = {"reached", "reached",              "reached: a point that is reached", sizeof(struct chs_expect), EXP(at)},
    [CHS_O_EXPECT_CONTENT] = {"expect_content", "content",              "content (expectation): bytes at a moment", sizeof(struct chs_expect), EXP(at)},
    [CHS_O_EXIT]           = {"exit", "exit",                 "exit: how a process ends",       sizeof(struct chs_expect), EXP(at)},
    [CHS_O_CATCH]          = {"catch", "a defect to catch",    "catches: defects that the scenario must find", sizeof(struct chs_catch), CAT(at)},
};

const struct chs_family chs__families[CHS_F_COUNT] = {
    [CHS_F_STEP]   = {"step", "a step",             sizeof(struct chs_step),   STEP(at), STEP(kind), STEP(text)},
    [CHS_F_SCRIPT] = {"script", "a line of the script", sizeof(struct chs_hold), HOLD(at), NONE,       HOLD(text)},
    [CHS_F_FAULT]  = {"fault", "a fault",            sizeof(struct chs_fault),  FLT(at),  FLT(kind),  FLT(text)},
    [CHS_F_EXPECT] = {"expect", "an expectation",     sizeof(struct chs_expect), EXP(at),  EXP(kind),  EXP(text)},
};

#define R CHS_REQUIRED
#define F CHS_FIXED
#define D CHS_DEFAULTED
#define S CHS_STEPS_ONLY
#define ROW(object, key, type, flags, arg, min, max, offset, def, help) \
    {CHS_O_##object, key, CHS_T_##type, flags, arg, min, max, offset, def, help},
#define ROW_ID(object, offset) \
    ROW(object, "id", ID, F, 0, 0, 0, offset, NULL, "a name for reports, unique in the file")
#define ROW_ERROR(object) \
    ROW(object, "error", OBJECT, 0, CHS_O_ERROR, 0, 0, STEP(error), NULL, "the step must fail, and exactly so")
#define ROW_SELECTOR(object, point, match) \
    ROW(object, "actor", ACTOR, R, 0, 0, 0, match, NULL, "who: parent, rank N or any") \
    ROW(object, point, POINT, R, 0, 0, 0, match, NULL, "a point, or a libc call; [k] its k-th time, from 0") \
    ROW(object, "where", WHERE, 0, 0, 0, 0, match, NULL, "fields that the point must have")

const struct chs_row chs__rows[] = {
    ROW(ROOT, "chipharness", VERSION, R | F, 0, 1, 1, NONE, NULL, "version of the language, the first key: 1")
    ROW(ROOT, "name", STEM, R | F, 0, 0, 0, SCN(name), NULL, "the file's name without .yaml")
    ROW(ROOT, "about", TEXT, R | F, 0, 0, 0, SCN(about), NULL, "one line: what it shows")
    ROW(ROOT, "tags", NAMES, F, 0, 0, 16, SCN(tags), NULL, "words to select scenarios by")
    ROW(ROOT, "canary", WORD, F, CHS_W_VERDICT, 0, 0, SCN(canary), "pass", "a scenario that proves a detector alive: the verdict that every run must come to")
    ROW(ROOT, "matrix", MATRIX, F, 0, 0, 0, NONE, NULL, "parameters and their values: one variant for each combination; ${name} in values")
    ROW(ROOT, "ranks", UINT, R, 0, 0, CHS_MAX_RANKS, SCN(ranks), NULL, "number of chip children, or of processes of an own program")
    ROW(ROOT, "command", ARGV, F, 0, 1, 64, SCN(command), NULL, "instead of steps: a program and its arguments; the children that it forks are rank 0, 1, ...")
    ROW(ROOT, "library", TEXT, F, 0, 0, 0, SCN(library), NULL, "instead of steps: a shared object with chip_workload_rank() (chip/workload.h)")
    ROW(ROOT, "window", SIZE, S, 0, 0, MAX_BYTES, SCN(window), "0", "communicator window of each rank; 0: no communicator")
    ROW(ROOT, "comm", OBJECT, D | S, CHS_O_COMM, 0, 0, 0, NULL, "settings of the communicator")
    ROW(ROOT, "timeouts", OBJECT, D | S, CHS_O_TIMEOUTS, 0, 0, 0, NULL, "deadlines of the runtime under test")
    ROW(ROOT, "dma", OBJECT, D | S, CHS_O_DMA, 0, 0, 0, NULL, "settings of the simulated device")
    ROW(ROOT, "time_limit", DURATION, 0, 0, 1, 30 * DAY_NS, SCN(time_limit_ns), "300s", "virtual time after which a run counts as hung")
    ROW(ROOT, "step_limit", UINT, 0, 0, 1, UINT32_MAX, SCN(step_limit), "1000000", "steps after which a run counts as hung")
    ROW(ROOT, "watchdog", DURATION, 0, 0, 1000000, HOUR_NS, SCN(watchdog_ns), "10s", "wall time without a step before the harness gives up")
    ROW(ROOT, "seeds", SEEDS, 0, 0, 1, CHS_MAX_SEEDS, SCN(seeds), "3", "a count (5: the seeds 1 to 5) or a list")
    ROW(ROOT, "buffers", LIST, S, CHS_O_BUFFER, 0, CHS_MAX_BUFFERS, SCN(buffers), NULL, "buffers of the chips, in this order")
    ROW(ROOT, "steps", FAMILY, R | S, CHS_F_STEP, 1, CHIP_MAX_RESULTS, SCN(steps), NULL, "what the parent does, in order")
    ROW(ROOT, "script", FAMILY, 0, CHS_F_SCRIPT, 0, CHIP_MAX_HOLDS, SCN(holds), NULL, "the order to enforce")
    ROW(ROOT, "faults", FAMILY, 0, CHS_F_FAULT, 0, CHIP_MAX_FAULTS, SCN(faults), NULL, "what the environment does wrong")
    ROW(ROOT, "expect", FAMILY, 0, CHS_F_EXPECT, 0, CHIP_MAX_RESULTS, SCN(expects), NULL, "what must hold; hang, crash, leak and errors are always judged")
    ROW(ROOT, "catches", LIST, 0, CHS_O_CATCH, 0, 64, SCN(catches), NULL, "historical bugs that this scenario finds")

    ROW(COMM, "timeout", DURATION, 0, 0, 1, DAY_NS, SCN(comm_timeout_ns), "120s", "how long a rank waits for the others, virtual time")

    ROW(TIMEOUTS, "bootstrap", DURATION, 0, 0, 1, DAY_NS, SCN(bootstrap_timeout_ns), "120s", "for all chips to be ready")
    ROW(TIMEOUTS, "task", DURATION, 0, 0, 1, DAY_NS, SCN(task_timeout_ns), "120s", "for a task")
    ROW(TIMEOUTS, "control", DURATION, 0, 0, 1, DAY_NS, SCN(control_timeout_ns), "10s", "for a control command")
    ROW(TIMEOUTS, "close", DURATION, 0, 0, 1, DAY_NS, SCN(close_timeout_ns), "10s", "for all chips to end")

    ROW(DMA, "chunk", SIZE, 0, 0, 0, MAX_BYTES, SCN(dma_chunk), "4KiB", "bytes that one step of a transfer moves; 0: all at once")
    ROW(DMA, "latency", DURATION, 0, 0, 0, HOUR_NS, SCN(dma_latency_ns), "10us", "of each chunk, virtual time")

    ROW(BUFFER, "name", NAME, R, 0, 0, 0, BUF(name), NULL, "its name, unique")
    ROW(BUFFER, "bytes", SIZE, R, 0, 0, MAX_BYTES, BUF(bytes), NULL, "its size; 0 is legal")
    ROW(BUFFER, "dtype", WORD, 0, CHS_W_DTYPE, 0, 0, BUF(dtype), "uint8", "type of its elements")
    ROW(BUFFER, "count", UINT, 0, 0, 0, MAX_BYTES, BUF(count), NULL, "elements; default: bytes / size of the dtype")
    ROW(BUFFER, "placement", TEXT_WORD, 0, CHS_W_PLACEMENT, 0, 0, BUF(placement), "window", "where the chip keeps it")
    ROW(BUFFER, "load_from_host", BOOL, 0, 0, 0, 0, BUF(load_from_host), "false", "copied from its staging at bootstrap")
    ROW(BUFFER, "store_to_host", BOOL, 0, 0, 0, 0, BUF(store_to_host), "false", "flushed to its staging after each task")
    ROW(BUFFER, "staging", FLAG, 0, CHS_W_STAGING, 0, 0, BUF(staging), "present", "whether the staging entry exists")
    ROW(BUFFER, "staging_bytes", SIZE, 0, 0, 0, MAX_BYTES, BUF(staging_bytes), NULL, "size of the staging; default: bytes")
    ROW(BUFFER, "host", OBJECT, 0, CHS_O_CONTENT, 0, 0, BUF(host), NULL, "what the staging holds before the first step; default: zero")
    ROW(BUFFER, "rank", RANKS, 0, 0, 0, 0, BUF(ranks), "all", "which chips have it")

    ROW(CONTENT, "fill", UINT, 0, 0, 0, 255, CON(fill), NULL, "every byte has this value")
    ROW(CONTENT, "pattern", WORD, 0, CHS_W_PATTERN, 0, 0, CON(pattern), NULL, "element i of rank r of n")
    ROW(CONTENT, "times", INT, 0, 0, 0, 1000000, CON(times), NULL, "factor of the pattern; default 1")
    ROW(CONTENT, "plus", INT, 0, 0, 0, 1000000000, CON(plus), NULL, "added to times * pattern; default 0")

    ROW(ERROR, "type", WORD, 0, CHS_W_STATUS, 0, 0, ERR(status), NULL, "the <Type> that the text names")
    ROW(ERROR, "code", INT, 0, 0, 0, INT32_MAX, ERR(code), NULL, "the N of 'child failed (code=N)'")
    ROW(ERROR, "says", TEXT, 0, 0, 0, 0, ERR(says), NULL, "a part of the text")
    ROW(ERROR, "prefix", TEXT, 0, 0, 0, 0, ERR(prefix), NULL, "how the text begins")

    ROW_ID(STEP_PLAIN, STEP(id))
    ROW_ERROR(STEP_PLAIN)

    ROW(STEP_TASK, "rank", RANKS, R, 0, 0, 0, STEP(ranks), NULL, "which chips")
    ROW(STEP_TASK, "kernel", WORD, R, CHS_W_KERNEL, 0, 0, STEP(kernel), NULL, "what to run")
    ROW(STEP_TASK, "buffers", BUFFERS, 0, 0, 0, CHS_MAX_BUFFERS, STEP(buffers), NULL, "names of the tensors, in order")
    ROW(STEP_TASK, "scalars", SIZES, 0, 0, 0, CHS_MAX_SCALARS, STEP(scalars), NULL, "numbers, in order")
    ROW(STEP_TASK, "block_dim", UINT, 0, 0, 1, 65535, STEP(block_dim), "24", "block dimension of the task")
    ROW_ID(STEP_TASK, STEP(id))
    ROW_ERROR(STEP_TASK)

    ROW(STEP_WAIT, "rank", RANKS, R, 0, 0, 0, STEP(ranks), NULL, "whose task")
    ROW_ID(STEP_WAIT, STEP(id))
    ROW_ERROR(STEP_WAIT)

    ROW(STEP_CONTROL, "rank", RANKS, R, 0, 0, 0, STEP(ranks), NULL, "which chips, one after the other")
    ROW(STEP_CONTROL, "command", COMMAND, R, CHS_W_COMMAND, 0, 0, STEP(command), NULL, "a command's word, or any number")
    ROW(STEP_CONTROL, "buffer", BUFFER, 0, 0, 0, 0, STEP(buffer), NULL, "what a copy is about")
    ROW(STEP_CONTROL, "of", STEP_REF, F, 0, 0, 0, STEP(of), NULL, "id of the malloc step whose memory it is about")
    ROW(STEP_CONTROL, "offset", SIZE, 0, 0, 0, MAX_BYTES, STEP(offset), "0", "from the start of the buffer or memory")
    ROW(STEP_CONTROL, "bytes", SIZE, 0, 0, 0, MAX_BYTES, STEP(bytes), NULL, "how many; default: to the buffer's end")
    ROW(STEP_CONTROL, "data", OBJECT, 0, CHS_O_CONTENT, 0, 0, STEP(content), NULL, "what copy_to sends")
    ROW(STEP_CONTROL, "equals", OBJECT, 0, CHS_O_CONTENT, 0, 0, STEP(content), NULL, "what copy_from must bring")
    ROW_ID(STEP_CONTROL, STEP(id))
    ROW_ERROR(STEP_CONTROL)

    ROW(STEP_CHECK, "buffer", BUFFER, R, 0, 0, 0, STEP(buffer), NULL, "which buffer")
    ROW(STEP_CHECK, "rank", RANKS, 0, 0, 0, 0, STEP(ranks), "all", "of which chips")
    ROW(STEP_CHECK, "equals", OBJECT, R, CHS_O_CONTENT, 0, 0, STEP(content), NULL, "what it must hold")
    ROW(STEP_CHECK, "where", WORD, 0, CHS_W_PLACE, 0, 0, STEP(place), "staging", "which copy of it")
    ROW(STEP_CHECK, "offset", SIZE, 0, 0, 0, MAX_BYTES, STEP(offset), "0", "where to begin")
    ROW(STEP_CHECK, "bytes", SIZE, 0, 0, 1, MAX_BYTES, STEP(bytes), NULL, "how many; default: to the end")
    ROW_ID(STEP_CHECK, STEP(id))

    ROW(STEP_KILL, "rank", RANKS, R, 0, 0, 0, STEP(ranks), NULL, "whose process")
    ROW(STEP_KILL, "signal", WORD, 0, CHS_W_SIGNAL, 0, 0, STEP(signal), "KILL", "the signal")
    ROW_ID(STEP_KILL, STEP(id))

    ROW(STEP_SLEEP, "for", DURATION, R, 0, 1, 30 * DAY_NS, STEP(duration_ns), NULL, "virtual time")
    ROW_ID(STEP_SLEEP, STEP(id))

    ROW_ID(STEP_NONE_LEFT, STEP(id))

    ROW_SELECTOR(HOLD, "before", HOLD(plan.before))
    ROW(HOLD, "until", OBJECT, 0, CHS_O_UNTIL, 0, 0, HOLD(plan.until), NULL, "until another actor has passed a point")
    ROW(HOLD, "for", DURATION, 0, 0, 1, 30 * DAY_NS, HOLD(plan.until_time_ns), NULL, "or until that much virtual time has passed; the clock runs meanwhile")
    ROW(HOLD, "clock", WORD, 0, CHS_W_CLOCK, 0, 0, HOLD(plan.clock_runs), NULL, "default: stops; with for: runs")
    ROW_ID(HOLD, HOLD(id))

    ROW_SELECTOR(UNTIL, "passed", 0)

    ROW(FAIL, "call", CALL, R, CHS_W_CALL, 0, 0, FLT(plan.at), NULL, "the libc call")
    ROW(FAIL, "errno", ERRNO, R, CHS_W_ERRNO, 0, 0, 0, NULL, "an error that this call may return")
    ROW(FAIL, "actor", ACTOR, 0, 0, 0, 0, FLT(plan.at), "any", "whose call")
    ROW(FAIL, "path", GLOB, 0, 0, 0, 0, FLT(plan.path), NULL, "only calls with a path or name like this: * and ? as in a shell")
    ROW(FAIL, "nth", UINT, 0, 0, 1, UINT32_MAX, FLT(plan.at.occurrence), "1", "which of the matching calls, from 1")
    ROW(FAIL, "times", TIMES, 0, 0, 1, UINT32_MAX, FLT(plan.times), "1", "how many from that one on: a number or all")
    ROW_ID(FAIL, FLT(id))

    ROW(FAULT_KILL, "actor", ACTOR, R, 0, 0, 0, FLT(plan.at), NULL, "who dies: parent or rank N")
    ROW(FAULT_KILL, "at", POINT, R, 0, 0, 0, FLT(plan.at), NULL, "before which point, or libc call; [k] the k-th that matches, from 0")
    ROW(FAULT_KILL, "where", WHERE, 0, 0, 0, 0, FLT(plan.at), NULL, "fields that the point must have")
    ROW_ID(FAULT_KILL, FLT(id))

    ROW(FAULT_DMA, "rank", RANK, R, 0, 0, 0, FLT(rank), NULL, "whose device")
    ROW(FAULT_DMA, "direction", FLAG, R, CHS_W_DIRECTION, 0, 0, FLT(d2h), NULL, "which way")
    ROW(FAULT_DMA, "nth", UINT, 0, 0, 1, UINT32_MAX, FLT(nth), "1", "which transfer of that direction, from 1")
    ROW_ID(FAULT_DMA, FLT(id))

    ROW(DELAY, "call", CALL, 0, CHS_W_CALL, 0, 0, FLT(plan.at), NULL, "a libc call")
    ROW(DELAY, "at", POINT, 0, 0, 0, 0, FLT(plan.at), NULL, "or a point")
    ROW(DELAY, "actor", ACTOR, 0, 0, 0, 0, FLT(plan.at), "any", "whose")
    ROW(DELAY, "where", WHERE, 0, 0, 0, 0, FLT(plan.at), NULL, "fields that the point must have")
    ROW(DELAY, "path", GLOB, 0, 0, 0, 0, FLT(plan.path), NULL, "only calls with a path or name like this")
    ROW(DELAY, "for", DURATION, R, 0, 1, 30 * DAY_NS, FLT(plan.delay_ns), NULL, "how much longer it takes, virtual time")
    ROW(DELAY, "nth", UINT, 0, 0, 1, UINT32_MAX, FLT(nth), NULL, "of a call: which of the matching ones, from 1")
    ROW(DELAY, "times", TIMES, 0, 0, 1, UINT32_MAX, FLT(plan.times), "1", "how many from that one on: a number or all")
    ROW_ID(DELAY, FLT(id))

    ROW(ORDER, "first", OBJECT, R, CHS_O_SELECTOR, 0, 0, EXP(first), NULL, "the event that comes first")
    ROW(ORDER, "then", OBJECT, R, CHS_O_SELECTOR, 0, 0, EXP(then), NULL, "the event that comes after it; both must occur")
    ROW(ORDER, "each", BOOL, 0, 0, 0, 0, EXP(each), "false", "true: the k-th first before the k-th then, for every k")
    ROW_ID(ORDER, EXP(id))

    ROW_SELECTOR(SELECTOR, "point", 0)

    ROW_SELECTOR(MOMENT, "passed", 0)

    ROW_SELECTOR(NEVER, "point", EXP(first))
    ROW_ID(NEVER, EXP(id))

    ROW_SELECTOR(REACHED, "point", EXP(first))
    ROW(REACHED, "at_least", UINT, 0, 0, 0, UINT32_MAX, EXP(at_least), "1", "that often or more")
    ROW(REACHED, "at_most", UINT, 0, 0, 1, UINT32_MAX, EXP(at_most), NULL, "that often or less")
    ROW(REACHED, "times", UINT, 0, 0, 1, UINT32_MAX, EXP(at_least), NULL, "exactly that often")
    ROW_ID(REACHED, EXP(id))

    ROW(EXPECT_CONTENT, "buffer", BUFFER, R, 0, 0, 0, EXP(buffer), NULL, "whose host staging")
    ROW(EXPECT_CONTENT, "rank", RANKS, 0, 0, 0, 0, EXP(ranks), "all", "of which chips")
    ROW(EXPECT_CONTENT, "equals", OBJECT, R, CHS_O_CONTENT, 0, 0, EXP(content), NULL, "what it must hold")
    ROW(EXPECT_CONTENT, "at", OBJECT, R, CHS_O_MOMENT, 0, 0, EXP(moment), NULL, "at this very moment, in the parent")
    ROW(EXPECT_CONTENT, "offset", SIZE, 0, 0, 0, MAX_BYTES, EXP(offset), "0", "where to begin")
    ROW(EXPECT_CONTENT, "bytes", SIZE, 0, 0, 1, MAX_BYTES, EXP(bytes), NULL, "how many; default: to the end")
    ROW_ID(EXPECT_CONTENT, EXP(id))

    ROW(EXIT, "actor", ACTOR, R, 0, 0, 0, EXP(first), NULL, "who: parent or rank N")
    ROW(EXIT, "status", STATUS, 0, 0, 0, 255, EXP(status), NULL, "its exit status")
    ROW(EXIT, "signal", WORD, 0, CHS_W_SIGNAL, 0, 0, EXP(status), NULL, "or the signal that ended it")
    ROW(EXIT, "incarnation", UINT, 0, 0, 0, CHIP_MAX_ACTORS, EXP(incarnation), "0", "0 for the first process of that rank, 1 for the next")
    ROW_ID(EXIT, EXP(id))

    ROW(CATCH, "defect", DEFECT, R, 0, 0, 0, CAT(defect), NULL, "name of a patch in faults/defects")
    ROW(CATCH, "verdict", WORD, R, CHS_W_VERDICT, 0, 0, CAT(verdict), NULL, "the verdict that must appear")
    ROW(CATCH, "says", TEXT, 0, 0, 0, 0, CAT(says), NULL, "a part of the story that must appear")
};
const size_t chs__row_count = sizeof(chs__rows) / sizeof(chs__rows[0]);

#define CHS_STEP_OBJECTS(X)                                                                        \
    X(INIT, STEP_PLAIN, true, NULL)  X(CREATE, STEP_PLAIN, true, NULL)                             \
    X(START, STEP_PLAIN, true, NULL) X(SUBMIT, STEP_TASK, false, NULL)                             \
    X(WAIT, STEP_WAIT, false, NULL)  X(DRAIN, STEP_PLAIN, true, NULL)                              \
    X(RUN, STEP_TASK, false, NULL)   X(CONTROL, STEP_CONTROL, false, NULL)                         \
    X(CHECK, STEP_CHECK, false, NULL) X(KILL, STEP_KILL, false, NULL)                              \
    X(SLEEP, STEP_SLEEP, false, "for") X(CLOSE, STEP_PLAIN, true, NULL)                            \
    X(NONE_LEFT, STEP_NONE_LEFT, true, NULL)

/* The words and the help of the steps come from CHS_STEPS, so that no name stands twice. */
#define CHS_X(id, word, help) static const char step_word_##id[] = word, step_help_##id[] = help;
CHS_STEPS(CHS_X)
#undef CHS_X

const struct chs_member chs__members[] = {
#define CHS_X(id, object, bare, short_key) \
    {CHS_F_STEP, step_word_##id, CHS_STEP_##id, CHS_O_##object, bare, short_key, step_help_##id},
    CHS_STEP_OBJECTS(CHS_X)
#undef CHS_X
    {CHS_F_SCRIPT, "hold", 0, CHS_O_HOLD, false, NULL, "keep an actor before a point"},
    {CHS_F_FAULT, "fail", CHS_FAULT_FAIL, CHS_O_FAIL, false, NULL, "a libc call fails"},
    {CHS_F_FAULT, "kill", CHS_FAULT_KILL, CHS_O_FAULT_KILL, false, NULL, "SIGKILL before a point"},
    {CHS_F_FAULT, "dma", CHS_FAULT_DMA, CHS_O_FAULT_DMA, false, NULL, "the device fails a transfer"},
    {CHS_F_FAULT, "delay", CHS_FAULT_DELAY, CHS_O_DELAY, false, NULL, "a call or a point takes longer"},
    {CHS_F_EXPECT, "order", CHS_EXPECT_ORDER, CHS_O_ORDER, false, NULL, "one event before another"},
    {CHS_F_EXPECT, "never", CHS_EXPECT_NEVER, CHS_O_NEVER, false, NULL, "a point that is not reached"},
    {CHS_F_EXPECT, "reached", CHS_EXPECT_REACHED, CHS_O_REACHED, false, NULL, "a point that is reached"},
    {CHS_F_EXPECT, "content", CHS_EXPECT_CONTENT, CHS_O_EXPECT_CONTENT, false, NULL, "bytes at a moment"},
    {CHS_F_EXPECT, "exit", CHS_EXPECT_EXIT, CHS_O_EXIT, false, NULL, "how a process ends"},
};
const size_t chs__member_count = sizeof(chs__members) / sizeof(chs__members[0]);
/* clang-format on */

const char *chs__type_what(int type) {
    static const char *const what[CHS_T_COUNT] = {
        [CHS_T_VERSION] = "the version of the language, 1",
        [CHS_T_MATRIX] = "a mapping of names to lists of values, such as {size: [64, 1MiB]}",
        [CHS_T_BOOL] = "true or false",
        [CHS_T_UINT] = "a number",
        [CHS_T_INT] = "a number",
        [CHS_T_SIZE] = "a size such as 64, 4KiB or 64MiB",
        [CHS_T_DURATION] = "a duration such as 10us, 5ms or 120s",
        [CHS_T_STATUS] = "a number",
        [CHS_T_WORD] = "a word",
        [CHS_T_FLAG] = "a word",
        [CHS_T_TEXT_WORD] = "a word",
        [CHS_T_TEXT] = "one line of text",
        [CHS_T_NAME] = "a name: a letter, then letters, digits, '_', '-' or '.'",
        [CHS_T_STEM] = "the file's name without .yaml",
        [CHS_T_ID] = "a name: a letter, then letters, digits, '_', '-' or '.'",
        [CHS_T_DEFECT] = "the name of a defect",
        [CHS_T_NAMES] = "a list of names",
        [CHS_T_ARGV] = "a program and its arguments, such as [./prog, --fast]",
        [CHS_T_SEEDS] = "a count such as 5, or a list of seeds such as [1, 2, 3]",
        [CHS_T_SIZES] = "a list of numbers",
        [CHS_T_RANKS] = "a rank such as 0, a list such as [0, 1], or all",
        [CHS_T_RANK] = "a rank such as 0",
        [CHS_T_BUFFER] = "the name of a buffer",
        [CHS_T_BUFFERS] = "a list of names of buffers",
        [CHS_T_STEP_REF] = "the id of an earlier malloc step",
        [CHS_T_COMMAND] = "a control command, or a number",
        [CHS_T_ACTOR] = "an actor: parent, rank N or any",
        [CHS_T_POINT] = "a point such as d2h.chunk or d2h.chunk[1], or a libc call",
        [CHS_T_CALL] = "a libc call",
        [CHS_T_WHERE] = "a mapping of the point's fields, such as {state: TASK_DONE}",
        [CHS_T_ERRNO] = "an errno such as EMFILE",
        [CHS_T_TIMES] = "a number, or all",
        [CHS_T_GLOB] = "a pattern such as \"/x*\", shorter than 64 bytes",
        [CHS_T_OBJECT] = "a mapping",
        [CHS_T_LIST] = "a list",
        [CHS_T_FAMILY] = "a list",
    };

    return what[type];
}
