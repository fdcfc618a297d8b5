#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# ci/run.sh [SCENARIO] [OPTION...]: installs what is missing, builds, runs one scenario (default
# scenarios/flush_race.yaml). Exit status is chipharness's own; 3 when there was no build to run.
. "$(dirname "$0")/common.sh"
scenario=${1:-scenarios/flush_race.yaml}
[ $# -eq 0 ] || shift

bash "$ROOT/ci/install-deps.sh"
say "building"
build_tree "$ROOT/build" || exit 3
cd "$ROOT"
say "build/chipharness run $scenario $*"
exec build/chipharness run "$scenario" "$@"
