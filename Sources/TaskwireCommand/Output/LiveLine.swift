internal import Synchronization

/// A line at the bottom of a terminal that is written over and over. Without a terminal it shows nothing.
final class LiveLine: Sendable {
    private let isShown = Mutex(false)

    /// Shows `text`, cut to the width of the terminal, in place of what was there.
    func show(_ text: String) {
        guard StandardError.isTerminal else { return }
        isShown.withLock { isShown in
            isShown = true
            // Without wrapping, the line can be cleared whatever colours it has and however long it is.
            StandardError.write("\r\u{1B}[K\u{1B}[?7l\(text)\u{1B}[?7h")
        }
    }

    /// Takes the line away.
    func clear() {
        isShown.withLock { isShown in
            guard isShown else { return }
            isShown = false
            StandardError.write("\r\u{1B}[K")
        }
    }
}
