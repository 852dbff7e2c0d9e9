import Glibc
import Synchronization
import TaskwireTestSupport

/// A connection whose every byte is chosen by a test. Its methods block, so they are not for Swift's own threads.
///
/// It ends with its last reference.
final class RawConnection: Sendable {
    /// The operating system refused something.
    struct Failure: Error {
        let action: String
        let number: Int32
    }

    let framing: Framing
    private let descriptor: Int32
    /// The TLS session that bytes go through, where there is one.
    private let session: TLSSession?
    /// Bytes that came through the session and were not read yet.
    private let decrypted = Mutex<ArraySlice<UInt8>>([])

    /// How long anything may take; long for any machine.
    private static let limit = Duration.seconds(60)

    /// Connects to a server at `url`.
    /// - Parameter isSecure: Whether to shake hands for TLS before anything else, and to speak inside it.
    init(to url: String, over transport: Transport, isSecure: Bool = false) throws {
        framing = Framing(transport)
        session = isSecure ? TLSSession() : nil
        descriptor =
            transport == .ipc
            ? try Self.connect(toSocketAt: String(url.dropFirst("ipc://".count)))
            : try Self.connect(toPort: UInt16(url.split(separator: ":").last ?? "") ?? 0)
        if let session { try shakeHands(session) }
    }

    private func shakeHands(_ session: TLSSession) throws {
        while true {
            let progress = session.advance()
            guard progress != .failed, try writeRaw(session.takeOutput()[...]) else { break }
            if progress == .done { return }
            guard let bytes = try readRaw(atMost: 65_536) else { break }
            session.receive(bytes[...])
        }
        throw Failure(action: "the handshake", number: 0)
    }

    deinit {
        close(descriptor)
    }

    private static func connect(toSocketAt path: String) throws -> Int32 {
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8) }
        // A queue that is full of connections is waited for, and not by the system, which would do so for ever.
        return try connect(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), &name)
    }

    private static func connect(toPort port: UInt16) throws -> Int32 {
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        name.sin_port = port.bigEndian
        return try connect(AF_INET, Int32(SOCK_STREAM.rawValue), &name)
    }

    private static func connect<Name>(_ family: Int32, _ type: Int32, _ name: inout Name) throws -> Int32 {
        let descriptor = socket(family, type, 0)
        guard descriptor >= 0 else { throw Failure(action: "socket", number: errno) }
        let deadline = ContinuousClock.now + limit
        while true {
            let result = withUnsafePointer(to: &name) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<Name>.size))
                }
            }
            if result == 0 { return descriptor }
            let number = errno
            // An ipc socket is refused while one listener takes the place of another.
            guard [EAGAIN, ECONNREFUSED, EINTR].contains(number), .now < deadline else {
                close(descriptor)
                throw Failure(action: "connect", number: number)
            }
            usleep(2000)
        }
    }

    /// Makes the end of the connection a reset, where the transport has such a thing.
    func endAbruptly() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
    }

    /// Tells the peer inside TLS, where there is one, that no more will come.
    func sayGoodbye() throws {
        guard let session else { return }
        session.sayGoodbye()
        try writeRaw(session.takeOutput()[...])
    }

    /// Writes all of the bytes, and returns whether the other end took them.
    /// - Parameter tail: How many of the last bytes are kept back, after encryption.
    @discardableResult
    func write(_ bytes: [UInt8], withoutLast tail: Int = 0) throws -> Bool {
        guard let session else { return try writeRaw(bytes.dropLast(tail)) }
        guard session.encrypt(bytes) else { return false }
        return try writeRaw(session.takeOutput().dropLast(tail))
    }

    @discardableResult
    private func writeRaw(_ bytes: ArraySlice<UInt8>) throws -> Bool {
        let deadline = ContinuousClock.now + Self.limit
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(
                    descriptor,
                    $0.baseAddress,
                    $0.count,
                    Int32(MSG_NOSIGNAL | MSG_DONTWAIT)
                )
            }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                try wait(for: POLLOUT, until: deadline)
            } else if errno != EINTR {
                return false
            }
        }
        return true
    }

    /// Says what a REQ says at first.
    @discardableResult
    func greet() throws -> Bool {
        try write(Framing.greeting)
    }

    /// Reads so many bytes; nil when the connection ends before.
    func read(_ count: Int) throws -> [UInt8]? {
        var bytes: [UInt8] = []
        while bytes.count < count {
            guard let more = try readSome(atMost: min(count - bytes.count, 65_536)) else { return nil }
            bytes += more
        }
        return bytes
    }

    private func readSome(atMost count: Int) throws -> [UInt8]? {
        guard let session else { return try readRaw(atMost: count) }
        while true {
            let (some, isOpen) = decrypted.withLock { decrypted in
                let (bytes, isOpen) = session.decrypt()
                decrypted += bytes
                let some = decrypted.prefix(count)
                decrypted = decrypted.dropFirst(count)
                return (Array(some), isOpen)
            }
            if !some.isEmpty { return some }
            guard isOpen, let bytes = try readRaw(atMost: 65_536) else { return nil }
            session.receive(bytes[...])
        }
    }

    /// Reads what is there, at least a byte; nil when the connection has ended.
    func readRaw(atMost count: Int) throws -> [UInt8]? {
        let deadline = ContinuousClock.now + Self.limit
        var buffer = [UInt8](repeating: 0, count: count)
        while true {
            let received = recv(descriptor, &buffer, count, Int32(MSG_DONTWAIT))
            if received > 0 { return Array(buffer[..<received]) }
            if received < 0, errno == EAGAIN {
                try wait(for: POLLIN, until: deadline)
            } else if received == 0 || errno != EINTR {
                return nil
            }
        }
    }

    /// Reads the other end's first bytes, and returns whether they are those of a server.
    func readGreeting() throws -> Bool {
        try read(Framing.answeringGreeting.count) == Framing.answeringGreeting
    }

    /// Reads a reply: the number of its request, and its content. Nil when the connection has ended.
    func readReply() throws -> (number: UInt32, content: [UInt8])? {
        guard let header = try read(framing.headerByteCount) else { return nil }
        let count = header.suffix(8).reduce(0) { $0 << 8 | UInt64($1) }
        guard header.starts(with: framing.prefix), (4..<1 << 26).contains(count) else {
            throw Failure(action: "a header of \(header)", number: 0)
        }
        guard let body = try read(Int(count)) else { return nil }
        let number = body.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
        return (number & ~(1 << 31), Array(body.dropFirst(4)))
    }

    /// Reads until the connection ends, and returns what came.
    func readUntilEnd() throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let some = try readSome(atMost: 65_536) { bytes += some }
        return bytes
    }

    /// Reads until the connection ends.
    /// - Throws: ``TimeLimitExceeded`` when it does not.
    func untilEnd() throws {
        _ = try readUntilEnd()
    }

    private func wait(for events: Int32, until deadline: ContinuousClock.Instant) throws {
        let rest = deadline - .now
        guard rest > .zero else { throw TimeLimitExceeded(limit: Self.limit) }
        var poller = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        poll(&poller, 1, Int32(rest / .milliseconds(1)) + 1)
    }
}
