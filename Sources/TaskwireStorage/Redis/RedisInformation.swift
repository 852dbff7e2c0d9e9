/// What Redis tells of itself with `INFO`.
struct RedisInformation {
    private let fields: [String: String]
    /// Why it has no database of the number that was asked for; nil where it has one.
    private let databaseProblem: String?

    init(_ text: String, databaseProblem: String? = nil) {
        self.databaseProblem = databaseProblem
        var fields: [String: String] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[String(line[..<colon])] = String(line[line.index(after: colon)...])
        }
        self.fields = fields
    }

    /// Whether it is a node of a Redis Cluster.
    var isCluster: Bool { fields["redis_mode"] == "cluster" }

    /// How many replicas it has now.
    var replicaCount: Int { fields["connected_slaves"].flatMap { Int($0) } ?? 0 }

    /// Why tasks cannot be kept there, when it was found at that address; `nil` where they can.
    func objection(at address: RedisAddress) -> String? {
        let version = fields["redis_version"] ?? "0"
        guard let major = Int(version.prefix { $0 != "." }), major >= 7 else {
            return "it is Redis \(version), and 7.0 or later is needed"
        }
        if isCluster {
            guard address.database != 0 else { return nil }
            return "it is a Redis Cluster, which has no database but 0"
        }
        if let databaseProblem { return "it has no database \(address.database): \(databaseProblem)" }
        if fields["role"] == "slave" { return "it is a replica; give the address of its master" }
        guard address.endpoints.count > 1 else { return nil }
        return "it is no Redis Cluster; give the address of one Redis"
    }

    /// How Redis chooses what it throws away when it has no room left; `nil` where it throws nothing away.
    var evictionPolicy: String? {
        let policy = fields["maxmemory_policy"] ?? "noeviction"
        return policy == "noeviction" ? nil : policy
    }
}

extension RedisInformation {
    /// Asks a node. Blocks the thread.
    /// - Throws: ``RedisFailure``
    static func ask(_ endpoint: RedisEndpoint, of address: RedisAddress) throws(RedisFailure)
        -> RedisInformation
    {
        let connection = RedisConnection(endpoint, of: address, for: .survey)
        defer { connection.close() }
        try connection.open()
        let text = try connection.run("INFO").text ?? ""
        guard address.database != 0, !RedisInformation(text).isCluster else { return RedisInformation(text) }
        do throws(RedisFailure) {
            _ = try connection.run("SELECT", .number(address.database))
            return RedisInformation(text)
        } catch .refused(let problem) where problem.hasPrefix("ERR ") {
            return RedisInformation(text, databaseProblem: problem)
        }
    }
}
