internal import Taskwire
internal import TaskwireProtobuf
internal import TaskwireRPC

/// Writes replies. One that is too large goes without parts of its task, or becomes a refusal, and so does one that there is
/// no memory for, if it can be had again.
struct ReplyEncoder: Sendable {
    let arenas: ArenaPool
    let limits: ServerLimits
    let memory: MemoryGate
    let complaints: ComplaintLog

    /// Larger replies have to ask whether there is memory for them.
    static let smallReplyByteCount = 64 << 10

    /// Replies at once with what a handler has prepared.
    func reply(
        _ body: PreparedMessage,
        mayBeReplaced: Bool,
        to request: IncomingRequest,
        _ requests: inout IncomingRequests,
        _ arena: Arena
    ) {
        let frame = RPCReplyFrame(bodyByteCount: body.byteCount)
        if let error = refusal(of: frame.byteCount, mayBeReplaced, for: requests.connection) {
            return reply(error, to: request, &requests, arena)
        }
        requests.reply(to: request, byteCount: frame.byteCount) { message in
            let offset = frame.write(to: message)
            body.pack(into: UnsafeMutableRawBufferPointer(rebasing: message[offset...]))
        }
    }

    /// Replies at once with a failure.
    func reply(
        _ error: TaskwireError,
        to request: IncomingRequest,
        _ requests: inout IncomingRequests,
        _ arena: Arena
    ) {
        arena.reset()
        guard let message = try? RPCResponse.reply(.failure(error)).prepared(in: arena),
            message.byteCount <= limits.maxMessageBytes
        else {
            guard error.task != nil else { return requests.leave(request) }
            var error = error
            error.task = nil
            return reply(error, to: request, &requests, arena)
        }
        requests.reply(to: request, byteCount: message.byteCount) { message.pack(into: $0) }
    }

    /// The message of a response.
    func message(_ response: RPCResponse, mayBeReplaced: Bool, for connection: Connection) -> Message? {
        do throws(TaskwireError) {
            let message = try message(response)
            if let error = refusal(of: message.count, mayBeReplaced, for: connection) {
                return try self.message(.reply(.failure(error)))
            }
            return message
        } catch {
            if error.reason == .tooLarge, case .reply(.success(.value(let reply))) = response,
                let reply = reply as? any TaskReporting, let smaller = messageFitting(reply)
            {
                return smaller
            }
            let failure = error.reason == .tooLarge ? Refusals.noRoom(limits.maxMessageBytes) : error
            complaints.note(failure, from: connection)
            return try? message(.reply(.failure(failure)))
        }
    }

    private func messageFitting(_ reply: some TaskReporting) -> Message? {
        var message: Message?
        reply.omitParts { smaller in
            message = try? self.message(.reply(.success(.value(smaller))))
            return message != nil
        }
        return message
    }

    private func message(_ response: RPCResponse) throws(TaskwireError) -> Message {
        try Message.encoding(response, arenas: arenas, maxBytes: limits.maxMessageBytes)
    }

    /// The reason for which a reply of so many bytes cannot be sent.
    private func refusal(
        of byteCount: Int,
        _ mayBeReplaced: Bool,
        for connection: Connection
    ) -> TaskwireError? {
        if byteCount > limits.maxMessageBytes {
            let error = Refusals.noRoom(limits.maxMessageBytes)
            complaints.note(error, from: connection)
            return error
        }
        let isTooMuch = byteCount > Self.smallReplyByteCount && !memory.admits(byteCount, for: connection)
        return mayBeReplaced && isTooMuch ? Refusals.noMemory : nil
    }
}
