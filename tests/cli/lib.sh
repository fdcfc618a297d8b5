# SPDX-License-Identifier: Apache-2.0
#
# Sourced by the tests of the command. A test says check NAME COMMAND... for each thing that must
# hold and finish at the end; what is printed is TAP. CHIP_BUILD is the build folder, CHIP_SOURCE
# the root; both are found when a test is run by hand. SCRATCH is an empty folder, removed later.
set -uo pipefail
CHIP_SOURCE=${CHIP_SOURCE:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
CHIP_BUILD=${CHIP_BUILD:-$CHIP_SOURCE/build}
export CHIP_SOURCE CHIP_BUILD
SCRATCH=$(mktemp -d)
trap 'rm -rf "$SCRATCH"' EXIT
test_count=0
test_failed=0

# check NAME COMMAND...: the command must succeed. Its output is shown when it does not.
check() {
    local name=$1 output status=0
    shift
    test_count=$((test_count + 1))
    output=$("$@" 2>&1 </dev/null) || status=$?
    if [ "$status" = 0 ]; then
        printf 'ok %d - %s\n' "$test_count" "$name"
    else
        printf 'not ok %d - %s\n' "$test_count" "$name"
        printf '# status %s from:%s\n' "$status" "$(printf ' %q' "$@")"
        tail -n 30 <<<"$output" | sed 's/^/# /'
        test_failed=$((test_failed + 1))
    fi
}

# check_fails NAME PATTERN COMMAND...: the command must fail and say PATTERN (a grep -E pattern).
check_fails() {
    local name=$1 pattern=$2 output status=0
    shift 2
    test_count=$((test_count + 1))
    output=$("$@" 2>&1 </dev/null) || status=$?
    if [ "$status" != 0 ] && grep -Eq -- "$pattern" <<<"$output"; then
        printf 'ok %d - %s\n' "$test_count" "$name"
    else
        printf 'not ok %d - %s\n' "$test_count" "$name"
        printf '# status %d, wanted a failure that says /%s/, from:%s\n' "$status" "$pattern" \
            "$(printf ' %q' "$@")"
        tail -n 30 <<<"$output" | sed 's/^/# /'
        test_failed=$((test_failed + 1))
    fi
}

# skip NAME REASON
skip() {
    test_count=$((test_count + 1))
    printf 'ok %d - %s # SKIP %s\n' "$test_count" "$1" "$2"
}

finish() {
    printf '1..%d\n' "$test_count"
    exit $((test_failed > 0))
}
