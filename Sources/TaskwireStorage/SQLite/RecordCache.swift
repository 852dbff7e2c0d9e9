internal import Dispatch
internal import Synchronization
internal import Taskwire

/// The tasks that were changed lately, as they are in the file, so that neither a look at one nor its next change need read
/// it.
///
/// Only the writer puts anything in: as nobody else writes the file, what it has committed is what is there. Tombstones are
/// not kept, since they are forgotten many at a time.
final class RecordCache: Sendable {
    private typealias Tasks = [StoredKey: StoredTask]

    private struct State {
        var young: Tasks = [:]
        /// Those that were young before; what is not changed meanwhile goes when the young ones are too many.
        var old: Tasks = [:]
        var youngByteCount = 0

        /// The old ones, in whose place the young ones are now.
        mutating func age() -> Tasks {
            defer {
                old = young
                young = [:]
                youngByteCount = 0
            }
            return old
        }
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

    /// Forgets tasks that a transaction has changed, just before it is committed. Whoever looks for one meanwhile looks at the
    /// file, so that nobody sees it as it was who has seen it as it is.
    func forget(_ keys: some Sequence<StoredKey>) {
        state.withLock { state in
            for key in keys {
                state.young[key] = nil
                state.old[key] = nil
            }
        }
    }

    /// Keeps what a transaction that was committed has left under keys that were forgotten: nil where nothing is.
    func keep(_ changes: [StoredKey: StoredTask?]) {
        let dropped: Tasks? = state.withLock { state in
            for case (let key, let task?) in changes
            where task.stored.record.isLive && task.byteCount <= Self.mostRecordBytes {
                state.young[key] = task
                state.youngByteCount += task.byteCount
            }
            return state.youngByteCount > Self.generationByteCount ? state.age() : nil
        }
        // To free thousands of tasks takes many times as long as a transaction.
        if let dropped { DispatchQueue.global(qos: .utility).async { withExtendedLifetime(dropped) {} } }
    }
}
