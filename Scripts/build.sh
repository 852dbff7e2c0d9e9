# Builds programs as they are released. To be sourced.

# What is the same for every build, so that they share what they make. Debug information takes a tenth of the time.
release_build=(swift build --configuration release -debug-info-format none)

# build_programs PRODUCT...: sets `programs` to the folder that has them. TASKWIRE_BUILD names one where they are built.
build_programs() {
    programs=${TASKWIRE_BUILD-}
    [ -z "$programs" ] || return 0
    local product
    for product in "$@"; do "${release_build[@]}" --product "$product" >&2; done
    programs=$(swift build --configuration release --show-bin-path)
}
