from odoo import api, models
from odoo.exceptions import AccessError


class ServiceGuardMixin(models.AbstractModel):
    """What the system keeps on a record: computed columns, counters, bookkeeping.

    Readonly is a matter of forms only: without this, whoever may write a record could
    set them by RPC, or by defaults given in the context.
    """

    _name = "service.guard.mixin"
    _description = "Fields That Only the System Writes"

    @api.model
    def _get_system_fields(self):
        """Hook: names of the stored fields that only the system writes."""
        return {
            name
            for name, field in self._fields.items()
            if field.store and field.compute and field.readonly
        }

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            defaults = self.default_get(list(self._get_system_fields()))
            self._check_system_fields({name for name in defaults if defaults[name]})
            for vals in vals_list:
                self._check_system_fields(vals)
        return super().create(vals_list)

    def write(self, vals):
        if not self.env.su:
            self._check_system_fields(vals)
        return super().write(vals)

    def _check_system_fields(self, names):
        """Refuse to set what only the system sets.

        :param names: names of the fields that are to be set
        :raise AccessError: one of them is the system's
        """
        kept = self._get_system_fields() & set(names)
        if kept:
            raise AccessError(
                self.env._(
                    "%(fields)s: nobody sets this by hand, it follows from the rest.",
                    fields=", ".join(
                        self._fields[name]._description_string(self.env)
                        for name in sorted(kept)
                    ),
                )
            )
