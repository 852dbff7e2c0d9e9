import Taskwire
import TaskwireClient
import TaskwireTestSupport
import Testing

extension WorkerTests {
    @Suite("Workers that live")
    struct LiveWorkerTests {
        @Test
        func cancellationReachesTheBody() async throws {
            try await Site.open { site in
                var modes: [String: CancelMode] = [:]
                for mode in [CancelMode.immediate, .request] {
                    for _ in 0..<5 { modes[try await site.order(.hang)] = mode }
                }
                // So long that no renewal can be what told the worker.
                var latencies: [CancelMode: [Int64]] = [:]
                try await site.work(on: Array(modes.keys), as: "w", lease: 60) { worker in
                    for await event in worker.events {
                        let mode = try #require(modes[event.taskID])
                        switch event.kind {
                        case .started:
                            _ = try await site.client.cancelTask(event.taskID, mode: mode)
                        case .told:
                            // The server's and the worker's clock are this machine's.
                            let cancelledAt = try #require(event.lastUpdatedAt)
                            latencies[mode, default: []].append(event.at.milliseconds(since: cancelledAt))
                        default:
                            break
                        }
                    }
                }
                for mode in [CancelMode.immediate, .request] {
                    let latencies = try #require(latencies[mode])
                    #expect(latencies.count == 5)
                    // Not each of them: when a process gets to run is up to the machine.
                    let median = try #require(latencies.median)
                    #expect(median <= 1000, "\(mode): \(latencies)")
                }
                for taskID in modes.keys {
                    #expect(try await site.client.getTask(taskID).status == .cancelled)
                }
            }
        }

        @Test
        func anAnswerGivenInOneProcessReachesAWorkerInAnother() async throws {
            try await Site.open { site in
                let task = try await site.order(.ask)
                try await site.work(on: [task], as: "w", lease: 60) { worker in
                    _ = try await site.task(task) { $0.status == .inputRequired }
                    let questions = try await site.client.getTask(task, view: .full).inputRequests
                    #expect(questions == [InputRequest(key: "question", payload: .sample("?"))])
                    _ = try await site.client.provideInput(["question": Payload(text: "yes")], for: task)
                    #expect(try await worker.first(.acknowledged).report?.answer == "yes")
                }
                #expect(try await site.client.getResult(task).report?.answer == "yes")
            }
        }

        /// What happens to a task, and what becomes of it.
        private struct Course: Sendable {
            var action: WorkOrder.Action
            /// What others do while the work is under way.
            var meanwhile: @Sendable (TaskwireClient, String) async throws -> Void = { _, _ in }
            /// How the task ends; `nil`: it is gone.
            var status: TaskStatus?
            /// With what error.
            var message: String?
            /// Why the worker's result was refused, where it was.
            var refusal: TaskwireError.Reason?
        }

        /// Every line of ``withTaskExecution(of:in:worker:lease:onLoss:_:)`` that does not need a worker to die.
        private static let courses = [
            Course(action: .complete, status: .completed),
            Course(action: .fail, status: .failed, message: "as ordered"),
            Course(action: .throw, status: .failed, message: "a mishap"),
            Course(action: .return, status: .failed, message: "finished without a result"),
            Course(action: .hang, meanwhile: { _ = try await $0.cancelTask($1) }, status: .cancelled),
            Course(
                action: .hang,
                meanwhile: { _ = try await $0.cancelTask($1, mode: .request) },
                status: .cancelled
            ),
            Course(action: .hang, meanwhile: { _ = try await $0.deleteTask($1) }),
            Course(
                action: .stubborn,
                meanwhile: { _ = try await $0.cancelTask($1, mode: .request) },
                status: .completed
            ),
            Course(
                action: .stubborn,
                meanwhile: { _ = try await $0.cancelTask($1) },
                status: .cancelled,
                refusal: .taskTerminal
            ),
            Course(
                action: .stubborn,
                meanwhile: { _ = try await $0.deleteTask($1) },
                refusal: .taskNotFound
            ),
            Course(action: .ask, meanwhile: { _ = try await $0.cancelTask($1) }, status: .cancelled),
            Course(action: .ask, meanwhile: { _ = try await $0.deleteTask($1) }),
        ]

        @Test
        func everyOutcomeLeavesTheWorkerRunning() async throws {
            try await Site.open { site in
                var order: [String] = []
                var courses: [String: Course] = [:]
                for (number, course) in Self.courses.enumerated() {
                    let task = try await site.order(course.action, id: "\(number)")
                    order.append(task)
                    courses[task] = course
                }
                let refusals = try await Self.refusals(of: order, courses, at: site)
                #expect(refusals == courses.compactMapValues(\.refusal?.rawValue))
                for (task, course) in courses {
                    guard let status = course.status else {
                        await #expect(throws: TaskwireError.self) { try await site.client.getTask(task) }
                        continue
                    }
                    let outcome = try await site.client.getResult(task)
                    #expect(outcome.task.status == status, "task \(task)")
                    #expect(outcome.error?.message == course.message)
                    #expect((outcome.result != nil) == (status == .completed))
                }
            }
        }

        /// Lets a worker work on the tasks, and others get in its way.
        private static func refusals(
            of order: [String],
            _ courses: [String: Course],
            at site: Site
        ) async throws -> [String: String] {
            var refusals: [String: String] = [:]
            var left: [String] = []
            try await site.work(on: order, as: "w", lease: 60) { worker in
                for await event in worker.events {
                    switch event.kind {
                    case .started: try await courses[event.taskID]?.meanwhile(site.client, event.taskID)
                    case .refused: refusals[event.taskID] = event.reason
                    case .left: left.append(event.taskID)
                    default: break
                    }
                }
            }
            #expect(left == order)
            return refusals
        }

        @Test
        func tasksThatAreNotToBeHadLeaveTheWorkerRunning() async throws {
            try await Site.open { site in
                let client = site.client
                let cancelled = try await site.order(.complete)
                _ = try await client.cancelTask(cancelled)
                let deleted = try await site.order(.complete)
                _ = try await client.deleteTask(deleted)
                let expired = try await site.order(.complete, ttl: .milliseconds(1))
                let held = try await site.order(.complete)
                let claim = try await client.claimTask(held, worker: "another", lease: .seconds(600))

                let tasks = [cancelled, deleted, expired, held]
                var events: [WorkerEvent] = []
                try await site.work(on: tasks, as: "w", lease: 60) { worker in
                    _ = try await worker.first(.held, of: held)
                    _ = try await client.releaseLease(held, leaseToken: claim.leaseToken)
                    for await event in worker.events { events.append(event) }
                }
                #expect(events.first { $0.taskID == cancelled }?.kind == .left)
                #expect(events.first { $0.taskID == deleted }?.reason == "TASK_NOT_FOUND")
                #expect(events.first { $0.taskID == expired }?.reason == "TASK_EXPIRED")
                #expect(events.filter { $0.kind == .started }.map(\.taskID) == [held])
                #expect(try await client.getTask(cancelled).status == .cancelled)
                #expect(try await client.getResult(held).report?.worker == "w")
            }
        }
    }
}
