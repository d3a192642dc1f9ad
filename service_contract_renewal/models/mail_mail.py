from odoo import models


class MailMail(models.Model):
    _inherit = "mail.mail"

    # those that failed are few among all that were ever sent
    _failed_idx = models.Index("(id) WHERE state = 'exception'")
