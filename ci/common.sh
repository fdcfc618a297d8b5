# SPDX-License-Identifier: Apache-2.0
# Sourced by the scripts beside it: strict mode, the root of the project, one build recipe.
set -euo pipefail
export LC_ALL=C CMAKE_NO_VERBOSE=1
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
JOBS=$(nproc)

# Whether a test can be given a /dev/shm of its own (needs the right to mount).
own_shm() { unshare -m mount -t tmpfs tmpfs /dev/shm 2>/dev/null; }

say() { printf '== %s\n' "$*"; }
die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 3
}

# build_tree DIR [cmake option...]: configures if needed and builds, quietly unless it fails.
# CC chooses the compiler of a new folder.
build_tree() {
    local dir=$1 log
    shift
    mkdir -p "$dir"
    log=$dir/build.log
    local generator=()
    if [ ! -e "$dir/CMakeCache.txt" ] && command -v ninja >/dev/null; then
        generator=(-G Ninja)
    fi
    if ! { cmake -S "$ROOT" -B "$dir" "${generator[@]}" "$@" &&
        cmake --build "$dir" -j "$JOBS"; } >"$log" 2>&1 </dev/null; then
        grep -v '^\[[0-9]*/[0-9]*\] \(Building\|Linking\|Creating\)' "$log" | tail -n 80 >&2
        printf 'build failed in %s (whole log: %s)\n' "$dir" "$log" >&2
        return 1
    fi
}

# sources [PATTERN...]: the project's own files under ROOT, sorted, NUL-separated.
sources() {
    local args=(-name "$1")
    shift
    for pattern in "$@"; do args+=(-o -name "$pattern"); done
    (cd "$ROOT" && { find lib harness faults reports tests scenarios ci .ci ./*.md CMakeLists.txt \
        -type f \( "${args[@]}" \) -print0 2>/dev/null || true; }) | sed -z 's|^\./||' | sort -z
}

# The files that the fuzzer starts from: every scenario, good or broken, and every schedule.
fuzz_corpus() {
    find "$ROOT/scenarios" "$ROOT/tests/golden" -name '*.yaml' -o -name '*.chsched' 2>/dev/null | sort
}

# summary RESULTS: the sum of all counts under it as the one line that everybody reads; fails
# when something failed or nothing ran.
summary() {
    find "$1" -name '*.count' -exec cat {} + | awk '
        { passed += $1; failed += $2; skipped += $3 }
        END {
            printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
            exit (failed > 0 || passed == 0) ? 1 : 0
        }'
}
