import Taskwire

/// What the contract says that one task is and does, with payloads abridged and a clock that stands still: the rules
/// again, as briefly as possible and apart from the engine's, so that a fault in those shows.
struct TaskModel: Hashable {
    static let time = Timestamp(millisecondsSince1970: 0)

    let taskID: String
    /// The task in full view while it is there.
    private(set) var state: TaskState?
    /// The highest revision so far, which a removed task leaves to its successor.
    private(set) var revision: UInt64 = 0
    /// What each mutation returned that was carried out.
    private var answers: [RequestID: TaskAnswer] = [:]

    init(taskID: String) { self.taskID = taskID }

    /// Carries out one call. Without a request id it is a read.
    mutating func apply(_ operation: TaskOperation, requestID: RequestID?) -> TaskAnswer {
        if let requestID, let answer = answers[requestID] { return answer }
        let answer = carryOut(operation)
        if let requestID, answer.isAcknowledged, answer != .deleted(false) { answers[requestID] = answer }
        return answer
    }

    private mutating func carryOut(_ operation: TaskOperation) -> TaskAnswer {
        if case .create(let request) = operation { return create(request) }
        guard var state else {
            return operation == .delete ? .deleted(false) : .refused(.taskNotFound, nil)
        }
        switch operation {
        case .create, .read(.full): return .task(state)
        case .read(.basic): return .task(state.viewed(as: .basic))
        case .readResult:
            let basic = state.viewed(as: .basic)
            return .outcome(TaskOutcome(task: basic, result: state.result, error: state.error))
        case .delete:
            self.state = nil
            revision += 1
            return .deleted(true)
        default:
            if let refusal = state.change(operation) { return refusal }
            if state != self.state {
                revision += 1
                state.revision = revision
                self.state = state
            }
            return .task(state.viewed(as: .basic))
        }
    }

    private mutating func create(_ request: CreateTaskRequest) -> TaskAnswer {
        if let state { return .refused(.taskExists, state.viewed(as: .basic)) }
        revision += 1
        let created = TaskState(
            id: taskID,
            statusMessage: request.statusMessage,
            createdAt: Self.time,
            ttlMilliseconds: request.ttlMilliseconds,
            pollIntervalMilliseconds: request.pollIntervalMilliseconds
                ?? TaskState.defaultPollIntervalMilliseconds,
            revision: revision,
            labels: request.labels,
            request: request.request,
            immediateResponse: request.immediateResponse
        )
        state = created
        return .task(created.viewed(as: .basic))
    }
}

extension TaskState {
    /// Changes what the operation says, or returns why not.
    fileprivate mutating func change(_ operation: TaskOperation) -> TaskAnswer? {
        let terminal = TaskAnswer.refused(.taskTerminal, viewed(as: .basic))
        switch operation {
        case .create, .delete, .read, .readResult:
            break
        case .update(let request):
            if let expected = request.expectedRevision, expected != revision {
                return .refused(.revisionMismatch, viewed(as: .basic))
            }
            let isTransition = request.status.map { $0 != status } ?? false
            if status.isTerminal, isTransition || request.progress != nil { return terminal }
            statusMessage = request.statusMessage ?? statusMessage
            progress = request.progress ?? progress
            guard isTransition, let new = request.status else { break }
            let failure = TaskError(message: request.statusMessage ?? "The task failed.")
            end(as: new, error: new == .failed ? failure : nil)
        case .storeResult(let request):
            if status.isTerminal { return terminal }
            result = request.result
        case .complete(let request):
            if status.isTerminal { return terminal }
            guard let final = request.result ?? result else { return .refused(.invalidField, nil) }
            result = final
            end(as: .completed)
        case .fail(let request):
            if status.isTerminal { return terminal }
            statusMessage = request.statusMessage ?? request.error.message
            end(as: .failed, error: request.error)
        case .cancel(let request):
            if status.isTerminal { return request.mode == .request ? nil : terminal }
            isCancelRequested = true
            statusMessage = request.statusMessage ?? statusMessage
            if request.mode == .immediate { end(as: .cancelled) }
        }
        return nil
    }

    private mutating func end(as new: TaskStatus, error failure: TaskError? = nil) {
        status = new
        error = failure
        if new == .failed || new == .cancelled { result = nil }
    }
}
