internal import Glibc

/// Reading from files, never more than fits into a message.
enum FileInput {
    private static let chunkSize = 1 << 16

    /// The bytes of a file.
    static func readAll(atPath path: String, limit: Int) throws -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw CommandFailure("cannot read \(path): \(SystemError.last)")
        }
        defer { close(descriptor) }
        return try readAll(descriptor, name: path, limit: limit)
    }

    /// The bytes of an open file up to its end.
    static func readAll(_ descriptor: Int32, name: String, limit: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var look = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        repeat {
            poll(&look, 1, -1)
        } while try readNext(descriptor, name: name, limit: limit, into: &bytes)
        return bytes
    }

    /// Appends the next bytes of an open file, if it has some at hand, and returns false at its end.
    static func readNext(
        _ descriptor: Int32,
        name: String,
        limit: Int,
        into bytes: inout [UInt8]
    ) throws -> Bool {
        let (count, error) = withUnsafeTemporaryAllocation(byteCount: chunkSize, alignment: 1) { chunk in
            let count = read(descriptor, chunk.baseAddress, chunk.count)
            let error = SystemError.last
            if count > 0 { bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: chunk[..<count])) }
            return (count, error)
        }
        guard count >= 0 || [EINTR, EAGAIN].contains(error.number) else {
            throw CommandFailure("cannot read \(name): \(error)")
        }
        guard bytes.count <= limit else {
            throw CommandFailure("\(name) has more than the \(limit) bytes that a message may have")
        }
        return count != 0
    }
}
