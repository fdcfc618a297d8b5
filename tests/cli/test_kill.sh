#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# kill -9 at any moment, of the command or of any process that it made, leaves nothing: no
# process, no entry in /dev/shm, no temporary file; and what was not killed ends by itself.
# CHIP_KILLS says how many kills (default 50), CHIP_SEED which (default 1).

# A /dev/shm of its own where the system lets us: others may use this machine meanwhile.
if [ -z "${CHIP_PRIVATE_SHM-}" ] && unshare -m mount -t tmpfs tmpfs /dev/shm 2>/dev/null; then
    export CHIP_PRIVATE_SHM=1
    exec unshare -m bash -c 'mount -t tmpfs -o size=75% tmpfs /dev/shm && exec bash "$@"' own "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
kills=${CHIP_KILLS:-50}
RANDOM=${CHIP_SEED:-1}

# Installed apart: its processes are known by their executable.
mkdir -p "$SCRATCH/tmp" "$SCRATCH/work"
cmake --install "$CHIP_BUILD" --prefix "$SCRATCH/bin" >/dev/null || exit 3
cp -r "$CHIP_SOURCE/scenarios" "$SCRATCH/work/"
cd "$SCRATCH/work" || exit 3

ours() {
    find /proc -maxdepth 2 -path '/proc/[0-9]*/exe' -lname "$SCRATCH/bin/*" 2>/dev/null | cut -d/ -f3
}
segments() { find /dev/shm -mindepth 1 -newer "$SCRATCH/began" -user "$(id -u)" 2>/dev/null; }
leftovers() {
    ours
    segments
    find "$SCRATCH/tmp" -mindepth 1
}

# Until all is gone; fails after about 20 s.
await_end() {
    local look
    for look in $(seq 400); do
        if [ -z "$(leftovers)" ]; then return 0; fi
        sleep 0.05
    done
    echo "after $look looks, still there:"
    leftovers
    ps -ef | grep -F "$SCRATCH/bin" | grep -v grep
    return 1
}

# one_kill WHO DELAY: WHO is the command, or whichever of its processes the number picks.
one_kill() {
    local who=$1 delay=$2 command victims victim
    touch "$SCRATCH/began"
    TMPDIR=$SCRATCH/tmp "$SCRATCH/bin/bin/chipharness" run scenarios/flush_race.yaml >"$SCRATCH/log" 2>&1 &
    command=$!
    sleep "0.$(printf '%03d' "$delay")"
    victim=$command
    if [ "$who" != command ]; then
        mapfile -t victims < <(ours)
        [ ${#victims[@]} -gt 0 ] && victim=${victims[who % ${#victims[@]}]}
    fi
    kill -KILL "$victim" 2>/dev/null && hits=$((hits + 1))
    await_end || return 1
    wait "$command" 2>/dev/null
    return 0
}

hits=0
bad=0
for kill in $(seq "$kills"); do
    who=$RANDOM
    [ $((kill % 2)) = 0 ] || who=command
    delay=$((RANDOM % 700))
    if ! one_kill "$who" "$delay" >"$SCRATCH/report" 2>&1; then
        bad=$((bad + 1))
        echo "# kill $kill of $who after $delay ms:"
        sed 's/^/# /' "$SCRATCH/report"
        for pid in $(ours); do kill -KILL "$pid" 2>/dev/null; done
    fi
done
check "$kills kills left nothing behind" test "$bad" = 0
check "most kills met a living process ($hits of $kills)" test "$hits" -ge $((kills / 2))
finish
