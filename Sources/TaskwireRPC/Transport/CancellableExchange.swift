internal import Synchronization

/// Lets a cancellation handler give up an exchange that another thread begins meanwhile.
package struct CancellableExchange: ~Copyable {
    /// 0 → number → 0, or 0 → cancelled.
    private let state = Atomic<UInt32>(0)

    /// No number of an exchange: those have the highest bit.
    private static let cancelled: UInt32 = 1

    /// An exchange that has not begun.
    package init() {}

    /// Begins the exchange, whose number `send` returns.
    /// - Returns: False if it was cancelled before: then `send` is not called.
    package borrowing func begin(on socket: RequestSocket, _ send: () -> ExchangeID?) -> Bool {
        guard state.load(ordering: .acquiring) == 0 else { return false }
        guard let id = send() else { return true }
        let (hasBegun, _) = state.compareExchange(
            expected: 0,
            desired: id.rawValue,
            ordering: .acquiringAndReleasing
        )
        if !hasBegun { socket.abandon(id) }
        return true
    }

    /// Gives the exchange up; to be called by the handler of a cancellation.
    package borrowing func cancel(on socket: RequestSocket) {
        let id = state.exchange(Self.cancelled, ordering: .acquiringAndReleasing)
        if id > Self.cancelled { socket.abandon(ExchangeID(rawValue: id)) }
    }
}
