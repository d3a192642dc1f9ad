from odoo.tools import SQL

ACTIVITIES = (
    "mail_activity_type_bill",
    "mail_activity_type_money",
    "mail_activity_type_follow_up",
    "mail_activity_type_call",
    "mail_activity_type_question",
    "mail_activity_type_post",
)


def post_init_hook(env):
    """Freeze the base of contracts that run already: what their items amount to."""
    env.flush_all()
    env.cr.execute(
        SQL(
            """
            UPDATE service_contract
               SET renewal_base_amount = amount_after_discount
             WHERE state != 'draft' AND COALESCE(renewal_base_amount, 0) = 0
            """
        )
    )
    env.invalidate_all(flush=False)


def uninstall_hook(env):
    """Leave contracts and invoices as ordinary ones; tasks about renewals go.

    Days of grace end, as nothing would end them later.
    """
    types = [
        kind.id
        for name in ACTIVITIES
        if (kind := env.ref(f"service_contract_renewal.{name}", False))
    ]
    env["mail.activity"].with_context(active_test=False).search(
        [("activity_type_id", "in", types)]
    ).unlink()
    product = env.ref("service_contract_renewal.product_fee", False)
    if product and env["account.move.line"].search_count(
        [("product_id", "=", product.id)], limit=1
    ):
        # it stands on invoices: it stays, as a product like any other
        env["ir.model.data"].search(
            [
                ("module", "=", "service_contract_renewal"),
                ("name", "=like", "product_fee%"),
            ]
        ).unlink()
    env.flush_all()
    # the mails go before the stages that send them
    env.cr.execute(SQL("UPDATE service_renewal_stage SET mail_template_id = NULL"))
    env.cr.execute(
        SQL(
            """
            UPDATE service_contract
               SET service_end_at = period_end_at
             WHERE service_end_at IS DISTINCT FROM period_end_at
            """
        )
    )
    env.invalidate_all(flush=False)
