internal import Foundation
internal import Subprocess
internal import TaskwireTestSupport
internal import Testing

extension CommandTests {
    @Suite("No server")
    struct NoServerTests {
        private func expectNoServer(_ outcome: Program.Outcome, start: String) {
            #expect(outcome.exitCode == 4 && outcome.output.isEmpty, "\(outcome.error)")
            #expect(outcome.error.hasPrefix("taskwire: ") && outcome.error.contains("(UNREACHABLE)"))
            #expect(outcome.error.hasSuffix("; start one with '\(start)'\n"), "\(outcome.error)")
            #expect(outcome.error.split(separator: "\n").count == 1)
        }

        /// Runs the program as a user who has never served anything, and who has no folder for sockets.
        private func asNewUser(_ arguments: String...) async throws -> Program.Outcome {
            let number = UInt32.random(in: 1_000_000...2_000_000)
            let words = arguments.joined(separator: " ")
            let line = "exec setpriv --reuid \(number) --clear-groups $taskwire \(words)"
            var program = Program(url: "")
            program.environment["XDG_RUNTIME_DIR"] = ""
            return try await program.shell(line)
        }

        @Test(.enabled(if: getuid() == 0, "only root can be somebody else"))
        func `at the first contact, without XDG_RUNTIME_DIR, tells how to start one`() async throws {
            for command in ["ping", "create", "wait t1", "run t1 -- true"] {
                let outcome = try await asNewUser(command)
                expectNoServer(outcome, start: "taskwire serve")
                #expect(outcome.error.contains("there is no folder /tmp/taskwire-"))
            }
        }

        @Test func `at the default address of XDG_RUNTIME_DIR is started without options`() async throws {
            try await withTemporaryFolder { folder in
                for directory in [folder, "\(folder)/none"] {
                    var program = Program(url: "")
                    program.environment["XDG_RUNTIME_DIR"] = directory
                    expectNoServer(try await program("ping"), start: "taskwire serve")
                }
            }
        }

        @Test(
            arguments: [
                ("ipc:///tmp/tw-none/t.sock", "ipc:///tmp/tw-none/t.sock"),
                ("ipc:///etc/passwd/t.sock", "ipc:///etc/passwd/t.sock"),
                ("abstract://tw-none", "abstract://tw-none"), ("tcp://127.0.0.1:9", "tcp://127.0.0.1:9"),
                ("tcp://127.0.0.1:9,tcp://127.0.0.1:10", "tcp://127.0.0.1:9"),
                ("tls+tcp://127.0.0.1:9", "tls+tcp://127.0.0.1:9,cert=FILE,key=FILE"),
            ]
        )
        func `at another address is started there`(url: String, listener: String) async throws {
            expectNoServer(try await Program(url: url)("ping"), start: "taskwire serve --listen \(listener)")
        }

        @Test(arguments: ["tcp://host.invalid:7411", "tls+tcp://host.invalid", "tcp://256.1.1.1:7411"])
        func `a host that nobody knows is none`(url: String) async throws {
            let outcome = try await Program(url: url)("get", "t1")
            #expect(outcome.exitCode == 4 && outcome.error.contains("(UNREACHABLE)"), "\(outcome.error)")
            #expect(outcome.error.contains("start one with 'taskwire serve --listen"))
        }

        @Test func `one that takes connections and does not answer is none`() async throws {
            try await withTemporaryFolder { folder in
                let path = "\(folder)/t.sock"
                let silent = """
                    import socket; s = socket.socket(socket.AF_UNIX); s.bind('\(path)'); s.listen(); input()
                    """
                let line = """
                    sleep 60 | python3 -c "\(silent)" &
                    until [ -S \(path) ]; do sleep 0.01; done; $taskwire ping; code=$?; kill $!; exit $code
                    """
                expectNoServer(
                    try await Program(url: "ipc://\(path)").shell(line),
                    start: "taskwire serve --listen ipc://\(path)"
                )
            }
        }
    }
}
