from odoo.tests import HttpCase, tagged

from .common import ServiceContractCommon


@tagged("post_install", "-at_install")
class TestTours(ServiceContractCommon, HttpCase):
    def test_contract_from_invoice(self):
        """A salesperson takes a posted invoice to a contract in force."""
        invoice = self._make_invoice()
        self.start_tour(
            f"/odoo/action-account.action_move_out_invoice/{invoice.id}",
            "service_contract_from_invoice",
            login=self.salesperson.login,
        )
        contract = invoice.service_contract_ids
        self.assertEqual(contract.state, "active")
        self.assertEqual(contract.partner_id, self.customer)
        self.assertEqual(contract.item_ids.product_id, self.machine)
        self.assertTrue(contract.service_code)


@tagged("post_install", "-at_install")
class TestToursOnPhone(TestTours):
    """The same on a phone."""

    browser_size = "390x844"
    touch_enabled = True
