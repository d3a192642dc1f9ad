from random import randint

from odoo import fields, models


class ServiceContractTag(models.Model):
    """A free label on contracts."""

    _name = "service.contract.tag"
    _description = "Service Contract Tag"
    _order = "name"

    name = fields.Char(required=True, translate=True)
    color = fields.Integer(default=lambda self: randint(1, 11))

    _name_unique = models.Constraint("UNIQUE(name)", "This tag exists already.")
