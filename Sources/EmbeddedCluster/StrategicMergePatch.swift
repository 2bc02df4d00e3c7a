internal import ChangeModel

/// Kubernetes' strategic merge patch ("Update API Objects in Place Using kubectl patch"): a merge patch that knows by which
/// member the elements of a list are found. Directives: `$patch` (merge, replace, delete), `$retainKeys`,
/// `$deleteFromPrimitiveList/…`; `$setElementOrder/…` is accepted and has no effect.
enum StrategicMergePatch {
    static func apply(
        _ patch: JSONValue, to target: JSONValue, schema: FieldSchema
    ) throws(StatusFailure) -> JSONValue {
        guard case .object(let changes) = patch else {
            throw .badRequest("the patch must be an object")
        }
        return .object(try merge(changes, into: target.objectValue ?? [:], schema))
    }

    private static func merge(
        _ changes: [String: JSONValue], into target: [String: JSONValue], _ schema: FieldSchema
    ) throws(StatusFailure) -> [String: JSONValue] {
        var result = target
        switch changes["$patch"] {
        case nil, .string("merge"): break
        case .string("replace"): return withoutNulls(changes.filter { !$0.key.hasPrefix("$") })
        case .string("delete"): return [:]
        default: throw .badRequest("invalid patch directive in `$patch`")
        }
        if let retained = changes["$retainKeys"]?.arrayValue {
            let names = Set(retained.compactMap(\.stringValue))
            result = result.filter { names.contains($0.key) }
        }
        for (name, change) in changes {
            if name.hasPrefix("$deleteFromPrimitiveList/") {
                let list = String(name.dropFirst("$deleteFromPrimitiveList/".count))
                let removed = Set(change.arrayValue ?? [])
                if let present = result[list]?.arrayValue {
                    result[list] = .array(present.filter { !removed.contains($0) })
                }
                continue
            }
            if name.hasPrefix("$") { continue }
            let field = schema.member(name)
            switch (change, result[name]) {
            case (.null, _): result.removeValue(forKey: name)
            case (.object(let nested), .object(let present)?):
                result[name] = .object(try merge(nested, into: present, field))
            case (.object(let nested), _): result[name] = .object(try merge(nested, into: [:], field))
            case (.array(let elements), let present):
                result[name] = .array(try mergeList(elements, into: present?.arrayValue ?? [], field))
            case (_, _): result[name] = change
            }
        }
        return result
    }

    private static func mergeList(
        _ changes: [JSONValue], into target: [JSONValue], _ schema: FieldSchema
    ) throws(StatusFailure) -> [JSONValue] {
        if case .set = schema {
            return target + changes.filter { !target.contains($0) }
        }
        guard let mergeKey = schema.mergeKey else { return changes.map(withoutNulls) }
        var (replaced, result) = (false, target)
        var patched: [JSONValue] = []
        for change in changes {
            guard case .object(let members) = change else {
                throw .badRequest("a list that is merged by `\(mergeKey)` holds something else than objects")
            }
            if members["$patch"] == "replace", members[mergeKey] == nil {
                replaced = true
                continue
            }
            guard let name = members[mergeKey] else {
                throw .badRequest("map does not contain declared merge key: \(mergeKey)")
            }
            let index = result.firstIndex { $0[mergeKey] == name }
            if members["$patch"] == "delete" {
                if let index { result.remove(at: index) }
                continue
            }
            let present = index.flatMap { result[$0].objectValue } ?? [:]
            let merged = JSONValue.object(try merge(members, into: present, schema.element))
            patched.append(merged)
            if let index { result[index] = merged }
        }
        if replaced { return patched }
        return ordered(patched: patched, all: result, mergeKey)
    }

    /// The server's order: untouched elements keep theirs, and an element of the patch goes before the first one that is not
    /// known to precede it. So new elements come first.
    private static func ordered(patched: [JSONValue], all: [JSONValue], _ mergeKey: String) -> [JSONValue] {
        let names = patched.map { $0[mergeKey] }
        let untouched = all.filter { !names.contains($0[mergeKey]) }
        func position(_ element: JSONValue) -> Int? { all.firstIndex { $0[mergeKey] == element[mergeKey] } }
        var result: [JSONValue] = []
        var (left, right) = (untouched[...], patched[...])
        while let kept = left.first, let changed = right.first {
            if let before = position(kept), let after = position(changed), before < after {
                result.append(kept)
                left.removeFirst()
            } else {
                result.append(changed)
                right.removeFirst()
            }
        }
        return result + left + right
    }

    private static func withoutNulls(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let members): .object(withoutNulls(members))
        case .array(let elements): .array(elements.map(withoutNulls))
        default: value
        }
    }

    private static func withoutNulls(_ members: [String: JSONValue]) -> [String: JSONValue] {
        members.filter { !$0.value.isNull && !$0.key.hasPrefix("$") }.mapValues { withoutNulls($0) }
    }
}
