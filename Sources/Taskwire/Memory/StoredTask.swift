/// A record in the memory storage. Whatever finds it, by key, in order or by due time, refers to this one place, so that
/// neither the record nor its key is there twice.
///
/// `@unchecked Sendable` is safe: whoever reads or writes the record holds the lock of the storage.
final class StoredTask: @unchecked Sendable {
    // Nobody can look at it meanwhile, for the same reason.
    @exclusivity(unchecked) private var kept: TaskRecord
    /// The newest mutation, where it returned the task as it is: to have that once more in the log would take more than this.
    @exclusivity(unchecked) private var newest: Mutation?

    /// A place for `record`.
    init(_ record: TaskRecord) {
        var kept = record
        unsafe newest = kept.mutations.removeNewest(returning: kept.state.basics)
        unsafe self.kept = kept
    }

    /// Stays under one key.
    var record: TaskRecord {
        get {
            var record = unsafe kept
            if let newest = unsafe newest {
                record.mutations.remember(newest, returning: record.state.basics)
            }
            return record
        }
        set {
            unsafe kept = newValue
            unsafe newest = kept.mutations.removeNewest(returning: newValue.state.basics)
        }
    }

    /// What reads need of the record: all but the newest mutation, where that is apart.
    var shown: TaskRecord { unsafe kept }

    /// Names the task.
    var key: TaskKey { unsafe kept.key }
}
