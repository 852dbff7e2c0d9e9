public import Taskwire

/// How a server listens, whom it lets in, and what it enforces.
public struct ServerConfiguration: Sendable {
    /// Where to listen. Empty: the default ipc address of this user.
    public var listen: [Listener] = []
    /// The tokens that prove who calls. `nil`: none do.
    public var tokens: AccessTokens?
    /// Whether whoever comes in over ipc without a token is the owner `uid:N`, N being the number of the user that the
    /// process belongs to. Socket files are open to every user of the machine then, but for those of listeners that
    /// have an owner.
    public var isPeerOwner = false
    /// What it enforces on the wire; what it enforces of tasks are the limits of the engine that it serves.
    public var limits = ServerLimits()
    /// How long calls that are running may take to finish when the server stops. Default 10 s.
    public var gracePeriod = Duration.seconds(10)
    /// Whether it may listen beyond this machine without TLS and credentials.
    public var isInsecure = false

    /// The defaults: everybody who can connect may do everything.
    public init() {}

    /// Looks at everything that can be judged before a server is made, such as before its store is opened.
    /// - Parameter taskLimits: The limits of the store that will be served.
    /// - Throws: INVALID_ARGUMENT for a limit that makes no sense, alone or beside another one; for an address that is none,
    ///   that is open to other machines without TLS and credentials while ``isInsecure`` is not set, or that nobody could
    ///   get in at; for files of certificates and keys that cannot be used.
    public func validate(with taskLimits: TaskLimits) throws {
        guard gracePeriod >= .zero else { throw TaskwireError.invalidField("grace_period", "is below 0") }
        try limits.validate(with: taskLimits)
        _ = try ListenerPlan(self)
    }
}
