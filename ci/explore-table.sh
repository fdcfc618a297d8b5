#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# ci/explore-table.sh [SCENARIO...]: for each defect, how many schedules explore needs to find it
# without a script: median and worst over SEEDS seeds, with each of STRATEGIES. A Markdown table.
# A scenario whose expectations do not hold without its script (lib/ itself then has findings), or
# which does not show the defect without it from the first seed, is explored with it, and marked so.
# A defect not found within MOST schedules is marked "-".
# Exit status 1 if a defect was missed from some seed.
. "$(dirname "$0")/common.sh"
SEEDS=${SEEDS:-20} MOST=${MOST:-1000} SILENT=${SILENT:-200} STRATEGIES=${STRATEGIES:-pct random}
HARNESS=${CHIP_BUILD:-$ROOT/build}/chipharness
[ -x "$HARNESS" ] || die "build first: $HARNESS is missing"
cd "$ROOT"
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
status=0

# explore SCENARIO NAME OPTION...: its exit status; explore.json is in $out/NAME.
explore() {
    local scenario=$1
    shift 2
    "$HARNESS" explore "$scenario" --out="$out" "$@" >"$out/log" 2>&1
}
# field NAME KEY: of the one finding, or of the whole.
field() { sed -n "s/^ *\"$2\": \"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}$/\1/p" "$out/$1/explore.json" | tail -n 1; }
# quantiles: of the numbers on stdin, median and largest.
quantiles() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] " / " v[NR] }'; }

# row SCENARIO NAME DEFECT SCRIPT
row() {
    local scenario=$1 name=$2 defect=$3 script=$4 strategy seed found cells='' verdicts=''
    if [ -z "$script" ] && grep -q '^script:' "$scenario" &&
        explore "$scenario" "$name" --defect="$defect" --schedules="$MOST"; then
        script=--script
    fi
    for strategy in $STRATEGIES; do
        : >"$out/numbers"
        for seed in $(seq "$SEEDS"); do
            explore "$scenario" "$name" --defect="$defect" --strategy="$strategy" --seed="$seed" \
                --schedules="$MOST" ${script:+"$script"} || true
            found=$(field "$name" first_schedule)
            [ -n "$found" ] || { found=$((MOST + 1)); status=1; }
            echo "$found" >>"$out/numbers"
            verdicts+="$(field "$name" verdict) "
        done
        cells+=" | $(quantiles <"$out/numbers" | sed "s/\b$((MOST + 1))\b/-/g")"
    done
    verdicts=$(tr ' ' '\n' <<<"$verdicts" | sed '/^$/d' | sort -u | paste -sd ' ')
    printf '| %s | %s%s | %s%s |\n' "$defect" "$name" "${script:+ (script)}" "$verdicts" "$cells"
}

printf '| defect | scenario | found as |'
for strategy in $STRATEGIES; do printf ' %s, median / worst |' "$strategy"; done
printf '\n| --- | --- | --- |'
for strategy in $STRATEGIES; do printf ' --- |'; done
printf '\n'
[ $# -gt 0 ] || set -- scenarios/*.yaml
for scenario; do
    name=$(sed -n 's/^name: *//p' "$scenario")
    claims=$(sed -n 's/^ *- {defect: \([a-z0-9-]*\),.*/\1/p' "$scenario")
    [ -n "$claims" ] || continue
    script=
    if ! explore "$scenario" "$name" --schedules="$SILENT"; then
        script=--script
        explore "$scenario" "$name" --schedules="$SILENT" --script ||
            echo "$name is not silent on lib/ with its script either" >&2
    fi
    for defect in $claims; do row "$scenario" "$name" "$defect" "$script"; done
done
exit $status
