/// The SQL that runs while tasks are served. Each statement finds its rows by an index.
package enum TaskStatements {
    private static let largeParts = """
        CASE WHEN large & 1 THEN (SELECT payload FROM large_request WHERE task = number) END,
        CASE WHEN large & 2 THEN (SELECT payload FROM large_result WHERE task = number) END,
        CASE WHEN large & 4 THEN (SELECT payload FROM large_interactions WHERE task = number) END
        """

    /// A task by owner and id.
    package static let read = """
        SELECT record, large, \(largeParts) FROM task WHERE owner = ? AND id = ?
        """

    /// The task with all that a change needs.
    package static let readForChange = """
        SELECT record, large, \(largeParts), mutations, number, sealed FROM task WHERE owner = ? AND id = ?
        """

    /// The batches of its log of mutations, but for those in its row.
    package static let sealedMutations = """
        SELECT place, mutations FROM sealed_mutations WHERE place BETWEEN ? AND ?
        """

    /// Tasks of one owner in one of `statusCount` states, after a position, in the order of creation. Arguments:
    /// owner, creation and id of the position, limit, and the states.
    package static func page(statusCount: Int) -> String {
        let parts = (0..<statusCount).map { index in
            """
            SELECT record, created_at_unix_ms, id FROM task
            WHERE owner = ?1 AND status = ?\(5 + index) AND (created_at_unix_ms, id) > (?2, ?3)
            """
        }
        return parts.joined(separator: "\nUNION ALL\n") + "\nORDER BY created_at_unix_ms, id LIMIT ?4"
    }

    /// What is due, the earliest first. Arguments: moment, limit.
    package static let due = """
        SELECT owner, id FROM task WHERE due_at_unix_ms <= ? ORDER BY due_at_unix_ms LIMIT ?
        """

    package static let insert = """
        INSERT INTO task (owner, id, status, created_at_unix_ms, due_at_unix_ms, large, record, mutations)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        """

    /// A change that moves the task in the indexes.
    package static let move = """
        UPDATE task SET status = ?, created_at_unix_ms = ?, due_at_unix_ms = ?, large = ?, record = ?, mutations = ?,
            sealed = ?
        WHERE number = ?
        """

    /// A change that does not.
    package static let update = """
        UPDATE task SET large = ?, record = ?, mutations = ?, sealed = ? WHERE number = ?
        """

    /// Stores a batch of the log of mutations. Arguments: place, batch.
    package static let sealMutations = """
        INSERT OR REPLACE INTO sealed_mutations (place, mutations) VALUES (?, ?)
        """

    /// Forgets batches. Arguments: the first and the last place.
    package static let unsealMutations = """
        DELETE FROM sealed_mutations WHERE place BETWEEN ? AND ?
        """

    package static let delete = "DELETE FROM task WHERE number = ?"

    /// Forgets the oldest tombstones. Argument: how many.
    package static let forget = """
        DELETE FROM task WHERE number IN (
            SELECT number FROM task WHERE status IS NULL ORDER BY due_at_unix_ms LIMIT ?
        )
        """

    /// Stores a large part of a task; `table` is `large_request`, `large_result` or `large_interactions`.
    package static func storePart(in table: String) -> String {
        "INSERT OR REPLACE INTO \(table) (task, payload) VALUES (?, ?)"
    }

    /// Removes a large part of a task.
    package static func deletePart(from table: String) -> String {
        "DELETE FROM \(table) WHERE task = ?"
    }

    package static let ownerCount = "SELECT tasks FROM owner_count WHERE owner = ?"
    package static let setOwnerCount = "INSERT OR REPLACE INTO owner_count (owner, tasks) VALUES (?, ?)"
    package static let deleteOwnerCount = "DELETE FROM owner_count WHERE owner = ?"
    package static let clockLead = "SELECT lead_ms FROM clock WHERE id = 1"
    package static let setClockLead = "UPDATE clock SET lead_ms = ? WHERE id = 1"
    package static let storeCounts = "SELECT tasks, tombstones FROM store_count WHERE id = 1"
    package static let setStoreCounts = "UPDATE store_count SET tasks = ?, tombstones = ? WHERE id = 1"
}
