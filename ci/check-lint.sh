#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# ci/check-lint.sh [ROOT]: files of at most 700 lines (tests 1000), functions of at most 80, lines
# of at most 100 columns (tables between "clang-format off" and "on" excepted); a licence line on
# top; no leftover words, no machine paths, no banned calls; shell scripts that parse.
. "$(dirname "$0")/common.sh"
[ $# -eq 0 ] || ROOT=$1
cd "$ROOT"
failures=$(mktemp)
trap 'rm -f "$failures"' EXIT
complain() { sed "s|\$|$1|" >>"$failures"; }

sources '*.c' '*.h' | xargs -0 -r awk '
    function file_done(    most) {
        most = file ~ /^tests\// ? 1000 : 700
        if (file != "" && lines > most) printf "%s: %d lines (at most %d)\n", file, lines, most }
    FNR == 1 { file_done(); file = FILENAME
               if ($0 !~ /SPDX-License-Identifier: Apache-2.0/) print FILENAME ":1: no licence line" }
    { lines = FNR }
    /clang-format off/ { table = 1 }
    /clang-format on/ || FNR == 1 { table = 0 }
    length($0) > 100 && !table && $0 !~ /http/ { printf "%s:%d: %d columns (at most 100)\n", FILENAME, FNR, length($0) }
    END { file_done() }' >>"$failures"

sources '*.c' '*.h' | xargs -0 -r ctags -f - --languages=C --langmap=C:.c.h --kinds-C=f --fields=+ne 2>/dev/null |
    awk -F '\t' '
        { start = end = 0
          for (i = 4; i <= NF; i++) { if ($i ~ /^line:/) start = substr($i, 6); if ($i ~ /^end:/) end = substr($i, 5) }
          if (end - start + 1 > 80) printf "%s:%d: %s() has %d lines (at most 80)\n", $2, start, $1, end - start + 1
        }' >>"$failures"

all=('*.c' '*.h' '*.sh' '*.yaml' '*.txt' '*.patch' '*.in' '*.md' '*.bats')
# Written apart, so that this file does not find itself.
sources "${all[@]}" | xargs -0 -r grep -nHE "\b(TO""DO|FIX""ME|XX""X|HA""CK)\b" | complain ': leftover word' || true
sources '*.c' '*.h' | xargs -0 -r grep -nHE '^[[:space:]]*#[[:space:]]*if[[:space:]]+0\b' | complain ': code that is switched out' || true
sources "${all[@]}" | xargs -0 -r grep -nHE "(^|[^A-Za-z0-9_.\$}/-])/(wo""rk|ro""ot|ho""me)/|(^|[^A-Za-z0-9_.\$}/-])/t""mp/" | complain ': path of one machine' || true
sources '*.c' '*.h' | xargs -0 -r grep -nHE '(^|[^A-Za-z0-9_>.])(strcpy|strcat|sprintf|vsprintf|gets|tmpnam|mktemp|strtok)[[:space:]]*\(' |
    complain ': banned call (snprintf, mkstemp, strtok_r)' || true
while IFS= read -r -d '' script; do
    bash -n "$script" 2>>"$failures" || true
    head -n 3 "$script" | grep -q 'SPDX-License-Identifier: Apache-2.0' ||
        echo "$script:1: no licence line" >>"$failures"
done < <(sources '*.sh')

[ ! -s "$failures" ] || { cat "$failures" && exit 1; }
