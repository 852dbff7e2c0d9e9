internal import Taskwire
internal import TaskwireProtobuf
internal import TaskwireRPC

/// A caller that waits for its reply, which is decoded where it lies, on the thread that received it.
///
/// `@unchecked Sendable` is safe: the continuation is set before the exchange begins, and used by what ends the exchange, once.
final class ReplyWaiter<Reply: WireDecodable>: ReplyReceiver, @unchecked Sendable {
    private var continuation: UnsafeContinuation<Reply, any Error>?
    private let arenas: ArenaPool
    private let socket: RequestSocket
    private let isMutation: Bool
    private let exchange = CancellableExchange()

    init(_ arenas: ArenaPool, on socket: RequestSocket, isMutation: Bool) {
        self.arenas = arenas
        self.socket = socket
        self.isMutation = isMutation
    }

    /// Begins the exchange that `send` sends.
    func begin(_ continuation: UnsafeContinuation<Reply, any Error>, _ send: () -> ExchangeID?) {
        self.continuation = continuation
        if !exchange.begin(on: socket, send) { continuation.resume(throwing: CancellationError()) }
    }

    /// Gives up, from any thread.
    func cancel() { exchange.cancel(on: socket) }

    func received(_ reply: UnsafeRawBufferPointer) {
        do throws(TaskwireError) {
            let outcome = try arenas.withArena { arena throws(TaskwireError) in
                try RPCResponse.outcome(in: reply, as: Reply.self, arena: arena)
            }
            switch outcome {
            case .success(let reply): continuation?.resume(returning: reply)
            case .failure(let refusal): continuation?.resume(throwing: refusal)
            }
        } catch {
            let failure = TaskwireError(
                .internal,
                .malformedMessage,
                "The answer from \(socket.peerName) cannot be read: \(error.message)",
                isOutcomeUnknown: isMutation
            )
            continuation?.resume(throwing: failure)
        }
    }

    func failed(_ error: TransportError) {
        continuation?.resume(throwing: error)
    }
}
