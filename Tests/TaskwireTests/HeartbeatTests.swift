import Taskwire
import Testing

/// Times in which the process does not run, without a process.
@Suite("Heartbeat")
struct HeartbeatTests {
    private func moment(_ milliseconds: Int64) -> Timestamp { Timestamp(millisecondsSince1970: milliseconds) }

    @Test("beats in time are no gap")
    func regular() {
        var heartbeat = Heartbeat()
        for beat in 0..<100 { heartbeat.beat(at: moment(Int64(beat) * Heartbeat.interval)) }
        #expect(heartbeat.endOfGap(ofAtLeast: 0, before: moment(99 * Heartbeat.interval + 600)) == nil)
    }

    @Test("a gap is noticed by whoever asks first, before the next beat")
    func noticed() {
        var heartbeat = Heartbeat()
        heartbeat.beat(at: moment(0))
        #expect(heartbeat.endOfGap(ofAtLeast: 2000, before: moment(3000)) == moment(3000))
        heartbeat.beat(at: moment(3100))
        #expect(heartbeat.endOfGap(ofAtLeast: 2000, before: moment(3200)) == moment(3000))
    }

    @Test("a gap that costs a short lease may be none for a long one")
    func length() {
        var heartbeat = Heartbeat()
        heartbeat.beat(at: moment(0))
        heartbeat.beat(at: moment(1000))
        #expect(heartbeat.endOfGap(ofAtLeast: 667, before: moment(1001)) == moment(1000))
        #expect(heartbeat.endOfGap(ofAtLeast: 1001, before: moment(1001)) == nil)
    }

    @Test("a short gap after a long one makes nobody forget the long one")
    func merged() {
        var heartbeat = Heartbeat()
        heartbeat.beat(at: moment(0))
        heartbeat.beat(at: moment(60_000))
        heartbeat.beat(at: moment(61_000))
        #expect(heartbeat.endOfGap(ofAtLeast: 60_000, before: moment(61_001)) == moment(61_000))
    }

    @Test("a gap is forgotten when the longest lease has been renewed")
    func forgotten() {
        var heartbeat = Heartbeat()
        heartbeat.beat(at: moment(0))
        var time: Int64 = 10_000
        heartbeat.beat(at: moment(time))
        while time <= 210_000 {
            time += Heartbeat.interval
            heartbeat.beat(at: moment(time))
        }
        #expect(heartbeat.endOfGap(ofAtLeast: 1000, before: moment(time)) == nil)
    }

    @Test("where nobody beats, silence means nothing")
    func stopped() {
        var heartbeat = Heartbeat()
        #expect(heartbeat.endOfGap(ofAtLeast: 0, before: moment(1_000_000)) == nil)
        heartbeat.beat(at: moment(1_000_000))
        heartbeat.stop()
        #expect(heartbeat.endOfGap(ofAtLeast: 0, before: moment(2_000_000)) == nil)
    }
}
