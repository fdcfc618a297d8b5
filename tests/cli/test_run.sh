#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The command as a user meets it: exit statuses, last lines, files, messages, signals.
. "$(dirname "$0")/lib.sh"
cd "$SCRATCH" || exit 3
cp -r "$CHIP_SOURCE/scenarios" .
chipharness() { "$CHIP_BUILD/chipharness" "$@"; }

# exits STATUS COMMAND...
exits() {
    local want=$1 got=0
    shift
    "$@" || got=$?
    [ "$got" = "$want" ] || { echo "exit status $got, wanted $want"; return 1; }
}
last_line_is() {
    local want=$1
    shift
    [ "$("$@" | tail -n 1)" = "$want" ]
}

check "a scenario that passes: 0" exits 0 chipharness run scenarios/flush_race.yaml
check "and its last line" last_line_is "9 passed, 0 failed, 0 skipped" \
    chipharness run scenarios/flush_race.yaml
check "the defect is found: 1" exits 1 chipharness run scenarios/flush_race.yaml \
    --defect task-done-before-flush
check "and its last line" last_line_is "0 passed, 9 failed, 0 skipped" \
    chipharness run scenarios/flush_race.yaml --defect=task-done-before-flush
check "one variant, one seed" last_line_is "1 passed, 0 failed, 0 skipped" \
    chipharness run scenarios/flush_race.yaml --variant size=1MiB --seed 7
check "the harness cannot judge: 3" exits 3 chipharness run scenarios/canary_harness.yaml
check "vacuous: 4" exits 4 chipharness run scenarios/canary_vacuous.yaml
check "nothing selected: 7" exits 7 chipharness run scenarios/flush_race.yaml --variant size=2

check_fails "no verb" "usage: chipharness" chipharness
check_fails "a misspelt verb" "did you mean 'gate'" chipharness gaet
check_fails "a misspelt option" "did you mean 'defect'" chipharness run --defekt x y.yaml
check_fails "a misspelt defect" "did you mean 'task-done-before-flush'" \
    chipharness run scenarios/flush_race.yaml --defect task-done-before-flish
check_fails "an option twice" "given twice" chipharness run --seed 1 --seed 2 y.yaml
check_fails "a flag with a value" "takes no value" chipharness run --log=1 y.yaml
check_fails "a value that is missing" "needs a value" chipharness run y.yaml --seed
check_fails "a number that is none" "not a whole number" chipharness run --seed=-1 y.yaml
check_fails "a file that is not there" "nosuch.yaml: error" chipharness run nosuch.yaml
check "all of these are 2" exits 2 chipharness run nosuch.yaml
check "the overview without a verb is 2" exits 2 chipharness
check "--help is 0" exits 0 chipharness --help
for verb in $(chipharness list verbs | awk '{ print $1 }'); do
    check "help $verb" exits 0 chipharness help "$verb"
    check "list verbs names the verb $verb that help knows" grep -q "^  $verb " <(chipharness help)
done
check "help scenario" exits 0 chipharness help scenario
for what in scenarios defects points calls kernels oracles verdicts verbs; do
    check "list $what" exits 0 chipharness list "$what"
done
check_fails "list of what there is not" "did you mean 'points'" chipharness list point
check "check of a folder" exits 0 chipharness check scenarios
check "schema" grep -q 'json-schema.org/draft/2020-12' <(chipharness schema)

chipharness run scenarios/flush_race.yaml --defect task-done-before-flush --seed 1 >story
check "the story names the wrong order with file and line" \
    grep -Eq 'lib/src/mailbox.c:[0-9]+' story
check "and shows both actors side by side" grep -Eq 'parent +\| rank 0' story
check "and the hold of the script" grep -q 'hold 1 (flush_race.yaml line' story
check "and a line to paste" grep -Fxq 'replay: chipharness replay out/flush_race/1.chsched' story
check "no pid is shown" bash -c '! grep -Eq "pid" story'
check "no colour without a terminal" bash -c '! grep -q $'"'\\033'"' story'
for file in result.json junit.xml 1.chsched 1.log; do
    check "out/flush_race/$file" test -s "out/flush_race/$file"
done
check "result.json has its schema's name" grep -q '"schema": *"chipharness-result/1"' \
    out/flush_race/result.json
check "no hidden file is left" test -z "$(find out -name '.*' -type f)"

# A background job of a script ignores SIGINT; SIGTERM asks for the same.
interrupted_by_term() {
    "$CHIP_BUILD/chipharness" run scenarios/flush_race.yaml --seeds 2000 >log 2>&1 &
    local pid=$!
    sleep 0.5
    kill -TERM "$pid"
    exits 130 wait "$pid" && tail -n 1 log | grep -Eq '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$'
}
check "interrupted: 130, and the results so far" interrupted_by_term

killed_from_outside() {
    "$CHIP_BUILD/chipharness" run scenarios/flush_race.yaml --seeds 2000 >log 2>&1 &
    local pid=$! rank
    sleep 0.5
    for _ in $(seq 500); do
        rank=$(pgrep -P "$pid" -f chipharness-driver) && break
        sleep 0.01
    done
    kill -9 $rank 2>/dev/null
    sleep 0.5
    kill -TERM "$pid"
    wait "$pid"
    grep -Eq 'killed by somebody outside|before it was under control' log
}
check "a process of the run that somebody else kills is told apart from a finding" \
    killed_from_outside
closed_pipe() {
    chipharness run scenarios/flush_race.yaml --seeds 50 | head -n 1
    sleep 1
    [ -z "$(pgrep -f "$SCRATCH" | grep -v $$)" ]
}
check "a reader that leaves early leaves nothing behind" closed_pipe
finish
