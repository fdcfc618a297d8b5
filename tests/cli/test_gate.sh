#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The gate means something: it turns red when any one defect's patch is emptied, when any one
# detector is switched off, when a canary passes; and its files are valid.
. "$(dirname "$0")/lib.sh"
cd "$SCRATCH" || exit 3
cp -r "$CHIP_SOURCE/scenarios" .
gate() { "$CHIP_BUILD/chipharness" gate --out out "$@"; }

# exits STATUS COMMAND...: it ends with just that status.
exits() {
    local want=$1 got=0
    shift
    "$@" || got=$?
    [ "$got" = "$want" ] || { echo "exit status $got, wanted $want"; return 1; }
}

# A harness of links whose defect NAME is the correct library.
emptied() {
    local name=$1 file
    rm -rf "$SCRATCH/emptied"
    mkdir -p "$SCRATCH/emptied/defects/$name"
    cp "$CHIP_BUILD/chipharness" "$SCRATCH/emptied/"
    for file in chipharness-driver libchipagent.so libchipshim.so inst; do
        ln -s "$CHIP_BUILD/$file" "$SCRATCH/emptied/$file"
    done
    for file in "$CHIP_BUILD"/defects/*; do
        [ "$(basename "$file")" = "$name" ] || ln -s "$file" "$SCRATCH/emptied/defects/"
    done
    ln -s "$CHIP_BUILD/inst/libchip.so.0" "$SCRATCH/emptied/defects/$name/libchip.so.0"
}

# Every scenario that claims the defect must miss it.
red_when_emptied() {
    local name=$1 scenario claims=0
    emptied "$name"
    for scenario in $(grep -lE "defect: $name *[,}]" scenarios/*.yaml); do
        claims=$((claims + 1))
        "$SCRATCH/emptied/chipharness" gate --seeds 1 --out out "$scenario" >log 2>&1
        [ $? = 1 ] || [ $? = 4 ] || { cat log; echo "$scenario: not red"; return 1; }
        grep -Eq "^ *[a-z_]* +$name .* (MISSED|VACUOUS)$" log ||
            { cat log; echo "$scenario: $name not missed"; return 1; }
    done
    [ "$claims" -gt 0 ] || { echo "no scenario claims $name"; return 1; }
}
for defect in "$CHIP_BUILD"/defects/*/; do
    name=$(basename "$defect")
    check "red when the patch of $name is emptied" red_when_emptied "$name"
done

for oracle in $("$CHIP_BUILD/chipharness" list oracles | awk '{ print $1 }'); do
    [ "$oracle" = diverged ] && continue
    check_fails "red when the detector $oracle is switched off" \
        "canary_$oracle .*(FAIL|ERROR|VACUOUS)" gate --without "$oracle" "scenarios/canary_$oracle.yaml"
done
check_fails "the detector of divergences is not the gate's" "works in replays" \
    gate --without diverged scenarios

canary_that_passes() {
    mkdir -p tame
    sed 's/0xa5/0x5a/' scenarios/canary_content.yaml >tame/canary_content.yaml
    exits 1 gate tame/canary_content.yaml
}
check "red when a canary passes" canary_that_passes

mkdir -p empty one vacuous
check "nothing selected: 7" exits 7 gate empty
cp scenarios/flush_race.yaml one/
check "a defect that no scenario of the folder claims: red" exits 1 gate one
check "one scenario by its name: green" exits 0 gate one/flush_race.yaml
sed '/^canary/d; s/canary_vacuous/nothing_held/' scenarios/canary_vacuous.yaml >vacuous/nothing_held.yaml
check "a plan that never takes effect: 4" exits 4 gate vacuous/nothing_held.yaml
echo 'chipharness: 1' >vacuous/broken.yaml
check "a broken scenario: 2, and nothing runs" exits 2 gate vacuous/broken.yaml

gate one/flush_race.yaml >/dev/null
check "gate.json is JSON with its schema's name" \
    grep -q '"schema": *"chipharness-gate/1"' out/gate.json
if command -v xmllint >/dev/null; then
    check "junit.xml is well-formed" xmllint --noout out/junit.xml
else
    skip "junit.xml is well-formed" "xmllint is not there"
fi

# The baseline: what was bad there is known, what was good there is new.
baseline() {
    mkdir -p base
    sed 's/^canary.*//; s/canary_order/known_bad/' scenarios/canary_order.yaml >base/known_bad.yaml
    exits 1 gate base/known_bad.yaml >/dev/null || return 1
    cp out/gate.json base.json
    exits 0 gate --baseline base.json base/known_bad.yaml >/dev/null || return 1
    sed 's/known_bad/new_bad/' base/known_bad.yaml >base/new_bad.yaml
    exits 6 gate --baseline base.json base/known_bad.yaml base/new_bad.yaml >/dev/null
}
check "a baseline: known findings pass, a new one is 6" baseline
finish
