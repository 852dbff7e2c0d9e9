internal import Synchronization

/// Counts the calls of nng that start an operation, or end an attempt to connect, and have not returned yet.
///
/// nng 1.5.2 may complete an operation, on another thread, before the call that started it has returned. A
/// socket that is closed in that moment takes away what the call still uses, and nng ends the process. So
/// nobody closes a socket before the count is zero.
final class NativeCalls: Sendable {
    private let count = Atomic(0)

    /// Whether none is under way.
    var isQuiet: Bool {
        count.load(ordering: .acquiring) == 0
    }

    /// Makes a call.
    func make(_ call: () -> Void) {
        count.add(1, ordering: .acquiringAndReleasing)
        call()
        count.subtract(1, ordering: .acquiringAndReleasing)
    }
}
