public import Taskwire

/// One call of a history and its arguments. Payloads are abridged.
public enum TaskOperation: Sendable, Hashable {
    /// A create; the id that the task gets is given, also where the server makes it.
    case create(CreateTaskRequest)
    /// An update.
    case update(UpdateTaskRequest)
    /// A result that is stored.
    case storeResult(StoreResultRequest)
    /// A completion.
    case complete(CompleteTaskRequest)
    /// A failure.
    case fail(FailTaskRequest)
    /// A cancellation.
    case cancel(CancelTaskRequest)
    /// A removal.
    case delete
    /// A message, or a question, that is queued.
    case enqueue(EnqueueMessageRequest)
    /// The oldest message is taken.
    case dequeue
    /// All messages are taken.
    case clear
    /// Questions are answered.
    case provideInput(ProvideInputRequest)
    /// A lease is taken.
    case claim(ClaimTaskRequest)
    /// A lease is to last longer.
    case renew(RenewLeaseRequest)
    /// A lease is given back.
    case release(ReleaseLeaseRequest)
    /// A snapshot, by itself or on a page of a listing.
    case read(TaskView)
    /// The result, the error, or that there is none yet.
    case readResult
    /// The oldest message, which stays.
    case peek

    /// Whether it can change a task.
    public var isMutation: Bool {
        switch self {
        case .read, .readResult, .peek: false
        default: true
        }
    }

    /// What the caller proves with that it holds the task; empty where it does not.
    public var leaseToken: [UInt8] {
        get {
            switch self {
            case .update(let request): request.leaseToken
            case .storeResult(let request): request.leaseToken
            case .complete(let request): request.leaseToken
            case .fail(let request): request.leaseToken
            case .enqueue(let request): request.leaseToken
            case .renew(let request): request.leaseToken
            case .release(let request): request.leaseToken
            default: []
            }
        }
        set {
            switch self {
            case .update(var request):
                request.leaseToken = newValue
                self = .update(request)
            case .storeResult(var request):
                request.leaseToken = newValue
                self = .storeResult(request)
            case .complete(var request):
                request.leaseToken = newValue
                self = .complete(request)
            case .fail(var request):
                request.leaseToken = newValue
                self = .fail(request)
            case .enqueue(var request):
                request.leaseToken = newValue
                self = .enqueue(request)
            case .renew(var request):
                request.leaseToken = newValue
                self = .renew(request)
            case .release(var request):
                request.leaseToken = newValue
                self = .release(request)
            default:
                break
            }
        }
    }
}

extension TaskOperation {
    /// Carries the call out, with the bytes that its payloads stand for.
    /// - Throws: What the store throws, or ``TornPayload``.
    public func answer(
        of store: some TaskStore,
        on taskID: String,
        options: CallOptions
    ) async throws -> TaskAnswer {
        switch self {
        case .create(var request):
            request.request = request.request?.unabridged
            return .task(try await store.createTask(request, options: options))
        case .update(let request):
            return .task(try await store.updateTask(request, options: options))
        case .storeResult(var request):
            request.result = request.result.unabridged
            return .task(try await store.storeResult(request, options: options))
        case .complete(var request):
            request.result = request.result?.unabridged
            return .task(try await store.completeTask(request, options: options))
        case .fail(let request):
            return .task(try await store.failTask(request, options: options))
        case .cancel(let request):
            return .task(try await store.cancelTask(request, options: options))
        case .delete:
            return .deleted(try await store.deleteTask(taskID, options: options))
        case .enqueue(var request):
            request.payload = request.payload.unabridged
            return .task(try await store.enqueueMessage(request, options: options))
        case .dequeue:
            return .delivery(try await store.dequeueMessage(taskID, options: options).abridged())
        case .clear:
            return .cleared(try await store.clearMessages(taskID, options: options).abridged())
        case .provideInput(var request):
            request.responses = request.responses.mapValues(\.unabridged)
            return .receipt(try await store.provideInput(request, options: options))
        case .claim(let request):
            return .claim(try await store.claimTask(request, options: options))
        case .renew(let request):
            return .task(try await store.renewLease(request, options: options))
        case .release(let request):
            return .task(try await store.releaseLease(request, options: options))
        case .peek:
            return .delivery(try await store.peekMessage(taskID, options: options).abridged())
        case .read(let view):
            return .task(try await store.getTask(taskID, view: view, options: options).abridged())
        case .readResult:
            return .outcome(try await store.getResult(taskID, options: options).abridged())
        }
    }
}

extension Payload {
    fileprivate var unabridged: Payload { SeededPayload(contentType: contentType)?.payload ?? self }
}

extension TaskOperation: CustomStringConvertible {
    /// The name, and what the caller chose.
    public var description: String {
        let parts: [String?]
        switch self {
        case .create(let request):
            parts = [
                "create", request.statusMessage, request.ttlMilliseconds.map { "ttl \($0)" },
                request.request.map { "request \($0.contentType)" },
            ]
        case .update(let request):
            parts = [
                "update", request.status?.rawValue, request.statusMessage, request.progress?.text,
                request.expectedRevision.map { "if r\($0)" },
            ]
        case .storeResult(let request):
            parts = ["storeResult", request.result.contentType]
        case .complete(let request):
            parts = ["complete", request.result?.contentType]
        case .fail(let request):
            parts = ["fail", "\(request.error.code)", request.error.message, request.statusMessage]
        case .cancel(let request):
            parts = ["cancel", request.mode == .request ? "by request" : nil, request.statusMessage]
        case .delete:
            parts = ["delete"]
        case .enqueue(let request):
            parts = ["enqueue \(request.kind)", request.key, request.payload.contentType]
        case .dequeue:
            parts = ["dequeue"]
        case .clear:
            parts = ["clear"]
        case .provideInput(let request):
            parts = ["provideInput"] + request.responses.keys.sorted()
        case .claim(let request):
            parts = ["claim", request.worker, "\(request.leaseMilliseconds) ms", "\(request.onLoss) on loss"]
        case .renew(let request):
            parts = ["renew", "\(request.leaseMilliseconds) ms"]
        case .release:
            parts = ["release"]
        case .peek:
            parts = ["peek"]
        case .read(let view):
            parts = ["read \(view)"]
        case .readResult:
            parts = ["readResult"]
        }
        let proof = leaseToken.isEmpty ? nil : "with token \(leaseToken.hexadecimal)"
        return (parts + [proof]).compactMap(\.self).joined(separator: ", ")
    }
}

extension [UInt8] {
    /// Two digits a byte.
    var hexadecimal: String {
        map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}
