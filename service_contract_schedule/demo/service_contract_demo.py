from datetime import timedelta

from odoo import models
from odoo.fields import Command, Domain

from ..tools.clock import to_utc

INSTALLATION_HOUR = 8.5


class ServiceContractDemo(models.AbstractModel):
    """The visits of the demo company."""

    _inherit = "service.contract.demo"

    def _tell(self):
        result = super()._tell()
        company = self._get("company")
        demo = self.with_company(company).with_context(
            allowed_company_ids=company.ids, mail_activity_quick_update=True
        )
        if company.chart_template and not demo._has_visits():
            demo._tell_visits()
        return result

    def _has_visits(self):
        return bool(
            self.env["service.visit"].search_count(
                Domain("company_id", "=", self.env.company.id)
                & Domain("state", "=", "confirmed"),
                limit=1,
            )
        )

    def _open_books(self, company):
        result = super()._open_books(company)
        self._load_holidays()
        return result

    def _load_holidays(self):
        """Close the company on the public holidays of this year and the next."""
        wizards = self._as("manager").env["service.holiday.load"]
        if not wizards._is_available():
            return
        year = self._today().year
        for wizard in wizards.create([{"year": year}, {"year": year + 1}]):
            wizard.country_id = self.env.ref("base.th")
            wizard.action_fetch()
            wizard.action_load()

    def _serve(self, contract, product, days, note, quantity=1.0, item=None):
        """Services of the past were visits; only phone calls weren't."""
        service = self._get(f"product_{product}")
        lines = contract.line_ids.filtered(
            lambda line: (
                line.product_id == service
                and line.mode == "scheduled"
                and (not item or line.item_id == item)
            )
        )
        if not lines:
            return super()._serve(contract, product, days, note, quantity, item)
        line = lines[:1].with_env(self._as("dispatcher").env)
        start = to_utc(self._ago(days), line.hour_start, line._get_tz())
        visit = line.env["service.visit"].create(
            {
                "line_id": line.id,
                "start": start,
                "stop": start + timedelta(hours=line.duration),
                "user_id": self._get("user_technician").id,
                "result": note,
            }
        )
        visit.action_done()
        # sudo: times are the system's; the story tells of visits long past
        visit.sudo().write({"actual_start": visit.start, "actual_stop": visit.stop})

    def _tell_visits(self):
        """What is coming: confirmed, moved by hand, a problem, a missed one."""
        self._follow_templates()
        self._type_installation_dates()
        visits = self.env["service.visit"]
        today = Domain("company_id", "=", self.env.company.id) & Domain(
            "start", ">=", self._today()
        )
        coming = visits.search(
            today
            & Domain("state", "=", "planned")
            & Domain("contract_id.state", "=", "active"),
            limit=12,
        )
        dispatched = coming.with_env(self._as("dispatcher").env)
        for visit in dispatched.filtered(lambda visit: not visit.user_id):
            visit.user_id = self._get("user_technician")
        dispatched[:4].action_confirm()
        moved = dispatched[4:5]
        if moved:
            moved.write(
                {
                    "start": moved.start + timedelta(hours=26),
                    "stop": moved.stop + timedelta(hours=26),
                }
            )
        done = visits.search(
            Domain("company_id", "=", self.env.company.id)
            & Domain("state", "=", "done")
            & Domain("contract_id.state", "=", "active"),
            order="start desc",
            limit=1,
        ).with_env(self._as("dispatcher").env)
        if done:
            done.result = "A bearing is worn: ordered, to be replaced on the next trip"
            done.action_problem()
            done.action_follow_up()

    def _follow_templates(self):
        """Give the patterns of the templates to contracts that are older than them."""
        lines = self.env["service.contract.line"].search(
            Domain("company_id", "=", self.env.company.id)
            & Domain("mode", "=", "scheduled")
            & Domain("visit_kind", "=", False)
            & Domain("contract_id.state", "in", ("draft", "active"))
        )
        for line in lines:
            pattern = line.contract_id.template_id.line_ids.filtered(
                lambda tl, line=line: tl.product_id == line.product_id and tl.visit_kind
            )[:1]
            if pattern:
                line.write(pattern._prepare_pattern_values())

    def _type_installation_dates(self):
        """Two machines of one contract, installed on two different days."""
        contract = self._get("contract_future")
        lines = contract.line_ids.filtered("is_installation")
        for number, line in enumerate(lines):
            day = contract.date_start + timedelta(days=2 + 7 * number)
            line.write(
                {
                    "visit_kind": "dates",
                    "hour_start": INSTALLATION_HOUR,
                    "duration": 4,
                    "technician_id": self._get("user_technician").id,
                    "visit_date_ids": [Command.create({"date": day})],
                }
            )
