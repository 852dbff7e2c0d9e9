internal import Taskwire

/// Where the log of mutations of a task is stored: the newest entries in the row of the task, those before them in batches of
/// a table of their own. A change writes its own entry and few others, while a reader finds all that count.
struct StoredLog: Hashable {
    /// How many batches a task can have at a time. The schema has the same number.
    static let mostBatches: Int64 = 1024
    /// As many entries in the row become a batch.
    private static let batchEntryCount = 4

    /// How many batches there ever were.
    private(set) var sealedCount: Int64 = 0
    /// How many of them there are: the last ones.
    private var keptCount: Int64 = 0
    /// How many entries are in the row.
    private(set) var openCount = 0

    /// That of a new task.
    init() {}

    /// What was found.
    /// - Parameter places: Those of the batches of the task `number`, in any order.
    /// - Throws: ``StoredDataError`` where there cannot be such batches.
    init(
        sealedCount: Int64,
        places: some Collection<Int64>,
        of number: Int64,
        openCount: Int
    ) throws(StoredDataError) {
        guard (0..<Int64.max).contains(sealedCount) else {
            throw StoredDataError(description: "sealed: there cannot be \(sealedCount) batches of mutations")
        }
        self.sealedCount = sealedCount
        self.openCount = openCount
        keptCount = Int64(places.count)
        // The last ones that an older version wrote, which kept no more.
        let least = min(sealedCount, Int64(MutationLog.capacity / Self.batchEntryCount))
        guard keptCount >= least, keptCount <= sealedCount, Set(places) == Set(self.places(of: number)) else {
            throw StoredDataError(missing: "batch of mutations")
        }
    }

    /// The places of the batches that there are of the task `number`, the oldest first.
    func places(of number: Int64) -> [Int64] {
        (sealedCount - keptCount..<sealedCount).map { Self.place(of: $0, number) }
    }

    /// Counts entries that are written to the row.
    mutating func add(_ count: Int) {
        openCount += count
    }

    /// Makes a batch of the entries in the row where they are enough, and returns how many they are and their place.
    mutating func seal(_ number: Int64) -> (entryCount: Int, place: Int64)? {
        guard openCount >= Self.batchEntryCount else { return nil }
        defer {
            sealedCount += 1
            keptCount = min(keptCount + 1, Self.mostBatches)
            openCount = 0
        }
        return (openCount, Self.place(of: sealedCount, number))
    }

    /// Gives up batches that a log of so many entries does not need, and returns their places in one or two runs.
    mutating func shrink(toEntries count: Int, _ number: Int64) -> [ClosedRange<Int64>] {
        // Each has at least as many entries.
        let needed = (max(0, count - openCount) + Self.batchEntryCount - 1) / Self.batchEntryCount
        let first = sealedCount - keptCount
        let end = sealedCount - Int64(needed)
        guard first < end else { return [] }
        keptCount = Int64(needed)
        let (firstPlace, lastPlace) = (Self.place(of: first, number), Self.place(of: end - 1, number))
        if firstPlace <= lastPlace { return [firstPlace...lastPlace] }
        let all = Self.places(of: number)
        return [firstPlace...all.upperBound, all.lowerBound...lastPlace]
    }

    /// All places that the batches of the task `number` can have.
    static func places(of number: Int64) -> ClosedRange<Int64> {
        let first = mostBatches &* number
        return first...max(first, first &+ (mostBatches - 1))
    }

    private static func place(of batch: Int64, _ number: Int64) -> Int64 {
        // A damaged file may have any number.
        mostBatches &* number &+ batch % mostBatches
    }
}
