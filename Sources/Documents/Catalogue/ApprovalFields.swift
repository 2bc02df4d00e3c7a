internal import ChangeModel

/// `require: [{role, count}, …]`: each entry asks for `count` people with `role`; beside it, until when their word counts.
enum ApprovalFields {
    static let requirements = FieldType<[ApprovalRequirement]>.list(of: requirement, count: 1...20)

    /// The `approvals:` of a rule.
    struct OfRule: Sendable {
        var require: [ApprovalRequirement] = []
        var terms = ApprovalTerms()
    }

    static let ofRule = FieldType<OfRule>.mapping("approvals", placeholder: OfRule()) { fields in
        OfRule(require: fields.required("require", requirements), terms: terms(fields))
    }

    /// The `approvals:` of a policy test, which asks for people alone.
    static let ofTest = FieldType<[ApprovalRequirement]>.mapping("approvals", placeholder: []) { fields in
        fields.required("require", requirements)
    }

    /// `review_by`, `execute_within` and `break_glass`.
    static func terms(_ fields: Fields) -> ApprovalTerms {
        ApprovalTerms(
            reviewBy: fields.optional("review_by", .duration),
            executeWithin: fields.optional("execute_within", .duration),
            breakGlass: fields.optional("break_glass", breakGlass))
    }

    private static let breakGlass = FieldType<BreakGlassTerms>.mapping(
        "the terms of breaking the glass", placeholder: BreakGlassTerms(roles: [])
    ) { fields in
        BreakGlassTerms(
            roles: fields.required("roles", .list(of: .name, count: 0...20)),
            reviewWithin: fields.optional("review_within", .duration) ?? BreakGlassTerms.usualReview)
    }

    private static let requirement = FieldType<ApprovalRequirement>.mapping(
        "an entry of `require`", placeholder: ApprovalRequirement(role: "", count: 1)
    ) { fields in
        ApprovalRequirement(
            role: fields.required("role", .name), count: fields.optional("count", .integer(1...100)) ?? 1)
    }
}
