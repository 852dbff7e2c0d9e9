/// What a caller may say about one call, beside its request.
public struct CallOptions: Sendable {
    /// When the caller stops waiting. A call whose time is over when its turn comes is refused with
    /// DEADLINE_EXCEEDED, unexecuted. `nil`: the store's own limit.
    public var deadline: ContinuousClock.Instant?
    /// Names the mutation, for a caller that retries by itself. `nil`: the store makes one. Reads ignore it.
    public var requestID: RequestID?
    /// Up to 16 entries for the server; `traceparent` and `tracestate` (W3C Trace Context) go to its log.
    public var metadata: [String: String]

    /// The entry of ``metadata`` with which an admin says whose tasks the call is about.
    public static let ownerKey = "taskwire-owner"

    /// Options with an absolute deadline.
    public init(
        deadline: ContinuousClock.Instant? = nil,
        requestID: RequestID? = nil,
        metadata: [String: String] = [:]
    ) {
        self.deadline = deadline
        self.requestID = requestID
        self.metadata = metadata
    }

    /// Options of a call that may take `timeout` from now on.
    public init(timeout: Duration, requestID: RequestID? = nil, metadata: [String: String] = [:]) {
        self.init(deadline: .now.advanced(by: timeout), requestID: requestID, metadata: metadata)
    }

    /// Nothing special.
    public static let `default` = CallOptions()
}
