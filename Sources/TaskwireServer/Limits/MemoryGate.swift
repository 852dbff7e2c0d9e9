internal import TaskwireRPC

/// Decides whether there is memory for a message, so that nobody takes all of it by not reading replies.
///
/// As at a ``CallGate``, a connection may keep as much as is left for others.
struct MemoryGate: Sendable {
    /// Bytes of requests and replies that may be kept.
    let limit: Int
    /// Those that are kept right now.
    let heldByteCount: @Sendable () -> Int

    /// Returns true if a message that is coming in may take so many bytes, some of which are counted already.
    func admits(messageOf byteCount: Int, ofWhichCounted countedByteCount: Int, from connection: Connection)
        -> Bool
    {
        hasRoom(
            for: byteCount,
            besides: heldByteCount() - countedByteCount,
            ofItsOwn: connection.heldByteCount - countedByteCount
        )
    }

    /// Returns true if so many more bytes of a request or a reply may be kept.
    func admits(_ byteCount: Int, for connection: Connection) -> Bool {
        hasRoom(for: byteCount, besides: heldByteCount(), ofItsOwn: connection.heldByteCount)
    }

    /// The only message there is may have any size, and the only one of a connection all that is left.
    private func hasRoom(for byteCount: Int, besides all: Int, ofItsOwn own: Int) -> Bool {
        let rest = limit - all - byteCount
        return all <= 0 || rest >= 0 && (own <= 0 || own + byteCount <= rest)
    }
}
