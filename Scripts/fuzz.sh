#!/usr/bin/env bash
# Installs what is missing, builds, and has libFuzzer try inputs on everything that reads bytes from elsewhere.
#
#   Scripts/fuzz.sh [--seconds N | --runs N] [--keep] [TARGET...]
#
#   --seconds N   how long each target is tried; 30 unless this or --runs says otherwise
#   --runs N      how many inputs each target is tried with, however long that takes
#   --keep        copy inputs that reach what no input in Tests/Fuzz/Corpus does to there
#
# Without targets it takes all of them, two at a time. Inputs that reach something new are kept in .build-fuzz/corpus for
# the next run. Fails when a target finds anything, and says which input that was.
set -euo pipefail
. "$(dirname "$0")/help.sh"
cd "$(dirname "$0")/.."

usage() {
    echo "fuzz.sh: $*" >&2
    echo "usage: Scripts/fuzz.sh [--seconds N | --runs N] [--keep] [TARGET...]" >&2
    exit 2
}

limit= keep= targets=()
while [ $# -gt 0 ]; do
    case "$1" in
        --seconds | --runs)
            [[ ${2-} =~ ^[1-9][0-9]{0,8}$ ]] || usage "$1 needs a number from 1 on"
            [ -z "$limit" ] || usage "--seconds and --runs may be given once, and not both"
            [ "$1" = --runs ] && limit=-runs=$2 || limit=-max_total_time=$2
            shift
            ;;
        --keep) keep=yes ;;
        -*) usage "there is no option $1" ;;
        *) targets+=("$1") ;;
    esac
    shift
done
limit=${limit:--max_total_time=30}
. Scripts/setup.sh

scratch=.build-fuzz
# A fuzzer is as fast as a release is, and tells from within whether memory was misused.
TASKWIRE_FUZZ=1 swift build --configuration release --scratch-path "$scratch" --product fuzz >&2
fuzzer=$scratch/release/fuzz

# What was freed is kept aside for a while to find uses of it: 16 MiB, so that a leak would show. What Swift's own checks
# find is for libFuzzer to report.
export ASAN_OPTIONS=quarantine_size_mb=16 SWIFT_BACKTRACE=enable=no

known=$("$fuzzer")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets <<<"$known"
for target in "${targets[@]}"; do
    grep -qxF -e "$target" <<<"$known" || usage "there is no target $target; the targets are ${known//$'\n'/, }"
done

# Becomes the fuzzer of a target; further arguments are libFuzzer's.
fuzz() {
    export TASKWIRE_FUZZ_TARGET=$1
    exec "$fuzzer" -rss_limit_mb=1024 -timeout=20 "${@:2}"
}

committed() { echo "Tests/Fuzz/Corpus/$1"; }
found() { echo "$scratch/corpus/$1"; }
log() { echo "$scratch/fuzz-$1.log"; }

# The targets that are being tried, by the ids of their processes.
declare -A running=()
trap '[ ${#running[@]} -eq 0 ] || kill "${!running[@]}"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

start() {
    local target=$1 arguments=("$limit" -print_final_stats=1 "-artifact_prefix=$scratch/findings/$1-")
    local dictionary=Tests/Fuzz/Dictionary/$target.dict
    mkdir -p "$(committed "$target")" "$(found "$target")" "$scratch/findings"
    [ ! -f "$dictionary" ] || arguments+=("-dict=$dictionary")
    fuzz "$target" "${arguments[@]}" "$(found "$target")" "$(committed "$target")" >"$(log "$target")" 2>&1 &
    running[$!]=$target
}

# Waits until a target is through, and prints a line about it.
failed=0
finish() {
    local id target status=0
    wait -n -p id "${!running[@]}" || status=$?
    target=${running[$id]}
    unset "running[$id]"
    if [ "$status" -ne 0 ]; then
        failed=1
        local input
        input=$(sed -n 's/^.*Test unit written to //p' "$(log "$target")" | tail -n 1)
        echo "fuzz.sh: $target found something: the input is ${input:-not known}, the log $(log "$target")" >&2
        # Where the machine is thrown away afterwards, this is all that is left of it.
        grep -vE '^#[0-9]' "$(log "$target")" | tail -n 50 | cut -c 1-2000 >&2
        [ ! -f "$input" ] || { echo "fuzz.sh: in base64:" && base64 "$input"; } >&2
        return
    fi
    if [ -n "$keep" ]; then
        (fuzz "$target" -merge=1 -use_counters=0 "$(committed "$target")" "$(found "$target")") >>"$(log "$target")" 2>&1
    fi
    line "$target" "$(statistic number_of_executed_units)" "$(statistic average_exec_per_sec)" \
        "$(statistic peak_rss_mb)"
}

line() { printf '%-10s %12s %12s %12s\n' "$@"; }
statistic() { sed -n "s/^stat::$1: *//p" "$(log "$target")"; }

line target inputs "per second" "peak MiB"
for target in "${targets[@]}"; do
    [ ${#running[@]} -lt 2 ] || finish
    start "$target"
done
while [ ${#running[@]} -gt 0 ]; do finish; done
exit $failed
