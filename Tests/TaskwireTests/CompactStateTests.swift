import Taskwire
import TaskwireTestSupport
import Testing

@Suite("What is kept in few bytes")
struct CompactStateTests {
    private static let uuid = "0b54cfd1-9d3e-8a52-bd1c-5f0f6a7e9b29"

    /// A UUID with another byte in each of its places in turn, and texts that look like one in other ways.
    private static let ids: [String] = {
        var ids = [
            uuid, uuid.uppercased(), "{\(uuid)}", "urn:uuid:\(uuid)", String(uuid.dropLast()), uuid + "0", "",
            "t",
            uuid.filter { $0 != "-" }, "00000000-0000-0000-0000-000000000000",
            "ffffffff-ffff-ffff-ffff-ffffffffffff",
            "0b54cfd19-d3e-8a52-bd1c-5f0f6a7e9b29", "é" + uuid.dropFirst(2), uuid.dropLast(2) + "é",
        ]
        for place in 0..<uuid.utf8.count {
            for byte in UInt8(0)...127 {
                var bytes = Array(uuid.utf8)
                bytes[place] = byte
                ids.append(String(decoding: bytes, as: UTF8.self))
            }
        }
        return ids
    }()

    @Test
    func anIDComesBackByteForByte() {
        for id in Self.ids {
            let task = TaskState(id: id, createdAt: Timestamp(millisecondsSince1970: 0))
            #expect(Array(task.id.utf8) == Array(id.utf8))
            #expect(Array(TaskKey(owner: "", id: id).id.utf8) == Array(id.utf8))
        }
    }

    @Test
    func keysAreEqualAndOrderedAsTheirIDs() {
        for id in Self.ids {
            let (key, other) = (TaskKey(owner: "a", id: id), TaskKey(owner: "a", id: Self.uuid))
            #expect((key == other) == (id == Self.uuid))
            #expect((key < other) == (id < Self.uuid))
            #expect((other < key) == (Self.uuid < id))
        }
    }

    @Test
    func tasksAreListedInTheOrderOfTheirIDs() async throws {
        let engine = TaskEngine(storage: MemoryStorage(), clock: ManualClock())
        var ids = [Self.uuid, Self.uuid.uppercased(), "0", "0b54cfd1", "g"]
        for id in ids { #expect(try await engine.createTask(id: id).id == id) }
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<100 {
            let requestID = RequestID(high: generator.next(), low: generator.next())
            ids.append(try await engine.createTask(options: CallOptions(requestID: requestID)).id)
        }
        ids.sort()
        var request = ListTasksRequest(pageSize: 7)
        var listed: [String] = []
        repeat {
            let page = try await engine.listTasks(request)
            listed += page.tasks.map(\.id)
            request.cursor = page.nextCursor
        } while !request.cursor.isEmpty
        #expect(listed == ids)
        for id in ids { #expect(try await engine.getTask(id).id == id) }
    }

    @Test
    func aRepeatIsAnsweredAsItWasBeforeTimeChangedTheTask() async throws {
        let clock = ManualClock()
        let engine = TaskEngine(storage: MemoryStorage(), clock: clock)
        let (first, second) = (CallOptions(requestID: .random()), CallOptions(requestID: .random()))
        let created = try await engine.createTask(id: "t", ttl: .seconds(1), options: first)
        let update = UpdateTaskRequest(taskID: "t", statusMessage: "on")
        let updated = try await engine.updateTask(update, options: second)
        for isOver in [false, true] {
            if isOver { clock.advance(by: .seconds(1)) }
            #expect(try await engine.getTask("t").status == (isOver ? .failed : .working))
            #expect(try await engine.createTask(id: "t", ttl: .seconds(1), options: first) == created)
            #expect(try await engine.updateTask(update, options: second) == updated)
        }
    }

    @Test
    func anyContentTypeComesBack() {
        let common = [
            "application/json", "text/plain; charset=utf-8", "text/plain", "application/octet-stream",
        ]
        let types = common + common.map { $0.uppercased() } + common.map { $0 + " " } + ["image/png"]
        var changed = Payload(data: [1])
        for type in types {
            let payload = Payload(data: [1], contentType: type)
            changed.contentType = type
            #expect(payload.contentType == type && changed == payload)
            for other in types {
                #expect((payload == Payload(data: [1], contentType: other)) == (type == other))
            }
        }
        changed.contentType = ""
        #expect(changed.contentType == "", "only a new payload has a default")
    }

    @Test
    func anyTimeToLiveComesBack() {
        var changed = TaskState(id: "t", createdAt: Timestamp(millisecondsSince1970: 0))
        for ttl in [1000, nil, 0, .min, .max] as [Int64?] {
            let task = TaskState(
                id: "t",
                createdAt: Timestamp(millisecondsSince1970: 0),
                ttlMilliseconds: ttl
            )
            changed.ttlMilliseconds = ttl
            #expect(task.ttlMilliseconds == ttl && changed == task)
        }
    }
}
