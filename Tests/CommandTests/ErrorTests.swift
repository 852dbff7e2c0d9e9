internal import Foundation
internal import Testing

extension CommandTests {
    @Suite("Errors")
    struct ErrorTests {
        @Test(
            "a task that is not there",
            arguments: [
                ["get"], ["update", "--status", "working"], ["complete", "--data", "x"],
                ["fail", "--message", "x"],
                ["cancel"], ["result"], ["wait"], ["watch"], ["get", "--json"],
                ["claim"], ["renew", "ab"], ["release", "ab"],
                ["messages enqueue", "x"], ["messages dequeue"], ["messages peek"], ["messages clear"],
                ["messages wait"],
                ["input list"], ["input answer", "k", "x"], ["input ask", "k", "x"],
            ]
        )
        func notFound(command: [String]) async throws {
            try await Server.run { taskwire in
                let words = command[0].split(separator: " ").map(String.init)
                let outcome = try await taskwire.running(words + ["nope"] + command.dropFirst()) { _ in }
                #expect(outcome.exitCode == 3 && outcome.output.isEmpty)
                #expect(outcome.error == "taskwire: Task not found: nope (TASK_NOT_FOUND)\n")
            }
        }

        @Test("no server: one line, whatever the command and the transport")
        func noServer() async throws {
            let commands = [
                ["ping"], ["create"], ["bench"], ["wait", "x"], ["run", "x", "--", "true"], ["claim", "x"],
                ["messages", "wait", "x"], ["input", "ask", "x", "k", "?"],
            ]
            try await withThrowingTaskGroup { group in
                for url in ["ipc:///tmp/tw-none/t.sock", "tcp://127.0.0.1:9"] {
                    for command in commands {
                        group.addTask { try await Program(url: url).running(command) { _ in } }
                    }
                }
                for try await outcome in group {
                    #expect(outcome.exitCode == 4 && outcome.output.isEmpty)
                    #expect(
                        outcome.error.hasPrefix("taskwire: ")
                            && outcome.error.contains(" (UNREACHABLE); start one with 'taskwire serve")
                    )
                    #expect(outcome.error.split(separator: "\n").count == 1)
                }
            }
        }

        @Test("a refused operation")
        func refused() async throws {
            try await Server.run { taskwire in
                _ = try await taskwire("create", "t1")
                let again = try await taskwire("create", "t1")
                #expect(again.exitCode == 1 && again.error.hasSuffix("(TASK_EXISTS)\n"))
                let spaces = try await taskwire("create", "a b")
                #expect(spaces.exitCode == 1 && spaces.error.contains("task_id"))
                let now = try await taskwire("create", "t2", "--ttl", "0s")
                #expect(now.exitCode == 1 && now.error.contains("ttl_ms"))
            }
        }

        @Test(
            "a wrong command line is 64 and says what is wrong",
            arguments: [
                (["create", "--foo"], "Unknown option '--foo'"),
                (["create", "--ttl", "60"], "a duration is a number and one of the units ms, s, m, h and d"),
                (["create", "--ttl", "-1s"], "--ttl"),
                (["create", "--label", "x"], "a label is KEY=VALUE, as in kind=report; see"),
                (["create", "--label", "a=1", "--label", "a=2"], "A label is given twice; see"),
                (["list", "--status", "done"], "--status"),
                (["list", "--limit", "0"], "--limit must be above 0"),
                (["update", "t1"], "Say what to change"),
                (["update", "t1", "--progress", "x/y"], "progress is a number"),
                (["complete", "t1"], "--data"),
                (["run", "t1"], "Give the command after --; see 'taskwire run --help'"),
                (
                    ["renew", "t1", "xyz"],
                    "The value 'xyz' is invalid for '<token>': a lease token is hexadecimal"
                ),
                (["release", "t1", "abc"], "The value 'abc' is invalid for '<token>'"),
                (["release", "t1", "\u{FF11}\u{FF11}"], "is invalid for '<token>'"),
                (["update", "t1", "--progress", "1", "--lease-token", ""], "--lease-token"),
                (["claim", "t1", "--on-loss", "x"], "one of 'fail' and 'release'"),
                (["claim", "t1", "--lease", "9"], "a duration is a number"),
                (
                    ["messages", "enqueue", "t1", "x", "--kind", "request"],
                    "A request needs a --key; see 'taskwire messages enqueue --help'"
                ),
                (["messages", "enqueue", "t1", "x", "--kind", "x"], "one of 'request' and 'notification'"),
                (["messages", "enqueue", "t1"], "Missing expected argument '<payload>'"),
                (["input", "answer", "t1", "k"], "Missing expected argument '<payload>'"),
                (["input", "ask", "t1"], "Missing expected argument '<key>'"),
                (["get"], "Missing expected argument '<id>'; see 'taskwire get --help'"),
                (["nonsense"], "nonsense"),
                (["ping", "--url", "nonsense"], "The address \"nonsense\" is not valid"),
                (["ping", "--url", "tls+tcp://x:1", "--tls-ca", "/nowhere"], "/nowhere"),
                (
                    ["ping", "--url", "tls+tcp://x:1", "--tls-key", "x"],
                    "--tls-cert and --tls-key belong together"
                ),
                (
                    ["ping", "--url", "tcp://x:1", "--tls-ca", "x"],
                    "tcp://x:1, which is not encrypted; tls+tcp: is"
                ),
                (["token", "create", "a b"], "owner: a name has 1 to 256 bytes of printable ASCII"),
                (["token", "create", "worker:"], "owner: a name has 1 to 256 bytes of printable ASCII"),
                (
                    ["token", "create", "worker:admin"],
                    "owner: \"admin\" is not a name that an owner can have"
                ),
                (["ping", "--max-message-bytes", "\(Int.max)"], "\(Int.max) is above 1073741824"),
                (["ping", "--max-message-bytes", "65535"], "--max-message-bytes: 65535 is below 65536"),
                (["bench", "--mix", "nonsense"], "--mix"),
                (["bench", "--callers", "0"], "--callers: 0 is below 1; see 'taskwire bench --help'"),
                (["bench", "--callers", "16385"], "--callers: 16385 is above 16384"),
                (["bench", "--tasks=-1"], "--tasks: -1 is below 0"),
                (["bench", "--hold", "1s"], "--hold and --change-at are for --mix wait"),
                (["bench", "--change-at", "ipc:///x"], "--hold and --change-at are for --mix wait"),
                (["bench", "--mix", "wait", "--hold", "0s"], "--hold must be above 0"),
                (
                    ["bench", "--mix", "wait", "--hold", "1s", "--warm-up", "1s"],
                    "--warm-up is of no use with --hold"
                ),
                (
                    ["bench", "--mix", "wait", "--hold", "1s", "--count", "1"],
                    "Give one of --count, --duration and --hold"
                ),
                (["bench", "--payload", "-1"], "--payload"),
                (["bench", "--count", "0"], "--count must be above 0"),
                (["bench", "--duration", "0s"], "--duration must be above 0"),
                (
                    ["bench", "--count", "1", "--duration", "1s"],
                    "Give one of --count, --duration and --hold"
                ),
                (["serve", "--max-calls-per-second", "1"], "Unknown option"),
            ]
        )
        func usage(arguments: [String], message: String) async throws {
            let outcome = try await Program(url: "ipc:///tmp/tw-none/t.sock").running(arguments) { _ in }
            #expect(outcome.exitCode == 64 && outcome.output.isEmpty)
            #expect(
                outcome.error.hasPrefix("taskwire: ") && outcome.error.contains(message),
                "\(outcome.error)"
            )
            #expect(outcome.error.hasSuffix("\n") && outcome.error.split(separator: "\n").count == 1)
        }

        @Test(
            "a wrong variable of a client",
            arguments: [
                ("TASKWIRE_MAX_MESSAGE_BYTES", "x", "is not a whole number"),
                ("TASKWIRE_MAX_MESSAGE_BYTES", "\(Int.max)", "\(Int.max) is above 1073741824"),
            ]
        )
        func variables(name: String, value: String, message: String) async throws {
            var taskwire = Program(url: "ipc:///tmp/tw-none/t.sock")
            taskwire.environment = [name: value]
            let outcome = try await taskwire("ping")
            #expect(outcome.exitCode == 64 && outcome.error.hasPrefix("taskwire: \(name): \(message)"))
            #expect(outcome.error.split(separator: "\n").count == 1)
        }

        @Test("help tells the exit codes, completion knows the statuses")
        func help() async throws {
            let taskwire = Program(url: "")
            let help = try await taskwire("--help")
            #expect(help.exitCode == 0 && help.text.contains("EXIT CODES") && help.text.contains("run"))
            for command in ["claim", "renew", "release", "messages", "input"] {
                #expect(help.text.contains("\n  \(command) "))
            }
            #expect(try await taskwire("run", "--help").text.contains("-- <command>"))
            let serve = try await taskwire("serve", "--help").text
            #expect(serve.contains("TASKWIRE_MAX_TTL") && serve.contains("tls+tcp"))
            for shell in ["bash", "zsh", "fish"] {
                let script = try await taskwire("--generate-completion-script", shell)
                #expect(script.exitCode == 0 && script.text.contains("input_required"), "\(shell)")
            }
            #expect(try await taskwire("--version").text.contains("."))
        }

        @Test("who stops reading early gets no complaint")
        func brokenPipe() async throws {
            try await Server.run { taskwire in
                for index in 0..<3 { _ = try await taskwire("create", "t\(index)") }
                _ = try await taskwire(
                    "complete",
                    "t0",
                    "--data",
                    "-",
                    input: [UInt8](repeating: 65, count: 1 << 20)
                )
                let listed = try await taskwire.shell("$taskwire list | head -1")
                #expect(listed.exitCode == 0 && listed.error == "" && listed.text.hasPrefix("ID"))
                let cut = try await taskwire.shell("$taskwire result t0 | head -c 3; echo ${PIPESTATUS[0]}")
                #expect(cut.text == "AAA141\n" && cut.error == "")
            }
        }

        @Test("NO_COLOR and --no-color are obeyed in a terminal, which otherwise has colours")
        func colors() async throws {
            try await Server.run { taskwire in
                _ = try await taskwire("create", "t1")
                func inTerminal(_ line: String) async throws -> String {
                    try await taskwire.shell("TERM=xterm script -qec '\(line)' /dev/null").text
                }
                #expect(try await inTerminal("$taskwire list").contains("\u{1B}[36mworking"))
                #expect(try await !inTerminal("$taskwire list --no-color").contains("\u{1B}"))
                #expect(try await !inTerminal("NO_COLOR=1 $taskwire list").contains("\u{1B}"))
            }
        }
    }
}
