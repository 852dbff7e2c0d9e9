import Taskwire
import TaskwireTestSupport
import Testing

@Suite("Conformance: pages")
struct ListingConformance {
    private static func listAll(
        _ store: any TaskStore,
        _ request: ListTasksRequest
    ) async throws -> [TaskState] {
        var request = request
        var tasks: [TaskState] = []
        repeat {
            let page = try await store.listTasks(request)
            #expect(page.tasks.count <= request.pageSize)
            tasks += page.tasks
            request.cursor = page.nextCursor
        } while !request.cursor.isEmpty
        return tasks
    }

    @Test(arguments: StoreUnderTest.allCases)
    func pagesHaveEveryTaskOnceInTheOrderOfCreation(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            var created: [TaskState] = []
            for step in 0..<25 {
                created.append(try await subject.store.createTask(request: .sample("\(step)")))
                if step % 3 == 0 { subject.clock.advance(by: .milliseconds(1)) }
            }
            let expected = created.sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
            for size in [1, 4, 25, 1000] {
                let listed = try await Self.listAll(subject.store, ListTasksRequest(pageSize: size))
                #expect(listed == expected)
            }
            #expect(try await subject.store.listTasks().nextCursor.isEmpty)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func anEmptyStoreHasOneEmptyPage(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let page = try await subject.store.listTasks()
            #expect(page == TaskPage(tasks: []))
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aPageHasFiftyTasksUnlessGiven(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            for _ in 0..<51 { _ = try await subject.store.createTask() }
            let page = try await subject.store.listTasks()
            #expect(page.tasks.count == 50)
            #expect(!page.nextCursor.isEmpty)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func pagesOfLargeTasksEndEarlyAndMissNone(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let text = String(repeating: "x", count: 16 << 10)
            for step in 0..<300 {
                let request = CreateTaskRequest(taskID: "t\(1000 + step)", statusMessage: text)
                _ = try await subject.store.createTask(request, options: .default)
                subject.clock.advance(by: .milliseconds(1))
            }
            let listed = try await Self.listAll(subject.store, ListTasksRequest(pageSize: 1000))
            #expect(listed.map(\.id) == (1000..<1300).map { "t\($0)" })
            #expect(listed.allSatisfy { $0.statusMessage == text })
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func filtersKeepWhatMatches(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let store = subject.store
            var expected: [String: [String]] = [:]
            for step in 0..<30 {
                subject.clock.advance(by: .milliseconds(1))
                let colour = ["red", "green"][step % 2]
                let task = try await store.createTask(labels: ["colour": colour, "step": "\(step)"])
                if step % 3 == 0 { _ = try await store.cancelTask(task.id) }
                expected["\(colour) \(step % 3 == 0)", default: []].append(task.id)
            }
            for colour in ["red", "green"] {
                for isCancelled in [true, false] {
                    let request = ListTasksRequest(
                        pageSize: 2,
                        statuses: isCancelled ? [.cancelled] : [.working, .completed],
                        labels: ["colour": colour]
                    )
                    let tasks = try await Self.listAll(store, request)
                    #expect(tasks.map(\.id) == expected["\(colour) \(isCancelled)"])
                }
            }
            let none = ListTasksRequest(pageSize: 2, labels: ["colour": "red", "step": "1"])
            #expect(try await Self.listAll(store, none).isEmpty)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aCursorOutlivesItsTask(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let store = subject.store
            for step in 0..<6 {
                _ = try await store.createTask(id: "t\(step)")
                subject.clock.advance(by: .milliseconds(1))
            }
            let first = try await store.listTasks(ListTasksRequest(pageSize: 2))
            #expect(first.tasks.map(\.id) == ["t0", "t1"])
            for id in ["t0", "t1", "t3"] { _ = try await store.deleteTask(id) }
            _ = try await store.createTask(id: "t6")
            let rest = try await store.listTasks(ListTasksRequest(pageSize: 10, cursor: first.nextCursor))
            #expect(rest.tasks.map(\.id) == ["t2", "t4", "t5", "t6"])
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aPageWhoseTasksHaveGoneIsTheLast(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            for step in 0..<3 { _ = try await subject.store.createTask(id: "t\(step)") }
            let cursor = try await subject.store.listTasks(ListTasksRequest(pageSize: 1)).nextCursor
            for step in 0..<3 { _ = try await subject.store.deleteTask("t\(step)") }
            let page = try await subject.store.listTasks(ListTasksRequest(pageSize: 1, cursor: cursor))
            #expect(page == TaskPage(tasks: []))
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aCursorBelongsToItsListing(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let store = subject.store
            for _ in 0..<3 { _ = try await store.createTask(labels: ["a": "b"]) }
            let cursor = try await store.listTasks(ListTasksRequest(pageSize: 1)).nextCursor
            let last = try #require(cursor.last)
            let tampered = cursor.dropLast() + (last == "A" ? "B" : "A")
            let wrong = [
                ListTasksRequest(pageSize: 1, cursor: cursor, statuses: [.working]),
                ListTasksRequest(pageSize: 1, cursor: cursor, labels: ["a": "b"]),
                ListTasksRequest(pageSize: 1, cursor: "nonsense"),
                ListTasksRequest(pageSize: 1, cursor: "%%%"),
                ListTasksRequest(pageSize: 1, cursor: String(tampered)),
            ]
            for request in wrong {
                try await expectRefusal(.invalidArgument, .invalidCursor) {
                    try await store.listTasks(request)
                }
            }
            let next = try await store.listTasks(ListTasksRequest(pageSize: 2, cursor: cursor))
            #expect(next.tasks.count == 2, "another page size is fine")
        }
    }
}
