internal import ChangeModel
internal import HTTP

/// A GET of a Pod's `log`. There is no kubelet here: a container's log is the Pod's annotation
/// `embedded.agentsafe/log-CONTAINER`, and without one it is the line that says which image was started.
struct PodLog {
    static let annotation = "embedded.agentsafe/log-"

    let key: ObjectKey
    let pod: JSONValue

    func answer(_ target: RequestTarget) throws(StatusFailure) -> HTTPResponse {
        for (name, value) in [("follow", "true"), ("previous", "true")] where target.value(of: name) == value {
            throw .badRequest("\(name) is not served here")
        }
        let containers = ["containers", "initContainers"].flatMap { pod.at("spec", $0)?.arrayValue ?? [] }
        let container = try chosen(target.value(of: "container") ?? "", containers)
        let name = container["name"]?.stringValue ?? ""
        if ContainerImage(container["image"]?.stringValue ?? "").isBroken {
            throw .badRequest(
                "container \"\(name)\" in pod \"\(key.name)\" is waiting to start: trying and failing to pull image")
        }
        var bytes = Array(text(of: container, name).utf8)
        if let lines = try number("tailLines", target) { bytes = Self.tail(bytes, lines: lines) }
        if let limit = try number("limitBytes", target) { bytes = Array(bytes.prefix(limit)) }
        return HTTPResponse(status: 200, headers: [(name: "Content-Type", value: "text/plain")], body: bytes)
    }

    private func chosen(_ name: String, _ containers: [JSONValue]) throws(StatusFailure) -> JSONValue {
        if name.isEmpty {
            let all = pod.at("spec", "containers")?.arrayValue ?? []
            guard all.count < 2 else {
                let names = all.compactMap { $0["name"]?.stringValue }.joined(separator: " ")
                throw .badRequest("a container name must be specified for pod \(key.name), choose one of: [\(names)]")
            }
            return all.first ?? [:]
        }
        guard let container = containers.first(where: { $0["name"]?.stringValue == name }) else {
            throw .badRequest("container \(name) is not valid for pod \(key.name)")
        }
        return container
    }

    private func text(of container: JSONValue, _ name: String) -> String {
        if let text = pod.at("metadata", "annotations", Self.annotation + name)?.stringValue { return text }
        guard PodStatus.isReady(pod) else { return "" }
        return "\(container["image"]?.stringValue ?? "") started\n"
    }

    private func number(_ name: String, _ target: RequestTarget) throws(StatusFailure) -> Int? {
        guard let text = target.value(of: name) else { return nil }
        guard let number = Int(text), number >= (name == "tailLines" ? 0 : 1) else {
            throw .invalid(
                qualifiedKind: "PodLogOptions", kind: "PodLogOptions",
                [.invalid(name, .string(String(text.prefix(20))), "must be greater than 0")])
        }
        return number
    }

    private static func tail(_ bytes: [UInt8], lines: Int) -> [UInt8] {
        var (index, found) = (bytes.count, 0)
        // The newline at the end belongs to the last line.
        if bytes.last == 0x0A { index -= 1 }
        while index > 0 {
            if bytes[index - 1] == 0x0A {
                found += 1
                if found == lines { break }
            }
            index -= 1
        }
        return lines == 0 ? [] : Array(bytes[index...])
    }
}
