from datetime import datetime, time, timedelta

from odoo.addons.service_contract.tests.common_access import GROUPS, AccessCommon

# What takes a visit to a state, from planned on.
PATHS = {
    "planned": (),
    "confirmed": ("confirmed",),
    "in_progress": ("confirmed", "in_progress"),
    "done": ("confirmed", "done"),
    "problem": ("confirmed", "problem"),
    "cancelled": ("cancelled",),
    "missed": ("missed",),
}
TYPED_DATES = {"mode": "scheduled", "visit_kind": "dates", "non_working_day": "keep"}


class VisitAccessCommon(AccessCommon):
    """Two companies with technicians, dispatchers and visits of their own.

    ``line`` is the service of a running contract in company A, ``line_b`` of one in
    company B; both have rights enough for all visits of a test.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for company in cls.company_a | cls.company_b:
            company.partner_id.tz = "Asia/Bangkok"
            company.resource_calendar_id.tz = "Asia/Bangkok"
        cls.technician = cls.roles["technician"]
        cls.line = cls._make_line(cls._make_contract(cls.acme))
        cls.line_b = cls._make_line(
            cls._make_contract(cls.acme, company_id=cls.company_b.id)
        )
        cls.line_of_beta = cls._make_line(cls._make_contract(cls.beta))
        cls.visit = cls._make_visit()

    @classmethod
    def _get_people(cls):
        return {
            **super()._get_people(),
            "colleague": (GROUPS["technician"], {}),
            "accountant_only": ("account.group_account_invoice", {}),
            "technician_b": (GROUPS["technician"], cls._in_company_b()),
            "user_b": (GROUPS["user"], cls._in_company_b()),
        }

    @classmethod
    def _make_line(cls, contract, activate=True, **values):
        """Return the line of ``contract`` with rights to 5000 visits on typed dates."""
        contract.line_ids.write({"quantity": 5000, **TYPED_DATES, **values})
        if activate:
            contract.action_activate()
        return contract.line_ids

    @classmethod
    def _make_visit(cls, state="planned", user="technician", line=None, **values):
        """Return a visit without a slot that has gone all the way to ``state``."""
        line = line or cls.line
        start = cls._at(2) if "start" not in values else values.pop("start")
        visit = cls.env["service.visit"].create(
            {
                "line_id": line.id,
                "start": start,
                "user_id": cls.roles[user].id if user else False,
                "is_manual": True,
                **values,
            }
        )
        line._sync_reserved()
        for step in PATHS[state]:
            visit._take_step(step)
        return visit

    @classmethod
    def _at(cls, days, hour=3):
        """Return an instant so many days from today (10:00 in Bangkok)."""
        day = cls.line.contract_id._today() + timedelta(days=days)
        return datetime.combine(day, time(hour))

    def _env(self, role):
        """Return the environment of the person with ``role``, nothing cached."""
        self.env.flush_all()
        self.env.invalidate_all()
        return self.env(user=self.roles[role], su=False, context={})
