internal import Foundation
internal import TaskwireTestSupport
internal import Testing

extension CommandTests {
    @Suite("Bytes of any kind")
    struct BytesTests {
        private static let all = (UInt8.min...UInt8.max).map(\.self) + [0, 10, 0]

        @Test("all 256 values survive standard input, files and results")
        func allValues() async throws {
            try await Server.run { taskwire in
                _ = try await taskwire("create", "t1", "--request", "-", input: Self.all)
                _ = try await taskwire("complete", "t1", "--data", "-", input: Self.all)
                #expect(try await taskwire("result", "t1").output == Self.all)

                let document = try await taskwire("result", "t1", "--json").json
                #expect(document["contentType"]?.string == "application/octet-stream")
                #expect(document["size"]?.number == Double(Self.all.count))
                let base64 = try #require(document["base64"]?.string)
                #expect(Data(base64Encoded: base64) == Data(Self.all))
                let metadata = document["_meta"]?["io.modelcontextprotocol/related-task"]
                #expect(metadata?["taskId"]?.string == "t1" && document["status"]?.string == "completed")

                let request = try await taskwire("get", "t1", "--full", "--json").json.details?["request"]
                #expect(request?["base64"]?.string == base64)

                try await withTemporaryFolder { folder in
                    try Data(Self.all).write(to: URL(filePath: "\(folder)/bytes"))
                    _ = try await taskwire("create", "t2")
                    _ = try await taskwire("complete", "t2", "--data", "@\(folder)/bytes")
                    #expect(try await taskwire("result", "t2").output == Self.all)
                }
            }
        }

        @Test(
            "the content type follows from the bytes unless it is given",
            arguments: [
                (#"{"a": [1, 2.5, null]}"#, "application/json"),
                ("42", "application/json"),
                ("{\"a\": 1", "text/plain; charset=utf-8"),
                ("hello", "text/plain; charset=utf-8"),
                ("", "text/plain; charset=utf-8"),
                ("-dash", "text/plain; charset=utf-8"),
            ]
        )
        func contentTypes(text: String, type: String) async throws {
            try await Server.run { taskwire in
                _ = try await taskwire("create", "t1", "--request", text)
                let task = try await taskwire("get", "t1", "--json").json
                #expect(task.details?["request"]?["contentType"]?.string == type)
                _ = try await taskwire("complete", "t1", "--data", text, "--content-type", "image/png")
                let result = try await taskwire("result", "t1", "--json").json
                #expect(result["contentType"]?.string == "image/png" && result["text"]?.string == text)
            }
        }

        @Test("a large result arrives whole, a too large one is refused in a sentence")
        func sizes() async throws {
            try await Server.run { taskwire in
                let large = [UInt8](repeating: 7, count: 3 << 20)
                _ = try await taskwire("create", "t1")
                #expect(try await taskwire("complete", "t1", "--data", "-", input: large).exitCode == 0)
                #expect(try await taskwire("result", "t1").output == large)

                _ = try await taskwire("create", "t2")
                let refused = try await taskwire.shell(
                    "head -c 5000000 /dev/zero | $taskwire complete t2 --data -"
                )
                #expect(refused.exitCode == 1 && refused.error.split(separator: "\n").count == 1)
                #expect(refused.error.contains("4194304 bytes"))
                let missing = try await taskwire("complete", "t2", "--data", "@/nowhere")
                #expect(missing.error == "taskwire: cannot read /nowhere: No such file or directory\n")
            }
            try await Server.run(["--max-message-bytes", "65536"]) { taskwire, _ in
                let refused = try await taskwire(
                    "create",
                    "--request",
                    "-",
                    input: [UInt8](repeating: 7, count: 70_000)
                )
                #expect(refused.exitCode == 1)
                #expect(
                    refused.error
                        == "taskwire: the payload has 70000 bytes, and a message takes at most 61440\n"
                )
            }
        }
    }
}
