internal import Dispatch
internal import FoundationEssentials

/// The announcements of one node about the tasks that somebody watches.
///
/// They are sharded: only the nodes that have a slot hear of its channels, and not the whole Cluster of every write, as they
/// would with PUBLISH (Redis documentation, "Sharded Pub/Sub"). A Redis without a Cluster has them, too.
final class RedisSubscription: Sendable {
    private static let pause = Duration.milliseconds(500)

    private let endpoint: RedisEndpoint
    private let address: RedisAddress
    /// Told of a channel on which there is or may have been an announcement.
    private let onMessage: @Sendable (String) -> Void
    /// Everything below is used on this queue alone.
    private let queue = DispatchQueue(label: "taskwire.redis.subscription")
    /// Which channels are wanted, and whether the node knows that.
    private nonisolated(unsafe) var channels: [String: Bool] = [:]
    /// Connected while there are channels and the node is there.
    private nonisolated(unsafe) var connection: RedisConnection?
    private nonisolated(unsafe) var source: (any DispatchSourceRead)?
    /// When it was tried to connect last, which may take longer than it takes to be asked for again.
    private nonisolated(unsafe) var triedAt: ContinuousClock.Instant?

    init(
        _ endpoint: RedisEndpoint,
        of address: RedisAddress,
        onMessage: @escaping @Sendable (String) -> Void
    ) {
        self.endpoint = endpoint
        self.address = address
        self.onMessage = onMessage
    }

    /// Begins with a channel.
    func add(_ channel: String) {
        queue.async { [self] in
            unsafe channels[channel] = false
            if unsafe connection == nil { connect() } else { send("SSUBSCRIBE", [channel]) }
        }
    }

    /// Ends with a channel.
    func remove(_ channel: String) {
        queue.async { [self] in
            guard unsafe channels.removeValue(forKey: channel) != nil else { return }
            send("SUNSUBSCRIBE", [channel])
        }
    }

    /// Connects again where the connection broke, and repeats what the node did not take.
    func restore() {
        queue.async { [self] in
            if unsafe connection == nil {
                connect()
            } else {
                send("SSUBSCRIBE", unsafe channels.filter { !$0.value }.map(\.key))
            }
        }
    }

    /// Ends with all channels. Harmless when repeated.
    func close() {
        queue.async { [self] in
            unsafe channels = [:]
            disconnect()
        }
    }

    private func connect() {
        guard unsafe !channels.isEmpty else { return }
        if let last = unsafe triedAt, ContinuousClock.now - last < Self.pause { return }
        defer { unsafe triedAt = .now }
        let new = RedisConnection(endpoint, of: address)
        do throws(RedisFailure) {
            try new.open()
        } catch {
            // Who calls `restore` tries again, and whoever calls meanwhile is told by the call.
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
        let names = unsafe Array(channels.keys)
        send("SSUBSCRIBE", names)
        // What was announced before is unknown.
        for name in names { onMessage(name) }
    }

    private func disconnect() {
        unsafe source?.cancel()
        unsafe (connection, source) = (nil, nil)
        for name in unsafe channels.keys { unsafe channels[name] = false }
    }

    /// One command for each channel, as those of one command have to be in one slot.
    private func send(_ command: String, _ channels: [String]) {
        guard let connection = unsafe connection, !channels.isEmpty else { return }
        do throws(RedisFailure) {
            for channel in channels { try connection.append([Data(command.utf8), Data(channel.utf8)]) }
            try connection.flush()
        } catch {
            disconnect()
        }
    }

    private func receive() {
        guard let connection = unsafe connection else { return }
        do throws(RedisFailure) {
            for message in try connection.received() {
                guard
                    let parts = message.elements, parts.count == 3,
                    let channel = parts[1].text, unsafe channels[channel] != nil
                else { continue }
                switch parts[0].text {
                case "ssubscribe":
                    unsafe channels[channel] = true
                    // Nobody has heard what was announced before the node took this.
                    onMessage(channel)
                // By the node itself, where the slot went elsewhere.
                case "sunsubscribe": unsafe channels[channel] = false
                case "smessage": onMessage(channel)
                default: break
                }
            }
        } catch {
            disconnect()
        }
    }
}
