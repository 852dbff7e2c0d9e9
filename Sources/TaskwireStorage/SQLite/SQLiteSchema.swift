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
        migrator.registerMigration("3") { db in
            try db.execute(
                sql: """
                    -- The log of mutations in batches, so that a change need not write all of it again: `mutations` of a
                    -- task has the newest entries, `sealed` counts the batches that there ever were, and the last 8 of
                    -- them are here. `place` is 8 * task + (number of the batch, counted from 0) % 8.
                    ALTER TABLE task ADD COLUMN sealed INTEGER NOT NULL DEFAULT 0;
                    CREATE TABLE sealed_mutations (
                        place INTEGER PRIMARY KEY,
                        mutations BLOB NOT NULL
                    ) STRICT;
                    CREATE TRIGGER unseal_mutations AFTER DELETE ON task WHEN old.sealed > 0 BEGIN
                        DELETE FROM sealed_mutations WHERE place BETWEEN 8 * old.number AND 8 * old.number + 7;
                    END;
                    """
            )
        }
        migrator.registerMigration("4") { db in
            try db.execute(
                sql: """
                    -- How far the store's clock, which does not jump, is ahead of the wall clock.
                    CREATE TABLE clock (
                        id INTEGER PRIMARY KEY CHECK (id = 1),
                        lead_ms INTEGER NOT NULL
                    ) STRICT;
                    INSERT INTO clock VALUES (1, 0);

                    -- As many batches of the log as were made in the time in which a mutation may be repeated: `place` is
                    -- 1024 * task + (number of the batch, counted from 0) % 1024. The number of one that was at n % 8 is the
                    -- greatest below `sealed` that has this rest.
                    CREATE TABLE mutation_batch (
                        place INTEGER PRIMARY KEY,
                        mutations BLOB NOT NULL
                    ) STRICT;
                    INSERT INTO mutation_batch
                        SELECT 1024 * number + (sealed - 1 - (sealed + 7 - place % 8) % 8) % 1024, batch.mutations
                        FROM sealed_mutations AS batch JOIN task ON number = place / 8;
                    DROP TRIGGER unseal_mutations;
                    DROP TABLE sealed_mutations;
                    ALTER TABLE mutation_batch RENAME TO sealed_mutations;
                    CREATE TRIGGER unseal_mutations AFTER DELETE ON task WHEN old.sealed > 0 BEGIN
                        DELETE FROM sealed_mutations
                            WHERE place BETWEEN 1024 * old.number AND 1024 * old.number + 1023;
                    END;
                    """
            )
        }
        return migrator
    }
}
