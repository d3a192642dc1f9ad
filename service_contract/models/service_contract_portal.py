import base64
import io
from urllib.parse import quote

import qrcode

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain

MAIL_LAYOUT = "mail.mail_notification_layout_with_responsible_signature"


class ServiceContract(models.Model):
    """What the customer sees: portal page, print and mail."""

    _inherit = "service.contract"

    def _compute_access_url(self):
        result = super()._compute_access_url()
        for contract in self:
            contract.access_url = f"/my/service-contracts/{contract.id}"
        return result

    @api.model
    def _get_portal_domain(self, partner):
        """Return the domain of the contracts that ``partner`` sees in the portal."""
        return (
            Domain("partner_id", "child_of", partner.commercial_partner_id.ids)
            & Domain("state", "!=", "draft")
            & Domain("company_id", "in", self.env.companies.ids)
        )

    def _get_portal_values(self):
        """Hook: what the contract's portal page shows beside the contract itself.

        Called on a contract that the visitor may see, as superuser. The siblings add
        their own keys (visits, renewal) and the templates that show them.

        :return: dict of rendering values
        """
        self.ensure_one()
        return {
            "contract": self,
            "items": self.item_ids._get_current(),
            "lines": self.line_ids,
            "usages": self.line_ids.usage_ids.filtered(
                lambda usage: (
                    usage.kind == "use"
                    and not usage.reverses_id
                    and not usage.reversed_by_ids
                )
            ),
            "refusal": self._get_refusal(),
            "format_day": self._format_day,
        }

    def _get_service_record(self):
        """Hook: what was promised in this period and what was given, line by line.

        For offers and letters, in the language of the environment. The siblings add
        what they know (visits).

        :return: list of dicts: ``line``, and ``promised``, ``given``, ``left`` as text
        """
        self.ensure_one()
        rows = []
        for line in self.line_ids:
            unit = line._get_unit_name()
            promised = f"{line.quantity + line.quantity_carried:g} {unit}".strip()
            left = f"{line.quantity_remaining:g} {unit}".strip()
            rows.append(
                {
                    "line": line,
                    "promised": (
                        self.env._("Unlimited") if line.is_unlimited else promised
                    ),
                    "given": f"{line.quantity_used:g} {unit}".strip(),
                    "left": "–" if line.is_unlimited else left,
                }
            )
        return rows

    def _get_report_base_filename(self):
        self.ensure_one()
        number = self.name.replace("/", "-")
        return f"{number} {self.partner_id.name or ''}".strip()

    def _get_qr_code(self):
        """Return a QR code (data URI of a PNG) that leads to this contract by its
        Service ID.
        """
        self.ensure_one()
        if not self.service_code:
            return ""
        return self._make_qr_code(self._get_service_code_url())

    @api.model
    def _make_qr_code(self, text, box_size=6):
        """Return a QR code of ``text`` as a data URI of a PNG.

        :param box_size: pixels of one box of the code
        """
        image = qrcode.make(text, box_size=box_size, border=2)
        stream = io.BytesIO()
        image.save(stream, format="PNG")
        return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()

    def _get_service_code_url(self):
        """Return the address that shows the running period of this Service ID."""
        self.ensure_one()
        # The look-up key, since codes of old systems may have slashes and the like.
        return f"{self.get_base_url()}/my/service-id/{quote(self.service_code_key)}"

    def action_send(self):
        """Open the mail composer with the contract's template and its PDF.

        :raise UserError: a draft has no Service ID to send yet
        """
        self.ensure_one()
        if self.state == "draft":
            raise UserError(
                self.env._(
                    "Contract %(contract)s is still a draft: activate it before it is "
                    "sent.",
                    contract=self.display_name,
                )
            )
        template = self.env.ref(
            "service_contract.mail_template_contract", raise_if_not_found=False
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Send Contract"),
            "res_model": "mail.compose.message",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_model": self._name,
                "default_res_ids": self.ids,
                "default_template_id": template.id if template else False,
                "default_composition_mode": "comment",
                "default_email_layout_xmlid": MAIL_LAYOUT,
                "force_email": True,
            },
        }

    def action_print(self):
        """Print the contract."""
        return self.env.ref(
            "service_contract.action_report_service_contract"
        ).report_action(self)

    def action_preview(self):
        """Open the customer's page of this contract."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "target": "self",
            "url": self.get_portal_url(),
        }
