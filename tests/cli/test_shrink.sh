#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# `shrink`: from schedules that a random walk found to the fewest switches, the order that decides,
# and a scenario with a script. That each switch is needed is asked again in
# tests/unit/test_subject_shrink.c; here a second shrinking must find nothing more to take.
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

# without_script SCENARIO NEW: the file without its script, and with the name NEW.
without_script() {
    sed -e '/^script:/,/^[a-z]/{/^script:/d;/^[ -]/d}' -e "s/^name: .*/name: $2/" \
        "scenarios/$1.yaml" >"$2.yaml"
}

# shrinks SCHEDULE VERDICT LEFT: to LEFT switches; the result repeats the verdict, and is minimal.
shrinks() {
    local file=$1 verdict=$2 left=$3 folder
    folder=$(dirname "$file")
    exits 1 chipharness shrink "$file" >story || { tail -n 40 story; return 1; }
    grep -Eq "^[0-9]+ switch(es)? -> $left switch(es)? in [0-9]+ runs" story || { tail story; return 1; }
    grep -Eq "^FAIL .*: $verdict\$" story || { cat story; return 1; }
    grep -q "^  without the defect the same switches come to: pass\$" story || { tail story; return 1; }
    [ "$left" = 0 ] || grep -q "^  without any one of them it is not there" story || return 1
    exits 1 chipharness replay "$folder/shrunk.chsched" >again || { tail -n 40 again; return 1; }
    grep -Fxq "replay: same verdict ($verdict), same log" again || { tail again; return 1; }
    exits 1 chipharness shrink "$folder/shrunk.chsched" -o "$folder/twice.chsched" >more || return 1
    grep -Eq "^$left switch(es)? -> $left switch" more || { tail more; return 1; }
}
proves() {
    grep -Eq '^  A  .* lib/src/[a-z_]+\.c:[0-9]+' story && grep -Eq '^  B  .* lib/src/[a-z_]+\.c:[0-9]+' story &&
        grep -q '^  A before B fails 20/20, B before A passes 20/20' story || { tail -n 20 story; return 1; }
}
# scripted SCENARIO DEFECT VERDICT: a scenario that has it with every seed, and lib/ has not.
scripted() {
    grep -Fq "{defect: $2, verdict: $3}" "$1" && chipharness check "$1" &&
        chipharness gate "$1" --out gated
}

chipharness explore scenarios/barrier_reuse.yaml --defect barrier-advance-before-reset --out one >/dev/null 2>&1
check "a finding of explore (3 ranks): few switches" shrinks one/barrier_reuse/1.chsched hang '[1-5]'
check "two events, and both their orders" proves
check "a script that makes it happen" \
    scripted one/barrier_reuse/shrunk.yaml barrier-advance-before-reset hang

chipharness explore scenarios/barrier_reuse.yaml --defect barrier-phase-read-late --out two >/dev/null 2>&1
check "another: one switch" shrinks two/barrier_reuse/1.chsched hang 1
check "its two events" proves
check "its script" scripted two/barrier_reuse/shrunk.yaml barrier-phase-read-late hang

without_script flush_race flush
chipharness run flush.yaml --variant size=64MiB --seed 3 --defect task-done-before-flush --out three >/dev/null
check "an order that every schedule has: no switch, and the smallest buffer" \
    shrinks three/flush/1.chsched order 0
says_no_switch() {
    grep -q '^  it needs no switch' story && grep -q ', now with size=64$' story
}
check "and that is said" says_no_switch
check "its scenario needs no script" scripted three/flush/shrunk.yaml task-done-before-flush order

# The same defect seen as bytes only: the parent looks while they are on their way.
sed -e '/^  - order:/,/^  - content/{/^  - content/!d}' -e '/^  - check:/d' \
    -e 's/^name: .*/name: bytes/' flush.yaml >bytes.yaml
for seed in $(seq 20); do
    chipharness run bytes.yaml --variant size=64MiB --seed "$seed" --defect task-done-before-flush \
        --out four >/dev/null
    [ -e four/bytes/1.chsched ] && break
done
check "the bytes of a buffer" shrinks four/bytes/1.chsched content 0
check "its scenario" scripted four/bytes/shrunk.yaml task-done-before-flush content

# A program of one's own that fails without any switch, while other schedules pass.
cp "$CHIP_BUILD/subjects/own/holder_broken" "$CHIP_BUILD/subjects/own/once_broken" .
chipharness explore --out five -- ./holder_broken >/dev/null 2>&1
passes() {
    exits 1 chipharness shrink five/holder_broken/1.chsched >story || { tail story; return 1; }
    grep -q -- '-> 0 switches in' story && grep -Eq '^  it takes [0-9]+ switch(es)? to pass:' story &&
        grep -q '^  A before B fails 20/20, B before A passes 20/20' story || { tail story; return 1; }
}
check "no switch: what makes it pass, and both orders" passes
chipharness explore --out six -- ./once_broken >/dev/null 2>&1
own() {
    exits 1 chipharness shrink six/once_broken/1.chsched >story || { tail story; return 1; }
    grep -q -- '-> 1 switch in' story && grep -q '^  without any one of them' story &&
        grep -q '^  A before B fails 20/20, B before A passes 20/20' story || { tail story; return 1; }
    exits 1 chipharness replay six/once_broken/shrunk.chsched >/dev/null
}
check "a program of one's own: one switch" own

schedule=four/bytes/1.chsched
named() {
    exits 1 chipharness shrink "$schedule" -o here/small_one.chsched --budget 30s >/dev/null &&
        chipharness check here/small_one.yaml && grep -qx 'name: small_one' here/small_one.yaml &&
        [ -s here/small_one.chsched ]
}
check "-o names both files" named
same_twice() {
    chipharness shrink "$schedule" -o a/s.chsched >one.txt
    chipharness shrink "$schedule" -o a/t.chsched >two.txt
    diff a/s.chsched a/t.chsched
}
check "the same schedule shrinks to the same" same_twice

chipharness run scenarios/flush_race.yaml --variant size=64 --seed 1 --log --out fine >/dev/null
check_fails "a run without a finding: refused" 'no finding any more' \
    chipharness shrink fine/flush_race/1.chsched
check_fails "no such time" 'not a time' chipharness shrink "$schedule" --budget 3parsecs
check_fails "no file" 'cannot read' chipharness shrink nothing.chsched
check_fails "no word" 'one FILE.chsched' chipharness shrink
finish
