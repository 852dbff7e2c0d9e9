/// A record in the memory storage. Whatever finds it, by key, in order or by due time, refers to this one place, so that
/// neither the record nor its key is there twice.
///
/// `@unchecked Sendable` is safe: whoever reads or writes the record holds the lock of the storage.
final class StoredTask: @unchecked Sendable {
    /// Stays under one key.
    var record: TaskRecord

    /// A place for `record`.
    init(_ record: TaskRecord) {
        self.record = record
    }
}
