# Builds programs as they are released. To be sourced.

# build_programs PRODUCT...: sets `programs` to the folder that has them. TASKWIRE_BUILD names one where they are built.
build_programs() {
    programs=${TASKWIRE_BUILD-}
    [ -z "$programs" ] || return 0
    local product
    for product in "$@"; do swift build --configuration release --product "$product" >&2; done
    programs=$(swift build --configuration release --show-bin-path)
}
