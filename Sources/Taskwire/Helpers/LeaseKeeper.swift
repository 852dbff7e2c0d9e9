/// Keeps a worker's lease alive.
struct LeaseKeeper: Sendable {
    /// The pause after a renewal that the store could not carry out.
    private static let pause = Duration.milliseconds(200)

    let context: TaskContext
    let store: any TaskStore
    /// For how long the lease is granted and renewed.
    let duration: Duration
    /// When the claim was sent: the lease lasts at least as long from then on, by this process's clock.
    let claimedAt: ContinuousClock.Instant

    /// Renews the lease each third of its time, so that there is time for a second and a third try. Returns when the lease
    /// is lost, which the context is told, or when the Swift task is cancelled.
    func run() async {
        var renewedAt = claimedAt
        while true {
            guard (try? await Task.sleep(until: renewedAt + duration / 3)) != nil else { return }
            guard let sentAt = await renew(until: renewedAt + duration) else { return }
            renewedAt = sentAt
        }
    }

    /// Renews once, by as many tries as it takes, and returns when the successful one was sent; `nil` at the end.
    private func renew(until end: ContinuousClock.Instant) async -> ContinuousClock.Instant? {
        let request = RenewLeaseRequest(
            taskID: context.taskID,
            leaseToken: context.leaseToken,
            lease: duration
        )
        while !Task.isCancelled {
            let sentAt = ContinuousClock.now
            guard sentAt < end else {
                // The store may have given the task to another worker by now.
                context.noteLeaseLost()
                return nil
            }
            do {
                context.note(try await store.renewLease(request, options: CallOptions(deadline: end)))
                return sentAt
            } catch let error as TaskwireError where error.code == .notFound {
                context.noteLeaseLost()
                return nil
            } catch let error as TaskwireError where error.reason == .leaseLost {
                // A task that has ended has no lease, either.
                if let task = error.task, task.status.isTerminal {
                    context.note(task)
                } else {
                    context.noteLeaseLost()
                }
                return nil
            } catch {
                try? await Task.sleep(for: Self.pause)
            }
        }
        return nil
    }
}
