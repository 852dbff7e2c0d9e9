import Foundation
import TaskwireTestSupport

/// The memory of a server process, in bytes.
struct ServerMemory: Sendable {
    /// What is in use now.
    let current: Int
    /// The most that was in use at a time.
    let peak: Int
    /// Whether this says something about the server: a sanitizer reserves terabytes, and keeps what was freed.
    let isItsOwn: Bool

    /// Reads what Linux says about it.
    init(of server: ServerProcess) throws {
        guard let id = server.id else { throw CocoaError(.fileNoSuchFile) }
        let status = try String(contentsOfFile: "/proc/\(id)/status", encoding: .utf8)
        current = Self.value("VmRSS", in: status)
        peak = Self.value("VmHWM", in: status)
        isItsOwn = Self.value("VmSize", in: status) < 1 << 40
    }

    /// Whether at no time more than `byteCount` were in use beyond what was in use before.
    func isWithin(_ byteCount: Int, of before: ServerMemory) -> Bool {
        !isItsOwn || peak - before.current < byteCount
    }

    private static func value(_ name: String, in status: String) -> Int {
        let line = status.split(separator: "\n").first { $0.hasPrefix("\(name):") }
        let kibibytes = line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }
        return (kibibytes ?? 0) << 10
    }
}
