/// What a mutation returns beside the task.
package indirect enum MutationProduct: Sendable, Hashable {
    /// Nothing.
    case none
    /// The token of a lease that was taken.
    case leaseToken([UInt8])
    /// Messages that were taken out of a queue: ``TaskRecord/deliveries`` has them.
    case delivery
    /// The keys of questions that were answered.
    case acceptedKeys([String])

    /// The token; empty where there is none.
    package var leaseToken: [UInt8] {
        if case .leaseToken(let token) = self { token } else { [] }
    }

    /// The keys.
    package var acceptedKeys: [String] {
        if case .acceptedKeys(let keys) = self { keys } else { [] }
    }
}
