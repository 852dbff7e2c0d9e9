internal import Synchronization
internal import Taskwire

/// The file of an open store and its log, which must stay where they are: what is written to a file without a name is
/// lost when the store is closed.
final class OpenStoreFiles: Sendable {
    private struct State {
        var logByteCount: Int64
        var isLost = false
    }

    let file: StoreFile
    private let log: FileIdentity?
    private let logPath: String
    private let state: Mutex<State>

    /// The files of a store that SQLite has just opened.
    init(_ file: StoreFile) {
        self.file = file
        logPath = file.path + "-wal"
        let log = FileIdentity.find(logPath)
        self.log = log?.identity
        state = Mutex(State(logByteCount: log?.byteCount ?? 0))
    }

    /// The size of the log when it was looked at last.
    var logByteCount: Int64 { state.withLock { $0.logByteCount } }

    /// Looks at the files. Two system calls, which follow each commit and precede its acknowledgement.
    /// - Throws: ``StoreLostError`` where they were removed, moved or replaced.
    func check() throws(StoreLostError) {
        do throws(StoreLostError) {
            guard file.isInPlace else { throw StoreLostError(path: file.path) }
            let found = FileIdentity.find(logPath)
            guard found?.identity == log else { throw StoreLostError(path: logPath) }
            state.withLock { $0 = State(logByteCount: found?.byteCount ?? 0) }
        } catch {
            state.withLock { $0.isLost = true }
            throw error
        }
    }

    /// Looks at the files where they were lost when they were looked at last.
    /// - Throws: ``StoreLostError`` where they still are.
    func checkIfLost() throws(StoreLostError) {
        if state.withLock({ $0.isLost }) { try check() }
    }
}

/// A file of an open store was removed, moved or replaced by another program.
struct StoreLostError: Error, CustomStringConvertible {
    /// Where it was.
    let path: String

    var description: String { "\(path) is not the file that was opened" }
}
