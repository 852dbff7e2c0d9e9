/// A record in the memory storage. Whatever finds it, by key, in order or by due time, refers to this one place, so that
/// neither the record nor its key is there twice.
///
/// `@unchecked Sendable` is safe: whoever writes the record holds both the lock of the storage and that of its part in the
/// ``TaskTable``, and whoever reads it holds one of them.
final class StoredTask: @unchecked Sendable {
    /// A record as it is kept.
    struct Contents {
        fileprivate let kept: TaskRecord
        /// The newest mutation, where it returned the task as it is: to have that once more in the log would take more than
        /// this.
        private let newest: (Mutation, MutationTime)?

        init(_ record: TaskRecord) {
            var kept = record
            newest = kept.mutations.removeNewest(returning: kept.state.basics)
            self.kept = kept
        }

        fileprivate var record: TaskRecord {
            var record = kept
            if let newest { record.mutations.restore(newest, returning: record.state.basics) }
            return record
        }
    }

    // Nobody can look at it while it is written, for the same reason.
    @exclusivity(unchecked) private var contents: Contents

    /// A place for `record`, which stays under one key.
    init(_ record: TaskRecord) {
        unsafe contents = Contents(record)
    }

    /// The record as it was stored.
    var record: TaskRecord { unsafe contents.record }

    /// What reads need of the record: all but the newest mutation, where that is apart.
    var shown: TaskRecord { unsafe contents.kept }

    /// Names the task.
    var key: TaskKey { unsafe contents.kept.key }

    /// Keeps another record, and returns what was kept before.
    func exchange(_ new: Contents) -> Contents {
        defer { unsafe contents = new }
        return unsafe contents
    }
}
