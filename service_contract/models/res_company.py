from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.roles import MANAGER, TECHNICIAN

SEQUENCES = {
    "contract": {
        "name": "Service contract number",
        "code": "service.contract",
        "prefix": "SC/%(year)s/",
        "padding": 5,
    },
    "code": {
        "name": "Service ID",
        "code": "service.contract.code",
        "prefix": False,
        "padding": 7,
    },
}


class ResCompany(models.Model):
    _inherit = "res.company"

    service_contract_sequence_id = fields.Many2one("ir.sequence", readonly=True)
    service_code_sequence_id = fields.Many2one("ir.sequence", readonly=True)
    service_default_template_id = fields.Many2one(
        "service.contract.template",
        string="Default Contract Template",
        help="For invoices whose products name no template.",
    )
    service_default_level_id = fields.Many2one(
        "service.level", string="Default Service Level"
    )
    service_grace_days = fields.Integer(
        string="Days of Grace",
        default=15,
        help="How long a customer is still served after the end while the renewal is "
        "unpaid.",
    )
    service_review_days = fields.Integer(
        string="Review Suspensions",
        default=30,
        help="So many days later somebody looks again whether a suspension should go "
        "on, where no other day was given.",
    )
    service_autocreate = fields.Boolean(
        string="Create Service Contracts Automatically",
        default=True,
        help="When an invoice is posted, as the template of each product says.",
    )
    service_buddhist_dates = fields.Boolean(
        string="Buddhist Era in Thai Documents",
        compute="_compute_service_buddhist_dates",
        store=True,
        readonly=False,
        help="Dates in Thai print and mail show the year of the Buddhist era.",
    )

    _service_grace_not_negative = models.Constraint(
        "CHECK(service_grace_days >= 0)", "The days of grace can't be negative."
    )
    _service_review_not_negative = models.Constraint(
        "CHECK(COALESCE(service_review_days, 0) >= 0)",
        "Days until a suspension is reviewed can't be negative.",
    )

    @api.depends("country_id")
    def _compute_service_buddhist_dates(self):
        for company in self:
            company.service_buddhist_dates = company.country_id.code == "TH"

    @api.model_create_multi
    def create(self, vals_list):
        companies = super().create(vals_list)
        companies._create_service_sequences()
        return companies

    @api.model
    def _create_all_service_sequences(self):
        """Give every company its own numbers; called when the addon is installed."""
        self.search(
            Domain("service_contract_sequence_id", "=", False)
        )._create_service_sequences()

    def _create_service_sequences(self):
        # sudo: who creates a company may have no right on sequences
        sequences = self.env["ir.sequence"].sudo()
        for company in self:
            for kind, values in SEQUENCES.items():
                field = f"service_{kind}_sequence_id"
                if not company[field]:
                    company.sudo()[field] = sequences.create(
                        dict(values, company_id=company.id)
                    )

    def _draw_service_numbers(self, kind, count):
        """Draw ``count`` numbers at once, in a constant number of queries.

        :param kind: ``contract`` (number of a contract) or ``code`` (body of a Service
            ID)
        :return: list of strings
        :raise UserError: the sequence of the company is missing
        """
        self.ensure_one()
        if not count:
            return []
        # sudo: drawing a number needs no right on the sequence
        sequence = self.sudo()[f"service_{kind}_sequence_id"]
        if not sequence:
            raise UserError(
                self.env._(
                    "Company %(company)s has no sequence for service contracts. Open "
                    "the settings of Service Contracts and choose one.",
                    company=self.display_name,
                )
            )
        if sequence.implementation != "standard" or sequence.use_date_range:
            return [sequence.next_by_id() for _n in range(count)]
        prefix, suffix = sequence._get_prefix_suffix()
        drawn = self.env.execute_query(
            SQL(
                "SELECT nextval(%s) FROM generate_series(1, %s)",
                f"ir_sequence_{sequence.id:03d}",
                count,
            )
        )
        return [f"{prefix}{number:0{sequence.padding}d}{suffix}" for (number,) in drawn]

    def _get_service_contact(self, preferred):
        """Return whom to tell about service contracts of this company.

        :param preferred: the user responsible; passed over where idle, external, of
            another company, or without any role in service contracts
        :return: ``res.users``: else a service manager, else the administrator
        """
        self.ensure_one()
        # sudo: to find somebody who may be told, other users' companies are looked at
        company, preferred = self.sudo(), preferred.sudo()
        if (
            preferred.active
            and company in preferred.company_ids
            and preferred.has_group(TECHNICIAN)
        ):
            return self.env["res.users"].browse(preferred.id)
        managers = (
            # sudo: as above, nothing but who may be told
            self.env.ref(MANAGER)
            .sudo()
            .all_user_ids.filtered(
                lambda user: user.active and company in user.company_ids
            )
        )
        root = self.env.ref("base.user_root")
        found = (managers - root)[:1] or self.env.ref("base.user_admin")
        return self.env["res.users"].browse(found.id)
