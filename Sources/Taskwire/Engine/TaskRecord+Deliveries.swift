extension TaskRecord {
    /// The messages that one call took out of the queue, as long as a repeat of that call gets them again. They are apart
    /// from the log of mutations, which every mutation writes.
    package struct Delivery: Sendable, Hashable {
        /// Names the call.
        package var requestID: RequestID
        /// The oldest first.
        package var messages: [TaskMessage]

        /// What the call `requestID` took.
        package init(requestID: RequestID, messages: [TaskMessage]) {
            self.requestID = requestID
            self.messages = messages
        }

        /// About what it takes in a record.
        package var byteCount: Int {
            messages.reduce(16) { $0 + 64 + $1.key.utf8.count + $1.payload.data.count }
        }
    }

    /// Bytes that the deliveries of a task may have together; the last one is kept in any case.
    private static let deliveredByteCount = 1 << 20
    /// Bytes that a removed task keeps of them.
    private static let buriedByteCount = 64 << 10

    /// What one call took; `nil` where that is not kept any more.
    func delivery(to requestID: RequestID) -> [TaskMessage]? {
        deliveries.last { $0.requestID == requestID }?.messages
    }

    /// Forgets what was taken by calls that are not remembered any more at `now`, and then the oldest where it is too much.
    mutating func forgetDeliveries(at now: MutationTime, _ memory: MutationMemory) {
        guard !deliveries.isEmpty else { return }
        let remembered = mutations.requestIDs(at: now, memory)
        deliveries.removeAll { !remembered.contains($0.requestID) }
        limitDeliveries()
    }

    /// Forgets the oldest where they are too much.
    mutating func limitDeliveries() {
        guard !deliveries.isEmpty else { return }
        var byteCount = deliveries.reduce(0) { $0 + $1.byteCount }
        while byteCount > (isLive ? Self.deliveredByteCount : Self.buriedByteCount),
            let oldest = deliveries.first
        {
            guard !isLive || deliveries.count > 1 else { return }
            byteCount -= oldest.byteCount
            deliveries.removeFirst()
        }
    }
}
