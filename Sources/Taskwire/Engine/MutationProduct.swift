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

    /// About how many bytes it takes.
    var byteCount: Int {
        switch self {
        case .none, .delivery: 2
        case .leaseToken(let token): token.count
        case .acceptedKeys(let keys): keys.reduce(0) { $0 + $1.utf8.count }
        }
    }

    /// The token; empty where there is none.
    package var leaseToken: [UInt8] {
        if case .leaseToken(let token) = self { token } else { [] }
    }

    /// The keys.
    package var acceptedKeys: [String] {
        if case .acceptedKeys(let keys) = self { keys } else { [] }
    }
}
