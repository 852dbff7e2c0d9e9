internal import Synchronization
internal import Taskwire
internal import TaskwireProtobuf
internal import TaskwireRPC

/// The backup that a client is reading.
///
/// There is one at a time: each takes as much room as the store, two would find the same room free, and the
/// store's log cannot shrink while one is made. It is forgotten when the connection closes that it was made for, when nobody
/// reads it for a minute, and an hour after it was made in any case, so that nobody keeps others from making one for ever.
final class BackupTable: Sendable {
    private static let idleMilliseconds: Int64 = 60_000
    private static let lifetimeMilliseconds: Int64 = 3_600_000
    private static let retryAfter = Duration.seconds(5)

    private struct Entry {
        let id: String
        let backup: any StorageBackup
        let connection: Connection
        /// Forgets the backup when the connection closes.
        let closeHandler: CloseHandler
        let endsAt: Timestamp
        var idleAt: Timestamp

        var expiresAt: Timestamp { min(idleAt, endsAt) }
    }

    private enum State {
        case empty
        case making
        case made(Entry)
    }

    private let clock: any TaskClock
    private let maxChunkBytes: Int
    private let make: @Sendable () async throws -> any StorageBackup
    private let state = Mutex(State.empty)
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

    /// Makes a backup for a connection, which is forgotten with that.
    /// - Throws: RESOURCE_EXHAUSTED / TOO_MANY_REQUESTS, and what making it throws.
    func start(for connection: Connection) async throws -> StartBackupReply {
        let isFirst = state.withLock { state in
            guard case .empty = state else { return false }
            state = .making
            return true
        }
        guard isFirst else {
            throw TaskwireError(
                .resourceExhausted,
                .tooManyRequests,
                "Another backup is under way, and the server makes one at a time",
                retryAfter: Self.retryAfter
            )
        }
        let backup: any StorageBackup
        do {
            backup = try await make()
            // The caller went away, and nobody else knows of the backup.
            try Task.checkCancellation()
        } catch {
            state.withLock { $0 = .empty }
            throw error
        }
        let now = clock.now
        let id = generateTaskID()
        let entry = Entry(
            id: id,
            backup: backup,
            connection: connection,
            closeHandler: CloseHandler { [weak self] in self?.forget { $0.id == id } },
            endsAt: now.adding(milliseconds: Self.lifetimeMilliseconds),
            idleAt: now.adding(milliseconds: Self.idleMilliseconds)
        )
        state.withLock { $0 = .made(entry) }
        connection.addCloseHandler(entry.closeHandler)
        additions.continuation.yield()
        return StartBackupReply(backupID: entry.id, byteCount: backup.byteCount)
    }

    /// Reads some bytes of the backup, which is then kept for another minute, though not beyond its hour.
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

    /// Forgets the backup, if it is there.
    func end(_ request: EndBackupRequest) {
        forget { $0.id == request.backupID }
    }

    /// Forgets a backup when its time is over, until the Swift task is cancelled.
    func run() async {
        for await _ in additions.stream {
            while let next = forgetExpired() {
                guard (try? await clock.sleep(until: next)) != nil else { return }
            }
        }
    }

    private func touch(_ id: String) throws(TaskwireError) -> any StorageBackup {
        let backup: (any StorageBackup)? = state.withLock { state in
            let now = clock.now
            guard case .made(var entry) = state, entry.id == id, now < entry.expiresAt else { return nil }
            entry.idleAt = now.adding(milliseconds: Self.idleMilliseconds)
            state = .made(entry)
            return entry.backup
        }
        guard let backup else {
            throw TaskwireError(
                .notFound,
                .backupNotFound,
                """
                backup_id: no such backup; it is forgotten with its connection, after a minute without reads, or an hour \
                in all
                """
            )
        }
        return backup
    }

    /// Returns when the time of the backup will be over, or nil where there is none.
    private func forgetExpired() -> Timestamp? {
        let now = clock.now
        forget { $0.expiresAt <= now }
        return state.withLock { state in
            guard case .made(let entry) = state else { return nil }
            return entry.expiresAt
        }
    }

    /// Forgets the backup, if it is there and `isMeant`.
    private func forget(_ isMeant: (Entry) -> Bool) {
        let forgotten: Entry? = state.withLock { state in
            guard case .made(let entry) = state, isMeant(entry) else { return nil }
            state = .empty
            return entry
        }
        if let forgotten { forgotten.connection.removeCloseHandler(forgotten.closeHandler) }
    }
}
