import ChangeModel
import Documents
import EmbeddedCatalogue
import PolicyEngine
import Testing

/// The catalogue that a new governance repository starts with.
@Suite("Default catalogue")
struct DefaultCatalogueTests {
    private static let now = Timestamp(seconds: 1_795_435_200)

    /// The files as a new repository has them: those of `templates/governance` at the root, beside actions and policies.
    private static func catalogue(adding folder: String? = nil) throws -> Catalogue {
        var files: [String: [UInt8]] = [:]
        for file in EmbeddedCatalogue.files(under: "actions") + EmbeddedCatalogue.files(under: "policies") {
            files[file.path] = file.bytes
        }
        for prefix in ["templates/governance/", folder].compactMap(\.self) {
            for file in EmbeddedCatalogue.files(under: prefix) {
                files[String(file.path.dropFirst(prefix.count))] = file.bytes
            }
        }
        files[Configuration.fileName] = ConfigurationDocument.emit(Configuration())
        return try CatalogueLoader.load(from: MemorySource(files: files))
    }

    private static func policyTests(
        _ path: String = "templates/governance/tests/defaults.yaml"
    ) throws -> [PolicyTest] {
        return try PolicyTestDocument.parse(SourceFile(name: path, bytes: EmbeddedCatalogue.file(path) ?? []))
    }

    @Test(
        "every policy test holds, whatever kind of identity asks",
        arguments: [nil, .agent, .person, .service] as [IdentityKind?])
    func policyTestsHold(kind: IdentityKind?) throws {
        let engine = PolicyEngine(catalogue: try Self.catalogue())
        for test in try Self.policyTests() {
            let request = DecisionRequest(
                action: test.action, target: test.target,
                caller: Caller(id: test.caller, kind: kind, roles: test.roles, groups: test.groups),
                parameters: test.parameters, ticket: test.ticketID)
            let decision = engine.decide(request, now: test.now ?? Self.now)
            #expect(decision.result == test.expect, "\(test.name): \(decision.reason)")
            if let rule = test.rule { #expect(decision.rule == rule, "\(test.name)") }
            if let code = test.code { #expect(decision.code == code, "\(test.name)") }
            #expect(decision.approvals == test.approvals ?? [], "\(test.name)")
            #expect(decision.warnings.isEmpty == (decision.code != .unknownTarget), "\(test.name)")
        }
    }

    @Test("every rule decides at least one policy test")
    func everyRuleIsTested() throws {
        let tested = Set(try Self.policyTests().compactMap(\.rule))
        #expect(tested == Set(try Self.catalogue().rules.map(\.name)))
    }

    @Test("an unknown caller is allowed nothing, on any target")
    func unknownCallersGetNothing() throws {
        let catalogue = try Self.catalogue()
        let engine = PolicyEngine(catalogue: catalogue)
        for action in catalogue.actions.keys.sorted() {
            for target in catalogue.targets.keys.sorted() {
                for caller in [Caller.anonymous, Caller(id: "stranger", kind: .agent)] {
                    let request = DecisionRequest(action: action, target: target, caller: caller)
                    #expect(engine.decide(request, now: Self.now).result == .deny, "\(action) on \(target)")
                }
            }
        }
    }

    @Test("every action can be judged, and acts on something that another field explains")
    func actionsAreSound() throws {
        let catalogue = try Self.catalogue()
        #expect(catalogue.actions.count == 33)
        for action in catalogue.actions.values {
            #expect(PolicyEngine.problems(in: action).isEmpty, "\(action.name)")
            #expect(!action.description.isEmpty && !action.requiredPrivileges.isEmpty, "\(action.name)")
            #expect(action.parameters.allSatisfy { !$0.description.isEmpty }, "\(action.name)")
            let fields = Set(action.stateFields.map(\.name))
            for case .beforeState(let field) in action.rollbackParameters.values {
                #expect(fields.contains(field), "\(action.name): `\(field)`")
            }
        }
    }

    @Test("a rollback has all params that its action requires, or none and takes them from the target")
    func rollbacksAreComplete() throws {
        let catalogue = try Self.catalogue()
        for action in catalogue.actions.values where !action.rollbackParameters.isEmpty {
            let name = try #require(action.rollbackAction)
            let rollback = try #require(catalogue.actions[name])
            let required = Set(rollback.parameters.filter(\.required).map(\.name))
            #expect(required.isSubset(of: action.rollbackParameters.keys), "\(action.name)")
            #expect(Set(action.rollbackParameters.keys).isSubset(of: rollback.parameters.map(\.name)), "\(action.name)")
        }
    }

    @Test("for a team of one, the person in charge needs nobody, and everyone else stays where they were")
    func soloAdmin() throws {
        let engine = PolicyEngine(catalogue: try Self.catalogue(adding: "templates/solo/"))
        func decide(_ kind: IdentityKind, _ roles: [String]) -> Decision {
            let caller = Caller(id: "ada", kind: kind, roles: roles)
            return engine.decide(
                DecisionRequest(action: "delete-namespace", target: "prod/namespace", caller: caller), now: Self.now)
        }
        #expect(decide(.person, ["admin"]).rule == "person-alone")
        #expect(decide(.agent, ["admin"]).rule == "destruction-by-platform-people")
        #expect(decide(.person, ["deployer"]).rule == "no-destruction-in-prod")
    }
}
