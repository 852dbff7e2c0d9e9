internal import Foundation
internal import Subprocess
internal import TaskwireTestSupport
internal import Testing

extension CommandTests {
    @Suite("The store of a server")
    struct StoreTests {
        @Test(
            "without a word said, tasks are in the user's state folder, and outlive a server that is killed"
        )
        func byDefault() async throws {
            try await withTemporaryFolder { state in
                let environment = ["XDG_STATE_HOME": state]
                try await Server.run(environment: environment, endedBy: .kill) { taskwire, _ in
                    _ = try await taskwire("create", "t1", "--request", "1")
                    #expect(try await taskwire("complete", "t1", "--data", "2").exitCode == 0)
                }
                try await Server.run(environment: environment) { taskwire, _ in
                    let result = try await taskwire("result", "t1")
                    #expect(result.line == "2")
                    #expect(try await taskwire("info", "--json").json["storage"]?.string == "sqlite")
                }
                #expect(FileManager.default.fileExists(atPath: "\(state)/taskwire/tasks.db"))
            }
        }

        @Test("two servers on one file: the second is refused with a sentence")
        func inUse() async throws {
            try await withTemporaryFolder { folder in
                let options = ["--store", "sqlite:\(folder)/t.db"]
                try await Server.run(options) { taskwire, _ in
                    let second = try await taskwire.running(
                        ["serve", "--listen", "ipc://\(folder)/2.sock"] + options
                    ) { _ in }
                    #expect(second.exitCode == 1)
                    #expect(
                        second.error == "taskwire: The store \(folder)/t.db is in use by another process\n"
                    )
                    #expect(try await taskwire("ping").exitCode == 0)
                }
            }
        }

        @Test
        func `with Redis away every caller is told so, however long it waits, and health fails`() async throws
        {
            try await RedisProcess.withRedis { redis in
                try await Server.run(["--store", redis.url]) { taskwire, _ in
                    #expect(try await taskwire("create", "t1").exitCode == 0)
                    let good = try await taskwire("health")
                    #expect(good.exitCode == 0 && good.text.hasPrefix("store:   ok"), "\(good.text)")
                    // First it is there and silent, then it is gone.
                    let id = try #require(redis.id)
                    #expect(kill(id, SIGSTOP) == 0)
                    for timeout in ["1s", "2s", "8s"] {
                        let get = try await taskwire("get", "t1", "--timeout", timeout)
                        #expect(
                            get.exitCode == 4 && get.error.contains("(STORE_UNREACHABLE)"),
                            "\(timeout): \(get.error)"
                        )
                    }
                    redis.end()
                    #expect(try await taskwire("ping").exitCode == 0)
                    let bad = try await taskwire("health", "--json")
                    #expect(
                        bad.exitCode == 4 && bad.error.contains("The store does not answer"),
                        "\(bad.error)"
                    )
                    #expect(try bad.json["ready"] == JSON(Array("false".utf8)))
                    for timeout in ["1s", "3s", "8s"] {
                        let get = try await taskwire("get", "t1", "--timeout", timeout)
                        #expect(get.exitCode == 4, "\(timeout): \(get.error)")
                        #expect(
                            get.error.hasPrefix("taskwire: The store does not answer (STORE_UNREACHABLE)"),
                            "\(timeout): \(get.error)"
                        )
                    }
                }
            }
        }

        @Test
        func `a database that Redis does not have is refused at the start`() async throws {
            try await RedisProcess.withRedis { redis in
                let refused = try await Program(url: "ipc:///nowhere/t.sock")(
                    "serve",
                    "--store",
                    "\(redis.url)/99"
                )
                #expect(refused.exitCode == 1)
                let sentence =
                    "taskwire: \(redis.url)/99: it has no database 99: ERR DB index is out of range\n"
                #expect(refused.error == sentence)
                try await Server.run(["--store", "\(redis.url)/15"]) { taskwire, _ in
                    let created = try await taskwire("create", "t1")
                    #expect(created.exitCode == 0)
                }
            }
        }

        @Test("servers on one Redis have the same tasks, and wake those who wait at another")
        func shared() async throws {
            try await RedisProcess.withRedis { redis in
                try await share(["--store", redis.url], ["--store", redis.url])
            }
        }

        @Test("so have servers on a Redis Cluster, whose replicas confirm what they are told to")
        func cluster() async throws {
            try await RedisCluster.withSharedCluster { cluster in
                let urls = [cluster.url(of: 1), "\(cluster.url(of: 2)),127.0.0.1:\(cluster.port(of: 3))"]
                try await share(
                    ["--store", urls[0], "--redis-wait-replicas", "1"],
                    ["--store", urls[1], "--redis-wait-replicas", "2"]
                )
                try await Server.run(["--store", urls[1], "--redis-wait-replicas", "2"]) { taskwire, log in
                    #expect(log.text.contains("Redis has fewer replicas than have to confirm a write"))
                    let refused = try await taskwire("create", "t2", "--timeout", "20s")
                    #expect(refused.exitCode == 4 && refused.error.contains("Fewer replicas of the store"))
                    #expect(try await taskwire("get", "t2").exitCode == 0, "it was made all the same")
                }
            }
        }

        private func share(_ first: [String], _ second: [String]) async throws {
            try await Server.run(first) { one, _ in
                try await Server.run(second) { other, _ in
                    #expect(try await one("info", "--json").json["storage"]?.string == "redis")
                    _ = try await one("create", "t1", "--request", "1")
                    async let waiting = other("wait", "t1", "--timeout", "60s")
                    try await eventually("the other server has a wait") {
                        try await other("stats", "--json").json["waits"]?.number == 1
                    }
                    #expect(try await one("complete", "t1", "--data", "2").exitCode == 0)
                    #expect(try await waiting.exitCode == 0)
                    #expect(try await other("result", "t1").line == "2")
                }
            }
        }

        @Test("a disk that fails is told to callers and to the log, and all goes on afterwards")
        func faults() async throws {
            for fault in FaultyDisk.Fault.allCases {
                try await withTemporaryFolder { folder in
                    let disk = try await FaultyDisk(folder: folder)
                    let options = ["--store", "sqlite:\(disk.folder)/t.db"]
                    try await Server.run(options, environment: disk.environment, endedBy: .kill) {
                        taskwire,
                        log in
                        _ = try await taskwire("create", "before")
                        try disk.set(fault)
                        for _ in 0..<3 {
                            let refused = try await taskwire("create", "during", "--timeout", "5s")
                            #expect(refused.exitCode == 4, "\(fault)")
                            let reason = fault == .noSpaceLeft ? "(STORE_FULL)" : "(STORE_FAILED)"
                            #expect(refused.error.contains(reason) && !refused.error.contains(folder))
                            #expect(refused.error.split(separator: "\n").count == 1)
                        }
                        let change = ("--expected-revision=1", "--status-message=new")
                        let refused = try await taskwire(
                            "update",
                            "before",
                            change.0,
                            change.1,
                            "--timeout=5s"
                        )
                        #expect(refused.exitCode == 4)
                        let load = try await taskwire(
                            "bench",
                            "--mix",
                            "create",
                            "--callers",
                            "16",
                            "--count",
                            "64",
                            "--warm-up",
                            "0s"
                        )
                        #expect(load.exitCode != 0, "many at once are refused, each by itself")
                        #expect(try await taskwire("get", "before").exitCode == 0, "reads go on")
                        let lines = log.text.split(separator: "\n").filter { $0.contains("the store failed") }
                        #expect(lines.count == 1 && lines[0].contains("advice="), "once in a while")

                        try disk.set(nil)
                        #expect(try await taskwire("create", "after").exitCode == 0)
                        let changed = try await taskwire("update", "before", change.0, change.1)
                        #expect(changed.exitCode == 0, "it was not changed before")
                        try await eventually("the log says so") {
                            log.text.contains("the store can be written again")
                        }
                    }
                    try await Server.run(options + ["--check"]) { taskwire, _ in
                        let list = try await taskwire("list")
                        #expect(list.text.contains("before"))
                        #expect(try await taskwire("get", "after").exitCode == 0)
                        #expect(try await taskwire("create", "during").exitCode == 0, "it was not created")
                    }
                }
            }
        }

        @Test("of a file that is damaged in the middle what is whole is served, and --check finds it")
        func damage() async throws {
            try await withTemporaryFolder { folder in
                let path = "\(folder)/t.db"
                let request = String(repeating: "x", count: 900)
                let ids = (100..<160).map { "task-\($0)" }
                try await Server.run(["--store", "sqlite:\(path)"]) { taskwire, _ in
                    for id in ids {
                        let created = try await taskwire("create", id, "--request", request)
                        #expect(created.exitCode == 0)
                    }
                }
                try damageRecord(of: "task-130", in: path)

                try await Server.run(["--store", "sqlite:\(path)"]) { taskwire, log in
                    let damaged = try await taskwire("get", "task-130")
                    #expect(damaged.exitCode == 4 && damaged.error.contains("(STORE_CORRUPT)"))
                    #expect(try await taskwire("cancel", "task-130").error.contains("(STORE_CORRUPT)"))
                    #expect(log.text.contains("taskwire restore"))
                    #expect(try await taskwire("get", ids[0]).exitCode == 0)
                    #expect(try await taskwire("complete", ids[59], "--data", "1").exitCode == 0)
                    #expect(try await taskwire("create", "new").exitCode == 0)
                }
                let checked = try await Program(url: "").running(
                    ["serve", "--listen", "ipc://\(folder)/t.sock", "--store", "sqlite:\(path)", "--check"]
                ) { _ in }
                #expect(checked.exitCode == 1)
                #expect(checked.error.hasPrefix("taskwire: Cannot open the store \(path): "))
                #expect(checked.error.split(separator: "\n").count == 1)
            }
        }

        /// Overwrites the page that holds the record of a task.
        private func damageRecord(of id: String, in path: String) throws {
            var bytes = try Data(contentsOf: URL(filePath: path))
            let pageSize = 4096
            let marker = Data(String(repeating: "x", count: 900).utf8)
            let pages = stride(from: 0, to: bytes.count, by: pageSize).filter { start in
                let page = bytes[start..<start + pageSize]
                return page.range(of: Data(id.utf8)) != nil && page.range(of: marker) != nil
            }
            let page = try #require(pages.first)
            bytes.replaceSubrange(page..<page + pageSize, with: Data(repeating: 0xA5, count: pageSize))
            try bytes.write(to: URL(filePath: path))
        }
    }
}
