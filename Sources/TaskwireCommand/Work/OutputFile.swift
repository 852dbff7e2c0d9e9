internal import Glibc

/// The file in which a command leaves its result.
struct OutputFile {
    /// What tells one content of a regular file from another.
    private struct Version: Equatable {
        let device: dev_t
        let inode: ino_t
        let seconds: Int
        let nanoseconds: Int

        init?(_ status: stat) {
            guard status.st_mode & S_IFMT == S_IFREG else { return nil }
            device = status.st_dev
            inode = status.st_ino
            // Unlike the time of modification nobody can set it.
            seconds = status.st_ctim.tv_sec
            nanoseconds = status.st_ctim.tv_nsec
        }
    }

    /// The pause between two looks for the writer of a FIFO.
    private static let pause = Duration.milliseconds(20)

    private let path: String
    /// The version that was there before the command began.
    private let before: Version?

    /// Takes note of what is at `path` before the command begins.
    init(path: String) {
        self.path = path
        var status = stat()
        before = stat(path, &status) == 0 ? Version(status) : nil
    }

    /// Returns what the command wrote. At a FIFO this waits until there was a writer and all of them have closed it.
    /// - Throws: ``CommandFailure`` where the file cannot be read, has more than `limit` bytes, or is as it was before the
    ///   command; `CancellationError` where the wait was cancelled.
    func read(limit: Int) async throws -> [UInt8] {
        // A FIFO without a writer is not waited for here, where nothing could end the wait.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw CommandFailure("cannot read \(path): \(SystemError.last)") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw CommandFailure("cannot read \(path): \(SystemError.last)")
        }
        guard before == nil || Version(status) != before else {
            throw CommandFailure("the command did not write \(path), which was there before")
        }
        var bytes: [UInt8] = []
        repeat {
            try await Self.untilReadable(descriptor)
        } while try FileInput.readNext(descriptor, name: path, limit: limit, into: &bytes)
        return bytes
    }

    private static func untilReadable(_ descriptor: Int32) async throws {
        var look = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while poll(&look, 1, 0) == 0 { try await Task.sleep(for: pause) }
    }
}
