internal import ArgumentParser
internal import Glibc
internal import Taskwire

/// Bytes of any kind as a command names them: the text itself, `@FILE`, or `-` for standard input.
struct BytesArgument: ExpressibleByArgument {
    /// How the help of an option that takes them goes on.
    static let help = "the text itself, @FILE, or - for standard input"

    private let argument: String

    init(argument: String) {
        self.argument = argument
    }

    static var defaultCompletionKind: CompletionKind { .file() }

    /// The bytes as a payload. Where there is no content type, it follows from what they are.
    func payload(contentType: String?, limit: Int) throws -> Payload {
        let data = try bytes(limit: limit)
        return Payload(data: data, contentType: contentType ?? ContentType.of(data))
    }

    private func bytes(limit: Int) throws -> [UInt8] {
        if argument == "-" {
            return try FileInput.readAll(STDIN_FILENO, name: "standard input", limit: limit)
        }
        guard argument.hasPrefix("@") else { return Array(argument.utf8) }
        return try FileInput.readAll(atPath: String(argument.dropFirst()), limit: limit)
    }
}
