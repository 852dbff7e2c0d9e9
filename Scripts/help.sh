# Answers --help with the comment at the head of the script that sources this, before that installs or builds anything.
#
# Where `program` is set, the script hands its arguments to that, whose own help follows if it is built.
for argument in "$@"; do
    case "$argument" in
        -h | --help)
            sed -n '2,/^[^#]/s/^#\( \|$\)//p' "$0"
            [ ! -x "${program[0]-}" ] || { echo && "${program[@]}" --help; }
            exit
            ;;
    esac
done
unset argument
