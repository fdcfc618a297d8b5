#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# ci/check-symbols.sh [--update]: what the shared libraries export is what the checked-in lists
# say, and the shim needs libc alone. CHIP_BUILD names the build folder (default build),
# CHIP_LISTS the folder with the lists (default the root).
. "$(dirname "$0")/common.sh"
build=${CHIP_BUILD:-$ROOT/build}
lists=${CHIP_LISTS:-$ROOT}
failed=0

check() {
    local library=$1 list=$2 found
    if [ ! -e "$build/$library" ]; then
        echo "$library: not built in $build"
        failed=1
        return
    fi
    found=$(nm -D --defined-only --format=posix "$build/$library" | awk '{print $1}' |
        sed 's/@.*//' | sort -u)
    if [ "$update" = 1 ]; then
        printf '%s\n' "$found" >"$lists/$list"
    elif ! diff -u --label "$list" --label "$library" "$lists/$list" - <<<"$found"; then
        echo "$library exports something else than $list says (if that is right: ci/check-symbols.sh --update)"
        failed=1
    fi
}

update=0
[ "${1-}" != --update ] || update=1
check libchip.so.0 lib/symbols.txt
check inst/libchip.so.0 lib/symbols.txt
check libchipagent.so harness/agent/symbols.txt
check libchipshim.so faults/shim/symbols.txt
check libchiptsan.so harness/tsan/symbols.txt
for library in libchipshim.so libchiptsan.so libchip.so.0; do
    needed=$(objdump -p "$build/$library" | awk '$1 == "NEEDED" {print $2}' |
        grep -vE '^(libc\.so\.6|ld-linux.*)$' || true)
    if [ -n "$needed" ]; then
        echo "$library needs more than libc:" $needed
        failed=1
    fi
done
exit $failed
