internal import Taskwire

/// Colours for people, or none.
struct Palette: Sendable {
    /// Whether there are colours.
    let isColored: Bool

    /// `text` in the colour of a status.
    func paint(_ text: String, as status: TaskStatus) -> String {
        let color =
            switch status {
            case .working: "36"
            case .inputRequired: "33"
            case .completed: "32"
            case .failed: "31"
            case .cancelled: "35"
            }
        return paint(text, code: color)
    }

    /// `text` as a heading.
    func heading(_ text: String) -> String {
        paint(text, code: "1")
    }

    private func paint(_ text: String, code: String) -> String {
        isColored ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}
