import Foundation
import Glibc
import Synchronization
import TaskwireRPC
import TaskwireTestSupport
import Testing

/// Runs `body` and fails when it has not ended after `limit`, so that no test can hang.
func within<Output: Sendable>(
    _ limit: Duration = .seconds(60),
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: @escaping @Sendable () async throws -> Output
) async throws -> Output {
    let first = Race<Output>()
    let work = Task {
        do {
            first.end(.success(try await body()))
        } catch {
            first.end(.failure(error))
        }
    }
    let alarm = Task {
        try? await Task.sleep(for: limit)
        first.end(.failure(TestFailure("not done within \(limit) at \(sourceLocation)")))
    }
    defer {
        alarm.cancel()
        work.cancel()
    }
    return try await withCheckedThrowingContinuation { first.start($0) }
}

/// The first of several outcomes wins.
private final class Race<Output: Sendable>: Sendable {
    private struct State {
        var continuation: CheckedContinuation<Output, any Error>?
        var outcome: Result<Output, any Error>?
    }

    private let state = Mutex(State())

    func start(_ continuation: CheckedContinuation<Output, any Error>) {
        let outcome = state.withLock { state in
            state.continuation = continuation
            return state.outcome
        }
        if let outcome {
            continuation.resume(with: outcome)
        }
    }

    func end(_ outcome: Result<Output, any Error>) {
        let continuation: CheckedContinuation<Output, any Error>? = state.withLock { state in
            guard state.outcome == nil else { return nil }
            state.outcome = outcome
            return state.continuation
        }
        continuation?.resume(with: outcome)
    }
}

/// What a test throws when the machinery around it fails.
struct TestFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// Waits until `condition` holds.
func eventually(
    _ limit: Duration = .seconds(60),
    sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: @Sendable () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard .now < deadline else {
            throw TestFailure("the condition at \(sourceLocation) never held")
        }
        try await Task.sleep(for: .milliseconds(2))
    }
}

/// A gate that handlers wait at until a test opens it; cancellation lets them pass as well.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var cancelled: Set<Int> = []
        var number = 0
        var arrivals = 0
        var cancellations = 0
    }

    private let state = Mutex(State())

    var arrivals: Int { state.withLock { $0.arrivals } }
    var cancellations: Int { state.withLock { $0.cancellations } }

    func open() {
        let waiters = state.withLock { state in
            state.isOpen = true
            defer { state.waiters = [:] }
            return state.waiters.values
        }
        for waiter in waiters { waiter.resume() }
    }

    func pass() async {
        let number = state.withLock { state in
            state.arrivals += 1
            state.number += 1
            return state.number
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let passes = state.withLock { state in
                    if state.isOpen || state.cancelled.contains(number) { return true }
                    state.waiters[number] = continuation
                    return false
                }
                if passes { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.cancellations += 1
                state.cancelled.insert(number)
                return state.waiters.removeValue(forKey: number)
            }
            waiter?.resume()
        }
    }
}

/// A folder of its own for each test, with a path short enough for sockets.
struct TemporaryFolder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/tw-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw TestFailure("no temporary folder") }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    func remove() {
        if let folder = opendir(path) {
            while let entry = readdir(folder) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                unlink("\(path)/\(name)")
            }
            closedir(folder)
        }
        rmdir(path)
    }

    func address(_ name: String = "s") throws -> Address {
        try Address("ipc://\(path)/\(name)")
    }
}

/// An abstract address that no other test uses.
func uniqueAbstractAddress() throws -> Address {
    try Address("abstract://test-\(getpid())-\(abstractCount.add(1, ordering: .relaxed).newValue)")
}

private let abstractCount = Atomic(0)

extension Message {
    convenience init(_ text: String) throws {
        try self.init(size: text.utf8.count)
        withUnsafeMutableBytes { $0.copyBytes(from: text.utf8) }
    }

    var text: String {
        withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }
}

/// A server that runs in a task of its own.
final class TestServer: Sendable {
    let socket: ReplySocket
    let address: Address
    private let task: Task<Void, Never>

    /// Replies with the request's bytes when no handler is given.
    convenience init(
        on address: Address,
        configuration: ReplySocket.Configuration = .init(),
        handler: @escaping @Sendable (ReceivedRequest) async -> Message? = { $0.message }
    ) async throws {
        try await self.init(
            on: address,
            configuration: configuration,
            answering: { .reply(await handler($0)) }
        )
    }

    convenience init(
        on address: Address,
        configuration: ReplySocket.Configuration = .init(),
        answering handler: @escaping @Sendable (ReceivedRequest) async -> RequestAnswer
    ) async throws {
        try await self.init(
            on: address,
            configuration: configuration,
            handlers: RequestHandlers(answer: handler)
        )
    }

    init(
        on address: Address,
        configuration: ReplySocket.Configuration = .init(),
        handlers: RequestHandlers
    ) async throws {
        let socket = ReplySocket(configuration: configuration)
        self.socket = socket
        self.address = try await socket.listen(on: address)
        // It is running when this returns: tests may block threads that it would need to begin.
        task = Task.immediate { await socket.run(handlers) }
    }

    func stop(grace: Duration = .zero) async throws {
        try await within { [socket, task] in
            await socket.stop(grace: grace)
            await task.value
        }
    }
}

func makeClient(
    _ addresses: Address...,
    configure: (inout RequestSocket.Configuration) -> Void = { _ in }
) throws -> RequestSocket {
    var configuration = RequestSocket.Configuration(endpoints: addresses.map(Endpoint.init))
    configure(&configuration)
    return RequestSocket(configuration: configuration)
}

extension RequestSocket {
    /// Sends `text` and returns the reply's text.
    func call(_ text: String, timeout: Duration = .seconds(60)) async throws -> String {
        try await exchange(try Message(text), deadline: .now + timeout).text
    }

    /// Sends `text` and returns the error that comes of it.
    func callError(_ text: String, timeout: Duration = .seconds(60)) async throws -> TransportError {
        let message = try Message(text)
        do throws(TransportError) {
            let reply = try await exchange(message, deadline: .now + timeout)
            return TransportError(code: .other, message: "got the reply \(reply.text)")
        } catch {
            return error
        }
    }
}

/// A connection of the operating system that speaks no nng unless told to. It ends with its last reference.
final class RawSocket: Sendable {
    private let descriptor: Int32

    init(connectingTo address: Address) throws {
        descriptor = try SocketName(of: address).open(Glibc.connect)
    }

    fileprivate init(_ descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    func write(_ bytes: [UInt8]) {
        _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// Reads so many bytes; nil when the other end closes before.
    func read(_ count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        return recv(descriptor, &bytes, count, Int32(MSG_WAITALL)) == count ? bytes : nil
    }

    /// For each end in this process of a connection to that port of loopback, whether the system asks the other end from
    /// time to time if it is still there.
    static func keepalives(ofConnectionsTo address: Address) throws -> [Bool] {
        let server = SocketName(of: address).portNumber
        return try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap { name in
            guard let descriptor = Int32(name), let other = port(of: descriptor, getpeername),
                other == server || port(of: descriptor, getsockname) == server
            else { return nil }
            var isOn: Int32 = 0
            var length = socklen_t(MemoryLayout<Int32>.size)
            return getsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &isOn, &length) == 0 && isOn != 0
        }
    }

    /// The port of one of a connection's ends; nil when there is none.
    fileprivate static func port(
        of descriptor: Int32,
        _ end: (Int32, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
    ) -> UInt16? {
        var name = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { end(descriptor, $0, &length) }
        }
        return result == 0 && name.sin_family == sa_family_t(AF_INET) ? UInt16(bigEndian: name.sin_port) : nil
    }

    /// Reads until the other end closes, for at most five seconds; returns whether it did.
    func waitForEnd() -> Bool {
        var limit = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var buffer = [UInt8](repeating: 0, count: 256)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count == 0 || (count < 0 && errno == ECONNRESET) { return true }
            if count < 0 { return false }
        }
    }
}

/// A listener of the operating system that speaks no nng unless told to.
final class RawListener: Sendable {
    let address: Address
    private let descriptor: Int32

    /// Calls `body` with everybody who connects, one after the other, on a thread of its own. What it returns stays
    /// connected until the listener is stopped.
    init(on address: Address, _ body: @escaping @Sendable (RawSocket) -> RawSocket?) throws {
        let descriptor = try SocketName(of: address).open(Glibc.bind)
        guard listen(descriptor, 16) == 0 else { throw TestFailure("listen: \(errno)") }
        self.descriptor = descriptor
        self.address = try address.isIPC ? address : Address("tcp://127.0.0.1:\(Self.port(of: descriptor))")
        Thread.detachNewThread {
            var connections: [RawSocket] = []
            while case let connection = accept(descriptor, nil, nil), connection >= 0 {
                if let kept = body(RawSocket(connection)) { connections.append(kept) }
            }
            close(descriptor)
        }
    }

    private static func port(of descriptor: Int32) -> UInt16 {
        RawSocket.port(of: descriptor, getsockname) ?? 0
    }

    /// Stops to listen and closes all connections. To be called once. The file of an ipc socket stays.
    func stop() {
        shutdown(descriptor, Int32(SHUT_RDWR))
    }
}

/// An address as the operating system takes it: a path, or a port of loopback.
private struct SocketName {
    private var path = sockaddr_un()
    private var port = sockaddr_in()
    private let isPath: Bool

    init(of address: Address) {
        isPath = address.isIPC
        path.sun_family = sa_family_t(AF_UNIX)
        port.sin_family = sa_family_t(AF_INET)
        port.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        if isPath {
            withUnsafeMutableBytes(of: &path.sun_path) {
                $0.copyBytes(from: address.description.utf8.dropFirst(6))
            }
        } else {
            port.sin_port = (UInt16(address.description.split(separator: ":").last ?? "") ?? 0).bigEndian
        }
    }

    /// The port, 0 for a path.
    var portNumber: UInt16 { UInt16(bigEndian: port.sin_port) }

    /// Makes a socket, and hands it with this name to `bind` or `connect`.
    func open(_ action: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32) throws -> Int32 {
        let descriptor = socket(isPath ? AF_UNIX : AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        let result = isPath ? call(action, descriptor, path) : call(action, descriptor, port)
        guard result == 0 else {
            let number = errno
            close(descriptor)
            throw TestFailure("\(isPath ? "path" : "port"): \(String(cString: strerror(number)))")
        }
        return descriptor
    }

    private func call<Name>(
        _ action: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32,
        _ descriptor: Int32,
        _ name: Name
    ) -> Int32 {
        withUnsafePointer(to: name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                action(descriptor, $0, socklen_t(MemoryLayout<Name>.size))
            }
        }
    }
}

extension Address {
    var isIPC: Bool { description.hasPrefix("ipc:") }
}

/// The greeting of a REP socket of nng.
let replierGreeting: [UInt8] = [0, 0x53, 0x50, 0, 0, 0x31, 0, 0]

/// The greeting of a REQ socket of nng.
let requesterGreeting: [UInt8] = [0, 0x53, 0x50, 0, 0, 0x30, 0, 0]
