import TaskwireRPC
import Testing

@Suite(.timeLimit(.minutes(5)))
struct MessageTests {
    @Test
    func `what is written is read`() throws {
        let message = try Message("hello")
        #expect(message.count == 5)
        #expect(message.text == "hello")
        #expect(try Message(size: 0).count == 0)
    }

    @Test
    func `a size over the limit is refused`() throws {
        let error = try #require(throws: TransportError.self) { try Message(size: Message.maximumSize + 1) }
        #expect(error.code == .messageTooLarge)
    }

    @Test
    func `a message that was sent is empty`() async throws {
        let server = try await TestServer(on: uniqueAbstractAddress())
        let client = try makeClient(server.address)
        let message = try Message("hello")
        #expect(try await client.exchange(message, deadline: .now + .seconds(5)).text == "hello")
        #expect(message.count == 0)
        #expect(message.text == "")
        await client.close()
        try await server.stop()
    }
}
