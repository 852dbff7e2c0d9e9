import Taskwire
import TaskwireClient
import TaskwireTestSupport

/// Looks at what must not change any more, and at whole listings.
struct Auditor {
    /// Removed tasks are remembered for ten minutes; later a repeat would be something new.
    private static let memory = Duration.seconds(300)

    let caller: Caller

    private var ledger: Ledger { caller.ledger }

    // MARK: Tasks that had enough

    /// Learns what became of a task, and checks its history.
    func retire(_ taskID: String) async {
        // A mutation whose outcome is known by now can do no more, wherever its first call may be.
        for mutation in ledger.unresolved(taskID) {
            await caller.record(mutation.operation, requestID: mutation.requestID, on: taskID)
        }
        guard ledger.unresolved(taskID).isEmpty else {
            ledger.report(Violation(.unexpected, "task \(taskID): no answer for \(Caller.patience)"))
            return
        }
        await endLease(of: taskID)
        await caller.record(.readResult, on: taskID)
        await caller.record(.read(.full), on: taskID)
        ledger.retire(taskID)
        while let oldest = ledger.takeOldest() { await remove(oldest) }
    }

    /// Gives a lease back, or waits until it has run out: a retired task changes no more.
    private func endLease(of taskID: String) async {
        let end = ContinuousClock.now + Caller.patience
        while let task = await caller.record(.read(.basic), on: taskID)?.state, task.lease != nil {
            guard .now < end else {
                let violation = Violation(.lost, "nobody renews the lease, and it never runs out")
                return ledger.report(violation, on: taskID)
            }
            if task.revision.isMultiple(of: 2), let token = ledger.leaseToken(of: task) {
                let release = ReleaseLeaseRequest(taskID: taskID, leaseToken: token)
                await caller.record(.release(release), requestID: .random(), on: taskID)
            } else {
                let wait = WaitTaskRequest(taskID: taskID, afterRevision: task.revision, wait: .seconds(5))
                _ = try? await caller.client.waitTask(wait, options: CallOptions(timeout: Caller.patience))
            }
        }
    }

    /// Reads a retired task, which must be as it was.
    func read(_ retired: Ledger.Retired) async {
        let expected = retired.state.map { TaskAnswer.task($0) } ?? .refused(.taskNotFound, nil)
        await check(retired, .read(.full), returns: expected)
    }

    /// Reads a task that a worker ended, which must be as it was.
    func read(_ order: Customer.Ended) async {
        do {
            let options = CallOptions(timeout: Caller.patience)
            let outcome = try await caller.client.getResult(order.taskID, options: options)
            guard outcome != order.outcome else { return ledger.countAudit(of: nil) }
            let change = "\(TaskAnswer.outcome(order.outcome)) became \(TaskAnswer.outcome(outcome))"
            ledger.report(Violation(.terminalChanged, "order \(order.taskID): \(change)"))
        } catch {
            ledger.report(Violation(.unexpected, "order \(order.taskID): \(error)"))
        }
    }

    /// Repeats a mutation of a retired task, which must return what it returned.
    func repeatCall(_ call: TaskCall, of retired: Ledger.Retired) async {
        guard let answer = call.answer, retired.state != nil || retired.age < Self.memory else { return }
        await check(retired, call.operation, repeats: call, returns: answer)
    }

    private func check(
        _ retired: Ledger.Retired,
        _ operation: TaskOperation,
        repeats call: TaskCall? = nil,
        returns expected: TaskAnswer
    ) async {
        do throws(Violation) {
            let answer = try await caller.answer(operation, requestID: call?.requestID, on: retired.taskID)
            // Somebody may have removed it meanwhile.
            guard answer != expected, ledger.retired(retired.taskID) != nil else {
                return ledger.countAudit(of: call)
            }
            ledger.forget(retired.taskID)
            throw change(of: retired, operation, answer, expected)
        } catch {
            ledger.report(error)
        }
    }

    private func change(
        of retired: Ledger.Retired,
        _ operation: TaskOperation,
        _ answer: TaskAnswer,
        _ expected: TaskAnswer
    ) -> Violation {
        let isNewer = answer.state?.revision ?? 0 > retired.state?.revision ?? 0
        return Violation(
            isNewer ? .doubled : .lost,
            "retired task \(retired.taskID): \(operation) returned: \(answer); instead of: \(expected)"
        )
    }

    /// Removes a task that nobody else knows any more, after a last look at it.
    private func remove(_ retired: Ledger.Retired) async {
        guard let state = retired.state else { return }
        do throws(Violation) {
            let last = try await caller.answer(.read(.full), on: retired.taskID)
            guard last == .task(state) else { throw change(of: retired, .read(.full), last, .task(state)) }
            let requestID = RequestID.random()
            for _ in 0..<2 {
                let answer = try await caller.answer(.delete, requestID: requestID, on: retired.taskID)
                guard answer == .deleted(true) else {
                    throw Violation(.lost, "task \(retired.taskID) was not there to be removed")
                }
            }
            let answer = try await caller.answer(.read(.full), on: retired.taskID)
            guard answer == .refused(.taskNotFound, nil) else {
                throw Violation(.lost, "task \(retired.taskID) was removed, but is \(answer)")
            }
        } catch {
            ledger.report(error)
        }
    }

    // MARK: Listings

    /// Walks through all pages. Tasks that are there all the time are on exactly one of them, and all are in order.
    /// - Parameter isQuiet: Whether nobody else calls, so that there must be no other tasks.
    func checkListing(pageSize: Int, isQuiet: Bool = false) async {
        let before = ledger.lastingTasks
        do throws(Violation) {
            let tasks = try await list(pageSize: pageSize)
            for (before, after) in zip(tasks, tasks.dropFirst()) where before.position >= after.position {
                throw Violation(.listing, "\(before.position) is followed by \(after.position)")
            }
            // An id that was removed and made again may be listed at both its places.
            let listed = Dictionary(tasks.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
            let after = ledger.lastingTasks
            let missing = before.keys.filter { after[$0] == before[$0] && listed[$0] == nil }
            let own = tasks.filter { $0.labels[OrderBook.label] == nil }.map(\.id)
            let surplus = isQuiet ? Set(own).subtracting(before.keys) : []
            guard missing.isEmpty, surplus.isEmpty else {
                throw Violation(.listing, "missing: \(missing.sorted()), surplus: \(surplus.sorted())")
            }
            for id in before.keys {
                guard let expected = ledger.retired(id)?.state, let task = listed[id] else { continue }
                // A task that was open when its page was made may have changed since.
                guard task.revision == expected.revision, task != expected.viewed(as: .basic) else {
                    continue
                }
                throw Violation(
                    .listing,
                    "\(TaskAnswer.task(task)) is listed instead of \(TaskAnswer.task(expected))"
                )
            }
        } catch {
            ledger.report(error)
        }
    }

    private func list(pageSize: Int) async throws(Violation) -> [TaskState] {
        var tasks: [TaskState] = []
        var request = ListTasksRequest(pageSize: pageSize)
        repeat {
            let begin = ledger.tick()
            let page: TaskPage
            do {
                page = try await caller.client.listTasks(
                    request,
                    options: CallOptions(timeout: Caller.patience)
                )
            } catch {
                throw Violation(.unexpected, "listing: \(error)")
            }
            for task in page.tasks { ledger.observe(task, since: begin, by: caller.number) }
            tasks += page.tasks
            request.cursor = page.nextCursor
        } while !request.cursor.isEmpty
        return tasks
    }
}

extension Ledger.Retired {
    fileprivate var age: Duration { .now - retiredAt }
}

extension TaskState {
    fileprivate var position: TaskPosition { TaskPosition(createdAt: createdAt, id: id) }
}
