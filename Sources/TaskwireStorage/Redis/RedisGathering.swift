internal import Synchronization

/// The results of commands that were sent together.
final class RedisGathering: Sendable {
    private struct State {
        var results: [Result<RedisReply, RedisFailure>]
        var missing: Int
        var finish: (@Sendable ([Result<RedisReply, RedisFailure>]) -> Void)?
    }

    private let state: Mutex<State>

    /// - Parameter finish: Told once, when there are `count` results, or at the end.
    init(count: Int, finish: @escaping @Sendable ([Result<RedisReply, RedisFailure>]) -> Void) {
        let none = Result<RedisReply, RedisFailure>.failure(.unreachable("there was no answer in time"))
        state = Mutex(State(results: Array(repeating: none, count: count), missing: count, finish: finish))
    }

    func put(_ result: Result<RedisReply, RedisFailure>, at index: Int) {
        let isLast = state.withLock { state in
            guard state.finish != nil else { return false }
            state.results[index] = result
            state.missing -= 1
            return state.missing == 0
        }
        if isLast { end() }
    }

    /// What is missing by now stays so.
    func end() {
        let (finish, results) = state.withLock { state in
            defer { state.finish = nil }
            return (state.finish, state.results)
        }
        finish?(results)
    }
}
