import Foundation
import Taskwire
import TaskwireProtobuf
import Testing

/// The schema as its compiled descriptors tell it, read without protobuf-c.
private struct Schema {
    struct Field: Hashable {
        let name: String
        let number: UInt64
        let label: UInt64
        let type: UInt64
        let typeName: String
    }

    /// The fields of every message by its full name, such as `.taskwire.v1.Call`.
    var messages: [String: [Field]] = [:]
    /// Input and output type by full name of the method.
    var methods: [String: (input: String, output: String)] = [:]

    init(_ fileDescriptorSet: [UInt8]) {
        for file in WireFields.all(of: fileDescriptorSet) {
            let parts = WireFields.all(of: file.content)
            let package = parts.text(of: 2)
            for message in parts where message.number == 4 { add(message.content, in: ".\(package)") }
            for service in parts where service.number == 6 {
                let parts = WireFields.all(of: service.content)
                let name = parts.text(of: 1)
                for method in parts where method.number == 2 {
                    let texts = WireFields.all(of: method.content).prefix(3).map(\.text)
                    methods["\(package).\(name)/\(texts[0])"] = (texts[1], texts[2])
                }
            }
        }
    }

    private mutating func add(_ message: [UInt8], in scope: String) {
        let parts = WireFields.all(of: message)
        let name = "\(scope).\(parts.text(of: 1))"
        messages[name] = parts.filter { $0.number == 2 }.map { field in
            let parts = WireFields.all(of: field.content)
            return Field(
                name: parts.text(of: 1),
                number: parts.value(of: 3),
                label: parts.value(of: 4),
                type: parts.value(of: 5),
                typeName: parts.text(of: 6)
            )
        }
        for nested in parts where nested.number == 3 { add(nested.content, in: name) }
    }

    /// How deep messages nest, or `nil` where one contains itself.
    func depth(of message: String, within outer: Set<String> = []) -> Int? {
        guard !outer.contains(message), let fields = messages[message] else { return nil }
        var deepest = 0
        for field in fields where field.type == 11 {
            guard let depth = depth(of: field.typeName, within: outer.union([message])) else { return nil }
            deepest = max(deepest, depth)
        }
        return deepest + 1
    }
}

@Suite struct ServiceTests {
    private let schema = Schema(ServiceDescriptor.fileDescriptorSet)

    @Test func everyMethodIsFoundByName() throws {
        #expect(
            ServiceDescriptor.all.map(\.name) == ["taskwire.v1.TaskService", "taskwire.v1.ServerService"]
        )
        let methods = ServiceDescriptor.all.flatMap(\.methods)
        #expect(methods.count == 31)
        #expect(Set(methods.map(\.fullName)) == Set(schema.methods.keys))
        for service in ServiceDescriptor.all {
            for method in service.methods {
                #expect(method.fullName == "\(service.name)/\(method.name)")
                let found = try #require(ServiceDescriptor.method(named: method.fullName))
                #expect(found.fullName == method.fullName)
                try found.checkBody(UnsafeRawBufferPointer(start: nil, count: 0))
            }
        }
    }

    @Test
    func `every method of the schema is described once, in its order`() {
        let described = TaskService.methods + ServerService.methods
        #expect(described.map(\.fullName) == ServiceDescriptor.all.flatMap(\.methods).map(\.fullName))
    }

    @Test
    func `the comment of each method says who may call it, and whether it is a mutation`() throws {
        let path = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Protos/taskwire/v1/task_service.proto")
        let text = try String(contentsOf: path, encoding: .utf8)
        for method in TaskService.methods + ServerService.methods {
            let lines = text.components(separatedBy: "  rpc \(method.name)(")[0].split(separator: "\n")
            let comment = lines.reversed().prefix { $0.hasPrefix("  //") }.reversed()
                .map { $0.dropFirst(5) }.joined(separator: " ")
            #expect(comment.hasPrefix("Mutation.") == method.effect.needsRequestID, "\(method.name)")
            let phrases: [(String, MethodAccess)] = [
                ("For owners.", .owners), ("For admins.", .admins), ("Needs no credential.", .anybody),
            ]
            for (phrase, access) in phrases {
                #expect(comment.contains(phrase) == (method.access == access), "\(method.name)")
            }
        }
    }

    @Test(
        "other names are not found",
        arguments: [
            "", "GetTask", "taskwire.v1.TaskService", "taskwire.v1.TaskService/",
            "taskwire.v1.TaskService/gettask",
        ]
    )
    func unknownMethod(_ name: String) {
        #expect(ServiceDescriptor.method(named: name) == nil)
    }

    @Test func noMessageContainsItself() throws {
        #expect(schema.messages.count > 60)
        for name in schema.messages.keys {
            let depth = try #require(schema.depth(of: name), "\(name) contains itself")
            #expect(depth <= 8)
        }
    }

    @Test("the check has a bit for every singular submessage")
    func messagesAreSmall() {
        #expect(schema.messages.values.allSatisfy { $0.count <= 64 })
    }

    @Test(
        "operations that share a Swift type have the same message",
        arguments: [
            (
                "TaskService/GetTask",
                [
                    "CreateTask", "UpdateTask", "StoreResult", "CompleteTask", "FailTask", "CancelTask",
                    "RenewLease", "ReleaseLease", "EnqueueMessage", "RequestInput",
                ]
            ),
            ("TaskService/GetResult", ["AwaitResult"]),
            ("TaskService/DequeueMessage", ["PeekMessage", "WaitMessage"]),
        ]
    )
    func sharedReplies(_ model: String, _ others: [String]) throws {
        let modelMethod = try #require(schema.methods["taskwire.v1.\(model)"])
        let expected = try #require(schema.messages[modelMethod.output])
        #expect(!expected.isEmpty)
        for other in others {
            let method = try #require(schema.methods["taskwire.v1.TaskService/\(other)"])
            #expect(schema.messages[method.output] == expected, "\(other)")
        }
    }

    @Test(
        "operations without input have none",
        arguments: ["Ping", "CheckHealth", "GetServerInfo", "GetStats", "GetDescriptors", "StartBackup"]
    )
    func emptyRequests(_ name: String) throws {
        let method = try #require(schema.methods["taskwire.v1.ServerService/\(name)"])
        #expect(schema.messages[method.input] == [])
    }
}
