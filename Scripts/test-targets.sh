# The targets of Swift tests, those that take longest first, each of which gets a process of its own: nng's threads are
# shared by all connections of a process. To be sourced.
targets=(
    HostileTests CommandTests TaskwireServiceTests WorkerTests TaskwireStorageTests TaskwireRPCTests
    TaskwireProtobufTests TaskwireTests
)

# test_target TARGET ARGUMENT...: runs the tests of a target that was built, with further arguments of `swift test`.
test_target() {
    local target=$1 parallel=--parallel
    shift
    case "$target" in TaskwireServiceTests | HostileTests | WorkerTests) parallel=--no-parallel ;; esac
    # Nothing is built, so targets may run beside each other.
    swift test --skip-build --ignore-lock --disable-xctest "$parallel" --filter "^$target\\." "$@"
}
