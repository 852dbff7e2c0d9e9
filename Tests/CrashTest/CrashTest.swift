import ArgumentParser
import Foundation
import Subprocess
import Taskwire
import TaskwireClient
import TaskwireTestSupport

/// Kills servers and workers again and again while clients work with them, and checks that nothing acknowledged is lost,
/// nothing is done twice, and every task that workers were to do ends once.
@main
struct CrashTest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "crash-test",
        abstract:
            "Kill servers and workers while clients work with them, and check every answer that they got.",
        discussion: "Exits with 0 only if nothing was lost, done twice, or otherwise not as promised."
    )

    @Option(help: "How often a server is killed.")
    var kills = 50

    @Option(help: "How many servers share the store, which has to be a Redis from two on.")
    var servers = 1

    @Option(help: "How many clients call at the same time.")
    var clients = 16

    @Option(
        help: """
            How many workers, in processes of their own, do tasks under leases; they are killed or stand still for \
            longer than those.
            """
    )
    var workers = 8

    @Option(help: "Seconds from one kill of a server or a worker to its next, on average.")
    var duration = 1.0

    @Option(help: "Repeats the choices of an earlier run; how calls and kills meet is up to the machine.")
    var seed = UInt64.random(in: 0 ... .max)

    @Option(help: "Where the servers keep their tasks; empty so far. (default: a new SQLite file)")
    var store: String?

    @Flag(
        help: "Keep the tasks in a new Redis that syncs each write (appendfsync always), and kill that, too."
    )
    var redis = false

    @Flag(help: "Keep the folder with the store, which is kept anyway when something is not as promised.")
    var keep = false

    func validate() throws {
        guard kills >= 0 else { throw ValidationError("--kills: \(kills) is below 0") }
        guard store == nil || !redis else { throw ValidationError("--redis and --store exclude each other") }
        guard (1...100).contains(servers) else {
            throw ValidationError("--servers: \(servers) is not between 1 and 100")
        }
        guard servers == 1 || redis || store?.hasPrefix("redis:") == true else {
            throw ValidationError(
                "--servers: only a Redis can be shared; add --redis or --store redis://HOST"
            )
        }
        guard (1...1000).contains(clients) else {
            throw ValidationError("--clients: \(clients) is not between 1 and 1000")
        }
        guard (0...1000).contains(workers) else {
            throw ValidationError("--workers: \(workers) is not between 0 and 1000")
        }
        guard (0.01...3600).contains(duration) else {
            throw ValidationError("--duration: \(duration) is not between 0.01 and 3600")
        }
    }

    func run() async throws {
        say("seed: \(seed)")
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "crash-\(String(UInt32.random(in: .min ... .max), radix: 16))").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        let sharedCount = max(1, clients / 4)
        let slowCount = clients * 4
        let ledger = Ledger(slotCount: clients + sharedCount + slowCount)
        let leave: @Sendable () -> Void = { [keep] in
            guard !keep, ledger.counts.violations.isEmpty else { return say("folder: \(folder)") }
            try? FileManager.default.removeItem(atPath: folder)
        }
        defer { leave() }

        let redis = try redis ? RedisProcess(folder: folder, options: Self.redisOptions) : nil
        let urls = (0..<servers).map { "ipc://\(folder)/t\($0).sock" }
        let fleet = Fleet(
            servers: try urls.map {
                try ServerProcess(url: $0, store: redis?.url ?? store ?? "sqlite:\(folder)/tasks.db")
            },
            redis: redis
        )
        let book = OrderBook()
        // Every other worker does without a server where it can.
        let stores = [urls.joined(separator: ",")] + (redis.map { [$0.url] } ?? [])
        let crew = Crew(size: workers, urls: stores, book: book, ledger: ledger)
        let signals = EndingSignals {
            fleet.end()
            crew.end()
            leave()
        }
        defer { signals.cancel() }
        let callers = try (0..<clients).map { number in
            // Half of the clients go to another server when their own is gone.
            let url = number.isMultiple(of: 2) ? urls[number / 2 % servers] : urls.joined(separator: ",")
            return Caller(number: number, client: try TaskwireClient(url: url), ledger: ledger)
        }
        let watchers = try urls.map { try TaskwireClient(url: $0) }
        let work = Task {
            async let orders = employ(crew, callers, book)
            await withTaskGroup { group in
                for caller in callers {
                    let shared = clients..<clients + sharedCount
                    var client = Client(
                        caller: caller,
                        sharedSlots: shared,
                        slowSlots: shared.upperBound..<shared.upperBound + slowCount,
                        generator: generator(caller.number)
                    )
                    group.addTask { await client.run() }
                }
            }
            return await orders
        }
        do {
            try await run(fleet, work, callers, watchers, ledger)
        } catch {
            ledger.report(Violation(.unexpected, "\(error)"))
            work.cancel()
            _ = await work.value
        }
        for client in callers.map(\.client) + watchers { await client.close() }
        let (tally, violations) = try book.settle()
        for violation in violations { ledger.report(violation) }
        say("\(ledger.counts)")
        if workers > 0 { say("\(tally)") }
        guard ledger.counts.violations.isEmpty else { throw ExitCode.failure }
    }

    /// Apart by a large odd number, so that those of neighbouring seeds differ, too.
    private func generator(_ number: Int) -> SeededGenerator {
        SeededGenerator(seed: seed &+ UInt64(number) &* 0xd134_2543_de82_ef95)
    }

    /// Orders twice as much work as there are workers, and lets them do it. Returns what is left of it in the store.
    private func employ(_ crew: Crew, _ callers: [Caller], _ book: OrderBook) async -> [Customer.Ended] {
        async let shift: Void = crew.run(duration: duration, seed: seed)
        let ended = await withTaskGroup(of: [Customer.Ended].self) { group in
            for number in 0..<workers * 2 {
                let caller = callers[number % callers.count]
                var customer = Customer(caller: caller, book: book, generator: generator(clients + number))
                group.addTask { await customer.run() }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
        book.complete()
        await shift
        return ended
    }

    /// Nothing that was acknowledged may be in memory alone.
    private static let redisOptions = ["--save", "", "--appendonly", "yes", "--appendfsync", "always"]

    /// Kills the servers as often as they are to be killed, lets the clients come to an end, and reads everything back.
    private func run(
        _ fleet: Fleet,
        _ work: Task<[Customer.Ended], Never>,
        _ callers: [Caller],
        _ watchers: [TaskwireClient],
        _ ledger: Ledger
    ) async throws {
        try await fleet.runWhileKilling(killed: { ledger.countKill(\.redisKills) }) { index, server in
            var generator = SeededGenerator(seed: ~seed &+ UInt64(index))
            for _ in stride(from: index, to: kills, by: servers) {
                let moment = KillMoment.random(duration: duration, using: &generator)
                try await server.run { try await moment.wait(for: watchers[index], ledger) }
                ledger.countKill(\.kills)
                if ledger.counts.kills.isMultiple(of: 100) { say("\(ledger.counts)") }
            }
        }
        let isKilled = kills > 0
        try await fleet.run(endedBy: isKilled ? .kill : .terminate) { [duration] in
            try await Task.sleep(for: .seconds(duration))
            ledger.stop()
            let orders = await work.value
            await inParallel(ledger.openTaskIDs, callers) { await $1.retire($0) }
            await checkEverything(callers, orders, ledger)
        }
        // Once more where nothing can be in memory: what new processes read is in the store.
        guard isKilled else { return }
        for _ in fleet.servers { ledger.countKill(\.kills) }
        try await fleet.run(endedBy: .terminate) {
            await checkEverything(callers, await work.value, ledger)
        }
    }
}

/// Reads every task, repeats some mutations of each, and walks through all pages.
private func checkEverything(_ callers: [Caller], _ orders: [Customer.Ended], _ ledger: Ledger) async {
    await inParallel(orders, callers) { await $1.read($0) }
    await inParallel(ledger.retired, callers) { retired, auditor in
        await auditor.read(retired)
        for call in retired.repeats { await auditor.repeatCall(call, of: retired) }
        await auditor.read(retired)
    }
    await Auditor(caller: callers[0]).checkListing(pageSize: 100, isQuiet: true)
}

/// Shares `items` out among the callers.
private func inParallel<Item: Sendable>(
    _ items: [Item],
    _ callers: [Caller],
    _ body: @escaping @Sendable (Item, Auditor) async -> Void
) async {
    await withTaskGroup { group in
        for (start, caller) in callers.enumerated() {
            group.addTask {
                for index in stride(from: start, to: items.count, by: callers.count) {
                    await body(items[index], Auditor(caller: caller))
                }
            }
        }
    }
}
