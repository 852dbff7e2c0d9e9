internal import Dispatch
internal import Taskwire

/// Tells those who watch tasks when somebody else may have changed them.
///
/// A change is announced on a channel of the task's own, so that a server hears of the tasks that are watched and of no
/// others. An announcement is a hint that may be lost; the truth is the task's version, which is read more than once a
/// second.
final class RedisWatches: Sendable {
    private struct Channel {
        var watches: [ObjectIdentifier: @Sendable () -> Void] = [:]
        /// Where announcements are listened to; `nil` where no node has the task.
        var endpoint: RedisEndpoint?
        /// The version that was read last; `nil` before it was read once.
        var version: RedisReply?
        var isBeingRead = false
    }

    /// So often that a change whose announcement was lost is seen within a second.
    private static let interval = DispatchTimeInterval.milliseconds(750)

    private let address: RedisAddress
    private let calls: RedisCalls
    /// Everything below is used on this queue alone.
    private let queue = DispatchQueue(label: "taskwire.redis.watches")
    /// By the task's key, which is its channel, too.
    private nonisolated(unsafe) var channels: [String: Channel] = [:]
    /// Of the nodes that have some of the tasks.
    private nonisolated(unsafe) var subscriptions: [RedisEndpoint: RedisSubscription] = [:]
    private nonisolated(unsafe) var timer: (any DispatchSourceTimer)?
    private nonisolated(unsafe) var isClosed = false

    init(address: RedisAddress, calls: RedisCalls) {
        self.address = address
        self.calls = calls
    }

    /// Calls `onChange` when the task may have changed, until what this returns is let go of.
    func watch(_ task: String, onChange: @escaping @Sendable () -> Void) -> any TaskWatch {
        let watch = Watch(task: task, watches: self)
        let id = ObjectIdentifier(watch)
        queue.async { self.begin(id, task, onChange) }
        return watch
    }

    /// Ends the subscriptions. Nobody is told of anything afterwards.
    func close() {
        queue.sync {
            unsafe isClosed = true
            unsafe channels = [:]
            rest()
        }
    }

    private final class Watch: TaskWatch {
        let task: String
        let watches: RedisWatches

        init(task: String, watches: RedisWatches) {
            self.task = task
            self.watches = watches
        }

        deinit {
            let id = ObjectIdentifier(self)
            watches.queue.async { [watches, task] in watches.end(id, task) }
        }
    }

    private func begin(_ id: ObjectIdentifier, _ task: String, _ onChange: @escaping @Sendable () -> Void) {
        guard unsafe !isClosed else { return }
        unsafe channels[task, default: Channel()].watches[id] = onChange
        if unsafe timer == nil { run() }
        listen(to: task)
    }

    private func end(_ id: ObjectIdentifier, _ task: String) {
        unsafe channels[task]?.watches[id] = nil
        guard let channel = unsafe channels[task], channel.watches.isEmpty else { return }
        unsafe channels[task] = nil
        if let endpoint = channel.endpoint { unsafe subscriptions[endpoint]?.remove(task) }
        if unsafe channels.isEmpty { rest() }
    }

    private func tell(_ task: String) {
        guard let channel = unsafe channels[task] else { return }
        for onChange in channel.watches.values { onChange() }
    }

    // MARK: Announcements

    /// Listens where the task is now.
    private func listen(to task: String) {
        guard let channel = unsafe channels[task] else { return }
        let endpoint = calls.endpoint(of: task)
        guard endpoint != channel.endpoint else { return }
        if let old = channel.endpoint { unsafe subscriptions[old]?.remove(task) }
        unsafe channels[task]?.endpoint = endpoint
        guard let endpoint else { return }
        if unsafe subscriptions[endpoint] == nil {
            unsafe subscriptions[endpoint] = RedisSubscription(endpoint, of: address) { [weak self] task in
                guard let self else { return }
                queue.async { self.tell(task) }
            }
        }
        unsafe subscriptions[endpoint]?.add(task)
    }

    /// Follows what went elsewhere, and lets go of nodes that have none of the tasks.
    private func follow() {
        for task in unsafe channels.keys { listen(to: task) }
        let used = unsafe Set(channels.values.compactMap(\.endpoint))
        for (endpoint, subscription) in unsafe subscriptions {
            if used.contains(endpoint) {
                subscription.restore()
            } else {
                subscription.close()
                unsafe subscriptions[endpoint] = nil
            }
        }
    }

    // MARK: Versions

    private func run() {
        let timer = DispatchSource.makeTimerSource(queue: queue)
        timer.schedule(deadline: .now() + Self.interval, repeating: Self.interval)
        timer.setEventHandler { [weak self] in self?.look() }
        unsafe self.timer = timer
        timer.activate()
    }

    private func rest() {
        unsafe timer?.cancel()
        unsafe timer = nil
        for subscription in unsafe subscriptions.values { subscription.close() }
        unsafe subscriptions = [:]
    }

    private func look() {
        follow()
        // What was not answered since the last round is enough.
        for (task, channel) in unsafe channels where !channel.isBeingRead {
            unsafe channels[task]?.isBeingRead = true
            calls.submit(RedisCommand("HGET", task, "v")) { [self] result in
                queue.async { self.compare(task, result) }
            }
        }
    }

    private func compare(_ task: String, _ result: Result<RedisReply, RedisFailure>) {
        guard var channel = unsafe channels[task] else { return }
        channel.isBeingRead = false
        var isNews = false
        if case .success(let version) = result {
            isNews = channel.version != version
            channel.version = version
        }
        unsafe channels[task] = channel
        if isNews { tell(task) }
    }
}
