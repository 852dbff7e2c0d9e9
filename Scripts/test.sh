#!/usr/bin/env bash
# Installs what is missing, builds, and runs every check and every test, two steps at a time.
#
#   Scripts/test.sh [--thorough | --brief] [--only STEP]...
#
#   --thorough    also all Swift tests under the sanitizers, 30 s of each fuzzer, and crash tests of 50 kills
#   --brief       of those what fits into half an hour with the rest, which is what .ci/run runs: the tests of what owns
#                 memory and threads under the sanitizers, and 10 s of each fuzzer
#   --only STEP   this step and those that it needs; may be given several times
#   --list        print the names of the steps, and end
#   --help        print this, and end
set -euo pipefail
. "$(dirname "$0")/help.sh"
cd "$(dirname "$0")/.."
. Scripts/build.sh
. Scripts/steps.sh
. Scripts/test-targets.sh

usage() {
    echo "test.sh: $*; see Scripts/test.sh --help" >&2
    exit 2
}

mode=standard only=() list=
while [ $# -gt 0 ]; do
    case "$1" in
        --thorough | --brief)
            [ "$mode" = standard ] || usage "--thorough and --brief may be given once, and not both"
            mode=${1#--}
            ;;
        --only)
            [ $# -gt 1 ] || usage "--only needs the name of a step"
            only+=("$2")
            shift
            ;;
        --list) list=yes ;;
        *) usage "there is no option $1" ;;
    esac
    shift
done

# As released, so that crash tests and the counting of instructions share the build, and what the optimizer does is tested.
build() { "${release_build[@]}" --build-tests --disable-xctest; }
export TASKWIRE_BUILD=$PWD/.build/release

# Those that take longest begin first.
step generated-code Scripts/generate-protos.sh --check
step format Scripts/format.sh --check
step build build
step instructions --after build Scripts/costs.sh
for target in "${targets[@]}"; do
    step "$target" --after build test_target "$TASKWIRE_BUILD" "$target"
done
step crashes-sqlite --after build Scripts/crash-test.sh --kills 5
step crashes-redis --after build Scripts/crash-test.sh --kills 5 --servers 3 --redis
step interoperability --after build Tests/Interop/run.sh
standard=("${steps[@]}")

address=() thread=() seconds=30
if [ "$mode" = brief ]; then
    address=(TaskwireProtobufTests TaskwireStorageTests TaskwireRPCTests)
    # The conformance suite of TaskwireServiceTests runs on every storage.
    thread=(TaskwireRPCTests TaskwireServiceTests)
    seconds=10
fi
step address-sanitizer --alone Scripts/sanitize.sh address "${address[@]}"
step thread-sanitizer --alone Scripts/sanitize.sh thread "${thread[@]}"
step fuzzers --alone Scripts/fuzz.sh --seconds "$seconds"
step long-crashes-sqlite --after build Scripts/crash-test.sh --kills 50
step long-crashes-redis --after build Scripts/crash-test.sh --kills 50 --servers 3 --redis

if [ -n "$list" ]; then
    printf '%s\n' "${steps[@]}"
    exit
fi
for name in "${only[@]}"; do is_step "$name" || usage "there is no step $name; --list names them"; done
case "${#only[@]}-$mode" in
    0-standard) only=("${standard[@]}") ;;
    0-brief) only=("${standard[@]}" address-sanitizer thread-sanitizer fuzzers) ;;
    0-thorough) only=("${steps[@]}") ;;
esac
. Scripts/setup.sh
run_steps "${only[@]}"
