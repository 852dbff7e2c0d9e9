internal import CHiredis
package import FoundationEssentials
internal import Glibc
internal import SystemPackage
internal import Taskwire

/// One connection to Redis, for one thread at a time.
@safe package final class RedisConnection {
    /// What it is for.
    package enum Purpose {
        /// Commands about tasks, in the database of the address.
        case commands
        /// Questions about the node itself, which others can answer as well, and which need no database.
        case survey

        /// How many seconds Redis may take to let a connection in.
        fileprivate var connectSeconds: Int { self == .commands ? 2 : 1 }
        /// How many seconds Redis may be silent while a command is under way.
        fileprivate var silentSeconds: Int { self == .commands ? 5 : 1 }
    }

    /// After how many milliseconds of silence it is asked whether the reply is still worth waiting for.
    private static let doubt: Int32 = 500
    /// The memory for commands that is kept for the next ones, in bytes.
    private static let keptOutputSize = 64 << 10

    private let endpoint: RedisEndpoint
    private let address: RedisAddress
    private let purpose: Purpose
    private var context: UnsafeMutablePointer<redisContext>?
    /// Commands that were not sent yet. hiredis would write them, and its `write` ends a process that does not ignore SIGPIPE
    /// when Redis has gone.
    private var output: [UInt8] = []

    /// Not connected yet.
    /// - Parameters:
    ///   - endpoint: Where to.
    ///   - address: Says who logs in, and to what database.
    ///   - purpose: What for.
    package init(_ endpoint: RedisEndpoint, of address: RedisAddress, for purpose: Purpose = .commands) {
        self.endpoint = endpoint
        self.address = address
        self.purpose = purpose
    }

    deinit { close() }

    /// Connects, logs in and chooses the database, unless that was done.
    /// - Throws: ``RedisFailure/unreachable(_:)``, or ``RedisFailure/refused(_:)``.
    package func open() throws(RedisFailure) {
        guard unsafe context == nil else { return }
        do throws(RedisFailure) {
            try connect()
        } catch .broken(let text) {
            throw .unreachable("\(endpoint): \(text)")
        }
    }

    private func connect() throws(RedisFailure) {
        let time = timeval(tv_sec: purpose.connectSeconds, tv_usec: 0)
        guard let new = unsafe redisConnectWithTimeout(endpoint.host, Int32(endpoint.port), time) else {
            throw .broken("there is no memory for a connection")
        }
        unsafe context = unsafe new
        do throws(RedisFailure) {
            try check(unsafe new.pointee.err)
            let silence = timeval(tv_sec: purpose.silentSeconds, tv_usec: 0)
            try check(unsafe redisSetTimeout(new, silence))
            try check(unsafe redisEnableKeepAlive(new))
            if let password = address.password {
                let user = address.user.map { [RedisArgument.text($0)] } ?? []
                _ = try run(["AUTH"] + user + [.text(password)])
            }
            if purpose == .commands, address.database != 0 {
                _ = try run(["SELECT", .number(address.database)])
            }
        } catch {
            close()
            throw error
        }
    }

    /// Ends the connection; harmless when repeated.
    package func close() {
        if let context = unsafe context { unsafe redisFree(context) }
        unsafe context = nil
        output = []
    }

    /// The connection's descriptor, to see when something comes in.
    var descriptor: Int32? { unsafe context?.pointee.fd }

    /// Puts a command behind those that were not sent yet.
    /// - Throws: ``RedisFailure``
    package func append(_ arguments: [Data]) throws(RedisFailure) {
        // All arguments in one piece of memory, since each needs a pointer at the same time.
        let bytes = arguments.reduce(into: Data()) { $0.append($1) }
        let lengths = arguments.map(\.count)
        var command: UnsafeMutablePointer<CChar>?
        let count = unsafe bytes.withUnsafeBytes { bytes in
            let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
            var offset = 0
            var pointers = unsafe lengths.map { length in
                defer { offset += length }
                return unsafe start.map { unsafe $0 + offset }
            }
            return unsafe redisFormatCommandArgv(&command, Int32(arguments.count), &pointers, lengths)
        }
        guard let command = unsafe command else { throw .broken("there is no memory for a command") }
        defer { unsafe redisFreeCommand(command) }
        unsafe output.append(contentsOf: UnsafeRawBufferPointer(start: command, count: Int(count)))
    }

    /// Sends what was not sent yet, and waits for the next reply.
    /// - Parameter isWanted: Asked now and then while there is none.
    /// - Throws: ``RedisFailure``
    package func reply(while isWanted: () -> Bool = { true }) throws(RedisFailure) -> RedisReply {
        try flush()
        var end: ContinuousClock.Instant?
        while true {
            if let reply = try bufferedReply() { return reply }
            if try isReadable() {
                try check(unsafe redisBufferRead(context))
                end = nil
                continue
            }
            let now = ContinuousClock.now
            let silentUntil = end ?? now + .seconds(purpose.silentSeconds)
            end = silentUntil
            guard now < silentUntil else { throw .broken("\(endpoint) does not answer") }
            guard isWanted() else { throw .broken("\(endpoint) was silent, and others have its keys now") }
        }
    }

    private func isReadable() throws(RedisFailure) -> Bool {
        guard let descriptor else { throw .broken("the connection is closed") }
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&request, 1, Self.doubt) > 0
    }

    /// Sends what was not sent yet.
    /// - Throws: ``RedisFailure``
    package func flush() throws(RedisFailure) {
        guard let descriptor else { throw .broken("the connection is closed") }
        var sentCount = 0
        while sentCount < output.count {
            let count = unsafe output.withUnsafeBytes { bytes in
                let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[sentCount...])
                return unsafe send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
            }
            if count >= 0 {
                sentCount += count
            } else if errno != EINTR {
                throw .broken(Errno(rawValue: errno).description)
            }
        }
        output.removeAll(keepingCapacity: output.capacity <= Self.keptOutputSize)
    }

    /// Takes in what has come, and returns the replies that are complete.
    /// - Throws: ``RedisFailure``
    func received() throws(RedisFailure) -> [RedisReply] {
        try check(unsafe redisBufferRead(context))
        var replies: [RedisReply] = []
        while let reply = try bufferedReply() { replies.append(reply) }
        return replies
    }

    /// The next reply of those that came in; `nil` where none is complete.
    private func bufferedReply() throws(RedisFailure) -> RedisReply? {
        var pointer: UnsafeMutableRawPointer?
        try check(unsafe redisGetReplyFromReader(context, &pointer))
        guard let pointer = unsafe pointer else { return nil }
        defer { unsafe freeReplyObject(pointer) }
        return unsafe RedisReply(pointer.assumingMemoryBound(to: redisReply.self).pointee)
    }

    /// Carries out one command.
    /// - Throws: ``RedisFailure``
    package func run(_ arguments: RedisArgument...) throws(RedisFailure) -> RedisReply {
        try run(arguments)
    }

    private func run(_ arguments: [RedisArgument]) throws(RedisFailure) -> RedisReply {
        try append(arguments.map(\.data))
        let reply = try reply()
        if case .error(let text) = reply { throw .refused(text) }
        return reply
    }

    private func check(_ status: Int32) throws(RedisFailure) {
        guard status != REDIS_OK else { return }
        guard let context = unsafe context else { throw .broken("the connection is closed") }
        let text = unsafe withUnsafeBytes(of: &context.pointee.errstr) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        throw .broken(text.isEmpty ? "the connection failed" : text)
    }
}

/// Why Redis did not do what it was asked.
package enum RedisFailure: Error, Equatable {
    /// The connection failed; nobody knows whether the command was carried out.
    case broken(String)
    /// There was no connection; the command was not sent.
    case unreachable(String)
    /// The command was carried out, and too few replicas have confirmed it.
    case unconfirmed(String)
    /// The store was closed before.
    case closed
    /// Redis answered with an error, which begins with a word in capitals.
    case refused(String)
    /// The answer is none to the command that was sent.
    case unexpected(String)
}
