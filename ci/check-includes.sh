#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# ci/check-includes.sh [ROOT]: arrows between the folders go one way.
#   lib/include  <chip/...>
#   lib/src      <chip/...>, siblings
#   faults       <chip/contract.h>, <chip/points.h>, faults/
#   reports      <chip/contract.h>, <chip/points.h>, <chip/error.h>, reports/
#   harness      <chip/...>, harness/, reports/, faults/; what runs inside the subject (agent,
#                control) neither the scenario language nor the reports
#   tests        <chip/...>, tests/, harness/, reports/; unit tests also the internals of lib
# The project's own headers are included as <chip/x.h>, by path from the root, or, in lib/src,
# reports and tests/unit, by the name of a sibling.
. "$(dirname "$0")/common.sh"
[ $# -eq 0 ] || ROOT=$1
cd "$ROOT"

find lib harness faults reports tests -name '*.[ch]' -print0 2>/dev/null | sort -z |
    xargs -0 -r grep -HnE '^[[:space:]]*#[[:space:]]*include' |
    awk '
        function bad(why) { printf "%s:%s: includes %s: %s\n", file, line, name, why; failures++ }
        function under(prefix) { return index(name, prefix) == 1 }
        {
            split($0, part, ":"); file = part[1]; line = part[2]
            text = substr($0, length(file) + length(line) + 3)
            if (!match(text, /[<"][^>"]*[>"]/)) { name = text; bad("no file name"); next }
            angle = substr(text, RSTART, 1) == "<"
            name = substr(text, RSTART + 1, RLENGTH - 2)
            if (name ~ /\.\.\//) { bad("say it by path from the root"); next }
            if (under("chip/")) {
                if (!angle) bad("public headers are <chip/...>")
                if (file ~ /^faults\// && name !~ /^chip\/(contract|points)\.h$/)
                    bad("faults knows the contract and the points, nothing else of lib")
                if (file ~ /^reports\// && name !~ /^chip\/(contract|points|error)\.h$/)
                    bad("reports knows the contract, the points and the errors, nothing else of lib")
                next
            }
            if (angle) next
            if (name !~ /\//) {
                if (file !~ /^(lib\/src|reports|tests\/unit)\//) bad("say it by path from the root")
                next
            }
            if (file ~ /^lib\//) bad("lib includes only lib")
            else if (file ~ /^faults\// && !under("faults/")) bad("faults includes only faults")
            else if (file ~ /^reports\// && !under("reports/")) bad("reports includes only reports")
            else if (file ~ /^harness\/(agent|control)\// && (under("reports/") || under("harness/scenario/") || under("harness/run/") || under("harness/cmd/") || under("harness/driver/")))
                bad("what runs inside the subject stays small")
            else if (file ~ /^harness\// && (under("tests/") || under("lib/"))) bad("harness includes the public headers of lib, and no test")
            else if (file ~ /^tests\// && file !~ /^tests\/unit\// && under("lib/")) bad("only unit tests look inside lib")
        }
        END { exit failures > 0 }'
