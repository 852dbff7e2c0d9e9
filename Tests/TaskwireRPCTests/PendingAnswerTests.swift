import Synchronization
import TaskwireRPC
import TaskwireTestSupport
import Testing

/// Answers that wait without a Swift task.
@Suite("Pending answers")
struct PendingAnswerTests {
    @Test
    func `thousands are answered when they are ready, and others meanwhile`() async throws {
        try await Self.withServer { server, desk in
            let waiting = try makeClient(server.address)
            let quick = try makeClient(server.address)
            try await within(.seconds(60)) {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 0..<2000 {
                        group.addTask {
                            let reply = try await waiting.call("wait \(number)", timeout: .seconds(50))
                            #expect(reply == "wait \(number) ready")
                        }
                    }
                    try await eventually(.seconds(40)) { desk.count == 2000 }
                    for number in 0..<100 { #expect(try await quick.call("\(number)") == "\(number)") }
                    desk.makeReady()
                    try await group.waitForAll()
                }
            }
            // Those contexts take requests again.
            for number in 0..<100 { #expect(try await waiting.call("\(number)") == "\(number)") }
            await waiting.close()
            await quick.close()
        }
    }

    @Test
    func `one that is ready may have to wait again`() async throws {
        try await Self.withServer { server, desk in
            let client = try makeClient(server.address)
            let call = Task { try await client.call("wait twice") }
            try await eventually { desk.count == 1 }
            desk.makeReady()
            try await eventually { desk.count == 1 }
            desk.makeReady()
            #expect(try await call.value == "wait once ready")
            await client.close()
        }
    }

    @Test
    func `one that is ready at once is answered at once`() async throws {
        try await Self.withServer { server, _ in
            let client = try makeClient(server.address)
            for _ in 0..<100 { #expect(try await client.call("wait not") == "wait not ready") }
            await client.close()
        }
    }

    @Test
    func `a caller that goes away hurries its own`() async throws {
        try await Self.withServer { server, desk in
            let leaving = try makeClient(server.address)
            let staying = try makeClient(server.address)
            let left = Task { try await leaving.callError("wait here") }
            let stayed = Task { try await staying.call("wait there") }
            try await eventually { desk.count == 2 }
            await leaving.close()
            _ = try await left.value
            try await eventually { desk.count == 1 }
            #expect(desk.hurriedCount == 1)
            desk.makeReady()
            #expect(try await stayed.value == "wait there ready")
            await staying.close()
        }
    }

    @Test
    func `stopping hurries all, and their replies are sent`() async throws {
        try await Self.withServer { server, desk in
            let client = try makeClient(server.address)
            try await withThrowingTaskGroup(of: String.self) { group in
                for number in 0..<100 { group.addTask { try await client.call("wait \(number)") } }
                try await eventually { desk.count == 100 }
                // Nobody is given the time of grace to wait in.
                try await server.stop(grace: .seconds(3600))
                for try await reply in group { #expect(reply.hasSuffix("hurried"), "\(reply)") }
            }
            #expect(desk.hurriedCount == 100)
            await client.close()
        }
    }

    @Test
    func `cancelling run hurries all, and their replies are sent`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let desk = Desk()
        let socket = ReplySocket()
        let address = try await socket.listen(on: folder.address())
        let running = Task { await socket.run(RequestHandlers { desk.answer($0) }) }
        let client = try makeClient(address)
        let call = Task { try await client.call("wait") }
        try await eventually { desk.count == 1 }
        running.cancel()
        #expect(try await call.value == "wait hurried")
        try await within { await running.value }
        await client.close()
    }

    private static func withServer(_ body: (TestServer, Desk) async throws -> Void) async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let desk = Desk()
        let server = try await TestServer(on: folder.address(), answering: { desk.answer($0) })
        try await body(server, desk)
        try await server.stop()
    }
}

/// Where requests that begin with "wait" stay until a test, or the socket, says more.
private final class Desk: Sendable {
    private struct State {
        var waiting: [ObjectIdentifier: Pending] = [:]
        var hurriedCount = 0
    }

    private let state = Mutex(State())

    /// Answers that wait.
    var count: Int { state.withLock { $0.waiting.count } }

    /// Answers that the socket did not let wait.
    var hurriedCount: Int { state.withLock { $0.hurriedCount } }

    func answer(_ request: ReceivedRequest) -> RequestAnswer {
        let text = request.message.text
        return text.hasPrefix("wait") ? .pending(Pending(text, at: self)) : .reply(request.message)
    }

    func makeReady() {
        let pending = state.withLock { state in state.waiting.values }
        for pending in pending { pending.finish(isHurried: false) }
    }

    private final class Pending: PendingAnswer {
        private struct State {
            var resume: (@Sendable () -> Void)?
            var isFinished = false
            var isHurried = false
        }

        let text: String
        let desk: Desk
        private let state = Mutex(State())

        init(_ text: String, at desk: Desk) {
            self.text = text
            self.desk = desk
        }

        func whenReady(_ resume: @escaping @Sendable () -> Void) {
            if text == "wait not" { return resume() }
            state.withLock { $0.resume = resume }
            desk.state.withLock { $0.waiting[ObjectIdentifier(self)] = self }
            if state.withLock({ $0.isFinished }) { finish(isHurried: false) }
        }

        func hurry() { finish(isHurried: true) }

        func finish(isHurried: Bool) {
            let (resume, isFirst) = state.withLock { state in
                let isFirst = !state.isFinished
                state.isFinished = true
                state.isHurried = state.isHurried || isHurried
                return (state.resume.take(), isFirst)
            }
            desk.state.withLock { state in
                state.waiting[ObjectIdentifier(self)] = nil
                if isFirst, isHurried { state.hurriedCount += 1 }
            }
            resume?()
        }

        func answer() async -> RequestAnswer {
            if text == "wait twice" { return .pending(Pending("wait once", at: desk)) }
            let end = state.withLock { $0.isHurried } ? "hurried" : "ready"
            return .reply(try? Message("\(text) \(end)"))
        }
    }
}
