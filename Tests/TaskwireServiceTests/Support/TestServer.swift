import Foundation
import Logging
import ServiceLifecycle
import Taskwire
import TaskwireServer

/// Runs `body` beside a server for `engine`, and stops the server gracefully afterwards.
func withServer<Storage: TaskStorage, Clock: TaskClock, Output: Sendable>(
    on engine: TaskEngine<Storage, Clock>,
    listen: [String],
    limits: ServerLimits? = nil,
    _ body: @escaping @Sendable (TaskwireServer) async throws -> Output
) async throws -> Output {
    var configuration = ServerConfiguration()
    configuration.listen = listen
    configuration.limits = limits ?? ServerLimits()
    if limits == nil { configuration.limits.tasks = engine.limits }
    let server = try TaskwireServer(
        configuration: configuration,
        engine: engine,
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    )
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
