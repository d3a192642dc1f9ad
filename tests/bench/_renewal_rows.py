"""Rows of renewals for the benchmarks: contracts that end soon, those that end later,
and how what a job did is undone again.

A contract and its parts are made the ordinary way once, and copied by SQL.
"""

from datetime import timedelta

from _rows import Dealer, copies

SOON = 30  # days until the end of what is due
DAYS_BEFORE = 60


class RenewalDealer(Dealer):
    """A dealer whose contracts run a year, renewed at 30 % of what was sold."""

    def __init__(self, env):
        super().__init__(env)
        self.today = env["service.contract"]._get_company_today(self.company)
        self.journal = env["account.journal"].search(
            [("type", "=", "sale"), ("company_id", "=", self.company.id)], limit=1
        )
        self.fee = self._product("Service contract", "service")
        self.company.write(
            {
                "service_fee_product_id": self.fee.id,
                "service_journal_id": self.journal.id,
                "service_invoice_days_before": DAYS_BEFORE,
            }
        )
        self.buyers = copies(env, self.customer, 1000, name="'Buyer ' || n")
        env.cr.execute(
            "UPDATE res_partner SET commercial_partner_id = id, complete_name = name"
            " WHERE id >= %s",
            [self.buyers],
        )

    def promise(self, days=SOON, **values):
        """Make one contract that runs and ends in so many days."""
        contract = self.contract(
            date_start=self.today - timedelta(days=365 - days),
            user_id=self.user.id,
            renewal_base="manual",
            renewal_base_amount=100000,
            renewal_term_ids=[(0, 0, {"cycle": 2, "percent": 30})],
            line_ids=[
                (
                    0,
                    0,
                    {"product_id": self.visit.id, "quantity": 4, "carry_over": "all"},
                )
            ],
            **values,
        )
        contract.action_activate()
        return contract

    def promises(self, count, contract=None, **columns):
        """Copy a contract with its parts ``count`` times; return the ids."""
        contract = contract or self.promise()
        first = copies(
            self.env,
            contract,
            count,
            name=f"'SC/{contract.id}/' || n",
            partner_id=f"{self.buyers} + n % 1000",
            partner_invoice_id=f"{self.buyers} + n % 1000",
            partner_service_id=f"{self.buyers} + n % 1000",
            service_code=f"'{contract.id}' || lpad(n::text, 7, '0')",
            service_code_key=f"'{contract.id}' || lpad(n::text, 7, '0')",
            access_token="NULL",
            **columns,
        )
        for part in (*contract.item_ids, contract.line_ids, contract.renewal_term_ids):
            copies(self.env, part, count, contract_id=f"{first} + n - 1")
        return list(range(first, first + count))

    def fill(self, count):
        """Make contracts that run for long, a third of them over, each of which was
        billed once and paid.
        """
        env = self.env
        contract = self.promise(days=300, date_anchor=False)
        paid = self.promise(days=300)
        move = paid._create_renewal_invoices()
        move.action_post()
        renewal = move.service_renewal_ids
        days = "(n % 200)::int * interval '1 day'"
        ids = self.promises(
            count,
            contract,
            date_end="p.date_end + (n % 200)::int",
            period_end_at=f"p.period_end_at + {days}",
            service_end_at=f"p.service_end_at + {days}",
            renewal_due_on="p.renewal_due_on + (n % 200)::int",
            state="CASE WHEN n % 3 = 0 THEN 'expired' ELSE 'active' END",
        )
        moves = copies(
            env,
            move,
            count,
            name="'BENCH/' || n",
            sequence_number="n",
            payment_state="'paid'",
            access_token="NULL",
        )
        copies(
            env,
            renewal,
            count,
            contract_id=f"{ids[0]} + n - 1",
            move_id=f"{moves} + n - 1",
            # paid for the last period; a few wait for their payment
            state="CASE WHEN n % 100 = 0 THEN 'posted' ELSE 'renewed' END",
            cycle="1",
        )
        env.cr.execute(
            "UPDATE account_move SET payment_state = 'not_paid' WHERE id IN ("
            "SELECT move_id FROM service_renewal WHERE state = 'posted')"
        )
        for done in (contract, paid):
            env.cr.execute(
                "UPDATE service_contract SET state = 'expired' WHERE id = %s", [done.id]
            )
        env.invalidate_all()
        return ids
