internal import Glibc
internal import Synchronization

/// Where a store takes the time from. Tests bring their own.
public protocol TaskClock: Sendable {
    /// The present moment.
    var instant: TaskInstant { get }

    /// Suspends until the steady clock shows `moment`.
    /// - Throws: `CancellationError` when the Swift task is cancelled before.
    func sleep(until moment: Timestamp) async throws

    /// Has gaps noticed, times in which the process does not run, until the Swift task is cancelled. By default there are none.
    func watchForGaps() async

    /// When the last gap ended of at least `length` milliseconds, by the steady clock; `nil`, which is the default, where there
    /// was none.
    func endOfGap(ofAtLeast length: Int64) -> Timestamp?
}

extension TaskClock {
    /// There are none.
    public func watchForGaps() async {}

    /// There are none.
    public func endOfGap(ofAtLeast length: Int64) -> Timestamp? { nil }

    /// The present moment by the clock that does not jump.
    public var now: Timestamp { instant.steady }
}

/// The clocks of the system.
///
/// The steady clock shows the wall clock's time of the moment at which the process first asked, and what has passed since
/// then, a suspension of the machine included (`CLOCK_BOOTTIME`). The wall clock is looked at once a second, and followed
/// where it has moved against the steady clock by 100 ms or more.
public struct SystemTaskClock: TaskClock {
    /// The system's clocks.
    public init() {}

    /// The present moment.
    public var instant: TaskInstant { Self.clocks.instant }

    /// Suspends until the steady clock shows `moment`.
    public func sleep(until moment: Timestamp) async throws {
        let remaining = moment.milliseconds(since: now)
        if remaining > 0 { try await Task.sleep(for: .milliseconds(remaining)) }
    }

    /// Has gaps noticed of more than half a second, until the Swift task is cancelled.
    public func watchForGaps() async {
        await Self.clocks.beat()
    }

    /// When the last gap ended of at least `length` milliseconds that was noticed.
    public func endOfGap(ofAtLeast length: Int64) -> Timestamp? {
        Self.clocks.heartbeat.withLock { $0.endOfGap(ofAtLeast: length, before: now) }
    }

    private static let clocks = SystemClocks()
}

/// What the process knows of the system's clocks.
private final class SystemClocks: Sendable {
    private static let lookInterval: Int64 = 1000
    private static let tolerance: Int64 = 100

    /// The steady clock's time when the machine had just started.
    private let start: Int64
    /// How far the steady clock is ahead of the wall clock.
    private let lead = Atomic<Int64>(0)
    /// When the wall clock was looked at last, by the steady clock.
    private let lookedAt: Atomic<Int64>
    let heartbeat = Mutex(Heartbeat())
    /// How many Swift tasks beat.
    private let beating = Atomic(0)

    init() {
        let wall = Self.read(CLOCK_REALTIME)
        start = wall - Self.read(CLOCK_BOOTTIME)
        lookedAt = Atomic(wall)
    }

    var instant: TaskInstant {
        let steady = start + Self.read(CLOCK_BOOTTIME)
        if steady - lookedAt.load(ordering: .relaxed) >= Self.lookInterval { look() }
        return TaskInstant(
            steady: Timestamp(millisecondsSince1970: steady),
            wall: Timestamp(millisecondsSince1970: steady - lead.load(ordering: .relaxed))
        )
    }

    func beat() async {
        beating.add(1, ordering: .relaxed)
        repeat {
            heartbeat.withLock { $0.beat(at: instant.steady) }
            try? await Task.sleep(for: .milliseconds(Heartbeat.interval))
        } while !Task.isCancelled
        if beating.subtract(1, ordering: .relaxed).newValue == 0 { heartbeat.withLock { $0.stop() } }
    }

    private func look() {
        let before = start + Self.read(CLOCK_BOOTTIME)
        let wall = Self.read(CLOCK_REALTIME)
        let steady = start + Self.read(CLOCK_BOOTTIME)
        // A thread that was held up between the clocks has seen nothing of use.
        guard steady - before <= 1 else { return }
        lookedAt.store(steady, ordering: .relaxed)
        if abs(steady - wall - lead.load(ordering: .relaxed)) >= Self.tolerance {
            lead.store(steady - wall, ordering: .relaxed)
        }
    }

    /// A clock of the system in milliseconds.
    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
