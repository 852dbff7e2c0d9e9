internal import Taskwire

/// Where the log of mutations of a task is stored: the newest entries in the row of the task, those before them in batches of
/// a table of their own. A change writes its own entry and few others, while a reader finds all that count.
struct StoredLog: Hashable {
    /// How many batches are kept. The schema has the same number.
    private static let batchCount: Int64 = 8
    /// As many entries in the row become a batch: those that are kept are a whole log.
    private static let batchEntryCount = MutationLog.capacity / Int(batchCount)

    /// How many batches there ever were.
    private(set) var sealedCount: Int64 = 0
    /// How many entries are in the row.
    private(set) var openCount = 0

    /// That of a new task.
    init() {}

    /// What was found.
    /// - Throws: ``StoredDataError`` where there cannot be so many batches.
    init(sealedCount: Int64, openCount: Int) throws(StoredDataError) {
        guard (0..<Int64.max).contains(sealedCount) else {
            throw StoredDataError(description: "sealed: there cannot be \(sealedCount) batches of mutations")
        }
        self.sealedCount = sealedCount
        self.openCount = openCount
    }

    /// The places of the batches that are kept of the task `number`, the oldest first.
    func places(of number: Int64) -> [Int64] {
        (max(0, sealedCount - Self.batchCount)..<sealedCount).map { Self.place(of: $0, number) }
    }

    /// Counts entries that are written to the row.
    mutating func add(_ count: Int) {
        openCount = min(openCount + count, MutationLog.capacity)
    }

    /// Makes a batch of the entries in the row where they are enough, and returns how many they are and their place.
    mutating func seal(_ number: Int64) -> (entryCount: Int, place: Int64)? {
        guard openCount >= Self.batchEntryCount else { return nil }
        defer {
            sealedCount += 1
            openCount = 0
        }
        return (openCount, Self.place(of: sealedCount, number))
    }

    private static func place(of batch: Int64, _ number: Int64) -> Int64 {
        // A damaged file may have any number.
        batchCount &* number &+ batch % batchCount
    }
}
