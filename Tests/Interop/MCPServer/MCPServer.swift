import Foundation
import Glibc
import Taskwire
import TaskwireClient
import UnixSignals

/// An MCP server over stdio whose tools run as tasks, for clients of both generations of MCP.
///
/// The tasks are in the Taskwire server at `TASKWIRE_URL`, and so are the same for every process that is given the
/// same one; without it, or with `--store memory:`, they are in this process and end with it.
@main
struct MCPServer {
    static func main() async {
        let arguments = CommandLine.arguments.dropFirst()
        guard arguments.isEmpty || Array(arguments) == ["--store", "memory:"] else {
            StandardOutput.log("usage: mcp-example [--store memory:]; TASKWIRE_URL names a server")
            exit(2)
        }
        // A client that goes away is an error of the next write, and not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        let url = ProcessInfo.processInfo.environment["TASKWIRE_URL"] ?? ""
        guard arguments.isEmpty, !url.isEmpty else { return await serve(InMemoryTaskStore()) }
        do {
            let client = try TaskwireClient(url: url)
            await serve(client)
            await client.close()
        } catch {
            StandardOutput.log("\(url): \(error)")
            exit(2)
        }
    }

    /// Serves until the input ends or a signal asks for it. Tasks that are being worked on fail then, and whoever
    /// waits for them is told.
    private static func serve(_ store: any TaskStore) async {
        let workshop = Workshop(store: store)
        let session = Session(workshop: workshop)
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup)
        await withTaskGroup { group in
            group.addTask { await session.serve(StandardInput()) }
            group.addTask { for await _ in signals { return } }
            await group.next()
            endWithin(.seconds(5))
            group.cancelAll()
        }
        await workshop.end()
    }

    /// Ends the process after that time if nothing else has: where the store cannot be reached, or nobody reads.
    private static func endWithin(_ grace: Duration) {
        Task {
            try await Task.sleep(for: grace)
            StandardOutput.log("what was under way has not ended within \(grace)")
            exit(1)
        }
    }
}
