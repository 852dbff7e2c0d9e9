/// A snapshot of one task.
///
/// Reads return it in one of two views: in ``TaskView/basic`` the fields ``request``, ``result``,
/// ``error`` and ``inputRequests`` are left empty.
public struct TaskState: Sendable, Hashable {
    // A call hands its task through many functions, and most do without its payloads.
    private var basics: CopyOnWrite<Basics>
    /// Nil where all of them are empty.
    private var payloads: CopyOnWrite<Payloads>?

    /// 1 to 256 bytes of printable ASCII without spaces, unique per owner.
    public var id: String {
        get { basics.value.id }
        set { basics.value.id = newValue }
    }
    /// Who created it, from the authenticated connection; empty on a server without authentication.
    public var owner: String {
        get { basics.value.owner }
        set { basics.value.owner = newValue }
    }
    /// Where the task stands.
    public var status: TaskStatus {
        get { basics.value.status }
        set { basics.value.status = newValue }
    }
    /// What to tell people about it.
    public var statusMessage: String? {
        get { basics.value.statusMessage }
        set { basics.value.statusMessage = newValue }
    }
    /// When it was created.
    public var createdAt: Timestamp {
        get { basics.value.createdAt }
        set { basics.value.createdAt = newValue }
    }
    /// When it last changed visibly. Never runs backwards.
    public var lastUpdatedAt: Timestamp {
        get { basics.value.lastUpdatedAt }
        set { basics.value.lastUpdatedAt = newValue }
    }
    /// Time to live in milliseconds, above 0; `nil` means no limit.
    public var ttlMilliseconds: Int64? {
        get { basics.value.ttlMilliseconds }
        set { basics.value.ttlMilliseconds = newValue }
    }
    /// Hint for pollers, in milliseconds, above 0.
    public var pollIntervalMilliseconds: Int64 {
        get { basics.value.pollIntervalMilliseconds }
        set { basics.value.pollIntervalMilliseconds = newValue }
    }
    /// 1 at creation, one more at every visible change, never reused.
    public var revision: UInt64 {
        get { basics.value.revision }
        set { basics.value.revision = newValue }
    }
    /// Whether somebody asked for cancellation.
    public var isCancelRequested: Bool {
        get { basics.value.isCancelRequested }
        set { basics.value.isCancelRequested = newValue }
    }
    /// How far the work is, where the worker says so.
    public var progress: TaskProgress? {
        get { basics.value.progress }
        set { basics.value.progress = newValue }
    }
    /// At most 16, keys of 1 to 64 bytes, values of up to 256 bytes.
    public var labels: [String: String] {
        get { basics.value.labels }
        set { basics.value.labels = newValue }
    }
    /// What the task is to do. Full view only.
    public var request: Payload? {
        get { payloads?.value.request }
        set { changePayloads { $0.request = newValue } }
    }
    /// What came of it. Full view only.
    public var result: Payload? {
        get { payloads?.value.result }
        set { changePayloads { $0.result = newValue } }
    }
    /// Why it failed. Full view only.
    public var error: TaskError? {
        get { payloads?.value.error }
        set { changePayloads { $0.error = newValue } }
    }
    /// What a host may tell its model at once, while the task goes on
    /// (``modelImmediateResponseKey``).
    public var immediateResponse: String? {
        get { basics.value.immediateResponse }
        set { basics.value.immediateResponse = newValue }
    }
    /// Who is executing it now.
    public var lease: TaskLease? {
        get { basics.value.lease }
        set { basics.value.lease = newValue }
    }
    /// What the worker asked and nobody has answered yet. Full view only.
    public var inputRequests: [InputRequest] {
        get { payloads?.value.inputRequests ?? [] }
        set { changePayloads { $0.inputRequests = newValue } }
    }

    /// A snapshot; what is not given is as in a task that was just created.
    public init(
        id: String,
        owner: String = "",
        status: TaskStatus = .working,
        statusMessage: String? = nil,
        createdAt: Timestamp,
        lastUpdatedAt: Timestamp? = nil,
        ttlMilliseconds: Int64? = nil,
        pollIntervalMilliseconds: Int64 = TaskState.defaultPollIntervalMilliseconds,
        revision: UInt64 = 1,
        isCancelRequested: Bool = false,
        progress: TaskProgress? = nil,
        labels: [String: String] = [:],
        request: Payload? = nil,
        result: Payload? = nil,
        error: TaskError? = nil,
        immediateResponse: String? = nil,
        lease: TaskLease? = nil,
        inputRequests: [InputRequest] = []
    ) {
        basics = CopyOnWrite(
            Basics(
                id: id,
                owner: owner,
                status: status,
                statusMessage: statusMessage,
                createdAt: createdAt,
                lastUpdatedAt: lastUpdatedAt ?? createdAt,
                ttlMilliseconds: ttlMilliseconds,
                pollIntervalMilliseconds: pollIntervalMilliseconds,
                revision: revision,
                isCancelRequested: isCancelRequested,
                progress: progress,
                labels: labels,
                immediateResponse: immediateResponse,
                lease: lease
            )
        )
        let payloads = Payloads(request: request, result: result, error: error, inputRequests: inputRequests)
        self.payloads = payloads.isEmpty ? nil : CopyOnWrite(payloads)
    }

    /// The poll interval of a task that was created without one: 500 ms, as in the MCP Python SDK.
    public static let defaultPollIntervalMilliseconds: Int64 = 500

    /// Time to live; `nil` means no limit.
    public var ttl: Duration? { ttlMilliseconds.map { .milliseconds($0) } }

    /// Hint for pollers.
    public var pollInterval: Duration { .milliseconds(pollIntervalMilliseconds) }

    /// The snapshot as the given view shows it.
    public func viewed(as view: TaskView) -> TaskState {
        guard view == .basic, payloads != nil else { return self }
        var basic = self
        basic.payloads = nil
        return basic
    }

    // MARK: Storage

    /// What the basic view has.
    private struct Basics: Sendable, Hashable {
        var id: String
        var owner: String
        var status: TaskStatus
        var statusMessage: String?
        var createdAt: Timestamp
        var lastUpdatedAt: Timestamp
        var ttlMilliseconds: Int64?
        var pollIntervalMilliseconds: Int64
        var revision: UInt64
        var isCancelRequested: Bool
        var progress: TaskProgress?
        var labels: [String: String]
        var immediateResponse: String?
        var lease: TaskLease?
    }

    private struct Payloads: Sendable, Hashable {
        var request: Payload?
        var result: Payload?
        var error: TaskError?
        var inputRequests: [InputRequest] = []

        var isEmpty: Bool { request == nil && result == nil && error == nil && inputRequests.isEmpty }
    }

    private mutating func changePayloads(_ change: (inout Payloads) -> Void) {
        var changed = payloads?.value ?? Payloads()
        change(&changed)
        payloads = changed.isEmpty ? nil : CopyOnWrite(changed)
    }
}
