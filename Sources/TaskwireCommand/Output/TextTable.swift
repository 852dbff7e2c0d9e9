/// Text in aligned columns.
struct TextTable {
    /// One cell: what it says, and how that is painted once it has its place.
    struct Cell {
        let text: String
        var paint: (String) -> String = { $0 }

        init(_ text: String, paint: @escaping (String) -> String = { $0 }) {
            self.text = PlainText.line(text)
            self.paint = paint
        }
    }

    private var rows: [[Cell]]

    /// A table of these rows, which have equally many cells.
    init(_ rows: [[Cell]]) {
        self.rows = rows
    }

    /// A table with a line of headings.
    init(headings: [String], palette: Palette, rows: [[Cell]]) {
        self.rows = [headings.map { Cell($0, paint: palette.heading) }] + rows
    }

    /// The lines, without spaces at their ends.
    var lines: [String] {
        let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].text.count }.max() ?? 0
        }
        return rows.map { row in
            let last = row.lastIndex { !$0.text.isEmpty } ?? 0
            return row.indices.prefix(last + 1).map { column in
                let cell = row[column]
                let padding = column == last ? 0 : widths[column] - cell.text.count + 3
                return cell.paint(cell.text) + String(repeating: " ", count: padding)
            }.joined()
        }
    }
}
