import TaskwireServer
import Testing

/// Whose turn it is, without threads or a clock.
@Suite("Turns")
struct TurnQueueTests {
    /// Does all that waits, each work for as long as it says, and returns the owners in the order of their turns.
    private static func run(_ queue: inout TurnQueue<Duration>) -> [String] {
        var owners: [String] = []
        while let (work, owner) = queue.next() {
            owners.append(owner)
            queue.end(owner, after: work)
        }
        return owners
    }

    @Test
    func `an owner's work is done in its order`() {
        var queue = TurnQueue<Int>()
        for number in 0..<5 { queue.append(number, of: "alice") }
        #expect(queue.count == 5)
        var done: [Int] = []
        while let (number, owner) = queue.next() {
            done.append(number)
            queue.end(owner, after: .seconds(1))
        }
        #expect(done == [0, 1, 2, 3, 4])
        #expect(queue.count == 0)
    }

    @Test
    func `an owner with one thing to do does not wait for all that another has`() {
        var queue = TurnQueue<Duration>()
        for _ in 0..<100 { queue.append(.milliseconds(10), of: "flood") }
        #expect(queue.next()?.owner == "flood")
        queue.append(.milliseconds(10), of: "alice")
        queue.end("flood", after: .milliseconds(10))
        #expect(Self.run(&queue).prefix(2).contains("alice"))
    }

    @Test
    func `turns are shared by the time that they take`() {
        var queue = TurnQueue<Duration>()
        for _ in 0..<100 {
            queue.append(.milliseconds(30), of: "slow")
            queue.append(.milliseconds(10), of: "quick")
        }
        let first = Self.run(&queue).prefix(40)
        #expect((9...11).contains(first.count { $0 == "slow" }))
    }

    @Test
    func `an owner that comes back has saved up nothing`() {
        var queue = TurnQueue<Duration>()
        queue.append(.milliseconds(10), of: "alice")
        for _ in 0..<50 { queue.append(.milliseconds(10), of: "bob") }
        for _ in 0..<30 {
            guard let (work, owner) = queue.next() else { break }
            queue.end(owner, after: work)
        }
        for _ in 0..<50 { queue.append(.milliseconds(10), of: "alice") }
        let next = Self.run(&queue).prefix(20)
        #expect((9...11).contains(next.count { $0 == "alice" }))
    }
}
