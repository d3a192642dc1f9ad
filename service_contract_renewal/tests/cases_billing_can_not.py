from functools import partial

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command


class BillingCanNot:
    """What Service Billing can't, with the role alone; what accounting can isn't its
    business.
    """

    def test_post(self):
        attempts = {}
        for move in self.sale_draft | self.drafted:
            mine = self._mine(move)
            attempts |= {
                f"post {move}": mine.action_post,
                f"post softly {move}": partial(mine._post, soft=False),
                f"write state {move}": partial(mine.write, {"state": "posted"}),
            }
        mine = self._mine(self.sale_draft)
        attempts["our button, another's invoice"] = mine.action_service_post
        mine = self._mine(self.sale_draft | self.drafted)
        attempts["our button, one among ours"] = mine.action_service_post
        mine = self._mine(self.foreign_drafted)
        attempts["our button, other company"] = mine.action_service_post
        refund = self._make_credit_note()
        attempts["our button, a credit note"] = self._mine(refund).action_service_post
        attempts["our button, posted already"] = self._mine(
            self.posted
        ).action_service_post
        self._refuse(attempts)

    def _make_credit_note(self):
        """Make the draft that ending a contract early leaves to the accountant."""
        wizard = self.env["service.renewal.terminate"].create(
            {
                "contract_id": self.contract.id,
                "date_end": self.contract._today(),
                "reason_id": self.reason.id,
                "credit_amount": 10,
            }
        )
        wizard.action_terminate()
        refund = self.env["account.move"].search(
            [("service_contract_id", "=", self.contract.id)]
        )
        self.assertEqual(refund.move_type, "out_refund")
        return refund

    def test_write_any_move_or_line(self):
        attempts = {}
        for move in self.others | self.posted | self.drafted | self.foreign_drafted:
            mine, line = self._mine(move), self._mine(move.line_ids[:1])
            attempts |= {
                f"write {move}": partial(mine.write, {"ref": "x"}),
                f"line {move}": partial(line.write, {"price_unit": 1}),
                f"line by command {move}": partial(
                    mine.write,
                    {"invoice_line_ids": [Command.update(line.id, {"name": "x"})]},
                ),
                f"save {move}": partial(mine.web_save, {"narration": "x"}, {}),
                f"delete {move}": mine.unlink,
                f"delete line {move}": line.unlink,
                f"copy {move}": mine.copy,
            }
        values = {"move_type": "out_invoice", "partner_id": self.acme.id}
        moves = self._env("billing")["account.move"]
        attempts["create"] = partial(moves.create, values)
        attempts["create a line"] = partial(
            moves.line_ids.create, {"move_id": self.drafted.id, "name": "x"}
        )
        self._refuse(attempts)

    def test_cancel_reset_reverse_and_pay(self):
        attempts = {}
        for move in self.sale | self.drafted | self.posted | self.bill:
            mine = self._mine(move)
            env = self._env("billing", active_model="account.move", active_ids=move.ids)
            attempts |= {
                f"cancel {move}": mine.button_cancel,
                f"reset {move}": mine.button_draft,
                f"reverse {move}": mine._reverse_moves,
                f"reverse by dialog {move}": partial(
                    lambda e, m: (
                        e["account.move.reversal"]
                        .create({"journal_id": m.journal_id.id})
                        .refund_moves()
                    ),
                    env,
                    move,
                ),
                f"pay {move}": partial(
                    lambda e: (
                        e["account.payment.register"]
                        .create({})
                        .action_create_payments()
                    ),
                    env,
                ),
                f"reconcile {move}": lambda m=mine: m.line_ids.reconcile(),
                f"mark as checked {move}": partial(mine.write, {"checked": True}),
            }
        for move in self.posted | self.foreign_drafted | self.sale_draft:
            mine = self._mine(move)
            attempts[f"delete draft {move}"] = mine.action_service_cancel
            attempts[f"refresh {move}"] = mine.action_service_refresh
        attempts["send a draft"] = self._mine(self.drafted).action_service_send
        attempts["send another's"] = self._mine(self.sale).action_service_send
        self._refuse(attempts)
        paid = self._mine(self.paid_sale.line_ids)
        self._refuse({"undo a payment": paid.remove_move_reconcile})

    def test_who_reads_every_invoice_bills_no_other(self):
        """The buttons of service invoices take nothing else, whatever one may read."""
        attempts = {}
        for role in ("billing_reader", "billing_accountant"):
            draft, sale = self._as(role, self.sale_draft), self._as(role, self.sale)
            self.assertTrue((draft | sale).has_access("read"))
            attempts |= {
                f"{role} post": draft.action_service_post,
                f"{role} post among ours": (
                    draft | self._as(role, self.drafted)
                ).action_service_post,
                f"{role} delete": draft.action_service_cancel,
                f"{role} refresh": draft.action_service_refresh,
                f"{role} send": sale.action_service_send,
            }
        many = (self.sale | self.paid_sale).ids
        attempts |= {
            "reader sends": partial(
                self._send, self._env("billing_reader", active_ids=self.sale.ids)
            ),
            "reader sends many": partial(
                self._send_many, self._env("billing_reader", active_ids=many)
            ),
        }
        self._refuse(attempts)

    def test_a_draft_that_was_posted_before_isn_t_deleted(self):
        self.posted.button_draft()
        with self.assertRaisesRegex(UserError, "was posted"):
            self._mine(self.posted).action_service_cancel()

    def test_read_print_or_send_what_isn_t_theirs(self):
        attempts = {}
        for move in self.others | self.foreign_posted | self.foreign_drafted:
            mine = self._mine(move)
            line = self._mine(move.line_ids[:1])
            with_it = {"active_model": "account.move", "active_ids": move.ids}
            env = self._env("billing", **with_it)
            both = self._env(
                "billing",
                active_model="account.move",
                active_ids=[self.posted.id, move.id],
            )
            attempts |= {
                f"read {move}": partial(mine.read, ["name"]),
                f"web_read {move}": partial(mine.web_read, {"amount_total": {}}),
                f"attribute {move}": partial(getattr, mine, "amount_total"),
                f"read line {move}": partial(line.read, ["debit"]),
                f"export {move}": partial(mine.export_data, ["name"]),
                f"preview {move}": mine.preview_invoice,
                f"chatter {move}": partial(mine.message_post, body="x"),
                f"messages {move}": partial(mine.read, ["message_ids"]),
                f"send {move}": partial(self._send, env),
                f"send many {move}": partial(self._send_many, env),
                f"send among ours {move}": partial(self._send_many, both),
                f"slip into the dialog {move}": partial(self._slip_in, move),
            }
        self._refuse(attempts)

    def test_the_same_ways_are_open_to_what_is_theirs(self):
        """Otherwise the test above would prove nothing."""
        ids = self.posted.ids
        mine = self._mine(self.posted)
        env = self._env("billing", active_model="account.move", active_ids=ids)
        another = self._bill(self.contract)
        another._post_service_invoices()
        both = self._env("billing", active_ids=[*ids, another.id])
        for way in (
            partial(mine.read, ["name"]),
            partial(mine.export_data, ["name"]),
            partial(mine.line_ids.read, ["debit"]),
            mine.preview_invoice,
            partial(mine.message_post, body="x"),
            partial(self._send, env),
            partial(self._send_many, both),
            partial(self._slip_in, another),
        ):
            self.assertTrue(self._may(way, AccessError, UserError), way)

    def _send(self, env):
        env["account.move.send.wizard"].create({}).action_send_and_print(
            allow_fallback_pdf=True
        )

    def _send_many(self, env):
        wizard = env["account.move.send.batch.wizard"].create({})
        wizard.action_send_and_print()

    def _slip_in(self, move):
        """Open the dialog on an invoice of one's own, then put another one into it."""
        env = self._env("billing", active_ids=self.posted.ids)
        wizard = env["account.move.send.wizard"].create({})
        wizard.write({"move_id": move.id})
        wizard.action_send_and_print(allow_fallback_pdf=True)

    def test_another_s_attachment_isn_t_sent_along(self):
        secret = self.env["ir.attachment"].create(
            {
                "name": "bill.pdf",
                "raw": b"%PDF secret",
                "res_model": "account.move",
                "res_id": self.bill.id,
            }
        )
        own = secret.copy({"res_id": self.posted.id, "name": "terms.pdf"})

        def send(attachment):
            env = self._env("billing", active_ids=self.posted.ids)
            wizard = env["account.move.send.wizard"].create({})
            wizard.mail_attachments_widget = [
                *wizard.mail_attachments_widget,
                {
                    "id": attachment.id,
                    "name": "more.pdf",
                    "mimetype": "application/pdf",
                    "manual": True,
                },
            ]
            self._request()
            wizard.action_send_and_print(allow_fallback_pdf=True)

        self._refuse({"send": partial(send, secret)})
        self.assertTrue(self._may(partial(send, own), AccessError, UserError))

    def test_no_search_group_or_sum_tells_of_other_invoices(self):
        """Neither by domains and groups, nor through other models that lead there."""
        env = self._env("billing")
        moves, lines = env["account.move"], env["account.move.line"]
        for model in (moves, lines):
            (group,) = model.formatted_read_group(
                [("company_id", "in", (self.company_a | self.company_b).ids)],
                [],
                ["__count"],
            )
            own = model.sudo().search_count(
                [
                    ("company_id", "=", self.company_a.id),
                    (
                        "service_billing"
                        if model._name == "account.move"
                        else "move_id.service_billing",
                        "!=",
                        False,
                    ),
                ]
            )
            self.assertEqual(group["__count"], own)
        self.assertFalse(moves.search([("id", "in", self.others.ids)]))
        self.assertFalse(lines.search([("move_id", "in", self.others.ids)]))
        self.assertFalse(moves.name_search(self.bill.name))
        partners = env["res.partner"].search([("invoice_ids.ref", "=", "Bill")])
        self.assertFalse(partners)
