internal import ChangeModel

/// `require: [{role, count}, …]`: each entry asks for `count` people with `role`.
enum ApprovalFields {
    static let requirements = FieldType<[ApprovalRequirement]>.list(of: requirement, count: 1...20)

    /// The `approvals:` of a rule or a policy test.
    static let ofRule = FieldType<[ApprovalRequirement]>.mapping("approvals", placeholder: []) { fields in
        fields.refuse("review_by")
        fields.refuse("execute_within")
        return fields.required("require", requirements)
    }

    /// Of a freeze, which has no deadlines of its own.
    static let requirementsAlone = FieldType<[ApprovalRequirement]>.mapping("approvals", placeholder: []) { fields in
        fields.required("require", requirements)
    }

    private static let requirement = FieldType<ApprovalRequirement>.mapping(
        "an entry of `require`", placeholder: ApprovalRequirement(role: "", count: 1)
    ) { fields in
        ApprovalRequirement(
            role: fields.required("role", .name), count: fields.optional("count", .integer(1...100)) ?? 1)
    }
}
