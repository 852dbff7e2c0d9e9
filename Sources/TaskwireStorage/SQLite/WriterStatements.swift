internal import GRDB

/// The statements by which the writer changes tasks, parsed once for its connection.
///
/// `@unchecked Sendable` is safe: ``WriterConnection`` gives them to what runs on the connection's thread, and to nobody else.
final class WriterStatements: @unchecked Sendable {
    let database: Database
    let insert: PreparedStatement
    let update: PreparedStatement
    let move: PreparedStatement
    let delete: PreparedStatement
    let forget: PreparedStatement
    let sealMutations: PreparedStatement
    let unsealMutations: PreparedStatement
    /// For each kind of large part.
    let storePart: [LargeParts: PreparedStatement]
    let deletePart: [LargeParts: PreparedStatement]
    let ownerCount: PreparedStatement
    let setOwnerCount: PreparedStatement
    let deleteOwnerCount: PreparedStatement
    let setStoreCounts: PreparedStatement
    let setClockLead: PreparedStatement

    init(_ database: Database) throws {
        func prepare(_ sql: String) throws -> PreparedStatement { try PreparedStatement(sql, database) }
        func prepareForParts(_ sql: (String) -> String) throws -> [LargeParts: PreparedStatement] {
            try Dictionary(uniqueKeysWithValues: LargeParts.all.map { ($0, try prepare(sql($0.table))) })
        }
        self.database = database
        insert = try prepare(TaskStatements.insert)
        update = try prepare(TaskStatements.update)
        move = try prepare(TaskStatements.move)
        delete = try prepare(TaskStatements.delete)
        forget = try prepare(TaskStatements.forget)
        sealMutations = try prepare(TaskStatements.sealMutations)
        unsealMutations = try prepare(TaskStatements.unsealMutations)
        storePart = try prepareForParts(TaskStatements.storePart)
        deletePart = try prepareForParts(TaskStatements.deletePart)
        ownerCount = try prepare(TaskStatements.ownerCount)
        setOwnerCount = try prepare(TaskStatements.setOwnerCount)
        deleteOwnerCount = try prepare(TaskStatements.deleteOwnerCount)
        setStoreCounts = try prepare(TaskStatements.setStoreCounts)
        setClockLead = try prepare(TaskStatements.setClockLead)
    }
}
