#!/usr/bin/env bash
# Counts the instructions of the steps of a call, which do not depend on how busy the machine is, and fails where a step
# takes more than Tests/CallCosts/ceilings.txt allows.
#
#   Scripts/costs.sh [STEP ...]     every step that has a ceiling where none is named
set -euo pipefail
. "$(dirname "$0")/help.sh"
cd "$(dirname "$0")/.."
. Scripts/setup.sh
. Scripts/build.sh

few=640 many=2560
ceilings=Tests/CallCosts/ceilings.txt
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

build_programs call-costs
# valgrind cannot read the debugging information of Swift.
strip --strip-debug -o "$work/call-costs" "$programs/call-costs"

# instructions STEP COUNT: how many the whole process takes. Cachegrind counts without a graph of calls.
instructions() {
    valgrind --tool=cachegrind --cache-sim=no --cachegrind-out-file=/dev/null "$work/call-costs" "$1" --count "$2" 2>"$work/log" ||
        { cat "$work/log" >&2 && return 1; }
    sed -n 's/.*I *refs: *//p' "$work/log" | tr -d ,
}

status=0
printf '%-22s %12s %12s\n' step instructions ceiling
while read -r step ceiling; do
    [ $# -eq 0 ] || [[ " $* " == *" $step "* ]] || continue
    # Starting the process takes as many both times.
    cost=$((($(instructions "$step" $many) - $(instructions "$step" $few)) / (many - few)))
    verdict=
    if [ "$cost" -gt "$ceiling" ]; then
        verdict="more than allowed"
        status=1
    fi
    printf '%-22s %12d %12d %s\n' "$step" "$cost" "$ceiling" "$verdict"
done <"$ceilings"
[ $status -eq 0 ] || echo "costs.sh: a step takes more instructions than $ceilings allows" >&2
exit $status
