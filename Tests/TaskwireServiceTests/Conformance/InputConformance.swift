import Taskwire
import TaskwireTestSupport
import Testing

@Suite("Conformance: input requests")
struct InputConformance {
    @Test(arguments: StoreUnderTest.allCases)
    func aQuestionMakesTheTaskInputRequiredUntilItIsAnswered(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let store = subject.store
            let task = try await store.createTask()
            let asked = try await store.requestInput("city", payload: .sample("Which?"), for: task.id)
            #expect(asked.status == .inputRequired)
            #expect(asked.revision == task.revision + 1)
            #expect(asked.inputRequests.isEmpty, "the basic view has no payloads")
            let also = try await store.requestInput("unit", payload: .sample("C or F?"), for: task.id)
            #expect(also.revision == asked.revision + 1)
            #expect(
                try await store.getTask(task.id, view: .full).inputRequests == [
                    InputRequest(key: "city", payload: .sample("Which?")),
                    InputRequest(key: "unit", payload: .sample("C or F?")),
                ]
            )

            let some = try await store.provideInput(
                ["city": .sample("Paris"), "x": .sample("?")],
                for: task.id
            )
            #expect(some.acceptedKeys == ["city"])
            #expect(some.task.status == .inputRequired)
            #expect(some.task.revision == also.revision + 1)
            #expect(try await store.getTask(task.id, view: .full).inputRequests.map(\.key) == ["unit"])

            let rest = try await store.provideInput(["unit": .sample("C")], for: task.id)
            #expect(rest.acceptedKeys == ["unit"])
            #expect(rest.task.status == .working)
            #expect(try await store.getTask(task.id, view: .full) == rest.task)
            #expect(try await store.waitForInput("city", of: task.id) == .sample("Paris"))
            #expect(try await store.waitForInput("unit", of: task.id) == .sample("C"))
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func anAnswerReachesWhoeverWaits(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let store = subject.store
            let task = try await store.createTask()
            _ = try await store.requestInput("k", payload: .sample("q"), for: task.id)
            async let first = store.waitForInput("k", of: task.id)
            async let second = store.waitForInput("k", of: task.id)
            await subject.untilWaiting(2)
            _ = try await store.provideInput(["k": .everyByte], for: task.id)
            #expect(try await first == .everyByte)
            #expect(try await second == .everyByte)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aQuestionWakesWhoeverWatchesTheTask(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            async let change = subject.store.waitTask(
                WaitTaskRequest(taskID: task.id, afterRevision: task.revision, view: .full),
                options: .default
            )
            await subject.clock.untilSleeping(for: .seconds(30))
            _ = try await subject.store.requestInput("k", payload: .sample("q"), for: task.id)
            #expect(
                try await change.task.inputRequests == [InputRequest(key: "k", payload: .sample("q"))]
            )
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func theFirstAnswerCounts(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let store = subject.store
            let task = try await store.createTask()
            _ = try await store.requestInput("k", payload: .sample("q"), for: task.id)
            let first = try await store.provideInput(["k": .sample("one")], for: task.id)
            let second = try await store.provideInput(["k": .sample("two")], for: task.id)
            #expect(second == InputReceipt(task: first.task, acceptedKeys: []))
            #expect(try await store.waitForInput("k", of: task.id) == .sample("one"))
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aKeyIsUsedOnceInATasksLife(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let store = subject.store
            let task = try await store.createTask()
            _ = try await store.requestInput("k", payload: .sample("q"), for: task.id)
            try await expectRefusal(.alreadyExists, .inputKeyUsed) {
                try await store.requestInput("k", payload: .sample("other"), for: task.id)
            }
            _ = try await store.provideInput(["k": .sample("a")], for: task.id)
            let refusal = try await expectRefusal(.alreadyExists, .inputKeyUsed) {
                try await store.enqueueMessage(.sample("q"), kind: .request, key: "k", for: task.id)
            }
            #expect(refusal.message.contains("\"k\""))
            #expect(refusal.task?.status == .working)
            // Notifications have no answers to be confused.
            _ = try await store.enqueueMessage(.sample("n"), kind: .notification, key: "k", for: task.id)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aQuestionIsAMessageAndAMessageMayBeAQuestion(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let store = subject.store
            let task = try await store.createTask()
            let queue = TaskMessageQueue(of: task.id, in: store)
            _ = try await store.requestInput("a", payload: .sample("qa"), for: task.id)
            try await queue.enqueue(.sample("qb"), kind: .request, key: "b")
            #expect(try await store.getTask(task.id, view: .full).inputRequests.map(\.key) == ["a", "b"])

            let delivered = try #require(try await queue.dequeue())
            #expect(delivered.kind == .request)
            #expect(delivered.key == "a")
            #expect(delivered.payload == .sample("qa"))
            #expect(
                try await store.getTask(task.id, view: .full).inputRequests.map(\.key) == ["a", "b"],
                "what was delivered is still to be answered"
            )
            _ = try await store.provideInput(["b": .sample("yes")], for: task.id)
            #expect(try await queue.isEmpty, "what is answered need not be delivered")
            #expect(
                try await store.provideInput(["a": .sample("no")], for: task.id).task.status == .working
            )
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aWaitForAnAnswerEndsWithItsTime(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let asked = try await subject.store.requestInput("k", payload: .sample("q"), for: task.id)
            async let refusal = expectRefusal(.deadlineExceeded, .deadlineExceeded) {
                let request = AwaitInputRequest(taskID: task.id, key: "k", wait: .seconds(3))
                return try await subject.store.awaitInput(request, options: .default)
            }
            await subject.clock.untilSleeping(for: .seconds(3))
            subject.clock.advance(by: .seconds(3))
            #expect(try await refusal.task == asked)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func nobodyWaitsForAnAnswerToNothing(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            _ = try await subject.store.enqueueMessage(
                .sample("n"),
                kind: .notification,
                key: "k",
                for: task.id
            )
            let refusal = try await expectRefusal(.invalidArgument, .invalidField) {
                try await subject.store.waitForInput("k", of: task.id)
            }
            #expect(refusal.message.contains("\"k\""))
            try await expectRefusal(.notFound, .taskNotFound) {
                try await subject.store.waitForInput("k", of: "nowhere")
            }
        }
    }

    @Test(arguments: StoreUnderTest.allCases, TaskStatus.allCases.filter(\.isTerminal))
    func afterTheEndNothingIsAskedOrAnswered(_ kind: StoreUnderTest, _ status: TaskStatus) async throws {
        try await kind.run { subject in
            let store = subject.store
            let task = try await store.createTask()
            for key in ["answered", "open"] {
                _ = try await store.requestInput(key, payload: .sample(key), for: task.id)
            }
            _ = try await store.provideInput(["answered": .sample("yes")], for: task.id)
            let ended = try await store.updateTask(task.id, status: status)
            #expect(try await store.getTask(task.id, view: .full).inputRequests.isEmpty)
            for refused in [
                { try await store.requestInput("new", payload: .sample("q"), for: task.id) },
                { try await store.provideInput(["open": .sample("late")], for: task.id).task },
                { try await store.provideInput([:], for: task.id).task },
            ] as [@Sendable () async throws -> TaskState] {
                let refusal = try await expectRefusal(.failedPrecondition, .taskTerminal) {
                    try await refused()
                }
                #expect(refusal.task == ended)
            }
            #expect(try await store.waitForInput("answered", of: task.id) == .sample("yes"))
            try await expectRefusal(.failedPrecondition, .taskTerminal) {
                try await store.waitForInput("open", of: task.id)
            }
            #expect(try await store.getTask(task.id) == ended)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aRepeatedAnswerHasTheFirstReceipt(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let store = subject.store
            let task = try await store.createTask()
            for key in ["b", "a", "c"] {
                _ = try await store.requestInput(key, payload: .sample(key), for: task.id)
            }
            let options = CallOptions(requestID: .random())
            let answers = ["a": Payload.sample("1"), "b": .sample("2")]
            let first = try await store.provideInput(answers, for: task.id, options: options)
            #expect(first.acceptedKeys == ["a", "b"])
            _ = try await store.provideInput(["c": .sample("3")], for: task.id)
            #expect(try await store.provideInput(answers, for: task.id, options: options) == first)
            try await expectRefusal(.invalidArgument, .requestIDReused) {
                try await store.provideInput(["a": .sample("other")], for: task.id, options: options)
            }
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func anExplicitStatusIsKeptWhileQuestionsAreOpen(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let store = subject.store
            let task = try await store.createTask()
            for key in ["a", "b"] {
                _ = try await store.requestInput(key, payload: .sample(key), for: task.id)
            }
            _ = try await store.updateTask(task.id, status: .working)
            #expect(
                try await store.provideInput(["a": .sample("1")], for: task.id).task.status == .working
            )
            let byHand = try await store.createTask()
            _ = try await store.updateTask(byHand.id, status: .inputRequired)
            #expect(
                try await store.provideInput(["x": .sample("1")], for: byHand.id).task.status
                    == .inputRequired
            )
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func anAnswerOfAWrongKindIsRefused(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let asked = try await subject.store.requestInput("k", payload: .sample("q"), for: task.id)
            let refusal = try await expectRefusal(.invalidArgument, .invalidField) {
                let bad = Payload(data: [1], contentType: "söme/thing")
                return try await subject.store.provideInput(["k": bad], for: task.id)
            }
            #expect(refusal.message.contains("responses[\"k\"].content_type"))
            #expect(try await subject.store.getTask(task.id) == asked)
        }
    }
}
