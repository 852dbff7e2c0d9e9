internal import GRDB

/// The tables of a store and how they came to be.
enum SQLiteSchema {
    /// Marks the file as ours (`PRAGMA application_id`): "Twir".
    static let applicationID: Int32 = 0x5477_6972

    /// Every version of the schema, the oldest first. A step is never changed once it was released.
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { db in
            try db.execute(
                sql: """
                    PRAGMA application_id = \(applicationID);

                    -- `status` is TaskStatus of the wire, and NULL for a removed task that is still remembered.
                    -- `large` tells which payloads are kept apart: 1 the request, 2 the result.
                    CREATE TABLE task (
                        number INTEGER PRIMARY KEY,
                        owner TEXT NOT NULL,
                        id TEXT NOT NULL,
                        status INTEGER,
                        created_at_unix_ms INTEGER NOT NULL,
                        due_at_unix_ms INTEGER,
                        large INTEGER NOT NULL,
                        record BLOB NOT NULL,
                        mutations BLOB NOT NULL
                    ) STRICT;
                    CREATE UNIQUE INDEX task_by_key ON task (owner, id);
                    CREATE INDEX task_by_creation ON task (owner, status, created_at_unix_ms, id)
                        WHERE status IS NOT NULL;
                    CREATE INDEX task_by_due_time ON task (due_at_unix_ms) WHERE due_at_unix_ms IS NOT NULL;
                    CREATE INDEX tombstone_by_due_time ON task (due_at_unix_ms) WHERE status IS NULL;

                    -- Payloads that would make every change of their task expensive.
                    CREATE TABLE large_request (
                        task INTEGER PRIMARY KEY REFERENCES task (number) ON DELETE CASCADE,
                        payload BLOB NOT NULL
                    ) STRICT;
                    CREATE TABLE large_result (
                        task INTEGER PRIMARY KEY REFERENCES task (number) ON DELETE CASCADE,
                        payload BLOB NOT NULL
                    ) STRICT;

                    -- Tasks that are there, of one owner and in all, so that nobody has to count them.
                    CREATE TABLE owner_count (
                        owner TEXT PRIMARY KEY,
                        tasks INTEGER NOT NULL
                    ) STRICT, WITHOUT ROWID;
                    CREATE TABLE store_count (
                        id INTEGER PRIMARY KEY CHECK (id = 1),
                        tasks INTEGER NOT NULL,
                        tombstones INTEGER NOT NULL
                    ) STRICT;
                    INSERT INTO store_count VALUES (1, 0, 0);
                    """
            )
        }
        migrator.registerMigration("2") { db in
            try db.execute(
                sql: """
                    -- Messages, input requests and deliveries, kept apart as large payloads are: 4 in `large`.
                    CREATE TABLE large_interactions (
                        task INTEGER PRIMARY KEY REFERENCES task (number) ON DELETE CASCADE,
                        payload BLOB NOT NULL
                    ) STRICT;
                    """
            )
        }
        return migrator
    }
}
