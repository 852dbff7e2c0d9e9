internal import Foundation
internal import Subprocess
internal import Taskwire
internal import TaskwireClient
internal import TaskwireTestSupport
internal import Testing

extension CommandTests {
    @Suite("JSON")
    struct JSONTests {
        /// Characters that steer a terminal, break lines or turn text around, and some that do nothing of it.
        private static let treacherous =
            "\u{7F}\u{80}\u{85}\u{9B}\u{2028}\u{2029}\u{200E}\u{202E}\u{2066}\u{61C}"
        private static let harmless = "é漢😀/"

        @Test(
            arguments: [
                "12345678901234567890", "1.0", "-0", "0.1000", "1E400", "123456789012345678901234567890.5e-7",
            ]
        )
        func `numbers go through as they were written`(number: String) async throws {
            try await Server.run { taskwire in
                _ = try await taskwire("create", "t1")
                // The command itself sends none.
                let client = try TaskwireClient(url: taskwire.url)
                let data = "{\"b\" : [ \(number) ,\n {} ], \"a\": {\"n\":\(number)}}"
                let error = TaskError(code: -32000, message: "x", data: Array(data.utf8))
                _ = try await client.failTask("t1", error: error)
                await client.close()
                let expected = "\"data\":{\"a\":{\"n\":\(number)},\"b\":[\(number),{}]}"
                for command in [["result", "t1", "--json"], ["get", "t1", "--json"]] {
                    let text = try await taskwire.running(command) { _ in }.text
                    #expect(text.contains(expected), "\(text)")
                }
            }
        }

        @Test(
            arguments: [
                "01", "1.", ".5", "+1", "1e", "NaN", "[1,]", "{\"a\":1,}", "\"\\x\"", "\"\\ud800\"", "\"\t\"",
                "[", "1 2", "'a'", "tru",
                String(repeating: "[", count: 513) + String(repeating: "]", count: 513),
            ]
        )
        func `what is no JSON is text`(text: String) async throws {
            try await Server.run { taskwire in
                _ = try await taskwire("create", "t1", "--request", text)
                let request = try await taskwire("get", "t1", "--json").json.details?["request"]
                #expect(request?["contentType"]?.string == "text/plain; charset=utf-8")
            }
        }

        @Test(
            arguments: [
                " {\"a\" : [true,false,null,-1.5e+3] } ", "\"\\ud83d\\ude00\\\"\\/\"", "1e400",
                String(repeating: "[", count: 512) + String(repeating: "]", count: 512),
            ]
        )
        func `what is JSON is recognized`(text: String) async throws {
            try await Server.run { taskwire in
                _ = try await taskwire("create", "t1", "--request", text)
                let request = try await taskwire("get", "t1", "--json").json.details?["request"]
                #expect(request?["contentType"]?.string == "application/json")
            }
        }

        @Test func `no character of a text steers a terminal or breaks a line`() async throws {
            try await Server.run { taskwire in
                let message = "\(Self.harmless)\"\\\n\(Self.treacherous)"
                _ = try await taskwire("create", "t1", "--status-message", message)
                let shown = try await taskwire("get", "t1", "--json")
                for scalar in Self.treacherous.unicodeScalars {
                    #expect(!shown.text.unicodeScalars.contains(scalar), "\(scalar.value)")
                }
                #expect(shown.text.contains(Self.harmless) && shown.text.contains("\\u202e"))
                #expect(try shown.json["statusMessage"]?.string == message)
            }
        }

        @Test func `the log escapes what others send and has numbers where numbers are`() async throws {
            try await Server.run(["--log-format", "json", "--log-level", "debug"]) { taskwire, log in
                let client = try TaskwireClient(url: taskwire.url)
                let trace = "\(Self.harmless)\(Self.treacherous)"
                _ = try await client.ping(
                    options: CallOptions(timeout: .seconds(30), metadata: ["tracestate": trace])
                )
                await client.close()
                try await eventually("the call is logged") { log.text.contains("\"message\":\"call\"") }
                #expect(log.text.contains(Self.harmless))
                for scalar in Self.treacherous.unicodeScalars {
                    #expect(!log.text.unicodeScalars.contains(scalar), "\(scalar.value)")
                }
                let lines = try log.text.split(separator: "\n").map { try JSON(Array($0.utf8)) }
                let calls = lines.filter { $0["message"]?.string == "call" }
                #expect(calls.allSatisfy { $0["metadata"]?["duration_ms"]?.number != nil })
                #expect(calls.last?["metadata"]?["tracestate"]?.string == trace)
            }
        }
    }
}
