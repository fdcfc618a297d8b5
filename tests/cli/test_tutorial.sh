#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# scenarios/README.md: every command in it is run, in order, and prints what the page says. A line
# "..." stands for any lines, "..." in a line for any text; lines after "$" that begin with "> "
# belong to the command.
. "$(dirname "$0")/lib.sh"
cd "$SCRATCH" || exit 3
ln -s "$CHIP_SOURCE/lib" "$CHIP_SOURCE/tests" .
export PATH=$CHIP_BUILD:$PATH
page=$CHIP_SOURCE/scenarios/README.md

# pattern LINE: an extended regular expression for a line of the page.
pattern() {
    sed -e 's/[][\.*^$+?(){}|/]/\\&/g' -e 's/\\\.\\\.\\\./.*/g' <<<"$1"
}

# said OUTPUT EXPECTED: the lines of EXPECTED stand in OUTPUT in this order.
said() {
    local line at=1 found
    while IFS= read -r line; do
        [ "$line" != ... ] && [ -n "$line" ] || continue
        found=$(tail -n "+$at" "$1" | grep -nEm1 "^$(pattern "$line")\$" | cut -d: -f1)
        [ -n "$found" ] || { echo "not found: $line"; cat "$1"; return 1; }
        at=$((at + found))
    done <"$2"
}

run_one() {
    local status=0
    bash -c "$1" >output 2>&1 || status=$?
    # 1 where the page says that a bug was found, else 0.
    local want=0
    ! grep -Eq ' [1-9][0-9]* failed' expected || want=1
    [ "$status" = "$want" ] || { echo "exit status $status, wanted $want"; cat output; return 1; }
    said output expected
}

commands=0 command='' in_block=0
: >expected
flush() {
    [ -n "$command" ] || return 0
    commands=$((commands + 1))
    check "$(head -n 1 <<<"$command")" run_one "$command"
    command=''
    : >expected
}
while IFS= read -r line <&3; do
    case $in_block$line in
    '0```console') in_block=1 ;;
    '1```') flush; in_block=0 ;;
    '1$ '*) flush; command=${line#\$ } ;;
    '1> '*) command+=$'\n'${line#> } ;;
    1*) printf '%s\n' "$line" >>expected ;;
    esac
done 3<"$page"
check "the page has commands" test "$commands" -ge 10
finish
