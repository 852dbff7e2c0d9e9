internal import Synchronization
internal import Taskwire
internal import TaskwireProtobuf
internal import TaskwireRPC

/// The largest message that the server takes, which is asked of it once for each connection, before the first request that
/// may be too large for it.
final class ServerMessageLimit: Sendable {
    private struct Known {
        /// The connection whose server said so, by ``RequestSocket/connectionCount``.
        var connection: UInt64
        var maxMessageBytes: Int
    }

    private let known = Mutex<Known?>(nil)

    /// The refusal of a message of so many bytes.
    static func refusal(of byteCount: Int, limit: Int) -> TaskwireError {
        TaskwireError(
            .resourceExhausted,
            .tooLarge,
            "The message has \(byteCount) bytes, at most \(limit) are allowed"
        )
    }

    /// Refuses a request of so many bytes where the server would.
    /// - Throws: RESOURCE_EXHAUSTED / TOO_LARGE, `TransportError` where the server cannot be asked.
    func check(_ byteCount: Int, _ caller: Caller, _ deadline: ContinuousClock.Instant) async throws {
        guard let limit = try await limit(caller, deadline), byteCount > limit else { return }
        throw Self.refusal(of: byteCount, limit: limit)
    }

    /// The server's limit; nil where it does not say, and then it says so about the request itself.
    private func limit(_ caller: Caller, _ deadline: ContinuousClock.Instant) async throws -> Int? {
        let connection = caller.socket.connectionCount
        if let known = known.withLock(\.self), known.connection == connection, caller.socket.isConnected {
            return known.maxMessageBytes
        }
        let info: ServerInfo
        do {
            info = try await caller.serverInfo(deadline)
        } catch let error as TransportError {
            // The request itself was not sent.
            throw TransportError(code: error.code, message: error.message)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            return nil
        }
        let limit = Known(
            connection: caller.socket.connectionCount,
            maxMessageBytes: info.limits.maxMessageBytes
        )
        known.withLock { $0 = limit }
        return limit.maxMessageBytes
    }
}
