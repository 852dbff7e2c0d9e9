/// What an attack did to the server, or to those who have no part in it.
///
/// It is thrown where a thread of a test blocks, which Swift Testing does not know to be that test's.
struct Harm: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
