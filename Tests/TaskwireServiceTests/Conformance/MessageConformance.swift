import Taskwire
import TaskwireTestSupport
import Testing

@Suite("Conformance: messages")
struct MessageConformance {
    @Test(arguments: StoreUnderTest.allCases)
    func messagesAreTakenInTheOrderOfTheirComing(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let store = subject.store
            let task = try await store.createTask()
            let queue = TaskMessageQueue(of: task.id, in: store)
            #expect(try await queue.isEmpty)
            #expect(try await queue.dequeue() == nil)
            for step in 0..<3 {
                try await queue.enqueue(.sample("\(step)"), kind: .notification, key: "n")
                subject.clock.advance(by: .seconds(1))
            }
            #expect(try await store.getTask(task.id) == task, "a notification is no visible change")
            #expect(try await queue.peek()?.payload == .sample("0"))
            for step in 0..<3 {
                let message = try #require(try await queue.dequeue())
                #expect(message.kind == .notification)
                #expect(message.key == "n")
                #expect(message.payload == .sample("\(step)"))
                #expect(message.enqueuedAt.milliseconds(since: task.createdAt) == Int64(step) * 1000)
            }
            #expect(try await queue.dequeue() == nil)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func everyByteOfAMessageArrives(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let queue = TaskMessageQueue(of: task.id, in: subject.store)
            let large = Payload(data: [UInt8](repeating: 0xA5, count: 300_000), contentType: "x/y")
            let empty = Payload(data: [UInt8]())
            for payload in [.everyByte, large, empty] {
                try await queue.enqueue(payload, kind: .notification)
            }
            #expect(try await queue.clear().map(\.payload) == [.everyByte, large, empty])
            #expect(try await queue.clear().isEmpty)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func clearTakesWhatIsQueued(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let queue = TaskMessageQueue(of: task.id, in: subject.store)
            try await queue.enqueue(.sample("a"), kind: .notification)
            try await queue.enqueue(.sample("b"), kind: .request, key: "k")
            let cleared = try await subject.store.clearMessages(task.id)
            #expect(cleared.messages.map(\.key) == ["", "k"])
            #expect(cleared.task.status == .inputRequired, "a question that was taken is still open")
            #expect(try await queue.isEmpty)
            #expect(
                try await subject.store.provideInput(["k": .sample("yes")], for: task.id).acceptedKeys
                    == ["k"]
            )
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func dequeueIsOnceOnlyAcrossRetries(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let queue = TaskMessageQueue(of: task.id, in: subject.store)
            for step in 0..<4 { try await queue.enqueue(.sample("\(step)"), kind: .notification) }
            let options = CallOptions(requestID: .random())
            let first = try await subject.store.dequeueMessage(task.id, options: options)
            #expect(first.message?.payload == .sample("0"))
            #expect(try await queue.dequeue()?.payload == .sample("1"))
            #expect(try await subject.store.dequeueMessage(task.id, options: options) == first)
            #expect(try await subject.store.dequeueMessage(task.id, options: options) == first)
            let clearing = CallOptions(requestID: .random())
            let cleared = try await subject.store.clearMessages(task.id, options: clearing)
            #expect(cleared.messages.map(\.payload) == [.sample("2"), .sample("3")])
            #expect(try await subject.store.clearMessages(task.id, options: clearing) == cleared)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aRepeatGetsItsMessageWhateverBecameOfIt(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            _ = try await subject.store.requestInput("k", payload: .sample("q"), for: task.id)
            let options = CallOptions(requestID: .random())
            let first = try await subject.store.dequeueMessage(task.id, options: options)
            _ = try await subject.store.provideInput(["k": .sample("a")], for: task.id)
            _ = try await subject.store.completeTask(task.id, result: .sample("x"))
            #expect(try await subject.store.dequeueMessage(task.id, options: options) == first)
            _ = try await subject.store.deleteTask(task.id)
            #expect(try await subject.store.dequeueMessage(task.id, options: options) == first)
            _ = try await subject.store.createTask(id: task.id)
            #expect(try await subject.store.dequeueMessage(task.id, options: options) == first)
            _ = try await subject.store.requestInput("k", payload: .sample("a new task's"), for: task.id)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aMessageThatIsNotKeptForItsRepeatGoesToNobodyElse(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let queue = TaskMessageQueue(of: task.id, in: subject.store)
            let large = Payload(data: [UInt8](repeating: 1, count: 700_000), contentType: "x/y")
            for _ in 0..<2 { try await queue.enqueue(large, kind: .notification) }
            let (first, second) = (CallOptions(requestID: .random()), CallOptions(requestID: .random()))
            _ = try await subject.store.dequeueMessage(task.id, options: first)
            let last = try await subject.store.dequeueMessage(task.id, options: second)
            try await queue.enqueue(.sample("next"), kind: .notification)
            try await expectRefusal(.aborted, .deliveryForgotten) {
                try await subject.store.dequeueMessage(task.id, options: first)
            }
            #expect(try await subject.store.dequeueMessage(task.id, options: second) == last)
            #expect(try await queue.dequeue()?.payload == .sample("next"))
            // After 32 more mutations and a minute it is a new call.
            for step in 0..<32 {
                _ = try await subject.store.updateTask(task.id, statusMessage: "\(step)")
            }
            subject.clock.advance(by: .seconds(62))
            #expect(try await subject.store.dequeueMessage(task.id, options: second).message == nil)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func ofManyConsumersEachMessageHasOne(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let store = subject.store
            let task = try await store.createTask()
            for step in 0..<60 {
                _ = try await store.enqueueMessage(.sample("\(step)"), kind: .notification, for: task.id)
            }
            let payloads = try await withThrowingTaskGroup(of: [Payload].self) { group in
                for _ in 0..<6 {
                    group.addTask {
                        var taken: [Payload] = []
                        while let message = try await store.dequeueMessage(task.id).message {
                            taken.append(message.payload)
                        }
                        return taken
                    }
                }
                var all: [Payload] = []
                for try await taken in group { all += taken }
                return all
            }
            #expect(payloads.count == 60)
            #expect(Set(payloads).count == 60)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aWaitForAMessageEndsWithIt(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let queue = TaskMessageQueue(of: task.id, in: subject.store)
            async let waiting = queue.waitForMessage()
            await subject.clock.untilSleeping(for: .seconds(30))
            try await queue.enqueue(.sample("m"), kind: .notification)
            let message = try await waiting
            #expect(message.payload == .sample("m"))
            #expect(try await queue.waitForMessage() == message, "it is still there")
            #expect(try await queue.dequeue() == message)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aWaitForAMessageEndsWithItsTime(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            async let refusal = expectRefusal(.deadlineExceeded, .deadlineExceeded) {
                let request = WaitMessageRequest(taskID: task.id, wait: .seconds(3))
                return try await subject.store.waitMessage(request, options: .default)
            }
            await subject.clock.untilSleeping(for: .seconds(3))
            subject.clock.advance(by: .seconds(3))
            #expect(try await refusal.task == task)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func afterTheEndWhatIsQueuedIsStillDelivered(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let queue = TaskMessageQueue(of: task.id, in: subject.store)
            try await queue.enqueue(.sample("news"), kind: .notification)
            try await queue.enqueue(.sample("question"), kind: .request, key: "k")
            async let waiting = expectRefusal(.failedPrecondition, .taskTerminal) {
                let request = AwaitInputRequest(taskID: task.id, key: "k")
                return try await subject.store.awaitInput(request, options: .default)
            }
            await subject.clock.untilSleeping(for: .seconds(30))
            let ended = try await subject.store.completeTask(task.id, result: .sample("x"))
            #expect(try await waiting.task == ended)
            try await expectRefusal(.failedPrecondition, .taskTerminal) {
                try await queue.enqueue(.sample("late"), kind: .notification)
            }
            #expect(try await queue.waitForMessage().payload == .sample("news"))
            #expect(try await queue.dequeue()?.payload == .sample("news"))
            #expect(try await queue.isEmpty, "nobody could answer the question any more")
            try await expectRefusal(.failedPrecondition, .taskTerminal) { try await queue.waitForMessage() }
            #expect(try await subject.store.getTask(task.id) == ended)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func queuesOfUnknownIDsAreNotMade(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let queue = TaskMessageQueue(of: "nowhere", in: subject.store)
            try await expectRefusal(.notFound, .taskNotFound) {
                try await queue.enqueue(.sample("m"), kind: .notification)
            }
            try await expectRefusal(.notFound, .taskNotFound) { try await queue.dequeue() }
            try await expectRefusal(.notFound, .taskNotFound) { try await queue.peek() }
            try await expectRefusal(.notFound, .taskNotFound) { try await queue.clear() }
            try await expectRefusal(.notFound, .taskNotFound) { try await queue.waitForMessage() }
            #expect(try await subject.store.createTask(id: "nowhere").revision == 1)
            #expect(try await queue.isEmpty)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aQueueIsBounded(_ kind: StoreUnderTest) async throws {
        var limits = TaskLimits()
        limits.maxMessagesPerTask = 3
        limits.maxInputRequestsPerTask = 2
        try await kind.run(limits: limits) { subject in
            let task = try await subject.store.createTask()
            let queue = TaskMessageQueue(of: task.id, in: subject.store)
            for key in ["a", "b"] { try await queue.enqueue(.sample(key), kind: .request, key: key) }
            try await expectRefusal(.resourceExhausted, .queueFull) {
                try await subject.store.requestInput("c", payload: .sample("c"), for: task.id)
            }
            try await queue.enqueue(.sample("n"), kind: .notification)
            let refusal = try await expectRefusal(.resourceExhausted, .queueFull) {
                try await queue.enqueue(.sample("m"), kind: .notification)
            }
            #expect(refusal.message.contains("3"))
            // Neither a message that was taken nor a question that was answered counts any more.
            #expect(try await queue.dequeue()?.key == "a")
            _ = try await subject.store.provideInput(["b": .sample("yes")], for: task.id)
            _ = try await subject.store.requestInput("c", payload: .sample("c"), for: task.id)
            try await queue.enqueue(.sample("m"), kind: .notification)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func theBytesOfATaskAreBounded(_ kind: StoreUnderTest) async throws {
        var limits = TaskLimits()
        limits.maxInteractionBytes = 10_000
        try await kind.run(limits: limits) { subject in
            let task = try await subject.store.createTask()
            let queue = TaskMessageQueue(of: task.id, in: subject.store)
            let half = Payload(data: [UInt8](repeating: 7, count: 4500), contentType: "x/y")
            try await queue.enqueue(half, kind: .notification)
            _ = try await subject.store.requestInput("k", payload: half, for: task.id)
            try await expectRefusal(.resourceExhausted, .queueFull) {
                try await queue.enqueue(half, kind: .notification)
            }
            let before = try await subject.store.getTask(task.id, view: .full)
            let refusal = try await expectRefusal(.resourceExhausted, .tooLarge) {
                let answer = Payload(data: [UInt8](repeating: 7, count: 9000), contentType: "x/y")
                return try await subject.store.provideInput(["k": answer], for: task.id)
            }
            #expect(refusal.message.contains("10000"))
            #expect(try await subject.store.getTask(task.id, view: .full) == before)
            // The answer takes the place of the question.
            _ = try await subject.store.provideInput(["k": half], for: task.id)
            #expect(try await queue.dequeue()?.payload == half)
            try await queue.enqueue(half, kind: .notification)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aMessageHasAKeyThatFits(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let queue = TaskMessageQueue(of: task.id, in: subject.store)
            let long = String(repeating: "k", count: 257)
            for (key, kind) in [("", TaskMessage.Kind.request), (long, .request), (long, .notification)] {
                let refusal = try await expectRefusal(.invalidArgument, .invalidField) {
                    try await queue.enqueue(.sample("m"), kind: kind, key: key)
                }
                #expect(refusal.message.hasPrefix("key: "))
            }
            try await queue.enqueue(.sample("m"), kind: .request, key: String(long.dropLast()))
        }
    }
}
