from odoo import api, fields, models
from odoo.tools import SQL


class ServiceRenewalReport(models.Model):
    """Each period that came to its end, or will: renewed, lost or still open.

    Lost is what was declined, and what nobody renewed when the days of grace were over;
    until then it is open still. Amounts are those of the invoice of the next period,
    else its fee as agreed, in the currency of the company at today's rate.
    """

    _name = "service.renewal.report"
    _description = "Renewals Analysis"
    _auto = False
    _rec_name = "contract_id"
    _order = "date_end desc"

    contract_id = fields.Many2one("service.contract", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    user_id = fields.Many2one("res.users", string="Responsible", readonly=True)
    level_id = fields.Many2one("service.level", string="Service Level", readonly=True)
    template_id = fields.Many2one("service.contract.template", readonly=True)
    cycle = fields.Integer(string="Period", readonly=True, aggregator=None)
    date_end = fields.Date(string="End", readonly=True)
    renewal_state = fields.Selection(
        selection="_get_renewal_states", string="Renewal", readonly=True
    )
    outcome = fields.Selection(
        selection=[("open", "Open"), ("renewed", "Renewed"), ("lost", "Lost")],
        readonly=True,
    )
    reason_id = fields.Many2one(
        "service.renewal.reason", string="Reason Lost", readonly=True
    )
    fee = fields.Monetary(string="Next Fee", readonly=True)
    fee_at_risk = fields.Monetary(
        string="Revenue at Risk",
        readonly=True,
        help="Of periods that are neither renewed nor lost.",
    )
    fee_lost = fields.Monetary(string="Revenue Lost", readonly=True)
    renewal_rate = fields.Float(
        string="Renewal Rate (%)",
        readonly=True,
        aggregator="avg",
        help="Of the periods that are decided, how many in a hundred were renewed.",
    )

    @api.model
    def _get_renewal_states(self):
        field = self.env["service.contract"]._fields["renewal_state"]
        return field._description_selection(self.env)

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT contract.id,
                   contract.id AS contract_id,
                   contract.company_id,
                   contract.partner_id,
                   contract.user_id,
                   contract.level_id,
                   contract.template_id,
                   contract.cycle,
                   contract.date_end,
                   contract.renewal_state,
                   outcome.outcome,
                   contract.renewal_reason_id AS reason_id,
                   money.fee,
                   CASE WHEN outcome.outcome = 'open' THEN money.fee ELSE 0 END
                       AS fee_at_risk,
                   CASE WHEN outcome.outcome = 'lost' THEN money.fee ELSE 0 END
                       AS fee_lost,
                   CASE outcome.outcome WHEN 'renewed' THEN 100.0 WHEN 'lost' THEN 0.0
                       END AS renewal_rate
              FROM service_contract contract
              JOIN res_company company ON company.id = contract.company_id
         LEFT JOIN service_renewal renewal ON renewal.contract_id = contract.id
                                          AND renewal.cycle = contract.cycle + 1
                                          AND renewal.state != 'freed'
              CROSS JOIN LATERAL (
                   SELECT CASE
                          WHEN contract.renewal_state = 'renewed' THEN 'renewed'
                          WHEN contract.renewal_state = 'declined' THEN 'lost'
                          WHEN contract.renewal_state = 'lapsed'
                               AND (contract.state = 'suspended'
                                    OR contract.date_end
                                       + COALESCE(company.service_grace_days, 0)
                                       < %(today)s) THEN 'lost'
                          ELSE 'open' END AS outcome
                   ) outcome
              CROSS JOIN LATERAL (
                   SELECT COALESCE(renewal.amount, contract.renewal_fee, 0) * CASE
                          WHEN contract.currency_id = company.currency_id THEN 1
                          ELSE %(own_rate)s / %(contract_rate)s END AS fee
                   ) money
             WHERE contract.active
               AND contract.date_end IS NOT NULL
               AND contract.renewable
               AND contract.state NOT IN ('draft', 'cancelled')
            """,
            today=fields.Date.today(),
            own_rate=self._get_rate(SQL("company.currency_id")),
            contract_rate=self._get_rate(SQL("contract.currency_id")),
        )

    @api.model
    def _get_rate(self, currency):
        """Return the rate of a currency as Odoo takes it: the latest of the company's
        root or of all, else the earliest, else 1.
        """
        return SQL(
            """
            COALESCE((SELECT rate.rate FROM res_currency_rate rate
                       WHERE rate.currency_id = %(currency)s
                         AND (rate.company_id IS NULL
                              OR rate.company_id
                                 = SPLIT_PART(company.parent_path, '/', 1)::integer)
                       ORDER BY rate.name > %(today)s, rate.company_id,
                                CASE WHEN rate.name <= %(today)s
                                     THEN %(today)s - rate.name
                                     ELSE rate.name - %(today)s END
                       LIMIT 1), 1)
            """,
            currency=currency,
            today=fields.Date.today(),
        )
