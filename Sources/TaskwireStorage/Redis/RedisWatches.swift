internal import Dispatch
internal import FoundationEssentials
internal import Taskwire

/// Tells those who watch tasks when somebody else may have changed them.
///
/// A change is announced on a channel of the task's own, so that a server hears of the tasks that are watched and of no
/// others. An announcement is a hint that may be lost; the truth is the task's version, which is read more than once a
/// second.
final class RedisWatches: Sendable {
    private struct Channel {
        var watches: [ObjectIdentifier: @Sendable () -> Void] = [:]
        /// The version that was read last; `nil` before it was read once.
        var version: RedisReply?
    }

    /// So often that a change whose announcement was lost is seen within a second.
    private static let interval = DispatchTimeInterval.milliseconds(750)

    private let address: RedisAddress
    private let calls: RedisCalls
    /// Everything below is used on this queue alone.
    private let queue = DispatchQueue(label: "taskwire.redis.watches")
    /// By the task's key, which is its channel, too.
    private nonisolated(unsafe) var channels: [String: Channel] = [:]
    /// Connected while there are channels and Redis is there.
    private nonisolated(unsafe) var connection: RedisConnection?
    private nonisolated(unsafe) var source: (any DispatchSourceRead)?
    private nonisolated(unsafe) var timer: (any DispatchSourceTimer)?
    /// How many versions are being read.
    private nonisolated(unsafe) var readCount = 0
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
        let isNew = unsafe channels[task] == nil
        unsafe channels[task, default: Channel()].watches[id] = onChange
        guard unsafe timer != nil else {
            run()
            return connect()
        }
        if isNew { send("SUBSCRIBE", [task]) }
    }

    private func end(_ id: ObjectIdentifier, _ task: String) {
        unsafe channels[task]?.watches[id] = nil
        guard unsafe channels[task]?.watches.isEmpty == true else { return }
        unsafe channels[task] = nil
        if unsafe channels.isEmpty {
            rest()
        } else {
            send("UNSUBSCRIBE", [task])
        }
    }

    // MARK: Announcements

    private func connect() {
        guard unsafe connection == nil else { return }
        let new = RedisConnection(address: address)
        do throws(RedisFailure) {
            try new.open()
        } catch {
            // The next round tries again, and whoever calls meanwhile is told by the call.
            return
        }
        guard let descriptor = new.descriptor else { return }
        let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
        source.setEventHandler { [weak self] in self?.receive() }
        // The descriptor may be closed only after this.
        nonisolated(unsafe) let connected = new
        source.setCancelHandler { unsafe connected.close() }
        unsafe (connection, self.source) = (new, source)
        source.activate()
        send("SUBSCRIBE", unsafe Array(channels.keys))
        // What was announced before is unknown.
        for channel in unsafe channels.values { tell(channel) }
    }

    private func disconnect() {
        unsafe source?.cancel()
        unsafe (connection, source) = (nil, nil)
    }

    private func send(_ command: String, _ tasks: [String]) {
        guard let connection = unsafe connection, !tasks.isEmpty else { return }
        do throws(RedisFailure) {
            try connection.append([Data(command.utf8)] + tasks.map { Data($0.utf8) })
            try connection.flush()
        } catch {
            disconnect()
        }
    }

    private func receive() {
        guard let connection = unsafe connection else { return }
        do throws(RedisFailure) {
            for message in try connection.received() {
                guard let parts = message.elements, parts.count == 3, parts[0].text == "message" else {
                    continue
                }
                if let task = parts[1].text, let channel = unsafe channels[task] { tell(channel) }
            }
        } catch {
            disconnect()
        }
    }

    private func tell(_ channel: Channel) {
        for onChange in channel.watches.values { onChange() }
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
        disconnect()
    }

    private func look() {
        connect()
        // Those of the last round that Redis did not answer are enough.
        guard unsafe readCount == 0 else { return }
        for task in unsafe channels.keys {
            unsafe readCount += 1
            calls.submit(RedisCommand("HGET", .text(task), "v")) { [self] result in
                queue.async { self.compare(task, result) }
            }
        }
    }

    private func compare(_ task: String, _ result: Result<RedisReply, RedisFailure>) {
        unsafe readCount -= 1
        guard case .success(let version) = result, var channel = unsafe channels[task] else { return }
        guard channel.version != version else { return }
        channel.version = version
        unsafe channels[task] = channel
        tell(channel)
    }
}
