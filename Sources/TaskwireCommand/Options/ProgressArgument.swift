internal import ArgumentParser
internal import Taskwire

/// Progress as it is written in commands: `3` or `3/10`.
struct ProgressArgument {
    let progress: TaskProgress

    init(_ text: String) throws {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map {
            Double($0)
        }
        guard let current = parts[0], parts.count == 1 || parts[1] != nil else {
            throw ValidationError("progress is a number, or two as in 3/10")
        }
        progress = TaskProgress(current: current, total: parts.count == 1 ? nil : parts[1])
    }
}
