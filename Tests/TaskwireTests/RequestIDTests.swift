import Taskwire
import Testing

@Suite("Request ids")
struct RequestIDTests {
    @Test
    func bytesComeBack() throws {
        let bytes: [UInt8] = Array(0xF0...0xFF)
        let id = try #require(RequestID(bytes: bytes))
        #expect(id.bytes == bytes)
        #expect(id.description == "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")
    }

    @Test(arguments: [0, 15, 17])
    func otherLengthsAreRefused(_ count: Int) {
        #expect(RequestID(bytes: [UInt8](repeating: 0, count: count)) == nil)
    }

    @Test
    func randomOnesDiffer() {
        #expect(Set((0..<1000).map { _ in RequestID.random() }).count == 1000)
    }
}
