public import Taskwire

/// Bytes that follow from what their content type says, so that whoever reads them can tell whether they are whole.
public struct SeededPayload: Sendable, Hashable {
    private static let mediaType = "application/x-seeded"

    /// What the bytes follow from.
    public var seed: UInt64
    /// How many there are.
    public var byteCount: Int

    /// `byteCount` bytes that follow from `seed`.
    public init(seed: UInt64, byteCount: Int) {
        self.seed = seed
        self.byteCount = byteCount
    }

    /// The payload that this content type stands for; `nil` where it stands for none.
    public init?(contentType: String) {
        let parts = contentType.split(separator: ";")
        guard
            parts.count == 3, parts[0] == Self.mediaType,
            let seed = UInt64(parts[1]), let byteCount = Int(parts[2])
        else { return nil }
        self.init(seed: seed, byteCount: byteCount)
    }

    /// With all bytes.
    public var payload: Payload {
        var generator = SeededGenerator(seed: seed)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(byteCount + 7)
        while bytes.count < byteCount {
            withUnsafeBytes(of: generator.next().littleEndian) { bytes.append(contentsOf: $0) }
        }
        bytes.removeLast(bytes.count - byteCount)
        return Payload(data: bytes, contentType: abridged.contentType)
    }

    /// Without the bytes, which follow from the content type: what a history keeps.
    public var abridged: Payload {
        Payload(data: [], contentType: "\(Self.mediaType);\(seed);\(byteCount)")
    }
}

/// A payload that is not what its content type says.
public struct TornPayload: Error, CustomStringConvertible {
    /// What was there.
    public var payload: Payload

    /// How it differs.
    public var description: String {
        let expected = SeededPayload(contentType: payload.contentType)?.payload.data ?? []
        let equal = zip(payload.data, expected).prefix { $0 == $1 }.count
        return "\(payload.data.count) bytes of \(payload.contentType), of which the first \(equal) are right"
    }
}

extension Payload {
    /// - Throws: ``TornPayload`` unless the bytes are all there and right.
    func abridged() throws(TornPayload) -> Payload {
        guard let seeded = SeededPayload(contentType: contentType), seeded.payload == self else {
            throw TornPayload(payload: self)
        }
        return seeded.abridged
    }
}

extension TaskState {
    /// The state with payloads that only say which bytes they had.
    /// - Throws: ``TornPayload`` where they did not have them.
    public func abridged() throws(TornPayload) -> TaskState {
        var state = self
        if let request { state.request = try request.abridged() }
        if let result { state.result = try result.abridged() }
        for index in inputRequests.indices {
            state.inputRequests[index].payload = try inputRequests[index].payload.abridged()
        }
        return state
    }
}

extension TaskMessage {
    /// The message with a payload that only says which bytes it had.
    /// - Throws: ``TornPayload`` where it did not have them.
    fileprivate func abridged() throws(TornPayload) -> TaskMessage {
        var message = self
        message.payload = try payload.abridged()
        return message
    }
}

extension MessageDelivery {
    /// The delivery with a payload that only says which bytes it had.
    /// - Throws: ``TornPayload`` where it did not have them.
    func abridged() throws(TornPayload) -> MessageDelivery {
        guard let message else { return self }
        return MessageDelivery(task: task, message: try message.abridged())
    }
}

extension ClearedMessages {
    /// The messages with payloads that only say which bytes they had.
    /// - Throws: ``TornPayload`` where they did not have them.
    func abridged() throws(TornPayload) -> ClearedMessages {
        var cleared = self
        for index in messages.indices { cleared.messages[index] = try messages[index].abridged() }
        return cleared
    }
}

extension TaskOutcome {
    /// The outcome with a result that only says which bytes it had.
    /// - Throws: ``TornPayload`` where it did not have them.
    public func abridged() throws(TornPayload) -> TaskOutcome {
        var outcome = self
        if let result { outcome.result = try result.abridged() }
        return outcome
    }
}
