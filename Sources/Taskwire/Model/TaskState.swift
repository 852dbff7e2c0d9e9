/// A snapshot of one task.
///
/// Reads return it in a view: in ``TaskView/basic`` the fields ``request``, ``result``, ``error`` and
/// ``inputRequests`` are left empty, in ``TaskView/request`` all of them but the first.
public struct TaskState: Sendable, Hashable {
    // A call hands its task through many functions, and most do without its payloads.
    private var payloads: Sparse<Payloads>
    /// What the basic view has. It comes last, since what follows the state in a record has room behind its short fields.
    package private(set) var basics: TaskBasics

    /// 1 to 256 bytes of printable ASCII without spaces, unique per owner.
    public var id: String {
        get { compactID.text }
        set { compactID = CompactID(newValue) }
    }
    /// Who created it, from the authenticated connection; empty on a server without authentication.
    public var owner: String {
        get { basics.profile.value.owner }
        set { if newValue != owner { basics.profile.value.owner = newValue } }
    }
    /// Where the task stands.
    public var status: TaskStatus {
        get { basics.status }
        set { basics.status = newValue }
    }
    /// What to tell people about it.
    public var statusMessage: String? {
        get { basics.work.content?.value.statusMessage }
        set { if newValue != statusMessage { basics.work.value.statusMessage = newValue } }
    }
    /// When it was created.
    public var createdAt: Timestamp {
        get { basics.profile.value.createdAt }
        set { if newValue != createdAt { basics.profile.value.createdAt = newValue } }
    }
    /// When it last changed visibly. Never runs backwards.
    public var lastUpdatedAt: Timestamp {
        get { basics.lastUpdatedAt }
        set { basics.lastUpdatedAt = newValue }
    }
    /// Time to live in milliseconds, above 0; `nil` means no limit.
    public var ttlMilliseconds: Int64? {
        get { basics.profile.value.ttlMilliseconds }
        set { if newValue != ttlMilliseconds { basics.profile.value.ttlMilliseconds = newValue } }
    }
    /// Hint for pollers, in milliseconds, above 0.
    public var pollIntervalMilliseconds: Int64 {
        get { basics.profile.value.pollIntervalMilliseconds }
        set {
            if newValue != pollIntervalMilliseconds {
                basics.profile.value.pollIntervalMilliseconds = newValue
            }
        }
    }
    /// 1 at creation, one more at every visible change, never reused.
    public var revision: UInt64 {
        get { basics.revision }
        set { basics.revision = newValue }
    }
    /// Whether somebody asked for cancellation.
    public var isCancelRequested: Bool {
        get { basics.isCancelRequested }
        set { basics.isCancelRequested = newValue }
    }
    /// How far the work is, where the worker says so.
    public var progress: TaskProgress? {
        get { basics.work.content?.value.progress }
        set { if newValue != progress { basics.work.value.progress = newValue } }
    }
    /// At most 16, keys of 1 to 64 bytes, values of up to 256 bytes.
    public var labels: [String: String] {
        get { labelList.dictionary }
        set { labelList = LabelList(newValue) }
    }
    /// What the task is to do. Full and request view only.
    public var request: Payload? {
        get { payloads.content?.value.request }
        set { if newValue != request { payloads.value.request = newValue } }
    }
    /// What came of it. Full view only.
    public var result: Payload? {
        get { payloads.content?.value.result }
        set { if newValue != result { payloads.value.result = newValue } }
    }
    /// Why it failed. Full view only.
    public var error: TaskError? {
        get { payloads.content?.value.rest.content?.value.error }
        set { if newValue != error { payloads.value.rest.value.error = newValue } }
    }
    /// What a host may tell its model at once, while the task goes on
    /// (``modelImmediateResponseKey``).
    public var immediateResponse: String? {
        get { basics.work.content?.value.immediateResponse }
        set { if newValue != immediateResponse { basics.work.value.immediateResponse = newValue } }
    }
    /// Who is executing it now.
    public var lease: TaskLease? {
        get { basics.work.content?.value.lease }
        set { if newValue != lease { basics.work.value.lease = newValue } }
    }
    /// What the worker asked and nobody has answered yet. Full view only.
    public var inputRequests: [InputRequest] {
        get { payloads.content?.value.rest.content?.value.inputRequests ?? [] }
        set { if newValue != inputRequests { payloads.value.rest.value.inputRequests = newValue } }
    }
    /// Names on the wire, such as `result`, of fields that the task has and the view shows, but that had no room in the
    /// message. Empty where nothing was left out, and in a store that is not at the other end of a wire.
    public package(set) var omittedFields: [String] {
        get { payloads.content?.value.rest.content?.value.omittedFields ?? [] }
        set { if newValue != omittedFields { payloads.value.rest.value.omittedFields = newValue } }
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
        basics = TaskBasics(
            profile: CopyOnWrite(
                TaskBasics.Profile(
                    id: CompactID(id),
                    owner: owner,
                    createdAt: createdAt,
                    labels: LabelList(labels),
                    pollIntervalMilliseconds: pollIntervalMilliseconds,
                    ttlMilliseconds: ttlMilliseconds
                )
            ),
            work: Sparse(
                TaskBasics.Work(
                    statusMessage: statusMessage,
                    immediateResponse: immediateResponse,
                    lease: lease,
                    progress: progress
                )
            ),
            lastUpdatedAt: lastUpdatedAt ?? createdAt,
            revision: revision,
            status: status,
            isCancelRequested: isCancelRequested
        )
        let rest = Payloads.Rest(error: error, inputRequests: inputRequests)
        payloads = Sparse(Payloads(request: request, result: result, rest: Sparse(rest)))
    }

    /// The basic view of a task.
    package init(_ basics: TaskBasics) {
        self.basics = basics
        payloads = Sparse()
    }

    /// ``id`` as it is kept, which makes no text.
    var compactID: CompactID {
        get { basics.profile.value.id }
        set { if newValue != compactID { basics.profile.value.id = newValue } }
    }

    /// ``labels`` as they are kept, which makes no dictionary.
    package internal(set) var labelList: LabelList {
        get { basics.profile.value.labels }
        set { basics.profile.value.labels = newValue }
    }

    /// The poll interval of a task that was created without one: 500 ms, as in the MCP Python SDK.
    public static let defaultPollIntervalMilliseconds: Int64 = 500

    /// Time to live; `nil` means no limit.
    public var ttl: Duration? { ttlMilliseconds.map { .milliseconds($0) } }

    /// Hint for pollers.
    public var pollInterval: Duration { .milliseconds(pollIntervalMilliseconds) }

    /// The snapshot as the given view shows it.
    public func viewed(as view: TaskView) -> TaskState {
        switch view {
        case .basic: return TaskState(basics)
        case .full: return self
        case .request:
            var state = TaskState(basics)
            state.request = request
            return state
        }
    }

    private struct Payloads: SparseValue {
        var request: Payload?
        var result: Payload?
        /// What few tasks have.
        var rest = Sparse<Rest>()

        var isEmpty: Bool { request == nil && result == nil && rest.content == nil }

        struct Rest: SparseValue {
            var error: TaskError?
            var inputRequests: [InputRequest] = []
            var omittedFields: [String] = []

            var isEmpty: Bool { error == nil && inputRequests.isEmpty && omittedFields.isEmpty }
        }
    }
}
