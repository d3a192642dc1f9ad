from random import randint

from odoo import fields, models


class ServiceContractTag(models.Model):
    """A free label on contracts."""

    _name = "service.contract.tag"
    _description = "Service Contract Tag"
    _order = "name"

    name = fields.Char(required=True, translate=True)
    color = fields.Integer(default=lambda self: randint(1, 11))

    # by digest, since an index takes no long text
    _name_unique = models.UniqueIndex("(md5(name::text))", "This tag exists already.")
