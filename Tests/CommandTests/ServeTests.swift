internal import Foundation
internal import Subprocess
internal import TaskwireTestSupport
internal import Testing

extension CommandTests {
    @Suite("serve")
    struct ServeTests {
        private func maxTTL(_ taskwire: Program) async throws -> Double? {
            try await taskwire("info", "--json").json["limits"]?["maxTtlMs"]?.number
        }

        @Test("options count more than the environment, and that more than the file")
        func precedence() async throws {
            try await withTemporaryFolder { folder in
                let file = "\(folder)/config.json"
                let settings = #"{"maxTtl": "3h", "maxWaits": 100, "maxPageSize": 300, "logFormat": "json"}"#
                try Data(settings.utf8).write(to: URL(filePath: file))
                let environment = ["TASKWIRE_MAX_TTL": "2h", "TASKWIRE_MAX_WAITS": "90"]

                try await Server.run(["--config", file]) { taskwire, log in
                    #expect(try await maxTTL(taskwire) == 10_800_000)
                    let line = try #require(log.text.split(separator: "\n").first)
                    let record = try JSON(Array(line.utf8))
                    #expect(record["level"]?.string == "info" && record["message"]?.string == "listening")
                    #expect(record["time"]?.string?.hasSuffix("Z") == true)
                    #expect(record["metadata"]?["address"]?.string == taskwire.url)
                }
                try await Server.run(["--config", file], environment: environment) { taskwire, _ in
                    let limit = try await maxTTL(taskwire)
                    #expect(limit == 7_200_000)
                }
                let variable = environment.merging(["TASKWIRE_CONFIG": file]) { $1 }
                try await Server.run(["--max-ttl", "1h"], environment: variable) { taskwire, _ in
                    #expect(try await maxTTL(taskwire) == 3_600_000)
                    let limits = try await taskwire("info", "--json").json["limits"]
                    #expect(limits?["maxWaits"]?.number == 90 && limits?["maxPageSize"]?.number == 300)
                }
            }
        }

        @Test(
            "with few open files a server says how many connections there will be, and with too few it does not start"
        )
        func fewOpenFiles() async throws {
            try await withTemporaryFolder { folder in
                let taskwire = Program(url: "ipc://\(folder)/t.sock")
                let line = """
                    (ulimit -n 64; exec $taskwire serve --store memory: --listen $TASKWIRE_URL 2> \(folder)/log) & server=$!
                    until $taskwire ping > /dev/null 2>&1; do kill -0 $server || exit 1; sleep 0.05; done
                    $taskwire info --json
                    kill $server; wait $server
                    """
                let outcome = try await taskwire.shell(line)
                #expect(outcome.exitCode == 0, "\(outcome.error)")
                #expect(try outcome.json["limits"]?["maxConnections"]?.number == 24)
                let log = try String(contentsOfFile: "\(folder)/log", encoding: .utf8)
                let warning = try #require(
                    log.split(separator: "\n").first { $0.contains("fewer connections") }
                )
                #expect(warning.contains("connections=24") && warning.contains("ulimit -n"), "\(warning)")

                let store = "\(folder)/tasks.db"
                let refused = try await taskwire.shell(
                    "ulimit -n 20; exec $taskwire serve --store sqlite:\(store) --listen $TASKWIRE_URL"
                )
                #expect(refused.exitCode == 1)
                #expect(
                    refused.error.hasPrefix(
                        "taskwire: this process may have 20 files open, and a server needs "
                    )
                )
                #expect(!FileManager.default.fileExists(atPath: store))
            }
        }

        @Test(
            "a wrong setting is 64 and one line that says where it is",
            arguments: [
                (#"{"maxTtl": "1"}"#, [:], [], "\"maxTtl\" in FILE: \"1\" is no duration: a duration is"),
                (#"{"maxTTL": "1s"}"#, [:], [], "FILE: there is no setting \"maxTTL\"; the settings are "),
                (#"{"maxWaits": "x"}"#, [:], [], "\"maxWaits\" in FILE: is not a whole number"),
                (#"{"maxWaits": 0}"#, [:], [], "\"maxWaits\" in FILE: 0 is below 1"),
                (#"{"listen": "tcp://x"}"#, [:], [], "\"listen\" in FILE: is not an array of strings"),
                (#"{"insecure": "x"}"#, [:], [], "\"insecure\" in FILE: is not true or false"),
                ("[]", [:], [], "FILE is not a JSON object"),
                ("{}", ["TASKWIRE_MAX_WAITS": "x"], [], "TASKWIRE_MAX_WAITS: is not a whole number"),
                ("{}", ["TASKWIRE_LOG_LEVEL": "loud"], [], "TASKWIRE_LOG_LEVEL: \"loud\" is none of trace, "),
                ("{}", [:], ["--max-waits", "0"], "--max-waits: 0 is below 1"),
                ("{}", [:], ["--max-waits", "\(Int.max)"], "--max-waits: \(Int.max) is above 2147483647"),
                (
                    "{}", [:], ["--max-message-bytes", "\(Int.max)"],
                    "--max-message-bytes: \(Int.max) is above "
                ),
                (#"{"maxMessageBytes": 1}"#, [:], [], "\"maxMessageBytes\" in FILE: 1 is below 65536"),
                ("{}", ["TASKWIRE_MAX_DECODE_BYTES": "9"], [], "TASKWIRE_MAX_DECODE_BYTES: 9 is below 65536"),
                (
                    "{}", [:], ["--max-decode-bytes", "70000"],
                    "--max-decode-bytes: 70000 is below maxMessageBytes, which is 4194304"
                ),
                (
                    "{}", [:], ["--max-message-bytes", "1073741824"],
                    "maxDecodeBytes: 16777216 is below --max-message-bytes, which is 1073741824"
                ),
                (#"{"maxMessagesPerTask": 0}"#, [:], [], "\"maxMessagesPerTask\" in FILE: 0 is below 1"),
                (#"{"maxMessages": 1}"#, [:], [], "FILE: there is no setting \"maxMessages\""),
                (
                    "{}", [:], ["--listen", "tls+tcp://x:1"],
                    "listen: tls+tcp://x:1 needs cert="
                ),
                ("{}", [:], ["--store", "redis://x:0"], "--store: the address of Redis has the port 0; "),
                ("{}", [:], ["--store", "redis:x"], "--store: the address of Redis should be redis://"),
                ("{}", [:], ["--store", "rediss://x"], "--store: rediss:// is not served, "),
                (
                    "{}", [:], ["--redis-wait-replicas", "1"],
                    "--redis-wait-replicas: only a store in Redis has replicas"
                ),
                (#"{"redisWaitReplicas": -1}"#, [:], [], "\"redisWaitReplicas\" in FILE: -1 is below 0"),
                (
                    "{}", ["TASKWIRE_REDIS_WAIT_REPLICAS": "x"], [],
                    "TASKWIRE_REDIS_WAIT_REPLICAS: is not a whole number"
                ),
                (#"{"store": "x"}"#, [:], [], "\"store\" in FILE: \"x\" is not a store; use sqlite:PATH, "),
                (
                    "{}", ["HOME": "", "XDG_STATE_HOME": ""], [],
                    "store: neither XDG_STATE_HOME nor HOME says where; "
                ),
            ] as [(String, [String: String], [String], String)]
        )
        func wrongSettings(
            settings: String,
            environment: [String: String],
            options: [String],
            message: String
        ) async throws {
            try await withTemporaryFolder { folder in
                let file = "\(folder)/config.json"
                try Data(settings.utf8).write(to: URL(filePath: file))
                var taskwire = Program(url: "")
                taskwire.environment = environment
                let listen = settings.contains("listen") ? [] : ["--listen", "ipc://\(folder)/t.sock"]
                let outcome = try await taskwire.running(["serve", "--config", file] + listen + options) {
                    _ in
                }
                #expect(outcome.exitCode == 64 && outcome.error.split(separator: "\n").count == 1)
                let expected = "taskwire: " + message.replacing("FILE", with: file)
                #expect(outcome.error.hasPrefix(expected), "\(outcome.error)")
            }
        }

        @Test(
            "a server that cannot start says why in one line",
            arguments: [
                (["--listen", "nonsense"], 64, "The address \"nonsense\" is not valid"),
                (["--listen", "tcp://0.0.0.0:0"], 64, "--insecure"),
                (["--store", "memory:", "--listen", "ipc:///proc/nowhere/t.sock"], 64, "/proc/nowhere"),
                (["--config", "/nowhere.json"], 64, "cannot read /nowhere.json: No such file or directory"),
            ]
        )
        func badStart(options: [String], exitCode: Int32, message: String) async throws {
            let outcome = try await Program(url: "").running(["serve"] + options) { _ in }
            #expect(outcome.exitCode == exitCode && outcome.error.contains(message), "\(outcome.error)")
            #expect(outcome.error.hasPrefix("taskwire: ") && outcome.error.split(separator: "\n").count == 1)
        }

        @Test("the largest settings work, and an empty TASKWIRE_CONFIG is none")
        func largestSettings() async throws {
            let counts = [
                "--max-batch-calls", "--max-tasks-per-owner", "--max-waits", "--max-page-size",
                "--max-tombstones", "--max-messages-per-task", "--max-input-requests-per-task",
            ]
            let bytes = [
                "--max-message-bytes", "--max-decode-bytes", "--max-batch-bytes", "--max-interaction-bytes",
            ]
            let options =
                counts.flatMap { [$0, "2147483647"] } + bytes.flatMap { [$0, "1073741824"] }
            try await Server.run(options, environment: ["TASKWIRE_CONFIG": ""]) { taskwire, _ in
                let limits = try await taskwire("info", "--json").json["limits"]
                #expect(limits?["maxWaits"]?.number == 2_147_483_647)
                #expect(limits?["maxMessagesPerTask"]?.number == 2_147_483_647)
                #expect(limits?["maxInteractionBytes"]?.number == 536_870_912)
                #expect(try await taskwire("create", "t1", "--max-message-bytes", "1073741824").exitCode == 0)
                #expect(try await taskwire("list", "--json").json.array?.count == 1)
                #expect(try await taskwire("delete", "t1").exitCode == 0)
            }
        }

        @Test
        func `a task with more than a message takes is shown, with what was left out`() async throws {
            try await withTemporaryFolder { folder in
                let file = "\(folder)/payload"
                try Data(repeating: UInt8(ascii: "x"), count: 50_000).write(to: URL(filePath: file))
                try await Server.run(["--max-message-bytes", "65536"]) { taskwire, _ in
                    #expect(try await taskwire("create", "t1", "--request", "@\(file)").exitCode == 0)
                    #expect(try await taskwire("complete", "t1", "--data", "@\(file)").exitCode == 0)
                    let shown = try await taskwire("get", "t1")
                    #expect(shown.exitCode == 0 && shown.text.contains("left out:"), "\(shown.text)")
                    let document = try await taskwire("get", "t1", "--json").json
                    #expect(document.details?["omittedFields"]?.array?.map(\.string) == ["result"])
                    #expect(document.details?["request"]?["size"]?.number == 50_000)
                    #expect(try await taskwire("result", "t1").output.count >= 50_000)
                }
            }
        }

        @Test
        func `SIGHUP ends no server, with or without tokens`() async throws {
            try await Server.run { taskwire, log in
                let process = try #require(log.processID)
                for count in 1...2 {
                    #expect(kill(process, SIGHUP) == 0)
                    try await eventually("the server says so") {
                        log.text.matches(of: /nothing to read again at SIGHUP/).count == count
                    }
                }
                #expect(try await taskwire("ping").exitCode == 0)
            }
        }

        @Test
        func `info tells all limits of the protocol, and each is an option`() async throws {
            try await Server.run { taskwire, _ in
                let limits = try #require(try await taskwire("info", "--json").json["limits"]?.keys)
                // Those of the message Limits in Protos/taskwire/v1/task_service.proto.
                #expect(limits.count == 26)
                let help = try await taskwire("serve", "--help").text
                for key in limits {
                    let name = key.hasSuffix("Ms") ? String(key.dropLast(2)) : key
                    let option = name.map { $0.isUppercase ? "-" + $0.lowercased() : String($0) }.joined()
                    #expect(help.contains("--\(option) "), "\(option)")
                }
                #expect(help.contains("(default: 4194304)") && help.contains("(default: 30d)"))
            }
        }

        @Test("descriptors that are closed at the start do not become sockets")
        func closedDescriptors() async throws {
            try await withTemporaryFolder { folder in
                let taskwire = Program(url: "ipc://\(folder)/t.sock")
                let line = """
                    $taskwire serve --store memory: --listen $TASKWIRE_URL <&- >&- 2>&- & server=$!
                    until $taskwire ping > /dev/null 2>&1; do kill -0 $server || exit 1; sleep 0.05; done
                    readlink /proc/$server/fd/0 /proc/$server/fd/1 /proc/$server/fd/2
                    kill $server; wait $server
                    """
                let outcome = try await taskwire.shell(line)
                #expect(outcome.exitCode == 0 && outcome.text == "/dev/null\n/dev/null\n/dev/null\n")
            }
        }

        @Test("an address that is taken")
        func addressInUse() async throws {
            try await Server.run { taskwire in
                let second = try await taskwire("serve", "--listen", taskwire.url)
                #expect(second.exitCode == 1 && second.error.hasPrefix("taskwire: "))
                #expect(second.error.split(separator: "\n").count == 1)
                #expect(try await taskwire("ping").exitCode == 0, "the first goes on")
            }
        }

        @Test("Ctrl-C stops a server as SIGTERM does, and calls that wait end")
        func interruption() async throws {
            try await Server.run(["--grace-period", "200ms"], endedBy: .interrupt) { taskwire, _ in
                _ = try await taskwire("create", "t1")
                async let waited = taskwire("wait", "t1")
                try await eventually("the call waits") {
                    try await taskwire("stats", "--json").json["waits"]?.number == 1
                }
                _ = try await taskwire("cancel", "t1")
                #expect(try await waited.exitCode == 7)
            }
        }

        @Test("several addresses, and a log in text")
        func severalAddresses() async throws {
            try await Server.run(["--listen", "tcp://127.0.0.1:0", "--log-level", "debug"]) { taskwire, log in
                try await eventually("both listen") {
                    log.text.matches(of: /info\s+listening address=/).count == 2
                }
                let url = try #require(log.text.firstMatch(of: /tcp:..127\.0\.0\.1:[0-9]+/)).0
                _ = try await taskwire("create", "t1")
                #expect(try await taskwire("get", "t1", "--url", String(url)).exitCode == 0)
                #expect(log.text.prefixMatch(of: /[0-9-]{10}T[0-9:]{8}\.[0-9]{3}Z\s/) != nil)
            }
        }

        @Test("what a line in text says of a value cannot be taken for something else")
        func textValues() async throws {
            try await Server.run(["--log-format", "text"]) { taskwire, log in
                let ids = ["plain", "a=b", #"a"b"#, #"a\b"#]
                for id in ids { #expect(try await taskwire("create", id).exitCode == 0) }
                try await eventually("all are logged") {
                    log.text.matches(of: /info\s+task created method=/).count == ids.count
                }
                let peer =
                    /method=taskwire\.v1\.TaskService\/CreateTask peer="ipc uid=[0-9]+ pid=[0-9]+" request_id=[0-9a-f]{32} task=/
                for text in ["plain", #""a=b""#, #""a\"b""#, #""a\\b""#] {
                    #expect(
                        log.text.split(separator: "\n").contains { line in
                            line.firstMatch(of: peer).map { line[$0.range.upperBound...] == text } ?? false
                        }
                    )
                }
            }
        }
    }
}
