internal import Foundation
internal import Subprocess
internal import TaskwireTestSupport
internal import Testing

extension CommandTests {
    @Suite("What the command of run gets")
    struct RunBytesTests {
        @Test func `arguments that are no text arrive as they are`() async throws {
            try await Server.run { taskwire in
                try await withTemporaryFolder { folder in
                    _ = try await taskwire("create", "t1")
                    let line = """
                        f="\(folder)/"$'name\\xff \\n'; echo content > "$f"; $taskwire run t1 -- cat "$f"
                        $taskwire create t2 && $taskwire run t2 -- $'printf \\'%s\\' \\'a\\xfe\\''
                        """
                    let outcome = try await taskwire.shell(line)
                    #expect(outcome.exitCode == 0, "\(outcome.error)")
                    #expect(try await taskwire("result", "t1").text == "content\n")
                    #expect(try await taskwire("result", "t2").output == [UInt8(ascii: "a"), 0xFE])
                }
            }
        }

        @Test func `variables arrive whatever their names and values are`() async throws {
            try await Server.run { taskwire in
                _ = try await taskwire("create", "t1")
                let program = """
                    import os; e = os.environb; print(e[b"X"], e[b"my-variable"], e[b"cluster.name"])
                    """
                let line = """
                    env X=$'a\\xffb' my-variable=x cluster.name=y $taskwire run t1 -- python3 -c '\(program)'
                    """
                let outcome = try await taskwire.shell(line)
                #expect(outcome.exitCode == 0, "\(outcome.error)")
                let text = try await taskwire("result", "t1").text
                #expect(text == "b'a\\xffb' b'x' b'y'\n")
            }
        }

        @Test func `several words are a program, which no shell reads`() async throws {
            try await Server.run { taskwire in
                try await withTemporaryFolder { folder in
                    let script = "\(folder)/a b;c"
                    try Data("#!/bin/sh\nprintf '%s|' \"$0\" \"$@\"\n".utf8).write(to: URL(filePath: script))
                    try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: script)
                    _ = try await taskwire("create", "t1")
                    _ = try await taskwire("run", "t1", "--", script, "", "$HOME", "--", "*", "-e")
                    #expect(try await taskwire("result", "t1").text == "\(script)||$HOME|--|*|-e|")
                }
            }
        }

        @Test(
            arguments: [
                ("/nowhere/program", 127, "No such file or directory"),
                ("/etc/passwd", 126, "Permission denied"),
            ]
        )
        func `a program that cannot be executed fails the task and is named`(
            program: String,
            code: Int,
            reason: String
        ) async throws {
            try await Server.run { taskwire in
                _ = try await taskwire("create", "t1")
                let run = try await taskwire("run", "t1", "--", program, "x")
                #expect(run.exitCode == 6)
                let message = try await taskwire("get", "t1", "--json").json["statusMessage"]?.string
                #expect(message == "exited with \(code): taskwire: cannot execute \(program): \(reason)")
            }
        }

        @Test func `arguments that are no text are refused where text is needed`() async throws {
            try await Server.run { taskwire in
                for line in ["create $'a\\xff'", "create t1 --request $'a\\xff'", "run $'a\\xff' -- true"] {
                    let outcome = try await taskwire.shell("$taskwire \(line)")
                    #expect(outcome.exitCode == 64 && outcome.output.isEmpty, "\(line)")
                    let message = "taskwire: the argument \"a\u{FFFD}\" is not UTF-8"
                    #expect(outcome.error.hasPrefix(message), "\(outcome.error)")
                }
                #expect(try await taskwire("list", "--json").text == "[]\n")
            }
        }

        @Test(arguments: ["options", "variables"])
        func `the command can call back from any directory`(form: String) async throws {
            try await TestCertificates.with { certificates in
                try await withTemporaryFolder { folder in
                    let tokens = "\(folder)/tokens"
                    let made = try await Program(url: "")("token", "create", "admin", "--tokens", tokens)
                    try Data(made.output).write(to: URL(filePath: "\(folder)/token"))
                    let listener = "tls+tcp://127.0.0.1:0\(certificates.listenerAttributes(clients: "ca"))"
                    let arguments = ["--listen", listener, "--tokens", tokens]
                    try await Server.run(arguments, listensOnItsOwn: false) { program, log in
                        let port = try #require(
                            log.text.firstMatch(of: /address=tls.tcp:..127.0.0.1:(\d+)/)?.1
                        )
                        let url = "tls+tcp://localhost:\(port)"
                        var taskwire = Program(url: "")
                        taskwire.environment["XDG_RUNTIME_DIR"] = folder
                        let values = [
                            ("url", url), ("token-file", "token"), ("owner", "bob"), ("tls-ca", "ca.pem"),
                            ("tls-cert", "client.pem"), ("tls-key", "client-key.pem"),
                        ]
                        let given = values.map { name, value in
                            guard form == "variables" else { return "--\(name)=\(value)" }
                            let variable = name.uppercased().replacing("-", with: "_")
                            return "TASKWIRE_\(variable)=\(value)"
                        }.joined(separator: " ")
                        func line(_ words: String) -> String {
                            form == "variables" ? "env \(given) $taskwire \(words)" : "$taskwire \(words)"
                        }
                        let options = form == "variables" ? "" : given
                        let outcome = try await taskwire.shell(
                            """
                            cd \(certificates.folder) && cp \(folder)/token . && \(line("create t1 \(options)")) && \
                            \(line("run t1 \(options) -- 'cd / && \"$taskwire\" update t1 --progress 1/2'"))
                            """
                        )
                        #expect(outcome.exitCode == 0, "\(outcome.error)")
                        #expect(outcome.line.hasSuffix("t1   completed   1/2"))
                    }
                }
            }
        }
    }
}
