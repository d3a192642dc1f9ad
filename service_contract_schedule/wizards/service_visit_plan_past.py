from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain

from ..models.service_contract_line_plan import REVIVED
from ..tools import occurrences
from ..tools.clock import to_utc


class ServiceVisitPlanPast(models.TransientModel):
    """Plans visits for rights whose dates were past when the contract was activated."""

    _name = "service.visit.plan.past"
    _description = "Plan Visits Whose Dates Are Past"
    _inherit = ["service.guard.mixin"]

    contract_id = fields.Many2one("service.contract", readonly=True, required=True)
    row_ids = fields.One2many("service.visit.plan.past.row", "wizard_id")

    @api.model
    def _get_system_fields(self):
        return super()._get_system_fields() | {"contract_id"}

    @api.model
    def _open_for(self, contract):
        """Open the dialog with the dates that it proposes.

        :raise UserError: no date of the contract is past and unplanned
        """
        contract.ensure_one()
        contract.check_access("write")
        rows = [
            Command.create({"line_id": line.id, "slot": slot, "date": day})
            for line, slots in contract.line_ids._get_past_slots().items()
            for slot, day in self._spread(line, slots)
        ]
        if not rows:
            raise UserError(
                self.env._(
                    "Contract %(contract)s has no past dates whose rights are left.",
                    contract=contract.display_name,
                )
            )
        # sudo: nobody has a right to create dialogs by RPC; the contract was checked
        wizard = self.sudo().create({"contract_id": contract.id, "row_ids": rows})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Plan Them Now"),
            "res_model": self._name,
            "res_id": wizard.id,
            "view_mode": "form",
            "target": "new",
        }

    @api.model
    def _spread(self, line, slots):
        """Return (slot, date) pairs: dates in the middle of the widest gaps between the
        coming visits of ``line``, one by one, as long as rights and days are left.
        """
        today = line.contract_id._today()
        end = line.date_end or today + timedelta(days=line._get_horizon())
        taken = {
            visit._get_local_date()
            for visit in self.env["service.visit"].search(
                Domain("line_id", "=", line.id)
                & Domain("start", ">=", fields.Datetime.now())
                & Domain("state", "in", ("planned", "confirmed", "in_progress"))
            )
        }
        days_off = line.company_id._get_days_off(today, end + timedelta(days=31))
        days = []
        for _slot in slots:
            marks = sorted({today, *taken, end + timedelta(days=1)})
            before, after = max(
                zip(marks, marks[1:], strict=False),
                key=lambda gap: (gap[1] - gap[0], -gap[0].toordinal()),
                default=(None, None),
            )
            if before is None or after - before < timedelta(days=2):
                break
            day = before + (after - before) / 2
            day = occurrences.shift(day, "next", days_off, today, end)
            taken.add(day)
            days.append(day)
        # the gaps come widest first; the dates in the order in which they were due
        return list(zip(slots, sorted(days), strict=False))

    def _find_ended(self, rows):
        """Return dict (line id, slot) -> visit that was cancelled with the contract."""
        # sudo: slots are the system's
        visits = (
            self.env["service.visit"]
            .sudo()
            .search(
                Domain("line_id", "in", rows.line_id.ids)
                & Domain("is_ended", "=", True)
                & Domain("occurrence_date", "in", rows.mapped("slot"))
            )
        )
        return {(v.line_id.id, v.occurrence_date): v for v in visits}

    def action_plan(self):
        """Create the visits.

        :raise UserError: a date is missing, or a right is used up meanwhile
        """
        self.ensure_one()
        self.contract_id.check_access("write")
        if refusal := self.contract_id._get_refusal(
            max(self.row_ids.mapped("date"), default=None)
        ):
            raise UserError(refusal)
        today = self.contract_id._today()
        values = []
        rows = self.row_ids.filtered("date")
        ended = self._find_ended(rows)
        for row in rows:
            line = row.line_id
            if row.date < today:
                raise UserError(
                    self.env._(
                        "%(line)s: choose a date from today on.", line=line.display_name
                    )
                )
            place, tz = line._get_place(), line._get_tz()
            values.append(
                line._prepare_visit_values(place, tz)
                | line._prepare_slot_values(row.date, row.date, tz)
                | {
                    "occurrence_date": row.slot,
                    "is_manual": True,
                    "start": to_utc(row.date, line.hour_start, tz),
                }
            )
        # sudo: slots are the system's; contract and rights are checked here
        visits = self.env["service.visit"].sudo()
        for slot_values in list(values):
            # cancelled with the contract, which goes on after all
            key = slot_values["line_id"], slot_values["occurrence_date"]
            if visit := ended.get(key):
                values.remove(slot_values)
                visit._follow_plan({**slot_values, **REVIVED})
                visits |= visit
        visits |= visits._create_planned(values)
        visits.line_id._sync_reserved()
        return {"type": "ir.actions.act_window_close"}


class ServiceVisitPlanPastRow(models.TransientModel):
    _name = "service.visit.plan.past.row"
    _description = "Visit to Plan"
    _inherit = ["service.guard.mixin"]
    _order = "date, id"

    wizard_id = fields.Many2one(
        "service.visit.plan.past", required=True, ondelete="cascade"
    )
    line_id = fields.Many2one(
        "service.contract.line", string="Service", readonly=True, required=True
    )
    slot = fields.Date(string="Was Due", readonly=True, required=True)
    date = fields.Date(string="New Date")

    @api.model
    def _get_system_fields(self):
        return super()._get_system_fields() | {"wizard_id", "line_id", "slot"}
