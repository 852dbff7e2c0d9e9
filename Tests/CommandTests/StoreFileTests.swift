internal import Foundation
internal import Subprocess
internal import TaskwireTestSupport
internal import Testing

extension CommandTests {
    @Suite("The files of a store")
    struct StoreFileTests {
        private func names(in folder: String) throws -> [String] {
            let files = FileManager.default.enumerator(atPath: folder)
            return (files?.compactMap { $0 as? String } ?? []).sorted()
        }

        @Test("a second server on a file that is in use is refused, whatever name it comes by")
        func otherNames() async throws {
            try await withTemporaryFolder { folder in
                try await Server.run(["--store", "sqlite:\(folder)/t.db"]) { taskwire, _ in
                    let line = """
                        mkdir \(folder)/snapshot && cp -al \(folder)/t.db \(folder)/snapshot/t.db
                        ln -s t.db \(folder)/link.db
                        for name in snapshot/t.db link.db; do
                            timeout 10 $taskwire serve --listen ipc://\(folder)/2.sock --store sqlite:\(folder)/$name; echo $?
                        done
                        """
                    let outcome = try await taskwire.shell(line)
                    #expect(outcome.text == "1\n1\n")
                    let reasons = [
                        "taskwire: The store \(folder)/snapshot/t.db is in use by another process",
                        "taskwire: Cannot open the store \(folder)/link.db: it is a symbolic link to t.db; name the file "
                            + "itself",
                    ]
                    #expect(outcome.error.split(separator: "\n").map(String.init) == reasons)
                    #expect(try await taskwire("create", "t1").exitCode == 0)
                }
                try await Server.run(["--store", "sqlite:\(folder)/snapshot/t.db"]) { taskwire, _ in
                    let found = try await taskwire("get", "t1")
                    #expect(found.exitCode == 0)
                }
                #expect(try names(in: folder) == ["link.db", "snapshot", "snapshot/t.db", "t.db"])
            }
        }

        @Test(
            "so is one that comes by a mount of the file alone",
            .enabled(if: Machine.canMount, "nothing can be mounted here")
        )
        func mount() async throws {
            try await withTemporaryFolder { folder in
                try await Server.run(["--store", "sqlite:\(folder)/t.db"]) { taskwire, _ in
                    let line = """
                        mkdir \(folder)/other && touch \(folder)/other/t.db
                        unshare -rm bash -c 'mount --bind \(folder)/t.db \(folder)/other/t.db &&
                            exec timeout 10 $taskwire serve --listen ipc://\(folder)/2.sock --store sqlite:\(folder)/other/t.db'
                        """
                    let outcome = try await taskwire.shell(line)
                    #expect(outcome.exitCode == 1)
                    let reason = "The store \(folder)/other/t.db is in use by another process"
                    #expect(outcome.error == "taskwire: \(reason)\n")
                    #expect(try names(in: "\(folder)/other") == ["t.db"])
                }
            }
        }

        @Test("a start that fails leaves nothing behind")
        func nothingLeft() async throws {
            try await withTemporaryFolder { folder in
                let text = "\(folder)/text"
                try Data("not a database\n".utf8).write(to: URL(filePath: text))
                try await Server.run(["--listen", "tcp://127.0.0.1:0"]) { taskwire, log in
                    try await eventually("both addresses are listened to") {
                        log.text.contains("listening address=tcp:")
                    }
                    let url = try #require(log.text.firstMatch(of: /tcp:..127\.0\.0\.1:[0-9]+/)).0
                    let free = "ipc://\(folder)/2.sock"
                    for arguments in [
                        ["--store", "sqlite:\(text)", "--listen", free],
                        ["--store", "sqlite:\(folder)/new.db", "--listen", taskwire.url],
                        [
                            "--store", "sqlite:\(folder)/a/b/new.db", "--listen", free, "--listen",
                            String(url),
                        ],
                        ["--store", "sqlite:\(folder)/new.db", "--listen", "ipc://\(text)"],
                    ] {
                        let outcome = try await taskwire.running(["serve"] + arguments) { _ in }
                        #expect([1, 64].contains(outcome.exitCode), "\(outcome.error)")
                        #expect(try names(in: folder) == ["text"], "\(arguments)")
                    }
                }
                #expect(try names(in: folder) == ["text"])
            }
        }

        @Test(
            "what is written to a file that was removed or replaced is not acknowledged",
            arguments: ["rm", "restore"]
        )
        func lost(how: String) async throws {
            try await withTemporaryFolder { folder in
                let path = "\(folder)/t.db"
                try await Server.run(["--store", "sqlite:\(path)"], endedBy: .kill) { taskwire, log in
                    #expect(try await taskwire("create", "t1").exitCode == 0)
                    #expect(try await taskwire("backup", "\(folder)/backup").exitCode == 0)
                    let line =
                        how == "rm"
                        ? "rm \(path)*"
                        : "rm \(path)*; $taskwire restore \(folder)/backup --store sqlite:\(path)"
                    #expect(try await taskwire.shell(line).exitCode == 0)
                    for _ in 0..<3 {
                        let refused = try await taskwire("create", "t2", "--timeout", "2s")
                        #expect(
                            refused.exitCode == 4 && refused.error.contains("(STORE_LOST)"),
                            "\(refused.error)"
                        )
                    }
                    #expect(try await taskwire("get", "t1").exitCode == 0, "reads go on")
                    let lines = log.text.split(separator: "\n").filter { $0.contains("STORE_LOST") }
                    #expect(lines.count == 1 && lines.first?.contains(" error ") == true, "\(log.text)")
                }
                guard how == "restore" else { return }
                try await Server.run(["--store", "sqlite:\(path)", "--check"]) { taskwire, _ in
                    let tasks = try await taskwire("list", "--json").json.array
                    #expect(tasks?.count == 1)
                }
            }
        }

        @Test(
            "of a store that fills its disk tasks can be deleted, and others be created then",
            .enabled(if: Machine.canMount, "nothing can be mounted here")
        )
        func full() async throws {
            try await withTemporaryFolder { folder in
                let taskwire = Program(url: "ipc://\(folder)/t.sock")
                let line = """
                    mkdir \(folder)/small
                    head -c 500000 /dev/urandom | base64 -w 0 > \(folder)/request
                    unshare -rm bash -c 'mount -t tmpfs -o size=12m tmpfs \(folder)/small &&
                        exec $taskwire serve --store sqlite:\(folder)/small/t.db --listen $TASKWIRE_URL' \
                        2> \(folder)/log & server=$!
                    trap 'kill $server; wait $server' EXIT
                    until $taskwire ping > /dev/null 2>&1; do kill -0 $server || exit 1; sleep 0.05; done
                    create() { $taskwire create $1 --timeout 2s --request @\(folder)/request --content-type text/plain; }
                    for round in 1 2; do
                        n=0
                        while create $round-$n 2> \(folder)/refusal > /dev/null; do
                            n=$((n + 1)); [ $n -lt 100 ] || exit 2
                        done
                        grep -q STORE_FULL \(folder)/refusal || { cat \(folder)/refusal >&2; exit 3; }
                        [ $n -gt 5 ] || { echo "only $n in round $round" >&2; exit 5; }
                        for i in $(seq 0 $((n - 1))); do $taskwire delete $round-$i > /dev/null || exit 6; done
                    done
                    $taskwire list --json
                    """
                let outcome = try await taskwire.shell(line)
                #expect(outcome.exitCode == 0, "\(outcome.exitCode): \(outcome.error)")
                #expect(outcome.line == "[]", "\(outcome.text)")
            }
        }
    }
}
