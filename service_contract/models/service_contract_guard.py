from odoo import api, models
from odoo.exceptions import AccessError, UserError

from ..tools.roles import MANAGER

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
}
# what nobody changes once the contract is no longer a draft: money was frozen in it
FROZEN_FIELDS = {"company_id", "currency_id"}


class ServiceContract(models.Model):
    """Who may set and change what, in which state."""

    _inherit = "service.contract"

    def _check_create_values(self, vals_list):
        """Refuse what only a manager may set when contracts are made.

        :raise AccessError: a take-over field is given by somebody else
        :raise UserError: a contract would be born in another state than draft
        """
        for vals in vals_list:
            if vals.get("state", "draft") != "draft":
                raise UserError(
                    self.env._(
                        "A contract begins as a draft. Create it, then activate it."
                    )
                )
        if self.env.su or self.env.user.has_group(MANAGER):
            return
        neutral = {"cycle": 1}
        taken = {
            name
            for vals in vals_list
            for name in TAKE_OVER_FIELDS & set(vals)
            if vals[name]
            and vals[name] != neutral.get(name)
            and not (name == "date_anchor" and vals[name] == vals.get("date_start"))
        }
        if taken:
            self._raise_manager_needed(taken)

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
                            "and currency "
                            "can't change. Cancel it and make a new one.",
                            contract=contract.display_name,
                        )
                    )
        if self.env.su or self.env.user.has_group(MANAGER):
            return
        guarded = TAKE_OVER_FIELDS & set(vals)
        if agreed:
            guarded |= AGREED_FIELDS & set(vals)
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
            if (
                contract.state not in ("draft", "cancelled")
                or contract.line_ids.usage_ids
            ):
                raise UserError(
                    self.env._(
                        "Contract %(contract)s can't be deleted: it has been agreed on "
                        "or used. "
                        "Cancel or archive it instead.",
                        contract=contract.display_name,
                    )
                )
