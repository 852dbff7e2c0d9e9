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

    /// Every server takes messages of so many bytes.
    static let least = 64 << 10

    private let token: String
    private let known = Mutex<Known?>(nil)

    init(token: String) {
        self.token = token
    }

    /// Refuses a request of so many bytes where the server would.
    /// - Throws: RESOURCE_EXHAUSTED / TOO_LARGE, `TransportError` where the server cannot be asked.
    func check(_ byteCount: Int, _ exchanger: Exchanger, _ deadline: ContinuousClock.Instant) async throws {
        guard let limit = try await limit(exchanger, deadline), byteCount > limit else { return }
        throw TaskwireError(
            .resourceExhausted,
            .tooLarge,
            "The message has \(byteCount) bytes, at most \(limit) are allowed"
        )
    }

    /// The server's limit; nil where it does not say, and then it says so about the request itself.
    private func limit(_ exchanger: Exchanger, _ deadline: ContinuousClock.Instant) async throws -> Int? {
        let connection = exchanger.socket.connectionCount
        if let known = known.withLock(\.self), known.connection == connection, exchanger.socket.isConnected {
            return known.maxMessageBytes
        }
        let call = RPCCall(
            method: "\(ServiceDescriptor.all[1].name)/GetServerInfo",
            body: .value(EmptyRequest()),
            requestID: nil,
            token: token,
            metadata: [:]
        )
        let info: ServerInfo
        do {
            info = try exchanger.decode(try await exchanger.sendOnce(call, deadline), to: call)
        } catch let error as TransportError {
            // The request itself was not sent.
            throw TransportError(code: error.code, message: error.message)
        } catch {
            return nil
        }
        let limit = Known(
            connection: exchanger.socket.connectionCount,
            maxMessageBytes: info.limits.maxMessageBytes
        )
        known.withLock { $0 = limit }
        return limit.maxMessageBytes
    }
}
