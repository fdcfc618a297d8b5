#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs the Debian packages that are missing for building and testing. Does nothing, and needs
# no network, when all are there.
. "$(dirname "$0")/common.sh"

build=(gcc g++ make cmake ninja-build pkg-config patch binutils
    libyaml-dev libdw-dev libunwind-dev libjansson-dev systemtap-sdt-dev)
tests=(libcmocka-dev autoconf clang clang-format valgrind universal-ctags libxml2-utils util-linux procps jq)

missing=()
for package in "${build[@]}" "${tests[@]}"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
        missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

command -v apt-get >/dev/null || die "these packages are missing, and there is no apt-get: ${missing[*]}"
as_root=()
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || die "as root: apt-get install ${missing[*]}"
    as_root=(sudo)
fi
say "installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
install=("${as_root[@]}" apt-get install -y --no-install-recommends "${missing[@]}")
"${install[@]}" </dev/null >/dev/null ||
    { "${as_root[@]}" apt-get update </dev/null >/dev/null && "${install[@]}" </dev/null >/dev/null; } ||
    die "could not install: ${missing[*]}"
