internal import Foundation
internal import Subprocess
internal import TaskwireTestSupport
internal import Testing

extension CommandTests {
    @Suite("backup and restore")
    struct BackupTests {
        /// Makes a backup with a task in each state, and a large result.
        private func makeBackup(_ file: String) async throws {
            try await Server.run { taskwire in
                _ = try await taskwire("create", "t1", "--label", "team=blue", "--request", #"{"n":1}"#)
                _ = try await taskwire("create", "t2", "--ttl", "5h")
                _ = try await taskwire("fail", "t2", "--message", "broken")
                _ = try await taskwire("create", "t3")
                let large = [UInt8](repeating: 65, count: 100_000)
                _ = try await taskwire("complete", "t3", "--data", "-", input: large)
                _ = try await taskwire("create", "t4")
                _ = try await taskwire("delete", "t4")
                let outcome = try await taskwire("backup", file)
                try #require(outcome.exitCode == 0, "\(outcome.error)")
            }
        }

        /// The files of a folder whose names tell that somebody left them unfinished.
        private func leftovers(_ folder: String) throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: folder)
                .filter { $0.contains(".taskwire-copy-") }
        }

        private func contents(_ path: String) throws -> Data {
            try Data(contentsOf: URL(filePath: path))
        }

        @Test("a backup while eight write has all that was acknowledged before, each whole")
        func whileWriting() async throws {
            try await withTemporaryFolder { folder in
                let file = "\(folder)/tasks.backup"
                var known: [(completed: Bool, id: String)] = []
                try await Server.run(["--listen", "tcp://127.0.0.1:0"]) { taskwire, log in
                    let writer = """
                        for n in $(seq 200); do
                            [ -e \(folder)/stop ] && exit
                            $taskwire create w$1-$n --request "\\"w$1-$n\\"" > /dev/null || exit 1
                            echo w$1-$n >> \(folder)/created-$1
                            $taskwire complete w$1-$n --data "\\"done w$1-$n\\"" > /dev/null || exit 1
                            echo w$1-$n >> \(folder)/completed-$1
                        done
                        """
                    func lines(_ kind: String) -> [String] {
                        (1...8).flatMap { writer in
                            let path = "\(folder)/\(kind)-\(writer)"
                            let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
                            // The last line may be in the middle of being written.
                            return text.split(separator: "\n", omittingEmptySubsequences: false)
                                .dropLast().map(String.init)
                        }
                    }
                    try await eventually("both addresses are listened to") {
                        log.text.contains("listening address=tcp:")
                    }
                    let url = try #require(log.text.firstMatch(of: /tcp:..127\.0\.0\.1:[0-9]+/)).0
                    try await withThrowingTaskGroup { group in
                        for number in 1...8 {
                            let line = "set -- \(number)\n\(writer)"
                            group.addTask { try await taskwire.shell(line) }
                        }
                        try await eventually("each has completed one") {
                            (1...8).allSatisfy {
                                FileManager.default.fileExists(atPath: "\(folder)/completed-\($0)")
                            }
                        }
                        let completed = Set(lines("completed"))
                        known = lines("created").map { (completed.contains($0), $0) }
                        let outcome = try await taskwire("backup", file, "--url", String(url))
                        try Data().write(to: URL(filePath: "\(folder)/stop"))
                        #expect(outcome.exitCode == 0 && outcome.error == "", "\(outcome.error)")
                        let size = try contents(file).count
                        #expect(outcome.text == "\(file)   \(size) bytes\n")
                        for try await writer in group { #expect(writer.exitCode == 0, "\(writer.error)") }
                    }
                }
                try #require(known.count >= 8)
                let restored = try await Program(url: "")("restore", file, "--store", "sqlite:\(folder)/r.db")
                #expect(restored.exitCode == 0, "\(restored.error)")
                try await Server.run(["--store", "sqlite:\(folder)/r.db", "--check"]) { taskwire, _ in
                    let tasks = try await taskwire("list", "--limit", "9999", "--json").json.array ?? []
                    let states = Dictionary(
                        uniqueKeysWithValues: tasks.map { ($0["taskId"]?.string, $0["status"]?.string) }
                    )
                    for task in known {
                        let state = try #require(states[task.id], "\(task.id) is not in the backup")
                        #expect(state == "completed" || !task.completed, "\(task.id)")
                    }
                    for task in tasks.shuffled().prefix(40) {
                        let id = try #require(task["taskId"]?.string)
                        let full = try await taskwire("get", id, "--full").text
                        #expect(full.contains("\"\(id)\""), "\(full)")
                        let isCompleted = task["status"]?.string == "completed"
                        #expect(full.contains("\"done \(id)\"") == isCompleted, "\(full)")
                    }
                }
            }
        }

        @Test("what is restored is what was there, and only its owner can read it")
        func roundTrip() async throws {
            try await withTemporaryFolder { folder in
                let file = "\(folder)/tasks.backup"
                let store = "\(folder)/new/folder/tasks.db"
                var before: JSON?
                try await Server.run { taskwire in
                    _ = try await taskwire("create", "t1", "--label", "team=blue")
                    _ = try await taskwire("update", "t1", "--progress", "3/7", "--message", "half way")
                    _ = try await taskwire("create", "t2")
                    let large = [UInt8](repeating: 65, count: 3_000_000)
                    _ = try await taskwire("complete", "t2", "--data", "-", input: large)
                    _ = try await taskwire("create", "t3")
                    _ = try await taskwire("cancel", "t3")
                    before = try await taskwire("list", "--json").json
                    let outcome = try await taskwire("backup", file, "--json", "--max-message-bytes", "70000")
                    let document = try outcome.json
                    #expect(document["file"]?.string == file)
                    #expect(try document["bytes"]?.number == Double(contents(file).count))
                }
                let restored = try await Program(url: "")(
                    "restore",
                    file,
                    "--store",
                    "sqlite:\(store)",
                    "--json"
                ).json
                #expect(restored["store"]?.string == "sqlite:\(store)")
                #expect(try restored["bytes"]?.number == Double(contents(store).count))
                #expect(try contents(store).count < contents(file).count)
                for path in [file, store] {
                    let attributes = try FileManager.default.attributesOfItem(atPath: path)
                    #expect(attributes[.posixPermissions] as? Int == 0o600)
                }
                try await Server.run(["--store", "sqlite:\(store)"]) { taskwire, _ in
                    let after = try await taskwire("list", "--json").json
                    #expect(after == before)
                    #expect(try await taskwire("result", "t2").output.count == 3_000_000)
                    #expect(try await taskwire("cancel", "t1").exitCode == 0)
                }
                #expect(try leftovers(folder) == [])
            }
        }

        @Test("the environment and the settings say where the store is, as for serve")
        func location() async throws {
            try await withTemporaryFolder { folder in
                let file = "\(folder)/tasks.backup"
                try await makeBackup(file)
                let settings = "\(folder)/config.json"
                try Data(#"{"store": "sqlite:\#(folder)/settings.db"}"#.utf8).write(
                    to: URL(filePath: settings)
                )
                var taskwire = Program(url: "")
                taskwire.environment = ["XDG_STATE_HOME": folder]
                let standard = "sqlite:\(folder)/taskwire/tasks.db"
                #expect(try await taskwire("restore", file).text.hasPrefix(standard))
                let configured = try await taskwire("restore", file, "--config", settings)
                #expect(configured.text.hasPrefix("sqlite:\(folder)/settings.db   "))
                taskwire.environment["TASKWIRE_STORE"] = "sqlite:\(folder)/variable.db"
                #expect(try await taskwire("restore", file).text.hasPrefix("sqlite:\(folder)/variable.db   "))

                taskwire.environment["TASKWIRE_STORE"] = "memory:"
                let memory = try await taskwire("restore", file)
                #expect(memory.exitCode == 64 && memory.error.contains("--store sqlite:PATH"))
                let wrong = try await taskwire("restore", file, "--store", "x")
                #expect(wrong.exitCode == 64 && wrong.error.hasPrefix("taskwire: --store: \"x\" is not a "))
            }
        }

        @Test("a store that is there is only replaced by force, and never one that a server has open")
        func replacement() async throws {
            try await withTemporaryFolder { folder in
                let file = "\(folder)/tasks.backup"
                try await makeBackup(file)
                let path = "\(folder)/tasks.db"
                let store = "sqlite:\(path)"
                try await Server.run(["--store", store]) { taskwire, _ in
                    _ = try await taskwire("create", "mine")
                    for force in [[], ["--force"]] {
                        let arguments = ["restore", file, "--store", store] + force
                        let outcome = try await taskwire.running(arguments) { _ in }
                        #expect(outcome.exitCode == 1)
                        #expect(
                            outcome.error == "taskwire: The store \(path) is in use by another process\n"
                        )
                    }
                    #expect(try await taskwire("get", "mine").exitCode == 0)
                }
                let before = try contents(path)
                let refused = try await Program(url: "")("restore", file, "--store", store)
                #expect(refused.exitCode == 1 && refused.output.isEmpty)
                #expect(
                    refused.error == "taskwire: There is a store at \(path) already; --force replaces it\n"
                )
                #expect(try contents(path) == before)
                let forced = try await Program(url: "")("restore", file, "--store", store, "--force")
                #expect(forced.exitCode == 0, "\(forced.error)")
                try await Server.run(["--store", store]) { taskwire, _ in
                    let mine = try await taskwire("get", "mine")
                    #expect(mine.exitCode == 3)
                    #expect(try await taskwire("list", "--json").json.array?.count == 3)
                }
            }
        }

        @Test("the log of a store that was killed does not get into the one that replaces it")
        func staleLog() async throws {
            try await withTemporaryFolder { folder in
                let file = "\(folder)/tasks.backup"
                try await makeBackup(file)
                let path = "\(folder)/tasks.db"
                let taskwire = Program(url: "ipc://\(folder)/t.sock")
                let line = """
                    $taskwire serve --store sqlite:\(path) --listen $TASKWIRE_URL 2>/dev/null & server=$!
                    until $taskwire ping > /dev/null 2>&1; do kill -0 $server || exit 1; sleep 0.05; done
                    for n in $(seq 20); do $taskwire create mine$n; done
                    kill -KILL $server
                    """
                #expect(try await taskwire.shell(line).exitCode == 0)
                #expect(try contents(path + "-wal").count > 0)
                let unforced = try await taskwire("restore", file, "--store", "sqlite:\(path)")
                #expect(unforced.exitCode == 1 && unforced.error.contains("--force"))
                #expect(try contents(path + "-wal").count > 0)

                // A store that is still to take in its log is no backup.
                let store = "sqlite:\(folder)/other.db"
                let half = try await taskwire("restore", path, "--store", store)
                #expect(half.exitCode == 1 && half.error.contains("not complete without \(path)-wal"))

                let forced = try await taskwire("restore", file, "--store", "sqlite:\(path)", "--force")
                #expect(forced.exitCode == 0, "\(forced.error)")
                #expect(!FileManager.default.fileExists(atPath: path + "-wal"))
                try await Server.run(["--store", "sqlite:\(path)", "--check"]) { taskwire, _ in
                    let ids = try await taskwire("list", "--json").json.array?.map { $0["taskId"]?.string }
                    #expect(ids == ["t1", "t2", "t3"])
                }
            }
        }

        @Test("a store that is too damaged to be opened is replaced by force")
        func damagedStore() async throws {
            try await withTemporaryFolder { folder in
                let file = "\(folder)/tasks.backup"
                try await makeBackup(file)
                let path = "\(folder)/tasks.db"
                for name in [path, path + "-wal", path + "-journal"] {
                    try Data((0..<5000).map { UInt8(truncatingIfNeeded: $0 &* 7) }).write(
                        to: URL(filePath: name)
                    )
                }
                let outcome = try await Program(url: "")(
                    "restore",
                    file,
                    "--store",
                    "sqlite:\(path)",
                    "--force"
                )
                #expect(outcome.exitCode == 0, "\(outcome.error)")
                try await Server.run(["--store", "sqlite:\(path)", "--check"]) { taskwire, _ in
                    let tasks = try await taskwire("list", "--json").json.array
                    #expect(tasks?.count == 3)
                }
            }
        }

        /// Makes a backup of an earlier version, which has no checksum.
        private static let unsealing = """
            python3 -c 'import os; f = open(os.environ["file"], "r+b"); f.seek(68); f.write(b"Twir"); \
            f.truncate(os.path.getsize(f.name) - 32)'
            """

        @Test("a backup of an earlier version, without a checksum, is restored")
        func earlierBackup() async throws {
            try await withTemporaryFolder { folder in
                let file = "\(folder)/tasks.backup"
                let store = "sqlite:\(folder)/tasks.db"
                try await makeBackup(file)
                var taskwire = Program(url: "")
                taskwire.environment = ["file": file]
                #expect(try await taskwire.shell(Self.unsealing).exitCode == 0)
                let restored = try await taskwire("restore", file, "--store", store)
                #expect(restored.exitCode == 0, "\(restored.error)")
                #expect(try contents("\(folder)/tasks.db") == contents(file))
                try await Server.run(["--store", store]) { taskwire, _ in
                    let tasks = try await taskwire("list", "--json").json.array
                    #expect(tasks?.count == 3)
                }
            }
        }

        @Test("a backup that lost any of its end, or of which any byte is another, is damaged")
        func damage() async throws {
            try await withTemporaryFolder { folder in
                let file = "\(folder)/tasks.backup"
                let damaged = "\(folder)/damaged.backup"
                try await makeBackup(file)
                let whole = try contents(file)
                // SQLite looks at a part of all these only.
                let cuts = [
                    1, 2, 31, 32, 33, 64, 100, 4095, 4096, 4097, 4128, whole.count / 2, whole.count - 100,
                ]
                let copies =
                    cuts.map { whole.prefix(whole.count - $0) }
                    + [whole.count - 1, whole.count - 33, whole.count / 2, 96, 60].map { offset in
                        var copy = whole
                        copy[offset] ^= 1
                        return copy
                    }
                for copy in copies {
                    try copy.write(to: URL(filePath: damaged))
                    let outcome = try await Program(url: "")(
                        "restore",
                        damaged,
                        "--store",
                        "sqlite:\(folder)/store/tasks.db"
                    )
                    #expect(outcome.exitCode == 1)
                    let message = "\(damaged) is not an intact store: its bytes do not match its checksum"
                    #expect(outcome.error == "taskwire: \(message)\n")
                    #expect(!FileManager.default.fileExists(atPath: "\(folder)/store"))
                }
            }
        }

        @Test("a backup whose client is killed leaves nothing at the server, and is no obstacle to the next")
        func killedClient() async throws {
            try await withTemporaryFolder { folder in
                let file = "\(folder)/tasks.backup"
                try await Server.run { taskwire, log in
                    let large = [UInt8](repeating: 65, count: 3_000_000)
                    for id in ["t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8"] {
                        _ = try await taskwire("create", id)
                        _ = try await taskwire("complete", id, "--data", "-", input: large)
                    }
                    let server = try #require(log.processID)
                    func copies() throws -> Int {
                        let descriptors = try FileManager.default.contentsOfDirectory(
                            atPath: "/proc/\(server)/fd"
                        )
                        return descriptors.count { descriptor in
                            let path = try? FileManager.default.destinationOfSymbolicLink(
                                atPath: "/proc/\(server)/fd/\(descriptor)"
                            )
                            return path?.contains(".taskwire-copy-") == true
                        }
                    }
                    // In small parts, so that it is killed before it has all of them.
                    let arguments = ["backup", file, "--max-message-bytes", "65536"]
                    let killed = try await taskwire.running(arguments) { execution in
                        try await eventually("the server has a copy") { try copies() > 0 }
                        try execution.send(signal: .suspend)
                        let second = try await taskwire("backup", file)
                        #expect(second.exitCode == 1 && second.error.contains("(TOO_MANY_REQUESTS)"))
                        #expect(try leftovers(folder).count == 1, "what another command writes is left alone")
                        try execution.send(signal: .kill)
                    }
                    #expect(killed.exitCode == 128 + Signal.kill.rawValue)
                    #expect(try leftovers(folder).count == 1)
                    let start = ContinuousClock.now
                    try await eventually("the server has let go of the copy") { try copies() == 0 }
                    let next = try await taskwire("backup", file)
                    #expect(next.exitCode == 0, "\(next.error)")
                    #expect(ContinuousClock.now - start < .seconds(30), "a copy is kept for a minute")
                    #expect(try leftovers(folder) == [])
                }
            }
        }

        /// What is done to a backup, and what is said of it.
        @Test(
            "a file that is no intact store of this version is refused and left alone",
            arguments: [
                ("echo garbage > $file", "is not an intact store: file is not a database"),
                ("head -c 100000 /dev/urandom > $file", "is not an intact store: file is not a database"),
                (": > $file", "is empty"),
                ("truncate -s -8192 $file", "is not an intact store: its bytes do not match its checksum"),
                ("\(unsealing); truncate -s -1 $file", "is not an intact store: it lacks its end"),
                (
                    "dd if=/dev/zero of=$file bs=1 seek=4096 count=100 conv=notrunc",
                    "is not an intact store: "
                ),
                (
                    "rm $file; python3 -c 'import sqlite3, os; sqlite3.connect(os.environ[\"file\"])"
                        + ".execute(\"CREATE TABLE t (x)\")'",
                    "is a database of another program"
                ),
                (
                    "\(unsealing); python3 -c 'import sqlite3, os; c = sqlite3.connect(os.environ[\"file\"]);"
                        + " c.execute(\"INSERT INTO grdb_migrations VALUES (999)\"); c.commit()'",
                    "was made by a newer version of Taskwire; use that version"
                ),
                ("rm $file", "No such file or directory"),
                ("rm $file; mkdir $file", "Is a directory"),
            ]
        )
        func badBackup(damage: String, message: String) async throws {
            try await withTemporaryFolder { folder in
                let file = "\(folder)/tasks.backup"
                try await makeBackup(file)
                var taskwire = Program(url: "")
                taskwire.environment = ["file": file]
                let damaged = try await taskwire.shell(damage)
                try #require(damaged.exitCode == 0, "\(damaged.error)")
                let before = try? contents(file)
                let path = "\(folder)/store/tasks.db"
                let outcome = try await taskwire("restore", file, "--store", "sqlite:\(path)")
                #expect(outcome.exitCode == 1 && outcome.output.isEmpty)
                #expect(outcome.error.hasPrefix("taskwire: "))
                #expect(
                    outcome.error.contains(file) && outcome.error.contains(message),
                    "\(outcome.error)"
                )
                #expect(outcome.error.split(separator: "\n").count == 1)
                #expect((try? contents(file)) == before)
                #expect(!FileManager.default.fileExists(atPath: path))
                let names = try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/store")
                #expect(names == nil)
            }
        }

        @Test("a restore that finds no room leaves the old store")
        func restoreWithoutRoom() async throws {
            try await withTemporaryFolder { folder in
                let file = "\(folder)/tasks.backup"
                try await makeBackup(file)
                let path = "\(folder)/tasks.db"
                try await Server.run(["--store", "sqlite:\(path)"]) { taskwire, _ in
                    _ = try await taskwire("create", "mine")
                }
                let line = """
                    trap '' XFSZ; ulimit -f 64; $taskwire restore \(file) --store sqlite:\(path) --force
                    """
                let outcome = try await Program(url: "").shell(line)
                #expect(outcome.exitCode == 1)
                #expect(outcome.error == "taskwire: Cannot write the store \(path): File too large\n")
                #expect(try leftovers(folder) == [])
                try await Server.run(["--store", "sqlite:\(path)"]) { taskwire, _ in
                    let mine = try await taskwire("get", "mine")
                    #expect(mine.exitCode == 0)
                }
            }
        }

        @Test("a backup that the server cannot write leaves nothing, and the server goes on")
        func copyFails() async throws {
            try await withTemporaryFolder { folder in
                let file = "\(folder)/tasks.backup"
                try await makeBackup(file)
                let taskwire = Program(url: "ipc://\(folder)/t.sock")
                // The store has more bytes than the server may write into one file.
                let line = """
                    mkdir \(folder)/store
                    $taskwire restore \(file) --store sqlite:\(folder)/store/tasks.db > /dev/null || exit 1
                    trap '' XFSZ
                    (ulimit -f 64; exec $taskwire serve --store sqlite:\(folder)/store/tasks.db \
                        --listen $TASKWIRE_URL 2> /dev/null) & server=$!
                    until $taskwire ping > /dev/null 2>&1; do kill -0 $server || exit 1; sleep 0.05; done
                    $taskwire backup \(folder)/second.backup; echo $?
                    $taskwire create after
                    ls \(folder)/store \(folder) | grep -e copy -e second
                    kill $server; wait $server
                    """
                let outcome = try await taskwire.shell(line)
                #expect(outcome.exitCode == 0 && outcome.text == "4\nafter\n", "\(outcome.text)")
                #expect(outcome.error.contains("(STORE_FAILED)"), "\(outcome.error)")
            }
        }

        @Test(
            "a backup that would leave the store without room is refused",
            .enabled(if: Machine.canMount, "nothing can be mounted here")
        )
        func noRoom() async throws {
            try await withTemporaryFolder { folder in
                let taskwire = Program(url: "ipc://\(folder)/t.sock")
                let line = """
                    mkdir \(folder)/small
                    unshare -rm bash -c 'mount -t tmpfs -o size=16m tmpfs \(folder)/small &&
                        exec $taskwire serve --store sqlite:\(folder)/small/t.db --listen $TASKWIRE_URL' \
                        2> \(folder)/log & server=$!
                    until $taskwire ping > /dev/null 2>&1; do kill -0 $server || exit 1; sleep 0.05; done
                    $taskwire create before
                    $taskwire backup \(folder)/tasks.backup; echo $?
                    $taskwire create after
                    ls \(folder) | grep backup
                    kill $server; wait $server
                    """
                let outcome = try await taskwire.shell(line)
                #expect(outcome.exitCode == 0 && outcome.text == "before\n4\nafter\n", "\(outcome.text)")
                #expect(outcome.error.contains("(STORE_FULL)"), "\(outcome.error)")
                let log = try String(contentsOfFile: "\(folder)/log", encoding: .utf8)
                #expect(log.contains("Make room on the volume"), "\(log)")
            }
        }

        @Test("a backup never overwrites a file unasked, and says why it cannot be written")
        func destinations() async throws {
            try await withTemporaryFolder { folder in
                let file = "\(folder)/tasks.backup"
                try Data("precious".utf8).write(to: URL(filePath: file))
                try await Server.run { taskwire in
                    _ = try await taskwire("create", "t1")
                    let refused = try await taskwire("backup", file)
                    #expect(refused.exitCode == 1 && refused.output.isEmpty)
                    #expect(refused.error == "taskwire: \(file) exists; --force replaces it\n")
                    #expect(try contents(file) == Data("precious".utf8))
                    #expect(try await taskwire("backup", file, "--force").exitCode == 0)
                    #expect(try contents(file).starts(with: "SQLite format 3\0".utf8))

                    for (path, message) in [
                        ("\(folder)/nowhere/x", "No such file or directory"), ("/proc/x", "No such file"),
                    ] {
                        let outcome = try await taskwire("backup", path)
                        #expect(outcome.exitCode == 1)
                        #expect(outcome.error.hasPrefix("taskwire: cannot write \(path): \(message)"))
                    }
                    try FileManager.default.createSymbolicLink(
                        atPath: "\(folder)/link",
                        withDestinationPath: "\(folder)/nowhere"
                    )
                    for path in [folder, "\(folder)/link", "/dev/null"] {
                        for force in [[], ["--force"]] {
                            let outcome = try await taskwire.running(["backup", path] + force) { _ in }
                            #expect(outcome.exitCode == 1 && outcome.output.isEmpty)
                            #expect(outcome.error == "taskwire: \(path) is not a regular file\n")
                        }
                    }
                    let link = try FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/link")
                    #expect(link == "\(folder)/nowhere")
                    for suffix in ["-wal", "-journal"] {
                        let store = "\(folder)/store\(suffix).db"
                        try Data("precious".utf8).write(to: URL(filePath: store))
                        try Data().write(to: URL(filePath: store + suffix))
                        for force in [[], ["--force"]] {
                            let outcome = try await taskwire.running(["backup", store] + force) { _ in }
                            #expect(outcome.exitCode == 1 && outcome.output.isEmpty)
                            let message = "\(store) is the place of a store; back up to another file"
                            #expect(outcome.error == "taskwire: \(message)\n")
                        }
                        #expect(try contents(store) == Data("precious".utf8))
                    }
                    let stream = try await taskwire("backup", "-")
                    #expect(stream.exitCode == 64 && stream.error.contains("standard output"))
                    #expect(try await taskwire("backup").exitCode == 64)
                }
                let siblings = try FileManager.default.contentsOfDirectory(atPath: "/tmp")
                let own = try #require(folder.split(separator: "/").last)
                #expect(siblings.filter { $0.hasPrefix("\(own).") } == [])
                #expect(try leftovers(folder) == [])
            }
        }

        @Test("no server, or one whose store is in memory: no file")
        func noBackup() async throws {
            try await withTemporaryFolder { folder in
                let file = "\(folder)/tasks.backup"
                let dead = try await Program(url: "ipc://\(folder)/none.sock")("backup", file)
                #expect(dead.exitCode == 4 && dead.error.contains("(UNREACHABLE); "))
                try await Server.run(["--store", "memory:"]) { taskwire, _ in
                    let outcome = try await taskwire("backup", file)
                    let message = "A store of the kind memory cannot be backed up (METHOD_NOT_SERVED)"
                    #expect(outcome.exitCode == 1 && outcome.error == "taskwire: \(message)\n")
                }
                #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
            }
        }

        @Test("Ctrl-C leaves no file", arguments: [Signal.interrupt, .terminate])
        func interruption(signal: Signal) async throws {
            try await withTemporaryFolder { folder in
                // The command waits for a server that is not there.
                let taskwire = Program(url: "ipc://\(folder)/none.sock")
                let outcome = try await taskwire.running(["backup", "\(folder)/tasks.backup"]) { execution in
                    try await eventually("the file is begun") { try leftovers(folder).count == 1 }
                    try execution.send(signal: signal)
                }
                #expect(outcome.exitCode == 128 + signal.rawValue && outcome.output.isEmpty)
                #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
            }
        }
    }
}
