/// A place in a file of somebody else's format. Line and column count from 1; the line is 0 where the trouble has none.
public struct FilePlace: Hashable, Sendable, CustomStringConvertible {
    public var file: String
    public var line: Int
    public var column: Int

    public init(file: String, line: Int = 0, column: Int = 1) {
        self.file = file
        self.line = line
        self.column = column
    }

    /// `config:3:1`, or the file alone; fit for a message, whatever the file is called.
    public var description: String {
        let name = file.forMessage(limit: 300)
        return line > 0 ? "\(name):\(line):\(column)" : name
    }
}
