import Foundation
import TaskwireTestSupport

/// The file descriptors of a server process as Linux counts them: what a server keeps by mistake, its own counters may
/// not know.
struct Descriptors: Sendable {
    let count: Int
    let socketCount: Int

    init(of server: ServerProcess) throws {
        guard let id = server.id else { throw CocoaError(.fileNoSuchFile) }
        let folder = "/proc/\(id)/fd"
        let files = try FileManager.default.contentsOfDirectory(atPath: folder)
        count = files.count
        socketCount = files.count { file in
            // Some are closed meanwhile.
            let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(file)")
            return target?.hasPrefix("socket:") ?? false
        }
    }
}
