import Foundation
import Taskwire
import Testing

/// The helpers of the MCP Python SDK that need no store.
@Suite("Helpers without a store")
struct StorelessHelperTests {
    @Test(arguments: zip(TaskStatus.allCases, [false, false, true, true, true]))
    func isTerminalKnowsTheThree(_ status: TaskStatus, _ expected: Bool) {
        #expect(isTerminal(status) == expected)
        #expect(status.isTerminal == expected)
    }

    @Test
    func generatedIDsAreUniqueRandomUUIDs() throws {
        let ids = (0..<1000).map { _ in generateTaskID() }
        #expect(Set(ids).count == ids.count)
        for id in ids {
            #expect(UUID(uuidString: id) != nil)
            #expect(id == id.lowercased())
            #expect(Array(id)[14] == "4", "version 4, RFC 9562")
            #expect("89ab".contains(Array(id)[19]), "variant 10, RFC 9562")
        }
    }

    @Test
    func aNewStateIsWorkingNow() {
        let before = Timestamp.now
        let state = createTaskState(metadata: TaskMetadata(ttl: .seconds(60)), taskID: "mine")
        #expect(state.id == "mine")
        #expect(state.status == .working)
        #expect((before...Timestamp.now).contains(state.createdAt))
        #expect(state.lastUpdatedAt == state.createdAt)
        #expect(state.ttl == .seconds(60))
        #expect(state.pollInterval == .milliseconds(500))
    }

    @Test
    func aNewStateWithoutAnythingHasAnIDAndNoLimit() {
        let state = createTaskState()
        #expect(UUID(uuidString: state.id) != nil)
        #expect(state.ttl == nil)
    }
}
