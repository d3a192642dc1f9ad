from odoo import models
from odoo.exceptions import AccessError, UserError

from odoo.addons.service_contract.tools.roles import MANAGER

from .service_visit import OPEN, QUIET


class ServiceVisit(models.Model):
    """What a visit does to the rights, and what follows a problem or a suspension."""

    _inherit = "service.visit"

    # === ACTIONS === #

    def action_follow_up(self):
        """Plan a follow-up visit, which takes no right, and open it.

        :raise UserError: the visit didn't end with a problem
        """
        # pressed once more, the button opens what is planned already
        pending = self.follow_up_ids.filtered(lambda visit: visit.state in OPEN)
        created = (self - pending.follow_up_of_id)._create_follow_ups()
        return (pending | created)._get_records_action()

    def action_take_no_right(self, reason):
        """Give back what visits with a problem used.

        :param reason: text for the ledger
        :raise AccessError: somebody who is no manager asks
        :raise UserError: a visit didn't end with a problem, or counts in no right
        """
        self.check_access("write")
        if not self.env.su and not self.env.user.has_group(MANAGER):
            raise AccessError(
                self.env._("Only a service manager can say that a visit doesn't count.")
            )
        for visit in self:
            if visit.state != "problem" or visit.is_uncounted or not visit.quantity:
                visit._raise_step(self.env._("taken out of the count"))
        self._get_live_usages()._take_back(reason)
        # sudo: a mark of the system, after the check above
        self.sudo().write({"is_uncounted": True})
        self._message_log_batch(bodies=dict.fromkeys(self.ids, reason or ""))
        return True

    # === BUSINESS METHODS === #

    def _use_rights(self):
        """Book the rights that visits which took place use.

        :raise UserError: nothing is left of a service
        """
        # sudo: the ledger is the system's; the step was checked
        self.env["service.contract.usage"].sudo().create(
            [
                {
                    "line_id": visit.line_id.id,
                    "date": visit._get_local_date(),
                    "quantity": visit.quantity,
                    "kind": "use",
                    "origin": f"{visit._name},{visit.id}",
                    "is_billable": visit.is_billable,
                }
                for visit in self
                if visit.quantity
            ]
        )

    def _note_installation(self):
        """Fill the installation date of the machines that these visits installed."""
        # sudo: a consequence of the visit; technicians have no right to change machines
        for visit in self.sudo().filtered("line_id.is_installation"):
            items = visit.item_ids.filtered(lambda item: not item.date_installed)
            items.write({"date_installed": visit._get_local_date()})

    def _get_live_usages(self):
        """Return the rows of the ledger by which these visits use rights now."""
        # sudo: the ledger of visits that the user was allowed to undo
        visits = self.sudo()
        visits.invalidate_recordset(["usage_ids"], flush=False)  # rows came since
        return visits.usage_ids.filtered(
            lambda row: (
                row.kind == "use" and not row.reverses_id and not row.reversed_by_ids
            )
        )

    def _give_back(self):
        """Take back what these visits used."""
        usages = self._get_live_usages()
        if usages:
            usages._take_back(self.env._("The outcome of the visit was taken back"))

    def _create_follow_ups(self):
        """Create a follow-up, which takes no right, for visits with a problem.

        :return: the new visits, planned for the next working day at the same hour
        :raise UserError: a visit didn't end with a problem
        """
        self.check_access("write")
        self.check_access("create")  # technicians report, dispatchers plan
        for visit in self:
            if visit.state != "problem":
                visit._raise_step(self.env._("followed up"))
            if refusal := visit.contract_id._get_refusal():
                raise UserError(refusal)
        # sudo: which visit follows which is the system's to say
        return (
            self.sudo()
            .create([visit._prepare_follow_up_values() for visit in self])
            .sudo(self.env.su)
        )

    def _prepare_follow_up_values(self):
        self.ensure_one()
        start = self.line_id._get_next_free_start(self)
        return {
            "line_id": self.line_id.id,
            "follow_up_of_id": self.id,
            "partner_service_id": self.partner_service_id.id,
            "user_id": self.user_id.id,
            "start": start,
            "stop": start + (self.stop - self.start),
            "is_manual": True,
        }

    # === STEPS TAKEN BY THE CONTRACT === #

    def _end_with_contract(self):
        """Cancel visits that the contract no longer covers.

        They come back by themselves where the contract goes on after all.
        """
        # sudo: consequence of a step of the contract, which was checked there
        visits = self.sudo().filtered(lambda visit: visit.state != "in_progress")
        visits = visits.filtered(lambda visit: visit.state != "cancelled")
        if not visits:
            return
        by_contract = visits.grouped("contract_id")
        for contract, group in by_contract.items():
            if contract.state == "cancelled":
                reason = self.env._("The contract was cancelled")
            else:
                reason = self.env._("The contract ends earlier")
            group._take_step("cancelled", cancel_reason=reason)
            group.with_context(**QUIET).write({"is_ended": True})

    def _put_on_hold(self):
        """Take confirmed visits of suspended contracts out of calendars, and tell."""
        # sudo: consequence of a step of the contract, which was checked there
        confirmed = self.sudo().filtered(lambda visit: visit.state == "confirmed")
        confirmed._remove_events()
        confirmed._tell_technicians_on_hold()

    def _go_on_after_hold(self, today):
        """Go on with the visits of contracts that are served again: the past ones are
        missed, the coming ones stand as before.

        :param today: local date from which the contracts are served again
        """
        # sudo: consequence of a step of the contract, which was checked there
        waiting = self.sudo()
        past = waiting.filtered(lambda visit: visit._get_local_date() < today)
        if past:
            past._take_step("missed")
        (waiting - past).filtered(
            lambda visit: visit.state == "confirmed"
        )._sync_event_and_activity("confirmed")
