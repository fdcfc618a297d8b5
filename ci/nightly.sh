#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# ci/nightly.sh: what takes too long for every change: ci/test.sh, then the gate with many seeds,
# fuzzing of the parsers under ASan and UBSan from a seed that changes every day, and many random
# kills. SEEDS, FUZZ and KILLS say how many. Last line and exit status as of ci/test.sh.
. "$(dirname "$0")/common.sh"
cd "$ROOT"
SEEDS=${SEEDS:-100} FUZZ=${FUZZ:-200000} KILLS=${KILLS:-500}
RESULTS=$ROOT/build/ci/nightly
export CHIP_BUILD=$ROOT/build CHIP_SOURCE=$ROOT

rm -rf "$RESULTS"
mkdir -p "$RESULTS"
status=0
bash ci/test.sh || status=1

day=$(date -u +%Y%m%d)
say "fuzz: $FUZZ rounds from seed $day"
# shellcheck disable=SC2046
bash ci/run-one.sh "$RESULTS" fuzz/parsers 7200 build/ci/sanitize/fuzz/chip-fuzz \
    --seed="$day" --count="$FUZZ" $(fuzz_corpus)
say "gate: $SEEDS seeds"
bash ci/run-one.sh "$RESULTS" gate 14400 build/chipharness gate scenarios/ --seeds="$SEEDS"
say "schedules that explore needs for each defect: ${EXPLORE_SEEDS:=50} seeds"
SEEDS=$EXPLORE_SEEDS SILENT=${SILENT:-10000} bash ci/run-one.sh "$RESULTS" explore-table 14400 \
    bash ci/explore-table.sh
say "kills: $KILLS"
CHIP_KILLS=$KILLS bash ci/run-one.sh "$RESULTS" kills 14400 bash tests/cli/test_kill.sh

say "correct twins, with many seeds"
CHIP_TWIN_SEEDS=200 bash ci/run-one.sh "$RESULTS" unit/test_subject_threads 3600 \
    build/unit/test_subject_threads
CHIP_OWN_SEEDS=1000 bash ci/run-one.sh "$RESULTS" own 7200 bash tests/cli/test_own.sh

summary "$RESULTS" || status=1
exit $status
