#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The verb explore: what it finds without a script, that it finds the same whatever the number of
# workers, that what it finds repeats, and that nothing is left behind.
. "$(dirname "$0")/lib.sh"
cd "$SCRATCH" || exit 3
cp -r "$CHIP_SOURCE/scenarios" .
chipharness() { "$CHIP_BUILD/chipharness" "$@"; }
schedules=${CHIP_SCHEDULES:-100}

# exits STATUS COMMAND...
exits() {
    local want=$1 got=0
    shift
    "$@" || got=$?
    [ "$got" = "$want" ] || { echo "exit status $got, wanted $want"; return 1; }
}
# finds DEFECT SCENARIO OPTION...: a finding, and its replay file is the same run again.
finds() {
    local defect=$1 scenario=$2
    shift 2
    rm -rf out
    exits 1 chipharness explore "scenarios/$scenario.yaml" --defect "$defect" "$@" >story ||
        { tail -n 40 story; return 1; }
    exits 1 chipharness replay "out/$scenario/1.chsched" >again || { tail -n 40 again; return 1; }
    grep -Eq '^replay: same verdict \([a-z_]+\), same log$' again || { tail -n 5 again; return 1; }
    grep -Fxq "script: ignored" "out/$scenario/1.chsched"
}
for strategy in random pct pos portfolio; do
    check "$strategy finds barrier-advance-before-reset, without the script" \
        finds barrier-advance-before-reset barrier_reuse --strategy "$strategy" --schedules 500
done
own_found_by_dfs() {
    cp "$CHIP_BUILD/subjects/own/once_broken" .
    exits 1 chipharness explore --strategy dfs --schedules 500 -- ./once_broken >story ||
        { tail -n 40 story; return 1; }
    exits 1 chipharness replay out/once_broken/1.chsched >again
    grep -Eq '^replay: same verdict \([a-z_]+\), same log$' again || { tail -n 5 again; return 1; }
}
check "dfs finds a bug in a program of one's own" own_found_by_dfs
check "barrier-phase-read-late is found too" \
    finds barrier-phase-read-late barrier_reuse --schedules 500
check "lib/ is silent on $schedules schedules" \
    exits 0 chipharness explore scenarios/barrier_schedules.yaml --schedules "$schedules"
with_script() {
    rm -rf out
    exits 1 chipharness explore scenarios/barrier_late_timeout.yaml --script --schedules 20 \
        --defect barrier-naive-decrement >story || { tail -n 40 story; return 1; }
    ! grep -q "^script:" out/barrier_late_timeout/1.chsched
    exits 1 chipharness replay out/barrier_late_timeout/1.chsched >again
}
check "with --script the scenario's holds stay" with_script

# results OPTION...: what was found, without the time that it took.
results() {
    rm -rf out
    chipharness explore scenarios/barrier_reuse.yaml --defect barrier-phase-read-late \
        --schedules 60 --max-fail 0 "$@" >story
    sed '/wall_s/d' out/barrier_reuse/explore.json
    cat out/barrier_reuse/*.chsched
}
same_results() { [ "$(results "$1")" = "$(results "$2")" ] && [ -n "$(results "$1")" ]; }
check "one worker and three: the same results" same_results -j1 -j3
check "forks of a zygote and a new driver for each schedule: the same results" \
    same_results --jobs=1 --fresh
other_seed() { [ "$(results --seed 1)" != "$(results --seed 2)" ]; }
check "another seed: other results" other_seed

exhausts() {
    exits 0 chipharness explore scenarios/staging_size.yaml --strategy dfs --preemptions "$1" \
        --schedules 5000 >story 2>progress || { cat story; return 1; }
    grep -Eq "$2" story || { cat story; return 1; }
}
check "dfs says that the tree is exhausted within its bound" \
    exhausts 1 '^exhausted [0-9]+ executions with at most 1 preemptions$'
bound_reached() {
    chipharness explore scenarios/barrier_schedules.yaml --strategy dfs --schedules 20 >story
    grep -Fxq "bound reached after 20 executions" story || { cat story; return 1; }
}
check "dfs says when the budget ended it" bound_reached

check "a budget that ends before the first schedule is status 124" \
    exits 124 chipharness explore scenarios/barrier_reuse.yaml --budget 1ms
check "a budget that is used up with nothing found is status 0" \
    exits 0 chipharness explore scenarios/barrier_reuse.yaml --budget 2s
check "what is vacuous in every schedule is status 4" \
    exits 4 chipharness explore scenarios/canary_vacuous.yaml --schedules 5 --script
check_fails "an unknown strategy: the nearest word" "did you mean 'random'" \
    chipharness explore scenarios/barrier_reuse.yaml --strategy randon
check_fails "a budget without a unit" "is not a time" \
    chipharness explore scenarios/barrier_reuse.yaml --budget 60
check_fails "dfs takes no workers" "one tree" \
    chipharness explore scenarios/barrier_reuse.yaml --strategy dfs -j 2

# below PID: all processes that it started, and those started.
below() {
    local child
    for child in $(ps -o pid= --ppid "$1"); do
        echo "$child"
        below "$child"
    done
}
# alive PID...: the first of them that is still there and no zombie.
alive() {
    local pid
    for pid; do
        case $(ps -o stat= -p "$pid") in '' | Z*) ;; *) echo "$pid"; return 0 ;; esac
    done
    return 1
}
found_and_shrunk() {
    exits 1 chipharness explore scenarios/barrier_reuse.yaml --shrink --out shrunk \
        --defect barrier-advance-before-reset >log || return 1
    grep -Eq '^found by schedule [0-9]+' log && grep -Eq 'switches? -> [0-9]+ switch' log &&
        test -s shrunk/barrier_reuse/shrunk.chsched
}
check "--shrink: found, shrunk and written in one go" found_and_shrunk

# What it had started is gone soon after the signal.
killed() {
    local pid all
    "$CHIP_BUILD/chipharness" explore scenarios/barrier_schedules.yaml --budget 60s \
        -j 2 >/dev/null 2>&1 &
    pid=$!
    sleep 1
    all=$(below "$pid")
    [ "$(wc -w <<<"$all")" -ge 6 ] || { echo "only these: $all"; return 1; }
    kill "-$1" "$pid"
    wait "$pid"
    for _ in $(seq 50); do
        # shellcheck disable=SC2086
        alive $all >/dev/null || return 0
        sleep 0.1
    done
    # shellcheck disable=SC2046,SC2086
    ps -o pid,ppid,stat,args -p "$(alive $all)"
    return 1
}
for signal in KILL INT TERM; do
    check "ended by SIG$signal: no process is left" killed "$signal"
done
finish
