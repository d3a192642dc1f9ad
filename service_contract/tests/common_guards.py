ROLES = (
    "technician",
    "user",
    "manager",
    "billing",
    "accountant",
    "salesperson",
    "internal",
    "portal",
    "portal_stranger",
    "public",
)
SERVICE_USERS = {"user", "manager", "billing", "accountant", "salesperson"}
MANAGERS = {"manager"}
NOBODY = set()

STATES = ("draft", "active", "suspended", "expired", "cancelled")
# Who may take which step, by button or by writing the state; all others are refused.
STEPS = {
    ("draft", "active"): SERVICE_USERS,
    ("draft", "cancelled"): SERVICE_USERS,
    ("cancelled", "draft"): MANAGERS,
    ("active", "suspended"): MANAGERS,
    ("active", "cancelled"): MANAGERS,
    ("expired", "suspended"): MANAGERS,
    ("suspended", "active"): MANAGERS,
    ("suspended", "expired"): MANAGERS,
}
BUTTONS = {
    "action_activate": ("draft", SERVICE_USERS),
    "action_suspend": ("active", MANAGERS),
    "action_resume": ("suspended", MANAGERS),
    "action_reset_draft": ("cancelled", MANAGERS),
}

MONEY = {
    "service.contract": ("amount_before_discount", "amount_after_discount"),
    "service.contract.item": (
        "amount_before_discount",
        "amount_after_discount",
        "counts_in_base",
    ),
    "service.contract.line": ("price_extra",),
    "service.contract.template.line": ("price_extra",),
}

# Every method that our addon lets the client call, and what happens to people without
# the right: "refused", or "harmless" where it only describes a window to open.
PUBLIC_METHODS = {
    ("service.contract", "action_activate"): "refused",
    ("service.contract", "action_suspend"): "refused",
    ("service.contract", "action_resume"): "refused",
    ("service.contract", "action_cancel"): "refused",
    ("service.contract", "action_reset_draft"): "refused",
    ("service.contract", "action_fill_from_invoice"): "refused",
    ("service.contract", "action_open_suspend"): "harmless",
    ("service.contract", "action_send"): "harmless",
    ("service.contract", "action_print"): "harmless",
    ("service.contract", "action_preview"): "harmless",
    ("service.contract", "action_view_items"): "harmless",
    ("service.contract", "action_view_predecessor"): "harmless",
    ("service.contract", "action_view_successor"): "harmless",
    ("service.contract", "action_view_source_moves"): "harmless",
    ("service.contract.line", "action_record_use"): "harmless",
    ("service.contract.usage", "action_take_back"): "refused",
    ("service.contract.template", "action_view_contracts"): "harmless",
    ("service.level", "action_view_contracts"): "harmless",
    ("res.partner", "action_view_service_contracts"): "harmless",
    ("account.move", "action_create_service_contract"): "refused",
    ("account.move", "action_retry_service_contract"): "refused",
    ("account.move", "button_draft"): "refused",
    ("account.move", "action_view_service_contracts"): "harmless",
    ("service.contract.create", "action_create"): "refused",
    ("service.contract.pick.invoice", "action_next"): "refused",
    ("service.contract.record.use", "action_record"): "refused",
    ("service.contract.suspend", "action_suspend"): "refused",
}
