extension JSONValue {
    /// The task that the parameters of a request name.
    /// - Throws: -32602 where they name none.
    func taskID() throws(RPCError) -> String {
        guard let taskID = self["taskId"]?.string else { throw .invalidParams("taskId: not a string") }
        return taskID
    }
}
