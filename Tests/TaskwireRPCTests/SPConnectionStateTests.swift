import Testing

import TaskwireRPC

/// The state machine of a connection as a value.
@Suite("The states of a connection")
struct SPConnectionStateTests {
    private let start = ContinuousClock.now

    private func state(_ change: (inout SPConnectionState.Limits) -> Void = { _ in }) -> SPConnectionState {
        var limits = SPConnectionState.Limits()
        limits.greetingTime = .seconds(10)
        limits.messageTime = .seconds(30)
        limits.sendTime = .seconds(5)
        limits.maximumCalls = 2
        limits.maximumUnsentSize = 100
        change(&limits)
        return SPConnectionState(limits: limits, now: start)
    }

    private func openState() -> SPConnectionState {
        var state = state()
        state.greet()
        return state
    }

    @Test
    func `a peer has to greet in time, whatever else it sends`() {
        var state = state()
        state.received(isWithinMessage: true, at: start + .seconds(9))
        #expect(state.nextDeadline == start + .seconds(10))
        #expect(state.overdue(at: start + .seconds(9)) == nil)
        #expect(state.overdue(at: start + .seconds(10)) == .greeting)
        state.greet()
        #expect(state.nextDeadline == nil)
        #expect(state.overdue(at: start + .seconds(3600)) == nil)
    }

    @Test
    func `a message that has begun has to go on, and one that is whole need not`() {
        var state = openState()
        state.received(isWithinMessage: true, at: start)
        #expect(state.overdue(at: start + .seconds(30)) == .message)
        state.received(isWithinMessage: true, at: start + .seconds(29))
        #expect(state.overdue(at: start + .seconds(30)) == nil)
        state.received(isWithinMessage: false, at: start + .seconds(40))
        #expect(state.nextDeadline == nil)
        state.received(isWithinMessage: true, at: start)
        state.pauseTaking()
        #expect(state.nextDeadline == nil, "the peer waits for us")
    }

    @Test
    func `a peer has to read, and each part that it reads gives it time for the next`() {
        var state = openState()
        state.queue(50)
        state.beginSending(at: start)
        #expect(!state.maySend, "one send at a time")
        state.progressSending(20, at: start + .seconds(4))
        #expect(state.overdue(at: start + .seconds(8)) == nil)
        #expect(state.overdue(at: start + .seconds(9)) == .send)
        state.endSending(30)
        #expect(state.unsentByteCount == 0 && state.maySend && state.nextDeadline == nil)
    }

    @Test
    func `no more is taken while as many calls are carried out as allowed, or as much waits to be sent`() {
        var state = openState()
        state.beginCalls(1)
        #expect(state.mayTakeMessages)
        state.beginCalls(1)
        #expect(!state.mayTakeMessages)
        state.endCalls(1)
        state.queue(100)
        #expect(!state.mayTakeMessages)
        state.beginSending(at: start)
        state.endSending(1)
        #expect(state.mayTakeMessages)
    }

    @Test
    func `draining ends when the calls have ended and their replies have left`() {
        var state = openState()
        state.beginCalls(1)
        state.drain()
        #expect(state.phase == .draining && !state.mayTakeMessages && !state.isDrained)
        state.endCalls(1)
        state.queue(10)
        #expect(!state.isDrained)
        state.beginSending(at: start)
        state.endSending(10)
        #expect(state.isDrained)
    }

    @Test
    func `a peer that is to go has time to read what it was told`() {
        var state = openState()
        state.drain(lingeringFrom: start)
        #expect(state.overdue(at: start) == nil)
        #expect(state.overdue(at: start + .milliseconds(100)) == .lingering)
        // One that goes on sending has more.
        state.received(isWithinMessage: true, at: start + .milliseconds(50))
        #expect(state.overdue(at: start + .milliseconds(100)) == nil)
        state.received(isWithinMessage: true, at: start + .milliseconds(990))
        #expect(state.nextDeadline == start + .seconds(1), "but not for ever")
        #expect(state.overdue(at: start + .seconds(1)) == .lingering)
    }

    @Test
    func `memory that is kept ready for a peer is given back when nothing comes`() {
        var state = openState()
        #expect(state.nextDeadline == nil)
        _ = state.beginReceiving()
        state.keepMemory(until: start + .seconds(1))
        #expect(state.overdue(at: start) == nil)
        #expect(state.overdue(at: start + .seconds(1)) == .idle)
        state.endReceiving()
        #expect(state.nextDeadline == nil, "something has come")
        state.keepMemory(until: start + .seconds(1))
        state.giveUpMemory()
        #expect(state.overdue(at: start + .seconds(2)) == nil)
    }

    @Test
    func `the stream is freed once, when it is closed and nothing is under way`() {
        var state = openState()
        let mayReceive1 = state.beginReceiving()
        #expect(mayReceive1)
        let mayReceive2 = state.beginReceiving()
        #expect(!mayReceive2, "one receive at a time")
        let mayDispatch3 = state.beginDispatching()
        #expect(mayDispatch3)
        let mayDispatch4 = state.beginDispatching()
        #expect(!mayDispatch4)
        state.queue(1)
        state.beginSending(at: start)
        let mayFree5 = state.free()
        #expect(!mayFree5, "it is not closed")
        let isFirst6 = state.close()
        #expect(isFirst6)
        let isFirst7 = state.close()
        #expect(!isFirst7, "the stream is closed once")
        #expect(!state.maySend && state.nextDeadline == nil)
        for end in [{ $0.endReceiving() }, { $0.endSending(0) }, { $0.endDispatching() }]
            as [(inout SPConnectionState) -> Void]
        {
            let mayFree8 = state.free()
            #expect(!mayFree8)
            end(&state)
        }
        let mayReceive9 = state.beginReceiving()
        #expect(!mayReceive9, "what is posted after the close never ends")
        let mayFree10 = state.free()
        #expect(mayFree10)
        let mayFree11 = state.free()
        #expect(!mayFree11)
    }
}
