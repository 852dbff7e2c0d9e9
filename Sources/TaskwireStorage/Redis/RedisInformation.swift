/// What Redis tells of itself with `INFO`.
struct RedisInformation {
    private let fields: [String: String]

    init(_ text: String) {
        var fields: [String: String] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[String(line[..<colon])] = String(line[line.index(after: colon)...])
        }
        self.fields = fields
    }

    /// Why tasks cannot be kept there; `nil` where they can.
    var objection: String? {
        let version = fields["redis_version"] ?? "0"
        guard let major = Int(version.prefix { $0 != "." }), major >= 7 else {
            return "it is Redis \(version), and 7.0 or later is needed"
        }
        if fields["redis_mode"] == "cluster" {
            return "it is part of a Redis Cluster, which is not served yet"
        }
        if fields["role"] == "slave" { return "it is a replica; give the address of its master" }
        return nil
    }

    /// How Redis chooses what it throws away when it has no room left; `nil` where it throws nothing away.
    var evictionPolicy: String? {
        let policy = fields["maxmemory_policy"] ?? "noeviction"
        return policy == "noeviction" ? nil : policy
    }
}
