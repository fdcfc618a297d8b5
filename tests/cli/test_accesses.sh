#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# chipharness run --accesses: single accesses of libchip are points; the run passes, is the same
# each time, and replays.
. "$(dirname "$0")/lib.sh"
cd "$SCRATCH" || exit 3
cp -r "$CHIP_SOURCE/scenarios" .
chipharness() { "$CHIP_BUILD/chipharness" "$@"; }

passes() {
    chipharness run scenarios/flush_race.yaml --accesses --log --out "$1" --seed 5 &&
        [ "$(grep -c '  access  ' "$1/flush_race/1.log")" -gt 50 ] &&
        grep -Eq 'release (read-)?write object=' "$1/flush_race/1.log"
}
replays() {
    chipharness replay first/flush_race/1.chsched >log && grep -Fxq 'replay: same verdict (pass), same log' log
}
many() { chipharness run "$1" --accesses --seeds 10; }

check "flush_race passes with every access a point" passes first
check "again: the same log and schedule" bash -c \
    "'$CHIP_BUILD/chipharness' run scenarios/flush_race.yaml --accesses --log --out second --seed 5 >/dev/null &&
     diff first/flush_race/1.log second/flush_race/1.log && diff first/flush_race/1.chsched second/flush_race/1.chsched"
check "the schedule says so, and replays to the same log" replays
check "without the option there is no such event" bash -c \
    "'$CHIP_BUILD/chipharness' run scenarios/flush_race.yaml --log --out plain --seed 5 >/dev/null &&
     ! grep -q ' access ' plain/flush_race/1.log"
check "flush_race, 10 seeds" many scenarios/flush_race.yaml
check "barrier_reuse, 10 seeds" many scenarios/barrier_reuse.yaml
check_fails "a defect is not built that way" 'exclude each other' \
    chipharness run scenarios/flush_race.yaml --accesses --defect task-done-before-flush
finish
