import Taskwire
import TaskwireTestSupport
import Testing

/// The checker of the crash test: it accepts what the contract allows, and sees every kind of fault.
@Suite("Histories")
struct HistoryTests {
    private let working = TaskOperation.update(UpdateTaskRequest(taskID: "t", statusMessage: "on it"))
    private let cancel = TaskOperation.cancel(CancelTaskRequest(taskID: "t"))

    private func complete(_ number: UInt64) -> TaskOperation {
        let result = SeededPayload(seed: number, byteCount: 100).abridged
        return .complete(CompleteTaskRequest(taskID: "t", result: result))
    }

    private func store(_ number: UInt64) -> TaskOperation {
        let result = SeededPayload(seed: number, byteCount: 100).abridged
        return .storeResult(StoreResultRequest(taskID: "t", result: result))
    }

    private func enqueue(_ number: UInt64) -> TaskOperation {
        let payload = SeededPayload(seed: number, byteCount: 100).abridged
        return .enqueue(EnqueueMessageRequest(taskID: "t", kind: .notification, payload: payload))
    }

    private func ask(_ key: String) -> TaskOperation {
        let payload = SeededPayload(seed: 1, byteCount: 100).abridged
        return .enqueue(EnqueueMessageRequest(taskID: "t", kind: .request, key: key, payload: payload))
    }

    private func answer(_ key: String) -> TaskOperation {
        let payload = SeededPayload(seed: 2, byteCount: 100).abridged
        return .provideInput(ProvideInputRequest(taskID: "t", responses: [key: payload]))
    }

    private func claim(_ worker: String, onLoss: LeaseLossPolicy = .release) -> TaskOperation {
        .claim(ClaimTaskRequest(taskID: "t", worker: worker, lease: .seconds(1), onLoss: onLoss))
    }

    private func renew(_ token: [UInt8] = []) -> TaskOperation {
        .renew(RenewLeaseRequest(taskID: "t", leaseToken: token))
    }

    private func release(_ token: [UInt8] = []) -> TaskOperation {
        .release(ReleaseLeaseRequest(taskID: "t", leaseToken: token))
    }

    // MARK: Honest servers

    @Test(arguments: UInt64(0)..<50)
    func whatAStoreDoesIsExplained(number: UInt64) async throws {
        var generator = SeededGenerator(seed: number)
        var recorder = Recorder()
        var sent: [(TaskOperation, RequestID)] = []
        for step in 0..<30 as Range<UInt64> {
            let revision = UInt64.random(in: 1...6, using: &generator)
            let message = UpdateTaskRequest(
                taskID: "t",
                statusMessage: "step \(step)",
                expectedRevision: revision
            )
            let error = TaskError(message: "step \(step)")
            let operations: [TaskOperation] = [
                .create(CreateTaskRequest(taskID: "t")), working, store(step), .update(message),
                .update(UpdateTaskRequest(taskID: "t", status: .inputRequired)),
                .update(UpdateTaskRequest(taskID: "t", progress: TaskProgress(current: Double(step)))),
                .update(
                    UpdateTaskRequest(
                        taskID: "t",
                        status: TaskStatus.allCases.randomElement(using: &generator)
                    )
                ),
                .cancel(CancelTaskRequest(taskID: "t", mode: .request)), cancel, complete(step),
                .complete(CompleteTaskRequest(taskID: "t", result: nil)),
                .fail(FailTaskRequest(taskID: "t", error: error)), .delete, .read(.full), .read(.basic),
                .readResult, .dequeue, .clear, .peek, enqueue(step), ask("q\(step % 7)"), enqueue(step),
                answer("q\(step % 5)"), claim("w\(step)", onLoss: step.isMultiple(of: 3) ? .fail : .release),
                claim("w\(step)"), renew(), renew(), release(),
            ]
            recorder.advance(by: .milliseconds(Int.random(in: 0...500, using: &generator)))
            let isRepeat = Int.random(in: 0..<4, using: &generator) == 0
            if isRepeat, let (operation, id) = sent.randomElement(using: &generator) {
                try await recorder.call(operation, id: id)
            } else {
                var operation = try #require(operations.randomElement(using: &generator))
                // Mostly that of the lease that was taken last.
                let tokens = recorder.leaseTokens
                let isOld = Int.random(in: 0..<4, using: &generator) == 0
                operation.leaseToken = (isOld ? tokens.randomElement(using: &generator) : tokens.last) ?? []
                let id = RequestID.random()
                if operation.isMutation { sent.append((operation, id)) }
                try await recorder.call(operation, id: id)
            }
        }
        #expect(recorder.history.violations() == [], "\(recorder.history)")
    }

    @Test(arguments: [true, false])
    func aMutationWithoutAnswerMayOrMayNotHaveHappened(hasHappened: Bool) async throws {
        var recorder = try await Recorder(withTask: "t")
        if hasHappened { try await recorder.call(complete(1), isNoted: false) }
        recorder.note(complete(1), id: .random(), .unknown)
        try await recorder.call(.read(.full))
        try await recorder.call(cancel)
        try await recorder.call(.readResult)
        #expect(recorder.history.violations() == [], "\(recorder.history)")
    }

    @Test
    func callsAtTheSameTimeMayHaveHappenedInEitherOrder() async throws {
        var recorder = try await Recorder(withTask: "t")
        let first = try await recorder.call(working, isNoted: false)
        let second = try await recorder.call(cancel, isNoted: false)
        let (begin, later) = (recorder.tick(), recorder.tick())
        recorder.note(cancel, id: .random(), answer: second, begin: begin)
        recorder.note(working, id: .random(), answer: first, begin: later)
        #expect(recorder.history.violations() == [], "\(recorder.history)")
    }

    @Test
    func messagesOfTheSameTimeMayBeTakenInEitherOrder() async throws {
        var recorder = try await Recorder(withTask: "t")
        let first = try await recorder.call(enqueue(1), isNoted: false)
        let second = try await recorder.call(enqueue(2), isNoted: false)
        let (begin, later) = (recorder.tick(), recorder.tick())
        recorder.note(enqueue(2), id: .random(), answer: second, begin: begin)
        recorder.note(enqueue(1), id: .random(), answer: first, begin: later)
        try await recorder.call(.dequeue)
        try await recorder.call(.clear)
        #expect(recorder.history.violations() == [], "\(recorder.history)")
    }

    @Test
    func aLeaseThatRunsOutIsExplainedWhenNobodyKnowsWhetherItWasRenewed() async throws {
        var recorder = try await Recorder(withTask: "t")
        let token = try await recorder.claim(claim("w", onLoss: .fail))
        recorder.note(renew(token), id: .random(), .unknown)
        recorder.advance(by: .seconds(1))
        try await recorder.call(.read(.full))
        try await recorder.call(complete(1))
        #expect(recorder.history.violations() == [], "\(recorder.history)")
    }

    // MARK: Faulty servers

    @Test
    func anAcknowledgedMutationWithALostLeaseIsSeen() async throws {
        var recorder = try await Recorder(withTask: "t")
        let token = try await recorder.claim(claim("w"))
        recorder.advance(by: .seconds(1))
        try await recorder.call(.read(.basic))
        let answer = try await recorder.call(store(1), isNoted: false)
        var stale = store(1)
        stale.leaseToken = token
        recorder.note(stale, id: .random(), answer: answer)
        #expect(recorder.kinds == [.staleLease], "\(recorder.history)")
    }

    @Test
    func anAcknowledgedMutationWithALostLeaseIsSeenWhereOnlyTheNextClaimWas() async throws {
        var recorder = try await Recorder(withTask: "t")
        let token = try await recorder.claim(claim("w"))
        recorder.advance(by: .seconds(1))
        let next = try await recorder.claim(claim("v"))
        var own = store(1)
        own.leaseToken = next
        let answer = try await recorder.call(own, isNoted: false)
        var stale = store(1)
        stale.leaseToken = token
        recorder.note(stale, id: .random(), answer: answer)
        #expect(recorder.kinds == [.staleLease], "\(recorder.history)")
    }

    @Test
    func twoLeasesWithOneTokenAreSeen() async throws {
        var recorder = try await Recorder(withTask: "t")
        let token = try await recorder.claim(claim("w"))
        try await recorder.call(release(token))
        guard case .claim(var second) = try await recorder.call(claim("v"), isNoted: false) else { return }
        second.leaseToken = token
        recorder.note(claim("v"), id: .random(), answer: .claim(second))
        #expect(recorder.kinds == [.staleLease], "\(recorder.history)")
    }

    @Test
    func aMutationWithoutTheTokenOfTheLeaseIsNotExplained() async throws {
        var recorder = try await Recorder(withTask: "t")
        let token = try await recorder.claim(claim("w"))
        var own = store(1)
        own.leaseToken = token
        let answer = try await recorder.call(own, isNoted: false)
        recorder.note(store(1), id: .random(), answer: answer)
        #expect(recorder.kinds == [.unexplained], "\(recorder.history)")
    }

    @Test(arguments: [LeaseLossPolicy.fail, .release])
    func aLeaseThatIsLostTooEarlyIsNotExplained(onLoss: LeaseLossPolicy) async throws {
        var recorder = try await Recorder(withTask: "t")
        let token = try await recorder.claim(claim("w", onLoss: onLoss))
        recorder.advance(by: .milliseconds(600))
        try await recorder.call(renew(token))
        recorder.advance(by: .milliseconds(600))
        // The server thinks that more time went by.
        recorder.advance(by: .milliseconds(400), isNoted: false)
        try await recorder.call(.read(.full))
        #expect(recorder.kinds == [.unexplained], "\(recorder.history)")
    }

    @Test
    func aMessageThatIsTakenTwiceIsNotExplained() async throws {
        var recorder = try await Recorder(withTask: "t")
        try await recorder.call(enqueue(1))
        let taken = try await recorder.call(.dequeue)
        recorder.note(.dequeue, id: .random(), answer: taken)
        #expect(recorder.kinds == [.unexplained], "\(recorder.history)")
    }

    @Test
    func aRepeatThatTakesAnotherMessageIsDoubled() async throws {
        var recorder = try await Recorder(withTask: "t")
        let id = RequestID.random()
        try await recorder.call(enqueue(1))
        try await recorder.call(enqueue(2))
        try await recorder.call(.dequeue, id: id)
        let other = try await recorder.call(.dequeue, isNoted: false)
        recorder.note(.dequeue, id: id, answer: other)
        #expect(recorder.kinds == [.doubled], "\(recorder.history)")
    }

    @Test
    func anAcknowledgedMessageThatIsNotThereIsNotExplained() async throws {
        var recorder = try await Recorder(withTask: "t")
        let before = try await recorder.call(.peek)
        try await recorder.call(enqueue(1))
        recorder.note(.peek, answer: before)
        #expect(recorder.kinds == [.unexplained], "\(recorder.history)")
    }

    @Test
    func anAcknowledgedAnswerThatIsOpenAgainIsLost() async throws {
        var recorder = try await Recorder(withTask: "t")
        try await recorder.call(ask("q"))
        let before = try await recorder.call(.read(.full), isNoted: false)
        try await recorder.call(answer("q"))
        recorder.note(.read(.full), answer: before)
        #expect(recorder.kinds == [.lost], "\(recorder.history)")
    }

    @Test
    func anAcknowledgedUpdateThatIsNotThereIsLost() async throws {
        var recorder = try await Recorder(withTask: "t")
        let before = try await recorder.call(.read(.full), isNoted: false)
        try await recorder.call(working)
        recorder.note(.read(.full), answer: before)
        #expect(recorder.kinds == [.lost], "\(recorder.history)")
    }

    @Test
    func anAcknowledgedUpdateWhoseRevisionGoesToAnotherIsLost() async throws {
        var recorder = try await Recorder(withTask: "t")
        var forgetful = try await recorder.copy()
        try await recorder.call(working)
        let answer = try await forgetful.call(cancel)
        recorder.note(cancel, id: .random(), answer: answer)
        #expect(recorder.kinds == [.lost], "\(recorder.history)")
    }

    @Test
    func anAcknowledgedTaskThatIsNotThereIsLost() async throws {
        var recorder = try await Recorder(withTask: "t")
        recorder.note(.read(.basic), answer: .refused(.taskNotFound, nil))
        #expect(recorder.kinds == [.lost], "\(recorder.history)")
    }

    @Test
    func aStoredResultThatIsNotThereIsNotExplained() async throws {
        var recorder = try await Recorder(withTask: "t")
        try await recorder.call(store(1))
        guard case .task(var state) = try await recorder.call(.read(.full), isNoted: false) else { return }
        state.result = nil
        recorder.note(.read(.full), answer: .task(state))
        #expect(recorder.kinds == [.unexplained], "\(recorder.history)")
    }

    @Test
    func aRemovedTaskThatComesBackIsNotExplained() async throws {
        var recorder = try await Recorder(withTask: "t")
        let before = try await recorder.call(.read(.full))
        recorder.note(.delete, id: .random(), answer: .deleted(true))
        recorder.note(.read(.full), answer: before)
        #expect(recorder.kinds == [.unexplained], "\(recorder.history)")
    }

    @Test
    func aRepeatThatTakesEffectAgainIsDoubled() async throws {
        var recorder = try await Recorder(withTask: "t")
        let id = RequestID.random()
        try await recorder.call(store(1), id: id)
        try await recorder.call(working)
        let again = try await recorder.call(store(2), isNoted: false)
        recorder.note(store(1), id: id, answer: again)
        #expect(recorder.kinds == [.doubled], "\(recorder.history)")
    }

    @Test
    func aRetryInsideACallThatTakesEffectAgainIsDoubled() async throws {
        var recorder = try await Recorder(withTask: "t")
        try await recorder.call(store(1), isNoted: false)
        let answer = try await recorder.call(store(2), isNoted: false)
        recorder.note(store(2), id: .random(), answer: answer)
        #expect(recorder.kinds == [.doubled], "\(recorder.history)")
    }

    @Test
    func aMutationWithoutAnswerThatTakesEffectTwiceIsNotExplained() async throws {
        var recorder = try await Recorder(withTask: "t")
        try await recorder.call(store(1), isNoted: false)
        try await recorder.call(store(2), isNoted: false)
        recorder.note(store(1), id: .random(), .unknown)
        // Enough other mutations were sent for the revision to be possible.
        try await recorder.call(
            .update(UpdateTaskRequest(taskID: "t", statusMessage: "x", expectedRevision: 9))
        )
        try await recorder.call(.read(.full))
        #expect(recorder.kinds == [.unexplained], "\(recorder.history)")
    }

    @Test
    func aTerminalStateThatChangesIsSeen() async throws {
        var recorder = try await Recorder(withTask: "t")
        try await recorder.call(complete(1))
        guard case .task(var state) = try await recorder.call(.read(.full)) else { return }
        state.status = .cancelled
        state.revision += 1
        recorder.note(cancel, id: .random(), answer: .task(state.viewed(as: .basic)))
        #expect(recorder.kinds == [.terminalChanged], "\(recorder.history)")
    }

    @Test
    func aSecondWinnerIsNotExplained() async throws {
        var recorder = try await Recorder(withTask: "t")
        try await recorder.call(complete(1))
        guard case .task(let state) = try await recorder.call(.read(.full)) else { return }
        recorder.note(complete(2), id: .random(), answer: .task(state.viewed(as: .basic)))
        #expect(recorder.kinds == [.unexplained], "\(recorder.history)")
    }

    @Test
    func aRefusalWithoutReasonIsNotExplained() async throws {
        var recorder = try await Recorder(withTask: "t")
        guard case .task(let state) = try await recorder.call(.read(.basic)) else { return }
        recorder.note(complete(1), id: .random(), answer: .refused(.taskTerminal, state))
        #expect(recorder.kinds == [.unexplained], "\(recorder.history)")
    }

    // MARK: Payloads

    @Test(arguments: [1, 7, 8, 9, 100_000])
    func aTornPayloadIsSeen(byteCount: Int) throws {
        let whole = SeededPayload(seed: 1, byteCount: byteCount).payload
        #expect(whole.data.count == byteCount)
        let state = TaskState(id: "t", createdAt: .now, result: whole)
        let abridged = try state.abridged()
        #expect(abridged.result == SeededPayload(seed: 1, byteCount: byteCount).abridged)

        var short = state
        short.result?.data.removeLast()
        var changed = state
        changed.result?.data[byteCount / 2] ^= 1
        var exchanged = state
        exchanged.result?.contentType = SeededPayload(seed: 2, byteCount: byteCount).abridged.contentType
        for torn in [short, changed, exchanged] {
            #expect(throws: TornPayload.self) { try torn.abridged() }
        }
    }
}

/// Calls a store in memory and notes what it answers, or something else.
private struct Recorder {
    private(set) var history = TaskHistory(taskID: "t")
    private let clock = ManualClock()
    private let store: TaskEngine<MemoryStorage, ManualClock>
    private let creation = RequestID.random()
    private var moment: UInt64 = 0

    init() {
        store = TaskEngine(storage: MemoryStorage(), clock: clock)
    }

    init(withTask taskID: String) async throws {
        self.init()
        try await call(.create(CreateTaskRequest(taskID: taskID)), id: creation)
    }

    /// Another store in the state that this one was in when its task was created.
    func copy() async throws -> Recorder {
        var copy = Recorder()
        try await copy.call(.create(CreateTaskRequest(taskID: "t")), id: creation)
        return copy
    }

    /// Of all leases that were taken.
    var leaseTokens: [[UInt8]] {
        history.calls.compactMap { if case .claim(let claim) = $0.answer { claim.leaseToken } else { nil } }
    }

    /// Lets time go by, for the store and, unless the history does not note it, for the history.
    mutating func advance(by duration: Duration, isNoted: Bool = true) {
        clock.advance(by: duration)
        if isNoted { moment += UInt64(duration / .microseconds(1)) }
    }

    /// Takes a lease and returns its token.
    mutating func claim(_ operation: TaskOperation) async throws -> [UInt8] {
        try await call(operation)
        return leaseTokens.last ?? []
    }

    var kinds: [Violation.Kind] { history.violations().map(\.kind) }

    mutating func tick() -> UInt64 {
        moment += 1
        return moment
    }

    @discardableResult
    mutating func call(
        _ operation: TaskOperation,
        id: RequestID = .random(),
        isNoted: Bool = true
    ) async throws -> TaskAnswer {
        let answer: TaskAnswer
        do {
            let options = CallOptions(requestID: id)
            answer = try await operation.answer(of: store, on: "t", options: options)
        } catch let error as TaskwireError {
            answer = .refused(error.reason, error.task)
        }
        if isNoted { note(operation, id: operation.isMutation ? id : nil, answer: answer) }
        return answer
    }

    mutating func note(
        _ operation: TaskOperation,
        id: RequestID? = nil,
        answer: TaskAnswer,
        begin: UInt64? = nil
    ) {
        let begin = begin ?? tick()
        note(operation, id: id, .answered(answer, at: tick()), begin: begin)
    }

    mutating func note(
        _ operation: TaskOperation,
        id: RequestID? = nil,
        _ ending: TaskCall.Ending,
        begin: UInt64? = nil
    ) {
        let call = TaskCall(caller: 0, operation: operation, requestID: id, begin: begin ?? tick())
        history.end(history.begin(call), ending)
    }
}
