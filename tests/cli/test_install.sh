#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# An installed tree works without the source tree: a C and a C++ program find libchip by
# pkg-config and by find_package, the command finds its companions, and the tree can be moved.
. "$(dirname "$0")/lib.sh"
cd "$SCRATCH" || exit 3
prefix=$SCRATCH/first

cat >consumer.c <<'C'
#include <chip/chip.h>
#include <stdio.h>
#include <string.h>

int main(void) {
    struct chip_error err;
    CommHandle none = comm_init(3, 2, NULL, "x");
    int code = chip_error_set(&err, CHIP_E_VALUE, "bad %s", "rank");
    if (none != NULL || code != CHIP_E_VALUE || strcmp(err.text, "ValueError: bad rank") != 0)
        return 1;
    puts(err.text);
    return 0;
}
C
cp consumer.c consumer.cc
mkdir -p project
cat >project/CMakeLists.txt <<'CMAKE'
cmake_minimum_required(VERSION 3.18)
project(consumer C CXX)
find_package(chip 0.1 REQUIRED)
add_executable(c_shared ../consumer.c)
target_link_libraries(c_shared chip::chip)
add_executable(c_static ../consumer.c)
target_link_libraries(c_static chip::static)
add_executable(cxx_shared ../consumer.cc)
target_link_libraries(cxx_shared chip::chip)
CMAKE

says() { "$@" | grep -q '^ValueError: bad rank$'; }
lib_of() { dirname "$(find "$1" -name libchip.so)"; }
use_pkg_config() { # COMPILER SOURCE OUT [pkg-config option]
    local flags
    flags=$(pkg-config "${@:4}" --cflags --libs chip) || return 1
    # shellcheck disable=SC2086
    $1 -Wall -Werror "$2" -o "$3" $flags
}

check "cmake --install" cmake --install "$CHIP_BUILD" --prefix "$prefix"
check "the tree can be moved" mv "$prefix" "$SCRATCH/moved"
prefix=$SCRATCH/moved
PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name chip.pc)")
export PKG_CONFIG_PATH
libs=$(lib_of "$prefix")

check "pkg-config: a C program" use_pkg_config cc consumer.c c1
check "it runs" says env LD_LIBRARY_PATH="$libs" ./c1
check "pkg-config: a C++ program" use_pkg_config c++ consumer.cc c2
check "it runs" says env LD_LIBRARY_PATH="$libs" ./c2
check "it asks for the soname" bash -c 'objdump -p c1 | grep -q "NEEDED *libchip.so.0$"'
check "every public header compiles alone as C" bash -c '
    for header in "$1"/include/chip/*.h; do
        printf "#include <chip/%s>\n" "$(basename "$header")" >alone.c
        cc -std=c11 -Wall -Wextra -Werror -I"$1/include" -fsyntax-only alone.c || exit 1
    done' headers "$prefix"
check "the umbrella header compiles as C++11 without warnings" \
    bash -c 'echo "#include <chip/chip.h>" >alone.cc && c++ -std=c++11 -Wall -Wextra -Wpedantic -Werror -I"$1/include" -fsyntax-only alone.cc' \
    umbrella "$prefix"
check "find_package: configures" cmake -S project -B project/build -DCMAKE_PREFIX_PATH="$prefix"
check "find_package: builds" cmake --build project/build
for program in c_shared c_static cxx_shared; do
    check "find_package: $program runs" says "project/build/$program"
done

check "bin/chipharness is a link into the folder of its companions" \
    test "$(readlink -f "$prefix/bin/chipharness")" = "$libs/chipharness/chipharness"
for file in chipharness-driver libchipagent.so libchipshim.so inst/libchip.so.0 scenarios/flush_race.yaml; do
    check "installed: $file" test -e "$libs/chipharness/$file"
done
for patch in "$CHIP_SOURCE"/faults/defects/*.patch; do
    name=$(basename "$patch" .patch)
    check "installed: defect $name" test -e "$libs/chipharness/defects/$name/libchip.so.0"
done
check "no path of the build tree is left in a run path" bash -c '
    ! objdump -p "$1"/chipharness/{chipharness,chipharness-driver,libchipagent.so,libchipshim.so} |
        grep -E "R(UN)?PATH" | grep -vq "\$ORIGIN"' runpath "$libs"

check "the installed command lists its defects" "$prefix/bin/chipharness" list defects
check "the installed command runs a scenario" \
    "$prefix/bin/chipharness" run "$libs/chipharness/scenarios/flush_race.yaml"

check "DESTDIR is honoured" env DESTDIR="$SCRATCH/dest" cmake --install "$CHIP_BUILD" --prefix /usr
check "DESTDIR: the link is relative to the tree" test -x "$SCRATCH/dest/usr/bin/chipharness"
finish
