#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# ci/check-defects.sh [ROOT]: each faults/defects/NAME.patch says what it is (Defect, Puts back,
# Source, Breaks), touches lib/ and nothing else, and is claimed by a scenario. That it applies and
# changes code is the build's affair.
. "$(dirname "$0")/common.sh"
[ $# -eq 0 ] || ROOT=$1
cd "$ROOT"
failed=0
complain() {
    echo "$1"
    failed=1
}

count=0
for patch in faults/defects/*.patch; do
    [ -e "$patch" ] || break
    count=$((count + 1))
    name=$(basename "$patch" .patch)
    header=$(sed '/^--- /,$d' "$patch")
    for field in Defect 'Puts back' Source Breaks; do
        grep -Eq "^$field: .*[^[:space:]]" <<<"$header" || complain "$patch: its header has no \"$field: ...\""
    done
    grep -qxF "Defect: $name" <<<"$header" || complain "$patch: \"Defect:\" does not say $name"
    [[ $name =~ ^[a-z0-9]+(-[a-z0-9]+)*$ ]] || complain "$patch: names are lower case words with dashes"
    grep -E '^(---|\+\+\+) ' "$patch" | grep -Evq '^(---|\+\+\+) [ab]/lib/(src|include)/' &&
        complain "$patch: touches something else than lib/src and lib/include"
    grep -Eqs "defect: *$name *(\}|,|#|\$)" scenarios/*.yaml ||
        complain "$patch: no scenario claims to catch $name"
done
[ "$count" -gt 0 ] || complain "faults/defects: there is no patch"
exit $failed
