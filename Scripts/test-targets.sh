# The targets of Swift tests, each of which gets a process of its own: nng's threads are shared by all sockets of a
# process, and some tests are rough with them. To be sourced.
targets=(
    TaskwireTests TaskwireProtobufTests TaskwireStorageTests TaskwireRPCTests TaskwireServiceTests CommandTests
    HostileTests WorkerTests
)

# test_target TARGET ARGUMENT...: runs the tests of a target that was built, with further arguments of `swift test`.
test_target() {
    local target=$1 parallel=--parallel
    shift
    case "$target" in TaskwireServiceTests | HostileTests | WorkerTests) parallel=--no-parallel ;; esac
    swift test --skip-build "$parallel" --filter "^$target\\." "$@"
}
