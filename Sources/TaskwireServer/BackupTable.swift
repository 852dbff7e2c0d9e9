internal import Synchronization
internal import Taskwire
internal import TaskwireProtobuf

/// The backups that clients are reading.
///
/// Each takes as much room as the store, so there are few, and one that nobody reads for a minute is forgotten.
final class BackupTable: Sendable {
    private static let capacity = 2
    private static let idleMilliseconds: Int64 = 60_000
    private static let retryAfter = Duration.seconds(5)

    private struct Entry {
        let backup: any StorageBackup
        var expiresAt: Timestamp
    }

    private struct State {
        var entries: [String: Entry] = [:]
        /// How many are being made.
        var pending = 0
    }

    private let clock: any TaskClock
    private let maxChunkBytes: Int
    private let make: @Sendable () async throws -> any StorageBackup
    private let state = Mutex(State())
    private let additions = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))

    /// An empty table.
    /// - Parameters:
    ///   - maxChunkBytes: The most that one reply holds.
    ///   - make: Makes a backup, which may take long.
    init(
        clock: any TaskClock,
        maxChunkBytes: Int,
        make: @escaping @Sendable () async throws -> any StorageBackup
    ) {
        self.clock = clock
        self.maxChunkBytes = maxChunkBytes
        self.make = make
    }

    /// Makes a backup.
    /// - Throws: RESOURCE_EXHAUSTED / TOO_MANY_REQUESTS, and what making it throws.
    func start() async throws -> StartBackupReply {
        let hasRoom = state.withLock { state in
            guard state.entries.count + state.pending < Self.capacity else { return false }
            state.pending += 1
            return true
        }
        guard hasRoom else {
            throw TaskwireError(
                .resourceExhausted,
                .tooManyRequests,
                "The server has \(Self.capacity) backups under way, which is the most it allows",
                retryAfter: Self.retryAfter
            )
        }
        let backup: any StorageBackup
        do {
            backup = try await make()
            // The caller went away, and nobody else knows of the backup.
            try Task.checkCancellation()
        } catch {
            state.withLock { $0.pending -= 1 }
            throw error
        }
        let id = generateTaskID()
        state.withLock { state in
            state.pending -= 1
            state.entries[id] = Entry(backup: backup, expiresAt: expiry)
        }
        additions.continuation.yield()
        return StartBackupReply(backupID: id, byteCount: backup.byteCount)
    }

    /// Reads some bytes of a backup, which is then kept for another minute.
    /// - Throws: NOT_FOUND / BACKUP_NOT_FOUND, INVALID_ARGUMENT / INVALID_FIELD.
    func read(_ request: ReadBackupRequest) async throws -> ReadBackupReply {
        guard request.maxBytes >= 0 else { throw TaskwireError.invalidField("max_bytes", "negative") }
        guard request.offset >= 0 else { throw TaskwireError.invalidField("offset", "negative") }
        let backup = try touch(request.backupID)
        guard request.offset <= backup.byteCount else {
            throw TaskwireError.invalidField("offset", "past the end, which is \(backup.byteCount)")
        }
        let wanted = request.maxBytes == 0 ? maxChunkBytes : Int(min(request.maxBytes, Int64(maxChunkBytes)))
        let count = Int(min(Int64(wanted), backup.byteCount - request.offset))
        return ReadBackupReply(data: try await backup.read(at: request.offset, count: count))
    }

    /// Forgets a backup, if it is there.
    func end(_ request: EndBackupRequest) {
        _ = state.withLock { $0.entries.removeValue(forKey: request.backupID) }
    }

    /// Forgets backups that nobody reads any more, until the Swift task is cancelled.
    func run() async {
        for await _ in additions.stream {
            while let next = forgetIdle() {
                guard (try? await clock.sleep(until: next)) != nil else { return }
            }
        }
    }

    private var expiry: Timestamp { clock.now.adding(milliseconds: Self.idleMilliseconds) }

    private func touch(_ id: String) throws(TaskwireError) -> any StorageBackup {
        let backup: (any StorageBackup)? = state.withLock { state in
            guard let entry = state.entries[id], clock.now < entry.expiresAt else { return nil }
            state.entries[id]?.expiresAt = expiry
            return entry.backup
        }
        guard let backup else {
            throw TaskwireError(
                .notFound,
                .backupNotFound,
                "backup_id: no such backup; one that nobody reads for a minute is forgotten"
            )
        }
        return backup
    }

    /// Returns when the next one will be idle, or nil where there is none.
    private func forgetIdle() -> Timestamp? {
        state.withLock { state in
            let now = clock.now
            state.entries = state.entries.filter { now < $0.value.expiresAt }
            return state.entries.values.map(\.expiresAt).min()
        }
    }
}
