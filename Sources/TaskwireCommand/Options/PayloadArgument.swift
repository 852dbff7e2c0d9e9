internal import ArgumentParser
internal import Taskwire

/// What a command sends, and what kind of bytes that is.
struct PayloadArgument: ParsableArguments {
    @Argument(help: "The payload: \(BytesArgument.help).")
    var payload: BytesArgument

    @Option(help: "Media type of the payload. (default: JSON, text or bytes, as it looks)")
    var contentType: String?

    /// The payload, of at most `limit` bytes.
    func read(limit: Int) throws -> Payload {
        try payload.payload(contentType: contentType, limit: limit)
    }
}
