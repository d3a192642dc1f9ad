from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from odoo.addons.service_contract.tools.roles import MANAGER, USER

from .service_visit import QUIET

# what moves or reassigns a visit, so that its pattern leaves it alone from then on
PLANNING_FIELDS = {"start", "stop", "duration", "user_id", "partner_service_id"}
# what a technician writes on own visits; their status by the steps alone
TECHNICIAN_FIELDS = {"state", "result"}
# what a person says about one visit, and a pattern would write over
OWN_FIELDS = {"name", "date_earliest", "date_latest", "is_billable", "result"}
MOVABLE = ("planned", "confirmed", "missed")


class ServiceVisit(models.Model):
    """Who may plan what, and what a change by hand means."""

    _inherit = "service.visit"

    # === CRUD METHODS === #

    @api.model
    def _get_system_fields(self):
        return super()._get_system_fields() | {
            "occurrence_date",
            "is_manual",
            "is_ended",
            "is_uncounted",
            "follow_up_of_id",
            "calendar_event_id",
            "cancel_reason",
            "actual_start",
            "actual_stop",
            "confirm_asked_on",
            "job_error",
            "job_retry_at",
            "job_work",
        }

    @api.model_create_multi
    def create(self, vals_list):
        visits = super().create(vals_list)
        # Odoo computes new visits on drafts of them, which it leaves in these lists
        visits.contract_id.invalidate_recordset(["visit_ids"], flush=False)
        if not self.env.su:
            visits._check_created()
            # sudo: what a person plans is left alone by patterns; checked just now
            made = visits.sudo()
            made.with_context(**QUIET)._write_as_system({"is_manual": True})
            made.line_id._sync_reserved()
        return visits

    def write(self, vals):
        if not self.env.su:
            self._check_may_write(vals)
        planning = PLANNING_FIELDS & set(vals)
        if planning and "state" in vals:
            # moved first, so that the step is checked for the new date
            self.write({name: vals[name] for name in vals if name != "state"})
            return self.write({"state": vals["state"]})
        if OWN_FIELDS & set(vals) and not self.env.su:
            # sudo: a mark of the system, after the check above
            own = self.sudo().with_context(**QUIET)
            own._write_as_system({"is_manual": True})
        if not planning and "is_billable" not in vals:
            return super().write(vals)
        if "start" in vals and not {"stop", "duration"} & planning:
            return self._move_to(vals)
        before = {
            visit: (visit.start, visit.stop, visit.user_id, visit.partner_service_id)
            for visit in self
        }
        if planning:
            self._check_movable()
        if "is_billable" in vals:
            for visit in self.filtered(lambda visit: visit.state not in MOVABLE):
                visit._raise_step(self.env._("made billable"))
        result = super().write(vals)
        changed = self.filtered(
            lambda visit: (
                before[visit]
                != (visit.start, visit.stop, visit.user_id, visit.partner_service_id)
            )
        )
        changed._after_change({visit: before[visit][0] for visit in changed})
        # sudo: counters, written by the system after the check above; a visit of a
        # service in hours takes as much as it lasts
        self.line_id.sudo()._sync_reserved()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        for visit in self:
            # the ledger of an outcome that was taken back still names its visit
            booked = not self.env.su and visit.usage_ids
            over = visit.state == "missed" and self.env.su
            if (visit.state not in ("planned", "cancelled") and not over) or booked:
                raise UserError(
                    self.env._(
                        "“%(visit)s” was confirmed or is over: it can't be deleted. "
                        "Cancel it instead, then its history stays.",
                        visit=visit.display_name,
                    )
                )
            if visit.occurrence_date and not self.env.su:
                raise UserError(
                    self.env._(
                        "“%(visit)s” comes from a pattern, which would plan it again. "
                        "Cancel it instead.",
                        visit=visit.display_name,
                    )
                )

    def unlink(self):
        lines, contracts = self.line_id, self.contract_id
        # sudo: the calendar entries of visits that the user was allowed to delete
        events = self.sudo().calendar_event_id
        result = super().unlink()
        events.exists().with_context(**QUIET).unlink()
        # sudo: counters, written by the system
        lines.sudo()._sync_reserved()
        contracts.sudo()._look_again()
        return result

    def _move_to(self, vals):
        """Write ``vals``, which bring a new start: each visit keeps its length."""
        start = fields.Datetime.to_datetime(vals["start"])
        for length, visits in self.grouped(lambda v: v.stop - v.start).items():
            visits.write({**vals, "stop": start + length})
        return True

    # === BUSINESS METHODS === #

    def _write_as_system(self, vals):
        """Write without what a change by hand means."""
        return super().write(vals)

    def _follow_plan(self, values):
        """Write what the pattern says about visits that nobody has changed."""
        return self.with_context(**QUIET)._write_as_system(values)

    def _check_may_write(self, vals):
        """Refuse what this user may not change.

        :raise AccessError: naming the visit and who may
        """
        if "is_billable" in vals and not self.env.user.has_group(MANAGER):
            raise AccessError(
                self.env._(
                    "Only a service manager can make a visit billable, beyond the "
                    "rights."
                )
            )
        if set(vals) - self._get_technician_fields():
            if not self.env.user.has_group(USER):
                raise AccessError(
                    self.env._(
                        "“%(visit)s” is planned by the dispatcher: ask one to change "
                        "it.",
                        visit=self[:1].display_name,
                    )
                )
        # the technician's calendar tells the address of the place
        place = self.env["res.partner"].browse(vals.get("partner_service_id") or ())
        place.check_access("read")
        if "line_id" in vals:
            for visit in self.filtered(lambda v: v.line_id.id != vals["line_id"]):
                raise UserError(
                    self.env._(
                        "“%(visit)s” can't be moved to another service. Cancel it and "
                        "plan a new one.",
                        visit=visit.display_name,
                    )
                )

    @api.model
    def _get_technician_fields(self):
        """Hook: names of the fields that a technician writes on own visits."""
        return TECHNICIAN_FIELDS | {
            name for name in self._fields if name.startswith(("activity_", "message_"))
        }

    def _check_created(self):
        """Check visits that a person plans: the contract must be in force that day.

        :raise UserError: it isn't, or the visit was born in another state
        :raise AccessError: a billable one, by somebody who is no manager
        """
        for visit in self:
            if visit.state != "planned":
                raise UserError(
                    self.env._("A visit begins as planned. Create it, then confirm it.")
                )
            if visit.is_billable:
                visit._check_may_write({"is_billable": True})
            visit.partner_service_id.check_access("read")
            if refusal := visit._get_refusal():
                raise UserError(refusal)

    def _check_movable(self):
        for visit in self:
            if visit.state not in MOVABLE and visit._origin:
                visit._raise_step(self.env._("moved"))

    def _after_change(self, starts):
        """Do what it means that somebody moved or reassigned these visits.

        :param starts: dict visit -> its start before
        """
        if not self:
            return
        # sudo: marks of the system, after the change was checked and made
        visits = self.sudo().with_context(**QUIET)
        visits._write_as_system({"is_manual": True, "confirm_asked_on": False})
        for visit in visits:
            # by the clocks of the place that a person chose
            if visit.partner_service_id != visit.line_id._get_place():
                tz = visit.partner_service_id.tz or visit.contract_id.tz
                if visit.tz != tz:
                    visit._write_as_system({"tz": tz})
        again = self.filtered(
            lambda visit: (
                visit.state == "missed" and visit.start > fields.Datetime.now()
            )
        )
        if again:
            again._take_step("planned")
        self._follow_in_calendar()
        if not self.env.context.get("service_visit_alone"):
            self._take_trip_along(starts)
