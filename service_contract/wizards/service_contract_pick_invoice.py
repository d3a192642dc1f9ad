from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command


class ServiceContractPickInvoice(models.TransientModel):
    """Lets a service user choose the customer's invoice: number, date and lines, no
    amount.
    """

    _name = "service.contract.pick.invoice"
    _inherit = ["service.guard.mixin"]
    _description = "Pick an Invoice for a Service Contract"

    contract_id = fields.Many2one("service.contract", required=True, readonly=True)
    choice_ids = fields.One2many("service.contract.pick.invoice.line", "wizard_id")

    @api.model
    def _get_system_fields(self):
        return {"contract_id"}

    @api.model
    def _open_for(self, contract):
        """Return the action that offers the posted invoices of ``contract``'s
        customer.
        """
        moves = self.env["service.contract.create"]._get_offered_moves(contract)
        if not moves:
            raise UserError(
                self.env._(
                    "%(customer)s has no posted invoice in %(currency)s. Add the "
                    "covered items by hand.",
                    customer=contract.partner_id.display_name,
                    currency=contract.currency_id.name,
                )
            )
        # sudo: the offer is made by the server alone, so that nobody can forge one;
        # the caller checked that this user may write the contract
        wizard = self.sudo().create(
            {
                "contract_id": contract.id,
                "choice_ids": [
                    Command.create(
                        {
                            "move_ref": move.id,
                            "name": move.name,
                            "date": move.invoice_date,
                            "content": ", ".join(
                                (line.name or "").split("\n")[0]
                                for line in move.invoice_line_ids
                                if line._is_service_source()
                            ),
                        }
                    )
                    for move in moves
                ],
            }
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Fill from an Invoice"),
            "res_model": self._name,
            "res_id": wizard.id,
            "view_mode": "form",
            "target": "new",
        }

    def action_next(self):
        """Show what the chosen invoices give, before it is added to the contract."""
        self.ensure_one()
        chosen = self.choice_ids.filtered("is_chosen").mapped("move_ref")
        # the offer is made again, so that only invoices of this very customer can be
        # chosen
        offered = self.env["service.contract.create"]._get_offered_moves(
            self.contract_id
        )
        moves = offered.filtered(lambda move: move.id in chosen)
        if not moves:
            raise UserError(self.env._("Choose at least one invoice."))
        return self.env["service.contract.create"]._open_for(moves, self.contract_id)


class ServiceContractPickInvoiceLine(models.TransientModel):
    _name = "service.contract.pick.invoice.line"
    _inherit = ["service.guard.mixin"]
    _description = "Invoice to Pick"

    wizard_id = fields.Many2one(
        "service.contract.pick.invoice", required=True, ondelete="cascade"
    )
    move_ref = fields.Integer(readonly=True)
    is_chosen = fields.Boolean(string="Take")
    name = fields.Char(string="Invoice", readonly=True)
    date = fields.Date(readonly=True)
    content = fields.Char(string="Lines", readonly=True)

    @api.model
    def _get_system_fields(self):
        return {"wizard_id", "move_ref", "name", "date", "content"}
