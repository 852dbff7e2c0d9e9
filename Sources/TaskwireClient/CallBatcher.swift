internal import Synchronization
internal import Taskwire
internal import TaskwireProtobuf
internal import TaskwireRPC

/// Lets calls that are made at the same time share exchanges.
///
/// A call that finds no exchange in flight leaves at once, by itself: a lone caller never waits. Those that are
/// made while one is in flight queue, and leave together when it ends, or sooner when they are many. There are no
/// tasks here: each step is taken by a caller, by the transport's callback at the end of an exchange, or by the
/// watch over the deadlines.
///
/// Calls leave by themselves, as they come, also while there is no connection, so that each knows whether it was
/// sent, and with a server that refuses batches.
final class CallBatcher: DeadlineKeeper {
    /// Exchanges in flight that a large queue adds to, so that neither side has to wait for the other.
    private static let maxExchanges = 4
    /// Calls in the queue that are worth another exchange. What an exchange costs is shared by its calls, so a quick server
    /// is served best by large ones. One that waits for its disk is to have the next calls before, which are half of all that
    /// there are, so that it works on one half while the other is on its way.
    private static let largeQueue = 64
    /// A server that takes longer waits for something: for an exchange, and for each of its calls.
    private static let quickExchange = Duration.microseconds(150)
    private static let quickCall = Duration.microseconds(10)
    /// What a server takes in one batch unless it was told otherwise.
    private static let maxCalls = ServerLimits().maxBatchCalls
    /// Bytes of one batch. It is the smallest limit for messages that a server can have, because a message
    /// above the limit costs the connection.
    private static let maxBytes = 64 << 10
    /// Bytes of a call that shares, and, but for rare ones, of its reply.
    private static let maxCallBytes = 16 << 10
    /// How long a call stays in the queue at most: a slow exchange does not hold up others for longer.
    private static let patience = Duration.milliseconds(20)

    /// Calls that are on their way together.
    fileprivate struct Batch {
        var calls: [SharedCall]
        let departure = ContinuousClock.now
        var cancel: (@Sendable () -> Void)?
    }

    fileprivate struct State {
        /// What the server takes in one batch, as far as is known; 1: it takes none.
        var maxCalls: Int
        /// Whether ``maxCalls`` is about the server that was connected last, and not about any.
        var isServerKnown = false
        /// Calls in the queue that are worth another exchange, as far as is known.
        var largeQueue = CallBatcher.largeQueue
        var exchangeCount = 0
        var queue: [SharedCall] = []
        var batches: [UInt64: Batch] = [:]
        var nextID: UInt64 = 0
    }

    /// How an exchange ended.
    enum Ending {
        /// With an answer, or because it was given up or its time was over.
        case undisturbed
        /// The server was not reached, or the connection was lost.
        case lost

        init(_ outcome: SharedCall.Outcome) {
            self =
                switch outcome {
                case .failure(let error) where ![.cancelled, .timedOut].contains(error.code): .lost
                case .failure, .reply, .alone: .undisturbed
                }
        }
    }

    private let socket: RequestSocket
    private let arenas: ArenaPool
    private let maxMessageBytes: Int
    /// Calls of one batch at most, so that their replies have room in one message.
    private let mostCalls: Int
    private let deadlines = DeadlineWatch()
    private let state: Mutex<State>

    init(socket: RequestSocket, arenas: ArenaPool, maxMessageBytes: Int) {
        self.socket = socket
        self.arenas = arenas
        self.maxMessageBytes = maxMessageBytes
        let mostCalls = min(CallBatcher.maxCalls, max(1, maxMessageBytes / CallBatcher.maxCallBytes))
        self.mostCalls = mostCalls
        state = Mutex(State(maxCalls: mostCalls))
    }

    /// Whether a call may share an exchange: only those do that are answered at once, with one task without
    /// its payloads or with less. Calls that wait would hold up the others and are not allowed in a batch,
    /// and a batch of large replies has no room for all of them.
    static func mayShare(_ request: some WireEncodable) -> Bool {
        switch request {
        case let request as GetTaskRequest: request.view == .basic
        case is CreateTaskRequest, is UpdateTaskRequest, is StoreResultRequest, is CompleteTaskRequest,
            is FailTaskRequest, is CancelTaskRequest, is DeleteTaskRequest, is ClaimTaskRequest,
            is RenewLeaseRequest, is ReleaseLeaseRequest, is EnqueueMessageRequest, is RequestInputRequest,
            is ProvideInputRequest:
            true
        default: false
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
            if isConnected { state.isServerKnown = true } else { state.forgetServer(mostCalls) }
            let isSharing = isConnected && state.maxCalls > 1
            guard !isSharing || state.exchangeCount == 0 else { return false }
            state.exchangeCount += 1
            return true
        }
    }

    /// An exchange has ended; now it is the turn of those in the queue.
    func end(_ ending: Ending) {
        let stranded = state.withLock { state -> [SharedCall] in
            state.exchangeCount -= 1
            guard case .lost = ending else { return [] }
            state.forgetServer(mostCalls)
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
        while let (id, calls) = departure(isOverdue: isOverdue) {
            let message: Message
            do throws(TaskwireError) {
                message = try encode(calls)
            } catch {
                // One of them cannot be encoded, and will be told why when it is sent by itself.
                state.withLock { state in
                    state.batches[id] = nil
                    state.exchangeCount -= 1
                }
                for call in calls { call.finish(.alone(mayHaveBeenSent: false)) }
                continue
            }
            let cancel = socket.begin(message) { [self] outcome in ended(id, outcome) }
            state.withLock { $0.batches[id]?.cancel = cancel }
            if calls.allSatisfy(\.isFinished) { cancel() }
            return
        }
    }

    /// The calls that are to leave together now, as an exchange that has begun.
    private func departure(isOverdue: Bool) -> (UInt64, [SharedCall])? {
        let isConnected = socket.isConnected
        let (stranded, departing) = state.withLock { state -> ([SharedCall], (UInt64, [SharedCall])?) in
            guard isConnected, state.maxCalls > 1 else { return (state.takeQueue(), nil) }
            let isWorthwhile =
                state.exchangeCount < Self.maxExchanges && state.queue.count >= state.largeQueue
            guard isOverdue || state.exchangeCount == 0 || isWorthwhile else { return ([], nil) }
            let calls = state.takeCalls(maxBytes: min(Self.maxBytes, maxMessageBytes))
            guard !calls.isEmpty else { return ([], nil) }
            state.exchangeCount += 1
            state.nextID += 1
            state.batches[state.nextID] = Batch(calls: calls)
            return ([], (state.nextID, calls))
        }
        for call in stranded { call.finish(.alone(mayHaveBeenSent: false)) }
        return departing
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
        let now = ContinuousClock.now
        let calls = state.withLock { state -> [SharedCall] in
            let callCount = state.callCount
            guard let batch = state.batches.removeValue(forKey: id) else { return [] }
            let isQuick = now - batch.departure < Self.quickExchange + Self.quickCall * batch.calls.count
            state.largeQueue = isQuick ? Self.largeQueue : min(Self.largeQueue, max(1, callCount / 2))
            return batch.calls
        }
        switch outcome {
        case .success(let message):
            let response = try? RPCResponse(message, arenas: arenas)
            if let replies = response.flatMap({ Self.replies(in: $0, to: calls) }) {
                let isBatched = calls.count > 1
                if isBatched, replies.contains(where: Self.hadNoRoom) {
                    lowerMaxCalls(to: max(2, calls.count / 2))
                }
                end(.undisturbed)
                CallbackExecutor.handingOn {
                    for (call, reply) in zip(calls, replies) {
                        // By itself it has more room than beside the others.
                        let isToRepeat = isBatched && Self.hadNoRoom(reply)
                        call.finish(isToRepeat ? .alone(mayHaveBeenSent: true) : .reply(reply))
                    }
                }
            } else {
                // Perhaps the batch was too large for this server, or it takes none.
                if calls.count > 1 { lowerMaxCalls(to: calls.count / 2) }
                end(.undisturbed)
                for call in calls { call.finish(.alone(mayHaveBeenSent: true)) }
            }
        case .failure(let error):
            end(Ending(.failure(error)))
            if calls.count > 1, error.code == .connectionReset {
                // Perhaps the replies were larger than a message may be here, which costs the connection.
                // Batches go on all the same, because most often the server has only gone away.
                lowerMaxCalls(to: max(2, calls.count / 2))
            }
            for call in calls { call.finish(.failure(error)) }
        }
    }

    private func lowerMaxCalls(to count: Int) {
        state.withLock { $0.maxCalls = min($0.maxCalls, count) }
    }

    private static func hadNoRoom(_ reply: RPCReply) -> Bool {
        if case .failure(let error) = reply { error.reason == .tooLarge } else { false }
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
                call.giveUp { .timedOut(socket.peerName, mayHaveBeenSent: $0) }
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
    /// Those in the queue and those on their way together.
    fileprivate var callCount: Int { batches.values.reduce(queue.count) { $0 + $1.calls.count } }

    /// The connection is gone, and who answers next may be another server. What is learnt from the loss
    /// itself stays until that one is gone as well.
    fileprivate mutating func forgetServer(_ mostCalls: Int) {
        guard isServerKnown else { return }
        isServerKnown = false
        maxCalls = mostCalls
    }

    /// All calls of the queue, which then leave by themselves.
    fileprivate mutating func takeQueue() -> [SharedCall] {
        defer { queue = [] }
        return queue
    }

    /// The longest waiting calls that have room in one batch; those that were given up are dropped.
    fileprivate mutating func takeCalls(maxBytes: Int) -> [SharedCall] {
        var calls: [SharedCall] = []
        var byteCount = 0
        var takenCount = 0
        for call in queue {
            guard calls.count < maxCalls, byteCount + call.byteCount <= maxBytes else { break }
            takenCount += 1
            guard call.depart() else { continue }
            byteCount += call.byteCount
            calls.append(call)
        }
        queue.removeFirst(takenCount)
        return calls
    }
}
