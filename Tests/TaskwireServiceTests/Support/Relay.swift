import Synchronization
import TaskwireProtobuf
import TaskwireRPC
import TaskwireTestSupport

/// Stands between a client and a server, passes on what they say byte by byte, and tells what it has seen.
final class Relay: Sendable {
    /// One exchange.
    struct Exchange: Sendable {
        var isBatch: Bool
        var methods: [String]
    }

    /// What happens to exchanges on their way.
    enum Mode: Sendable {
        case passing
        /// They wait before they reach the server.
        case holding
        /// They reach the server, and the replies are lost.
        case losingReplies
    }

    private struct State {
        var mode = Mode.passing
        var exchanges: [Exchange] = []
        var answeredCount = 0
        var held: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    private let downstream: ReplySocket
    private let upstream: RequestSocket

    private init(to url: String) throws {
        downstream = ReplySocket()
        upstream = RequestSocket(configuration: RequestSocket.Configuration(address: try Address(url)))
    }

    /// Runs `body` with a relay that listens at `address` and passes on to the server at `url`.
    static func run<Output: Sendable>(
        at address: String = "tcp://127.0.0.1:0",
        to url: String,
        _ body: @escaping @Sendable (_ relay: Relay, _ url: String) async throws -> Output
    ) async throws -> Output {
        let relay = try Relay(to: url)
        let bound = try await relay.downstream.listen(on: try Address(address))
        let serving = Task.immediate {
            await relay.downstream.run(RequestHandlers(answer: { .reply(await relay.pass($0)) }))
        }
        let output: Result<Output, any Error>
        do {
            output = .success(try await withTimeLimit { try await body(relay, bound.description) })
        } catch {
            output = .failure(error)
        }
        relay.set(.passing)
        await relay.upstream.close()
        await relay.downstream.stop(grace: .zero)
        await serving.value
        return try output.get()
    }

    /// Every exchange so far.
    var exchanges: [Exchange] { state.withLock { $0.exchanges } }

    /// Calls so far, those in batches each.
    var callCount: Int { exchanges.reduce(0) { $0 + $1.methods.count } }

    /// Exchanges that wait here.
    var heldCount: Int { state.withLock { $0.held.count } }

    func set(_ mode: Mode) {
        let held = state.withLock { state in
            state.mode = mode
            guard case .holding = mode else { return state.held.take() }
            return []
        }
        for continuation in held { continuation.resume() }
    }

    /// Lets everything pass but the exchange that has waited the longest, which waits for ``set(_:)``.
    func passAllButFirst() {
        let released = state.withLock { state in
            state.mode = .passing
            let released = state.held.dropFirst()
            state.held = Array(state.held.prefix(1))
            return released
        }
        for continuation in released { continuation.resume() }
    }

    /// Returns when that many calls have arrived here since the beginning.
    func untilCalls(_ count: Int) async {
        while callCount < count { await Task.yield() }
    }

    /// Returns when the server has answered that many exchanges.
    func untilAnswered(_ count: Int) async {
        while state.withLock({ $0.answeredCount }) < count { await Task.yield() }
    }

    private func pass(_ incoming: ReceivedRequest) async -> Message? {
        let request = try? incoming.message.withUnsafeBytes { bytes in
            try RPCRequest(wire: bytes, arena: Arena(), maxBatchCalls: .max, maxBatchBytes: .max)
        }
        let exchange =
            switch request {
            case .call(let call): Exchange(isBatch: false, methods: [call.method])
            case .batch(let calls):
                Exchange(isBatch: true, methods: calls.map { (try? $0.get().method) ?? "" })
            case nil: Exchange(isBatch: false, methods: [])
            }
        await withCheckedContinuation { continuation in
            let isHeld = state.withLock { state in
                state.exchanges.append(exchange)
                guard case .holding = state.mode else { return false }
                state.held.append(continuation)
                return true
            }
            if !isHeld { continuation.resume() }
        }
        let reply = try? await upstream.exchange(incoming.message)
        let mode = state.withLock { state in
            state.answeredCount += 1
            return state.mode
        }
        if case .losingReplies = mode { return nil }
        return reply
    }
}

extension [CheckedContinuation<Void, Never>] {
    /// Leaves nothing behind.
    fileprivate mutating func take() -> Self {
        defer { self = [] }
        return self
    }
}
