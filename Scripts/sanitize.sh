#!/usr/bin/env bash
# Builds with a sanitizer and runs the Swift tests with it, and the programs that they start. Fails on every report.
#
#   Scripts/sanitize.sh [address] [thread] [TARGET...]     both, and every target, where none is named
#
# address   memory that was freed, overrun or never given back; what C leaves undefined ends the program on the spot
# thread    two threads at the same memory, of which one writes, and nothing says which of them is first
set -euo pipefail
. "$(dirname "$0")/help.sh"
cd "$(dirname "$0")/.."
. Scripts/steps.sh
. Scripts/test-targets.sh

usage() {
    echo "sanitize.sh: there is no sanitizer and no target $1; the targets are ${targets[*]}" >&2
    exit 2
}

sanitizers=() wanted=()
for name in "$@"; do
    case "$name" in
        address | thread) sanitizers+=("$name") ;;
        *)
            [[ " ${targets[*]} " == *" $name "* ]] || usage "$name"
            wanted+=("$name")
            ;;
    esac
done
[ ${#sanitizers[@]} -gt 0 ] || sanitizers=(address thread)
[ ${#wanted[@]} -eq 0 ] || targets=("${wanted[@]}")

address=$PWD/.build-asan thread=$PWD/.build-tsan

# run_tests SANITIZER TARGET [ARGUMENT...]: fails on what the programs report, too, and prints it.
run_tests() {
    local sanitizer=$1 target=$2 scratch=${!1} status=0 report
    local reports=$scratch/reports/$target
    shift 2
    rm -rf "$reports"
    mkdir -p "$reports"
    case "$sanitizer" in
        address)
            export ASAN_OPTIONS="log_path=$reports/address:detect_leaks=$(cat "$scratch/leaks"):handle_sigill=1"
            export LSAN_OPTIONS="suppressions=$PWD/Tests/Sanitizers/leaks.txt:print_suppressions=0"
            ;;
        thread)
            export TSAN_OPTIONS="suppressions=$PWD/Tests/Sanitizers/thread.txt:log_path=$reports/thread:atexit_sleep_ms=0"
            ;;
    esac
    test_target "$scratch/debug" "$target" "$@" || status=1
    for report in "$reports"/*; do
        [ -s "$report" ] || continue
        cat "$report"
        status=1
    done
    return $status
}

build_address() {
    swift build --build-tests --sanitize address --scratch-path "$address" -Xcc -fsanitize=undefined -Xcc -fsanitize-trap=undefined
    # Looking for leaks takes rights that some containers do not have.
    echo 1 >"$address/leaks"
    echo 'int main(void) { return 0; }' | clang -fuse-ld=lld -fsanitize=address -x c - -o "$address/probe"
    if ! ASAN_OPTIONS=detect_leaks=1 "$address/probe" 2>"$address/probe.txt"; then
        echo 0 >"$address/leaks"
        echo "Skipped: leaks, as $(tail -n 1 "$address/probe.txt")"
    fi
}

build_thread() {
    mkdir -p "$thread"
    # Does it see a race, and the order that a mutex makes?
    clang -O1 -fPIC -Wall -Wextra -Werror -c Tests/Sanitizers/mutex.c -o "$thread/mutex.o"
    swiftc -O -sanitize=thread Tests/Sanitizers/race.swift -Xlinker "$thread/mutex.o" -o "$thread/race"
    TSAN_OPTIONS="" "$thread/race" locked
    if TSAN_OPTIONS="" "$thread/race" unlocked 2>"$thread/race.txt"; then
        echo "sanitize.sh: thread: a race went unseen" >&2
        exit 1
    fi
    grep "^SUMMARY" "$thread/race.txt"
    swift build --build-tests --sanitize thread --scratch-path "$thread" -Xlinker "$thread/mutex.o"
}

for sanitizer in "${sanitizers[@]}"; do
    step "$sanitizer-build" "build_$sanitizer"
    skip=()
    if [ "$sanitizer" = thread ]; then
        echo "Skipped: two tests with ulimit -f, which the sanitizer's own file in TMPDIR does not survive, and ten thousand"
        echo "races over real processes, which take minutes and make no pair of accesses that the others do not."
        skip=(--skip '/(restoreWithoutRoom|copyFails|cancelRacingCompleteHasOneWinner)\(')
    fi
    for target in "${targets[@]}"; do
        step "$sanitizer-$target" --after "$sanitizer-build" run_tests "$sanitizer" "$target" "${skip[@]}"
    done
done
. Scripts/setup.sh
run_steps "${steps[@]}"
