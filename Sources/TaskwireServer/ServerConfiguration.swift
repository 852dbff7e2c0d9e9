public import Taskwire

/// How a server listens and what it enforces.
public struct ServerConfiguration: Sendable {
    /// Where to listen: URLs such as `ipc:///run/taskwire.sock` or `tcp://127.0.0.1:7411`. Empty: the default ipc
    /// address of this user.
    public var listen: [String] = []
    /// What it enforces.
    public var limits = ServerLimits()
    /// How long calls that are running may take to finish when the server stops. Default 10 s.
    public var gracePeriod = Duration.seconds(10)
    /// Whether it may listen beyond this machine without TLS and credentials.
    public var isInsecure = false

    /// The defaults.
    public init() {}

    /// Looks at everything that can be judged before a server is made, such as before its store is opened.
    /// - Throws: INVALID_ARGUMENT for an address that is none, or that is open to other machines while ``isInsecure`` is
    ///   not set.
    public func validate() throws(TaskwireError) {
        _ = try TaskwireServer.addresses(self)
    }
}
