from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools import service_code

MAX_LENGTH = 64  # what an index, a QR code and a telephone call can take


class ServiceContract(models.Model):
    """The Service ID: the code that a customer quotes to be served."""

    _inherit = "service.contract"

    service_code = fields.Char(
        string="Service ID",
        copy=False,
        tracking=True,
        help="The code that the customer quotes. Given when the contract is activated, "
        "kept by all following periods. A manager can enter the code of an old system "
        "before.",
    )
    service_code_is_foreign = fields.Boolean(
        string="Service ID of an Old System",
        copy=False,
        help="The code was taken over as it is: it has no check digit of ours.",
    )
    service_code_display = fields.Char(
        string="Service ID (grouped)", compute="_compute_service_code_display"
    )
    service_code_key = fields.Char(
        compute="_compute_service_code_key",
        store=True,
        precompute=True,
        index="btree_not_null",
        copy=False,
    )
    search_text = fields.Char(
        string="Contract, Service ID or Serial",
        compute="_compute_search_text",
        search="_search_search_text",
    )

    _service_code_unique = models.UniqueIndex(
        "(company_id, service_code_key, cycle)"
        " WHERE service_code_key IS NOT NULL AND state != 'cancelled'",
        "Another contract has this Service ID for the same period already. Choose "
        "another code, or cancel the other contract first.",
    )

    # === COMPUTE METHODS === #

    @api.depends("service_code", "service_code_is_foreign")
    def _compute_service_code_display(self):
        for contract in self:
            code = contract.service_code or ""
            contract.service_code_display = (
                code if contract.service_code_is_foreign else service_code.group(code)
            )

    @api.depends("service_code")
    def _compute_service_code_key(self):
        for contract in self:
            contract.service_code_key = (
                service_code.fold(contract.service_code) or False
            )

    def _compute_search_text(self):
        self.search_text = False

    def _search_search_text(self, operator, value):
        """The search box: like the name search, but says when a Service ID is
        mistyped.
        """
        if operator != "ilike" or not isinstance(value, str):
            return NotImplemented
        domain = self._get_text_domain(value)
        if self._is_mistyped(value) and not self.search_count(domain, limit=1):
            self._raise_mistyped(value)
        return domain

    def _search_display_name(self, operator, value):
        if operator != "ilike" or not isinstance(value, str) or not value:
            return super()._search_display_name(operator, value)
        return self._get_text_domain(value)

    @api.onchange("service_code")
    def _onchange_service_code(self):
        self.update(self._mark_foreign_code({"service_code": self.service_code}))

    # === CRUD METHODS === #

    def write(self, vals):
        return super().write(self._mark_foreign_code(vals))

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._mark_foreign_code(vals) for vals in vals_list])

    def _mark_foreign_code(self, vals):
        """Return ``vals`` with the mark for a code that isn't one of ours."""
        code = (vals.get("service_code") or "").strip()
        if code and (len(code) > MAX_LENGTH or not service_code.fold(code)):
            raise UserError(
                self.env._(
                    "“%(code)s” can't be a Service ID: enter letters and digits, at "
                    "most %(count)s of them.",
                    code=code[:MAX_LENGTH],
                    count=MAX_LENGTH,
                )
            )
        if "service_code" not in vals or "service_code_is_foreign" in vals:
            return vals
        if self._is_own_code(service_code.fold(code)):
            code = service_code.fold(code)  # one of ours, typed in groups
        return dict(
            vals,
            service_code=code or False,
            service_code_is_foreign=bool(code) and not self._is_own_code(code),
        )

    # === BUSINESS METHODS === #

    @api.model
    def _is_own_code(self, code):
        return service_code.has_own_shape(code) and service_code.is_valid(code)

    def _assign_service_codes(self):
        """Give a Service ID to the contracts of ``self`` that have none yet."""
        for company, contracts in self.grouped("company_id").items():
            todo = contracts.filtered(lambda contract: not contract.service_code)
            bodies = company._draw_service_numbers("code", len(todo))
            # sudo: giving the code is the system's part of an activation that was
            # allowed
            for contract, body in zip(todo.sudo(), bodies, strict=True):
                contract.with_context(
                    tracking_disable=True
                ).service_code = service_code.make(body)

    @api.model
    def _get_code_keys(self, text):
        """Return the look-up keys that ``text``, as typed or read out, can stand
        for.
        """
        keys = [
            service_code.fold(text),
            service_code.fold(service_code.strip_prefix(text)),
        ]
        return [key for key in dict.fromkeys(keys) if key]

    @api.model
    def _find_by_service_code(self, code):
        """Find the contracts with a Service ID, the one in force first.

        Forgives blanks, dashes, a prefix, digits of other scripts, and the letters O, I
        and l typed for digits.

        :param code: text as the customer says it
        :return: contracts that the user may read, the running one first, then the
            newest;
            empty when the code is unknown
        :raise UserError: the code can't be right (its check digit is wrong)
        """
        keys = self._get_code_keys(code)
        if not keys:
            return self.browse()
        contracts = self.search(
            Domain("service_code_key", "in", keys), order="date_start desc, id desc"
        )
        if contracts:
            return contracts.sorted(
                lambda contract: (
                    not contract.is_in_force,
                    contract.state == "cancelled",
                )
            )
        if self._is_mistyped(code):
            self._raise_mistyped(code)
        return contracts

    @api.model
    def _is_mistyped(self, text):
        """Tell whether ``text`` looks like an own code with a wrong check digit.

        With a slash it is the number of a contract, which may have as many digits.
        """
        keys = self._get_code_keys(text)
        return (
            bool(keys)
            and "/" not in text
            and service_code.has_own_shape(keys[-1])
            and not service_code.is_valid(keys[-1])
        )

    def _raise_mistyped(self, text):
        raise UserError(
            self.env._(
                "Service ID “%(code)s” was mistyped: its check digit doesn't fit. "
                "Ask the customer to read it out again.",
                code=text.strip(),
            )
        )

    @api.model
    def _get_text_domain(self, text):
        """Return the domain of the contracts that ``text`` names in any way.

        Each way is looked up by its own index and the findings are put together: joined
        by OR, they would make PostgreSQL read all contracts.
        """
        text = text.replace("\0", "")  # PostgreSQL takes no NUL
        ways = [
            Domain("name", "ilike", text),
            Domain("partner_id", "ilike", text),
            Domain("item_ids.serial", "ilike", text),
        ]
        if keys := self._get_code_keys(text):
            ways.append(Domain("service_code_key", "in", keys))

        def to_sql(model, alias, query):
            # the rules on contracts are added by the search that this domain is part of
            everything = model.with_context(active_test=False)
            found = [
                everything._search(way, bypass_access=True).select() for way in ways
            ]
            return SQL(
                "%s IN (%s)",
                model._field_to_sql(alias, "id", query),
                SQL(" UNION ").join(found),
            )

        return Domain.custom(to_sql=to_sql)
