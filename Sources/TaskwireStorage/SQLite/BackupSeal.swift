internal import Crypto
internal import GRDB
internal import SystemPackage

/// The seal of a backup, by which damage anywhere in it is found.
///
/// A backup is a store whose header has another application id, and is followed by the SHA-256 of all bytes before.
/// One that lost its end still says in its header that a checksum should follow. Backups of earlier
/// versions have no seal.
enum BackupSeal {
    /// Marks a backup in the header (`PRAGMA application_id`): "Twib".
    static let applicationID: Int32 = 0x5477_6962

    private static let chunkByteCount = 1 << 20

    /// Seals the store in a file, and returns how many bytes it has then.
    /// - Throws: `CancellationError`, soon after the Swift task is cancelled, and `Errno`.
    static func apply(to file: FileDescriptor) async throws -> Int64 {
        try StoreHeader.write(applicationID, to: file)
        var hash = SHA256()
        var offset: Int64 = 0
        while true {
            try Task.checkCancellation()
            let (count, next) = try await runBlocking { [hash, offset] in
                var hash = hash
                let chunk = try file.bytes(at: offset, count: chunkByteCount)
                hash.update(data: chunk)
                return (Int64(chunk.count), hash)
            }
            hash = next
            guard count > 0 else { break }
            offset += count
        }
        return offset + Int64(try file.writeAll(toAbsoluteOffset: offset, hash.finalize()))
    }

    /// Checks a file against its seal, and removes that. Returns how many bytes the store has.
    ///
    /// Of a file without a seal only the length can be checked.
    /// - Throws: `DatabaseError` where it is damaged, and `Errno`.
    static func remove(from file: FileDescriptor) throws -> Int64 {
        let byteCount = try file.seek(offset: 0, from: .end)
        guard let header = StoreHeader(try file.bytes(at: 0, count: StoreHeader.byteCount)) else {
            return byteCount
        }
        guard header.applicationID == applicationID else {
            guard byteCount >= header.storeByteCount else { throw damage("it lacks its end") }
            return byteCount
        }
        let end = byteCount - Int64(SHA256.byteCount)
        var hash = SHA256()
        var offset: Int64 = 0
        while offset < end {
            let chunk = try file.bytes(at: offset, count: Int(min(Int64(chunkByteCount), end - offset)))
            guard !chunk.isEmpty else { break }
            hash.update(data: chunk)
            offset += Int64(chunk.count)
        }
        guard hash.finalize() == (try file.bytes(at: end, count: SHA256.byteCount)) else {
            throw damage("its bytes do not match its checksum")
        }
        try file.resize(to: end)
        try StoreHeader.write(SQLiteSchema.applicationID, to: file)
        return end
    }

    private static func damage(_ sentence: String) -> DatabaseError {
        DatabaseError(resultCode: .SQLITE_CORRUPT, message: sentence)
    }
}
