#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# ci/test.sh: everything. Builds with gcc, with clang and with ASan+UBSan, then runs the unit
# tests of each, some of them under valgrind, the tests of the command, the gate over all
# scenarios, and the checks of the sources. Last line: N passed, N failed, N skipped; exit
# status 0 only when nothing failed and something ran.
#
# Results and logs: build/ci/results. One test again: the line printed with its failure.
. "$(dirname "$0")/common.sh"
cd "$ROOT"
BUILD=$ROOT/build
RESULTS=$BUILD/ci/results
export CHIP_BUILD=$BUILD CHIP_SOURCE=$ROOT

# Unit tests that are worth valgrind's time: what parses and what keeps tables. Each must exist.
valgrind_tests=(test_blob test_bootstrap test_channel test_control test_device test_error test_mailbox
    test_report_chsched test_report_eventlog test_report_gate_table test_report_json
    test_report_junit test_report_out_file test_report_recording test_report_story
    test_report_symbols test_staging)

# Where tests share one /dev/shm, what one leaves there could be another's that still runs.
own_shm || JOBS_TESTS=1
JOBS_TESTS=${JOBS_TESTS:-$JOBS}

begin=$SECONDS
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT

# A build that fails is a failed test of its own; the tests in it cannot run.
build_stage() {
    local name=$1
    shift
    mkdir -p "$RESULTS/build"
    local started=$SECONDS
    if build_tree "$@"; then
        echo "1 0 0" >"$RESULTS/build/$name.count"
        printf 'ok    %-44s %4d passed  %ss\n' "build/$name" 1 $((SECONDS - started))
    else
        echo "0 1 0" >"$RESULTS/build/$name.count"
        printf 'FAIL  %-44s\n' "build/$name"
        return 1
    fi
}

# tests COUNT: runs lines of "NAME<tab>SECONDS<tab>COMMAND" from standard input, COUNT at a time.
tests() {
    tr '\n' '\0' | xargs -0 -r -n 1 -P "$1" bash -c '
        IFS=$'"'\t'"' read -r name seconds command <<<"$2"
        bash ci/run-one.sh "$1" "$name" "$seconds" bash -c "$command"' one "$RESULTS"
}

# unit_tests STAGE DIR: every test that the build in DIR made.
unit_tests() {
    local stage=$1 dir=$2 test
    while read -r test; do
        printf '%s\t%s\t%s\n' "$stage/$test" 300 "exec $dir/unit/$test"
    done <"$dir/unit/tests.txt"
}

rm -rf "$RESULTS"
mkdir -p "$RESULTS"
bash ci/install-deps.sh

say "build: gcc"
gcc_built=1
CC=gcc build_stage gcc "$BUILD" || gcc_built=0
say "build: clang; gcc with ASan and UBSan"
clang_built=1 sanitize_built=1
CC=clang build_stage clang "$BUILD/ci/clang" -DCHIP_DEFECTS=OFF || clang_built=0
CC=gcc build_stage sanitize "$BUILD/ci/sanitize" -DCHIP_SANITIZE=ON || sanitize_built=0

say "checks of the sources"
for check in ci/check-*.sh; do
    printf '%s\t120\texec bash %s\n' "check/$(basename "$check" .sh | cut -c7-)" "$check"
done | tests "$JOBS_TESTS"

say "unit tests"
{
    [ $gcc_built = 0 ] || unit_tests unit "$BUILD"
    [ $clang_built = 0 ] || unit_tests unit-clang "$BUILD/ci/clang"
    [ $sanitize_built = 0 ] || unit_tests unit-sanitize "$BUILD/ci/sanitize"
    if [ $gcc_built = 1 ]; then
        for test in "${valgrind_tests[@]}"; do
            printf '%s\t%s\t%s\n' "valgrind/$test" 300 "exec valgrind -q --leak-check=full \
--errors-for-leak-kinds=definite,possible --error-exitcode=99 $BUILD/unit/$test"
        done
        # The shims themselves, inside the subject.
        printf '%s\t%s\t%s\n' valgrind/test_subject_shim 600 \
            "CHIP_SUBJECT_VALGRIND=1 exec $BUILD/unit/test_subject_shim"
    fi
} | tests "$JOBS_TESTS"

if [ $sanitize_built = 1 ]; then
    say "fuzz, briefly"
    printf '%s\t%s\t%s\n' fuzz/parsers 300 \
        "exec $BUILD/ci/sanitize/fuzz/chip-fuzz --count=20000 $(fuzz_corpus | tr '\n' ' ')" | tests 1
fi

if [ $gcc_built = 1 ]; then
    say "tests of the command"
    for script in tests/cli/test_*.sh; do
        printf '%s\t600\texec bash %s\n' "cli/$(basename "$script" .sh)" "$script"
    done | tests "$JOBS_TESTS"

    say "gate"
    printf 'gate\t900\texec build/chipharness gate scenarios/\n' | tests 1
fi

# A test on disk that nothing ran would go unnoticed for ever.
for test in tests/unit/test_*.c tests/cli/test_*.sh; do
    name=$(basename "${test%.*}")
    if ! compgen -G "$RESULTS/*/$name.count" >/dev/null; then
        printf 'FAIL  %-44s was not run\n' "$test"
        echo "0 1 0" >"$RESULTS/build/missing-$name.count"
    fi
done

say "took $((SECONDS - begin)) s"
summary "$RESULTS"
