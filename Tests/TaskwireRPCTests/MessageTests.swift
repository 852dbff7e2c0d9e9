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
}
