#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Broken scenarios as a user meets them: for each file of tests/golden/scenario, `check` and `run`
# exit with 2, print exactly the messages of its .expected file, and start nothing. With --update
# the .expected files are written anew from what `check` prints; read the diff.
. "$(dirname "$0")/lib.sh"
corpus=$CHIP_SOURCE/tests/golden/scenario
command=$CHIP_BUILD/chipharness

# messages VERB FILE: what the command says of it, into $SCRATCH/seen; the exit status must be 2,
# the last line must tell the number of errors (it is left out), and nothing goes to stdout.
messages() {
    local status=0 count
    (cd "$corpus" && exec "$command" "$1" "$2") >"$SCRATCH/out" 2>"$SCRATCH/all" </dev/null || status=$?
    [ "$status" = 2 ] || { echo "$1 $2: exit status $status, wanted 2" && return 1; }
    [ ! -s "$SCRATCH/out" ] || { echo "$1 $2: this went to stdout:" && cat "$SCRATCH/out" && return 1; }
    count=$(grep -Ec '^[^ ]*(:[0-9]+:[0-9]+)?: error: ' "$SCRATCH/all")
    tail -n 1 "$SCRATCH/all" | grep -Eqx "chipharness: $count errors?, nothing was run" ||
        { echo "$1 $2: the last line does not say $count" && return 1; }
    sed '$d' "$SCRATCH/all" >"$SCRATCH/seen"
}

same() {
    messages "$1" "$2" && diff -u "$corpus/${2%.yaml}.expected" "$SCRATCH/seen"
}

if [ "${1:-}" = --update ]; then
    for file in "$corpus"/*.yaml; do
        messages check "$(basename "$file")" && cp "$SCRATCH/seen" "${file%.yaml}.expected"
    done
    exit
fi

for file in "$corpus"/*.yaml; do
    name=$(basename "$file")
    check "check $name" same check "$name"
done
check "run says the same as check" same run many_errors.yaml
check_fails "a scenario that is not there" 'there is no such file' "$command" check "$SCRATCH/none.yaml"
mkfifo "$SCRATCH/pipe.yaml"
check_fails "a pipe is refused and not waited for" 'not a regular file' timeout 20 "$command" check "$SCRATCH/pipe.yaml"
check "the schema is printed" bash -c '"$1" schema | grep -q "draft/2020-12/schema"' - "$command"
check "the language has its help" bash -c '"$1" help scenario | grep -q "^faults: "' - "$command"
finish
