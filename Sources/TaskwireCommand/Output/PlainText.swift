/// Text from elsewhere, made harmless for a terminal and for output that goes by lines.
enum PlainText {
    /// `text` in one line, its control characters replaced so that they cannot steer a terminal.
    static func line(_ text: String) -> String {
        // Nearly every line of a log; to look up what kind of characters they are would take most of its time.
        if text.utf8.allSatisfy({ 0x20...0x7E ~= $0 }) { return text }
        let scalars = text.unicodeScalars.map { scalar -> Unicode.Scalar in
            if lineBreaks.contains(scalar) { return " " }
            return isHarmless(scalar) ? scalar : "\u{FFFD}"
        }
        var line = String.UnicodeScalarView()
        line.append(contentsOf: scalars)
        return String(line)
    }

    /// Whether `text` may go to a terminal as it is.
    static func isHarmless(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { lineBreaks.contains($0) || isHarmless($0) }
    }

    private static let lineBreaks: Set<Unicode.Scalar> = ["\n", "\r", "\t", "\u{2028}", "\u{2029}"]

    private static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        // The bidirectional controls can make a text read as another.
        case "\u{202A}"..."\u{202E}", "\u{2066}"..."\u{2069}": false
        default: scalar.properties.generalCategory != .control
        }
    }
}
