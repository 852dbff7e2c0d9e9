internal import Foundation
internal import Subprocess
internal import TaskwireTestSupport
internal import Testing

extension CommandTests {
    @Suite("Signals that are ignored at the start")
    struct SignalTests {
        /// Returns the signals that a process ignores, as `/proc` has them, but for those of real time, some of which glibc
        /// keeps for itself.
        private func ignored(by id: String) throws -> Set<Int> {
            let status = try String(contentsOfFile: "/proc/\(id)/status", encoding: .utf8)
            let field = try #require(status.firstMatch(of: /SigIgn:\s*([0-9a-f]+)/)?.1)
            let mask = try #require(UInt64(field, radix: 16))
            return Set((1..<32).filter { mask >> ($0 - 1) & 1 == 1 })
        }

        /// The process id that a command wrote.
        private func id(in path: String) async throws -> String {
            var text = ""
            try await eventually("\(path) is written") {
                text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
                return text.hasSuffix("\n")
            }
            return text.trimmingCharacters(in: .newlines)
        }

        @Test(arguments: [("HUP", SIGHUP), ("INT", SIGINT), ("QUIT", SIGQUIT), ("TERM", SIGTERM)])
        func `run and its command go on`(name: String, signal: Int32) async throws {
            try await Server.run { taskwire in
                try await withTemporaryFolder { folder in
                    _ = try await taskwire("create", "t1")
                    let work = """
                        echo $$ > \(folder)/command; until [ -e \(folder)/go ]; do sleep 0.01; done; echo done
                        """
                    let line = """
                        trap '' \(name); echo $$ > \(folder)/run; exec $taskwire run t1 -- '\(work)'
                        """
                    async let run = taskwire.shell(line)
                    let worker = try await id(in: "\(folder)/run")
                    let command = try await id(in: "\(folder)/command")
                    #expect(try ignored(by: worker).contains(Int(signal)))
                    #expect(try ignored(by: command) == [Int(signal)], "as without taskwire")
                    for process in [worker, command] { kill(try #require(Int32(process)), signal) }
                    try Data().write(to: URL(filePath: "\(folder)/go"))
                    let outcome = try await run
                    #expect(outcome.exitCode == 0 && outcome.line == "t1   completed", "\(outcome.error)")
                    #expect(try await taskwire("result", "t1").text == "done\n")
                }
            }
        }

        @Test(arguments: ["wait t1", "watch t1", "messages wait t1"])
        func `what waits goes on`(command: String) async throws {
            try await Server.run { taskwire in
                try await withTemporaryFolder { folder in
                    _ = try await taskwire("create", "t1")
                    let line = "trap '' HUP INT; echo $$ > \(folder)/id; exec $taskwire \(command)"
                    async let waiting = taskwire.shell(line)
                    try await untilWaiting(taskwire)
                    let process = try #require(Int32(try await id(in: "\(folder)/id")))
                    kill(process, SIGHUP)
                    kill(process, SIGINT)
                    _ = try await taskwire("messages", "enqueue", "t1", "hello")
                    _ = try await taskwire("complete", "t1", "--data", "x")
                    let outcome = try await waiting
                    #expect(outcome.exitCode == 0 && outcome.error == "", "\(outcome.error)")
                }
            }
        }

        @Test func `those that are not ignored still end a run that ignores others`() async throws {
            try await Server.run { taskwire in
                try await withTemporaryFolder { folder in
                    _ = try await taskwire("create", "t1")
                    let line = """
                        trap '' HUP; echo $$ > \(folder)/run
                        exec $taskwire run t1 -- 'echo $$ > \(folder)/command; sleep 600'
                        """
                    async let run = taskwire.shell(line)
                    let process = try #require(Int32(try await id(in: "\(folder)/run")))
                    _ = try await id(in: "\(folder)/command")
                    kill(process, SIGTERM)
                    #expect(try await run.exitCode == 143)
                    #expect(try await taskwire("get", "t1", "--json").json["status"]?.string == "cancelled")
                }
            }
        }
    }
}
