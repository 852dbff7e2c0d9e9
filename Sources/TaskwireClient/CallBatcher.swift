internal import Synchronization
internal import Taskwire
internal import TaskwireProtobuf
internal import TaskwireRPC

/// Lets calls that are made at the same time share exchanges.
///
/// A call that finds no exchange in flight leaves at once, by itself: a lone caller never waits. Those that are
/// made while one is in flight queue, and when it ends they leave together. There are no tasks here: each step
/// is taken by a caller, by the transport's callback at the end of an exchange, or by the watch over the
/// deadlines.
///
/// Calls leave by themselves, as they come, also while there is no connection, so that each knows whether it was
/// sent, and with a server that refuses batches.
final class CallBatcher: DeadlineKeeper {
    /// Exchanges in flight while further calls queue. Two were no faster.
    private static let maxExchanges = 1
    /// What a server takes in one batch unless it was told otherwise.
    fileprivate static let maxCalls = ServerLimits().maxBatchCalls
    /// Bytes of one batch. It is the smallest limit for messages that a server can have, because a message
    /// above the limit costs the connection.
    fileprivate static let maxBytes = 64 << 10
    /// Bytes of a call that shares.
    private static let maxCallBytes = 16 << 10
    /// How long a call stays in the queue at most: a slow exchange does not hold up others for longer.
    private static let patience = Duration.milliseconds(20)

    /// Calls that are on their way together.
    fileprivate struct Batch {
        var calls: [SharedCall]
        var cancel: (@Sendable () -> Void)?
    }

    fileprivate struct State {
        /// What the server takes in one batch, as far as is known; 1: it takes none.
        var maxCalls = CallBatcher.maxCalls
        var exchangeCount = 0
        var queue: [SharedCall] = []
        var batches: [UInt64: Batch] = [:]
        var nextID: UInt64 = 0
    }

    /// How an exchange ended.
    enum Ending {
        /// With an answer, or because it was given up.
        case undisturbed
        /// The server was not reached, or did not answer.
        case lost

        init(_ outcome: SharedCall.Outcome) {
            self =
                switch outcome {
                case .failure(let error) where error.code != .cancelled: .lost
                case .failure, .reply, .alone: .undisturbed
                }
        }
    }

    private let socket: RequestSocket
    private let arenas: ArenaPool
    private let maxMessageBytes: Int
    private let deadlines = DeadlineWatch()
    private let state = Mutex(State())

    init(socket: RequestSocket, arenas: ArenaPool, maxMessageBytes: Int) {
        self.socket = socket
        self.arenas = arenas
        self.maxMessageBytes = maxMessageBytes
    }

    /// Whether a call may share an exchange: when its request is small, and its reply as well. Calls that wait are
    /// not allowed in a batch and would hold up the others. Pages and payloads may be so large that a batch
    /// of them has no room for all replies.
    static func mayShare(_ request: some WireEncodable) -> Bool {
        switch request {
        case is WaitTaskRequest, is AwaitResultRequest, is ListTasksRequest, is GetResultRequest: false
        case let request as GetTaskRequest: request.view == .basic
        default: true
        }
    }

    /// The other half of ``mayShare(_:)``, as soon as the request is encoded.
    static func hasRoom(for call: RPCCall) -> Bool {
        call.maxByteCount <= maxCallBytes
    }

    // MARK: Calls by themselves

    /// Returns whether a call is to leave at once, by itself, in which case ``end(_:)`` must follow. Otherwise
    /// it is for ``outcome(of:deadline:)``.
    func begin() -> Bool {
        let isConnected = socket.isConnected
        return state.withLock { state in
            let isSharing = isConnected && state.maxCalls > 1
            guard !isSharing || state.exchangeCount < Self.maxExchanges else { return false }
            state.exchangeCount += 1
            return true
        }
    }

    /// An exchange has ended; now it is the turn of those in the queue.
    func end(_ ending: Ending) {
        let stranded = state.withLock { state -> [SharedCall] in
            state.exchangeCount -= 1
            guard case .lost = ending else { return [] }
            // Who answers next may be another server.
            state.maxCalls = Self.maxCalls
            return state.takeQueue()
        }
        for call in stranded { call.finish(.alone(mayHaveBeenSent: false)) }
        depart()
    }

    // MARK: Calls together

    /// Sends a call together with others.
    func outcome(
        of call: RPCCall,
        deadline: ContinuousClock.Instant
    ) async -> SharedCall.Outcome {
        let call = SharedCall(call, deadline: deadline)
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                guard call.queue(continuation) else {
                    continuation.resume(returning: .failure(cancellation(mayHaveBeenSent: false)))
                    return
                }
                state.withLock { $0.queue.append(call) }
                depart()
                deadlines.ensureLook(at: min(deadline, call.arrival + Self.patience), for: self)
            }
        } onCancel: {
            call.giveUp(cancellation)
            // It may have been the last one of its exchange.
            deadlines.ensureLook(at: .now, for: self)
        }
    }

    private func cancellation(mayHaveBeenSent: Bool) -> TransportError {
        TransportError(code: .cancelled, message: "The call was cancelled.", mayHaveBeenSent: mayHaveBeenSent)
    }

    /// Sends what has queued if it is its turn, or if it has waited for too long.
    private func depart(isOverdue: Bool = false) {
        let isConnected = socket.isConnected
        let (stranded, departing) = state.withLock { state -> ([SharedCall], (UInt64, [SharedCall])?) in
            guard isConnected, state.maxCalls > 1 else { return (state.takeQueue(), nil) }
            guard isOverdue || state.exchangeCount < Self.maxExchanges else { return ([], nil) }
            let calls = state.takeCalls()
            guard !calls.isEmpty else { return ([], nil) }
            state.exchangeCount += 1
            state.nextID += 1
            state.batches[state.nextID] = Batch(calls: calls)
            return ([], (state.nextID, calls))
        }
        for call in stranded { call.finish(.alone(mayHaveBeenSent: false)) }
        guard let (id, calls) = departing else { return }
        let message: Message
        do throws(TaskwireError) {
            message = try encode(calls)
        } catch {
            // One of them cannot be encoded, and will be told why when it is sent by itself.
            state.withLock { $0.batches[id] = nil }
            end(.undisturbed)
            for call in calls { call.finish(.alone(mayHaveBeenSent: false)) }
            return
        }
        let cancel = socket.begin(message) { [self] outcome in ended(id, outcome) }
        state.withLock { $0.batches[id]?.cancel = cancel }
        if calls.allSatisfy(\.isFinished) { cancel() }
    }

    private func encode(_ calls: [SharedCall]) throws(TaskwireError) -> Message {
        let now = ContinuousClock.now
        let request: RPCRequest =
            calls.count == 1
            ? .call(calls[0].departing(at: now))
            : .batch(calls.map { .success($0.departing(at: now)) })
        return try Message.encoding(request, arenas: arenas, maxBytes: maxMessageBytes)
    }

    /// The transport's callback: the exchange of a batch has ended.
    private func ended(_ id: UInt64, _ outcome: Result<Message, TransportError>) {
        let calls = state.withLock { $0.batches.removeValue(forKey: id)?.calls ?? [] }
        switch outcome {
        case .success(let message):
            let response = try? RPCResponse(message, arenas: arenas)
            if let replies = response.flatMap({ Self.replies(in: $0, to: calls) }) {
                end(.undisturbed)
                for (call, reply) in zip(calls, replies) {
                    call.finish(Self.outcome(reply, isBatched: calls.count > 1))
                }
            } else {
                // Perhaps the batch was too large for this server, or it takes none.
                if calls.count > 1 { state.withLock { $0.maxCalls = calls.count / 2 } }
                end(.undisturbed)
                for call in calls { call.finish(.alone(mayHaveBeenSent: true)) }
            }
        case .failure(let error):
            end(Ending(.failure(error)))
            for call in calls { call.finish(.failure(error)) }
        }
    }

    private static func outcome(_ reply: RPCReply, isBatched: Bool) -> SharedCall.Outcome {
        if isBatched, case .failure(let error) = reply, error.reason == .tooLarge {
            // Beside the others there was no room for it.
            return .alone(mayHaveBeenSent: true)
        }
        return .reply(reply)
    }

    /// The replies to the calls of one exchange, or nil when the server refused all of it.
    private static func replies(in response: RPCResponse, to calls: [SharedCall]) -> [RPCReply]? {
        switch response {
        case .reply(let reply): calls.count == 1 ? [reply] : nil
        case .batch(let replies): calls.count > 1 && replies.count == calls.count ? replies : nil
        }
    }

    // MARK: Deadlines

    /// Ends the calls whose time is over, and the exchanges that nobody waits for any more.
    func endOverdue(at now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        let (queue, batches) = state.withLock { ($0.queue, Array($0.batches.values)) }
        var upcoming: ContinuousClock.Instant?
        for call in queue + batches.flatMap(\.calls) where !call.isFinished {
            if call.deadline <= now {
                call.giveUp { .timedOut(socket.address, mayHaveBeenSent: $0) }
            } else {
                upcoming = min(call.deadline, upcoming ?? call.deadline)
            }
        }
        for batch in batches where batch.calls.allSatisfy(\.isFinished) {
            batch.cancel?()
        }
        if let oldest = queue.first(where: { !$0.isFinished }) {
            let departure = oldest.arrival + Self.patience
            if departure <= now { depart(isOverdue: true) }
            upcoming = min(departure, upcoming ?? departure)
        }
        return upcoming
    }
}

extension CallBatcher.State {
    /// All calls of the queue, which then leave by themselves.
    fileprivate mutating func takeQueue() -> [SharedCall] {
        defer { queue = [] }
        return queue
    }

    /// The longest waiting calls that have room in one batch; those that were given up are dropped.
    fileprivate mutating func takeCalls() -> [SharedCall] {
        var calls: [SharedCall] = []
        var byteCount = 0
        var takenCount = 0
        for call in queue {
            guard calls.count < maxCalls, byteCount + call.byteCount <= CallBatcher.maxBytes else { break }
            takenCount += 1
            guard call.depart() else { continue }
            byteCount += call.byteCount
            calls.append(call)
        }
        queue.removeFirst(takenCount)
        return calls
    }
}
