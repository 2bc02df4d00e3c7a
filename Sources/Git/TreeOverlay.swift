extension Repository {
    /// The tree that `root` becomes when each file of `changes` is put there as it is after the change, its mode included, or
    /// goes away. What `changes` says of the state before is not looked at. Folders that end up empty vanish.
    public func apply(_ changes: [TreeChange], to root: ObjectID?) throws(GitError) -> ObjectID {
        try apply(
            changes.map { (Array($0.path.utf8).split(separator: UInt8(ascii: "/"))[...], $0.new) }, to: root)
    }

    private func apply(
        _ files: [(path: ArraySlice<ArraySlice<UInt8>>, entry: TreeEntry?)], to root: ObjectID?
    ) throws(GitError) -> ObjectID {
        // Names are compared by their bytes, as git does.
        var entries: [[UInt8]: TreeEntry] = [:]
        if let root { for entry in try tree(root) { entries[Array(entry.name.utf8)] = entry } }
        var folders: [[UInt8]: [(path: ArraySlice<ArraySlice<UInt8>>, entry: TreeEntry?)]] = [:]
        for (path, entry) in files {
            guard let first = path.first else { continue }
            if path.count == 1 {
                entries[Array(first)] = entry
            } else {
                folders[Array(first), default: []].append((path.dropFirst(), entry))
            }
        }
        for (name, inner) in folders {
            let below = entries[name].flatMap { $0.isTree ? $0.id : nil }
            // What is not there needs no removing: a file in the folder's place stays.
            if below == nil, inner.allSatisfy({ $0.entry == nil }) { continue }
            let edited = try apply(inner, to: below)
            let entry = TreeEntry(
                mode: TreeEntry.treeMode, name: String(decoding: name, as: UTF8.self), id: edited)
            entries[name] = try tree(edited).isEmpty ? nil : entry
        }
        return try write(.tree, TreeEntry.serialise(Array(entries.values)))
    }
}
