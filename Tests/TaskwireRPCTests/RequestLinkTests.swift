import Testing

import TaskwireRPC

/// When and where a client connects, as a value.
@Suite("The link to a server")
struct RequestLinkTests {
    private let start = ContinuousClock.now
    private let failure = TransportError(code: .connectionRefused, message: "refused")

    private func link(_ count: Int = 1) throws -> RequestLink {
        RequestLink(
            endpoints: try (0..<count).map { number in Endpoint(try Address("abstract://\(number)")) },
            backoff: .init(minimum: .milliseconds(20), maximum: .seconds(1))
        )
    }

    @Test
    func `the first that needs a connection begins an attempt, and no other`() throws {
        var link = try self.link()
        let isFirst1 = link.demand()
        #expect(isFirst1)
        let isFirst2 = link.demand()
        #expect(!isFirst2)
        link.succeed(at: start)
        #expect(link.phase == .connected(start))
        let isFirst3 = link.demand()
        #expect(!isFirst3)
    }

    @Test
    func `pauses double up to the longest, and are not the same for all`() throws {
        var link = try self.link()
        _ = link.demand()
        var pauses: [Duration] = []
        for _ in 0..<20 {
            let pause = link.fail(failure, hasDemand: true)
            pauses.append(try #require(pause))
            _ = link.attempt(hasDemand: true)
            #expect(link.phase == .dialing)
        }
        for (number, pause) in pauses.enumerated() {
            let longest = min(.milliseconds(20) * (1 << min(number, 16)), .seconds(1))
            #expect(pause >= longest / 2 && pause <= longest)
        }
        #expect(Set(pauses.suffix(10)).count > 1)
    }

    @Test
    func `of several all are tried before there is a pause`() throws {
        var link = try self.link(3)
        _ = link.demand()
        let pause4 = link.fail(failure, hasDemand: true)
        #expect(pause4 == .zero)
        let pause5 = link.fail(failure, hasDemand: true)
        #expect(pause5 == .zero)
        let pause = link.fail(failure, hasDemand: true)
        #expect(try #require(pause) > .zero)
        let pause6 = link.fail(failure, hasDemand: true)
        #expect(pause6 == .zero)
    }

    @Test
    func `nobody connects for nobody`() throws {
        var link = try self.link()
        _ = link.demand()
        let pause7 = link.fail(failure, hasDemand: false)
        #expect(pause7 == nil)
        #expect(link.phase == .idle)
        let isFirst8 = link.demand()
        #expect(isFirst8)
        _ = link.fail(failure, hasDemand: true)
        let endpoint9 = link.attempt(hasDemand: false)
        #expect(endpoint9 == nil)
        #expect(link.phase == .idle)
    }

    @Test
    func `a connection that lasted is replaced at once, and one that did not counts as a failure`() throws {
        var link = try self.link()
        _ = link.demand()
        link.succeed(at: start)
        let pause10 = link.lose(failure, at: start + .seconds(2), hasDemand: true)
        #expect(pause10 == .zero)
        #expect(link.phase == .waiting)
        _ = link.attempt(hasDemand: true)
        link.succeed(at: start)
        let pause = link.lose(failure, at: start + .milliseconds(2), hasDemand: true)
        #expect(try #require(pause) > .zero)
        link.succeed(at: start)
        let pause11 = link.lose(failure, at: start + .seconds(2), hasDemand: false)
        #expect(pause11 == nil)
        #expect(link.phase == .idle)
        let pause12 = link.lose(failure, at: start, hasDemand: true)
        #expect(pause12 == nil, "there is none to lose")
    }
}
