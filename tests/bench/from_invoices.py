"""Contracts from 1,000 invoices at once, and by themselves on posting."""

from _rows import QUIET, Dealer

CONTRACT = (
    *("company_id", "currency_id", "partner_id", "partner_service_id", "user_id"),
    *("partner_invoice_id", "template_id", "source_move_ids", "date_start", "level_id"),
    *("term_count", "term_unit", "renewable", "note"),
)
ITEM = (
    *("product_id", "name", "quantity", "counts_in_base", "source_move_line_id"),
    *("serial", "amount_before_discount", "amount_after_discount", "sequence"),
)
LINE = ("date_start", "date_end")


def run(bench):
    count = bench.size(1000, least=20)
    env = bench.env
    dealer = Dealer(env)
    ground = env(context=QUIET)["account.move"]
    moves = ground.create([dealer.invoice_values() for _n in range(count)])
    moves.action_post()
    drafts = ground.create([dealer.invoice_values() for _n in range(count // 5)])
    bench.commit()

    def create(env, _rows=None):
        return moves.with_env(env)._create_service_contracts()

    def insert(env, rows):
        """Make the same rows on the same models with the same values."""
        contracts, items, lines = rows
        quiet = env(context=QUIET)
        made = quiet["service.contract"].create([dict(values) for values in contracts])
        quiet["service.contract.item"].create(
            [dict(values, contract_id=made[n].id) for n, values in items]
        )
        quiet["service.contract.line"].create(
            [dict(values, contract_id=made[n].id) for n, values in lines]
        )

    rows = _values_made(bench, create)
    ours, floor = bench.compare(create, insert, prepare=lambda env: rows)
    bench.row(
        f"contracts from {count:,} invoices", ours, floor, per=count, ratio=2, sql=0.5
    )
    fifth = moves[: count // 5]
    few = bench.measure(
        lambda env: fifth.with_env(env)._create_service_contracts(), repeat=1
    )
    more = (ours.queries - few.queries) / (count - len(fifth))
    bench.check("SQL for one invoice more", more <= 0.2, f"{more:.3f} (≤ 0.2)")

    def post(env, _given=None):
        drafts.with_env(env).action_post()

    def post_and_create(env, _given=None):
        """Post, then make the same contracts by hand: what has to be done anyway."""
        post(env)
        drafts.with_env(env(context=QUIET))._create_service_contracts()

    def setting(kind):
        return lambda env: dealer.template.with_env(env).write({"autocreate": kind})

    plain = bench.measure(post, prepare=setting("none"))
    bench.row(f"post {len(drafts)} invoices, no contract", plain, per=len(drafts))
    for kind in ("draft", "active"):
        ours, floor = bench.compare(
            post,
            post_and_create,
            prepare=setting(kind),
            prepare_floor=setting("none"),
        )
        title = f"post {len(drafts)}, each makes a contract ({kind})"
        bench.row(
            f"{title} (floor: post, then create)",
            ours,
            floor,
            per=len(drafts),
            ratio=1.25,
        )
        each = (ours.queries - plain.queries) / len(drafts)
        bench.check(f"SQL added to posting ({kind})", each <= 1, f"{each:.3f} (≤ 1)")


def _values_made(bench, create):
    """Return the values of what ``create`` makes, to make it in another way."""
    found = []

    def remember(env):
        contracts = create(env)
        place = {contract: n for n, contract in enumerate(contracts)}
        names = (*contracts.line_ids._get_entitlement_fields(), *LINE)
        found.append([_values(contract, CONTRACT) for contract in contracts])
        for parts, chosen in ((contracts.item_ids, ITEM), (contracts.line_ids, names)):
            found.append(
                [(place[part.contract_id], _values(part, chosen)) for part in parts]
            )

    bench.measure(remember, repeat=1)
    return found


def _values(record, names):
    return {
        name: record._fields[name].convert_to_write(record[name], record)
        for name in names
    }
