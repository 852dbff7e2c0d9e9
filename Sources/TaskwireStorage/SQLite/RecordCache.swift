internal import Synchronization
internal import Taskwire

/// The tasks that were changed lately, as they are in the file, so that the next change of one need not read it.
///
/// Only for the writer: as nobody else writes the file, what it has committed is what is there. Tombstones are not kept,
/// since they are forgotten many at a time.
final class RecordCache: Sendable {
    private struct State {
        var young: [StoredKey: StoredTask] = [:]
        /// Those that were young before; what is not changed meanwhile goes when the young ones are too many.
        var old: [StoredKey: StoredTask] = [:]
        var youngByteCount = 0
    }

    /// Bytes of encoded records after which the young become old: at most twice as many are kept.
    private static let generationByteCount = 8 << 20
    /// A larger one is not kept.
    private static let mostRecordBytes = 64 << 10

    private let state = Mutex(State())

    /// The task under a key, where it is known.
    func task(_ key: StoredKey) -> StoredTask? {
        state.withLock { $0.young[key] ?? $0.old[key] }
    }

    /// Keeps what a transaction that was committed has left under its keys: nil where nothing is.
    func keep(_ changes: [StoredKey: StoredTask?]) {
        state.withLock { state in
            for (key, task) in changes {
                guard let task, task.stored.record.isLive, task.byteCount <= Self.mostRecordBytes else {
                    state.old[key] = nil
                    state.young[key] = nil
                    continue
                }
                state.young[key] = task
                state.youngByteCount += task.byteCount
            }
            guard state.youngByteCount > Self.generationByteCount else { return }
            state.old = state.young
            state.young = [:]
            state.youngByteCount = 0
        }
    }
}
