import ArgumentParser

/// A step of a call whose instructions are counted. Batches count for each of their calls.
enum CostedStep: String, CaseIterable, ExpressibleByArgument {
    /// The client's: the message of a GetTask call.
    case encodeGet = "encode-get"
    /// The client's: the task in the reply to it.
    case decodeGet = "decode-get"
    /// The client's: the message of a CreateTask call with a payload.
    case encodeCreate = "encode-create"
    /// The rules and the memory storage, without any message.
    case engineGet = "engine-get"
    case engineUpdate = "engine-update"
    case engineCreate = "engine-create"
    /// The same with the SQLite storage, each in a transaction of its own. The task that is read is in the file alone.
    case sqliteGet = "sqlite-get"
    case sqliteUpdate = "sqlite-update"
    case sqliteCreate = "sqlite-create"
    /// Of a task that was changed lately.
    case sqliteRecentGet = "sqlite-recent-get"
    /// Of 64 callers at once, who share transactions.
    case sqliteGroupUpdate = "sqlite-group-update"
    case sqliteGroupCreate = "sqlite-group-create"
    /// From the bytes of a request to those of its reply.
    case routerGet = "router-get"
    case routerUpdate = "router-update"
    case routerCreate = "router-create"
    /// The same of 64 calls in a batch.
    case routerBatchGet = "router-batch-get"
    case routerBatchUpdate = "router-batch-update"
}
