#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The same scenario, seed and build give the same log byte for byte; every kind of finding comes
# again from its replay file; a file that no longer fits says so.
. "$(dirname "$0")/lib.sh"
cd "$SCRATCH" || exit 3
cp -r "$CHIP_SOURCE/scenarios" .
chipharness() { "$CHIP_BUILD/chipharness" "$@"; }

same_log_20_times() {
    local i
    for i in $(seq 20); do
        chipharness run "$@" --log --out "log$i" >/dev/null
        diff -r -x '*.json' -x '*.xml' log1 "log$i" || return 1
    done
    rm -rf log*
}
check "20 runs of flush_race: the same logs and schedules" \
    same_log_20_times scenarios/flush_race.yaml --seed 3
check "20 runs with 3 ranks: the same" \
    same_log_20_times scenarios/barrier_reuse.yaml --seed 2
check "20 runs that fail: the same" \
    same_log_20_times scenarios/flush_race.yaml --seed 2 --defect task-done-before-flush

# replays SCENARIO VERDICT [option...]: each schedule of a run of it replays to verdict and log.
replays() {
    local scenario=$1 verdict=$2 file n=0
    shift 2
    rm -rf out
    chipharness run "$scenario" --seed 1 "$@" >/dev/null
    for file in out/*/*.chsched; do
        [ -e "$file" ] || continue
        n=$((n + 1))
        [ "$verdict" = any ] || grep -q "^verdict: $verdict$" "$file" || continue
        chipharness replay "$file" >log
        grep -Fxq "replay: same verdict ($(sed -n 's/^verdict: //p' "$file")), same log" log ||
            { cat "$file" log; return 1; }
        return 0
    done
    echo "$n schedules, none with verdict $verdict"
    return 1
}
for scenario in scenarios/canary_*.yaml; do
    verdict=$(sed -n 's/^canary: //p' "$scenario")
    check "a finding of kind $verdict comes again" replays "$scenario" "$verdict"
done
# And on the defects: the first claim of each scenario.
for scenario in scenarios/*.yaml; do
    claim=$(sed -n 's/^ *- {defect: \([a-z0-9-]*\), verdict: \([a-z_]*\).*/\1 \2/p' "$scenario" | head -n 1)
    [ -n "$claim" ] || continue
    check "$(basename "$scenario" .yaml) with ${claim% *} comes again" \
        replays "$scenario" any --defect "${claim% *}"
done

rm -rf out
chipharness run scenarios/flush_race.yaml --variant size=64 --seed 1 \
    --defect task-done-before-flush >/dev/null
sed 's/^defect: .*//' out/flush_race/1.chsched | sed '/^$/d' >other.chsched
check_fails "a schedule of another program: the first divergence is reported" \
    "^ERROR flush_race .*: diverged$" chipharness replay other.chsched
sed 's/^scenario: .*/scenario: gone.yaml/' out/flush_race/1.chsched >gone.chsched
check_fails "a scenario that is gone" "gone.yaml" chipharness replay gone.chsched
sed 's/^seed: 1/sead: 1/' out/flush_race/1.chsched >typo.chsched
check_fails "a misspelt key: file, line, column and the nearest word" \
    "typo.chsched:[0-9]+:[0-9]+: error: .*" chipharness replay typo.chsched
check_fails "a file that is no schedule" "error" chipharness replay scenarios/flush_race.yaml
finish
