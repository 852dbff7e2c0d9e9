import Synchronization
import Taskwire
import TaskwireClient
import TaskwireTestSupport
import Testing

extension WorkerTests {
    @Suite("A pool of workers")
    struct PoolTests {
        private static let pool = "p"
        private static let taskCount = 1000
        private static let kills = 40

        /// The workers that run right now, by their places.
        private final class Crew: Sendable {
            private let workers = Mutex<[Int: WorkerProcess]>([:])

            func put(_ worker: WorkerProcess?, at place: Int) {
                workers.withLock { $0[place] = worker }
            }

            func randomWorker(using generator: inout SeededGenerator) -> WorkerProcess? {
                let number = generator.next()
                return workers.withLock { workers in
                    guard !workers.isEmpty else { return nil }
                    let places = workers.keys.sorted()
                    return workers[places[Int(number % UInt64(places.count))]]
                }
            }
        }

        @Test
        func aThousandTasksAndEightWorkersThatDie() async throws {
            try await Site.open { site in
                let seed = UInt64.random(in: 0 ... .max)
                print("seed: \(seed)")
                var generator = SeededGenerator(seed: seed)
                let orders = try await Self.makeTasks(at: site, using: &generator)
                let events = try await Self.runCrew(at: site, using: &generator)
                let tasks = try await Self.tasks(at: site)
                #expect(tasks.count == Self.taskCount)
                var failures = 0
                var repeats = 0
                for task in tasks {
                    var history = WorkHistory(try #require(orders[task.id]))
                    for event in events[task.id] ?? [] { history.note(event) }
                    let outcome = try await site.client.getResult(task.id)
                    #expect(try history.violations(of: outcome) == [])
                    if outcome.task.status == .failed { failures += 1 }
                    if outcome.task.revision > 3 { repeats += 1 }
                }
                print("tasks whose worker was lost: \(failures) failed, \(repeats) were begun again")
                #expect(failures > 0 && repeats > 0, "workers were killed in the middle of their work")
            }
        }

        /// Makes the tasks; those of one half fail when their worker is lost.
        private static func makeTasks(
            at site: Site,
            using generator: inout SeededGenerator
        ) async throws -> [String: WorkOrder] {
            try await withThrowingTaskGroup(of: (String, WorkOrder).self) { group in
                for number in 0..<taskCount {
                    let milliseconds = Int.random(in: 0...100, using: &generator)
                    let isRepeatable = number.isMultiple(of: 2)
                    let order = WorkOrder(.complete, isRepeatable: isRepeatable, milliseconds: milliseconds)
                    group.addTask {
                        let request = try Payload(json: order)
                        let task = try await site.client.createTask(labels: ["pool": pool], request: request)
                        return (task.id, order)
                    }
                }
                return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
            }
        }

        /// Lets eight workers work until no task is open, of which one is killed and replaced now and then. Returns what they
        /// told, by task.
        private static func runCrew(
            at site: Site,
            using generator: inout SeededGenerator
        ) async throws -> [String: [WorkerEvent]] {
            let crew = Crew()
            let (events, report) = AsyncStream.makeStream(of: WorkerEvent.self)
            async let work: Void = {
                defer { report.finish() }
                try await withThrowingTaskGroup { group in
                    for place in 0..<8 {
                        group.addTask { try await fill(place, of: crew, at: site) { report.yield($0) } }
                    }
                    try await group.waitForAll()
                }
            }()
            var told: [String: [WorkerEvent]] = [:]
            var acknowledged = 0
            var killed = 0
            // After so many results that all kills come before the last task.
            var nextKill = Int.random(in: 1...20, using: &generator)
            for await event in events {
                told[event.taskID, default: []].append(event)
                if event.kind == .acknowledged { acknowledged += 1 }
                guard acknowledged >= nextKill, killed < kills else { continue }
                nextKill += Int.random(in: 1...20, using: &generator)
                try await Task.sleep(for: .milliseconds(Int.random(in: 0...50, using: &generator)))
                guard let worker = crew.randomWorker(using: &generator) else { continue }
                try worker.kill()
                killed += 1
            }
            try await work
            #expect(killed == kills)
            return told
        }

        /// Runs one worker after the other at one of the places, until one has found nothing left to do.
        private static func fill(
            _ place: Int,
            of crew: Crew,
            at site: Site,
            report: @Sendable (WorkerEvent) -> Void
        ) async throws {
            var isKilled = true
            var number = 0
            while isKilled {
                number += 1
                try await site.work(onPool: pool, as: "\(place).\(number)", lease: 1) { worker in
                    crew.put(worker, at: place)
                    for await event in worker.events { report(event) }
                    crew.put(nil, at: place)
                    isKilled = worker.isKilled
                }
            }
        }

        private static func tasks(at site: Site) async throws -> [TaskState] {
            var request = ListTasksRequest(pageSize: 1000, labels: ["pool": pool])
            var tasks: [TaskState] = []
            repeat {
                let page = try await site.client.listTasks(request)
                tasks += page.tasks
                request.cursor = page.nextCursor
            } while !request.cursor.isEmpty
            return tasks
        }
    }
}
