from odoo.tests import tagged

from .common_access import RenewalAccessCommon

HOSTILE = "<script>alert('x')</script><img src=x onerror=alert(1)>"


@tagged("post_install", "-at_install")
class TestHostileRenewals(RenewalAccessCommon):
    """What people type is shown as they typed it."""

    def test_names_reasons_and_notes(self):
        self.machine.name = HOSTILE
        self.acme.name = HOSTILE
        self.fee_product.name = HOSTILE
        self.reason.name = HOSTILE
        self.visit_product.name = HOSTILE
        sale = self._make_invoice(ref=HOSTILE)
        contract = self._make_contract(self.acme, name=HOSTILE)
        contract.item_ids.write(
            {
                "name": HOSTILE,
                "serial": HOSTILE,
                "source_move_line_id": sale.invoice_line_ids.id,
            }
        )
        sale.name = HOSTILE
        contract.action_activate()
        contract.name = HOSTILE
        self._assert_harmless(contract.renewal_preview)
        self.assertIn("&lt;script&gt;", contract.renewal_preview)
        contract.action_renewal_accept()
        contract.action_renewal_decline(self.reason)
        contract.action_renewal_reopen()
        contract.line_ids.quantity_next = 7
        contract.action_renewal_accept()
        move = contract._get_live_renewal().move_id
        move.action_service_post()
        self._make_payment(move)
        self.env["account.move.reversal"].with_context(
            active_model="account.move", active_ids=move.ids
        ).create({"journal_id": move.journal_id.id, "reason": HOSTILE}).refund_moves()
        move.reversal_move_ids.action_post()
        ended = self._make_contract(self.acme, activate=True)
        ended.name = HOSTILE
        self.env["service.renewal.terminate"].create(
            {
                "contract_id": ended.id,
                "date_end": ended._today(),
                "reason_id": self.reason.id,
                "note": HOSTILE,
                "credit_amount": 10,
            }
        ).action_terminate()
        # a fee product of this name that can't be billed: the task says why
        self.company_a.service_fee_product_id = False
        stuck = self._make_contract(self.acme, activate=True)
        stuck.name = HOSTILE
        stuck.action_renewal_accept()
        shown = 0
        for one in contract | contract.successor_id | ended | stuck:
            for text in (
                *one.message_ids.mapped("body"),
                *one.activity_ids.mapped("note"),
            ):
                self._assert_harmless(text)
                shown += "&lt;script&gt;" in (text or "")
        self.assertGreater(shown, 3)
        self.assertTrue(stuck.activity_ids)
        self.assertIn("&lt;script&gt;", stuck.activity_ids.note)

    def _assert_harmless(self, html):
        self.assertNotIn("<script", html or "")
        self.assertNotIn("<img", html or "")
