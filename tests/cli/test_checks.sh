#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The checks catch what they are there for: each is run on a copy of the tree in which one thing
# was broken. That they pass on the tree itself is the business of ci/test.sh.
. "$(dirname "$0")/lib.sh"
tree=$SCRATCH/tree

# A small tree of the project's shape in which every check passes.
fresh() {
    rm -rf "$tree"
    mkdir -p "$tree"/{ci,lib/src,lib/include/chip,harness/agent,faults/shim,faults/defects,reports,scenarios,tests/unit,tests/bench}
    cp "$CHIP_SOURCE"/ci/*.sh "$tree/ci/"
    cp "$CHIP_SOURCE/.clang-format" "$tree/"
    printf '/* SPDX-License-Identifier: Apache-2.0 */\nint one(void);\n' >"$tree/lib/include/chip/one.h"
    cat >"$tree/lib/src/one.c" <<'C'
/* SPDX-License-Identifier: Apache-2.0 */
#include <chip/one.h>

static int word;

int one(void) {
    /* ORDER: acquire; pairs with two(). Shows what was done before. */
    return __atomic_load_n(&word, __ATOMIC_ACQUIRE);
}

void two(void) {
    __atomic_store_n(&word, 0, __ATOMIC_RELAXED);
    /* ORDER: release; pairs with one(). Publishes what was done before. */
    __atomic_store_n(&word, 1, __ATOMIC_RELEASE);
}
C
    printf '/* SPDX-License-Identifier: Apache-2.0 */\n#include <chip/one.h>\n' >"$tree/harness/agent/a.c"
    cp "$tree/harness/agent/a.c" "$tree/tests/unit/test_a.c"
    cp "$tree/harness/agent/a.c" "$tree/tests/bench/a.c"
    printf 'Defect: late\nPuts back: a\nSource: b\nBreaks: c\n\n--- a/lib/src/one.c\n+++ b/lib/src/one.c\n@@ -1 +1 @@\n-a\n+b\n' \
        >"$tree/faults/defects/late.patch"
    printf 'catches:\n  - {defect: late, verdict: order}\n' >"$tree/scenarios/late.yaml"
}

# add FILE TEXT: a line more, at the end.
add() { printf '%s\n' "$2" >>"$tree/$1"; }
run() { bash "$tree/ci/check-$1.sh"; }

for name in format includes order lint defects; do
    fresh
    check "$name passes on a tree that is right" run $name
done

fresh && add lib/src/one.c 'int   x  ;'
check_fails "format: bad spacing" 'one.c: not formatted' run format

includes() {
    fresh && add "$1" "#include $2"
    check_fails "includes: $1 does not include $2" "$1" run includes
}
includes lib/src/one.c '"harness/scenario/scenario.h"'
includes lib/include/chip/one.h '"reports/report.h"'
includes harness/agent/a.c '"tests/unit/help.h"'
includes harness/agent/a.c '"lib/src/internal.h"'
includes tests/bench/a.c '"lib/src/internal.h"'
includes harness/agent/a.c '"../agent/a.h"'
includes harness/agent/a.c '"a.h"'
includes harness/agent/a.c '"harness/scenario/scenario.h"'
fresh && printf '#include <chip/worker.h>\n' >"$tree/reports/r.c"
check_fails "includes: reports does not know the worker" 'reports/r.c:1' run includes
fresh && printf '#include <chip/worker.h>\n' >"$tree/faults/shim/s.c"
check_fails "includes: faults does not know the worker" 'faults/shim/s.c:1' run includes
fresh && printf '#include "chip/one.h"\n' >"$tree/harness/agent/b.c"
check_fails "includes: public headers in angle brackets" 'harness/agent/b.c:1' run includes

order() {
    fresh && printf '%s\n' "$3" >>"$tree/lib/src/one.c"
    check_fails "order: $1" "$2" run order
}
order "an acquire without comment" 'one.c:17: no ORDER' \
    $'\nint three(int *p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }'
order "a C11 store without order" 'one.c:17: no ORDER' $'\nvoid three(void) { atomic_store(&word, 1); }'
order "a fence without comment" 'one.c:17: no ORDER' $'\nvoid three(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }'
order "an order on the next line" 'one.c:17: no ORDER' \
    $'\nint three(int *p) { return __atomic_fetch_add(p, 1,\n    __ATOMIC_ACQ_REL); }'
order "a comment too far away" 'one.c:24: no ORDER' \
    $'/* ORDER: release; pairs with one(). */\n\n\n\n\n\n\n\nvoid three(int *p) { __atomic_store_n(p, 1, __ATOMIC_RELEASE); }'
order "a partner that does not exist" 'partner nobody\(\) does not exist' \
    $'/* ORDER: release; pairs with nobody(). */\nvoid three(int *p) { __atomic_store_n(p, 1, __ATOMIC_RELEASE); }'
order "no partner" 'names no partner' \
    $'/* ORDER: release; for safety. */\nvoid three(int *p) { __atomic_store_n(p, 1, __ATOMIC_RELEASE); }'
order "the old builtins" '__sync_' 'int three(int *p) { return __sync_fetch_and_add(p, 1); }'

lint() {
    fresh && printf '%s\n' "$3" >>"$tree/lib/src/one.c"
    check_fails "lint: $1" "$2" run lint
}
lint "a leftover word" 'leftover word' "/* TO""DO: more */"
lint "switched-out code" 'switched out' $'#if 0\nint x;\n#endif'
lint "a path of one machine" 'path of one machine' "char p[] = \"/t""mp/x\";"
lint "a banned call" 'banned call' 'void f(char *a, char *b) { strcpy(a, b); }'
lint "a long function" 'f\(\) has 90 lines' "$(
    echo 'void f(void) {'
    for _ in $(seq 88); do echo '    one();'; done
    echo '}'
)"
lint "a long file" '7[0-9][0-9] lines' "$(for _ in $(seq 700); do echo; done; echo x)"
lint "a long line" '119 columns' "$(printf '/*%117s' x)"
fresh && sed -i 1d "$tree/lib/src/one.c"
check_fails "lint: no licence line" 'one.c:1: no licence' run lint
fresh && printf '# SPDX-License-Identifier: Apache-2.0\nif\n' >"$tree/ci/broken.sh"
check_fails "lint: a script that does not parse" 'broken.sh' run lint

for field in Defect 'Puts back' Source Breaks; do
    fresh && sed -i "/^$field:/d" "$tree/faults/defects/late.patch"
    check_fails "defects: no $field" "header has no \"$field" run defects
done
fresh && sed -i 's/^Defect: late/Defect: early/' "$tree/faults/defects/late.patch"
check_fails "defects: another name than the file" 'does not say late' run defects
fresh && sed -i 's|lib/src|harness|' "$tree/faults/defects/late.patch"
check_fails "defects: a patch outside lib" 'touches something else' run defects
fresh && sed -i 's/late/other/' "$tree/scenarios/late.yaml"
check_fails "defects: one that no scenario claims" 'no scenario claims' run defects
fresh && rm "$tree/faults/defects/late.patch"
check_fails "defects: none at all" 'there is no patch' run defects

# The symbol lists: a list with one name more, and one with one name less.
symbols() { CHIP_LISTS=$1 bash "$CHIP_SOURCE/ci/check-symbols.sh"; }
lists() {
    rm -rf "$SCRATCH/lists"
    mkdir -p "$SCRATCH/lists"/{lib,harness/agent,harness/tsan,faults/shim}
    for list in lib harness/agent harness/tsan faults/shim; do
        cp "$CHIP_SOURCE/$list/symbols.txt" "$SCRATCH/lists/$list/"
    done
}
lists
check "symbols passes on the lists as they are" symbols "$SCRATCH/lists"
for list in lib harness/agent harness/tsan faults/shim; do
    lists && echo zzz_more >>"$SCRATCH/lists/$list/symbols.txt"
    check_fails "symbols: $list exports less than listed" '^-zzz_more' symbols "$SCRATCH/lists"
    lists && sed -i 1d "$SCRATCH/lists/$list/symbols.txt"
    check_fails "symbols: $list exports more than listed" '^\+[a-z_]' symbols "$SCRATCH/lists"
done
finish
