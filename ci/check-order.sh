#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# ci/check-order.sh [ROOT]: every atomic operation with another order than relaxed, and every
# fence, has an ORDER: comment that ends at most six lines above it in the same function (or on its
# line). That comment says "pairs with", and the first NAME() after that exists. An operation
# without an explicit order is sequentially consistent and needs the comment too. __sync_* is not
# used. Unit tests are not looked at, nor programs of the sort that a user brings.
. "$(dirname "$0")/common.sh"
[ $# -eq 0 ] || ROOT=$1
cd "$ROOT"

files=()
while IFS= read -r -d '' file; do files+=("$file"); done < <(sources '*.c' '*.h' | grep -zvE '^tests/(unit|cc|subjects/(own|instrumented))/')
[ ${#files[@]} -gt 0 ] || exit 0

awk '
    function report(line, why) { printf "%s:%d: %s\n", file, line, why; failures++ }

    # Splits line i of the file into code and comment.
    function separate(text,    at, close_at) {
        code = ""; comment = ""
        while (text != "") {
            if (inside) {
                close_at = index(text, "*/")
                if (!close_at) { comment = comment text; return }
                comment = comment substr(text, 1, close_at - 1) " "
                text = substr(text, close_at + 2); inside = 0
            } else {
                if (match(text, /^([^"\/]|"([^"\\]|\\.)*"|\/[^*\/])*\/[*\/]/)) {
                    at = RLENGTH - 1
                    code = code substr(text, 1, at - 1)
                    if (substr(text, at, 2) == "//") { comment = comment substr(text, at + 2); return }
                    text = substr(text, at + 2); inside = 1
                } else { code = code text; return }
            }
        }
    }

    function finish(    i, n, k, statement, partner, rest, name, last) {
        last = 0; partner = ""
        for (i = 1; i <= count; i++) {
            # A comment block: lines that carry comment text without code between them.
            if (comments[i] ~ /ORDER:/) {
                block = ""
                for (k = i; k <= count && comments[k] != ""; k++) {
                    block = block " " comments[k]
                    if (k > i && comments[k] ~ /ORDER:/) break
                    last = k
                    if (codes[k] ~ /[^ \t]/ && k > i) break
                }
                order_text = block; order_line = i
                rest = match(block, /pairs[ \t*]+with/) ? substr(block, RSTART + RLENGTH) : ""
                if (!match(rest, /[A-Za-z_][A-Za-z_0-9]*\(\)/))
                    report(i, "the ORDER comment names no partner (\"pairs with ... NAME()\")")
                else {
                    name = substr(rest, RSTART, RLENGTH - 2)
                    wanted[name] = wanted[name] file ":" i " "
                }
            }
            if (codes[i] ~ /^}/) last = 0 # a comment speaks for its own function
            if (codes[i] ~ /^[ \t]*#[ \t]*define/) continue
            if (codes[i] ~ /__sync_[a-z]/) report(i, "__sync_ builtin: use __atomic with an order")
            if (codes[i] !~ /(^|[^a-zA-Z0-9_])(__atomic_[a-z_]+|atomic_(load|store|exchange|compare_exchange|fetch|thread_fence|signal_fence|flag)[a-z_]*)[ \t]*\(/) continue
            if (codes[i] ~ /__atomic_(always_)?(is_)?lock_free/) continue
            statement = codes[i]
            for (k = i + 1; k <= count && k <= i + 5 && statement !~ /[;{]/; k++) statement = statement codes[k]
            n = gsub(/RELAXED|memory_order_relaxed/, "&", statement)
            if (n > 0 && statement !~ /ACQUIRE|RELEASE|ACQ_REL|SEQ_CST|CONSUME|memory_order_(acq|rel[^a]|seq|con)/) continue
            if (last == 0 || i - last > 6) report(i, "no ORDER comment in the six lines above")
        }
        for (i = 1; i <= count; i++) {
            rest = codes[i]
            while (match(rest, /[a-zA-Z_][a-zA-Z0-9_]*[ \t]*\(/)) {
                name = substr(rest, RSTART, RLENGTH); sub(/[ \t]*\($/, "", name)
                exists[name] = 1
                rest = substr(rest, RSTART + RLENGTH)
            }
        }
    }

    FNR == 1 { if (file != "") finish(); file = FILENAME; count = 0; inside = 0 }
    { count = FNR; separate($0); codes[count] = code; comments[count] = comment
      if (comment == "" && inside) comments[count] = " " }
    END {
        finish()
        for (name in wanted) if (!(name in exists)) {
            printf "%s: the partner %s() does not exist\n", wanted[name], name; failures++
        }
        exit failures > 0
    }' "${files[@]}"
