/// A consistent copy of all that a storage held at one moment. It goes away when nobody refers to it any more, and with
/// the process at the latest.
public protocol StorageBackup: Sendable {
    /// How many bytes it has.
    var byteCount: Int64 { get }

    /// Returns `count` bytes from `offset` on, or as many as there are.
    func read(at offset: Int64, count: Int) async throws -> [UInt8]
}
