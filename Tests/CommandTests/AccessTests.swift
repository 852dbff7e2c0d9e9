import Foundation
import Subprocess
import TaskwireTestSupport
import Testing

extension CommandTests {
    @Suite("Tokens, TLS and the log of a server")
    struct AccessTests {
        /// Makes a token in the file `tokens` of `folder`.
        private func makeToken(_ principal: String, _ folder: String) async throws -> String {
            let outcome = try await Program(url: "")(
                "token",
                "create",
                principal,
                "--tokens",
                "\(folder)/tokens"
            )
            #expect(outcome.exitCode == 0 && outcome.error.contains("SIGHUP"), "\(outcome.error)")
            return outcome.line
        }

        @Test("token create prints the token once, and its hash for the server")
        func tokenCreate() async throws {
            try await withTemporaryFolder { folder in
                let taskwire = Program(url: "")
                let plain = try await taskwire("token", "create", "alice")
                #expect(plain.exitCode == 0 && plain.line.hasPrefix("taskwire_") && plain.line.count == 52)
                let line = try #require(plain.error.split(separator: "\n").last)
                #expect(line.hasPrefix("alice ") && line.count == 70 && !plain.error.contains(plain.line))

                let path = "\(folder)/tokens"
                try Data(line.utf8).write(to: URL(filePath: path))
                _ = try await makeToken("worker:alice", folder)
                let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
                #expect(lines.count == 2 && lines[0] == line && lines[1].hasPrefix("worker:alice "))

                let failure = try await taskwire(
                    "token",
                    "create",
                    "alice",
                    "--tokens",
                    "\(folder)/none/tokens"
                )
                #expect(failure.exitCode == 1 && failure.output.isEmpty)
                #expect(failure.error.hasPrefix("taskwire: cannot write to \(folder)/none/tokens: "))
            }
        }

        @Test
        func `tokens come from a regular file, and nothing else makes a server wait`() async throws {
            try await withTemporaryFolder { folder in
                let tokens = "\(folder)/tokens"
                #expect(mkfifo(tokens, 0o600) == 0)
                let refused = try await Program(url: "")("serve", "--store", "memory:", "--tokens", tokens)
                #expect(refused.exitCode == 64)
                #expect(
                    refused.error == "taskwire: tokens: cannot read \(tokens): it is not a regular file\n"
                )
                #expect(unlink(tokens) == 0)
                let made = try await Program(url: "")("token", "create", "alice", "--tokens", tokens)
                try await Server.run(["--tokens", tokens]) { taskwire, log in
                    var alice = taskwire
                    alice.environment["TASKWIRE_TOKEN"] = made.line
                    #expect(unlink(tokens) == 0 && mkfifo(tokens, 0o600) == 0)
                    let process = try #require(log.processID)
                    for count in 1...2 {
                        #expect(kill(process, SIGHUP) == 0)
                        try await eventually("the server says so") {
                            log.text.matches(of: /not read again.*not a regular file/).count == count
                        }
                    }
                    #expect(try await alice("ping").exitCode == 0, "the tokens from before count")
                }
            }
        }

        @Test("a server with tokens lets in who has one, and reads them again at SIGHUP")
        func tokens() async throws {
            try await withTemporaryFolder { folder in
                let alice = try await makeToken("alice", folder)
                let admin = try await makeToken("admin", folder)
                let mode = try FileManager.default.attributesOfItem(atPath: "\(folder)/tokens")[
                    .posixPermissions
                ]
                #expect(mode as? Int == 0o600)
                let file = "\(folder)/alice"
                try Data("\(alice)\n".utf8).write(to: URL(filePath: file))
                try await Server.run(["--tokens", "\(folder)/tokens", "--log-format", "json"]) {
                    taskwire,
                    log in
                    let stranger = try await taskwire("ping")
                    #expect(stranger.exitCode == 1 && stranger.error.contains("(UNAUTHENTICATED)"))
                    #expect(try await taskwire("create", "t1", "--token-file", file).line == "t1")
                    var named = taskwire
                    named.environment["TASKWIRE_TOKEN_FILE"] = file
                    #expect(try await named("get", "t1").exitCode == 0)
                    #expect(try await named("stats").error.contains("(PERMISSION_DENIED)"))
                    var operating = taskwire
                    operating.environment["TASKWIRE_TOKEN"] = admin
                    #expect(try await operating("get", "t1").exitCode == 3)
                    #expect(try await operating("cancel", "t1", "--owner", "alice").exitCode == 0)
                    #expect(try await operating("stats", "--json").json["tasks"]?.number == 1)

                    let process = try #require(log.processID)
                    let lines = try String(contentsOfFile: "\(folder)/tokens", encoding: .utf8)
                    try Data("nonsense\n".utf8).write(to: URL(filePath: "\(folder)/tokens"))
                    #expect(kill(process, SIGHUP) == 0)
                    try await eventually("the file is refused") { log.text.contains("not read again") }
                    #expect(try await named("ping").exitCode == 0)
                    let others = lines.split(separator: "\n").filter { !$0.hasPrefix("alice ") }
                    try Data(others.joined(separator: "\n").utf8).write(to: URL(filePath: "\(folder)/tokens"))
                    #expect(kill(process, SIGHUP) == 0)
                    try await eventually("alice is out") {
                        try await named("ping").error.contains("(UNAUTHENTICATED)")
                    }
                    #expect(try await operating("ping").exitCode == 0)

                    let records = try log.text.split(separator: "\n").map { try JSON(Array($0.utf8)) }
                    let created = try #require(records.first { $0["message"]?.string == "task created" })
                    #expect(created["metadata"]?["owner"]?.string == "alice")
                    #expect(created["metadata"]?["task"]?.string == "t1")
                    let cancelled = try #require(records.first { $0["message"]?.string == "task cancelled" })
                    #expect(cancelled["metadata"]?["caller"]?.string == "admin")
                    #expect(cancelled["metadata"]?["owner"]?.string == "alice")
                    #expect(records.contains { $0["message"]?.string == "refused" })
                    #expect(!log.text.contains(alice) && !log.text.contains(admin))
                }
            }
        }

        @Test(
            "TLS and several listeners, by options, by the environment and by a file",
            arguments: [0, 1, 2]
        )
        func listeners(form: Int) async throws {
            try await TestCertificates.with { certificates in
                let secure =
                    "tls+tcp://127.0.0.1:0\(certificates.listenerAttributes(clients: "ca")),owner=carl"
                let tokens = "\(certificates.folder)/tokens"
                _ = try await makeToken("alice", certificates.folder)
                var options = ["--listen", secure, "--tokens", tokens]
                var environment: [String: String] = [:]
                if form == 1 {
                    options = []
                    environment = [
                        "TASKWIRE_LISTEN": "\(secure),tcp://127.0.0.1:0", "TASKWIRE_TOKENS": tokens,
                    ]
                } else if form == 2 {
                    let config = "\(certificates.folder)/config.json"
                    try Data(#"{"listen": ["\#(secure)", "tcp://127.0.0.1:0"], "tokens": "\#(tokens)"}"#.utf8)
                        .write(to: URL(filePath: config))
                    options = ["--config", config]
                }
                try await Server.run(options, environment: environment, listensOnItsOwn: form == 0) {
                    taskwire,
                    log in
                    try await eventually("it listens with TLS") { log.text.contains("tls+tcp://127.0.0.1:") }
                    let match = try #require(log.text.firstMatch(of: /tls\+tcp:\/\/127\.0\.0\.1:(\d+)/))
                    var client = Program(url: "tls+tcp://localhost:\(match.1)")
                    let stranger = client
                    client.environment = [
                        "TASKWIRE_TLS_CA": certificates.certificate("ca"),
                        "TASKWIRE_TLS_CERT": certificates.certificate("client"),
                        "TASKWIRE_TLS_KEY": certificates.key("client"),
                    ]
                    #expect(try await client("create", "t").line == "t")
                    try await eventually("the owner is in the log") { log.text.contains("owner=carl") }
                    client.environment["TASKWIRE_TLS_SERVER_NAME"] = "elsewhere.test"
                    let confused = client
                    // Each tries for 3 s.
                    async let refused = stranger("ping", "--tls-ca", certificates.certificate("other-ca"))
                    async let misnamed = confused("ping")
                    #expect(try await misnamed.exitCode == 1)
                    let error = try await refused.error
                    #expect(error.contains("does not believe the server"))
                    #expect(try await refused.exitCode == 1)
                }
            }
        }

        @Test("a server that would be open to others does not start, and says what to do")
        func openAddress() async throws {
            let outcome = try await Program(url: "")(
                "serve",
                "--store",
                "memory:",
                "--listen",
                "tcp://0.0.0.0:0"
            )
            #expect(outcome.exitCode == 64 && outcome.error.split(separator: "\n").count == 1)
            for part in ["tls+tcp://", "cert=FILE", "--tokens", "--insecure"] {
                #expect(outcome.error.contains(part), "\(outcome.error)")
            }
        }

        @Test("nobody waits for whoever does not read the log")
        func unreadLog() async throws {
            try await withTemporaryFolder { folder in
                let url = "ipc://\(folder)/t.sock"
                let script = """
                    mkfifo \(folder)/log && exec 3<>\(folder)/log
                    "$taskwire" serve --store memory: --listen \(url) --log-level debug 2>&3 & server=$!
                    until "$taskwire" ping >/dev/null 2>&1; do :; done
                    "$taskwire" bench --mix get --callers 8 --count 4000 --warm-up 1ms >/dev/null
                    echo "bench $?"
                    kill $server
                    wait $server
                    echo "server $?"
                    """
                let outcome = try await Program(url: url).shell(script)
                #expect(outcome.text == "bench 0\nserver 0\n", "\(outcome.text)\(outcome.error)")
            }
        }
    }
}
