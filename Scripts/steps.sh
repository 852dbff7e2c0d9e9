# Runs steps, two at a time, and says how long each of them took. To be sourced.
#
# The output of a step is kept whole: it is printed when the step ends, and is in `.build-steps` meanwhile.

steps=()
declare -A step_command=() step_after=() step_alone=() step_result=() step_times=() running=()

# step NAME [--after STEP]... [--alone] COMMAND...: declares a step, which runs once those before it have passed, and
# beside nothing else where it keeps two cores busy by itself.
step() {
    local name=$1
    shift
    steps+=("$name")
    step_after[$name]=
    step_alone[$name]=
    while true; do
        case "$1" in
            --after) step_after[$name]+=" $2" && shift 2 ;;
            --alone) step_alone[$name]=yes && shift ;;
            *) break ;;
        esac
    done
    step_command[$name]=${*@Q}
}

is_step() { [[ " ${steps[*]} " == *" $1 "* ]]; }

# run_steps STEP...: runs these and those that they come after, and prints a table. Fails when one of them does.
run_steps() {
    local name failed=0
    step_logs=.build-steps/$(basename "$0" .sh)
    mkdir -p "$step_logs"
    for name in "$@"; do want_step "$name"; done
    # Each step is a group of processes, which end together.
    set -m
    trap end_steps EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    while true; do
        start_steps
        [ ${#running[@]} -gt 0 ] || break
        finish_step
    done
    print_steps
    for name in "${steps[@]}"; do
        [[ ${step_result[$name]-passed} == passed ]] || failed=1
    done
    return $failed
}

want_step() {
    local other
    step_result[$1]=waiting
    for other in ${step_after[$1]}; do want_step "$other"; done
}

# Starts what may start now, in the order in which it was declared.
start_steps() {
    local name
    for name in "${steps[@]}"; do
        [[ ${step_result[$name]-} == waiting ]] || continue
        case "$(needs_of "$name")" in
            *failed* | *skipped*) step_result[$name]=skipped ;;
            *waiting* | *running*) ;;
            *)
                [ ${#running[@]} -lt 2 ] || return 0
                [ -z "${step_alone[$name]}" ] || [ ${#running[@]} -eq 0 ] || return 0
                start_step "$name"
                [ -z "${step_alone[$name]}" ] || return 0
                ;;
        esac
    done
}

needs_of() {
    local other
    for other in ${step_after[$1]}; do echo "${step_result[$other]}"; done
}

start_step() {
    local name=$1 log=$step_logs/$1
    echo "== $name begins at $(clock $SECONDS); its output is in $log.log"
    step_result[$name]=running
    (
        # The time is told of a step that fails, too.
        set +e
        TIMEFORMAT='%0R %0U %0S'
        { time { (set -e && eval "${step_command[$name]}"); } >"$log.log" 2>&1 </dev/null; } 2>"$log.times"
        exit $?
    ) &
    running[$!]=$name
}

finish_step() {
    local id name status=0 seconds user system
    wait -n -p id "${!running[@]}" || status=$?
    name=${running[$id]}
    unset "running[$id]"
    step_result[$name]=passed
    [ "$status" -eq 0 ] || step_result[$name]=failed
    # There is no time of a step that somebody killed.
    read -r seconds user system <"$step_logs/$name.times" || seconds=0 user=0 system=0
    step_times[$name]="$seconds $((user + system))"
    printf '\n== %s\n' "$name"
    cat "$step_logs/$name.log"
    printf '== %s %s in %s\n\n' "$name" "${step_result[$name]}" "$(clock "$seconds")"
}

end_steps() {
    local id
    [ ${#running[@]} -gt 0 ] || return 0
    disown -a
    for id in "${!running[@]}"; do
        kill -- "-$id" 2>/dev/null || true
        step_result[${running[$id]}]=ended
    done
    print_steps
}

# The table: CPU seconds are those of all processes of a step, and say more than the others on a machine that is busy.
print_steps() {
    local name cpu_total=0 seconds cpu
    printf '\n%-30s %-8s %8s %8s\n' step result time "CPU s"
    for name in "${steps[@]}"; do
        [ -n "${step_result[$name]-}" ] || continue
        read -r seconds cpu <<<"${step_times[$name]-0 0}"
        cpu_total=$((cpu_total + cpu))
        printf '%-30s %-8s %8s %8d\n' "$name" "${step_result[$name]}" "$(clock "$seconds")" "$cpu"
    done
    printf '%-30s %-8s %8s %8d\n' total "" "$(clock $SECONDS)" "$cpu_total"
}

clock() { printf '%d:%02d' $(($1 / 60)) $(($1 % 60)); }
