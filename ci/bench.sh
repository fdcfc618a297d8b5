#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# ci/bench.sh [--strict] [--rounds=N] [--references]: builds, then prints the runtime's speed as
# ratios against references measured in the same run. Exit status 0; 1 with --strict when a target
# was missed; 3 when something could not be measured.
. "$(dirname "$0")/common.sh"
bash "$ROOT/ci/install-deps.sh"
build_tree "$ROOT/build" || exit 3
exec "$ROOT/build/bench/chip-bench" "$@"
