internal import Synchronization
internal import Taskwire
internal import TaskwireProtobuf
internal import TaskwireRPC

// Batches: calls that are answered together, as long as their replies have room in one message.
extension Router {
    /// A failure without a task is smaller than this in the envelope.
    private static var failureByteCount: Int { 1024 }

    /// A call of a batch that could not be answered at once.
    private struct Unanswered: Sendable {
        let index: Int
        let call: PendingCall
        let answer: @Sendable () async throws -> Handler.Answer
    }

    /// Answers the calls of a batch. One that has to wait for something does not hold up the next one, so that mutations wait
    /// for one commit of the store together.
    func serve(
        _ calls: [Result<RPCCallView, TaskwireError>],
        _ request: IncomingRequest,
        _ requests: inout IncomingRequests,
        _ round: inout CallRound
    ) {
        let connection = requests.connection
        // What a failure takes in the envelope is set aside, generously.
        let room = limits.maxMessageBytes - calls.count * Self.failureByteCount
        let replies = BatchReplies(count: calls.count, room: room, connection: connection)
        var unanswered: [Unanswered] = []
        for (index, call) in calls.enumerated() {
            do throws(TaskwireError) {
                guard replies.hasRoom else { throw Refusals.noRoom(limits.maxMessageBytes) }
                switch round.begin(try call.get(), isBatched: true) {
                case .reply(let reply, let mayBeRepeated):
                    let body = reply.packed()
                    replies[index] = .success(.encoded(try admit(body, mayBeRepeated, replies, connection)))
                case .failure(let error):
                    replies[index] = .failure(admit(error, replies))
                case .later(let call, let answer):
                    unanswered.append(Unanswered(index: index, call: call, answer: answer))
                case .waiting(let call, let wait):
                    unanswered.append(
                        Unanswered(index: index, call: call) { try await wait().output }
                    )
                }
            } catch {
                complaints.note(error, from: connection)
                replies[index] = .failure(error)
            }
            round.body.reset()
        }
        guard !unanswered.isEmpty else {
            let message = encoder.message(replies.end(), mayBeReplaced: false, for: connection)
            return requests.reply(to: request, message)
        }
        let rest = unanswered
        requests.answerLater(request) { [self] in
            await withDiscardingTaskGroup { group in
                for (turn, unanswered) in rest.enumerated() {
                    group.addImmediateTask { await self.answer(unanswered, replies, connection) }
                    // Yield between chunks so that a large batch does not starve other requests on this thread.
                    if turn % Self.chunkLength == Self.chunkLength - 1 { await Task.yield() }
                }
            }
            return .reply(encoder.message(replies.end(), mayBeReplaced: false, for: connection))
        }
    }

    /// Calls of a batch that are started in one go.
    private static var chunkLength: Int { 16 }

    private func answer(
        _ unanswered: Unanswered,
        _ replies: BatchReplies,
        _ connection: Connection
    ) async {
        do throws(TaskwireError) {
            switch await carryOut(unanswered.call, unanswered.answer) {
            case .success(let body):
                let bytes = try encoder.arenas.withArena { arena throws(TaskwireError) in
                    try body.encoded(arena: arena)
                }
                replies[unanswered.index] = .success(
                    .encoded(try admit(bytes, unanswered.call.mayBeRepeated, replies, connection))
                )
            case .failure(let error):
                replies[unanswered.index] = .failure(admit(error, replies))
            }
        } catch {
            complaints.note(error, from: connection)
            replies[unanswered.index] = .failure(error)
        }
    }

    /// Takes room for the body of a reply.
    private func admit(
        _ body: [UInt8],
        _ mayBeReplaced: Bool,
        _ replies: BatchReplies,
        _ connection: Connection
    ) throws(TaskwireError) -> [UInt8] {
        if mayBeReplaced, replies.byteCount + body.count > ReplyEncoder.smallReplyByteCount,
            !memory.admits(body.count, for: connection)
        {
            throw Refusals.noMemory
        }
        guard replies.takeRoom(body.count) else { throw Refusals.noRoom(limits.maxMessageBytes) }
        return body
    }

    /// A failure has its room already, but for its task, which it can do without.
    private func admit(_ error: TaskwireError, _ replies: BatchReplies) -> TaskwireError {
        guard let task = error.task else { return error }
        let byteCount = try? encoder.arenas.withArena { arena throws(TaskwireError) in
            try task.prepared(in: arena).byteCount
        }
        var error = error
        if byteCount.map({ replies.takeRoom($0) }) != true { error.task = nil }
        return error
    }
}

/// The replies of a batch, and the room that is left for them in their message.
private final class BatchReplies: Sendable {
    private struct State {
        var room: Int
        var byteCount = 0
        var replies: [RPCReply?]
    }

    private let connection: Connection
    private let state: Mutex<State>

    /// A batch of `count` calls whose replies may have `room` bytes together.
    init(count: Int, room: Int, connection: Connection) {
        self.connection = connection
        state = Mutex(State(room: room, replies: Array(repeating: nil, count: count)))
    }

    subscript(index: Int) -> RPCReply? {
        get { state.withLock { $0.replies[index] } }
        set { state.withLock { $0.replies[index] = newValue } }
    }

    /// True if there is any room left.
    var hasRoom: Bool { state.withLock { $0.room > 0 } }

    /// Bytes of the replies that have taken room.
    var byteCount: Int { state.withLock { $0.byteCount } }

    /// Takes room for one reply, which is memory that is kept until the message is made. If there is not as much, none is left
    /// for anybody, so that calls that have not been started are refused at once and not carried out for nothing.
    func takeRoom(_ byteCount: Int) -> Bool {
        let hasRoom = state.withLock { state in
            guard byteCount <= state.room else {
                state.room = 0
                return false
            }
            state.room -= byteCount
            state.byteCount += byteCount
            return true
        }
        if hasRoom { connection.hold(byteCount) }
        return hasRoom
    }

    /// The response, when all calls have been answered.
    func end() -> RPCResponse {
        state.withLock { state in
            connection.release(state.byteCount)
            state.byteCount = 0
            return .batch(state.replies.compactMap(\.self))
        }
    }
}
