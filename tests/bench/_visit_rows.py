"""Rows of visits for the benchmarks: contracts that are due to be planned, and a past.

Contracts and visits are made the ordinary way once, and copied by SQL.
"""

from _rows import Dealer, copies

A_YEAR = 12  # visits: one a month
SECOND_MONDAY = {
    "visit_kind": "recurring",
    "rrule_type": "monthly",
    "month_by": "day",
    "byday": "2",
    "weekday": "MON",
}


class VisitDealer(Dealer):
    """A dealer whose contracts promise a visit every month."""

    def __init__(self, env):
        super().__init__(env)
        self.today = env["service.contract"]._get_company_today(self.company)
        self.technicians = [self._technician(n) for n in range(8)]
        self.buyers = copies(env, self.customer, 1000, name="'Buyer ' || n")
        env.cr.execute(
            "UPDATE res_partner SET commercial_partner_id = id, complete_name = name"
            " WHERE id >= %s",
            [self.buyers],
        )

    def _technician(self, number):
        user = self.user.copy(
            {"name": f"Technician {number}", "login": f"tech{number}"}
        )
        return user

    def promise(self, **values):
        """Make one contract that runs from today, planned: a visit a month."""
        line = {
            "product_id": self.visit.id,
            "mode": "scheduled",
            "quantity": A_YEAR,
            "technician_id": self.technicians[0].id,
            **SECOND_MONDAY,
        }
        contract = self.contract(
            date_start=self.today,
            user_id=self.user.id,
            line_ids=[(0, 0, line)],
            **values,
        )
        contract.action_activate()
        return contract

    def promises(self, count, due=True):
        """Copy a contract ``count`` times; nothing is planned for the copies yet.

        :return: (ids of the contracts, ids of their lines)
        """
        contract = self.promise()
        contracts = self.copy_contract(
            contract, count, visits_due_on="current_date - 1" if due else "NULL"
        )
        lines = copies(
            self.env,
            contract.line_ids,
            count,
            contract_id=f"{contracts[0]} + n - 1",
            quantity_reserved="0",
            quantity_available=f"{A_YEAR}",
            visits_due_on="NULL",
            visit_generation="NULL",
        )
        return contracts, range(lines, lines + count)

    def copy_contract(self, contract, count, **columns):
        """Copy a contract without its parts; return the ids."""
        first = copies(
            self.env,
            contract,
            count,
            name=f"'SC/{contract.id}/' || n",
            partner_id=f"{self.buyers} + n % 1000",
            partner_service_id=f"{self.buyers} + n % 1000",
            service_code=f"'{contract.id}' || lpad(n::text, 7, '0')",
            service_code_key=f"'{contract.id}' || lpad(n::text, 7, '0')",
            access_token="NULL",
            **columns,
        )
        return range(first, first + count)

    def fill(self, count):
        """Make contracts that run for long, with ten visits each: past and coming ones.

        :return: (first id of the contracts, first id of their lines)
        """
        contract = self.promise()
        contracts = self.copy_contract(
            contract, count, visits_due_on="current_date + 1 + (n % 300)::int"
        )
        lines = copies(
            self.env, contract.line_ids, count, contract_id=f"{contracts[0]} + n - 1"
        )
        states = "ARRAY['done', 'done', 'done', 'cancelled', 'problem']"
        day = f"(((n - 1) / {count}) - 5)"  # five past ones, five coming ones
        days = f"({day} * 30 + 20 + n / 1000 % 20)::int"
        start = f"current_date + interval '2 hours' + {days} * interval '1 day'"
        copies(
            self.env,
            contract.visit_ids[0],
            count * 10,
            line_id=f"{lines} + (n - 1) % {count}",
            contract_id=f"{contracts[0]} + (n - 1) % {count}",
            partner_id=f"{self.buyers} + n % 1000",
            partner_service_id=f"{self.buyers} + n % 1000",
            user_id=f"(ARRAY{[user.id for user in self.technicians]})[1 + n % 8]",
            occurrence_date=f"current_date + {days}",
            start=start,
            stop=f"{start} + interval '1 hour'",
            state=f"CASE WHEN {day} < 0 THEN ({states})[1 + n % 5] ELSE 'planned' END",
        )
        return contracts[0], lines
