from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Command

from ..tools.roles import MANAGER


class ServiceContractPart(models.AbstractModel):
    """What belongs to a contract and was agreed with it: its items and its lines.

    Once the contract is no longer a draft, only managers change it, and the contract's
    chatter says what changed.
    """

    _name = "service.contract.part"
    _description = "Part of a Service Contract"
    _inherit = ["service.guard.mixin"]

    sequence = fields.Integer(default=10)
    contract_id = fields.Many2one(
        "service.contract",
        required=True,
        ondelete="cascade",
        index=True,
        check_company=True,
    )
    company_id = fields.Many2one(
        related="contract_id.company_id", store=True, precompute=True
    )
    currency_id = fields.Many2one(related="contract_id.currency_id")
    contract_state = fields.Selection(
        related="contract_id.state", string="Contract Status"
    )

    @api.model
    def _get_free_fields(self):
        """Hook: names of the fields that users change in a running contract too."""
        return {"sequence"}

    @api.model
    def _get_logged_fields(self):
        """Hook: names of the fields whose change is told in the contract's chatter."""
        return set()

    @api.model_create_multi
    def create(self, vals_list):
        parts = super().create(vals_list)
        agreed = parts.filtered(lambda part: part.contract_id.state != "draft")
        agreed._check_may_change()
        agreed._log_on_contract(
            {
                part: self.env._("%(part)s was added.", part=part.display_name)
                for part in agreed
            }
        )
        return parts

    def write(self, vals):
        agreed = self.filtered(lambda part: part.contract_id.state != "draft")
        if set(vals) - self._get_free_fields():
            agreed._check_may_change()
        logged = (
            [name for name in self._get_logged_fields() if name in vals]
            if agreed
            else []
        )
        secret = [name for name in logged if self._fields[name].groups]
        logged = [name for name in logged if name not in secret]
        kept = {part: {name: part[name] for name in secret} for part in agreed}
        before = {part: [part._get_shown(name) for name in logged] for part in agreed}
        result = super().write(vals)
        if "contract_id" in vals:
            self.filtered(
                lambda part: part.contract_id.state != "draft"
            )._check_may_change()
        messages = {}
        for part in agreed:
            for name, old in zip(logged, before[part], strict=True):
                new = part._get_shown(name)
                if old != new:
                    messages.setdefault(part, []).append(
                        self.env._(
                            "%(part)s, %(field)s: %(old)s → %(new)s",
                            part=part.display_name,
                            field=self._fields[name]._description_string(self.env),
                            old=old or "–",
                            new=new or "–",
                        )
                    )
        agreed._log_on_contract(
            {part: "; ".join(texts) for part, texts in messages.items()}
        )
        for part in agreed:
            part._track_on_contract(kept[part])
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_if_may_change(self):
        agreed = self.filtered(lambda part: part.contract_id.state != "draft")
        agreed._check_may_change()
        agreed._log_on_contract(
            {
                part: self.env._("%(part)s was removed.", part=part.display_name)
                for part in agreed
            }
        )

    def _check_may_change(self):
        if self and not self.env.su and not self.env.user.has_group(MANAGER):
            raise AccessError(
                self.env._(
                    "Contract %(contract)s is no longer a draft: only a service "
                    "manager can change what was agreed (%(part)s).",
                    contract=self.contract_id[:1].display_name,
                    part=self[:1].display_name,
                )
            )

    def _get_shown(self, name):
        value = self[name]
        if isinstance(value, models.BaseModel):
            return value.display_name
        field = self._fields[name]
        if field.type == "selection":
            return dict(field._description_selection(self.env)).get(value)
        if field.type == "float":
            return f"{value:g}"
        return str(value) if value else ""

    def _track_on_contract(self, before):
        """Log fields that not everybody may see, as Odoo tracks them: the chatter shows
        each reader the values of those fields only that they may read.

        :param before: dict name -> value before the change
        """
        changed = {name: old for name, old in before.items() if self[name] != old}
        if changed:
            infos = self.fields_get(list(changed))
            track = self.env["mail.tracking.value"]._create_tracking_values
            self.contract_id._message_log(
                body=self.display_name,
                tracking_value_ids=[
                    Command.create(track(old, self[name], name, infos[name], self))
                    for name, old in changed.items()
                ],
            )

    def _log_on_contract(self, messages):
        bodies = {}
        for part in self:
            if part in messages:
                bodies.setdefault(part.contract_id.id, []).append(messages[part])
        if bodies:
            self.contract_id.browse(bodies)._message_log_batch(
                bodies={
                    contract: "\n".join(texts) for contract, texts in bodies.items()
                }
            )
