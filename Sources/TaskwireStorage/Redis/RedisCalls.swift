internal import DequeModule
internal import Dispatch
internal import Taskwire

/// Carries out commands on a few connections to one Redis.
///
/// Commands that wait at the same time leave together, and their replies are read as they come. When a connection breaks,
/// what was not answered is sent again until its time is over.
final class RedisCalls: Sendable {
    /// One command with what becomes of its answer.
    struct Call: Sendable {
        let command: RedisCommand
        /// When to give up.
        let end: ContinuousClock.Instant
        /// Told once; must not block.
        let finish: @Sendable (Result<RedisReply, RedisFailure>) -> Void
    }

    /// How long a command is tried, the time in which Redis is away included.
    static let patience = Duration.seconds(5)
    /// Redis works on one thread: more than two connections only keep it from seeing many commands at once.
    private static let connectionCount = 2
    /// How many commands leave together at most.
    private static let maxBatch = 256
    private static let pause = DispatchTimeInterval.milliseconds(50)

    private let queue: ConnectionQueue<RedisLink, Call>
    private let presence: RedisPresence

    init(address: RedisAddress, clock: any TaskClock) {
        let links = (0..<Self.connectionCount).map { _ in RedisLink(address: address) }
        let presence = RedisPresence(clock: clock)
        self.presence = presence
        queue = ConnectionQueue(connections: links) { connection, next in
            Self.work(connection, next, presence)
        }
    }

    /// See ``TaskStorage/returnedAt``.
    var returnedAt: Timestamp? { presence.returnedAt }

    /// Lets a connection carry out a command, and tells `finish`, on another thread.
    func submit(
        _ command: RedisCommand,
        finish: @escaping @Sendable (Result<RedisReply, RedisFailure>) -> Void
    ) {
        let call = Call(command: command, end: .now + Self.patience, finish: finish)
        if !queue.submit(call) { finish(.failure(.closed)) }
    }

    /// Carries out a command.
    /// - Throws: ``RedisFailure``
    func run(_ command: RedisCommand) async throws(RedisFailure) -> RedisReply {
        try await result(of: command).get()
    }

    private func result(of command: RedisCommand) async -> Result<RedisReply, RedisFailure> {
        await withCheckedContinuation { continuation in
            submit(command) { continuation.resume(returning: $0) }
        }
    }

    /// Carries out commands together. Replies come in their order.
    /// - Throws: ``RedisFailure``, that of the first one that failed.
    func run(_ commands: [RedisCommand]) async throws(RedisFailure) -> [RedisReply] {
        let results = await withTaskGroup(of: (Int, Result<RedisReply, RedisFailure>).self) { group in
            for (index, command) in commands.enumerated() {
                group.addImmediateTask { (index, await self.result(of: command)) }
            }
            var results = [Result<RedisReply, RedisFailure>](
                repeating: .success(.null),
                count: commands.count
            )
            for await (index, result) in group { results[index] = result }
            return results
        }
        var replies: [RedisReply] = []
        for result in results { replies.append(try result.get()) }
        return replies
    }

    /// Closes the connections after what they were given. Blocks the thread.
    func close() throws {
        try queue.close()
    }

    private static func work(
        _ connection: RedisConnection,
        _ next: () -> Call?,
        _ presence: RedisPresence
    ) {
        var calls: Deque<Call> = []
        while calls.count < maxBatch, let call = next() { calls.append(call) }
        while !calls.isEmpty {
            do throws(RedisFailure) {
                try connection.open()
            } catch {
                presence.noteAbsence()
                giveUp(&calls, error)
                _ = DispatchSemaphore(value: 0).wait(timeout: .now() + pause)
                continue
            }
            do throws(RedisFailure) {
                try exchange(&calls, on: connection, presence)
                // Those that are left were refused for now.
                if !calls.isEmpty { _ = DispatchSemaphore(value: 0).wait(timeout: .now() + pause) }
            } catch {
                presence.noteAbsence()
                connection.close()
                giveUp(&calls, error)
            }
        }
    }

    /// Carries out the calls. Those that are left should be tried again.
    private static func exchange(
        _ calls: inout Deque<Call>,
        on connection: RedisConnection,
        _ presence: RedisPresence
    ) throws(RedisFailure) {
        var later: Deque<Call> = []
        defer { calls += later }
        for call in calls { try connection.append(call.command.arguments) }
        while let call = calls.first {
            let reply = try connection.reply()
            if case .error(let text) = reply, text.hasPrefix("NOSCRIPT"), let script = call.command.script {
                // Behind the others, whose replies come first.
                try connection.append(call.command.spelledOut(script).arguments)
                calls.append(
                    Call(command: call.command.spelledOut(script), end: call.end, finish: call.finish)
                )
                calls.removeFirst()
                continue
            }
            calls.removeFirst()
            if case .error(let text) = reply {
                let isAway = isTemporary(text)
                if isAway { presence.noteAbsence() }
                if isAway, call.end > .now {
                    later.append(call)
                } else {
                    call.finish(.failure(.refused(text)))
                }
            } else {
                // Before anybody goes by what it says.
                presence.notePresence()
                call.finish(.success(reply))
            }
        }
    }

    /// Tells those whose time is over.
    private static func giveUp(_ calls: inout Deque<Call>, _ failure: RedisFailure) {
        let now = ContinuousClock.now
        var waiting: Deque<Call> = []
        for call in calls {
            if call.end > now {
                waiting.append(call)
            } else {
                call.finish(.failure(failure))
            }
        }
        calls = waiting
    }

    /// Whether Redis is busy with itself: it starts, runs a long script, or waits for another Redis.
    private static func isTemporary(_ error: String) -> Bool {
        ["LOADING ", "BUSY ", "MASTERDOWN ", "TRYAGAIN ", "CLUSTERDOWN ", "READONLY "].contains {
            error.hasPrefix($0)
        }
    }
}
