from odoo.tools import SQL


def uninstall_hook(env):
    """Leave contracts as if no visit had ever been planned; what was used stays used.

    Rights that planned visits reserved are free again, the ledger tells in words which
    visit used a right, and the calendar entries of visits go.
    """
    visits = env["service.visit"].with_context(active_test=False)
    visits.search([("calendar_event_id", "!=", False)]).calendar_event_id.unlink()
    env.flush_all()
    env.cr.execute(
        SQL(
            """
            UPDATE service_contract_usage AS usage
               SET origin = NULL,
                   note = concat_ws(' ', usage.note, visit.name)
              FROM service_visit AS visit
             WHERE usage.origin = 'service.visit,' || visit.id
            """
        )
    )
    env.cr.execute(
        SQL(
            """
            UPDATE service_contract_line
               SET quantity_reserved = 0,
                   quantity_available = CASE WHEN is_unlimited THEN 0
                                             ELSE quantity_remaining END
             WHERE quantity_reserved != 0
            """
        )
    )
    env.invalidate_all(flush=False)
