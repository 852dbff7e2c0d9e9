internal import Synchronization
internal import TaskwireProtobuf

/// How far the calls of a batch have got, and the room that is left for their replies.
///
/// The calls are started in runs: one run starts calls as long as none of them has to wait, and then the next
/// run takes over.
final class BatchProgress: Sendable {
    private struct State {
        var startedCount = 0
        var run = 0
        var room: Int
        var byteCount = 0
        var replies: [RPCReply?]
    }

    private let count: Int
    private let state: Mutex<State>

    /// A batch of `count` calls whose replies may have `room` bytes together.
    init(count: Int, room: Int) {
        self.count = count
        state = Mutex(State(room: room, replies: Array(repeating: nil, count: count)))
    }

    /// The number of the next run, or nil when all calls have been started.
    var nextRun: Int? {
        state.withLock { $0.startedCount < count ? $0.run : nil }
    }

    /// Sees to it that the run starts no more calls, and returns how many have been started.
    func endRun() -> Int {
        state.withLock { state in
            state.run += 1
            return state.startedCount
        }
    }

    /// The call that the run is to start now, or nil when that is for others.
    func next(in run: Int) -> Int? {
        state.withLock { state in
            guard run == state.run, state.startedCount < count else { return nil }
            defer { state.startedCount += 1 }
            return state.startedCount
        }
    }

    /// A call was answered.
    func finish(_ index: Int, _ reply: RPCReply) {
        state.withLock { $0.replies[index] = reply }
    }

    /// The replies, in the order of the calls; complete when all have been answered.
    var replies: [RPCReply] {
        state.withLock { $0.replies.compactMap(\.self) }
    }

    /// Whether there is any room left.
    var hasRoom: Bool {
        state.withLock { $0.room > 0 }
    }

    /// Bytes of the replies that have taken room.
    var byteCount: Int {
        state.withLock { $0.byteCount }
    }

    /// Takes room for one reply. If there is not as much, none is left for anybody, so that calls that have
    /// not been started are refused at once and not carried out for nothing.
    func takeRoom(_ byteCount: Int) -> Bool {
        state.withLock { state in
            guard byteCount <= state.room else {
                state.room = 0
                return false
            }
            state.room -= byteCount
            state.byteCount += byteCount
            return true
        }
    }
}
