import Foundation
import Taskwire
import Testing

@Suite("MCP JSON")
struct TaskStateJSONTests {
    private static let encoder: JSONEncoder = {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }()

    private static func json(_ value: some Encodable) throws -> String {
        String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    /// 2025-11-25T10:30:00Z, the instant of the specification's examples.
    private static let instant = Timestamp(millisecondsSince1970: 1_764_066_600_000)

    private var state: TaskState {
        TaskState(
            id: "786512e2-9e0d-44bd-8f29-789f320fe840",
            status: .inputRequired,
            statusMessage: "Which city?",
            createdAt: Self.instant,
            lastUpdatedAt: Timestamp(millisecondsSince1970: 1_764_066_640_250),
            ttlMilliseconds: 60_000,
            pollIntervalMilliseconds: 5000,
            labels: ["not": "in MCP"],
            request: Payload(text: "x")
        )
    }

    @Test
    func theRevisionOf20251125() throws {
        let expected =
            #"{"createdAt":"2025-11-25T10:30:00.000Z","lastUpdatedAt":"2025-11-25T10:30:40.250Z","#
            + #""pollInterval":5000,"status":"input_required","statusMessage":"Which city?","#
            + #""taskId":"786512e2-9e0d-44bd-8f29-789f320fe840","ttl":60000}"#
        #expect(try Self.json(state.mcp(.revision20251125)) == expected)
        #expect(try Self.json(state) == expected)
    }

    @Test
    func theTasksExtension() throws {
        let expected =
            #"{"createdAt":"2025-11-25T10:30:00.000Z","lastUpdatedAt":"2025-11-25T10:30:40.250Z","#
            + #""pollIntervalMs":5000,"status":"input_required","statusMessage":"Which city?","#
            + #""taskId":"786512e2-9e0d-44bd-8f29-789f320fe840","ttlMs":60000}"#
        #expect(try Self.json(state.mcp(.extension2663)) == expected)
    }

    @Test
    func whatIsUnlimitedIsNullAndWhatIsAbsentIsLeftOut() throws {
        let state = TaskState(id: "t", createdAt: Self.instant)
        let expected =
            #"{"createdAt":"2025-11-25T10:30:00.000Z","lastUpdatedAt":"2025-11-25T10:30:00.000Z","#
            + #""pollInterval":500,"status":"working","taskId":"t","ttl":null}"#
        #expect(try Self.json(state) == expected)
        #expect(try Self.json(state.mcp(.extension2663)).contains(#""ttlMs":null"#))
    }

    @Test(
        arguments: zip(
            TaskStatus.allCases,
            ["working", "input_required", "completed", "failed", "cancelled"]
        )
    )
    func statusesHaveTheirNamesInMCP(_ status: TaskStatus, _ name: String) throws {
        #expect(try Self.json([status]) == "[\"\(name)\"]")
        #expect(try JSONDecoder().decode([TaskStatus].self, from: Data("[\"\(name)\"]".utf8)) == [status])
    }

    @Test
    func theMetadataOfARelatedMessage() throws {
        let expected =
            #"{"io.modelcontextprotocol/related-task":{"taskId":"786512e2-9e0d-44bd-8f29-789f320fe840"}}"#
        #expect(try Self.json(state.relatedTaskMetadata) == expected)
        #expect(modelImmediateResponseKey == "io.modelcontextprotocol/model-immediate-response")
        #expect(relatedTaskMetadataKey == "io.modelcontextprotocol/related-task")
    }

    @Test(arguments: ["2025-11-25T10:30:00Z", "2025-11-25T10:30:00.000Z", "2025-11-25T11:30:00+01:00"])
    func instantsAreReadWithAndWithoutAFraction(_ text: String) throws {
        let read = try JSONDecoder().decode([Timestamp].self, from: Data("[\"\(text)\"]".utf8))
        #expect(read == [Self.instant])
    }

    @Test
    func everyMillisecondIsWrittenAsItIs() throws {
        for milliseconds in Int64(0)..<1000 {
            let instant = Timestamp(millisecondsSince1970: 1_795_362_676_000 + milliseconds)
            #expect(instant.description.hasSuffix("." + "\(1000 + milliseconds)".dropFirst() + "Z"))
            let read = try JSONDecoder().decode([Timestamp].self, from: Data("[\"\(instant)\"]".utf8))
            #expect(read == [instant])
        }
        #expect(Timestamp(millisecondsSince1970: -1).description == "1969-12-31T23:59:59.999Z")
    }

    @Test
    func whatIsNoInstantIsRefused() {
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([Timestamp].self, from: Data(#"["yesterday"]"#.utf8))
        }
    }
}
