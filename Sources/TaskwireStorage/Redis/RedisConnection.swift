internal import CHiredis
internal import FoundationEssentials
internal import Taskwire

/// One connection to Redis, for one thread at a time.
@safe final class RedisConnection {
    /// How long Redis may take to let a connection in.
    private static let connectTime = timeval(tv_sec: 2, tv_usec: 0)
    /// How long Redis may be silent while a command is under way.
    private static let silence = timeval(tv_sec: 5, tv_usec: 0)

    private let address: RedisAddress
    private var context: UnsafeMutablePointer<redisContext>?

    /// Not connected yet.
    init(address: RedisAddress) {
        self.address = address
    }

    deinit { close() }

    /// Connects, logs in and chooses the database, unless that was done.
    /// - Throws: ``RedisFailure``
    func open() throws(RedisFailure) {
        guard unsafe context == nil else { return }
        guard let new = unsafe redisConnectWithTimeout(address.host, Int32(address.port), Self.connectTime)
        else { throw .broken("there is no memory for a connection") }
        unsafe context = unsafe new
        do throws(RedisFailure) {
            try check(unsafe new.pointee.err)
            try check(unsafe redisSetTimeout(new, Self.silence))
            try check(unsafe redisEnableKeepAlive(new))
            if let password = address.password {
                let user = address.user.map { [RedisArgument.text($0)] } ?? []
                try expectOK(["AUTH"] + user + [.text(password)])
            }
            if address.database != 0 { try expectOK(["SELECT", .number(address.database)]) }
        } catch {
            close()
            throw error
        }
    }

    /// Ends the connection; harmless when repeated.
    func close() {
        if let context = unsafe context { unsafe redisFree(context) }
        unsafe context = nil
    }

    /// The connection's descriptor, to see when something comes in.
    var descriptor: Int32? { unsafe context?.pointee.fd }

    /// Puts a command behind those that were not sent yet.
    /// - Throws: ``RedisFailure``
    func append(_ arguments: [Data]) throws(RedisFailure) {
        // All arguments in one piece of memory, since each needs a pointer at the same time.
        let bytes = arguments.reduce(into: Data()) { $0.append($1) }
        let lengths = arguments.map(\.count)
        let status = unsafe bytes.withUnsafeBytes { bytes in
            let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
            var offset = 0
            var pointers = unsafe lengths.map { length in
                defer { offset += length }
                return unsafe start.map { unsafe $0 + offset }
            }
            return unsafe redisAppendCommandArgv(context, Int32(arguments.count), &pointers, lengths)
        }
        try check(status)
    }

    /// Sends what was not sent yet, and waits for the next reply.
    /// - Throws: ``RedisFailure``
    func reply() throws(RedisFailure) -> RedisReply {
        var reply: UnsafeMutableRawPointer?
        try check(unsafe redisGetReply(context, &reply))
        return try unsafe take(reply)
    }

    /// Sends what was not sent yet.
    /// - Throws: ``RedisFailure``
    func flush() throws(RedisFailure) {
        var isDone: Int32 = 0
        while isDone == 0 { try check(unsafe redisBufferWrite(context, &isDone)) }
    }

    /// Takes in what has come, and returns the replies that are complete.
    /// - Throws: ``RedisFailure``
    func received() throws(RedisFailure) -> [RedisReply] {
        try check(unsafe redisBufferRead(context))
        var replies: [RedisReply] = []
        while true {
            var reply: UnsafeMutableRawPointer?
            try check(unsafe redisGetReplyFromReader(context, &reply))
            guard unsafe reply != nil else { return replies }
            replies.append(try unsafe take(reply))
        }
    }

    private func take(_ pointer: UnsafeMutableRawPointer?) throws(RedisFailure) -> RedisReply {
        guard let pointer = unsafe pointer else { throw .broken("there was no reply") }
        defer { unsafe freeReplyObject(pointer) }
        return unsafe RedisReply(pointer.assumingMemoryBound(to: redisReply.self).pointee)
    }

    private func expectOK(_ arguments: [RedisArgument]) throws(RedisFailure) {
        try append(arguments.map(\.data))
        if case .error(let text) = try reply() { throw .refused(text) }
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
enum RedisFailure: Error, Equatable {
    /// The connection failed; nobody knows whether the command was carried out.
    case broken(String)
    /// The store was closed before.
    case closed
    /// Redis answered with an error, which begins with a word in capitals.
    case refused(String)
    /// The answer is none to the command that was sent.
    case unexpected(String)
}
