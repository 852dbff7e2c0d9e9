import Foundation

/// Standard output, which carries nothing but the protocol, and standard error for everything else.
final class StandardOutput: Sendable {
    private let queue = DispatchQueue(label: "standard output")

    /// Writes `message` as one line, and returns when the system has taken it.
    /// - Throws: The system's error where nobody reads any more.
    func send(_ message: JSONValue) async throws {
        let line = Data(try message.bytes + [UInt8(ascii: "\n")])
        // A client may read slowly: that must not block a thread that others need.
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            queue.async {
                continuation.resume(
                    with: Result { try FileHandle.standardOutput.write(contentsOf: line) }
                )
            }
        }
    }

    /// Tells whoever runs the server.
    static func log(_ text: String) {
        // Where standard error is closed, nobody wants to know.
        try? FileHandle.standardError.write(contentsOf: Data("mcp-example: \(text)\n".utf8))
    }
}
