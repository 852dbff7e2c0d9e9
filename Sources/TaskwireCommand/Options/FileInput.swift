internal import Glibc

/// Reading from files, never more than fits into a message.
enum FileInput {
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
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            guard count != 0 else { return bytes }
            if count > 0 {
                bytes += chunk.prefix(count)
            } else if errno != EINTR {
                throw CommandFailure("cannot read \(name): \(SystemError.last)")
            }
            guard bytes.count <= limit else {
                throw CommandFailure("\(name) has more than the \(limit) bytes that a message may have")
            }
        }
    }
}
