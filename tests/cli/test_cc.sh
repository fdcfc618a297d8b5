#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# chipharness cc and c++: what they build runs, without the harness and with its libraries loaded,
# and says what the plain build says; all ways to call a compiler work; questions to the compiler
# are answered by the compiler.
. "$(dirname "$0")/lib.sh"
cd "$SCRATCH" || exit 3
H=$CHIP_BUILD/chipharness
sources=$CHIP_SOURCE/tests/cc
preload=$CHIP_BUILD/libchipagent.so:$CHIP_BUILD/libchipshim.so

compilers=()
for family in gcc clang; do
    command -v "$family" >/dev/null && compilers+=("$family")
done
# cc FAMILY ARGUMENT..., cxx FAMILY ARGUMENT...: the wrapper around that compiler.
cc() { CHIPHARNESS_CC=$1 "$H" cc "${@:2}"; }
cxx_of() { [ "$1" = gcc ] && echo g++ || echo clang++; }
cxx() { CHIPHARNESS_CXX=$(cxx_of "$1") "$H" c++ "${@:2}"; }

# same FAMILY SOURCE OPTION...: built plainly and through the wrapper, and run: the same output.
same() {
    local family=$1 source=$2 plain built=instrumented
    shift 2
    case $source in
    *.cc)
        plain=$(cxx_of "$family")
        "$plain" "$@" -pthread "$source" -o plain -latomic && cxx "$family" "$@" -pthread "$source" -o $built -latomic
        ;;
    *)
        "$family" "$@" -pthread "$source" -o plain -latomic && cc "$family" "$@" -pthread "$source" -o $built -latomic
        ;;
    esac || return 1
    nm $built | grep __tsan_ >/dev/null || return 1
    ./plain >expected || return 1
    ./$built >out && diff expected out || return 1
    LD_PRELOAD=$preload ./$built >out && diff expected out
}

# libtsan is not asked for, and neither is anything else that the plain build does not need.
needs_nothing_else() {
    local needed
    cc "$1" "$sources/memory.c" -o needs
    needed=$(objdump -p needs | awk '$1 == "NEEDED" {print $2}' | grep -vE '^(libc\.so\.6|libchiptsan\.so)$')
    [ -z "$needed" ] || { echo "$needed" && return 1; }
}

printf 'int twice(int);\nint main(void) { return twice(21) != 42; }\n' >main.c
printf 'int twice(int n);\nint twice(int n) { static int m; m = n; return 2 * m; }\n' >twice.c
printf '#define TWICE 2\nint twice(int);\n' >twice.h

shared_library() {
    cc "$1" -shared -fPIC twice.c -o libtwice.so -Wl,-z,defs &&
        cc "$1" main.c -L. -ltwice -Wl,-rpath,"$PWD" -o user && ./user
}
in_steps() {
    cc "$1" -c main.c -o main.o && cc "$1" -O2 -c twice.c && cc "$1" main.o twice.o -o steps && ./steps
}
archive() {
    in_steps "$1" && rm -f libt.a && ar rcs libt.a twice.o && cc "$1" main.o libt.a -o archived && ./archived
}
response_file() {
    printf -- '-O1 "main.c"\ntwice.c -o responded\n' >args
    cc "$1" @args && ./responded && printf -- '-c main.c\n' >args && cc "$1" @args && [ -e main.o ]
}
only_plain_linked() {
    "$1" -c main.c -o plain.o && "$1" -c twice.c -o plain2.o && cc "$1" plain.o plain2.o -o mixed && ./mixed
}
assembles() {
    cc "$1" -S twice.c -o twice.s && grep -q __tsan_ twice.s && cc "$1" -c twice.s -o twice2.o &&
        cc "$1" main.c twice2.o -o assembled && ./assembled
}
preprocesses() { cc "$1" -E -P twice.h | grep "int twice(int);" >/dev/null; }
from_stdin() { echo 'int main(void) { return 0; }' | cc "$1" -x c - -o stdin && ./stdin; }
precompiled() { cc "$1" -x c-header twice.h -o twice.h.gch && [ -s twice.h.gch ]; }
whole_static() { cc "$1" -static "$sources/memory.c" -o fixed && ./fixed | diff - <(./instrumented); }
link_time() { cc "$1" -flto -O2 main.c twice.c -o lto && ./lto; }
relocatable() { in_steps "$1" && cc "$1" -r main.o twice.o -nostdlib -o both.o && cc "$1" both.o -o r && ./r; }
fortified() { same "$1" "$sources/memory.c" -O2 -D_FORTIFY_SOURCE=2; }
strict() { cc "$1" -Wall -Wextra -Werror -c twice.c -o /dev/null && cc "$1" -Werror main.o twice.o -o w; }
own_option() { cc "$1" -fsanitize=thread main.c twice.c -o tsan && ./tsan && ! ldd tsan | grep libtsan >/dev/null; }
asks() { diff <(cc "$1" "$2" 2>&1) <("$1" "$2" 2>&1); }

for family in "${compilers[@]}"; do
    for level in 0 1 2; do
        for source in atomics.c memory.c threads.c objects.cc; do
            wide=()
            [ "$source" != atomics.c ] || wide=(-mcx16)
            [ "$(uname -m)" = x86_64 ] || wide=()
            check "$family -O$level $source" same "$family" "$sources/$source" "-O$level" "${wide[@]}"
        done
    done
    check "$family: memory.c for the checks below" same "$family" "$sources/memory.c"
    check "$family: nothing else is linked" needs_nothing_else "$family"
    for way in in_steps shared_library archive response_file only_plain_linked assembles \
        preprocesses from_stdin precompiled link_time relocatable fortified strict own_option; do
        check "$family: $way" "$way" "$family"
    done
    if [ -e "$("$family" -print-file-name=libc.a)" ]; then
        check "$family: whole_static" whole_static "$family"
    fi
    for question in --version -dumpversion -dumpmachine -print-search-dirs -print-file-name=libc.so; do
        check "$family: $question is the compiler's" asks "$family" "$question"
    done
    check_fails "$family: errors are the compiler's" 'no_such_name' cc "$family" -c -Dx=no_such_name -x c - -o x.o \
        -include /dev/null -include twice.h -include no_such_name.h
done
check_fails "a compiler that is not there" "cannot start the compiler 'no-such-cc'" \
    env CHIPHARNESS_CC=no-such-cc "$H" cc --version
check "help of the verb" bash -c "'$H' help cc | grep -q 'usage: chipharness cc '"

cmake_project() {
    mkdir -p project && cp "$sources/objects.cc" "$sources/threads.c" project/ && cat >project/CMakeLists.txt <<'CMAKE'
cmake_minimum_required(VERSION 3.13)
project(built C CXX)
find_package(Threads REQUIRED)
include(CheckCSourceCompiles)
check_c_source_compiles("int main(void) { return 0; }" COMPILES)
check_c_source_compiles("int main(void) { return no_such_name; }" BREAKS)
if(NOT COMPILES OR BREAKS)
  message(FATAL_ERROR "tests of the compiler gave the wrong answer")
endif()
add_library(part SHARED threads.c)
add_executable(program objects.cc)
target_link_libraries(program Threads::Threads)
target_link_libraries(part Threads::Threads)
CMAKE
    CC="$H cc" CXX="$H c++" cmake -S project -B project/build && cmake --build project/build &&
        ./project/build/program && nm -D project/build/libpart.so | grep __tsan_ >/dev/null
}
check "CMake" cmake_project
one_word() {
    cmake -S project -B project/one -DCMAKE_C_COMPILER="$H-cc" -DCMAKE_CXX_COMPILER="$H-c++" &&
        cmake --build project/one && ./project/one/program
}
check "CMake, by names of one word" one_word

autoconf_project() {
    mkdir -p auto && cp "$sources/memory.c" auto/ && cd auto || return 1
    printf 'AC_INIT([m], [1])\nAC_PROG_CC\nAC_C_BIGENDIAN\nAC_CHECK_FUNCS([memcpy fork no_such_call])\nAC_CHECK_SIZEOF([long])\nAC_CONFIG_HEADERS([config.h])\nAC_CONFIG_FILES([Makefile])\nAC_OUTPUT\n' >configure.ac
    printf 'memory: memory.c\n\t@CC@ @CFLAGS@ -o $@ memory.c\n' >Makefile.in
    autoheader && autoconf && ./configure CC="$H cc" && make && ./memory && grep -q 'HAVE_MEMCPY 1' config.h &&
        ! grep -q 'define HAVE_NO_SUCH_CALL' config.h
}
if command -v autoconf >/dev/null && command -v make >/dev/null; then
    check "autoconf" autoconf_project
else
    skip "autoconf" "autoconf is not installed"
fi
finish
