/// What the basic view of a task has: ``TaskState`` says what it means.
///
/// A store remembers it for each of the last mutations of each task. So most mutations change what is here, and leave what
/// is elsewhere to be shared.
package struct TaskBasics: Sendable, Hashable {
    var profile: CopyOnWrite<Profile>
    var work: Sparse<Work>
    var lastUpdatedAt: Timestamp
    var revision: UInt64
    var status: TaskStatus
    var isCancelRequested: Bool

    /// About how many bytes a log of mutations takes for it, in which it is one of many that share a profile.
    var byteCount: Int {
        80 + (work.content.map { $0.value.statusMessage?.utf8.count ?? 0 } ?? 0)
    }

    /// What mostly stays as it was at the creation.
    struct Profile: Sendable, Hashable {
        var id: CompactID
        // An optional would take a word more.
        private var isMortal: Bool
        var owner: String
        var createdAt: Timestamp
        var labels: LabelList
        var pollIntervalMilliseconds: Int64
        private var lifetime: Int64

        init(
            id: CompactID,
            owner: String,
            createdAt: Timestamp,
            labels: LabelList,
            pollIntervalMilliseconds: Int64,
            ttlMilliseconds: Int64?
        ) {
            self.id = id
            self.owner = owner
            self.createdAt = createdAt
            self.labels = labels
            self.pollIntervalMilliseconds = pollIntervalMilliseconds
            isMortal = ttlMilliseconds != nil
            lifetime = ttlMilliseconds ?? 0
        }

        var ttlMilliseconds: Int64? {
            get { isMortal ? lifetime : nil }
            set {
                isMortal = newValue != nil
                lifetime = newValue ?? 0
            }
        }
    }

    /// What is said of the work.
    struct Work: SparseValue {
        var statusMessage: String?
        var immediateResponse: String?
        var lease: TaskLease?
        var progress: TaskProgress?

        var isEmpty: Bool {
            statusMessage == nil && immediateResponse == nil && lease == nil && progress == nil
        }
    }
}
