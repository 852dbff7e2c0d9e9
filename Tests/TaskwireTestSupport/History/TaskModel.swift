import Taskwire

/// What the contract says that one task is and does, with payloads abridged and a clock that stands still, but for
/// the moments before which a lease is not lost: the rules again, as briefly as possible and apart from the engine's, so that a fault in those shows.
struct TaskModel: Hashable {
    static let time = Timestamp(millisecondsSince1970: 0)

    /// What there is to see and to take.
    struct Content: Hashable {
        /// The task in full view while it is there.
        var state: TaskState?
        /// The highest revision so far, which a removed task leaves to its successor.
        var revision: UInt64 = 0
        /// What nobody has taken.
        var queue: [TaskMessage] = []
        /// The keys of all questions that were asked.
        var usedKeys: Set<String> = []
        /// What only the holder knows of the lease, while the task has one.
        var lease: Lease?
    }

    /// A lease that was granted or renewed.
    struct Lease: Hashable {
        let token: [UInt8]
        let onLoss: LeaseLossPolicy
        var milliseconds: Int64
        /// Before this moment it is not lost.
        var lastsUntil: UInt64
    }

    /// What a call is, and what the model cannot know by itself.
    struct Step {
        let operation: TaskOperation
        /// Without one it is a read.
        let requestID: RequestID?
        /// When it was first sent.
        let begin: UInt64
        /// The token that a claim returns.
        let leaseToken: [UInt8]
    }

    let taskID: String
    private(set) var content = Content()
    /// What each mutation returned that was carried out.
    private var answers: [RequestID: TaskAnswer] = [:]

    init(taskID: String) { self.taskID = taskID }

    /// Carries out one call.
    mutating func apply(_ step: Step) -> TaskAnswer {
        if let requestID = step.requestID, let answer = answers[requestID] { return answer }
        let answer = content.carryOut(step, taskID)
        if let requestID = step.requestID, answer.isRemembered { answers[requestID] = answer }
        return answer
    }

    /// The model after the lease ran out, where that may happen before `moment`.
    func afterLoss(before moment: UInt64) -> TaskModel? {
        guard let lease = content.lease, lease.lastsUntil < moment else { return nil }
        var model = self
        model.content.loseLease(lease)
        return model
    }
}

extension TaskModel.Lease {
    /// What the clocks of a server and of the history may differ by, in microseconds.
    private static let tolerance: UInt64 = 100_000

    fileprivate mutating func renew(for milliseconds: Int64, at begin: UInt64) {
        self.milliseconds = milliseconds
        lastsUntil = begin + UInt64(milliseconds) * 1000 - Self.tolerance
    }
}

extension TaskModel.Content {
    fileprivate mutating func carryOut(_ step: TaskModel.Step, _ taskID: String) -> TaskAnswer {
        let operation = step.operation
        if case .create(let request) = operation { return create(request, taskID) }
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
            self = TaskModel.Content(revision: revision + 1)
            return .deleted(true)
        case .enqueue(let request):
            return enqueue(request, state)
        case .dequeue:
            let message = queue.first
            queue = Array(queue.dropFirst())
            return .delivery(MessageDelivery(task: state.viewed(as: .basic), message: message))
        case .clear:
            let messages = queue
            queue = []
            return .cleared(ClearedMessages(task: state.viewed(as: .basic), messages: messages))
        case .peek:
            return .delivery(MessageDelivery(task: state.viewed(as: .basic), message: queue.first))
        case .provideInput(let request):
            return provide(request, state)
        case .claim(let request):
            return claim(request, step, state)
        case .renew(let request):
            guard var held = lease, request.leaseToken == held.token else {
                return .refused(.leaseLost, state.viewed(as: .basic))
            }
            let isAsBefore = request.leaseMilliseconds == 0
            held.renew(for: isAsBefore ? held.milliseconds : request.leaseMilliseconds, at: step.begin)
            lease = held
            return .task(state.viewed(as: .basic))
        case .release(let request):
            guard request.leaseToken == lease?.token else {
                return .refused(.leaseLost, state.viewed(as: .basic))
            }
            state.lease = nil
            return .task(take(state))
        default:
            let isHolder = operation.leaseToken == lease?.token ?? []
            if let refusal = state.change(operation, isHolder: isHolder) { return refusal }
            return .task(take(state))
        }
    }

    fileprivate mutating func loseLease(_ lost: TaskModel.Lease) {
        guard var state else { return }
        state.lease = nil
        if lost.onLoss == .fail {
            let reason = TaskwireError.Reason.leaseLost.rawValue
            let details = Array(#"{"reason":"\#(reason)"}"#.utf8)
            state.statusMessage = "worker lost"
            state.end(as: .failed, error: TaskError(message: "worker lost", data: details))
        }
        _ = take(state)
    }

    /// The task is `new` from now on.
    private mutating func take(_ new: TaskState) -> TaskState {
        var new = new
        if new.status.isTerminal {
            new.inputRequests = []
            new.lease = nil
            queue.removeAll { $0.kind == .request }
        }
        if new.lease == nil { lease = nil }
        if new != state {
            revision += 1
            new.revision = revision
            state = new
        }
        return new.viewed(as: .basic)
    }

    private mutating func claim(
        _ request: ClaimTaskRequest,
        _ step: TaskModel.Step,
        _ before: TaskState
    ) -> TaskAnswer {
        if before.status.isTerminal { return .refused(.taskTerminal, before.viewed(as: .basic)) }
        if before.lease != nil { return .refused(.leaseHeld, before.viewed(as: .basic)) }
        var after = before
        after.lease = TaskLease(worker: request.worker, expiresAt: TaskModel.time)
        var lease = TaskModel.Lease(
            token: step.leaseToken,
            onLoss: request.onLoss,
            milliseconds: 0,
            lastsUntil: 0
        )
        lease.renew(for: request.leaseMilliseconds, at: step.begin)
        let claim = TaskClaim(task: take(after), leaseToken: lease.token)
        self.lease = lease
        return .claim(claim)
    }

    private mutating func enqueue(_ request: EnqueueMessageRequest, _ before: TaskState) -> TaskAnswer {
        if before.status.isTerminal { return .refused(.taskTerminal, before.viewed(as: .basic)) }
        guard request.leaseToken == lease?.token ?? [] else {
            return .refused(.leaseLost, before.viewed(as: .basic))
        }
        var after = before
        if request.kind == .request {
            guard usedKeys.insert(request.key).inserted else {
                return .refused(.inputKeyUsed, before.viewed(as: .basic))
            }
            after.inputRequests.append(InputRequest(key: request.key, payload: request.payload))
            after.status = .inputRequired
        }
        let message = TaskMessage(
            key: request.key,
            kind: request.kind,
            payload: request.payload,
            enqueuedAt: TaskModel.time
        )
        queue.append(message)
        return .task(take(after))
    }

    private mutating func provide(_ request: ProvideInputRequest, _ before: TaskState) -> TaskAnswer {
        if before.status.isTerminal { return .refused(.taskTerminal, before.viewed(as: .basic)) }
        let accepted = before.inputRequests.map(\.key).filter { request.responses[$0] != nil }.sorted()
        var after = before
        after.inputRequests.removeAll { accepted.contains($0.key) }
        queue.removeAll { $0.kind == .request && accepted.contains($0.key) }
        if !accepted.isEmpty, after.inputRequests.isEmpty, after.status == .inputRequired {
            after.status = .working
        }
        return .receipt(InputReceipt(task: take(after), acceptedKeys: accepted))
    }

    private mutating func create(_ request: CreateTaskRequest, _ taskID: String) -> TaskAnswer {
        if let state { return .refused(.taskExists, state.viewed(as: .basic)) }
        revision += 1
        let created = TaskState(
            id: taskID,
            statusMessage: request.statusMessage,
            createdAt: TaskModel.time,
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
    fileprivate mutating func change(_ operation: TaskOperation, isHolder: Bool) -> TaskAnswer? {
        let terminal = TaskAnswer.refused(.taskTerminal, viewed(as: .basic))
        let leaseLost = TaskAnswer.refused(.leaseLost, viewed(as: .basic))
        switch operation {
        case .create, .delete, .read, .readResult, .enqueue, .dequeue, .clear, .peek, .provideInput, .claim,
            .renew, .release:
            break
        case .update(let request):
            if let expected = request.expectedRevision, expected != revision {
                return .refused(.revisionMismatch, viewed(as: .basic))
            }
            let isTransition = request.status.map { $0 != status } ?? false
            if status.isTerminal, isTransition || request.progress != nil { return terminal }
            if !isHolder { return leaseLost }
            statusMessage = request.statusMessage ?? statusMessage
            progress = request.progress ?? progress
            guard isTransition, let new = request.status else { break }
            let failure = TaskError(message: request.statusMessage ?? "The task failed.")
            end(as: new, error: new == .failed ? failure : nil)
        case .storeResult(let request):
            if status.isTerminal { return terminal }
            if !isHolder { return leaseLost }
            result = request.result
        case .complete(let request):
            if status.isTerminal { return terminal }
            if !isHolder { return leaseLost }
            guard let final = request.result ?? result else { return .refused(.invalidField, nil) }
            result = final
            end(as: .completed)
        case .fail(let request):
            if status.isTerminal { return terminal }
            if !isHolder { return leaseLost }
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

    fileprivate mutating func end(as new: TaskStatus, error failure: TaskError? = nil) {
        status = new
        error = failure
        if new == .failed || new == .cancelled { result = nil }
    }
}
