/// A snapshot of one task.
///
/// Reads return it in one of two views: in ``TaskView/basic`` the fields ``request``, ``result``,
/// ``error`` and ``inputRequests`` are left empty.
public struct TaskState: Sendable, Hashable {
    private var storage: Storage

    /// 1 to 256 bytes of printable ASCII without spaces, unique per owner.
    public var id: String {
        get { storage.fields.id }
        set { ownFields.id = newValue }
    }
    /// Who created it, from the authenticated connection; empty on a server without authentication.
    public var owner: String {
        get { storage.fields.owner }
        set { ownFields.owner = newValue }
    }
    /// Where the task stands.
    public var status: TaskStatus {
        get { storage.fields.status }
        set { ownFields.status = newValue }
    }
    /// What to tell people about it.
    public var statusMessage: String? {
        get { storage.fields.statusMessage }
        set { ownFields.statusMessage = newValue }
    }
    /// When it was created.
    public var createdAt: Timestamp {
        get { storage.fields.createdAt }
        set { ownFields.createdAt = newValue }
    }
    /// When it last changed visibly. Never runs backwards.
    public var lastUpdatedAt: Timestamp {
        get { storage.fields.lastUpdatedAt }
        set { ownFields.lastUpdatedAt = newValue }
    }
    /// Time to live in milliseconds, above 0; `nil` means no limit.
    public var ttlMilliseconds: Int64? {
        get { storage.fields.ttlMilliseconds }
        set { ownFields.ttlMilliseconds = newValue }
    }
    /// Hint for pollers, in milliseconds, above 0.
    public var pollIntervalMilliseconds: Int64 {
        get { storage.fields.pollIntervalMilliseconds }
        set { ownFields.pollIntervalMilliseconds = newValue }
    }
    /// 1 at creation, one more at every visible change, never reused.
    public var revision: UInt64 {
        get { storage.fields.revision }
        set { ownFields.revision = newValue }
    }
    /// Whether somebody asked for cancellation.
    public var isCancelRequested: Bool {
        get { storage.fields.isCancelRequested }
        set { ownFields.isCancelRequested = newValue }
    }
    /// How far the work is, where the worker says so.
    public var progress: TaskProgress? {
        get { storage.fields.progress }
        set { ownFields.progress = newValue }
    }
    /// At most 16, keys of 1 to 64 bytes, values of up to 256 bytes.
    public var labels: [String: String] {
        get { storage.fields.labels }
        set { ownFields.labels = newValue }
    }
    /// What the task is to do. Full view only.
    public var request: Payload? {
        get { storage.fields.request }
        set { ownFields.request = newValue }
    }
    /// What came of it. Full view only.
    public var result: Payload? {
        get { storage.fields.result }
        set { ownFields.result = newValue }
    }
    /// Why it failed. Full view only.
    public var error: TaskError? {
        get { storage.fields.error }
        set { ownFields.error = newValue }
    }
    /// What a host may tell its model at once, while the task goes on
    /// (``modelImmediateResponseKey``).
    public var immediateResponse: String? {
        get { storage.fields.immediateResponse }
        set { ownFields.immediateResponse = newValue }
    }
    /// Who is executing it now.
    public var lease: TaskLease? {
        get { storage.fields.lease }
        set { ownFields.lease = newValue }
    }
    /// What the worker asked and nobody has answered yet. Full view only.
    public var inputRequests: [InputRequest] {
        get { storage.fields.inputRequests }
        set { ownFields.inputRequests = newValue }
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
        storage = Storage(
            Fields(
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
                request: request,
                result: result,
                error: error,
                immediateResponse: immediateResponse,
                lease: lease,
                inputRequests: inputRequests
            )
        )
    }

    /// The poll interval of a task that was created without one: 500 ms, as in the MCP Python SDK.
    public static let defaultPollIntervalMilliseconds: Int64 = 500

    /// Time to live; `nil` means no limit.
    public var ttl: Duration? { ttlMilliseconds.map { .milliseconds($0) } }

    /// Hint for pollers.
    public var pollInterval: Duration { .milliseconds(pollIntervalMilliseconds) }

    /// The snapshot as the given view shows it.
    public func viewed(as view: TaskView) -> TaskState {
        guard view == .basic else { return self }
        let fields = storage.fields
        let isBasic =
            fields.request == nil && fields.result == nil && fields.error == nil
            && fields.inputRequests.isEmpty
        guard !isBasic else { return self }
        var basic = self
        basic.ownFields.removePayloads()
        return basic
    }

    /// Snapshots are equal when all their fields are.
    public static func == (left: TaskState, right: TaskState) -> Bool {
        left.storage === right.storage || left.storage.fields == right.storage.fields
    }

    /// Feeds all fields to the hasher.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(storage.fields)
    }

    // MARK: Storage

    private struct Fields: Hashable {
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
        var request: Payload?
        var result: Payload?
        var error: TaskError?
        var immediateResponse: String?
        var lease: TaskLease?
        var inputRequests: [InputRequest]

        /// Leaves what the basic view has.
        mutating func removePayloads() {
            request = nil
            result = nil
            error = nil
            inputRequests = []
        }
    }

    /// The fields, in one place for all copies of a snapshot, so that a copy costs no more than a reference: a call hands
    /// its task through many functions.
    ///
    /// `@unchecked Sendable` is safe: the fields are written only where nobody else refers to them.
    private final class Storage: @unchecked Sendable {
        var fields: Fields

        init(_ fields: Fields) {
            self.fields = fields
        }
    }

    /// The fields for writing, which no other snapshot shares.
    private var ownFields: Fields {
        get { storage.fields }
        _modify {
            if !isKnownUniquelyReferenced(&storage) { storage = Storage(storage.fields) }
            yield &storage.fields
        }
    }
}
