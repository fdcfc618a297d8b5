#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Programs of the user's own: `exec`, and scenarios with command and library. Each program of
# tests/subjects/own with a bug is caught and its replay is the same run; each twin without the bug
# is silent on CHIP_OWN_SEEDS schedules (default 100).
. "$(dirname "$0")/lib.sh"
cd "$SCRATCH" || exit 3
cp "$CHIP_BUILD"/subjects/own/* .
chipharness() { "$CHIP_BUILD/chipharness" "$@"; }
seeds=${CHIP_OWN_SEEDS:-100}

# exits STATUS COMMAND...
exits() {
    local want=$1 got=0
    shift
    "$@" || got=$?
    [ "$got" = "$want" ] || { echo "exit status $got, wanted $want"; return 1; }
}

# caught PROGRAM VERDICT [SEEDS]: within the seeds, with this verdict, and replayed to the same log.
caught() {
    exits 1 chipharness exec --seeds "${3:-$seeds}" -- "./$1" >story || { tail -n 40 story; return 1; }
    grep -Eq "^FAIL $1 seed [0-9]+: $2\$" story || { cat story; return 1; }
    exits 1 chipharness replay "out/$1/1.chsched" >again || { tail -n 40 again; return 1; }
    grep -Fxq "replay: same verdict ($2), same log" again || { cat again; return 1; }
}
silent() {
    [ "$(chipharness exec --seeds "$seeds" -- "./$1" | tail -n 1)" = "$seeds passed, 0 failed, 0 skipped" ]
}
while read -r name verdict; do
    [ -e "./$name" ] || { skip "$name" "there was no C++ compiler"; continue; }
    check "$name: the bug is found, $verdict" caught "${name}_broken" "$verdict"
    check "$name: without it $seeds schedules are silent" silent "$name"
done <<'PROGRAMS'
ring exit
aba crash
once crash
dekker crash
torn exit
producers exit
barrier_retry crash
wakeup hang
holder hang
comm_rounds hang
PROGRAMS

# The same sources, compiled by `chipharness cc` and without their marks: every access to the shared
# memory is a point instead. (Not holder: it keeps process numbers there, and a log records what was
# read.)
wrapped() {
    chipharness cc -O2 -I "$CHIP_SOURCE" -I "$CHIP_SOURCE/lib/include" -o "cc_$1" \
        "$CHIP_SOURCE/tests/subjects/own/$1.c" "${@:2}"
}
if command -v cc >/dev/null; then
    while read -r name verdict; do
        if [ "$name" = ring ]; then
            wrapped ring_broken
        else
            wrapped "$name" -DBROKEN && mv "cc_$name" "cc_${name}_broken"
        fi
        wrapped "$name"
        check "$name, each access a point: the bug is found, $verdict" \
            caught "cc_${name}_broken" "$verdict" 400
        check "$name, each access a point: without it silent" silent "cc_$name"
    done <<'PROGRAMS'
ring exit
once crash
dekker crash
torn exit
producers exit
barrier_retry crash
wakeup hang
PROGRAMS
else
    skip "programs compiled by the wrapper" "no C compiler"
fi

chipharness exec -- ./dekker_broken >story
check "a failed assert() is told with its place and its text" \
    bash -c 'grep -Eq "SIGABRT .*dekker[.]c:[0-9]+" story && grep -q "^| .*Assertion" story'
chipharness exec -- ./ring_broken >story
for file in result.json junit.xml 1.chsched 1.log; do
    check "out/ring_broken/$file" test -s "out/ring_broken/$file"
done
check "what a failing program printed stands behind the story" \
    bash -c 'sed -n "/^it printed:/,\$p" story | grep -Eq "^\| number [0-9]+ arrived as [0-9]+"'
check "the children are rank 0, 1, ... in the order in which they were forked" \
    grep -Eq 'parent +\| rank 0' story
check "a program that passes prints nothing" \
    bash -c '[ "$('"$CHIP_BUILD"'/chipharness exec --seeds 3 -- echo hello)" = "3 passed, 0 failed, 0 skipped" ]'

same_logs() {
    local i
    for i in 1 2 3 4 5; do
        chipharness exec --keep-going --seeds 20 --out "log$i" -- "./$1" >/dev/null
        diff -r -x '*.json' -x '*.xml' log1 "log$i" || return 1
    done
    [ -e "log1/$1/1.log" ] && rm -rf log?
}
check "the same seeds give the same logs" same_logs aba_broken
check "also where the program hangs" same_logs wakeup_broken

check "exit status 3 is a finding" exits 1 chipharness exec --seeds 1 -- sh -c 'exit 3'
check "so is a signal" exits 1 chipharness exec --seeds 1 -- sh -c 'kill -SEGV $$'
check "an exec goes on as the same actor" exits 1 chipharness exec -- env A=1 ./ring_broken
chipharness exec -- env A=1 sh -c 'exec ./ring_broken' >story
check "and its stacks are those of the new program" \
    grep -Eq "ring_broken[.]c:[0-9]+" story
check "children that exec are followed" \
    exits 0 chipharness exec --seeds 20 -- sh -c './ring & ./torn & wait'
check "a program that sleeps for an hour takes no time" \
    timeout 20 "$CHIP_BUILD/chipharness" exec --time-limit 2h --seeds 5 -- sleep 3600
check "beyond the time limit it hangs" exits 1 chipharness exec --time-limit 59min --seeds 1 -- sleep 3600
check "its replay knows the time limit" exits 1 chipharness replay out/sleep/1.chsched
check "arguments that look like YAML or parameters arrive as they are" \
    exits 0 chipharness exec --seeds 1 -- sh -c '[ "$1" = "\${x}: \"#" ]' sh '${x}: "#'
check_fails "no program" "which program" chipharness exec
check_fails "a program that is not there" "no program 'nosuch'" chipharness exec -- nosuch
check "is bad usage" exits 2 chipharness exec -- ./nosuch
check "so is a wrong time limit" exits 2 chipharness exec --time-limit 3x -- ./ring
check "and a limit that is no duration" exits 2 chipharness exec --time-limit -- -- ./ring
check "and --seed with --seeds" exits 2 chipharness exec --seed 1 --seeds 2 -- ./ring

cat >small.c <<'PROGRAM'
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "leak") == 0)
        return shm_open("/left", O_CREAT | O_RDWR, 0600) < 0;
    if (strcmp(what, "spin") == 0)
        for (;;) {
        }
    return 0;
}
PROGRAM
if command -v cc >/dev/null && cc -o small small.c -lrt && cc -static -o fixed small.c; then
    chipharness exec --seeds 1 -- ./small leak >story
    check "a segment that is left is a finding" grep -q '^FAIL small seed 1: leak' story
    check "and is gone" bash -c '! ls /dev/shm | grep -q left'
    check "a program that is linked statically is out of reach: 3" \
        exits 3 chipharness exec --seeds 1 -- ./fixed
    check_fails "and said to be" "ended before it was under control" chipharness exec --seeds 1 -- ./fixed
    cat >spin.yaml <<'SCENARIO'
chipharness: 1
name: spin
about: runs for ever without a point
ranks: 0
watchdog: 300ms
command: [./small, spin]
SCENARIO
    check "a program that reaches no point is outside control: 3" exits 3 chipharness run spin.yaml
else
    skip "small programs" "no C compiler"
fi

cat >dekker.yaml <<'SCENARIO'
chipharness: 1
name: dekker
about: both are past the look before either raises its flag, and one stays in the section
ranks: 2
seeds: 5
command: [./dekker_broken]
script:
  - hold: {actor: rank 0, before: mark, where: {id: 1}, until: {actor: rank 1, passed: mark, where: {id: 1}}}
  - hold: {actor: rank 1, before: mark, where: {id: 2}, until: {actor: rank 0, passed: mark, where: {id: 2}}}
SCENARIO
check "command: a script makes it fail with every seed" \
    bash -c '[ "$('"$CHIP_BUILD"'/chipharness run dekker.yaml | tail -n 1)" = "0 passed, 5 failed, 0 skipped" ]'
chipharness run dekker.yaml --seed 1 >story
check "the replay file names the scenario" grep -Fxq 'scenario: dekker.yaml' out/dekker/1.chsched
check "and is replayed" exits 1 chipharness replay out/dekker/1.chsched
sed -i -e 's/_broken//' -e '/where: {id: 2}/d' dekker.yaml
check "command: the twin holds against the script" exits 0 chipharness run dekker.yaml

cat >exit.yaml <<'SCENARIO'
chipharness: 1
name: exit
about: an exit status that is expected
ranks: 1
command: [sh, -c, "(exit 4) & wait $!; exit $?"]
expect:
  - exit: {actor: rank 0, status: 4}
  - exit: {actor: parent, status: 4}
  - never: {actor: any, point: mark}
SCENARIO
check "command: an exit status that is expected is none to report" exits 0 chipharness run exit.yaml
sed -i -e '/actor: parent/d' exit.yaml
check "command: one that is not, is" exits 1 chipharness run exit.yaml

if [ -e comm_workload.so ]; then
    cat >work.yaml <<'SCENARIO'
chipharness: 1
name: work
about: three rounds of an own barrier
ranks: 3
seeds: 20
library: comm_workload.so
expect:
  - reached: {actor: any, point: barrier.arrive, times: 9}
  - order: {first: {actor: any, point: barrier.reset}, then: {actor: any, point: barrier.leave}}
SCENARIO
    check "library: passes, and its points can be expected" exits 0 chipharness run work.yaml
    sed -e 's/comm_workload/&_broken/' -e '/^expect/,$d' work.yaml >broken.yaml
    sed -i -e 's/name: work/name: broken/' broken.yaml
    chipharness run broken.yaml >story
    check "library: the broken one hangs" grep -Eq '^FAIL broken seed [0-9]+: hang' story
    check "library: and is replayed" exits 1 chipharness replay out/broken/1.chsched
    sed -e 's/ranks: 3/ranks: 4/' -e '/^expect/,$d' work.yaml >four.yaml
    sed -i -e 's/name: work/name: four/' four.yaml
    check "library: a rank that returns another number than 0 is a finding" \
        exits 1 chipharness run four.yaml --seed 1
    sed -e 's/comm_workload/nosuch/' work.yaml >none.yaml && sed -i -e 's/name: work/name: none/' none.yaml
    check_fails "library: one that is not there is named" "nosuch.so: No such file" \
        chipharness run none.yaml --seed 1
else
    skip "library" "there was no C++ compiler"
fi
finish
