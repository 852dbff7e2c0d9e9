import Foundation
import Taskwire
import TaskwireClient
import TaskwireTestSupport

/// One client, which makes random calls until the ledger is stopped.
struct Client {
    private static let largestPayload = 200_000.0
    /// All that a task may get of these is kept for those who took it, also when the task is removed.
    private static let largestMessage = 2000.0

    let caller: Caller
    /// The slots that are everybody's.
    let sharedSlots: Range<Int>
    /// The slots that are everybody's, too, and so many that their tasks outlive their leases.
    let slowSlots: Range<Int>
    var generator: SeededGenerator

    private var ledger: Ledger { caller.ledger }
    private var auditor: Auditor { Auditor(caller: caller) }

    mutating func run() async {
        while !ledger.isStopped, !Task.isCancelled {
            switch Int.random(in: 0..<100, using: &generator) {
            case 0: await auditor.checkListing(pageSize: .random(in: 100...1000, using: &generator))
            case 1..<8: await audit()
            default: await work()
            }
        }
    }

    private mutating func audit() async {
        guard let retired = ledger.randomRetired(using: &generator) else { return }
        if Bool.random(using: &generator), let call = retired.repeats.randomElement(using: &generator) {
            await auditor.repeatCall(call, of: retired)
        } else {
            await auditor.read(retired)
        }
    }

    /// One call on a task of its own or on one that all share.
    private mutating func work() async {
        let slot =
            switch Int.random(in: 0..<5, using: &generator) {
            case 0..<2: caller.number
            case 2..<4: Int.random(in: sharedSlots, using: &generator)
            default: Int.random(in: slowSlots, using: &generator)
            }
        let requestID = RequestID(high: generator.next(), low: generator.next())
        let isServerMade = Bool.random(using: &generator)
        let ownID = isServerMade ? nil : "own-\(requestID)"
        let newID = ownID ?? TaskID.derived(owner: "", requestID: requestID)
        let glance = ledger.enter(slot, newID: newID)

        if glance.isNew, glance.taskID == newID {
            await call(.create(makeCreate(id: ownID, requestID)), requestID, on: newID)
        } else if Int.random(in: 0..<8, using: &generator) == 0,
            let earlier = glance.mutations.randomElement(using: &generator)
        {
            await call(earlier.operation, earlier.requestID, on: glance.taskID)
        } else {
            let isSlow = slowSlots.contains(slot)
            let operation = makeOperation(glance, requestID, isForWorker: isSlow)
            await call(operation, operation.isMutation ? requestID : nil, on: glance.taskID)
        }
        if ledger.leave(glance.taskID) { await auditor.retire(glance.taskID) }
    }

    private mutating func call(_ operation: TaskOperation, _ requestID: RequestID?, on taskID: String) async {
        // Impatient callers leave calls behind of which nobody knows the outcome.
        let isImpatient = Int.random(in: 0..<5, using: &generator) == 0
        let patience = Duration.milliseconds(pow(1000, Double.random(in: 0...1, using: &generator)))
        let timeout = isImpatient ? patience : Caller.patience
        await caller.record(operation, requestID: requestID, on: taskID, timeout: timeout)
    }

    // MARK: Choices

    /// Something to do, which is more often a worker's on tasks that outlive their leases.
    private mutating func makeOperation(
        _ glance: Ledger.Glance,
        _ requestID: RequestID,
        isForWorker: Bool
    ) -> TaskOperation {
        if Int.random(in: 0..<100, using: &generator) < (isForWorker ? 35 : 5) {
            return makeLeaseOperation(glance, requestID)
        }
        var operation = makeOperation(glance, requestID)
        // Also without the token where there is a lease, and with that of one that is lost.
        operation.leaseToken = randomToken(glance)
        return operation
    }

    private mutating func makeLeaseOperation(_ glance: Ledger.Glance, _ requestID: RequestID) -> TaskOperation
    {
        let taskID = glance.taskID
        let duration = Duration.milliseconds(Int.random(in: 1000...2000, using: &generator))
        switch Int.random(in: 0..<10, using: &generator) {
        case 0..<6 where !glance.isHeld || Int.random(in: 0..<4, using: &generator) == 0:
            return .claim(
                ClaimTaskRequest(
                    taskID: taskID,
                    worker: "client \(caller.number) by \(requestID)",
                    lease: duration,
                    onLoss: Int.random(in: 0..<4, using: &generator) == 0 ? .fail : .release
                )
            )
        case 0..<9:
            let isAsBefore = Bool.random(using: &generator)
            let token = randomToken(glance)
            return .renew(
                RenewLeaseRequest(taskID: taskID, leaseToken: token, lease: isAsBefore ? nil : duration)
            )
        default:
            return .release(ReleaseLeaseRequest(taskID: taskID, leaseToken: randomToken(glance)))
        }
    }

    /// Mostly that of the last lease.
    private mutating func randomToken(_ glance: Ledger.Glance) -> [UInt8] {
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: glance.leaseTokens.randomElement(using: &generator) ?? []
        case 1: []
        default: glance.isHeld ? glance.leaseTokens.last ?? [] : []
        }
    }

    private mutating func makeOperation(_ glance: Ledger.Glance, _ requestID: RequestID) -> TaskOperation {
        let taskID = glance.taskID
        let message = Bool.random(using: &generator) ? "by \(requestID)" : nil
        switch Int.random(in: 0..<100, using: &generator) {
        case 0..<20:
            return .update(makeUpdate(glance, message))
        case 20..<40:
            return makeInteraction(glance, requestID)
        case 40..<52:
            return .storeResult(StoreResultRequest(taskID: taskID, result: makePayload()))
        case 52..<56:
            let isStored = Int.random(in: 0..<4, using: &generator) == 0
            return .complete(CompleteTaskRequest(taskID: taskID, result: isStored ? nil : makePayload()))
        case 56..<58:
            let error = TaskError(
                code: Int32.random(in: -32768 ... -32000, using: &generator),
                message: "failed by \(requestID)",
                data: Bool.random(using: &generator) ? Array(#"{"by":"\#(requestID)"}"#.utf8) : nil
            )
            return .fail(FailTaskRequest(taskID: taskID, error: error, statusMessage: message))
        case 58..<60:
            return .cancel(CancelTaskRequest(taskID: taskID, statusMessage: message))
        case 60..<65:
            return .cancel(CancelTaskRequest(taskID: taskID, mode: .request, statusMessage: message))
        case 65..<67:
            return .delete
        case 67..<71 where taskID.hasPrefix("own-"):
            return .create(makeCreate(id: taskID, requestID))
        case 67..<88:
            return .read(Int.random(in: 0..<4, using: &generator) == 0 ? .basic : .full)
        default:
            return .readResult
        }
    }

    /// A message, a question or an answer, or whoever takes a message.
    private mutating func makeInteraction(_ glance: Ledger.Glance, _ requestID: RequestID) -> TaskOperation {
        let taskID = glance.taskID
        let questions = glance.mutations.compactMap { mutation in
            if case .enqueue(let request) = mutation.operation, request.kind == .request {
                request.key
            } else {
                nil
            }
        }
        switch Int.random(in: 0..<12, using: &generator) {
        case 0..<3:
            let payload = makePayload(largest: Self.largestMessage)
            return .enqueue(EnqueueMessageRequest(taskID: taskID, kind: .notification, payload: payload))
        case 3..<6:
            // Now and then a key that was used.
            let isOld = Int.random(in: 0..<4, using: &generator) == 0
            let key = isOld ? questions.randomElement(using: &generator) : nil
            let payload = makePayload(largest: Self.largestMessage)
            return .enqueue(
                EnqueueMessageRequest(
                    taskID: taskID,
                    kind: .request,
                    key: key ?? "asked by \(requestID)",
                    payload: payload
                )
            )
        case 6..<8:
            return .dequeue
        case 8:
            return .clear
        case 9:
            return .peek
        default:
            let keys = questions.filter { _ in Bool.random(using: &generator) } + ["unknown"]
            let responses = keys.map { ($0, makePayload(largest: Self.largestMessage)) }
            return .provideInput(
                ProvideInputRequest(taskID: taskID, responses: Dictionary(responses) { $1 })
            )
        }
    }

    private mutating func makeUpdate(_ glance: Ledger.Glance, _ message: String?) -> UpdateTaskRequest {
        var request = UpdateTaskRequest(taskID: glance.taskID, statusMessage: message)
        switch Int.random(in: 0..<20, using: &generator) {
        case 0..<6: request.status = .working
        case 6..<12: request.status = .inputRequired
        case 12: request.status = [.completed, .failed, .cancelled].randomElement(using: &generator)
        default: break
        }
        if Bool.random(using: &generator) {
            let current = Double(Int.random(in: 0...1_000_000, using: &generator))
            let isOpenEnded = Bool.random(using: &generator)
            request.progress = TaskProgress(current: current, total: isOpenEnded ? nil : 1_000_000)
        }
        if Int.random(in: 0..<3, using: &generator) == 0 { request.expectedRevision = glance.revision }
        return request
    }

    private mutating func makeCreate(id: String?, _ requestID: RequestID) -> CreateTaskRequest {
        CreateTaskRequest(
            taskID: id,
            ttl: Bool.random(using: &generator) ? .seconds(24 * 60 * 60) : nil,
            labels: ["client": "\(caller.number)"],
            request: Bool.random(using: &generator) ? makePayload() : nil,
            statusMessage: "created by \(requestID)"
        )
    }

    /// From 1 byte to some 100 KB, each order of magnitude as often as the others.
    private mutating func makePayload(largest: Double = Self.largestPayload) -> Payload {
        let byteCount = Int(pow(largest, Double.random(in: 0...1, using: &generator)))
        return SeededPayload(seed: generator.next(), byteCount: byteCount).abridged
    }
}
