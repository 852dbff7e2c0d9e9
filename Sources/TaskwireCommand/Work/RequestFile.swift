internal import FoundationEssentials
internal import Glibc

/// An open file without a name that holds the request of a task. Unlike a pipe it takes all of it at once, whether the
/// command reads it or not.
final class RequestFile: Sendable {
    private let descriptor: Int32

    /// Makes an empty file in the directory `TMPDIR`, else `/tmp`.
    /// - Throws: ``CommandFailure`` that names the directory.
    init() throws {
        let variable = ProcessInfo.processInfo.environment["TMPDIR", default: ""]
        let directory = variable.isEmpty ? "/tmp" : variable
        var path = Array("\(directory)/taskwire-request-XXXXXX".utf8CString)
        descriptor = mkstemp(&path)
        guard descriptor >= 0, fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 else {
            throw CommandFailure(
                """
                the command cannot be started: no file can be made in \(directory): \(SystemError.last); set TMPDIR to a \
                directory that can be written
                """
            )
        }
        unlink(path)
    }

    deinit {
        close(descriptor)
    }

    /// Where other processes of this user can open the file for as long as it exists here.
    var path: String { "/proc/\(getpid())/fd/\(descriptor)" }

    /// Writes the request, once.
    func write(_ bytes: [UInt8]) throws {
        try FileOutput.write(bytes, to: descriptor)
    }
}
