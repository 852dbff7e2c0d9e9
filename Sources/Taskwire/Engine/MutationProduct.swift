/// What a mutation returns beside the task.
package indirect enum MutationProduct: Sendable, Hashable {
    /// Nothing.
    case none
    /// The token of a lease that was taken.
    case leaseToken([UInt8])
    /// Messages that were taken out of a queue.
    case messages([TaskMessage])
    /// The keys of questions that were answered.
    case acceptedKeys([String])

    /// The token; empty where there is none.
    package var leaseToken: [UInt8] {
        if case .leaseToken(let token) = self { token } else { [] }
    }

    /// The messages.
    package var messages: [TaskMessage] {
        if case .messages(let messages) = self { messages } else { [] }
    }

    /// The keys.
    package var acceptedKeys: [String] {
        if case .acceptedKeys(let keys) = self { keys } else { [] }
    }

    /// About what its messages take; the rest is small.
    var byteCount: Int {
        messages.reduce(0) { $0 + $1.payload.data.count }
    }
}
