import Foundation
import TaskwireClient
import TaskwireServer
import TaskwireTestSupport

/// A file of tokens, and the tokens.
struct Tokens: Sendable {
    let path: String
    private let tokens: [String: String]

    /// Makes the file in `folder` with a token for each of `principals`.
    init(for principals: [String], in folder: String) throws {
        path = "\(folder)/tokens"
        var tokens: [String: String] = [:]
        var lines: [String] = []
        for text in principals {
            let token = AccessToken.generate()
            tokens[text] = token
            lines.append(AccessToken.line(for: try Principal(text), token: token))
        }
        self.tokens = tokens
        try Self.write(lines, to: path)
    }

    static func write(_ lines: [String], to path: String) throws {
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    }

    subscript(_ principal: String) -> String { tokens[principal] ?? "" }

    /// Calls `body` with a client of the server at `url` that has the token of `principal`.
    func withClient<Output>(
        of principal: String,
        at url: String,
        owner: String? = nil,
        _ body: (TaskwireClient) async throws -> Output
    ) async throws -> Output {
        var configuration = TaskwireClient.Configuration()
        configuration.token = self[principal]
        configuration.owner = owner
        return try await withTaskwireClient(url, configuration, body)
    }
}

/// Calls `body` with a client that is closed afterwards.
func withTaskwireClient<Output>(
    _ url: String,
    _ configuration: TaskwireClient.Configuration = TaskwireClient.Configuration(),
    _ body: (TaskwireClient) async throws -> Output
) async throws -> Output {
    let client = try TaskwireClient(url: url, configuration: configuration)
    let result: Result<Output, any Error>
    do { result = .success(try await body(client)) } catch { result = .failure(error) }
    await client.close()
    return try result.get()
}
