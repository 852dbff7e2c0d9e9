#!/usr/bin/env bash
# Builds with a sanitizer and runs the Swift tests with it, and the programs that they start. Fails on every report.
#
#   Scripts/sanitize.sh [--without TARGET] [address] [thread]     both where neither is named
#
# address   memory that was freed, overrun or never given back; what C leaves undefined ends the program on the spot
# thread    two threads at the same memory, of which one writes, and nothing says which of them is first
set -euo pipefail
cd "$(dirname "$0")/.."
. Scripts/setup.sh
. Scripts/test-targets.sh

step() { printf '\n== %s, at %d:%02d\n' "$*" $((SECONDS / 60)) $((SECONDS % 60)); }

# Prints what the programs reported, and fails where that is anything.
expect_no_reports() {
    local report found=0
    for report in "$reports"/*; do
        [ -s "$report" ] || continue
        cat "$report"
        found=1
    done
    return $found
}

# Runs the tests of every target with the arguments: the sanitizer, and what to skip, a regular expression or nothing.
run_tests() {
    local sanitizer=$1 skipped=${2-} target skip=()
    [ -z "$skipped" ] || skip=(--skip "$skipped")
    for target in "${targets[@]}"; do
        step "$sanitizer: $target"
        test_target "$target" --disable-xctest --sanitize "$sanitizer" --scratch-path "$scratch" "${skip[@]}" ||
            failed+=("$sanitizer: $target")
        expect_no_reports || failed+=("$sanitizer: $target, by the reports")
        rm -f "$reports"/*
    done
}

# without TARGET: leaves the tests of a target out.
without() {
    local index
    for index in "${!targets[@]}"; do
        [ "${targets[$index]}" != "$1" ] || unset "targets[$index]"
    done
}

# Where the sanitizer of that short name builds and reports.
prepare() {
    scratch=$PWD/.build-$1
    reports=$scratch/reports
    mkdir -p "$reports"
    rm -f "$reports"/*
}

check_address() {
    prepare asan
    step "address: build"
    swift build --build-tests --sanitize address --scratch-path "$scratch" \
        -Xcc -fsanitize=undefined -Xcc -fsanitize-trap=undefined
    # Looking for leaks takes rights that some containers do not have.
    local leaks=1
    echo 'int main(void) { return 0; }' | clang -fuse-ld=lld -fsanitize=address -x c - -o "$scratch/probe"
    if ! ASAN_OPTIONS=detect_leaks=1 "$scratch/probe" 2>"$scratch/probe.txt"; then
        leaks=0
        echo "Skipped: leaks, as $(tail -n 1 "$scratch/probe.txt")"
    fi
    export ASAN_OPTIONS="log_path=$reports/address:detect_leaks=$leaks:handle_sigill=1"
    export LSAN_OPTIONS="suppressions=$PWD/Tests/Sanitizers/leaks.txt:print_suppressions=0"
    run_tests address
}

check_thread() {
    prepare tsan
    step "thread: does it see a race, and the order that a mutex makes?"
    clang -O1 -fPIC -Wall -Wextra -Werror -c Tests/Sanitizers/mutex.c -o "$scratch/mutex.o"
    swiftc -O -sanitize=thread Tests/Sanitizers/race.swift -Xlinker "$scratch/mutex.o" -o "$scratch/race"
    TSAN_OPTIONS="" "$scratch/race" locked
    if TSAN_OPTIONS="" "$scratch/race" unlocked 2>"$scratch/race.txt"; then
        echo "sanitize.sh: thread: a race went unseen" >&2
        exit 1
    fi
    grep "^SUMMARY" "$scratch/race.txt"
    step "thread: build"
    swift build --build-tests --sanitize thread --scratch-path "$scratch" -Xlinker "$scratch/mutex.o"
    export TSAN_OPTIONS="suppressions=$PWD/Tests/Sanitizers/thread.txt:log_path=$reports/thread:atexit_sleep_ms=0"
    # They hang now and then at this pace, when nng 1.5.2 waits for a connection that it closed itself; the other targets
    # use the same code.
    local targets=("${targets[@]}")
    without TaskwireRPCTests
    echo "Skipped: TaskwireRPCTests, some of which make nng hang at the pace of the sanitizer."
    echo "Skipped: two tests with ulimit -f, which the sanitizer's own file in TMPDIR does not survive, and ten thousand"
    echo "races over real processes, which take minutes and make no pair of accesses that the others do not."
    run_tests thread '/(restoreWithoutRoom|copyFails|cancelRacingCompleteHasOneWinner)\('
}

usage() {
    echo "usage: Scripts/sanitize.sh [--without TARGET] [address] [thread]" >&2
    exit 2
}

sanitizers=()
while [ $# -gt 0 ]; do
    case "$1" in
        address | thread) sanitizers+=("$1") ;;
        --without)
            [[ " ${targets[*]} " == *" ${2-} "* ]] || usage
            without "$2"
            shift
            ;;
        *) usage ;;
    esac
    shift
done
[ ${#sanitizers[@]} -gt 0 ] || sanitizers=(address thread)
failed=()
for sanitizer in "${sanitizers[@]}"; do "check_$sanitizer"; done
step "end"
[ ${#failed[@]} -eq 0 ] || {
    printf 'sanitize.sh: failed: %s\n' "${failed[@]}" >&2
    exit 1
}
