/// The version of this package, as `GetServerInfo` and `taskwire --version` show it (Semantic Versioning 2.0.0).
public let taskwireVersion = "0.1.0"
