from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo import api, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import format_amount

from odoo.addons.service_contract.tools.roles import USER

MONTHS_BACK = 6
MONTHS_AHEAD = 12
REASONS = 5
PEOPLE = 3
TASKS = (
    ("question", "service_contract_renewal.mail_activity_type_question"),
    ("call", "service_contract_renewal.mail_activity_type_call"),
    ("follow", "service_contract_renewal.mail_activity_type_follow_up"),
    ("bill", "service_contract_renewal.mail_activity_type_bill"),
    ("post", "service_contract_renewal.mail_activity_type_post"),
    ("money", "service_contract_renewal.mail_activity_type_money"),
    ("review", "service_contract.mail_activity_type_review"),
    ("job", "service_contract.mail_activity_type_job_error"),
)


class ServiceContract(models.Model):
    """What expires when, what is at risk, who must act today: one look."""

    _inherit = "service.contract"

    @api.model
    @api.readonly
    def get_renewal_dashboard(self):
        """Return what the dashboard of renewals shows, for the user's company.

        Amounts are in the company's currency, as text; a constant number of queries,
        however many contracts there are.

        :raise AccessError: somebody without the role of a service user asks
        """
        if not self.env.user.has_group(USER):
            raise AccessError(self.env._("Only service users see the renewals."))
        today = self._get_company_today(self.env.company)
        report = self.env["service.renewal.report"]
        own = Domain("company_id", "=", self.env.company.id)
        return {
            "company": self.env.company.name,
            # with the fees that the figures are made of
            "list_view_id": self.env.ref(
                "service_contract_renewal.service_contract_view_list_to_bill"
            ).id,
            # sudo: whether customers are asked, a setting of the user's own company
            "reminders": bool(self.env.company.sudo().service_reminders_since),
            "is_manager": self.env.user.has_group(
                "service_contract.group_service_manager"
            ),
            "expiring": self._get_expiring_cards(report, own, today),
            "states": self._get_state_cards(report, own),
            "tasks": self._get_task_cards(today),
            "months": self._get_month_bars(report, own, today),
            "rate": self._get_renewal_rates(report, own, today),
            "reasons": self._get_lost_reasons(report, own, today),
        }

    def _get_listed(self, domain, outcomes=("open", "renewed", "lost")):
        """Return the domain, for the client, of the contracts behind a figure: those
        that the analysis counts, of the company that is shown alone.
        """
        return list(
            Domain("company_id", "=", self.env.company.id)
            & Domain("renewal_outcome", "in", outcomes)
            & domain
        )

    def _prepare_card(self, key, label, domain, count, amount, **options):
        company = self.env.company
        return {
            "key": key,
            "label": label,
            "domain": self._get_listed(domain, **options),
            "count": count,
            "amount": format_amount(self.env, amount, company.currency_id),
        }

    def _get_expiring_cards(self, report, own, today):
        """Return cards of what ends soon, without what is renewed or declined."""
        open_ones = own & Domain("outcome", "=", "open")
        cards = []
        for key, label, last in (
            ("month", self.env._("This month"), today + relativedelta(day=31)),
            ("30", self.env._("In 30 days"), today + timedelta(days=30)),
            ("60", self.env._("In 60 days"), today + timedelta(days=60)),
            ("90", self.env._("In 90 days"), today + timedelta(days=90)),
        ):
            dates = Domain("date_end", ">=", str(today)) & Domain(
                "date_end", "<=", str(last)
            )
            ((count, amount),) = report._read_group(
                open_ones & dates, [], ["__count", "fee:sum"]
            )
            cards.append(
                self._prepare_card(
                    key,
                    label,
                    dates,
                    count,
                    amount or 0.0,
                    outcomes=("open",),
                )
            )
        return cards

    def _get_state_cards(self, report, own):
        labels = dict(self._fields["renewal_state"]._description_selection(self.env))
        found = {
            state: (count, amount)
            for state, count, amount in report._read_group(
                own, ["renewal_state"], ["__count", "fee:sum"]
            )
        }
        cards = [
            self._prepare_card(
                state,
                labels[state],
                Domain("renewal_state", "=", state),
                *found.get(state, (0, 0.0)),
            )
            for state in ("due", "accepted", "invoiced", "lapsed")
        ]
        suspended = Domain("state", "=", "suspended")
        cards.append(
            self._prepare_card(
                "suspended",
                self.env._("Suspended"),
                suspended,
                *report._read_group(
                    own & Domain("contract_id.state", "=", "suspended"),
                    [],
                    ["__count", "fee:sum"],
                )[0],
            )
        )
        return cards

    def _get_task_cards(self, today):
        """Return who must act: tasks of today and before, by kind and by person."""
        types = {
            kind: key
            for key, name in TASKS
            if (kind := self.env.ref(name, raise_if_not_found=False))
        }
        domain = (
            Domain("res_model", "=", "service.contract")
            & Domain("activity_type_id", "in", [kind.id for kind in types])
            & Domain("date_deadline", "<=", today)
        )
        rows = self.env["mail.activity"]._read_group(
            domain, ["activity_type_id", "user_id"], ["res_id:array_agg"]
        )
        # only of contracts that the user may see, of the company that is shown
        wanted = {one for _kind, _user, ids in rows for one in ids}
        seen = set(
            self.search(
                Domain("id", "in", list(wanted))
                & Domain("company_id", "=", self.env.company.id)
            ).ids
        )
        people = {kind: {} for kind in types}
        for kind, user, ids in rows:
            if having := seen.intersection(ids):
                people[kind][user] = having
        return [
            {
                "key": key,
                "label": kind.name,
                "icon": kind.icon or "fa-tasks",
                "count": len(everybody),
                "mine": len(people[kind].get(self.env.user, ())),
                "people": ", ".join(
                    f"{user.name or self.env._('Nobody')} ({len(ids)})"
                    for user, ids in sorted(
                        people[kind].items(), key=lambda row: -len(row[1])
                    )[:PEOPLE]
                ),
                "domain": [("id", "in", sorted(everybody))],
            }
            for kind, key in types.items()
            if (everybody := set().union(*people[kind].values()))
        ]

    def _get_month_bars(self, report, own, today):
        """Return for each month how much ends: renewed, lost and open, with amounts."""
        first = today + relativedelta(day=1, months=-MONTHS_BACK)
        last = first + relativedelta(months=MONTHS_BACK + MONTHS_AHEAD)
        found = {}
        for month, outcome, count, amount in report._read_group(
            own & Domain("date_end", ">=", first) & Domain("date_end", "<", last),
            ["date_end:month", "outcome"],
            ["__count", "fee:sum"],
        ):
            found[month, outcome] = (count, amount)
        bars = []
        for ahead in range(MONTHS_BACK + MONTHS_AHEAD):
            month = first + relativedelta(months=ahead)
            following = month + relativedelta(months=1)
            bars.append(
                {
                    "month": str(month),
                    **{
                        outcome: {
                            "figures": found.get((month, outcome), (0, 0.0)),
                            "domain": self._get_listed(
                                Domain("date_end", ">=", str(month))
                                & Domain("date_end", "<", str(following)),
                                [outcome],
                            ),
                        }
                        for outcome in ("open", "renewed", "lost")
                    },
                }
            )
        return bars

    def _get_renewal_rates(self, report, own, today):
        """Return the renewal rate of the last twelve months, and of those before."""
        rates = []
        for back in (12, 24):
            ((rate, count),) = report._read_group(
                own
                & Domain("outcome", "in", ("renewed", "lost"))
                & Domain("date_end", ">", today + relativedelta(months=-back))
                & Domain("date_end", "<=", today + relativedelta(months=12 - back)),
                [],
                ["renewal_rate:avg", "__count"],
            )
            rates.append({"rate": round(rate) if count else None, "count": count})
        return {"now": rates[0], "before": rates[1]}

    def _get_lost_reasons(self, report, own, today):
        """Return why customers of the last twelve months were lost, the most first."""
        since = str(today + relativedelta(months=-12))
        rows = report._read_group(
            own & Domain("outcome", "=", "lost") & Domain("date_end", ">", since),
            ["reason_id"],
            ["__count", "fee:sum"],
            order="__count desc",
            limit=REASONS,
        )
        return [
            self._prepare_card(
                str(reason.id or 0),
                reason.name or self.env._("No answer, or no reason given"),
                Domain("date_end", ">", since)
                & Domain("renewal_reason_id", "=", reason.id or False),
                count,
                amount,
                outcomes=("lost",),
            )
            for reason, count, amount in rows
        ]
