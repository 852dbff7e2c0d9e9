internal import Dispatch
internal import Logging
internal import Synchronization
internal import Taskwire

/// Writes log lines to standard error on a thread of its own, so that nobody who logs waits for whoever reads the log.
///
/// When the reader falls behind by ``maxPendingCount`` lines the next ones are lost, and the log says how many.
final class LogWriter: Sendable {
    private struct State {
        var pending: [LogRecord] = []
        var lostCount = 0
        var isWriting = false
    }

    private static let maxPendingCount = 65_536
    /// How long the end of the program waits for a reader.
    private static let patience = DispatchTimeInterval.seconds(2)

    private let format: LogFormat
    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "taskwire.log")

    init(format: LogFormat) {
        self.format = format
    }

    /// Takes a line, which is written soon.
    func write(_ record: LogRecord) {
        let mustStart = state.withLock { state in
            guard state.pending.count < Self.maxPendingCount else {
                state.lostCount += 1
                return false
            }
            state.pending.append(record)
            defer { state.isWriting = true }
            return !state.isWriting
        }
        if mustStart { queue.async { self.drain() } }
    }

    /// Returns when everything is written that was taken before, or nobody reads it.
    func flush() {
        let isWritten = DispatchSemaphore(value: 0)
        queue.async { isWritten.signal() }
        _ = isWritten.wait(timeout: .now() + Self.patience)
    }

    private func drain() {
        while let (records, lostCount) = next() {
            var text = ""
            for record in records { text += record.line(format) }
            if lostCount > 0 {
                let loss = LogRecord(
                    time: .now,
                    level: .warning,
                    message: "log lines were lost, as nobody read them in time",
                    metadata: ["count": .stringConvertible(lostCount)]
                )
                text += loss.line(format)
            }
            // One write for all, and each line whole.
            StandardError.write(text)
        }
    }

    private func next() -> (records: [LogRecord], lostCount: Int)? {
        state.withLock { state in
            guard !state.pending.isEmpty else {
                state.isWriting = false
                return nil
            }
            defer {
                state.pending = []
                state.lostCount = 0
            }
            return (state.pending, state.lostCount)
        }
    }
}
