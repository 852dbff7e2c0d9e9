/// What a server says of its ability to serve.
public struct HealthReport: Sendable, Hashable {
    /// Whether it can serve tasks now.
    public var isReady: Bool
    /// What it looked at.
    public var checks: [HealthCheck]

    /// A report.
    public init(isReady: Bool, checks: [HealthCheck]) {
        self.isReady = isReady
        self.checks = checks
    }
}

/// One thing that a server needs, such as its store.
public struct HealthCheck: Sendable, Hashable {
    /// The name of the check that looks at the store.
    public static let store = "store"
    /// The name of the check that compares this machine's clock with that of a database which several servers share. Tasks go by
    /// the latter, so that a server is ready in any case.
    public static let clock = "clock"

    /// What was looked at, such as `store`.
    public var name: String
    /// Whether all is well with it.
    public var isOK: Bool
    /// A sentence for people; empty where all is well.
    public var message: String

    /// A check with its outcome.
    public init(name: String, isOK: Bool, message: String = "") {
        self.name = name
        self.isOK = isOK
        self.message = message
    }
}
