internal import Taskwire

/// A copy of a server's store, as the chunks of its bytes in their order. See ``TaskwireClient/withBackup(options:_:)``.
///
/// Its iterator ends after exactly ``byteCount`` bytes, or throws.
public struct TaskwireBackup: AsyncSequence, Sendable {
    /// Some bytes, at least one.
    public typealias Element = [UInt8]

    /// How many bytes the copy has.
    public let byteCount: Int64
    private let read: @Sendable (_ offset: Int64) async throws -> [UInt8]

    init(byteCount: Int64, read: @escaping @Sendable (_ offset: Int64) async throws -> [UInt8]) {
        self.byteCount = byteCount
        self.read = read
    }

    /// From the first chunk on.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(backup: self)
    }

    /// Reads chunk after chunk.
    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let backup: TaskwireBackup
        fileprivate var offset: Int64 = 0

        /// The next chunk, or `nil` after the last one.
        /// - Throws: NOT_FOUND / BACKUP_NOT_FOUND where the connection broke meanwhile, or the last chunk was read more than a
        ///   minute ago.
        public mutating func next() async throws -> [UInt8]? {
            guard offset < backup.byteCount else { return nil }
            let chunk = try await backup.read(offset)
            offset += Int64(chunk.count)
            guard !chunk.isEmpty, offset <= backup.byteCount else {
                throw TaskwireError(
                    .internal,
                    .malformedMessage,
                    "The server's backup does not have the \(backup.byteCount) bytes that it announced"
                )
            }
            return chunk
        }
    }
}
