from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Command


class ServiceContractLine(models.Model):
    """Where the visits of a line go, by which clocks, and what they serve there."""

    _inherit = "service.contract.line"

    def _get_place(self):
        """Return the ``res.partner`` where the visits of this line go."""
        self.ensure_one()
        item = self._get_current_item()
        places = self._find_places()
        return (
            self.partner_service_id
            or item.partner_service_id
            or (places if len(places) == 1 else places.browse())
            or self.contract_id.partner_service_id
            or self.contract_id.partner_id
        )

    def _get_current_item(self):
        """Return the item of this line, or the one that stands in its place now."""
        self.ensure_one()
        item = self.item_id
        return item and (item._get_replacement() or item)

    def _get_last_visit_day(self):
        """Return the last local date on which there can be visits; False = no end.

        In grace there are visits by hand after the end of the contract.
        """
        self.ensure_one()
        last, contract = self.date_end, self.contract_id
        if last and last == contract.date_end:
            return contract._get_last_day()
        return last

    def _get_visited_items(self):
        """Return the items that a visit of this line serves: its own, or all items at
        its place.
        """
        self.ensure_one()
        if self.item_id:
            return self._get_current_item()
        place = self._get_place()
        usual = self.contract_id.partner_service_id
        return self.contract_id.item_ids._get_current().filtered(
            lambda item: (item.partner_service_id or usual) == place
        )

    def _get_tz(self):
        """Return the name of the zone whose clocks the visits of this line follow."""
        self.ensure_one()
        place = self._get_place()
        if place == self.contract_id.partner_service_id:
            return self.contract_id.tz
        return place.tz or self.contract_id.tz

    def _find_places(self):
        """Return the places of the items that a line for all of them would serve."""
        self.ensure_one()
        if self.item_id or self.partner_service_id or self.mode != "scheduled":
            return self.env["res.partner"]
        usual = self.contract_id.partner_service_id
        items = self.contract_id.item_ids._get_current()
        return items.partner_service_id | (
            usual
            if items.filtered(lambda item: not item.partner_service_id)
            else usual.browse()
        )

    def _check_one_place(self):
        """Refuse lines whose visits would have to be at two places at once.

        :raise UserError: naming the line and its places
        """
        for line in self.filtered("visit_kind"):
            places = line._find_places()
            if len(places) > 1:
                raise UserError(
                    self.env._(
                        "%(line)s, contract %(contract)s: its machines stand at "
                        "%(count)s places (%(places)s). Press Split by Place, so that "
                        "each place has its own visits.",
                        line=line.display_name,
                        contract=line.contract_id.display_name,
                        count=len(places),
                        places="; ".join(places.mapped("display_name")),
                    )
                )

    def action_split_by_place(self):
        """Make one line for each place out of lines whose machines stand at several.

        Each gets the quantity of the line: what was promised is promised at each place.
        """
        self.check_access("write")
        for line in self:
            places = line._find_places()
            for place in places[1:]:
                line.copy(
                    {
                        "partner_service_id": place.id,
                        "date_start": line.date_start,
                        "date_end": line.date_end,
                        "visit_date_ids": [
                            Command.create({"date": day})
                            for day in line._get_typed_dates()
                        ],
                    }
                )
            if len(places) > 1:
                line.partner_service_id = places[0]
        return True
