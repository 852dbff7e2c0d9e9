import Taskwire
import TaskwireTestSupport
import Testing

@Suite("Conformance: once, and only once")
struct OnceOnlyConformance {
    /// A mutation that can be sent twice. The returned state is `nil` for a deletion.
    struct Step: Sendable, CustomTestStringConvertible {
        var name: String
        var send: @Sendable (any TaskStore, String, CallOptions) async throws -> TaskState?
        var testDescription: String { name }
    }

    static let steps: [Step] = [
        Step(name: "update") { store, id, options in
            try await store.updateTask(id, statusMessage: "once", options: options)
        },
        Step(name: "storeResult") { store, id, options in
            try await store.storeResult(.sample("once"), for: id, options: options)
        },
        Step(name: "complete") { store, id, options in
            try await store.completeTask(id, result: .sample("once"), options: options)
        },
        Step(name: "fail") { store, id, options in
            try await store.failTask(id, error: TaskError(message: "once"), options: options)
        },
        Step(name: "cancel") { store, id, options in
            try await store.cancelTask(id, options: options)
        },
        Step(name: "requestCancel") { store, id, options in
            try await store.cancelTask(id, mode: .request, options: options)
        },
        Step(name: "enqueue") { store, id, options in
            try await store.enqueueMessage(.sample("m"), kind: .notification, for: id, options: options)
        },
        Step(name: "requestInput") { store, id, options in
            try await store.requestInput("k", payload: .sample("q"), for: id, options: options)
        },
        Step(name: "delete") { store, id, options in
            let isDeleted = try await store.deleteTask(id, options: options)
            #expect(isDeleted)
            return nil
        },
    ]

    @Test(arguments: StoreUnderTest.allCases, steps)
    func aRepeatReturnsTheFirstOutcomeAndChangesNothing(_ kind: StoreUnderTest, _ step: Step) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let options = CallOptions(requestID: .random())
            let first = try await step.send(subject.store, task.id, options)
            subject.clock.advance(by: .seconds(1))
            let between = try? await subject.store.updateTask(task.id, statusMessage: "changed since")
            #expect(try await step.send(subject.store, task.id, options) == first)
            #expect((try? await subject.store.getTask(task.id)) == between, "the repeat changed nothing")
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aRepeatedCreateFindsItsTask(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            for id in [nil, "mine"] {
                let options = CallOptions(requestID: .random())
                let first = try await subject.store.createTask(id: id, options: options)
                _ = try await subject.store.updateTask(first.id, statusMessage: "changed since")
                #expect(try await subject.store.createTask(id: id, options: options) == first)
            }
            #expect(try await subject.store.listTasks().tasks.count == 2)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aRepeatAfterDeletionIsStillAnswered(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let completion = CallOptions(requestID: .random())
            let deletion = CallOptions(requestID: .random())
            let done = try await subject.store.completeTask(
                task.id,
                result: .sample("x"),
                options: completion
            )
            #expect(try await subject.store.deleteTask(task.id, options: deletion))
            #expect(
                try await subject.store.completeTask(task.id, result: .sample("x"), options: completion)
                    == done
            )
            #expect(try await subject.store.deleteTask(task.id, options: deletion))
            _ = try await subject.store.createTask(id: task.id)
            #expect(try await subject.store.deleteTask(task.id, options: deletion), "says what it said")
            #expect(try await subject.store.getTask(task.id).status == .working, "and deletes nothing")
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aLateRepeatDoesNotPutAnOldResultBack(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let options = CallOptions(requestID: .random())
            let first = try await subject.store.storeResult(.sample("a"), for: task.id, options: options)
            _ = try await subject.store.storeResult(.sample("b"), for: task.id)
            #expect(
                try await subject.store.storeResult(.sample("a"), for: task.id, options: options) == first
            )
            #expect(try await subject.store.getResult(task.id).result == .sample("b"))
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aRepeatIsAnsweredWithItsOwnTaskWhenTheIDHasAnother(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let options = CallOptions(requestID: .random())
            let store = subject.store
            let first = try await store.createTask(id: "t", labels: ["number": "1"], options: options)
            _ = try await store.deleteTask("t")
            subject.clock.advance(by: .seconds(5))
            _ = try await store.createTask(id: "t", labels: ["number": "2"])
            #expect(try await store.createTask(id: "t", labels: ["number": "1"], options: options) == first)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func theSameIDWithAnotherRequestIsRefused(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let options = CallOptions(requestID: .random())
            let first = try await subject.store.updateTask(task.id, statusMessage: "one", options: options)
            try await expectRefusal(.invalidArgument, .requestIDReused) {
                try await subject.store.updateTask(task.id, statusMessage: "two", options: options)
            }
            try await expectRefusal(.invalidArgument, .requestIDReused) {
                try await subject.store.cancelTask(task.id, options: options)
            }
            #expect(try await subject.store.getTask(task.id) == first)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func thirtyTwoMutationsAreRemembered(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let creation = CallOptions(requestID: .random())
            let task = try await subject.store.createTask(id: "t", options: creation)
            var sent: [(CallOptions, TaskState)] = []
            for step in 0..<100 {
                let options = CallOptions(requestID: .random())
                let state = try await subject.store.updateTask(
                    task.id,
                    statusMessage: "\(step)",
                    options: options
                )
                sent.append((options, state))
                let oldest = max(0, sent.count - 32)
                let repeated = try await subject.store.updateTask(
                    task.id,
                    statusMessage: "\(oldest)",
                    options: sent[oldest].0
                )
                #expect(repeated == sent[oldest].1)
            }
            subject.clock.advance(by: .seconds(62))
            try await expectRefusal(.alreadyExists, .taskExists) {
                try await subject.store.createTask(id: "t", options: creation)
            }
            for (step, (options, state)) in sent.enumerated().suffix(32) {
                let repeated = try await subject.store.updateTask(
                    task.id,
                    statusMessage: "\(step)",
                    options: options
                )
                #expect(repeated == state)
            }
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func whatMayBeRepeatedIsRememberedHoweverOftenTheTaskChanges(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let creation = CallOptions(requestID: .random())
            let task = try await subject.store.createTask(id: "t", options: creation)
            var sent: [(CallOptions, TaskState)] = []
            for step in 0..<200 {
                let options = CallOptions(requestID: .random())
                let state = try await subject.store.updateTask(
                    "t",
                    statusMessage: "\(step)",
                    options: options
                )
                sent.append((options, state))
            }
            subject.clock.advance(by: .seconds(60))
            #expect(try await subject.store.createTask(id: "t", options: creation) == task)
            for (step, (options, state)) in sent.enumerated() {
                let repeated = try await subject.store.updateTask(
                    "t",
                    statusMessage: "\(step)",
                    options: options
                )
                #expect(repeated == state)
            }
            #expect(try await subject.store.getTask("t").revision == 201)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aTaskThatWouldHaveToForgetIsChangedNoMoreUntilItMay(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let claim = try await subject.store.claimTask(task.id, worker: "w", lease: .seconds(600))
            let text = String(repeating: "x", count: 8192)
            let first = CallOptions(requestID: .random())
            func update(_ options: CallOptions) async throws -> TaskState {
                let request = UpdateTaskRequest(
                    taskID: task.id,
                    statusMessage: text,
                    leaseToken: claim.leaseToken
                )
                return try await subject.store.updateTask(request, options: options)
            }
            /// Updates the task until that is refused, and returns how often it was.
            func fill() async throws -> Int {
                for count in 0..<1000 {
                    var options = CallOptions(requestID: .random())
                    options.deadline = .now.advanced(by: .seconds(1))
                    do {
                        _ = try await update(options)
                    } catch let error as TaskwireError where error.reason == .tooManyRequests {
                        #expect(error.code == .resourceExhausted)
                        #expect(try #require(error.retryAfter) > .seconds(1), "and no client repeats that")
                        return count
                    }
                }
                return 1000
            }
            let state = try await update(first)
            // The last 32 are kept whatever they take, and others in 64 KiB.
            #expect(try await (32...41).contains(fill()))
            #expect(try await update(first) == state, "it is remembered")
            _ = try await subject.store.renewLease(task.id, leaseToken: claim.leaseToken)
            subject.clock.advance(by: .seconds(62))
            #expect(try await (32...41).contains(fill()))
            // What ends a task need not wait.
            let result = Payload.sample("x")
            _ = try await subject.store.completeTask(task.id, result: result, leaseToken: claim.leaseToken)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aCallWhoseTimeIsOverIsNotExecuted(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let options = CallOptions(deadline: .now.advanced(by: .milliseconds(-1)))
            try await expectRefusal(.deadlineExceeded, .deadlineExceeded) {
                try await subject.store.cancelTask(task.id, options: options)
            }
            #expect(try await subject.store.getTask(task.id) == task)
        }
    }
}
