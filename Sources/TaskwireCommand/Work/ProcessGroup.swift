internal import FoundationEssentials
internal import Glibc

/// A command and the processes that it started.
struct ProcessGroup: Sendable {
    /// The process id of the command.
    let id: pid_t

    /// Sends a signal to all of them.
    func send(_ signal: Int32) {
        kill(-id, signal)
    }

    /// Whether any of them still runs. Ended ones that nobody has waited for do not, which `kill` cannot tell.
    var isRunning: Bool {
        guard kill(-id, 0) == 0 else { return false }
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return entries.contains { name in
            guard Int32(name) != nil,
                let stat = try? String(contentsOfFile: "/proc/\(name)/stat", encoding: .utf8)
            else { return false }
            // "ID (NAME) STATE PARENT GROUP ...", where the name may have spaces and parentheses.
            let fields = stat.suffix(while: { $0 != ")" }).split(separator: " ", maxSplits: 3)
            return fields.count > 2 && fields[2] == "\(id)" && fields[0] != "Z" && fields[0] != "X"
        }
    }
}

extension String {
    /// The longest end of the string whose characters all fulfil `predicate`.
    fileprivate func suffix(while predicate: (Character) -> Bool) -> Substring {
        self[(lastIndex { !predicate($0) }.map(index(after:)) ?? startIndex)...]
    }
}
