#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# ci/run-one.sh RESULTS NAME SECONDS COMMAND...: runs one test, counts what it reports, writes
# RESULTS/NAME.count ("passed failed skipped") and RESULTS/NAME.log, prints one line, and the end
# of the log when something failed. Always exits 0: the counts are the answer.
#
# Counted, first that is found: a last line "N passed, N failed, N skipped"; TAP lines; the exit
# status (0 passed, 77 skipped). On top of what a test reports it fails when it exits with another
# status than its report lets expect, runs longer than SECONDS, or leaves a process or an entry in
# /dev/shm behind. Where the system lets us, a test has a /dev/shm of its own.
. "$(dirname "$0")/common.sh"
results=$1 name=$2 seconds=$3
shift 3
log=$results/$name.log
mkdir -p "$(dirname "$log")"

export CHIP_TEST_MARK="$$.$RANDOM.$name"
export CMOCKA_MESSAGE_OUTPUT=TAP
TMPDIR=$(mktemp -d)
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT

# Run by the shell inside the namespace: the test, then what it left.
inner='
left=$1; seconds=$2; shift 2
[ "$left" = - ] || mount -t tmpfs -o size=75% tmpfs /dev/shm
timeout --kill-after=10 "$seconds" "$@" </dev/null
status=$?
[ "$left" = - ] || ls -A /dev/shm >"$left"
exit $status'

started=$(date +%s.%N)
status=0
left=$results/$name.left
: >"$left"
if own_shm; then
    unshare -m bash -c "$inner" inner "$left" "$seconds" "$@" >"$log" 2>&1 || status=$?
else
    ls -A /dev/shm >"$TMPDIR/shm.before"
    bash -c "$inner" inner - "$seconds" "$@" >"$log" 2>&1 || status=$?
    ls -A /dev/shm | grep -vxFf "$TMPDIR/shm.before" >"$left" || true
fi
took=$(awk -v a="$started" -v b="$(date +%s.%N)" 'BEGIN { printf "%.1f", b - a }')

# Processes whose environment carries our mark: they came from the test and outlived it.
orphans=()
for environ in /proc/[0-9]*/environ; do
    pid=${environ#/proc/}
    pid=${pid%/environ}
    if tr '\0' '\n' <"$environ" 2>/dev/null | grep -qxF "CHIP_TEST_MARK=$CHIP_TEST_MARK"; then
        orphans+=("$pid")
    fi
done 2>/dev/null

passed=0 failed=0 skipped=0
summary=$(grep -Eo '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$log" | tail -n 1 || true)
plan=$(grep -Eo '^1\.\.[0-9]+' "$log" | cut -c4- | awk '{n += $1} END {print n + 0}' || true)
if [ -n "$summary" ]; then
    read -r passed _ failed _ skipped _ <<<"${summary//,/}"
elif grep -Eq '^(not )?ok ' "$log"; then
    # cmocka writes "not ok N # SKIP name" for a test that was skipped.
    skipped=$(grep -Eic '^(not )?ok [0-9]*.*# *skip' "$log" || true)
    passed=$(grep -E '^ok ' "$log" | grep -Eivc '# *skip' || true)
    failed=$(grep -E '^not ok ' "$log" | grep -Eivc '# *skip' || true)
    if [ "$plan" -gt $((passed + failed + skipped)) ]; then
        echo "run-one: $plan tests were planned, $((passed + failed + skipped)) reported" >>"$log"
        failed=$((failed + 1))
    fi
elif [ "$status" = 0 ]; then
    passed=1
elif [ "$status" = 77 ]; then
    skipped=1
else
    failed=1
fi
if [ "$status" = 124 ] || [ "$status" = 137 ]; then
    echo "run-one: stopped after $seconds s" >>"$log"
fi
if [ "$failed" = 0 ] && [ "$status" != 0 ] && [ "$status" != 77 ]; then
    echo "run-one: exit status $status, though no failure was reported" >>"$log"
    failed=1
fi
if [ ${#orphans[@]} -gt 0 ]; then
    echo "run-one: left processes behind:" >>"$log"
    for pid in "${orphans[@]}"; do
        echo "  $pid $(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null)" >>"$log"
        kill -KILL "$pid" 2>/dev/null || true
    done
    failed=$((failed + 1))
fi
if [ -s "$left" ]; then
    { echo "run-one: left in /dev/shm:" && sed 's/^/  /' "$left"; } >>"$log"
    failed=$((failed + 1))
fi
rm -f "$left"
if [ $((passed + failed + skipped)) = 0 ]; then
    echo "run-one: reported no test at all" >>"$log"
    failed=1
fi

echo "$passed $failed $skipped" >"$results/$name.count"
again=$(printf '%q ' "$@")
[ "$1 ${2-}" != 'bash -c' ] || again=${3#exec }
if [ "$failed" = 0 ]; then
    printf 'ok    %-44s %4d passed%s  %ss\n' "$name" "$passed" \
        "$([ "$skipped" = 0 ] || echo ", $skipped skipped")" "$took"
else
    # One write, so that tests that run at the same time do not mix their lines.
    printf 'FAIL  %-44s %4d failed  %ss\n%s\n      again: %s\n' "$name" "$failed" "$took" \
        "$(grep -Ev '^ok ' "$log" | tail -n 40 | sed 's/^/      | /')" "$again"
fi
