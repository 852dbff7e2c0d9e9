/// When a mutation was made, in few bytes: seconds of the store's steady clock, of which 65 536 are told apart, 18 hours.
package struct MutationTime: Sendable, Hashable {
    /// The seconds since 1970, modulo 65 536.
    package let second: UInt16

    /// A second, as it was stored.
    package init(second: UInt16) {
        self.second = second
    }

    /// The second in which `moment` is.
    package init(_ moment: Timestamp) {
        second = UInt16(truncatingIfNeeded: moment.millisecondsSince1970 / 1000)
    }

    /// Whole seconds from here to `later`, less than 18 hours.
    func seconds(until later: MutationTime) -> Int {
        Int(later.second &- second)
    }
}

/// For how long a task remembers its mutations at least, whatever happens to it.
struct MutationMemory: Sendable {
    /// Seconds for which a mutation is never forgotten.
    let seconds: Int

    /// That of a store.
    init(_ limits: TaskLimits) {
        // What is stored in whole seconds may be almost a second younger.
        seconds = Int(clamping: (limits.deduplicationMilliseconds + 999) / 1000 + 1)
    }

    /// Bytes that mutations may take beside the last ones, which are kept in any case, before the next has to wait.
    static let maxByteCount = 64 << 10
    /// As many more are for those that cannot wait: they keep a lease, or end the task.
    static let maxUrgentByteCount = 2 * maxByteCount
}
