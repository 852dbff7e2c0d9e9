internal import Foundation
internal import Subprocess
internal import TaskwireTestSupport
internal import Testing

extension CommandTests {
    @Suite("No server")
    struct NoServerTests {
        /// Makes all attempts at once, as each takes the time of one at connecting.
        private func expectNoServer<Attempt: Sendable>(
            at attempts: [Attempt],
            _ outcome: @escaping @Sendable (Attempt) async throws -> (Program.Outcome, start: String)
        ) async throws {
            try await withThrowingTaskGroup { group in
                for attempt in attempts { group.addTask { try await outcome(attempt) } }
                for try await (outcome, start) in group {
                    #expect(outcome.exitCode == 4 && outcome.output.isEmpty, "\(outcome.error)")
                    #expect(outcome.error.hasPrefix("taskwire: ") && outcome.error.contains(" (UNREACHABLE)"))
                    #expect(outcome.error.hasSuffix("; start one with '\(start)'\n"), "\(outcome.error)")
                    #expect(outcome.error.split(separator: "\n").count == 1)
                }
            }
        }

        @Test(.enabled(if: getuid() == 0, "only root can be somebody else"))
        func `at the first contact, without XDG_RUNTIME_DIR, tells how to start one`() async throws {
            try await expectNoServer(at: ["ping", "create", "wait t1", "run t1 -- true"]) { command in
                // A user who has never served anything.
                let number = UInt32.random(in: 1_000_000...2_000_000)
                var program = Program(url: "")
                program.environment["XDG_RUNTIME_DIR"] = ""
                let outcome = try await program.shell(
                    "exec setpriv --reuid \(number) --clear-groups $taskwire \(command)"
                )
                #expect(outcome.error.contains("there is no folder /tmp/taskwire-\(number)"))
                return (outcome, "taskwire serve")
            }
        }

        @Test func `at the default address of XDG_RUNTIME_DIR is started without options`() async throws {
            try await withTemporaryFolder { folder in
                try await expectNoServer(at: [folder, "\(folder)/none"]) { directory in
                    var program = Program(url: "")
                    program.environment["XDG_RUNTIME_DIR"] = directory
                    return (try await program("ping"), "taskwire serve")
                }
            }
        }

        @Test func `at another address is started there`() async throws {
            let attempts = [
                ("ipc:///tmp/tw-none/t.sock", "ipc:///tmp/tw-none/t.sock"),
                ("ipc:///etc/passwd/t.sock", "ipc:///etc/passwd/t.sock"),
                ("abstract://tw-none", "abstract://tw-none"), ("tcp://127.0.0.1:9", "tcp://127.0.0.1:9"),
                ("tcp://127.0.0.1:9,tcp://127.0.0.1:10", "tcp://127.0.0.1:9"),
                ("tls+tcp://127.0.0.1:9", "tls+tcp://127.0.0.1:9,cert=FILE,key=FILE"),
                // Nobody knows these hosts.
                ("tcp://host.invalid:7411", "tcp://host.invalid:7411"),
                ("tcp://256.1.1.1", "tcp://256.1.1.1"),
                ("tls+tcp://host.invalid", "tls+tcp://host.invalid,cert=FILE,key=FILE"),
            ]
            try await expectNoServer(at: attempts) { url, listener in
                (try await Program(url: url)("ping"), "taskwire serve --listen \(listener)")
            }
        }

        @Test func `one that takes connections and does not greet is none, nor one of something else`()
            async throws
        {
            try await withTemporaryFolder { folder in
                try await expectNoServer(at: ["input()", "while True: s.accept()[0].close()"]) { behaviour in
                    let path = "\(folder)/\(behaviour.count).sock"
                    let server = """
                        import socket; s = socket.socket(socket.AF_UNIX); s.bind('\(path)'); s.listen()
                        \(behaviour)
                        """
                    let line = """
                        sleep 60 | python3 -c "\(server)" &
                        until [ -S \(path) ]; do sleep 0.01; done; $taskwire ping; code=$?; kill $!; exit $code
                        """
                    return (
                        try await Program(url: "ipc://\(path)").shell(line),
                        "taskwire serve --listen ipc://\(path)"
                    )
                }
            }
        }
    }
}
