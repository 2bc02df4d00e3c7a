internal import ChangeModel
internal import Git
internal import Ledger
internal import OperatingSystem
internal import Webhooks

/// Telling what the ledger records. A push is noted before it is made; what the ledger then holds of it becomes messages, and what it
/// does not hold becomes none. So a process may die anywhere, and nothing is told that did not happen.
extension Workspace {
    /// The most events that one look goes back for a push.
    private static let effort = 20_000

    func notificationBox(_ view: VerifiedView) throws(AgentSafeError) -> NotificationBox {
        NotificationBox(stateFolder: try stateFolder(), repository: view.state.repositoryID)
    }

    /// To be called before events are pushed.
    ///
    /// - Parameters:
    ///   - height: of the event that they follow.
    ///   - tip: the last of them.
    func noteForTelling(_ kinds: [EventKind], above height: Int, tip: ObjectID, in view: VerifiedView) {
        guard !view.state.configuration.notifications.isEmpty,
            kinds.contains(where: { $0 == .decision || $0 == .claim || $0 == .execution })
        else { return }
        do {
            try notificationBox(view).note(NotificationBox.Push(above: height, tip: tip))
        } catch {
            notify("warning: nobody will be told of what is recorded now: \(error)")
        }
    }

    /// Does what is to be told of, and then tells it, as far as that takes no time to speak of. A receiver that is not there changes
    /// nothing in what was done.
    ///
    /// - Parameter unknown: the changes of which the result says that nobody knows what became of them.
    func telling<Result>(
        unknown: (Result) -> [ChangeID] = { _ in [] }, _ body: () throws(AgentSafeError) -> Result
    ) throws(AgentSafeError) -> Result {
        lastView = nil
        do throws(AgentSafeError) {
            let result = try body()
            tellBriefly(unknown: unknown(result))
            return result
        } catch {
            tellBriefly(unknown: [])
            throw error
        }
    }

    private func tellBriefly(unknown: [ChangeID]) {
        guard let seen = lastView, !seen.state.configuration.notifications.isEmpty else { return }
        do {
            // Where a push failed, the view that it was made in holds what no remote has.
            let view = try latestView()
            try collect(in: view, unknown: unknown)
            let report = try send(in: view, .brief, isBrief: true)
            if let words = report.warning { notify("warning: \(words)") }
        } catch {
            notify("warning: nobody could be told what was done: \(error)")
        }
    }

    /// Makes messages of what is in the ledger and was not told yet.
    func collect(in view: VerifiedView, unknown: [ChangeID]) throws(AgentSafeError) {
        let box = try notificationBox(view)
        let sinks = view.state.configuration.notifications
        guard !sinks.isEmpty || box.exists else { return }
        let pushes = try system { () throws(SystemError) in try box.pushes() }
        let claims = try ledger { () throws(LedgerError) in try view.ledger.state.claims() }
        if pushes.isEmpty, claims.isEmpty { return }
        let targets = try catalogue(of: view.state).targets
        let repository = view.state.repositoryID
        var found: [Notification] = []
        var settled: [NotificationBox.Push] = []
        if let lowest = pushes.map(\.above).min() {
            let events = try ledger { () throws(LedgerError) in
                try view.ledger.events(above: lowest, effort: Self.effort, main: view.state.tree)
            }
            for push in pushes {
                guard let events else {
                    // So far back that nobody waits for it any more.
                    settled.append(push)
                    continue
                }
                guard let last = events.last(where: { $0.accepted.commit.id == push.tip })?.accepted.event.height else {
                    // Another's event has its place, or it is not there yet: a remote may show it late.
                    if view.ledger.tip.event.height > push.above { settled.append(push) }
                    continue
                }
                settled.append(push)
                for entry in events where (push.above + 1...last).contains(entry.accepted.event.height) {
                    if let notification = Notification(
                        entry.accepted.event, commit: entry.accepted.commit.id, change: entry.change,
                        repository: repository, targets: targets)
                    {
                        found.append(notification)
                    }
                }
            }
        }
        let unknowns = try self.unknowns(in: view, besides: unknown, targets: targets)
        try system { () throws(SystemError) in
            try box.locked { () throws(SystemError) in
                var conducts = box.conducts()
                for notification in found { try enqueue(notification, sinks, box, &conducts) }
                let open = Set(unknowns.open)
                for sink in sinks {
                    let told = conducts[sink.name]?.unknown ?? []
                    for (height, notification) in unknowns.found where !told.contains(height) {
                        // Where another machine does the telling, none of it piles up here.
                        guard (try? place(of: sink)) != nil else { continue }
                        try enqueue(notification, [sink], box, &conducts)
                        conducts[sink.name, default: .init()].unknown.insert(height)
                    }
                    conducts[sink.name]?.unknown.formIntersection(open)
                }
                try box.write(conducts)
                FaultPoint.reach("notify.collected")
                for push in settled { try box.forget(push) }
            }
        }
    }

    private func enqueue(
        _ notification: Notification, _ sinks: [NotificationSink], _ box: NotificationBox,
        _ conducts: inout [String: NotificationBox.Conduct]
    ) throws(SystemError) {
        guard let kind = notification.kind else { return }
        for sink in sinks where sink.wants(kind, in: notification.environments) {
            var item = NotificationBox.Item(notification, to: sink.name, queued: now)
            if try box.names(.waiting, of: sink.name).count >= NotificationBox.maximumItems {
                item.failure = "\(NotificationBox.maximumItems) others waited already"
                try box.fail(item, &conducts)
            } else {
                try box.put(item, on: .waiting)
            }
        }
    }

    /// Prepared claims whose lease has ended, and those of `changes`, whose own runner gave up.
    ///
    /// - Returns: with the heights of all open claims.
    private func unknowns(
        in view: VerifiedView, besides changes: [ChangeID], targets: [String: TargetEntry]
    ) throws(AgentSafeError) -> (found: [(height: Int, Notification)], open: [Int]) {
        try ledger { () throws(LedgerError) in
            let claims = try view.ledger.state.claims()
            var found: [(height: Int, Notification)] = []
            for claim in claims where claim.isPrepared && (claim.leaseEnd < now || changes.contains(claim.id)) {
                let events = try view.ledger.record(of: claim.id).events
                guard let event = events.first(where: { $0.kind == .claim && $0.height == claim.height }),
                    let reference = event.change
                else { continue }
                let change = try view.ledger.change(reference, main: view.state.tree)
                found.append(
                    (
                        claim.height,
                        Notification(
                            unknown: event, leaseEnd: claim.leaseEnd, change: change,
                            repository: view.state.repositoryID, targets: targets)
                    ))
            }
            return (found, claims.map(\.height))
        }
    }

    func system<Value>(_ body: () throws(SystemError) -> Value) throws(AgentSafeError) -> Value {
        do throws(SystemError) {
            return try body()
        } catch {
            throw AgentSafeError(.failed, "notifications cannot be kept: \(error)")
        }
    }
}
