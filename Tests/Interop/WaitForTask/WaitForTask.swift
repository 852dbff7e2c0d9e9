import Foundation
import Taskwire
import TaskwireClient

/// Waits for a task: prints its state at each change, and its result at the end.
@main
struct WaitForTask {
    static func main() async throws {
        let store = try TaskwireClient(url: CommandLine.arguments[1])
        let taskID = CommandLine.arguments[2]
        var last: TaskStatus?
        for try await snapshot in pollUntilTerminal(taskID, in: store) where snapshot.status != last {
            // Unbuffered, so that whoever started this program sees each line at once.
            let line = "\(taskID) \(snapshot.status.rawValue)\n"
            try FileHandle.standardOutput.write(contentsOf: Data(line.utf8))
            last = snapshot.status
        }
        let outcome = try await store.getResult(taskID)
        print(outcome.result?.text ?? outcome.error?.message ?? "no result")
        await store.close()
    }
}
