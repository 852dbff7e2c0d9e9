internal import Taskwire
internal import TaskwireProtobuf

/// Checks that what was read can be written, and that reading this gives the same again.
enum RoundTrip {
    /// Checks a value; `read` reads another one.
    static func check<Value: WireEncodable & Equatable>(
        _ value: Value,
        arenas: ArenaPool,
        read: (UnsafeRawBufferPointer, Arena) throws(TaskwireError) -> Value
    ) {
        let (again, bytes) = rewritten(value, arenas: arenas, read: read)
        // A number that is not a number is not even equal to itself; its encoding is.
        require(
            again == value || counts(of: encoded(again, arenas: arenas)) == counts(of: bytes),
            "\(value) was read again as \(again)"
        )
    }

    /// Checks a value that cannot be compared, by its encodings. Entries of maps may change places in them.
    static func checkEncoding<Value: WireEncodable>(
        _ value: Value,
        arenas: ArenaPool,
        read: (UnsafeRawBufferPointer, Arena) throws(TaskwireError) -> Value
    ) {
        let (again, bytes) = rewritten(value, arenas: arenas, read: read)
        let bytesAgain = encoded(again, arenas: arenas)
        require(counts(of: bytesAgain) == counts(of: bytes), "\(value) was read again as \(again)")
    }

    private static func rewritten<Value: WireEncodable>(
        _ value: Value,
        arenas: ArenaPool,
        read: (UnsafeRawBufferPointer, Arena) throws(TaskwireError) -> Value
    ) -> (Value, bytes: [UInt8]) {
        let bytes = encoded(value, arenas: arenas)
        do throws(TaskwireError) {
            let again = try arenas.withArena { arena throws(TaskwireError) in
                try bytes.span.bytes.withUnsafeBytes { bytes throws(TaskwireError) in try read(bytes, arena) }
            }
            return (again, bytes)
        } catch {
            finding("\(value) was written as \(bytes), which is refused with \(error)")
        }
    }

    private static func encoded(_ value: some WireEncodable, arenas: ArenaPool) -> [UInt8] {
        do throws(TaskwireError) {
            return try arenas.withArena { arena throws(TaskwireError) in try value.encoded(arena: arena) }
        } catch {
            finding("\(value) was read and cannot be written: \(error)")
        }
    }

    /// How often each byte occurs.
    private static func counts(of bytes: [UInt8]) -> [Int] {
        var counts = [Int](repeating: 0, count: 256)
        for byte in bytes { counts[Int(byte)] += 1 }
        return counts
    }
}
