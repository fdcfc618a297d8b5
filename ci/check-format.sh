#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# ci/check-format.sh [ROOT] [--fix]: every C file is formatted by .clang-format.
. "$(dirname "$0")/common.sh"
[ $# -eq 0 ] || [ "$1" = --fix ] || { ROOT=$1 && shift; }
cd "$ROOT"
if [ "${1-}" = --fix ]; then
    sources '*.c' '*.h' | xargs -0 -r clang-format -i
    exit 0
fi
log=$(sources '*.c' '*.h' | xargs -0 -r clang-format --dry-run -Werror 2>&1) && exit 0
grep -E 'error:' <<<"$log" | sed 's/:[0-9]*:[0-9]*: error.*/: not formatted/' | sort -u
echo "repair: ci/check-format.sh --fix"
exit 1
