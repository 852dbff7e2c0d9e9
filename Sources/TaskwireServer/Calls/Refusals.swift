internal import Taskwire

/// The refusals of a server that have nothing to do with what a call says.
enum Refusals {
    static var stopping: TaskwireError {
        TaskwireError(.unavailable, .stopping, "The server is stopping", retryAfter: .milliseconds(100))
    }

    static var noMemory: TaskwireError {
        TaskwireError(
            .resourceExhausted,
            .tooManyRequests,
            "The server keeps as many bytes of requests and replies as it may",
            retryAfter: .milliseconds(100)
        )
    }

    static var late: TaskwireError {
        TaskwireError(
            .deadlineExceeded,
            .deadlineExceeded,
            "The call's time was over before its turn came; nothing was done"
        )
    }

    /// A request has so many bytes.
    static func tooLarge(_ byteCount: UInt64, limit: Int) -> TaskwireError {
        TaskwireError(
            .resourceExhausted,
            .tooLarge,
            "The message has \(byteCount) bytes, at most \(limit) are allowed"
        )
    }

    /// A reply would be larger than a message may be.
    static func noRoom(_ limit: Int) -> TaskwireError {
        TaskwireError(
            .resourceExhausted,
            .tooLarge,
            "The reply would have more than \(limit) bytes; ask for less at a time"
        )
    }
}
