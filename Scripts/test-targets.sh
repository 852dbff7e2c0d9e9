# The targets of Swift tests, those that take longest first, each of which gets a process of its own: nng's threads are
# shared by all connections of a process. To be sourced.
targets=(
    HostileTests CommandTests TaskwireServiceTests WorkerTests TaskwireStorageTests TaskwireRPCTests
    TaskwireProtobufTests TaskwireTests
)

# test_target FOLDER TARGET ARGUMENT...: runs the tests of a target that was built to the folder, with further arguments of
# Swift Testing. SwiftPM would do the same, but not for two targets at a time.
test_target() {
    local folder=$1 target=$2 parallel=--parallel
    shift 2
    case "$target" in TaskwireServiceTests | HostileTests | WorkerTests) parallel=--no-parallel ;; esac
    # A target without tests is one whose name has changed.
    NO_COLOR=1 "$folder/taskwirePackageTests.xctest" --testing-library swift-testing "$parallel" \
        --filter "^$target\\." "$@" 2>&1 | awk '{ print } /Test run with 0 tests/ { none = 1 } END { exit none }'
}
