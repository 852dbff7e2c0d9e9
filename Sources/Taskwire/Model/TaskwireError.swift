/// Why a call was refused or failed, in the terms of gRPC, with what a program and an MCP server need.
public struct TaskwireError: Error, Sendable, Hashable {
    /// A code of google.rpc.Code.
    public struct Code: RawRepresentable, Sendable, Hashable {
        /// The number in google.rpc.Code.
        public var rawValue: Int32

        /// The code with that number; unknown numbers are kept.
        public init(rawValue: Int32) { self.rawValue = rawValue }

        /// 1: the caller gave up.
        public static let cancelled = Code(rawValue: 1)
        /// 3: the request itself is wrong, whatever the state of the store.
        public static let invalidArgument = Code(rawValue: 3)
        /// 4: the caller's time was over first.
        public static let deadlineExceeded = Code(rawValue: 4)
        /// 5: no such task, for this caller.
        public static let notFound = Code(rawValue: 5)
        /// 6: there is one already.
        public static let alreadyExists = Code(rawValue: 6)
        /// 7: the caller may not do this.
        public static let permissionDenied = Code(rawValue: 7)
        /// 8: a limit is reached.
        public static let resourceExhausted = Code(rawValue: 8)
        /// 9: the task is not in a state that allows it.
        public static let failedPrecondition = Code(rawValue: 9)
        /// 10: somebody else was faster; read again and retry.
        public static let aborted = Code(rawValue: 10)
        /// 12: no such operation here.
        public static let unimplemented = Code(rawValue: 12)
        /// 13: a fault of the service.
        public static let `internal` = Code(rawValue: 13)
        /// 14: the service cannot be reached, or not now; retry.
        public static let unavailable = Code(rawValue: 14)
        /// 16: the credential is missing or wrong.
        public static let unauthenticated = Code(rawValue: 16)
    }

    /// A word for programs that tells apart the cases of one code.
    public struct Reason: RawRepresentable, Sendable, Hashable {
        /// The word on the wire.
        public var rawValue: String

        /// The reason with that word; unknown words are kept.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// INVALID_ARGUMENT: a field of the request is not as its documentation says.
        public static let invalidField = Reason(rawValue: "INVALID_FIELD")
        /// INVALID_ARGUMENT: the bytes are not the message that they should be.
        public static let malformedMessage = Reason(rawValue: "MALFORMED_MESSAGE")
        /// INVALID_ARGUMENT: the request id was used for another request.
        public static let requestIDReused = Reason(rawValue: "REQUEST_ID_REUSED")
        /// INVALID_ARGUMENT: not a cursor of this listing.
        public static let invalidCursor = Reason(rawValue: "INVALID_CURSOR")
        /// INVALID_ARGUMENT or RESOURCE_EXHAUSTED: more bytes than allowed.
        public static let tooLarge = Reason(rawValue: "TOO_LARGE")
        /// DEADLINE_EXCEEDED.
        public static let deadlineExceeded = Reason(rawValue: "DEADLINE_EXCEEDED")
        /// NOT_FOUND: no such task.
        public static let taskNotFound = Reason(rawValue: "TASK_NOT_FOUND")
        /// NOT_FOUND: no such backup, or nobody read it for a minute.
        public static let backupNotFound = Reason(rawValue: "BACKUP_NOT_FOUND")
        /// NOT_FOUND: its time to live is over. FAILED tasks carry it, too.
        public static let taskExpired = Reason(rawValue: "TASK_EXPIRED")
        /// ALREADY_EXISTS: the owner has a task with this id.
        public static let taskExists = Reason(rawValue: "TASK_EXISTS")
        /// ALREADY_EXISTS: an input request used this key before.
        public static let inputKeyUsed = Reason(rawValue: "INPUT_KEY_USED")
        /// RESOURCE_EXHAUSTED: the owner has as many tasks as allowed.
        public static let taskQuota = Reason(rawValue: "TASK_QUOTA")
        /// RESOURCE_EXHAUSTED: the task's message queue is full.
        public static let queueFull = Reason(rawValue: "QUEUE_FULL")
        /// RESOURCE_EXHAUSTED: more calls per second than allowed.
        public static let rateLimited = Reason(rawValue: "RATE_LIMITED")
        /// RESOURCE_EXHAUSTED: more calls at once than allowed.
        public static let tooManyRequests = Reason(rawValue: "TOO_MANY_REQUESTS")
        /// UNAVAILABLE or RESOURCE_EXHAUSTED: the store has no room. Reads go on, and tasks can be deleted.
        public static let storeFull = Reason(rawValue: "STORE_FULL")
        /// UNAVAILABLE: the store may not be written. Reads go on.
        public static let storeReadOnly = Reason(rawValue: "STORE_READ_ONLY")
        /// UNAVAILABLE: another program removed, moved or replaced a file of the store. Reads go on.
        public static let storeLost = Reason(rawValue: "STORE_LOST")
        /// UNAVAILABLE: what is stored cannot be read.
        public static let storeCorrupt = Reason(rawValue: "STORE_CORRUPT")
        /// UNAVAILABLE: the store failed in another way; the server's log says how.
        public static let storeFailed = Reason(rawValue: "STORE_FAILED")
        /// UNAVAILABLE: the server does not reach the database of its store. Nobody knows whether a mutation was applied;
        /// to send it again under the same request id is safe.
        public static let storeUnreachable = Reason(rawValue: "STORE_UNREACHABLE")
        /// FAILED_PRECONDITION: another process has the store open.
        public static let storeInUse = Reason(rawValue: "STORE_IN_USE")
        /// ALREADY_EXISTS: there is a store that would be replaced.
        public static let storeExists = Reason(rawValue: "STORE_EXISTS")
        /// FAILED_PRECONDITION: a newer version or another program made the store.
        public static let storeIncompatible = Reason(rawValue: "STORE_INCOMPATIBLE")
        /// INVALID_ARGUMENT: a server would listen where other machines reach it, without TLS and credentials, and is not
        /// told that it may.
        public static let listenerOpen = Reason(rawValue: "LISTENER_OPEN")
        /// INVALID_ARGUMENT: a server would listen where no caller could prove who it is.
        public static let listenerUseless = Reason(rawValue: "LISTENER_USELESS")
        /// FAILED_PRECONDITION: the task has ended.
        public static let taskTerminal = Reason(rawValue: "TASK_TERMINAL")
        /// FAILED_PRECONDITION: another worker holds the lease.
        public static let leaseHeld = Reason(rawValue: "LEASE_HELD")
        /// FAILED_PRECONDITION: the caller does not hold the lease.
        public static let leaseLost = Reason(rawValue: "LEASE_LOST")
        /// ABORTED: the task is not at the expected revision.
        public static let revisionMismatch = Reason(rawValue: "REVISION_MISMATCH")
        /// ABORTED: what the call took when it was first made is not kept any more.
        public static let deliveryForgotten = Reason(rawValue: "DELIVERY_FORGOTTEN")
        /// UNIMPLEMENTED: no such method.
        public static let unknownMethod = Reason(rawValue: "UNKNOWN_METHOD")
        /// UNIMPLEMENTED: the method exists, but this server does not serve it.
        public static let methodNotServed = Reason(rawValue: "METHOD_NOT_SERVED")
        /// UNAUTHENTICATED.
        public static let unauthenticated = Reason(rawValue: "UNAUTHENTICATED")
        /// PERMISSION_DENIED.
        public static let permissionDenied = Reason(rawValue: "PERMISSION_DENIED")
        /// UNAVAILABLE: the server does not answer.
        public static let unreachable = Reason(rawValue: "UNREACHABLE")
        /// UNAVAILABLE: the server is stopping.
        public static let stopping = Reason(rawValue: "STOPPING")
        /// CANCELLED: the caller or its connection went away.
        public static let cancelled = Reason(rawValue: "CANCELLED")
        /// INTERNAL.
        public static let `internal` = Reason(rawValue: "INTERNAL")
    }

    /// The kind of failure.
    public var code: Code
    /// The case within the kind.
    public var reason: Reason
    /// One sentence for people; never another owner's data.
    public var message: String
    /// The code that an MCP server should answer with, such as -32602.
    public var jsonRPCCode: Int32
    /// The state that caused the refusal, where the caller may see it.
    public var task: TaskState?
    /// When to try again, with RESOURCE_EXHAUSTED and UNAVAILABLE.
    public var retryAfter: Duration?
    /// Whether the mutation may have been applied although the call failed. A client that never learnt
    /// the outcome says so, a server never does.
    public var isOutcomeUnknown: Bool

    /// A failure. The JSON-RPC code follows from `code` unless it is given.
    public init(
        _ code: Code,
        _ reason: Reason,
        _ message: String,
        jsonRPCCode: Int32? = nil,
        task: TaskState? = nil,
        retryAfter: Duration? = nil,
        isOutcomeUnknown: Bool = false
    ) {
        self.code = code
        self.reason = reason
        self.message = message
        self.jsonRPCCode = jsonRPCCode ?? code.jsonRPCCode
        self.task = task
        self.retryAfter = retryAfter
        self.isOutcomeUnknown = isOutcomeUnknown
    }

    /// INVALID_ARGUMENT for one field of a request.
    package static func invalidField(_ field: String, _ problem: String) -> TaskwireError {
        TaskwireError(.invalidArgument, .invalidField, "\(field): \(problem)")
    }
}

extension TaskwireError.Code: CustomStringConvertible {
    /// The code's name in google.rpc.Code, or its number.
    public var description: String {
        switch self {
        case .cancelled: "CANCELLED"
        case .invalidArgument: "INVALID_ARGUMENT"
        case .deadlineExceeded: "DEADLINE_EXCEEDED"
        case .notFound: "NOT_FOUND"
        case .alreadyExists: "ALREADY_EXISTS"
        case .permissionDenied: "PERMISSION_DENIED"
        case .resourceExhausted: "RESOURCE_EXHAUSTED"
        case .failedPrecondition: "FAILED_PRECONDITION"
        case .aborted: "ABORTED"
        case .unimplemented: "UNIMPLEMENTED"
        case .internal: "INTERNAL"
        case .unavailable: "UNAVAILABLE"
        case .unauthenticated: "UNAUTHENTICATED"
        default: "CODE_\(rawValue)"
        }
    }

    /// What an MCP server answers for this code: -32602 "invalid params" where the request or the task's
    /// state is at fault, -32601 "method not found", else -32603 "internal error" (JSON-RPC 2.0, section 5.1).
    fileprivate var jsonRPCCode: Int32 {
        switch self {
        case .invalidArgument, .notFound, .alreadyExists, .failedPrecondition, .aborted: -32602
        case .unimplemented: -32601
        default: TaskError.internalErrorCode
        }
    }
}

extension TaskwireError: CustomStringConvertible {
    /// `CODE/REASON: message`.
    public var description: String { "\(code)/\(reason.rawValue): \(message)" }
}
