import Foundation
import Synchronization
import Taskwire
import TaskwireTestSupport

/// What all clients know together: the tasks they work on, with their histories, and those that are done with.
final class Ledger: Sendable {
    /// A task's memory of request ids holds 32 mutations; tasks that get fewer answer every repeat.
    static let mutationLimit = 30
    /// Bounds what is kept in memory.
    static let callLimit = 120
    /// How many mutations a task still gets once it has ended or is removed.
    static let afterlife = 4
    /// How many tasks are kept on the server, and looked at again, once they are done with.
    static let retiredLimit = 1000
    /// How many reports are printed; later ones are only counted.
    static let printLimit = 20

    /// What a client needs to know to choose its next call.
    struct Glance: Sendable {
        var taskID: String
        var isNew: Bool
        var revision: UInt64?
        var mutations: [SentMutation]
        /// Of all leases that were taken, as far as anybody knows.
        var leaseTokens: [[UInt8]]
        /// Whether somebody held the task when it was last seen.
        var isHeld: Bool
    }

    struct SentMutation: Sendable {
        var operation: TaskOperation
        var requestID: RequestID
    }

    /// A task that gets no more calls but reads and repeats, which must all return the same.
    struct Retired: Sendable {
        var taskID: String
        /// In full view; `nil` where it was removed.
        var state: TaskState?
        /// Whether anybody ever asked to remove it; it may have been made again since.
        var isReborn: Bool
        var repeats: [TaskCall]
        var retiredAt: ContinuousClock.Instant
    }

    struct Counts: Sendable, CustomStringConvertible {
        var kills = 0
        var redisKills = 0
        var workerKills = 0
        /// How often a worker stood still.
        var workerStops = 0
        /// Leases that clients took, and those of them that ran out.
        var claims = 0
        var lostLeases = 0
        var acknowledged = 0
        var refused = 0
        var unknown = 0
        var repeats = 0
        /// Repeats of what was first sent before the last kill.
        var repeatsAfterKill = 0
        var reads = 0
        var tasks = 0
        var violations: [Violation.Kind: Int] = [:]

        var description: String {
            let lost = violations[.lost] ?? 0
            let doubled = violations[.doubled] ?? 0
            let stale = violations[.staleLease] ?? 0
            let others = violations.values.reduce(0, +) - lost - doubled - stale
            return """
                kills of servers \(kills), of Redis \(redisKills), of workers \(workerKills), \
                workers that stood still \(workerStops), acknowledged mutations \(acknowledged), unknown outcomes \(unknown), \
                refused \(refused), repeats checked \(repeats), \
                of which after a kill \(repeatsAfterKill), reads \(reads), tasks \(tasks), \
                claims \(claims), leases that ran out \(lostLeases), \
                lost \(lost), doubled \(doubled), let through with a lost lease \(stale), other violations \(others)
                """
        }
    }

    private struct Open {
        var history: TaskHistory
        /// Each mutation once, in the order in which they were first sent.
        var sent: [SentMutation] = []
        var users = 0
        /// How many had been sent when the task was seen to have ended or to be gone.
        var sentUntilEnd: Int?

        /// Whether the task is there as far as anybody can know.
        var isLasting: Bool {
            !sent.contains { $0.operation == .delete }
                && history.calls.contains { $0.answer?.isAcknowledged == true && $0.answer?.state != nil }
        }

        var isExhausted: Bool {
            sent.count >= sentUntilEnd.map { min($0 + afterlife, mutationLimit) } ?? mutationLimit
                || history.calls.count >= callLimit
        }
    }

    private struct State {
        let start = ContinuousClock.now
        var moment: UInt64 = 0
        var slots: [String?]
        var open: [String: Open] = [:]
        var retired: [String: Retired] = [:]
        var retiredOrder: [String] = []
        var counts = Counts()
        var kills: [UInt64] = []
        var printCount = 0
        var isStopped = false
        var mutationsBegun = 0

        /// The present moment, which no other is.
        mutating func tick() -> UInt64 {
            moment = max(moment + 1, UInt64((.now - start) / .microseconds(1)))
            return moment
        }

        mutating func countRepeat(of call: TaskCall) {
            counts.repeats += 1
            if let kill = kills.last, call.begin < kill { counts.repeatsAfterKill += 1 }
        }
    }

    private let state: Mutex<State>

    /// For `slotCount` tasks at a time.
    init(slotCount: Int) {
        state = Mutex(State(slots: Array(repeating: nil, count: slotCount)))
    }

    var counts: Counts { state.withLock { $0.counts } }
    var mutationsBegun: Int { state.withLock { $0.mutationsBegun } }
    var isStopped: Bool { state.withLock { $0.isStopped } }
    var openTaskIDs: [String] { state.withLock { $0.open.keys.sorted() } }
    var retired: [Retired] { state.withLock { state in state.retiredOrder.compactMap { state.retired[$0] } } }

    /// Lets clients finish their calls.
    func stop() { state.withLock { $0.isStopped = true } }

    /// Counts something that is no kill of what keeps the tasks.
    func count(_ field: WritableKeyPath<Counts, Int>) {
        state.withLock { $0.counts[keyPath: field] += 1 }
    }

    /// Counts a kill of a server or of Redis.
    func countKill(_ field: WritableKeyPath<Counts, Int>) {
        state.withLock { state in
            state.counts[keyPath: field] += 1
            state.kills.append(state.tick())
        }
    }

    // MARK: Tasks

    /// Returns the task of a slot, which is a new one with the given id where the slot is empty. `leave` must follow.
    func enter(_ slot: Int, newID: String) -> Glance {
        state.withLock { state in
            let taskID = state.slots[slot] ?? newID
            state.slots[slot] = taskID
            var open = state.open[taskID] ?? Open(history: TaskHistory(taskID: taskID))
            open.users += 1
            state.open[taskID] = open
            let last = open.history.calls.last { $0.answer?.state != nil }?.answer?.state
            return Glance(
                taskID: taskID,
                isNew: open.history.calls.isEmpty,
                revision: last?.revision,
                mutations: open.sent,
                leaseTokens: open.history.claims.map(\.leaseToken),
                isHeld: last?.lease != nil
            )
        }
    }

    /// Returns whether the task is to be retired by the caller: it had enough, and nobody else works on it.
    func leave(_ taskID: String) -> Bool {
        state.withLock { state in
            guard var open = state.open[taskID] else { return false }
            open.users -= 1
            state.open[taskID] = open
            guard open.isExhausted else { return false }
            for slot in state.slots.indices where state.slots[slot] == taskID { state.slots[slot] = nil }
            return open.users == 0
        }
    }

    /// The mutations of an open task whose outcome nobody knows yet.
    func unresolved(_ taskID: String) -> [SentMutation] {
        state.withLock { state in
            guard let open = state.open[taskID] else { return [] }
            let unknown = Set(open.history.calls.filter { $0.ending == .unknown }.compactMap(\.requestID))
            let answered = Set(open.history.calls.filter { $0.answer != nil }.compactMap(\.requestID))
            return open.sent.filter { unknown.subtracting(answered).contains($0.requestID) }
        }
    }

    // MARK: Calls

    /// Notes that a call begins; `nil` where it must not, since the task has had as many mutations as it remembers.
    func begin(_ operation: TaskOperation, requestID: RequestID?, on taskID: String, by caller: Int) -> Int? {
        state.withLock { state in
            guard var open = state.open.removeValue(forKey: taskID) else { return nil }
            defer { state.open[taskID] = open }
            if let requestID {
                if !open.sent.contains(where: { $0.requestID == requestID }) {
                    guard open.sent.count < Self.mutationLimit else { return nil }
                    open.sent.append(SentMutation(operation: operation, requestID: requestID))
                }
                state.mutationsBegun += 1
            }
            state.moment += 1
            let call = TaskCall(
                caller: caller,
                operation: operation,
                requestID: requestID,
                begin: state.tick()
            )
            return open.history.begin(call)
        }
    }

    /// Notes how the call ended, which `begin` gave this index.
    func end(_ index: Int, on taskID: String, _ result: CallResult) {
        state.withLock { state in
            guard var open = state.open.removeValue(forKey: taskID) else { return }
            defer { state.open[taskID] = open }
            let call = open.history.calls[index]
            switch result {
            case .unknown:
                state.counts.unknown += call.operation.isMutation ? 1 : 0
            case .notDone:
                open.history.end(index, .notDone)
            case .answered(let answer):
                open.history.end(index, .answered(answer, at: state.tick()))
                let first = open.history.calls.first { $0.requestID == call.requestID } ?? call
                if !call.operation.isMutation {
                    state.counts.reads += 1
                } else if !answer.isAcknowledged {
                    state.counts.refused += 1
                } else if first.begin < call.begin {
                    state.countRepeat(of: first)
                } else {
                    state.counts.acknowledged += 1
                    if case .claim = answer { state.counts.claims += 1 }
                }
                if open.sentUntilEnd == nil,
                    answer.state?.status.isTerminal == true || answer == .deleted(true)
                {
                    open.sentUntilEnd = open.sent.count
                }
            }
        }
    }

    /// The present moment, where a page of a listing is asked for.
    func tick() -> UInt64 { state.withLock { $0.tick() } }

    /// The token of a task's lease; `nil` where it has none that anybody knows.
    func leaseToken(of task: TaskState) -> [UInt8]? {
        let claims = state.withLock { $0.open[task.id]?.history.claims ?? [] }
        return claims.last { $0.task.lease?.worker == task.lease?.worker }?.leaseToken
    }

    /// Adds what a page showed of an open task to its history.
    func observe(_ task: TaskState, since begin: UInt64, by caller: Int) {
        state.withLock { state in
            guard var open = state.open.removeValue(forKey: task.id) else { return }
            defer { state.open[task.id] = open }
            let call = TaskCall(caller: caller, operation: .read(.basic), requestID: nil, begin: begin)
            open.history.end(open.history.begin(call), .answered(.task(task), at: state.tick()))
        }
    }

    /// The tasks that are there as far as anybody can know, and will be unless somebody removes them, with whether anybody
    /// ever asked for that. One for which this changed may have been away meanwhile.
    var lastingTasks: [String: Bool] {
        state.withLock { state in
            let open = state.open.filter { $0.value.isLasting }.mapValues { _ in false }
            let retired = state.retired.filter { $0.value.state != nil }.mapValues(\.isReborn)
            return open.merging(retired) { $1 }
        }
    }

    // MARK: The end of a task

    /// Closes the history of a task that was just read in full view, and checks it.
    func retire(_ taskID: String) {
        let history = state.withLock { state -> TaskHistory? in
            state.counts.tasks += 1
            state.counts.lostLeases += state.open[taskID]?.history.lostLeaseCount ?? 0
            return state.open.removeValue(forKey: taskID)?.history
        }
        guard let history else { return }
        report(history.violations(), history)
        let reading = history.calls.last { $0.operation == .read(.full) }
        guard let final = reading?.answer else {
            return report(Violation(.unexpected, "task \(taskID): no answer to the last reading"))
        }
        let repeats = history.calls.filter {
            $0.operation.isMutation && $0.answer?.isRemembered == true
        }
        let retired = Retired(
            taskID: taskID,
            state: final.state,
            isReborn: history.calls.contains { $0.operation == .delete },
            repeats: Array(repeats.suffix(3)),
            retiredAt: .now
        )
        state.withLock { state in
            state.retired[taskID] = retired
            state.retiredOrder.append(taskID)
        }
    }

    /// Takes out the oldest retired task where there are too many.
    func takeOldest() -> Retired? {
        state.withLock { state in
            guard state.retiredOrder.count > Self.retiredLimit else { return nil }
            return state.retired.removeValue(forKey: state.retiredOrder.removeFirst())
        }
    }

    func retired(_ taskID: String) -> Retired? { state.withLock { $0.retired[taskID] } }

    func randomRetired(using generator: inout SeededGenerator) -> Retired? {
        let number = generator.next()
        return state.withLock { state in
            guard !state.retiredOrder.isEmpty else { return nil }
            return state.retired[state.retiredOrder[Int(number % UInt64(state.retiredOrder.count))]]
        }
    }

    /// Counts a look at a retired task, or a repeat of what it was once told.
    func countAudit(of call: TaskCall?) {
        state.withLock { state in
            if let call { state.countRepeat(of: call) } else { state.counts.reads += 1 }
        }
    }

    /// Forgets a retired task that is not as it was, so that it is reported once.
    func forget(_ taskID: String) {
        state.withLock { state in
            state.retired[taskID] = nil
            state.retiredOrder.removeAll { $0 == taskID }
        }
    }

    // MARK: Violations

    /// Counts and prints what a task broke, and all that happened to it.
    func report(_ violations: [Violation], _ history: TaskHistory?) {
        // Calls that are given up at the end of a failed run tell nothing.
        guard !violations.isEmpty, !Task.isCancelled else { return }
        let (isPrinted, kills) = state.withLock { state in
            for violation in violations { state.counts.violations[violation.kind, default: 0] += 1 }
            state.printCount += 1
            return (state.printCount <= Self.printLimit, state.kills)
        }
        guard isPrinted else { return }
        var text = violations.map { "\($0.kind.rawValue): \($0.message)" }.joined(separator: "\n")
        if let history {
            let first = history.calls.map(\.begin).min() ?? 0
            let last = history.calls.map { $0.end ?? $0.begin }.max() ?? 0
            let during = kills.filter { first <= $0 && $0 <= last }.map { "#\($0)" }
            text += "\n\(history)\n  kills meanwhile: \(during.joined(separator: ", "))"
        }
        say(text)
    }

    /// Counts and prints a violation that is not one task's.
    func report(_ violation: Violation) { report([violation], nil) }

    /// Reports what concerns an open task, with its history so far.
    func report(_ violation: Violation, on taskID: String) {
        report([violation], state.withLock { $0.open[taskID]?.history })
    }
}

/// How a call ended, before the ledger gives it a moment.
enum CallResult: Sendable {
    case answered(TaskAnswer)
    case notDone
    case unknown
}

/// Writes a line to standard output at once, as nobody waits for the end of a long run.
func say(_ text: String) {
    FileHandle.standardOutput.write(Data("\(text)\n".utf8))
}
