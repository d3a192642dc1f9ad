from odoo import api, models
from odoo.exceptions import AccessError, UserError

from ..tools.roles import MANAGER, USER

# what only a manager sets, even in draft: the take-over of a running contract
TAKE_OVER_FIELDS = {
    "cycle",
    "date_anchor",
    "service_code",
    "predecessor_id",
    "service_code_is_foreign",
}
# what only a manager changes once the contract is no longer a draft
AGREED_FIELDS = TAKE_OVER_FIELDS | {
    "partner_id",
    "partner_service_id",
    "date_start",
    "date_end",
    "term_count",
    "term_unit",
    "tz",
    "template_id",
    "renewable",
    "active",
    "name",
    "note",
    "suspension_reason",
    "suspension_review_date",
}
# what nobody changes once the contract is no longer a draft: money was frozen in it
FROZEN_FIELDS = {"company_id", "currency_id"}


class ServiceContract(models.Model):
    """Who may set and change what, in which state."""

    _inherit = "service.contract"

    @api.model
    def _get_system_fields(self):
        return super()._get_system_fields() | {
            "job_error",
            "job_retry_at",
            "job_work",
        }

    @api.model
    def _get_agreed_fields(self):
        """Hook: names of the fields that only managers change after activation."""
        return AGREED_FIELDS

    def _mail_get_operation_for_mail_message_operation(self, message_operation):
        """What is written about a contract tells of fees and invoices: technicians read
        what they wrote themselves or were told, and the rest is for service users.
        """
        user = self.env.user
        if (
            message_operation == "read"
            and user._is_internal()
            and not user.has_group(USER)
        ):
            message_operation = "write"
        return super()._mail_get_operation_for_mail_message_operation(message_operation)

    def _check_created(self):
        """Check again what was made: defaults, too, can bring guarded values.

        :raise AccessError: a take-over field is set, and not by a manager
        :raise UserError: a contract was born in another state than draft
        """
        for contract in self:
            if contract.state != "draft":
                raise UserError(
                    self.env._(
                        "A contract begins as a draft. Create it, then activate it."
                    )
                )
        if self.env.su or self.env.user.has_group(MANAGER):
            return
        neutral = {"cycle": 1}
        for contract in self:
            taken = {
                name
                for name in TAKE_OVER_FIELDS
                if contract[name] and contract[name] != neutral.get(name)
            }
            if contract.date_anchor == contract.date_start:
                taken.discard("date_anchor")
            if taken:
                contract._raise_manager_needed(taken)

    def _check_write_values(self, vals):
        """Refuse a change that the state of a contract or the user's role doesn't
        allow.
        """
        agreed = self.filtered(lambda contract: contract.state != "draft")
        if frozen := FROZEN_FIELDS & set(vals):
            for contract in agreed:
                if any(contract[name].id != vals[name] for name in frozen):
                    raise UserError(
                        self.env._(
                            "Contract %(contract)s is no longer a draft: its company "
                            "and currency can't change. Cancel it and make a new one.",
                            contract=contract.display_name,
                        )
                    )
        if self.env.su or self.env.user.has_group(MANAGER):
            return
        guarded = TAKE_OVER_FIELDS & set(vals)
        if agreed:
            guarded |= self._get_agreed_fields() & set(vals)
        if guarded:
            self._raise_manager_needed(guarded)

    def _raise_manager_needed(self, names):
        labels = [
            self._fields[name]._description_string(self.env) for name in sorted(names)
        ]
        raise AccessError(
            self.env._(
                "Only a service manager can set %(fields)s%(contract)s. Ask one to do "
                "it.",
                fields=", ".join(labels),
                contract=f" ({self[:1].display_name})" if self else "",
            )
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_agreed(self):
        for contract in self:
            manages = self.env.su or self.env.user.has_group(MANAGER)
            if (
                contract.state not in ("draft", "cancelled")
                or contract.line_ids.usage_ids
                or (contract.service_code and not manages)
            ):
                raise UserError(
                    self.env._(
                        "Contract %(contract)s can't be deleted: it has been agreed on "
                        "or used. Cancel or archive it instead.",
                        contract=contract.display_name,
                    )
                )
