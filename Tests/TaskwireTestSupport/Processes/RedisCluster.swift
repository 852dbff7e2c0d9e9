import Foundation
import Synchronization

/// A Redis Cluster of a test's own on this machine: three masters, numbers 0 to 2, and a replica of each, numbers 3 to 5.
///
/// A guard process runs the nodes, and ends them when this process ends in whatever way.
public final class RedisCluster: Sendable {
    /// How many nodes there are.
    public static let nodeCount = 6
    /// How many of them are masters at first.
    public static let masterCount = 3

    private let folder: String
    private let ports: [UInt16]
    private let names: [String]
    private let guardian: Process
    private let orders: FileHandle

    /// Starts a cluster, and waits until it serves and all replicas follow.
    /// - Parameters:
    ///   - nodeTimeout: After how many milliseconds of silence a node counts as failed.
    ///   - options: As `redis-server` takes them.
    private init(nodeTimeout: Int, options: [String]) throws {
        try RedisProcess.requireProgram()
        folder = "/tmp/tw-\(UInt32.random(in: .min ... .max))"
        // The second half is for the nodes among themselves.
        ports = try RedisProcess.freePorts(2 * Self.nodeCount)
        names = (0..<Self.nodeCount).map { _ in
            (0..<40).map { _ in String(Int.random(in: 0..<16), radix: 16) }.joined()
        }
        for node in 0..<Self.nodeCount {
            try FileManager.default.createDirectory(
                atPath: "\(folder)/\(node)",
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
            try Data(Self.table(of: node, ports, names).utf8)
                .write(to: URL(filePath: "\(folder)/\(node)/nodes.conf"))
        }
        guardian = Process()
        guardian.executableURL = URL(filePath: "/bin/bash")
        guardian.arguments =
            ["-c", Self.script, "redis-cluster", folder, "\(nodeTimeout)", "\(Self.nodeCount)"]
            + ports.map(String.init) + options
        let input = Pipe()
        guardian.standardInput = input
        guardian.standardOutput = FileHandle.nullDevice
        guardian.standardError = FileHandle.nullDevice
        orders = input.fileHandleForWriting
        try guardian.run()
        try input.fileHandleForReading.close()
    }

    /// Runs `body` on a cluster that keeps nothing on its disk, and ends the cluster afterwards.
    public static func withCluster(
        nodeTimeout: Int = 15_000,
        options: [String] = [],
        _ body: (RedisCluster) async throws -> Void
    ) async throws {
        let cluster = try RedisCluster(nodeTimeout: nodeTimeout, options: options)
        defer { cluster.end() }
        try await cluster.untilHealthy()
        try await body(cluster)
    }

    /// Runs `body` on a cluster that is empty, is the same for all who call this in this process, and ends with it. They
    /// take turns.
    public static func withSharedCluster(
        _ body: @Sendable (RedisCluster) async throws -> Void
    ) async throws {
        await turns.take()
        do {
            let cluster = try await shared.value
            for node in 0..<masterCount { _ = cluster.command(node, "FLUSHALL") }
            try await body(cluster)
            await turns.pass()
        } catch {
            await turns.pass()
            throw error
        }
    }

    /// The address of one node.
    public func url(of node: Int = 0) -> String { "redis://127.0.0.1:\(ports[node])" }

    /// The port of a node.
    public func port(of node: Int) -> Int { Int(ports[node]) }

    /// The id of a node in the cluster.
    public func name(of node: Int) -> String { names[node] }

    /// What a node replies to a command, one element a line; empty where it does not answer.
    public func command(_ node: Int, _ arguments: String...) -> String {
        command(node, arguments)
    }

    /// What a node replies to a command, one element a line; empty where it does not answer.
    public func command(_ node: Int, _ arguments: [String]) -> String {
        RedisQuestion.ask(arguments, port: ports[node])
    }

    /// Kills a node with SIGKILL.
    public func kill(_ node: Int) throws { try order("kill \(node)") }

    /// Lets a node do nothing more, as one whose machine hangs: its connections stay.
    public func pause(_ node: Int) throws { try order("pause \(node)") }

    /// Lets a paused node go on.
    public func resume(_ node: Int) throws { try order("resume \(node)") }

    /// Starts a node again that was killed.
    public func start(_ node: Int) throws { try order("start \(node)") }

    /// Waits until all nodes are there and say that the cluster works, and all replicas follow their masters.
    public func untilHealthy() async throws {
        for node in 0..<Self.nodeCount {
            while true {
                let cluster = command(node, "CLUSTER", "INFO")
                let replication = command(node, "INFO", "replication")
                if cluster.contains("cluster_state:ok"),
                    replication.contains("master_link_status:up")
                        || replication.contains("connected_slaves:1")
                {
                    break
                }
                try await Task.sleep(for: .milliseconds(10))
            }
        }
    }

    /// Ends the nodes and removes their files.
    public func end() {
        try? orders.close()
        guardian.waitUntilExit()
    }

    private static let shared = Task {
        let cluster = try RedisCluster(nodeTimeout: 15_000, options: [])
        try await cluster.untilHealthy()
        return cluster
    }

    private static let turns = Turns()

    private func order(_ line: String) throws {
        try orders.write(contentsOf: Data("\(line)\n".utf8))
    }

    /// What a node knows of all of them when it starts, as Redis writes it itself (Redis documentation, CLUSTER NODES), so
    /// that nobody has to introduce them to each other.
    private static func table(of node: Int, _ ports: [UInt16], _ names: [String]) -> String {
        let lines = (0..<nodeCount).map { other in
            let isMaster = other < masterCount
            let slots = (other * 16_384 / masterCount, (other + 1) * 16_384 / masterCount - 1)
            return [
                names[other], "127.0.0.1:\(ports[other])@\(ports[nodeCount + other])",
                (other == node ? "myself," : "") + (isMaster ? "master" : "slave"),
                isMaster ? "-" : names[other - masterCount], "0", "0", "\(other % masterCount + 1)",
                "connected",
                isMaster ? "\(slots.0)-\(slots.1)" : "",
            ].joined(separator: " ")
        }
        return (lines + ["vars currentEpoch \(masterCount) lastVoteEpoch 0", ""]).joined(separator: "\n")
    }

    /// Runs the nodes and does what it is told, until its input ends.
    private static let script = """
        folder=$1 timeout=$2 count=$3
        shift 3
        ports=("${@:1:count}") bus=("${@:count+1:count}") options=("${@:2*count+1}")
        start() {
            redis-server --bind 127.0.0.1 --port "${ports[$1]}" --dir "$folder/$1" --logfile log --save "" \\
                --cluster-enabled yes --cluster-config-file nodes.conf --cluster-port "${bus[$1]}" \\
                --cluster-node-timeout "$timeout" --repl-diskless-sync-delay 0 "${options[@]}" &
            ids[$1]=$!
        }
        for ((node = 0; node < count; node++)); do start "$node"; done
        while read -r order node; do
            case $order in
                start) start "$node" ;;
                pause) kill -STOP "${ids[$node]}" ;;
                resume) kill -CONT "${ids[$node]}" ;;
                kill) kill -KILL "${ids[$node]}"; wait "${ids[$node]}"; unset "ids[$node]" ;;
            esac
        done
        kill -KILL "${ids[@]}"
        wait
        rm -rf "$folder"
        """
}

/// Lets one after the other do something.
private actor Turns {
    private var isTaken = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func take() async {
        guard isTaken else { return isTaken = true }
        await withCheckedContinuation { waiting.append($0) }
    }

    func pass() {
        if waiting.isEmpty { isTaken = false } else { waiting.removeFirst().resume() }
    }
}
