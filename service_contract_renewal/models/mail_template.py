from odoo import models


class MailTemplate(models.Model):
    """The mails that the jobs send to customers."""

    _inherit = "mail.template"

    def _get_renewal_problem(self):
        """Say why this template can't write to the customer of a contract; empty where
        it can.

        The jobs print what is attached as superuser: by another model it would be the
        document of whoever has the same number.
        """
        wrong = self.filtered(lambda template: template.model != "service.contract")
        if wrong:
            return self.env._(
                "The e-mail %(template)s isn't about service contracts: choose another "
                "one.",
                template=wrong[:1].name,
            )
        for template in self:
            reports = template.report_template_ids.filtered(
                lambda report: report.model != "service.contract"
            )
            if reports:
                return self.env._(
                    "The e-mail %(template)s attaches %(report)s, which isn't printed "
                    "of service contracts: remove it from the e-mail.",
                    template=template.name,
                    report=reports[:1].name,
                )
        return ""
