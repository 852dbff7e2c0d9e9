import Foundation
import Logging
import ServiceLifecycle
import Taskwire
import TaskwireServer

/// Runs `body` beside a server for `engine`, and stops the server gracefully afterwards.
func withServer<Storage: TaskStorage, Clock: TaskClock, Output: Sendable>(
    on engine: TaskEngine<Storage, Clock>,
    listen: [String],
    limits: ServerLimits = ServerLimits(),
    logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
    configure: (inout ServerConfiguration) throws -> Void = { _ in },
    _ body: @escaping @Sendable (TaskwireServer) async throws -> Output
) async throws -> Output {
    var configuration = ServerConfiguration()
    configuration.listen = try listen.map { try Listener($0) }
    configuration.limits = limits
    try configure(&configuration)
    let server = try TaskwireServer(configuration: configuration, engine: engine, logger: logger)
    let group = ServiceGroup(
        services: [server],
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    )
    return try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask { try await group.run() }
        await server.untilListening()
        let result: Result<Output, any Error>
        do { result = .success(try await body(server)) } catch { result = .failure(error) }
        await group.triggerGracefulShutdown()
        try await tasks.waitForAll()
        return try result.get()
    }
}

extension TaskLimits {
    /// The defaults, as far as a server with `limits` takes them.
    static func fitting(_ limits: ServerLimits) -> TaskLimits {
        var tasks = TaskLimits()
        tasks.maxInteractionBytes = min(tasks.maxInteractionBytes, limits.maxInteractionBytes)
        return tasks
    }
}
