import Foundation
import Synchronization
import TaskwireTestSupport

/// Workers in processes of their own, which are killed, or stand still for longer than their leases, at random moments.
final class Crew: Sendable {
    /// As short as the contract allows, in seconds.
    private static let lease = 1
    /// How long a worker stands still, in seconds.
    private static let pauses = 0.5...2.0

    private let size: Int
    private let urls: [String]
    private let book: OrderBook
    private let ledger: Ledger
    /// Those that run, by their places.
    private let workers = Mutex<[Int: WorkerProcess]>([:])

    /// `size` workers that share the servers, and stores without a server, at `urls`.
    init(size: Int, urls: [String], book: OrderBook, ledger: Ledger) {
        self.size = size
        self.urls = urls
        self.book = book
        self.ledger = ledger
    }

    /// Ends all processes.
    func end() {
        for worker in workers.withLock({ Array($0.values) }) { _ = try? worker.kill() }
    }

    /// Lets the workers work until everything in the book has ended. Until the ledger is stopped they are killed some
    /// `duration` seconds after they began.
    func run(duration: Double, seed: UInt64) async {
        await withTaskGroup { group in
            for place in 0..<size {
                let generator = SeededGenerator(seed: seed &- UInt64(place + 1) &* 0x9fb2_1c65_1e98_df25)
                group.addTask {
                    do {
                        try await self.fill(place, duration: duration, generator)
                    } catch {
                        self.ledger.report(Violation(.unexpected, "worker \(place): \(error)"))
                    }
                }
            }
        }
    }

    /// Runs one worker after the other at one of the places.
    private func fill(
        _ place: Int,
        duration: Double,
        _ generator: SeededGenerator
    ) async throws {
        var generator = generator
        var number = 0
        while !book.isComplete, !Task.isCancelled {
            number += 1
            let arguments = [
                "--url", urls[place % urls.count], "--name", "\(place).\(number)", "--lease", "\(Self.lease)",
                "--pool", OrderBook.pool,
            ]
            let own = SeededGenerator(seed: generator.next())
            try await WorkerProcess.run(arguments) { worker in
                workers.withLock { $0[place] = worker }
                defer { workers.withLock { $0[place] = nil } }
                let misfortune = Task { try await self.strike(worker, duration: duration, own) }
                for await event in worker.events { book.note(event) }
                misfortune.cancel()
                _ = await misfortune.result
                if Task.isCancelled { try worker.kill() }
            }
        }
    }

    /// Lets a worker stand still now and then, and at last kills it.
    private func strike(
        _ worker: WorkerProcess,
        duration: Double,
        _ generator: SeededGenerator
    ) async throws {
        var generator = generator
        while true {
            try await Task.sleep(for: .seconds(Double.random(in: 0...duration * 2, using: &generator)))
            guard !ledger.isStopped else { return }
            guard Int.random(in: 0..<3, using: &generator) == 0 else {
                try worker.kill()
                return ledger.count(\.workerKills)
            }
            try worker.stop()
            ledger.count(\.workerStops)
            // When it is told to stop, the worker goes on at once.
            try? await Task.sleep(for: .seconds(Double.random(in: Self.pauses, using: &generator)))
            try worker.resume()
        }
    }
}
