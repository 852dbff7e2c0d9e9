public import Logging
public import Taskwire

/// A store in an SQLite file, which loses nothing that was acknowledged.
///
/// Expired tasks are never shown. Their room comes back by and by as tasks are created, or sooner while
/// ``TaskEngine/run(report:)`` runs.
public typealias SQLiteTaskStore = TaskEngine<SQLiteStorage, SystemTaskClock>

extension TaskEngine where Storage == SQLiteStorage, Clock == SystemTaskClock {
    /// Opens the store at `path`, or makes a new one.
    /// - Throws: as ``SQLiteStorage/init(path:limits:isChecked:clock:logger:)``.
    public init(
        path: String,
        limits: TaskLimits = TaskLimits(),
        logger: Logger = Logger(label: "taskwire.store")
    ) async throws {
        let storage = try await SQLiteStorage(path: path, limits: limits, logger: logger)
        self.init(storage: storage, clock: SystemTaskClock())
    }

    /// Waits for what is under way, and closes the file. Calls made later fail with UNAVAILABLE. A store that is merely
    /// dropped closes its file as well, a little later.
    /// - Throws: as ``SQLiteStorage/close()``.
    public func close() async throws {
        try await storage.close()
    }
}
