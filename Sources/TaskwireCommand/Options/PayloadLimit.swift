internal import Taskwire
internal import TaskwireClient

/// How large a payload may be.
///
/// A server that gets more than it takes refuses it after all of it was sent, so it is better asked before.
enum PayloadLimit {
    /// Up to here, asking costs more than it is good for.
    private static let smallSize = 1 << 14

    /// Bytes of the largest payload that both sides take.
    static func bytes(of info: ServerInfo, _ options: ClientOptions) throws -> Int {
        var limits = info.limits
        limits.maxMessageBytes = min(limits.maxMessageBytes, try options.messageLimit())
        return max(0, limits.maxPayloadBytes)
    }

    /// - Throws: ``CommandFailure`` where `payload` is too large.
    static func check(_ payload: Payload?, for client: TaskwireClient, _ options: ClientOptions) async throws
    {
        guard let size = payload?.data.count, size > smallSize else { return }
        let limit = try bytes(of: await client.serverInfo(), options)
        guard size <= limit else {
            throw CommandFailure("the payload has \(size) bytes, and a message takes at most \(limit)")
        }
    }
}
